"""Dates and times as people write them, in normal form: real, with an offset, to the second."""

from __future__ import annotations

import re
from calendar import monthrange
from collections.abc import Callable
from contextlib import suppress
from datetime import UTC, date, datetime, time, timedelta, timezone
from hashlib import sha256
from pathlib import Path
from typing import NamedTuple, Protocol
from zoneinfo import TZPATH, ZoneInfo, ZoneInfoNotFoundError, available_timezones

from tasksync.late_patterns import pattern_of
from tasksync.manifests.hints import did_you_mean
from tasksync.manifests.resolved import Resolved
from tasksync.manifests.unplaced import BadValue

#: the far ends of what a portal may hold; beyond them instants cannot be counted
FIRST_YEAR, LAST_YEAR = 1970, 9998
#: no place on earth is further from UTC
FURTHEST = timedelta(hours=14)
#: how many texts are remembered: deadlines repeat
REMEMBERED = 20_000

_SHAPE = pattern_of(
    r"(\d{4}-\d{2}-\d{2})T(\d{2}:\d{2})(:\d{2})?(?:(Z)|([+-]\d{2})(?::?(\d{2}))?)?\Z", re.ASCII
)


class Moment(NamedTuple):
    """An instant as it is shown (the written offset kept), and its second since 1970."""

    text: str
    second: int


def zone_of(name: str) -> ZoneInfo:
    """Return a time zone by its name; raises BadValue with what might have been meant."""
    try:
        return ZoneInfo(name)
    except (ZoneInfoNotFoundError, ValueError, OSError) as error:
        known = (zone for zone in available_timezones() if zone != "localtime")
        mend = did_you_mean(name, known) or "use a name like Europe/Berlin"
        what = f"there is no time zone {name}"
        raise BadValue(what, mend) from error


def rules_of(name: str) -> bytes:
    """Return what changes when the rules of a time zone do: governments change them."""
    for folder in TZPATH:
        with suppress(OSError):
            return sha256(Path(folder, name).read_bytes()).digest()
    with suppress(ImportError):
        import tzdata  # type: ignore[import-not-found,import-untyped,unused-ignore]

        return str(tzdata.IANA_VERSION).encode()
    return b""


class Hours(NamedTuple):
    """What a bare date means: for startDatePlan the start, for deadline and endDatePlan the end."""

    start: time | None = None
    end: time | None = None


class WorksOut(Protocol):
    """Works dates out that are more than a date and time (manifests/language)."""

    def moment(self, text: str, hour: time | None) -> Moment | Resolved:
        """Return the instant; `hour` is what a bare date means. Raises BadValue."""
        ...


class Instants(dict[str, "Moment | Resolved"]):
    """Reads datetimes for one project; `zone` is of those without an offset.

    `instants[text]` is the instant, Resolved where an expression stood for it; a text that is
    neither raises BadValue. It is a dict because deadlines repeat: what was read before costs one
    look. `dates` gives what works expressions out, asked for with the first of them; without it
    there are none.
    """

    __slots__ = ("_dates", "_hour", "_zone", "starts")

    def __init__(
        self,
        zone: ZoneInfo | None = None,
        dates: Callable[[], WorksOut] | None = None,
        hours: Hours | None = None,
    ) -> None:
        super().__init__()
        self._zone = zone
        self._dates = dates
        self._hour = hours.end if hours else None
        #: reads startDatePlan, where a bare date means another hour
        self.starts = self
        if hours is not None:
            self.starts = Instants(zone, dates)
            self.starts._hour = hours.start  # noqa: SLF001 - our own class

    def __missing__(self, text: str) -> Moment | Resolved:
        found = self._read(text)
        if len(self) >= REMEMBERED:
            self.clear()
        self[text] = found
        return found

    def day(self, text: str) -> str:
        """Return the local day of an expression; without a time it is that day."""
        if self._dates is not None and _SHAPE.match(text) is None:
            return str(self._dates().moment(text, time(12))[0])[: len("2026-05-19")]
        return str(self[text][0])[: len("2026-05-19")]

    def _read(self, text: str) -> Moment | Resolved:
        if self._dates is not None and _SHAPE.match(text) is None:
            return self._dates().moment(text, self._hour)
        return moment_of(text, instant_of(text, text, self._zone), self._zone)


def instant_of(told: str, text: str, zone: ZoneInfo | None) -> datetime:
    """Return a written date and time that is real; without an offset it is naive, and there once.

    `told` is the whole text that it stands in.
    """
    shape = _SHAPE.match(text)
    if shape is None:
        raise BadValue(f"{text} is no date and time", "write it like 2026-05-19T18:00:00+03:00")
    day, clock, seconds, utc, hours, minutes = shape.groups()
    whole = f"{day}T{clock}{seconds or ':00'}"
    if utc:
        whole += "+00:00"
    elif hours:
        whole += f"{hours}:{minutes or '00'}"
    if mend := _out_of_range(whole):
        raise BadValue(f"there is no such date and time as {text}", mend)
    when = datetime.fromisoformat(whole)
    within_reach(text, when)
    if when.tzinfo is None and told != text:
        placed(text, when, zone)
    if abs(when.utcoffset() or timedelta()) > FURTHEST:
        raise BadValue(f"no place is as far from UTC as {text} says", "use -14:00 to +14:00")
    return when


def within_reach(told: str, when: date) -> None:
    """Raise BadValue where a year cannot be counted on the portal."""
    if not FIRST_YEAR <= when.year <= LAST_YEAR:
        what = f"the year of {told} is out of reach"
        raise BadValue(what, f"use {FIRST_YEAR} to {LAST_YEAR}")


def moment_of(told: str, when: datetime, zone: ZoneInfo | None) -> Moment:
    """Return the instant of a datetime, which is the zone's own time where it is naive."""
    within_reach(told, when)
    when = placed(told, when, zone)
    return Moment(when.isoformat(), int(when.timestamp()))


def placed(told: str, when: datetime, zone: ZoneInfo | None) -> datetime:
    """Return a datetime with its offset; raises BadValue where the zone skips or repeats it."""
    if when.tzinfo is not None:
        return when if isinstance(when.tzinfo, timezone) else _fixed(when)
    if zone is None:
        local = when.isoformat(timespec="minutes")
        mend = f"write {told}+03:00, or give the project a timezone"
        if not told.startswith(local):
            mend = "give the project a timezone"
        raise BadValue(f"{told} has no offset", mend)
    early, late = (when.replace(tzinfo=zone, fold=fold) for fold in (0, 1))
    offset = early.utcoffset()
    if offset is not None and offset == late.utcoffset():
        return when.replace(tzinfo=timezone(offset))
    raise _clocks_change(told, when, zone)


def _clocks_change(told: str, when: datetime, zone: ZoneInfo) -> BadValue:
    early, late = (when.replace(tzinfo=zone, fold=fold) for fold in (0, 1))
    both = f"{_fixed(early).isoformat()} or {_fixed(late).isoformat()}"
    there = early.astimezone(UTC).astimezone(zone).replace(tzinfo=None) == when
    happens = "is there twice" if there else "is skipped"
    local = when.isoformat(timespec="minutes")
    told = told if told.startswith(local) else f"{told} ({local})"
    what = f"{told} {happens} in {zone.key}: the clocks change"
    return BadValue(what, f"write {both}" if there else "choose another time, or give an offset")


def _out_of_range(text: str) -> str:
    """Return what a part of a date and time may be where it is not; "" where all is well.

    Python words that too, and differently in each version; later ones take 24:00 for a time.
    """
    year, month, day, hour, minute, second, *offset = map(int, re.findall(r"\d+", text))
    if year < 1:
        return f"use a year from {FIRST_YEAR} to {LAST_YEAR}"
    if not 1 <= month <= 12:  # noqa: PLR2004 - the months of a year
        return "month must be in 1..12"
    if not 1 <= day <= monthrange(year, month)[1]:
        return "day is out of range for month"
    for name, value, most in (("hour", hour, 23), ("minute", minute, 59), ("second", second, 59)):
        if value > most:
            return f"{name} must be in 0..{most}"
    if offset and (offset[0] > 23 or offset[1] > 59):  # noqa: PLR2004 - hours and minutes
        return "use an offset from -14:00 to +14:00"
    return ""


def _fixed(when: datetime) -> datetime:
    """Return the same instant with its offset written out instead of the zone's name."""
    return datetime.fromisoformat(when.isoformat())
