"""Dates in texts: `${start:d MMMM y}`, a date pattern of CLDR in the project's `locale`."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date

from tasksync.manifests.language.parameters import NamedPeriod


@dataclass(frozen=True, slots=True)
class DatePattern:
    """A pattern that was checked; `timed` where it shows a time of day."""

    text: str
    locale: str
    timed: bool

    def words(self, value: date | NamedPeriod) -> str:
        """Return the words of a date, or of the first day of a period.

        Raises BadValue where the pattern shows a time and the date has none.
        """
        raise NotImplementedError


def compiled(pattern: str, locale: str = "en") -> DatePattern:
    """Return a pattern; raises BadValue for unknown letters, and without Babel for other locales.

    English is built in; other locales are read by Babel (extra `calendar`).
    """
    raise NotImplementedError


def check_locale(locale: str) -> None:
    """Raise BadValue where Babel is installed and knows no such locale."""
    raise NotImplementedError


def locale_version(locale: str) -> str:
    """Return which release words a locale, "" for English: part of what a text depends on."""
    raise NotImplementedError
