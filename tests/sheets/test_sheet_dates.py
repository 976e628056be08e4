"""Dates of sheets: German, Russian and English forms are one day; what may be two is a problem."""

from __future__ import annotations

from datetime import date, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tasksync.manifests.sheets.sheet_dates import as_written, of_moment
from tasksync.manifests.unplaced import BadValue

#: the last day of 2026, a Thursday
LAST_DAY = (
    "31.12.2026",
    "31. 12. 2026",
    "31.12.26",
    "31/12/2026",
    "12/31/2026",
    "31-12-2026",
    "2026-12-31",
    "2026/12/31",
    "2026.12.31",
    "31 декабря 2026",
    "31 декабря 2026 г.",
    "31 дек. 2026 года",
    "четверг, 31 декабря 2026",
    "чт 31.12.2026",
    "31. Dezember 2026",
    "31. Dez. 2026",
    "Do, 31.12.2026",
    "31 December 2026",
    "31st Dec 2026",
    "31-Dec-2026",
    "December 31, 2026",
    "Thursday, December 31st, 2026",
)


@pytest.mark.parametrize("text", LAST_DAY)
def test_a_day_is_read_in_the_forms_of_three_languages(text: str) -> None:
    assert as_written(text) == "2026-12-31"
    assert as_written(f"  {text.replace(' ', chr(0xA0))} ") == "2026-12-31"


@pytest.mark.parametrize(
    ("clock", "expected"),
    [
        ("18:00", "18:00"),
        ("18:00:00", "18:00"),
        ("18:00:30", "18:00:30"),
        ("9:05", "09:05"),
        ("в 18:00", "18:00"),
        ("um 18 Uhr", "18:00"),
        ("18:00 Uhr", "18:00"),
        ("6:00 PM", "18:00"),
        ("6 pm", "18:00"),
        ("12:15 am", "00:15"),
        ("12:15 PM", "12:15"),
    ],
)
@pytest.mark.parametrize("day", ["31.12.2026", "31 декабря 2026 г.,", "31. Dezember 2026"])
def test_a_time_of_day_follows_a_day(day: str, clock: str, expected: str) -> None:
    assert as_written(f"{day} {clock}") == f"2026-12-31T{expected}"


@pytest.mark.parametrize(
    ("text", "what"),
    [
        ("03/04/2026", "may be 2026-04-03 or 2026-03-04"),
        ("3-4-2026", "may be 2026-04-03 or 2026-03-04"),
        ("03/04/2026 18:00", "may be 2026-04-03 or 2026-03-04"),
        ("3/4/26", "may be three dates or more"),
        ("31/12/26", "may be three dates or more"),
        ("Fr, 31.12.2026", "is a Thursday, and says another day"),
        ("пт, 31.12.2026", "is a Thursday, and says another day"),
        ("31.12.2026 13:00 pm", "has no such hour"),
        ("5 марта", "has no year"),
        ("5 марта в 18:00", "has no year"),
        ("Fr, 5. März", "has no year"),
        ("March 5th", "has no year"),
    ],
)
def test_what_may_be_two_dates_is_no_guess(text: str, what: str) -> None:
    with pytest.raises(BadValue) as caught:
        as_written(text)
    assert what in caught.value.what
    assert caught.value.mend


def test_a_day_and_month_of_one_number_are_one_date() -> None:
    assert as_written("04/04/2026") == "2026-04-04"


@pytest.mark.parametrize(
    "text",
    [
        "2026-12-31T18:00:00+03:00",
        "2026-12-31T18:00Z",
        "release - 10wd",
        "release at 09:00",
        "start of 2026-Q1",
        "31.12.",
        "soon",
        "31 Marketing 2026",
        "31 Marketing",
        "may",
    ],
)
def test_what_is_no_form_of_people_is_left_to_the_manifests_reader(text: str) -> None:
    assert as_written(text) == text


@given(st.dates(date(1970, 1, 1), date(9998, 12, 31)))
def test_every_day_is_read_back_from_its_german_form(day: date) -> None:
    assert as_written(f"{day.day}.{day.month}.{day.year}") == day.isoformat()


@given(st.datetimes(datetime(1970, 1, 1), datetime(9998, 12, 31)))
def test_a_real_date_keeps_its_second_though_sheets_count_in_fractions(when: datetime) -> None:
    read = datetime.fromisoformat(of_moment(when))
    assert abs(read - when) <= timedelta(seconds=0.5)
    assert not read.microsecond


def test_a_real_day_without_a_time_stays_a_day() -> None:
    assert of_moment(date(2026, 12, 31)) == "2026-12-31"
    assert of_moment(datetime(2026, 12, 31)) == "2026-12-31T00:00"
    assert of_moment(datetime(2026, 12, 31, 17, 59, 59, 999_999)) == "2026-12-31T18:00"
