"""Dates in texts: `${start:d MMMM y}`, a date pattern of CLDR in the project's `locale`.

Numbers are written by us in every locale, with digits 0 to 9; words come from date_words. Weeks
are those of the language (2026-W05): ISO's, from Monday, in every locale.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from datetime import date, datetime, time
from typing import NamedTuple, TypeAlias

from tasksync.late_patterns import pattern_of
from tasksync.manifests.hints import shown
from tasksync.manifests.language import date_words
from tasksync.manifests.language.date_words import (
    ENGLISH,
    WIDTHS,
    DateWords,
    check_locale,
    locale_version,
)
from tasksync.manifests.language.parameters import NamedPeriod
from tasksync.manifests.unplaced import BadValue
from tasksync.value_classes import dataclass

__all__ = ["LETTERS", "DatePattern", "check_locale", "compiled", "locale_version"]

#: what may be used, for people
LETTERS = "y yy yyyy, M MM MMM MMMM, LLLL, d dd, E EEEE, Q QQQ, w ww, D, H HH h hh, m mm, s ss, a"
_LONGEST = 200


@dataclass(frozen=True, slots=True)
class DatePattern:
    """A pattern that was checked; `timed` where it shows a time of day."""

    text: str
    locale: str
    timed: bool
    _parts: tuple[str | _Letters, ...]

    def words(self, value: date | NamedPeriod) -> str:
        """Return the words of a date, or of the first day of a period.

        Raises BadValue where the pattern shows a time and the date has none.
        """
        day = value.first if isinstance(value, NamedPeriod) else value
        if self.timed and not isinstance(day, datetime):
            told = value.text if isinstance(value, NamedPeriod) else str(value)
            what = f"the pattern {self.text} shows a time of day, and {told} has none"
            raise BadValue(what, "leave H, h, m, s and a out, or give the date a time")
        known = date_words.words_in(self.locale) if self._needs_words else _NO_WORDS
        return "".join(
            part if isinstance(part, str) else part.show(day, part.number, known)
            for part in self._parts
        )

    @property
    def _needs_words(self) -> bool:
        return any(isinstance(part, _Letters) and part.words for part in self._parts)


_Show: TypeAlias = Callable[[date, int, DateWords], str]


class _Letters(NamedTuple):
    """A letter that stands so many times; `words` where it is shown by words of a locale."""

    show: _Show
    number: int
    words: bool


def compiled(pattern: str, locale: str = ENGLISH) -> DatePattern:
    """Return a pattern; raises BadValue for unknown letters, and without Babel for other locales.

    English is built in; other locales are read by Babel (extra `calendar`), where words are shown.
    """
    if not pattern.strip() or len(pattern) > _LONGEST:
        what = f"{shown(pattern)} is no pattern of a date"
        raise BadValue(what, f"write letters like d MMMM y, at most {_LONGEST}")
    parts: list[str | _Letters] = []
    timed = False
    for found in _TOKEN.finditer(pattern):
        word = found[0]
        if word == "'":
            what = f"a quote of the pattern {shown(pattern)} does not end"
            raise BadValue(what, "close it; '' is a quote itself")
        if word.startswith("'"):
            parts.append("'" if word == "''" else word[1:-1].replace("''", "'"))
        elif found[1]:
            parts.append(_letters(pattern, word))
            timed = timed or word[0] in _OF_TIME
        else:
            parts.append(word)
    result = DatePattern(pattern, locale, timed, tuple(parts))
    if any(isinstance(part, _Letters) and part.words for part in parts):
        date_words.words_in(locale)
    return result


_TOKEN = pattern_of(r"''|'(?:[^']|'')+'|([A-Za-z])\1*|[^A-Za-z']+|'")


def _letters(pattern: str, word: str) -> _Letters:
    field = _FIELDS.get(word[0])
    if field is None or len(word) not in field.numbers:
        what = f"the pattern {shown(pattern)} holds {word}, which is not known"
        raise BadValue(what, f"use {LETTERS}; text stands between quotes: 'week' w")
    return _Letters(field.show, len(word), len(word) in field.words)


class _Field(NamedTuple):
    show: _Show
    numbers: range
    words: range = range(0)


def _number(of: Callable[[date], int]) -> _Show:
    return lambda day, length, _words: f"{of(day):0{length}}"


def _year(of: Callable[[date], int]) -> _Show:
    def show(day: date, length: int, _words: DateWords) -> str:
        year = f"{of(day):0{length}}"
        return year[-2:] if length == 2 else year  # noqa: PLR2004 - yy

    return show


def _named(kind: str, context: str, of: Callable[[date], int]) -> _Show:
    def show(day: date, length: int, words: DateWords) -> str:
        if length in WIDTHS:
            table: Mapping[str, object] = getattr(words, kind)
            return table[f"{context} {WIDTHS[length]}"][of(day)]  # type: ignore[index,no-any-return]
        return f"{of(day) + 1:0{length}}"

    return show


def _weekday(context: str) -> _Show:
    named = _named("days", context, date.weekday)
    return lambda day, length, words: named(day, max(length, 3), words)


def _half(day: date, _length: int, words: DateWords) -> str:
    return words.halves["format abbreviated"][_clock(day).hour // 12]


def _clock(day: date) -> time:
    return day.time() if isinstance(day, datetime) else time()


def _month(day: date) -> int:
    return day.month - 1


def _quarter(day: date) -> int:
    return (day.month - 1) // 3


_OF_TIME = frozenset("Hhmsa")
_NO_WORDS = DateWords({}, {}, {}, {})
_FIELDS: Mapping[str, _Field] = {
    "y": _Field(_year(lambda day: day.year), range(1, 5)),
    "Y": _Field(_year(lambda day: day.isocalendar().year), range(1, 5)),
    "M": _Field(_named("months", "format", _month), range(1, 6), range(3, 6)),
    "L": _Field(_named("months", "stand-alone", _month), range(1, 6), range(3, 6)),
    "d": _Field(_number(lambda day: day.day), range(1, 3)),
    "D": _Field(_number(lambda day: day.timetuple().tm_yday), range(1, 4)),
    "E": _Field(_weekday("format"), range(1, 7), range(1, 7)),
    "c": _Field(_weekday("stand-alone"), range(3, 7), range(3, 7)),
    "Q": _Field(_named("quarters", "format", _quarter), range(1, 5), range(3, 5)),
    "q": _Field(_named("quarters", "stand-alone", _quarter), range(1, 5), range(3, 5)),
    "w": _Field(_number(lambda day: day.isocalendar().week), range(1, 3)),
    "H": _Field(_number(lambda day: _clock(day).hour), range(1, 3)),
    "h": _Field(_number(lambda day: (_clock(day).hour + 11) % 12 + 1), range(1, 3)),
    "m": _Field(_number(lambda day: _clock(day).minute), range(1, 3)),
    "s": _Field(_number(lambda day: _clock(day).second), range(1, 3)),
    "a": _Field(_half, range(1, 4), range(1, 4)),
}
