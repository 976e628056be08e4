"""What dates come to: expressions are worked out with `dates`, `calendar`, `hours` and the zone.

A value is a date, or a datetime: without a zone it is the wall clock of the project, with one it
was written with an offset. It moves by the wall clock for d, w, wd, mo and y, and absolutely for
min and h. There is no today: nothing here asks a clock.
"""

from __future__ import annotations

from calendar import monthrange
from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from contextlib import suppress
from datetime import UTC, date, datetime, time, timedelta
from typing import TypeAlias, TypeVar
from zoneinfo import ZoneInfo

from tasksync.manifests.datetimes import Moment, instant_of, moment_of, placed, within_reach
from tasksync.manifests.hints import did_you_mean, listed, shown
from tasksync.manifests.language import grammar
from tasksync.manifests.language.calendar import BadCalendar, Calendar, WorkingDays
from tasksync.manifests.language.grammar import Expression, Name, PeriodEdge, Step, Unit
from tasksync.manifests.resolved import Resolved
from tasksync.manifests.unplaced import AlreadyTold, BadValue
from tasksync.value_classes import dataclass, field

_T = TypeVar("_T")
#: parameters of a template, which expressions name
Names: TypeAlias = Mapping[str, date | grammar.Period]
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
    whole: bool = True  # False: `dates` could not be read, and any name may have stood there
    _days: WorkingDays = field(init=False)
    _values: dict[str, date] = field(init=False, default_factory=dict)
    _bad: set[str] = field(init=False)
    _faults: dict[str, BadValue] = field(init=False, default_factory=dict)
    _bad_calendar: BadValue | None = field(init=False, default=None)

    def __post_init__(self) -> None:
        self._days = WorkingDays(self.calendar)
        self._bad = set(self.broken)

    def worked_out(self, text: str, names: Names | None = None) -> date:
        """Return the value of an expression; `names` stand before those of `dates`.

        A name of a period stands after `start of` or `end of`.
        """
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

    def _value(self, text: str, expression: Expression, names: Names) -> date:
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

    def _anchor(self, text: str, expression: Expression, names: Names) -> date:
        match expression.anchor:
            case Name(name):
                return _day_of(text, name, names) if name in names else self._named(name)
            case PeriodEdge(edge, grammar.Period(first, last)):
                return first if edge is grammar.Edge.START else last
            case PeriodEdge(edge, Name(name)):
                first, last = _period_of(text, name, names)
                return first if edge is grammar.Edge.START else last
            case grammar.Instant(written):
                return instant_of(text, written, self.zone)
            case date() as day:
                return day
        raise AssertionError(expression)

    def _named(self, name: str) -> date:
        if name in self._values:
            return self._values[name]
        chain = self._chain(name)
        for one in reversed(chain):
            self._work_out(one, chain)
        if name in self._values:
            return self._values[name]
        if name in self._bad or not self.whole:
            raise AlreadyTold
        raise _unknown(name, list(self.named))

    def _chain(self, name: str) -> list[str]:
        """Return the names that have to be worked out for one, each before what it hangs on.

        A date hangs on one other at most, so that this is a list however long, or a circle.
        """
        chain: dict[str, None] = {}
        while name in self.named and name not in self._values and name not in self._bad:
            if name in chain:
                self._circle(list(chain), name)
                break
            chain[name] = None
            name = _hangs_on(self.named[name])
        return list(chain)

    def _work_out(self, name: str, chain: list[str]) -> None:
        if name in self._bad:
            return
        text = " ".join(self.named[name].split())
        try:
            anchor = _hangs_on(text)
            if anchor and self.whole and anchor not in self.named and anchor not in self._bad:
                raise _unknown(anchor, [one for one in self.named if one not in chain])
            value = self.worked_out(text)
            # it has to be there, even if no field names it
            within_reach(text, value)
            if isinstance(value, datetime):
                moment_of(text, value, self.zone)
        except BadValue as bad:
            self._bad.add(name)
            if not isinstance(bad, AlreadyTold):
                self._faults[name] = bad
        else:
            self._values[name] = value

    def _circle(self, chain: list[str], name: str) -> None:
        circle = chain[chain.index(name) :]
        self._bad.update(circle)
        # told from the one that is written first, whoever asked
        first = next(one for one in self.named if one in circle)
        start = circle.index(first)
        told = " -> ".join([*circle[start:], *circle[:start], first])
        what = f"dates hang on each other in a circle: {told}"
        self._faults[first] = BadValue(what, "let one of them name a day")

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


def _day_of(text: str, name: str, names: Names) -> date:
    value = names[name]
    if isinstance(value, grammar.Period):
        what = f"{shown(text)} is no date: {name} is a period"
        raise BadValue(what, f"write start of {name} or end of {name}")
    return value


def _period_of(text: str, name: str, names: Names) -> grammar.Period:
    value = names.get(name)
    if not isinstance(value, grammar.Period):
        raise BadValue(f"{shown(text)} is no date: {name} is no period", grammar.PERIODS)
    return value


def _months(day: date, number: int) -> date:
    """Return the day so many months away; a month that is too short gives its last day."""
    years, month = divmod(day.month - 1 + number, 12)
    year = day.year + years
    if not date.min.year <= year <= date.max.year:
        raise OverflowError(year)
    return day.replace(year=year, month=month + 1, day=min(day.day, monthrange(year, month + 1)[1]))


_OF_THE_CLOCK = frozenset({"today", "now", "tomorrow", "yesterday", "next", "last"})
_NO_CLOCK = "nothing hangs on the clock: write a day, like 2026-05-19"


def _hangs_on(text: str) -> str:
    """Return the name that an expression begins with; "" for none, or where it is no expression."""
    try:
        anchor = grammar.parsed(text).anchor
    except BadValue:
        return ""
    return anchor.name if isinstance(anchor, Name) else ""


def _no_time(text: str) -> BadValue:
    how = "T18:00" if text[:4].isdecimal() and len(text) == len("2026-05-19") else " at 18:00"
    mend = f'write {text}{how}, or hours: {{start: "09:00", end: "18:00"}} beside project'
    return BadValue(f"{text} has no time of day", mend)


def _unknown(name: str, known: Sequence[str]) -> BadValue:
    what = f"there is no date {name} in dates"
    apart = grammar.glued(name)
    if apart:
        return BadValue(what, f"write blanks around the sign: {apart}")
    mend = _NO_CLOCK if name in _OF_THE_CLOCK else did_you_mean(name, known)
    how = f"write {name}: under dates, or a date like 2026-05-19T18:00"
    return BadValue(what, mend or how)
