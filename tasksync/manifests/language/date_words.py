"""The words of dates in a locale: English here, all others from Babel (extra `calendar`).

The only file that knows Babel; it is imported for the first word of another locale.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from functools import cache
from typing import Any, NamedTuple

from tasksync.manifests.hints import did_you_mean, shown
from tasksync.manifests.language.installed import version_of
from tasksync.manifests.unplaced import BadValue

ENGLISH = "en"
_CONTEXTS = ("format", "stand-alone")
#: how long the words are, by the number of letters in a pattern
WIDTHS: Mapping[int, str] = {3: "abbreviated", 4: "wide", 5: "narrow", 6: "short"}


class DateWords(NamedTuple):
    """Words by `context width`, as in `format wide`; from January, Monday, the first quarter, am.

    `format` is what stands in a date (`1. ledna`), `stand-alone` what stands by itself (`leden`).
    """

    months: Mapping[str, Sequence[str]]
    days: Mapping[str, Sequence[str]]
    quarters: Mapping[str, Sequence[str]]
    halves: Mapping[str, Sequence[str]]


@cache
def words_in(locale: str) -> DateWords:
    """Return the words of a locale; raises BadValue where nobody knows them."""
    if locale == ENGLISH:
        return _ENGLISH
    found = _locale(locale)
    return DateWords(
        _table(found.months, range(1, 13)),
        _table(found.days, range(7)),
        _table(found.quarters, range(1, 5)),
        {"format abbreviated": _halves(found)},
    )


def check_locale(locale: str) -> None:
    """Raise BadValue where there is no such locale; nothing where nobody can tell."""
    if locale != ENGLISH and _babel() is not None:
        _locale(locale)


def locale_version(locale: str) -> str:
    """Return which release words a locale, "" for English: another one may use other words."""
    return "" if locale == ENGLISH else version_of("babel")


@cache
def _babel() -> Any:
    try:
        import babel
    except ImportError:
        return None
    return babel


def _locale(name: str) -> Any:
    babel = _babel()
    if babel is None:
        what = f"words of dates in the locale {name} need the library Babel, which is not installed"
        raise BadValue(what, "pip install 'tasksync[calendar]', or use numbers as in dd.MM.yyyy")
    try:
        return babel.Locale.parse(name.replace("-", "_"))
    except (ValueError, babel.UnknownLocaleError, TypeError):
        near = did_you_mean(name, babel.localedata.locale_identifiers())
        what = f"there is no locale {shown(name)}"
        raise BadValue(what, near or "use a name like de or pt_BR") from None


def _table(words: Any, numbers: Sequence[int]) -> Mapping[str, Sequence[str]]:
    """Return all words of a kind; where a locale lacks a width, Babel gives another one."""
    return {
        f"{context} {width}": tuple(_words(words, context, width, numbers))
        for context in _CONTEXTS
        for width in WIDTHS.values()
    }


def _words(words: Any, context: str, width: str, numbers: Sequence[int]) -> Sequence[str]:
    found = words[context]
    taken = found[width] if width in found else found["abbreviated"]
    return [taken[number] for number in numbers]


def _halves(found: Any) -> Sequence[str]:
    words = found.day_periods["format"]
    for width in ("abbreviated", "wide", "narrow"):
        if width in words and "am" in words[width]:
            return words[width]["am"], words[width]["pm"]
    return _ENGLISH.halves["format abbreviated"]


def _cut(words: Sequence[str], to: Callable[[str], str]) -> Sequence[str]:
    return tuple(map(to, words))


def _contexts(**widths: Sequence[str]) -> Mapping[str, Sequence[str]]:
    """Return English words, which are the same in both contexts."""
    return {
        f"{one} {width}": widths[width] for one in ("format", "stand-alone") for width in widths
    }


_MONTHS = (
    *("January", "February", "March", "April", "May", "June"),
    *("July", "August", "September", "October", "November", "December"),
)
_DAYS = ("Monday", "Tuesday", "Wednesday", "Thursday", "Friday", "Saturday", "Sunday")
_ENGLISH = DateWords(
    _contexts(
        wide=_MONTHS,
        abbreviated=_cut(_MONTHS, lambda word: word[:3]),
        narrow=_cut(_MONTHS, lambda word: word[:1]),
    ),
    _contexts(
        wide=_DAYS,
        abbreviated=_cut(_DAYS, lambda word: word[:3]),
        narrow=_cut(_DAYS, lambda word: word[:1]),
        short=_cut(_DAYS, lambda word: word[:2]),
    ),
    _contexts(
        wide=("1st quarter", "2nd quarter", "3rd quarter", "4th quarter"),
        abbreviated=("Q1", "Q2", "Q3", "Q4"),
    ),
    {"format abbreviated": ("AM", "PM")},
)
