"""Working days: the weekend, public holidays of a country, and the project's own days.

Public holidays come from the library `holidays` (extra `calendar`), imported when the first
working day of a country is counted.
"""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Collection
from datetime import date
from enum import StrEnum
from functools import cache
from itertools import count
from typing import Any

from tasksync.late_patterns import pattern_of
from tasksync.manifests.hints import did_you_mean
from tasksync.manifests.language.installed import version_of
from tasksync.manifests.unplaced import BadValue
from tasksync.value_classes import dataclass

#: without a working day for longer than this there is none
FURTHEST = 400
#: so many regions are listed where one is not known
LISTED = 20
_CODE = pattern_of(r"[A-Z]{2,3}\Z")
#: month and day of the last day of a year, by direction
_LAST = {1: (12, 31), -1: (1, 1)}


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


class WorkingDays:
    """Counts working days of a calendar, by the worked days of each year that is met."""

    def __init__(self, calendar: Calendar) -> None:
        week = list(Weekday)
        self.calendar = calendar
        self._weekend = frozenset(week.index(day) for day in calendar.weekend)
        self._public: Collection[date] | None = None
        self._years: dict[int, list[int]] = {}

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
        # backwards is forwards with all days negated
        here, left = sign * day.toordinal() - (number == 0), max(number, 1)
        for year in count(day.year, sign):
            worked = self._worked(year, sign)
            first = bisect_right(worked, here)
            if first < len(worked):
                self._within_reach(worked[first] - here, here, sign)
            if left <= len(worked) - first:
                return date.fromordinal(sign * worked[first + left - 1])
            left -= len(worked) - first
            here = worked[-1] if first < len(worked) else here
            self._within_reach(sign * date(year, *_LAST[sign]).toordinal() - here, here, sign)
        raise AssertionError(day)

    def _worked(self, year: int, sign: int) -> list[int]:
        """Return the ordinals of the days of a year that are worked, negated for a sign of -1."""
        key = sign * year
        if key not in self._years:
            if not date.min.year <= year <= date.max.year:
                raise OverflowError(year)
            days = range(date(year, 1, 1).toordinal(), date(year, 12, 31).toordinal() + 1)
            worked = [day for day in days if self.is_worked(date.fromordinal(day))]
            self._years[year], self._years[-year] = worked, [-day for day in reversed(worked)]
        return self._years[key]

    @staticmethod
    def _within_reach(days: int, here: int, sign: int) -> None:
        if days <= FURTHEST:
            return
        way = "after" if sign > 0 else "before"
        what = f"no day is worked within {FURTHEST} days {way} {date.fromordinal(sign * here)}"
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
    return version_of("holidays")


def public_holidays(country: str, region: str) -> Any:
    """Return the container of a country's public holidays; raises BadCalendar."""
    known = library()
    if known is None:
        what = f"public holidays of {country} need the library holidays, which is not installed"
        raise BadCalendar(what, "pip install 'tasksync[calendar]'", ("country",))
    try:
        whole = known.country_holidays(country if _CODE.match(country) else "")
    except NotImplementedError:
        # to list them imports every country: only where one is not known
        near = did_you_mean(country, known.list_supported_countries(include_aliases=True))
        mend = near or "use a code of ISO 3166 like DE"
        what = f"no public holidays are known of {country}"
        raise BadCalendar(what, mend, ("country",)) from None
    if not region:
        return whole
    names = [*whole.subdivisions, *whole.subdivisions_aliases]
    if region not in names:
        raise _no_region(country, region, sorted(whole.subdivisions), names)
    return known.country_holidays(country, subdiv=region)


def _no_region(country: str, region: str, codes: list[str], names: list[str]) -> BadCalendar:
    what = f"no public holidays are known of the region {region} of {country}"
    if not codes:
        return BadCalendar(what, "leave region out: this country has none", ("region",))
    near = did_you_mean(region, names)
    known = f"known: {', '.join(codes[:LISTED])}{', …' if len(codes) > LISTED else ''}"
    return BadCalendar(what, f"{near} {known}" if near else known, ("region",))
