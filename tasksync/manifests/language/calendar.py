"""Working days: the weekend, public holidays of a country, and the project's own days.

Public holidays come from the library `holidays` (extra `calendar`), imported when the first
working day of a country is counted.
"""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass, field
from datetime import date, timedelta
from enum import StrEnum
from functools import cache
from typing import Any

from tasksync.manifests.hints import did_you_mean
from tasksync.manifests.unplaced import BadValue

#: without a working day for longer than this there is none
FURTHEST = 400
#: so many regions are listed where one is not known
LISTED = 20
_DAY = timedelta(days=1)


class Weekday(StrEnum):
    """The days of the week, from Monday, as date.weekday counts them."""

    MONDAY = "monday"
    TUESDAY = "tuesday"
    WEDNESDAY = "wednesday"
    THURSDAY = "thursday"
    FRIDAY = "friday"
    SATURDAY = "saturday"
    SUNDAY = "sunday"


_WEEKEND = frozenset({Weekday.SATURDAY, Weekday.SUNDAY})


class BadCalendar(BadValue):
    """What is wrong with `calendar` itself, wherever it showed; told once, at its place."""


@dataclass(frozen=True, slots=True)
class Calendar:
    """Which days are worked.

    `holidays` are days off beside the country's; `workdays` are worked all the same.
    """

    weekend: frozenset[Weekday] = _WEEKEND
    country: str = ""
    region: str = ""
    holidays: frozenset[date] = frozenset()
    workdays: frozenset[date] = frozenset()


@dataclass(slots=True)
class WorkingDays:
    """Counts working days of a calendar."""

    calendar: Calendar = field(default_factory=Calendar)
    _weekend: frozenset[int] = field(init=False)
    _public: Collection[date] | None = field(init=False, default=None)

    def __post_init__(self) -> None:
        week = list(Weekday)
        self._weekend = frozenset(week.index(day) for day in self.calendar.weekend)

    def is_worked(self, day: date) -> bool:
        """Tell whether people work on a day; raises BadCalendar where that cannot be told."""
        calendar = self.calendar
        if day in calendar.workdays:
            return True
        if day.weekday() in self._weekend or day in calendar.holidays:
            return False
        if not calendar.country:
            return True
        if self._public is None:
            self._public = public_holidays(calendar.country, calendar.region)
        return day not in self._public

    def moved(self, day: date, sign: int, number: int) -> date:
        """Return the day that is so many working days away; 0 is that day or the next worked one.

        Raises BadValue where no day is worked for FURTHEST days, and OverflowError.
        """
        step = _DAY * sign
        if number == 0:
            return self._worked(day, step)
        for _ in range(number):
            day = self._worked(day + step, step)
        return day

    def _worked(self, day: date, step: timedelta) -> date:
        for ahead in range(FURTHEST + 1):
            if self.is_worked(day):
                return day
            if ahead < FURTHEST:
                day += step
        first = day - step * FURTHEST
        way = "after" if step > timedelta() else "before"
        what = f"no day is worked within {FURTHEST} days {way} {first}"
        raise BadValue(what, "look at calendar: its weekend and holidays take every day")

    def check(self) -> None:
        """Raise BadCalendar where the country or region is none; nothing where nobody can tell."""
        if self.calendar.country and library() is not None:
            public_holidays(self.calendar.country, self.calendar.region)


@cache
def library() -> Any:
    """Return the library of public holidays, or None where it is not installed."""
    try:
        import holidays
    except ImportError:
        return None
    return holidays


def library_version() -> str:
    """Return which library knows the holidays: another one may know others."""
    from importlib import metadata

    try:
        return metadata.version("holidays")
    except metadata.PackageNotFoundError:
        return ""


def public_holidays(country: str, region: str) -> Any:
    """Return the container of a country's public holidays; raises BadCalendar."""
    known = library()
    if known is None:
        what = f"public holidays of {country} need the library holidays, which is not installed"
        raise BadCalendar(what, "pip install 'tasksync[calendar]'", ("country",))
    regions = known.list_supported_countries(include_aliases=True)
    if country not in regions:
        near = did_you_mean(country, regions)
        mend = near or "use a code of ISO 3166 like DE"
        raise BadCalendar(f"no public holidays are known of {country}", mend, ("country",))
    if region and region not in regions[country]:
        raise _no_region(country, region, regions[country])
    return known.country_holidays(country, subdiv=region or None)


def _no_region(country: str, region: str, regions: Collection[str]) -> BadCalendar:
    what = f"no public holidays are known of the region {region} of {country}"
    if not regions:
        return BadCalendar(what, "leave region out: this country has none", ("region",))
    listed = ", ".join(sorted(regions)[:LISTED])
    more = ", …" if len(regions) > LISTED else ""
    near = did_you_mean(region, regions)
    mend = f"{near} known: {listed}{more}" if near else f"known: {listed}{more}"
    return BadCalendar(what, mend, ("region",))
