"""What the documents say about dates: `dates`, `calendar`, `hours`; problems with their places.

Types and known words are checked by the schema before; what it refused is left out here.
"""

from __future__ import annotations

from collections.abc import Iterator
from datetime import date, time
from typing import Any
from zoneinfo import ZoneInfo

import orjson

from tasksync.core.normal_forms import composed
from tasksync.core.task import Place, Problem
from tasksync.manifests.datetimes import Hours
from tasksync.manifests.language import grammar
from tasksync.manifests.language.calendar import Calendar, Weekday, library_version
from tasksync.manifests.language.dates import Dates
from tasksync.manifests.node import Node
from tasksync.manifests.unplaced import BadValue
from tasksync.value_classes import dataclass, field

_NAME_MEND = "begin with a letter; then letters, digits, _ and -; no unit, at, of, start or end"


@dataclass(slots=True)
class ProjectDates:
    """The words of all documents about dates; `context` is what expressions depend on."""

    calendar: Calendar = field(default_factory=Calendar)
    hours: Hours = field(default_factory=Hours)
    context: bytes = b""
    _named: dict[str, str] = field(default_factory=dict)
    _broken: set[str] = field(default_factory=set)
    _whole: bool = True
    _places: dict[str, Place] = field(default_factory=dict)
    _dates: Dates | None = None
    _calendar_at: tuple[str, Node] | None = None

    def of(self, zone: ZoneInfo | None) -> Dates:
        """Return what works expressions out, always the same."""
        if self._dates is None:
            self._dates = Dates(zone, self._named, self.calendar, self._broken, self._whole)
        return self._dates

    def faults(self, zone: ZoneInfo | None) -> Iterator[Problem]:
        """Yield what is wrong in the expressions of `dates` and with the calendar's country."""
        for name, bad in self.of(zone).faults():
            yield Problem(
                self._places[name] if name else self._of_calendar(bad), bad.what, bad.mend
            )

    def read(self, documents: list[tuple[str, Node]], project: tuple[str, Node]) -> list[Problem]:
        """Take in what all documents say; `project` is the one that holds `project`."""
        problems = [one for file, node in documents for one in self._take_dates(file, node)]
        file, node = project
        problems += self._take_calendar(file, node.parts.get("calendar"))
        self.hours = _hours(node.parts.get("hours"))
        self.context = self._told()
        return problems

    def _told(self) -> bytes:
        off, on = (
            sorted(map(str, days)) for days in (self.calendar.holidays, self.calendar.workdays)
        )
        calendar = self.calendar
        told = (
            self._named,
            [sorted(calendar.weekend), calendar.country, calendar.region, off, on],
            [str(one) for one in self.hours],
            library_version() if calendar.country else "",
        )
        return orjson.dumps(told, option=orjson.OPT_SORT_KEYS)

    def _take_dates(self, file: str, node: Node) -> Iterator[Problem]:
        part = node.parts.get("dates")
        if part is None:
            return
        if part.broken or not isinstance(part.value, dict):
            self._whole = False
            return
        for step, value in part.parts.items():
            name = composed(str(step))
            place = Place(file, *part.names.get(str(step), value.position))
            if not grammar.is_name(name):
                yield Problem(place, f"{name} cannot be the name of a date", _NAME_MEND)
            elif name in self._places:
                what = f"the date {name} is named twice; the first is at {self._places[name]}"
                yield Problem(place, what, "keep one of them")
            elif value.broken or not isinstance(value.value, str):
                self._broken.add(name)
                self._places[name] = place
            else:
                self._named[name] = value.value
                self._places[name] = Place(file, *value.position)

    def _take_calendar(self, file: str, node: Node | None) -> Iterator[Problem]:
        if node is None or node.broken or not isinstance(node.value, dict):
            return
        self._calendar_at = file, node
        days: dict[str, list[date]] = {"holidays": [], "workdays": []}
        for name, found in days.items():
            for part in _parts(node, name):
                try:
                    day = grammar.day_of(part.value) if isinstance(part.value, str) else None
                except BadValue as bad:
                    yield Problem(Place(file, *part.position), bad.what, bad.mend)
                else:
                    found.extend([day] if day else [])
        country, region = _text(node, "country"), _text(node, "region")
        if region and "country" not in node.parts:
            what = "region stands without country"
            yield Problem(
                Place(file, *node.names["region"]), what, "add country, as in country: DE"
            )
            region = ""
        self.calendar = Calendar(
            _weekend(node),
            country,
            region,
            frozenset(days["holidays"]),
            frozenset(days["workdays"]),
        )

    def _of_calendar(self, bad: BadValue) -> Place:
        if self._calendar_at is None:
            return Place("")
        file, node = self._calendar_at
        part = node.at(bad.path) or node
        return Place(file, *part.position)


def _parts(node: Node, name: str) -> list[Node]:
    part = node.parts.get(name)
    whole = part is not None and not part.broken and isinstance(part.value, list)
    return list(part.parts.values()) if part is not None and whole else []


def _text(node: Node, name: str) -> str:
    part = node.parts.get(name)
    return part.value if part is not None and isinstance(part.value, str) else ""


def _weekend(node: Node) -> frozenset[Weekday]:
    if "weekend" not in node.parts:
        return Calendar().weekend
    known: dict[Any, Weekday] = {day.value: day for day in Weekday}
    return frozenset(known[part.value] for part in _parts(node, "weekend") if part.value in known)


def _hours(node: Node | None) -> Hours:
    if node is None or node.broken or not isinstance(node.value, dict):
        return Hours()
    # what cannot be read was told by the schema, and not again for every bare date
    given = {name: grammar.clock_of(_text(node, str(name))) or time() for name in node.parts}
    return Hours(*(given.get(name) for name in Hours._fields))
