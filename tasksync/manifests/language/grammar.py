"""The grammar of dates: a text becomes an Expression, which nothing is worked out of yet.

    EXPRESSION  ANCHOR [(+|-) N UNIT]... [at HH:MM]
    ANCHOR      2026-05-19 | 2026-05-19T18:00 | 2026-05-19 18:00 | NAME | (start|end) of PERIOD
    PERIOD      2026 | 2026-Q1 | 2026-01 | 2026-W05 | NAME
    UNIT        min h d w mo y wd

Words stand between blanks. What is no expression raises BadValue, which says how it is written.
"""

from __future__ import annotations

import re
from calendar import monthrange
from collections.abc import Mapping
from datetime import date, time
from enum import StrEnum
from typing import Final, NamedTuple, TypeAlias

from tasksync.core.normal_forms import composed
from tasksync.late_patterns import pattern_of
from tasksync.manifests.hints import did_you_mean, listed, shown
from tasksync.manifests.unplaced import BadValue


class Unit(StrEnum):
    """What a date is moved by; WORKED are working days."""

    MINUTE = "min"
    HOUR = "h"
    DAY = "d"
    WEEK = "w"
    MONTH = "mo"
    YEAR = "y"
    WORKED = "wd"


class Edge(StrEnum):
    """Which day of a period."""

    START = "start"
    END = "end"


class Name(NamedTuple):
    """A name of `dates`."""

    name: str


class Instant(NamedTuple):
    """A date and time as it is written, with `T` between."""

    text: str


class PeriodEdge(NamedTuple):
    """The first or the last day of a period; a name stands for one that is known later."""

    edge: Edge
    period: Period | Name


class Period(NamedTuple):
    """Days that belong together; both ends are in it."""

    first: date
    last: date


class Step(NamedTuple):
    """One move; `sign` is 1 or -1, and tells `+ 0wd` from `- 0wd`."""

    sign: int
    number: int
    unit: Unit


Anchor: TypeAlias = date | Instant | Name | PeriodEdge


class Expression(NamedTuple):
    """A date as it is written, read from left to right."""

    anchor: Anchor
    steps: tuple[Step, ...] = ()
    at: time | None = None

    @property
    def stands_for_itself(self) -> bool:
        """Whether it is a date and time, and nothing has to be worked out."""
        return self.anchor.__class__ is Instant and not self.steps and self.at is None


_UNITS: Final[Mapping[str, Unit]] = {unit.value: unit for unit in Unit}
_EDGES: Final[Mapping[str, Edge]] = {edge.value: edge for edge in Edge}
#: words of the grammar, which no date can be named after
RESERVED: Final = frozenset({*Unit, *Edge, "at", "of"})
#: more than this moves beyond every year that can be named, or takes long to count
MOST = 999_999
MOST_WORKED = 9_999
_LONGEST = 500

_DAY = pattern_of(r"(\d{4})-(\d{2})-(\d{2})\Z", re.ASCII)
_INSTANT = pattern_of(r"\d{4}-\d{2}-\d{2}T\d{2}:\d{2}(:\d{2})?(Z|[+-]\d{2}(:?\d{2})?)?\Z", re.ASCII)
_CLOCK = pattern_of(r"\d{2}:\d{2}(:\d{2})?(Z|[+-]\d{2}(:?\d{2})?)?\Z", re.ASCII)
_TIME = pattern_of(r"([01]\d|2[0-3]):([0-5]\d)\Z", re.ASCII)
_NAME = pattern_of(r"[^\W\d_][\w-]*\Z")
_AMOUNT = pattern_of(r"(\d+)([^\W\d_]*)\Z", re.ASCII)
_PERIOD = pattern_of(r"(\d{4})(?:-(?:Q([1-4])|W(\d{2})|(\d{2})))?\Z", re.ASCII)
_GLUED = pattern_of(r"(.+?)([+-]\d+(?:min|h|d|wd|w|mo|y))\Z", re.ASCII)
_FRACTION = pattern_of(r"\d{4}-\d{2}-\d{2}T\d{2}:\d{2}:\d{2}\.\d", re.ASCII)
_DOTTED = pattern_of(r"(\d{1,2})\.(\d{1,2})\.(\d{4})\Z", re.ASCII)
_SHORT = pattern_of(r"\d{4}-\d{1,2}-\d{1,2}\Z", re.ASCII)
_SLASHED = pattern_of(r"\d{1,4}/\d{1,2}/\d{1,4}\Z", re.ASCII)
_HOW = "write it like 2026-05-19T18:00, or like release - 10wd at 09:00"


def parsed(text: str) -> Expression:
    """Return the expression of a text; raises BadValue."""
    words = composed(text[: _LONGEST + 1]).split()
    if not words or len(text) > _LONGEST:
        raise BadValue(f"{shown(text)} is no date", _HOW)
    anchor, rest = _anchor(text, words)
    at: time | None = None
    if "at" in rest:
        place = rest.index("at")
        at = _time(text, rest[place + 1 :])
        rest = rest[:place]
    return Expression(anchor, _steps(text, rest), at)


def is_name(word: str) -> bool:
    """Tell whether a date can be called so: it reads as no other word of the grammar."""
    return bool(_NAME.match(word)) and word not in RESERVED


def day_of(word: str) -> date | None:
    """Return the day of `2026-05-19`; None for what looks otherwise, BadValue for no real day."""
    found = _DAY.match(word)
    if found is None:
        return None
    try:
        return date(*map(int, found.groups()))
    except ValueError:
        raise BadValue(f"there is no day {word}", "look at the calendar") from None


def clock_of(word: str) -> time | None:
    """Return the time of day of `09:00`, or None."""
    found = _TIME.match(word)
    return None if found is None else time(int(found[1]), int(found[2]))


def period_of(word: str) -> Period | None:
    """Return the days of `2026`, `2026-Q1`, `2026-01` or `2026-W05`; None for other words."""
    found = _PERIOD.match(word)
    if found is None:
        return None
    year, quarter, week, month = (int(part or 0) for part in found.groups())
    try:
        if found[3]:
            days = (date.fromisocalendar(year, week, day) for day in (1, 7))
            return Period(*days)
        first, last = (3 * quarter - 2, 3 * quarter) if quarter else (month, month)
        if not (found[2] or found[4]):
            first, last = 1, 12
        return Period(date(year, first, 1), date(year, last, monthrange(year, last)[1]))
    except ValueError:
        raise BadValue(f"there is no period {word}", PERIODS) from None


#: how a period is written
PERIODS = "a period is written 2026, 2026-Q1, 2026-01 or 2026-W05"


def _anchor(text: str, words: list[str]) -> tuple[Anchor, list[str]]:
    first, *rest = words
    if first in _EDGES:
        return _edge(text, _EDGES[first], rest)
    if not first[0].isdigit() and is_name(first):
        return Name(first), rest
    if rest and _CLOCK.match(rest[0]) and _DAY.match(first):
        return Instant(f"{first}T{rest[0]}"), rest[1:]
    if (day := day_of(first)) is not None:
        return day, rest
    if _INSTANT.match(first):
        return Instant(first), rest
    raise _no_anchor(text, first)


def _no_anchor(text: str, first: str) -> BadValue:
    what = f"{shown(text)} is no date"
    if _PERIOD.match(first):
        return BadValue(f"{what}: {first} is a period", f"write start of {first} or end of {first}")
    if apart := glued(first):
        return BadValue(what, f"write blanks around the sign: {apart}")
    if first in RESERVED:
        return BadValue(f"{what}: {first} is a word of the grammar", _HOW)
    return BadValue(what, _how_else(first))


def _how_else(word: str) -> str:
    """Return how to write a day that is written as elsewhere: 19.05.2026, 2026-5-19, 5/19/2026."""
    if _FRACTION.match(word):
        return "leave fractions of a second off"
    if _SLASHED.match(word):
        return "write the year, the month and the day, like 2026-05-19"
    found = _DOTTED.match(word)
    parts = found.groups()[::-1] if found else _SHORT.match(word) and word.split("-")
    if not parts:
        return _HOW
    year, month, day = map(int, parts)
    try:
        return f"write the day as {date(year, month, day).isoformat()}"
    except ValueError:
        return _HOW


def _edge(text: str, edge: Edge, rest: list[str]) -> tuple[PeriodEdge, list[str]]:
    how = f"write {edge} of 2026-Q1"
    if len(rest) < 2 or rest[0] != "of":  # noqa: PLR2004 - `of` and a period
        raise BadValue(f"{shown(text)} is no date: {edge} is not followed by a period", how)
    period = period_of(rest[1])
    if period is not None:
        return PeriodEdge(edge, period), rest[2:]
    if is_name(rest[1]):
        return PeriodEdge(edge, Name(rest[1])), rest[2:]
    raise BadValue(f"{shown(text)} is no date: {rest[1]} is no period", PERIODS)


def _steps(text: str, words: list[str]) -> tuple[Step, ...]:
    steps: list[Step] = []
    rest = iter(words)
    for sign in rest:
        if sign not in {"+", "-"}:
            raise _no_sign(text, sign)
        word = next(rest, "")
        if word.isdecimal() and word.isascii():
            word += next(rest, "")  # `10 wd` for `10wd`
        steps.append(_step(text, sign, word))
    return tuple(steps)


def _no_sign(text: str, word: str) -> BadValue:
    what = f"{shown(text)} is no date: {word} is not expected there"
    if word[:1] in {"+", "-"}:
        return BadValue(what, f"write blanks around the sign: {word[0]} {word[1:]}")
    return BadValue(what, "after the first date only + or - and a number with a unit, and at HH:MM")


def _step(text: str, sign: str, word: str) -> Step:
    found = _AMOUNT.match(word)
    if found is None:
        what = f"{shown(text)} is no date: no number with a unit follows the {sign}"
        raise BadValue(what, f"write {sign} 10wd; units are {listed(Unit)}")
    number, unit = found.groups()
    if unit not in _UNITS:
        told = f"{unit} is no unit" if unit else f"{number} has no unit"
        near = f"did you mean {_LONG[unit]}?" if unit in _LONG else did_you_mean(unit, Unit)
        mend = f"{near} " if near else ""
        raise BadValue(f"{shown(text)} is no date: {told}", f"{mend}units are {listed(Unit)}")
    most = MOST_WORKED if unit == Unit.WORKED else MOST
    if len(number) > len(str(most)):
        raise BadValue(f"{shown(text)} is no date: {word} is too much", f"at most {most}{unit}")
    return Step(-1 if sign == "-" else 1, int(number), _UNITS[unit])


#: what people write for units
_LONG = {
    **dict.fromkeys(("m",), "min or mo"),
    **dict.fromkeys(("minute", "minutes", "mins"), "min"),
    **dict.fromkeys(("hour", "hours", "hr", "hrs"), "h"),
    **dict.fromkeys(("day", "days", "D"), "d"),
    **dict.fromkeys(("week", "weeks", "W"), "w"),
    **dict.fromkeys(("month", "months", "M"), "mo"),
    **dict.fromkeys(("year", "years", "Y"), "y"),
    **dict.fromkeys(("bd", "bday", "bdays", "workday", "workdays", "WD"), "wd"),
}


def _time(text: str, words: list[str]) -> time:
    at = clock_of(words[0]) if len(words) == 1 else None
    if at is None:
        what = f"{shown(text)} is no date: no time of day ends it after at"
        raise BadValue(what, "write at 09:00, as the last words")
    return at


def glued(word: str) -> str:
    """Return how a word with an operator in it is written, or ""; names hold `-` themselves."""
    found = _GLUED.match(word)
    return "" if found is None else f"{found[1]} {found[2][0]} {found[2][1:]}"
