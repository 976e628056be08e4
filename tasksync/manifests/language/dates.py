"""What dates come to: expressions are worked out with `dates`, `calendar`, `hours` and the zone.

A value is a date, or a datetime: without a zone it is the wall clock of the project, with one it
was written with an offset. It moves by the wall clock for d, w, wd, mo and y, and absolutely for
min and h. There is no today: nothing here asks a clock.
"""

from __future__ import annotations

from calendar import monthrange
from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, time, timedelta
from typing import TypeVar
from zoneinfo import ZoneInfo

from tasksync.manifests.datetimes import Moment, instant_of, moment_of, placed, within_reach
from tasksync.manifests.hints import did_you_mean, listed, shown
from tasksync.manifests.language import grammar
from tasksync.manifests.language.calendar import BadCalendar, Calendar, WorkingDays
from tasksync.manifests.language.grammar import Expression, Name, PeriodEdge, Step, Unit
from tasksync.manifests.resolved import Resolved
from tasksync.manifests.unplaced import AlreadyTold, BadValue

_T = TypeVar("_T")
_MINUTES = {Unit.MINUTE: 1, Unit.HOUR: 60}
_DAYS = {Unit.DAY: 1, Unit.WEEK: 7}
_MONTHS = {Unit.MONTH: 1, Unit.YEAR: 12}


@dataclass(slots=True)
class Dates:
    """The dates of a project: `named` are the expressions of `dates`, by name.

    What hangs on a date of `dates` or a calendar that is at fault raises AlreadyTold; `faults`
    tells what is wrong there. `broken` are names of which something was said before.
    """

    zone: ZoneInfo | None = None
    named: Mapping[str, str] = field(default_factory=dict)
    calendar: Calendar = field(default_factory=Calendar)
    broken: Collection[str] = ()
    _days: WorkingDays = field(init=False)
    _values: dict[str, date] = field(init=False, default_factory=dict)
    _bad: set[str] = field(init=False)
    _faults: dict[str, BadValue] = field(init=False, default_factory=dict)
    _open: list[str] = field(init=False, default_factory=list)
    _bad_calendar: BadValue | None = field(init=False, default=None)

    def __post_init__(self) -> None:
        self._days = WorkingDays(self.calendar)
        self._bad = set(self.broken)

    def worked_out(self, text: str, names: Mapping[str, date] | None = None) -> date:
        """Return the value of an expression; `names` stand before those of `dates`."""
        return self._value(text, grammar.parsed(text), names or {})

    def moment(self, text: str, hour: time | None) -> Moment | Resolved:
        """Return the instant that a field's text names; `hour` is what a bare date means.

        Resolved where the text is no date and time itself, but stands for one.
        """
        text = " ".join(text.split())
        expression = grammar.parsed(text)
        value = self._value(text, expression, {})
        if not isinstance(value, datetime):
            if hour is None:
                raise _no_time(text)
            value = datetime.combine(value, hour)
        moment = moment_of(text, value, self.zone)
        return moment if expression.stands_for_itself else Resolved(*moment)

    def _value(self, text: str, expression: Expression, names: Mapping[str, date]) -> date:
        value = self._anchor(text, expression, names)
        try:
            for step in expression.steps:
                value = self._moved(text, value, step)
            if expression.at is not None:
                value = self._at(value, expression.at)
        except (OverflowError, ValueError) as error:
            if isinstance(error, BadValue):
                raise
            what = f"{text} leads to a year that is out of reach"
            raise BadValue(what, "use fewer") from error
        return value

    def faults(self) -> Iterator[tuple[str, BadValue]]:
        """Yield what is wrong in `dates` and `calendar`: the name, or "" for the calendar."""
        for name in self.named:
            with suppress(AlreadyTold):
                self._named(name)
        with suppress(AlreadyTold):
            self._of_calendar(self._days.check)
        yield from self._faults.items()
        if self._bad_calendar is not None:
            yield "", self._bad_calendar

    def _anchor(self, text: str, expression: Expression, names: Mapping[str, date]) -> date:
        match expression.anchor:
            case Name(name):
                return names[name] if name in names else self._named(name)
            case PeriodEdge(edge, grammar.Period(first, last)):
                return first if edge is grammar.Edge.START else last
            case PeriodEdge(_edge, Name(name)):
                what = f"{shown(text)} is no date: {name} is no period"
                raise BadValue(what, grammar.PERIODS)
            case grammar.Instant(written):
                return instant_of(text, written, self.zone)
            case date() as day:
                return day
        raise AssertionError(expression)

    def _named(self, name: str) -> date:
        if name in self._values:
            return self._values[name]
        if name in self._bad:
            raise AlreadyTold
        if name not in self.named:
            raise _unknown(name, [one for one in self.named if one not in self._open])
        if name in self._open:
            self._circle(name)
            raise AlreadyTold
        self._open.append(name)
        try:
            self._values[name] = self._checked(self.named[name])
        except BadValue as bad:
            self._bad.add(name)
            if not isinstance(bad, AlreadyTold):
                self._faults[name] = bad
            raise AlreadyTold from bad
        finally:
            self._open.pop()
        return self._values[name]

    def _checked(self, text: str) -> date:
        """Return the value of a date of `dates`, which is there even if no field names it."""
        value = self.worked_out(text)
        moment_of(text, value, self.zone) if isinstance(value, datetime) else within_reach(
            text, value
        )
        return value

    def _circle(self, name: str) -> None:
        circle = self._open[self._open.index(name) :]
        first = min(map(list(self.named).index, circle))
        start = circle.index(list(self.named)[first])
        circle = circle[start:] + circle[:start]
        told = " -> ".join([*circle, circle[0]])
        what = f"dates hang on each other in a circle: {told}"
        self._faults[circle[0]] = BadValue(what, "let one of them name a day")

    def _moved(self, text: str, value: date, step: Step) -> date:
        number = step.sign * step.number
        if step.unit in _MINUTES:
            return self._later(text, value, step, timedelta(minutes=number * _MINUTES[step.unit]))
        wall = self._wall(value)
        day = wall.date() if isinstance(wall, datetime) else wall
        if step.unit in _DAYS:
            day += timedelta(days=number * _DAYS[step.unit])
        elif step.unit in _MONTHS:
            day = _months(day, number * _MONTHS[step.unit])
        else:
            day = self._worked(day, step)
        return datetime.combine(day, wall.timetz()) if isinstance(wall, datetime) else day

    def _worked(self, day: date, step: Step) -> date:
        return self._of_calendar(lambda: self._days.moved(day, step.sign, step.number))

    def _of_calendar(self, ask: Callable[[], _T]) -> _T:
        if self._bad_calendar is not None:
            raise AlreadyTold
        try:
            return ask()
        except BadCalendar as bad:
            self._bad_calendar = bad
            raise AlreadyTold from bad

    def _later(self, text: str, value: date, step: Step, by: timedelta) -> datetime:
        if not isinstance(value, datetime):
            sign = "+" if step.sign > 0 else "-"
            what = f"{text}: {sign} {step.number}{step.unit} moves a date, which has no time"
            raise BadValue(what, f"move it by {listed(_BY_DAYS)}, or give the date a time")
        aware = placed(text, value, self.zone)
        later = aware.astimezone(UTC) + by
        return later.astimezone(self.zone or aware.tzinfo)

    def _wall(self, value: date) -> date:
        """Return a datetime as the wall clock of the project shows it, its zone left off."""
        if not isinstance(value, datetime) or value.tzinfo is None or self.zone is None:
            return value
        return value.astimezone(self.zone).replace(tzinfo=None, fold=0)

    def _at(self, value: date, at: time) -> datetime:
        wall = self._wall(value)
        zone = wall.tzinfo if isinstance(wall, datetime) else None
        return datetime.combine(wall, at, tzinfo=zone)


_BY_DAYS = (Unit.DAY, Unit.WEEK, Unit.MONTH, Unit.YEAR, Unit.WORKED)


def _months(day: date, number: int) -> date:
    """Return the day so many months away; a month that is too short gives its last day."""
    years, month = divmod(day.month - 1 + number, 12)
    year = day.year + years
    if not date.min.year <= year <= date.max.year:
        raise OverflowError(year)
    return day.replace(year=year, month=month + 1, day=min(day.day, monthrange(year, month + 1)[1]))


def _no_time(text: str) -> BadValue:
    how = "T18:00" if text[:4].isdecimal() and len(text) == len("2026-05-19") else " at 18:00"
    mend = f'write {text}{how}, or hours: {{start: "09:00", end: "18:00"}} beside project'
    return BadValue(f"{text} has no time of day", mend)


def _unknown(name: str, known: Sequence[str]) -> BadValue:
    what = f"there is no date {name} in dates"
    apart = grammar.glued(name)
    if apart:
        return BadValue(what, f"write blanks around the sign: {apart}")
    mend = did_you_mean(name, known)
    how = f"write {name}: under dates, or a date like 2026-05-19T18:00"
    return BadValue(what, mend or how)
