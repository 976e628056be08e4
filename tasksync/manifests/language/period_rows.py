"""Ranges of periods as rows: `forEach: {month: 2026-01..2026-12}`; the period is the key."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from datetime import date, timedelta
from typing import Final, NamedTuple

from tasksync.core.task import Place, Problem
from tasksync.manifests.datetimes import within_reach
from tasksync.manifests.hints import did_you_mean, listed, shown
from tasksync.manifests.language import grammar
from tasksync.manifests.language.data_rows import MOST_ROWS, Row, Wants, given_twice
from tasksync.manifests.language.given_values import period_kind, period_named
from tasksync.manifests.language.parameters import DATED_KINDS, Kind
from tasksync.manifests.node import Node
from tasksync.manifests.unplaced import BadValue

_HOW = (
    "write it like 2026-01..2026-12, 2026-W01..2026-W10, 2026-Q1..2026-Q4, 2026..2028 "
    "or 2026-01-01..2026-01-31"
)


class _Counted(NamedTuple):
    """How periods of a kind are numbered one by one, and how such a number is written."""

    number: Callable[[date], int]
    text: Callable[[int], str]


def of_range(file: str, node: Node, wants: Wants, problems: list[Problem]) -> Iterator[Row]:
    """Yield a row for each period of a range; `node` is a mapping of one parameter."""
    if any(part.broken for part in node.parts.values()):
        return  # what the parser refused was told
    try:
        name, position, texts = _range(node, wants)
    except BadValue as bad:
        part = node.at(bad.path) or node
        problems.append(Problem(Place(file, *part.position), bad.what, bad.mend))
        return
    place = Place(file, *position)
    for text in texts:
        yield Row(text, {name: text}, place)


def _range(node: Node, wants: Wants) -> tuple[str, tuple[int, int], Iterator[str]]:
    if len(node.parts) != 1 or not isinstance(node.value, dict):
        what = "a range of periods is one parameter"
        raise BadValue(what, "write forEach: {month: 2026-01..2026-12}")
    [(name, written)] = node.value.items()
    parameter = wants.parameters.get(name)
    if parameter is None:
        near = did_you_mean(name, wants.parameters)
        what = f"there is no parameter {shown(name)}"
        known = listed(wants.parameters) if wants.parameters else "none"
        raise BadValue(what, near or f"parameters are {known}")
    if name in wants.given:
        raise BadValue(*given_twice(name), (name,))
    kind = parameter.kind
    if kind not in DATED_KINDS:
        what = f"{name} is of type {kind}, and a range gives {listed(sorted(DATED_KINDS))}"
        raise BadValue(what, "name another parameter, or write rows", (name,))
    try:
        return name, node.parts[name].position, periods(kind, written)
    except BadValue as bad:
        raise BadValue(bad.what, bad.mend, (name,)) from None


def periods(kind: Kind, written: object) -> Iterator[str]:
    """Return the texts of all periods of `FIRST..LAST`, both of this kind; raises BadValue.

    Days are of the kind date.
    """
    first, dots, last = (written if isinstance(written, str) else "").partition("..")
    if not dots:
        raise BadValue(f"{shown(written)} is no range of periods", _HOW)
    first, last = first.strip(), last.strip()
    of_first, of_last = _kind(first), _kind(last)
    if of_first is not of_last:
        what = f"the range goes from a {_called(of_first)} to a {_called(of_last)}"
        raise BadValue(what, "let both be of one kind")
    if of_first is not kind:
        what = f"a range of type {kind} is expected, and {first} is a {_called(of_first)}"
        raise BadValue(what, f"write it like {_LIKE[kind]}")
    count = _COUNTED[kind]
    begin, end = (count.number(_first_day(kind, text)) for text in (first, last))
    if end < begin:
        raise BadValue(f"the range goes backwards: {last} is before {first}", "swap them")
    if end - begin >= MOST_ROWS:
        what = f"the range has {end - begin + 1} periods, and {MOST_ROWS} may be"
        raise BadValue(what, "make it shorter")
    for text in (first, last):
        within_reach(text, _first_day(kind, text))
    return map(count.text, range(begin, end + 1))


def _kind(text: str) -> Kind:
    if grammar.day_of(text) is not None:
        return Kind.DATE
    kind = period_kind(text) if grammar.period_of(text) is not None else None
    if kind is None:
        raise BadValue(f"{shown(text)} is no period", _HOW)
    return kind


def _first_day(kind: Kind, text: str) -> date:
    if kind is Kind.DATE:
        return grammar.day_of(text) or date.min
    return period_named(kind, text).first


def _called(kind: Kind) -> str:
    return "day" if kind is Kind.DATE else kind.value


def _week(number: int) -> str:
    year, week, _day = (_MONDAY + timedelta(weeks=number)).isocalendar()
    return f"{year:04}-W{week:02}"


_MONDAY: Final = date(1, 1, 1)
_LIKE: Final[Mapping[Kind, str]] = {
    Kind.DATE: "2026-01-01..2026-01-31",
    Kind.WEEK: "2026-W01..2026-W10",
    Kind.MONTH: "2026-01..2026-12",
    Kind.QUARTER: "2026-Q1..2026-Q4",
    Kind.YEAR: "2026..2028",
}
_COUNTED: Final[Mapping[Kind, _Counted]] = {
    Kind.DATE: _Counted(date.toordinal, lambda number: date.fromordinal(number).isoformat()),
    Kind.WEEK: _Counted(lambda day: (day - _MONDAY).days // 7, _week),
    Kind.MONTH: _Counted(
        lambda day: day.year * 12 + day.month - 1,
        lambda number: f"{number // 12:04}-{number % 12 + 1:02}",
    ),
    Kind.QUARTER: _Counted(
        lambda day: day.year * 4 + (day.month - 1) // 3,
        lambda number: f"{number // 4:04}-Q{number % 4 + 1}",
    ),
    Kind.YEAR: _Counted(lambda day: day.year, lambda number: f"{number:04}"),
}
