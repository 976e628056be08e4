"""What dates come to: tables of each rule, and the laws that hold for all of them."""

from __future__ import annotations

from datetime import date, datetime, time, timedelta
from importlib import metadata
from zoneinfo import ZoneInfo

import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from tasksync.manifests.datetimes import Hours, Instants, Moment
from tasksync.manifests.language import calendar, installed
from tasksync.manifests.language.calendar import BadCalendar, Calendar, Weekday, WorkingDays
from tasksync.manifests.language.dates import Dates
from tasksync.manifests.resolved import Resolved
from tasksync.manifests.unplaced import AlreadyTold, BadValue

BERLIN = ZoneInfo("Europe/Berlin")
NAMED = {
    "release": "2026-10-01T10:00",
    "day": "2026-10-01",
    "freeze": "release - 10wd",
    "code": "freeze - 1w at 12:00",
    "abroad": "2026-10-01T10:00:00+09:00",
}
OFF = Calendar(
    holidays=frozenset({date(2026, 12, 24)}),
    workdays=frozenset({date(2026, 12, 19)}),
)


def dates(calendar: Calendar = OFF, zone: ZoneInfo | None = BERLIN, **named: str) -> Dates:
    return Dates(zone, {**NAMED, **named}, calendar)


def value(text: str) -> str:
    return dates().worked_out(text).isoformat()


@pytest.mark.parametrize(
    ("text", "comes_to"),
    [
        ("2026-05-19", "2026-05-19"),
        ("2026-05-19 18:00", "2026-05-19T18:00:00"),
        ("release", "2026-10-01T10:00:00"),
        ("day", "2026-10-01"),
        ("freeze", "2026-09-17T10:00:00"),
        ("code", "2026-09-10T12:00:00"),
        ("day + 1d", "2026-10-02"),
        ("day - 2w", "2026-09-17"),
        ("day at 09:00", "2026-10-01T09:00:00"),
        ("release at 09:00", "2026-10-01T09:00:00"),
        ("day + 0d", "2026-10-01"),
        # months that are too short give their last day, years too
        ("2026-01-31 + 1mo", "2026-02-28"),
        ("2024-01-31 + 1mo", "2024-02-29"),
        ("2026-03-31 - 1mo", "2026-02-28"),
        ("2024-02-29 + 1y", "2025-02-28"),
        ("2024-02-29 + 4y", "2028-02-29"),
        ("2026-01-31 + 1mo + 1mo", "2026-03-28"),
        ("2026-01-31 + 2mo", "2026-03-31"),
        ("2026-01-15 - 13mo", "2024-12-15"),
        ("2026-12-31 + 2mo", "2027-02-28"),
        # periods: first and last day, as dates
        ("start of 2026", "2026-01-01"),
        ("end of 2026", "2026-12-31"),
        ("end of 2026-Q2", "2026-06-30"),
        ("start of 2026-W01", "2025-12-29"),
        ("end of 2024-02 + 1d", "2024-03-01"),
        ("end of 2026-Q1 - 1wd at 17:00", "2026-03-30T17:00:00"),
        # working days: the weekend is skipped, 0 is that day or the next, or the one before
        ("2026-10-03 + 1wd", "2026-10-05"),
        ("2026-10-03 - 1wd", "2026-10-02"),
        ("2026-10-02 + 1wd", "2026-10-05"),
        ("2026-10-05 - 1wd", "2026-10-02"),
        ("2026-10-03 + 0wd", "2026-10-05"),
        ("2026-10-03 - 0wd", "2026-10-02"),
        ("2026-10-05 + 0wd", "2026-10-05"),
        ("2026-10-05 - 0wd", "2026-10-05"),
        ("2026-10-01 + 5wd", "2026-10-08"),
        # a day off of our own is skipped, a Saturday that is worked counts
        ("2026-12-23 + 1wd", "2026-12-25"),
        ("2026-12-24 + 0wd", "2026-12-25"),
        ("2026-12-18 + 1wd", "2026-12-19"),
        ("2026-12-21 - 1wd", "2026-12-19"),
        # a datetime keeps its time of day, whatever day it is moved to
        ("release + 1wd", "2026-10-02T10:00:00"),
        ("2026-10-03T10:00 + 0wd", "2026-10-05T10:00:00"),
        ("release + 1mo", "2026-11-01T10:00:00"),
    ],
)
def test_a_date_comes_to(text: str, comes_to: str) -> None:
    """Each expression is worked out from left to right."""
    assert value(text) == comes_to


def instant(text: str, zone: ZoneInfo | None = BERLIN, hours: Hours | None = None) -> str:
    ours = dates(zone=zone)
    return Instants(zone, lambda: ours, hours)[text][0]  # type: ignore[return-value]


@pytest.mark.parametrize(
    ("text", "comes_to"),
    [
        # the clocks go forward on 2026-03-29, back on 2026-10-25: days keep the wall clock
        ("2026-03-28T10:00 + 1d", "2026-03-29T10:00:00+02:00"),
        ("2026-03-30T10:00 - 1w", "2026-03-23T10:00:00+01:00"),
        ("2026-10-24T10:00 + 1d", "2026-10-25T10:00:00+01:00"),
        ("release + 1mo", "2026-11-01T10:00:00+01:00"),
        # hours and minutes do not
        ("2026-03-28T10:00 + 24h", "2026-03-29T11:00:00+02:00"),
        ("2026-10-24T10:00 + 24h", "2026-10-25T09:00:00+01:00"),
        ("2026-03-29T01:30 + 60min", "2026-03-29T03:30:00+02:00"),
        ("2026-10-25T01:30 + 1h", "2026-10-25T02:30:00+02:00"),
        ("2026-10-25T01:30 + 2h", "2026-10-25T02:30:00+01:00"),
        # only where it ends up counts
        ("2026-03-28T02:30 + 1d + 1d", "2026-03-30T02:30:00+02:00"),
        ("2026-03-28T02:30 + 1d at 09:00", "2026-03-29T09:00:00+02:00"),
        # an offset says which instant is meant; then the wall clock of the project counts
        ("abroad", "2026-10-01T10:00:00+09:00"),
        ("abroad + 1d", "2026-10-02T03:00:00+02:00"),
        ("abroad at 09:00", "2026-10-01T09:00:00+02:00"),
        ("2026-10-01T10:00+02:00 - 90min", "2026-10-01T08:30:00+02:00"),
        ("2026-10-25T02:30+01:00", "2026-10-25T02:30:00+01:00"),
    ],
)
def test_a_datetime_moves_by_the_wall_clock_for_days_and_absolutely_for_hours(
    text: str, comes_to: str
) -> None:
    """Local times that the zone skips on the way do no harm."""
    assert instant(text) == comes_to


@pytest.mark.parametrize(
    ("text", "comes_to"),
    [
        ("2026-10-01T10:00+02:00 + 1mo", "2026-11-01T10:00:00+02:00"),
        ("2026-10-01T10:00Z + 36h", "2026-10-02T22:00:00+00:00"),
        ("2026-10-01T10:00-03:30 at 09:00", "2026-10-01T09:00:00-03:30"),
    ],
)
def test_without_a_zone_the_written_offset_is_the_wall_clock(text: str, comes_to: str) -> None:
    """What has an offset needs no timezone."""
    assert instant(text, None) == comes_to


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("2026-10-01 + 4h", "moves a date, which has no time"),
        ("day - 30min", "- 30min moves a date, which has no time"),
        ("day", "day has no time of day"),
        ("end of 2026", "end of 2026 has no time of day"),
        ("2026-03-28T02:30 + 1d", "2026-03-28T02:30 + 1d (2026-03-29T02:30) is skipped in"),
        ("2026-10-24T02:30 + 1d", "(2026-10-25T02:30) is there twice in"),
        ("day - 26w - 4d at 02:30", "(2026-03-29T02:30) is skipped"),
        ("2026-03-29T02:30 + 1d", "2026-03-29T02:30 is skipped"),
        ("2026-03-29T02:30 + 1h", "is skipped"),
        ("realease", "there is no date realease in dates"),
        ("end of day at 09:00", "day is no period"),
        ("release + 8000y", "leads to a year that is out of reach"),
        ("release - 200y", "the year of release - 200y is out of reach"),
        ("9998-12-31T10:00 + 1d", "is out of reach"),
        ("2026-10-01T10:00:00+19:00", "no place is as far from UTC"),
        ("2026-10-01T25:00 + 1d", "there is no such date and time as 2026-10-01T25:00"),
    ],
)
def test_what_cannot_be_worked_out_says_why(text: str, said: str) -> None:
    """The whole text is named, and where it led."""
    with pytest.raises(BadValue) as caught:
        instant(text)
    assert said in caught.value.what
    assert caught.value.mend


def test_what_has_no_time_takes_it_from_the_hours_of_its_field() -> None:
    """The planned start takes the start of a day, deadline and endDatePlan its end."""
    ours = dates()
    read = Instants(BERLIN, lambda: ours, Hours(time(9), time(18)))
    assert read["day"][0] == "2026-10-01T18:00:00+02:00"
    assert read.starts["day"][0] == "2026-10-01T09:00:00+02:00"
    assert read.starts["release"] == read["release"]


def test_half_of_the_hours_is_enough_for_the_fields_that_take_it() -> None:
    """What is not said of a field is missing only there."""
    ours = dates()
    read = Instants(BERLIN, lambda: ours, Hours(end=time(18)))
    assert read["day"][0] == "2026-10-01T18:00:00+02:00"
    with pytest.raises(BadValue, match="day has no time of day"):
        read.starts["day"]


@pytest.mark.parametrize("text", ["2026-10-01T10:00", "2026-10-01 10:00", "2026-10-01T10:00:00Z"])
def test_a_date_and_time_stands_for_itself(text: str) -> None:
    """Nothing is shown beside it in a plan."""
    assert isinstance(Instants(BERLIN, dates)[text], Moment)


@pytest.mark.parametrize("text", ["release", "day + 0d at 10:00", "2026-10-01 at 10:00"])
def test_everything_else_is_resolved(text: str) -> None:
    """It is shown beside the instant that it came to."""
    assert isinstance(Instants(BERLIN, dates)[text], Resolved)


def faults_of(**named: str) -> dict[str, str]:
    return {name: bad.what for name, bad in Dates(BERLIN, named).faults()}


@pytest.mark.parametrize(
    ("named", "faults"),
    [
        ({"a": "b", "b": "2026-01-01"}, {}),
        ({"a": "a"}, {"a": "a -> a"}),
        ({"a": "b + 1d", "b": "c", "c": "a"}, {"a": "a -> b -> c -> a"}),
        ({"x": "b", "b": "c", "c": "b"}, {"b": "b -> c -> b"}),
        ({"a": "b", "b": "a", "c": "e", "e": "c"}, {"a": "a -> b -> a", "c": "c -> e -> c"}),
        ({"a": "2026-13-01", "b": "a + 1d", "c": "b"}, {"a": "there is no day 2026-13-01"}),
        ({"a": "1000-01-01"}, {"a": "the year of 1000-01-01 is out of reach"}),
        ({"a": "2026-03-29T02:30"}, {"a": "2026-03-29T02:30 is skipped in Europe/Berlin"}),
    ],
)
def test_dates_tell_each_fault_once_and_a_circle_whole(
    named: dict[str, str], faults: dict[str, str]
) -> None:
    """What hangs on a fault is silent, and so is a circle but for its first name."""
    told = faults_of(**named)
    assert told.keys() == faults.keys()
    assert all(faults[name] in told[name] for name in faults)


def test_dates_hang_on_each_other_however_long() -> None:
    """Also when the last is asked first, and in a circle of them all."""
    many = {f"n{n}": f"n{n - 1} + 1d" for n in range(5_000, 0, -1)}
    assert Dates(BERLIN, {**many, "n0": "2026-01-01"}).worked_out("n5000") == date(2039, 9, 10)
    ((name, bad),) = Dates(BERLIN, {**many, "n0": "n5000"}).faults()
    assert (name, bad.what.count("->")) == ("n5000", 5_001)


def test_a_circle_is_told_the_same_whoever_asks_first() -> None:
    """A field that names the last of a circle changes nothing of what is told."""
    ours = Dates(BERLIN, {"a": "b", "b": "c", "c": "a"})
    with pytest.raises(AlreadyTold):
        ours.worked_out("c + 1d")
    assert [(name, bad.what.split(": ")[1]) for name, bad in ours.faults()] == [
        ("a", "a -> b -> c -> a")
    ]


def test_names_of_parameters_come_before_those_of_dates() -> None:
    """A template's own names are handed in with each look."""
    assert dates().worked_out("day + 1d", {"day": date(2020, 1, 1)}) == date(2020, 1, 2)


def test_public_holidays_are_not_worked() -> None:
    """Christmas is a holiday everywhere in Germany, Women's Day in Berlin."""
    berlin = WorkingDays(Calendar(country="DE", region="BE"))
    whole = WorkingDays(Calendar(country="DE"))
    assert not berlin.is_worked(date(2027, 3, 8))
    assert whole.is_worked(date(2027, 3, 8))
    assert whole.moved(date(2026, 12, 24), 1, 1) == date(2026, 12, 28)
    named = WorkingDays(Calendar(country="DE", region="Berlin"))
    assert not named.is_worked(date(2027, 3, 8))


def test_a_country_is_known_by_its_code_alone() -> None:
    """What else the library holds by a name is no country."""
    for name in ("country_holidays", "HolidayBase", "Germany", "de", "", "XX"):
        with pytest.raises(BadCalendar, match="no public holidays are known of"):
            calendar.public_holidays(name, "")
    with pytest.raises(BadCalendar) as caught:
        calendar.public_holidays("MC", "BE")
    assert caught.value.mend == "leave region out: this country has none"


def test_days_far_away_are_worked_out_by_the_years_between() -> None:
    """Forty years of working days, there and back, and no further than the calendar goes."""
    days = WorkingDays(Calendar())
    far = days.moved(date(2026, 10, 1), 1, 9_999)
    assert far == date(2065, 1, 28)
    assert days.moved(far, -1, 9_999) == date(2026, 10, 1)
    with pytest.raises(OverflowError):
        days.moved(date(9999, 12, 31), 1, 1)


def test_a_gap_of_four_hundred_days_is_the_longest_that_is_crossed() -> None:
    """Across the ends of years, in both directions."""
    everyday = frozenset(Weekday)
    for sign in (1, -1):
        day = date(2026, 10, 1)
        near = Calendar(weekend=everyday, workdays=frozenset({day + sign * timedelta(400)}))
        assert WorkingDays(near).moved(day, sign, 1) == day + sign * timedelta(400)
        far = Calendar(weekend=everyday, workdays=frozenset({day + sign * timedelta(401)}))
        with pytest.raises(BadValue, match="no day is worked within 400 days"):
            WorkingDays(far).moved(day, sign, 1)


def test_a_holiday_of_the_country_that_is_named_as_worked_is_worked() -> None:
    """The project's own words win."""
    own = Calendar(country="DE", workdays=frozenset({date(2026, 12, 25)}))
    assert WorkingDays(own).moved(date(2026, 12, 24), 1, 1) == date(2026, 12, 25)


def test_without_the_library_the_extra_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    """Only where a working day of a country is counted."""
    monkeypatch.setattr(calendar, "library", lambda: None)
    ours = Dates(BERLIN, {}, Calendar(country="DE"))
    assert not list(ours.faults())
    with pytest.raises(AlreadyTold):
        ours.worked_out("2026-10-01 + 1wd")
    ((name, bad),) = ours.faults()
    assert (name, bad.mend) == ("", "pip install 'tasksync[calendar]'")
    assert isinstance(bad, BadCalendar)


def test_the_version_of_the_library_is_the_installed_one(monkeypatch: pytest.MonkeyPatch) -> None:
    """Told without importing it; where it is not installed there is none."""
    assert calendar.library_version() == f"holidays-{metadata.version('holidays')}.dist-info"
    monkeypatch.setattr(installed, "find_spec", lambda _name: None)
    assert calendar.library_version() == ""


def test_the_library_is_imported_only_when_a_working_day_of_a_country_is_counted(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """Weekends and days of our own need nothing."""
    monkeypatch.setattr(calendar, "library", lambda: pytest.fail("imported"))
    assert dates().worked_out("2026-12-23 + 3wd") == date(2026, 12, 29)
    assert Dates(None, {}, Calendar(country="DE")).worked_out("2026-12-23 + 3d")


calendars = st.builds(
    Calendar,
    weekend=st.frozensets(st.sampled_from(list(Weekday)), max_size=6),
    holidays=st.frozensets(st.dates(date(2026, 1, 1), date(2026, 12, 31)), max_size=20),
    workdays=st.frozensets(st.dates(date(2026, 1, 1), date(2026, 12, 31)), max_size=20),
)
some_days = st.dates(date(2025, 6, 1), date(2027, 6, 1))
numbers = st.integers(0, 60)


@given(calendars, some_days, numbers)
def test_law_working_days_there_and_back_lead_to_where_they_began(
    calendar: Calendar, day: date, number: int
) -> None:
    """From a day that is worked."""
    days = WorkingDays(calendar)
    assume(days.is_worked(day))
    assert days.moved(days.moved(day, 1, number), -1, number) == day
    assert days.moved(days.moved(day, -1, number), 1, number) == day


@given(calendars, some_days, st.sampled_from([1, -1]))
def test_law_the_nearest_worked_day_is_its_own_nearest(
    calendar: Calendar, day: date, sign: int
) -> None:
    """Zero working days twice are zero once, and a worked day is left alone."""
    days = WorkingDays(calendar)
    nearest = days.moved(day, sign, 0)
    assert days.is_worked(nearest)
    assert days.moved(nearest, sign, 0) == nearest
    assert (nearest - day) * sign >= timedelta()


@given(calendars, some_days, some_days, st.sampled_from([1, -1]), numbers)
def test_law_working_days_keep_the_order(
    calendar: Calendar, one: date, other: date, sign: int, number: int
) -> None:
    """Whoever was first is not last afterwards."""
    days = WorkingDays(calendar)
    first, last = sorted((one, other))
    assert days.moved(first, sign, number) <= days.moved(last, sign, number)


@given(calendars, some_days, st.integers(1, 60), st.integers(1, 60))
def test_law_working_days_add_up(calendar: Calendar, day: date, one: int, other: int) -> None:
    """Five and three are eight."""
    days = WorkingDays(calendar)
    assert days.moved(days.moved(day, 1, one), 1, other) == days.moved(day, 1, one + other)


steps = st.sampled_from(
    [f"{sign} {n}{u}" for sign in "+-" for n in (0, 1, 13) for u in ("d", "w", "wd", "mo", "y")]
)
clocks = st.times().map(lambda at: at.replace(second=0, microsecond=0))


def unless_the_clocks_change(text: str) -> str:
    """Return the instant; "" for a local time that the zone skips or repeats."""
    try:
        return instant(text)
    except BadValue as bad:
        if "the clocks change" in bad.what:
            return ""
        raise


@given(st.dates(date(2060, 1, 1), date(2100, 1, 1)), clocks, st.lists(steps, max_size=6))
def test_law_a_datetime_moved_by_days_keeps_its_wall_time(
    day: date, clock: time, moves: list[str]
) -> None:
    """Whatever the zone does in between."""
    text = " ".join([f"{day}T{clock:%H:%M}", *moves])
    moment = unless_the_clocks_change(text)
    assume(moment)
    assert datetime.fromisoformat(moment).timetz().replace(tzinfo=None) == clock


@given(st.dates(date(2000, 1, 1), date(2050, 1, 1)), clocks, st.integers(-5000, 5000))
def test_law_minutes_are_absolute(day: date, clock: time, minutes: int) -> None:
    """So many minutes later it is so many minutes later, whatever the clocks on the wall say."""
    began = f"{day}T{clock:%H:%M}"
    sign = "-" if minutes < 0 else "+"
    first = unless_the_clocks_change(began)
    assume(first)
    moved = instant(f"{began} {sign} {abs(minutes)}min")
    passed = datetime.fromisoformat(moved) - datetime.fromisoformat(first)
    assert passed == timedelta(minutes=minutes)


@given(some_days, some_days, st.lists(steps, max_size=4))
def test_law_dates_keep_their_order(one: date, other: date, moves: list[str]) -> None:
    """All units keep it."""
    first, last = sorted((one, other))
    ends = [dates().worked_out(" ".join([str(day), *moves])) for day in (first, last)]
    assert ends[0] <= ends[1]


@given(st.text("0123456789-+:TZ wdhmoyrelase ", max_size=40))
def test_no_text_does_anything_but_come_to_a_date_or_say_why(text: str) -> None:
    """Nothing else is raised."""
    read = Instants(BERLIN, dates, Hours(time(9), time(18)))
    what, mend = read_or_said(read, text)
    assert bool(what) == bool(mend)
    assert what or datetime.fromisoformat(str(read[text][0])).tzinfo


def read_or_said(read: Instants, text: str) -> tuple[str, str]:
    """Return what is said of a text and how to mend it, "" where it can be read."""
    try:
        read[text]
    except BadValue as bad:
        return bad.what, bad.mend
    return "", ""
