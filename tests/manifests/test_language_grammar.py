"""The grammar of dates as a table: what a text is, and what is said of what is none."""

from __future__ import annotations

import json
import re
from datetime import date, time
from pathlib import Path

import pytest

from tasksync.manifests.language import grammar
from tasksync.manifests.language.grammar import (
    Edge,
    Expression,
    Instant,
    Name,
    Period,
    PeriodEdge,
    Step,
    Unit,
)
from tasksync.manifests.unplaced import BadValue

SCHEMA = Path(__file__).parents[2] / "schemas" / "manifest.schema.json"
DAY = date(2026, 5, 19)
RELEASE = Name("release")


def days(first: str, last: str) -> Period:
    return Period(date.fromisoformat(first), date.fromisoformat(last))


def start(period: Period | Name) -> PeriodEdge:
    return PeriodEdge(Edge.START, period)


def end(period: Period | Name) -> PeriodEdge:
    return PeriodEdge(Edge.END, period)


GOOD: dict[str, Expression] = {
    "2026-05-19": Expression(DAY),
    "2026-05-19T18:00": Expression(Instant("2026-05-19T18:00")),
    "2026-05-19 18:00": Expression(Instant("2026-05-19T18:00")),
    "2026-05-19   18:00:30+03:00": Expression(Instant("2026-05-19T18:00:30+03:00")),
    "2026-05-19T18:00Z": Expression(Instant("2026-05-19T18:00Z")),
    "release": Expression(RELEASE),
    "go-live_2": Expression(Name("go-live_2")),
    "запуск - 1d": Expression(Name("запуск"), (Step(-1, 1, Unit.DAY),)),
    "release - 10wd": Expression(RELEASE, (Step(-1, 10, Unit.WORKED),)),
    "release - 10 wd": Expression(RELEASE, (Step(-1, 10, Unit.WORKED),)),
    "release + 90min": Expression(RELEASE, (Step(1, 90, Unit.MINUTE),)),
    "release + 4h": Expression(RELEASE, (Step(1, 4, Unit.HOUR),)),
    "release + 0wd": Expression(RELEASE, (Step(1, 0, Unit.WORKED),)),
    "release - 0wd": Expression(RELEASE, (Step(-1, 0, Unit.WORKED),)),
    "release + 1mo - 1d": Expression(RELEASE, (Step(1, 1, Unit.MONTH), Step(-1, 1, Unit.DAY))),
    "release + 1y + 2w": Expression(RELEASE, (Step(1, 1, Unit.YEAR), Step(1, 2, Unit.WEEK))),
    "release at 09:00": Expression(RELEASE, (), time(9)),
    "2026-05-19 at 23:59": Expression(DAY, (), time(23, 59)),
    "2026-05-19 18:00 at 09:00": Expression(Instant("2026-05-19T18:00"), (), time(9)),
    "release - 8wd at 17:30": Expression(RELEASE, (Step(-1, 8, Unit.WORKED),), time(17, 30)),
    "  release   -  1d ": Expression(RELEASE, (Step(-1, 1, Unit.DAY),)),
    "start of 2026": Expression(start(days("2026-01-01", "2026-12-31"))),
    "end of 2026": Expression(end(days("2026-01-01", "2026-12-31"))),
    "end of 2026-Q1": Expression(end(days("2026-01-01", "2026-03-31"))),
    "start of 2026-Q4": Expression(start(days("2026-10-01", "2026-12-31"))),
    "end of 2024-02": Expression(end(days("2024-02-01", "2024-02-29"))),
    "start of 2026-W01": Expression(start(days("2025-12-29", "2026-01-04"))),
    "end of 2026-W53": Expression(end(days("2026-12-28", "2027-01-03"))),
    "end of 2026-12 - 3wd at 12:00": Expression(
        end(days("2026-12-01", "2026-12-31")), (Step(-1, 3, Unit.WORKED),), time(12)
    ),
    "start of month": Expression(start(Name("month"))),
}

#: text -> a part of what is said, and a part of the way out
BAD: dict[str, tuple[str, str]] = {
    "": ("is no date", "write it like"),
    "   ": ("is no date", "write it like"),
    "2026": ("2026 is a period", "start of 2026 or end of 2026"),
    "2026-W05 - 1d": ("2026-W05 is a period", "start of 2026-W05"),
    "2026-02-29": ("there is no day 2026-02-29", "look at the calendar"),
    "2026-5-1": ("is no date", "write the day as 2026-05-01"),
    "20260519": ("is no date", "write it like"),
    "19.05.2026": ("is no date", "write the day as 2026-05-19"),
    "31.02.2026": ("is no date", "write it like"),
    "5/19/2026": ("is no date", "the year, the month and the day, like 2026-05-19"),
    "2026-05-19T18:00:00.5": ("is no date", "leave fractions of a second off"),
    "wd": ("wd is a word of the grammar", "write it like"),
    "at 09:00": ("at is a word of the grammar", "write it like"),
    "of 2026": ("of is a word of the grammar", "write it like"),
    "start": ("start is not followed by a period", "write start of 2026-Q1"),
    "start of": ("start is not followed by a period", "write start of 2026-Q1"),
    "end 2026": ("end is not followed by a period", "write end of 2026-Q1"),
    "end of 2026-Q5": ("2026-Q5 is no period", "2026-Q1"),
    "end of 2026-13": ("there is no period 2026-13", "2026-01"),
    "end of 2025-W53": ("there is no period 2025-W53", "2026-W05"),
    "end of 0000": ("there is no period 0000", "written 2026"),
    "end of 2026-05-19": ("2026-05-19 is no period", "2026-01"),
    "release 10wd": ("10wd is not expected there", "only + or -"),
    "release -10wd": ("-10wd is not expected there", "- 10wd"),
    "2026-05-19+1d": ("is no date", "write blanks around the sign: 2026-05-19 + 1d"),
    "2026-05-19T18:00-2wd": ("is no date", "blanks around the sign: 2026-05-19T18:00 - 2wd"),
    "release + tomorrow": ("no number with a unit follows the +", "+ 10wd"),
    "release -": ("no number with a unit follows the -", "- 10wd"),
    "release + 1.5d": ("no number with a unit follows", "+ 10wd"),
    "release + -1d": ("no number with a unit follows", "+ 10wd"),
    "release + \u0661d": ("no number with a unit follows", "+ 10wd"),
    "release + 3m": ("m is no unit", "did you mean min or mo?"),
    "release + 3days": ("days is no unit", "did you mean d?"),
    "release + 3 workdays": ("workdays is no unit", "did you mean wd?"),
    "release + 3": ("3 has no unit", "units are min, h, d, w, mo, y or wd"),
    "release + 1000000d": ("1000000d is too much", "at most 999999d"),
    "release + 10000wd": ("10000wd is too much", "at most 9999wd"),
    "release at": ("no time of day ends it after at", "at 09:00"),
    "release at 9:00": ("no time of day ends it after at", "at 09:00"),
    "release at 24:00": ("no time of day ends it after at", "at 09:00"),
    "release at 09:00 + 1d": ("no time of day ends it after at", "at 09:00"),
    "release at 09:00 at 10:00": ("no time of day ends it after at", "at 09:00"),
    "release T09:00": ("T09:00 is not expected there", "only + or -"),
    "1st": ("is no date", "write it like"),
    "_x": ("is no date", "write it like"),
    "x" * 501: ("is no date", "write it like"),
}


@pytest.mark.parametrize("text", GOOD)
def test_a_date_is_read_from_left_to_right(text: str) -> None:
    """Each text is the expression beside it."""
    assert grammar.parsed(text) == GOOD[text]


@pytest.mark.parametrize("text", BAD)
def test_what_is_no_date_says_how_one_is_written(text: str) -> None:
    """Each text is refused with what is wrong and a way out."""
    with pytest.raises(BadValue) as caught:
        grammar.parsed(text)
    what, mend = BAD[text]
    assert what in caught.value.what
    assert mend in caught.value.mend


@pytest.mark.parametrize("word", [*Unit, "at", "of", "start", "end", "1st", "_a", "-a", "a b", ""])
def test_a_word_of_the_grammar_is_no_name(word: str) -> None:
    """What reads as something else cannot be what a date is called."""
    assert not grammar.is_name(word)


@pytest.mark.parametrize("name", ["a", "go-live", "q1_end", "релиз", "Q1", "startup", "atlas"])
def test_letters_digits_and_hyphens_are_a_name(name: str) -> None:
    """A name may begin as a word of the grammar does."""
    assert grammar.parsed(f"{name} + 1d").anchor == Name(name)


def test_a_name_is_the_same_however_its_letters_are_composed() -> None:
    """Two forms of the same letters are one name."""
    assert grammar.parsed("Отчёт") == grammar.parsed("Отче\u0308т")


def test_the_editors_pattern_takes_every_date_of_the_table() -> None:
    """An editor underlines nothing that is right."""
    properties = json.loads(SCHEMA.read_text("utf-8"))["$defs"]["task"]["properties"]
    for field in ("deadline", "startDatePlan", "endDatePlan"):
        pattern = re.compile(properties[field]["pattern"])
        assert [text for text in GOOD if not pattern.search(text)] == []
        assert all(pattern.search(text) for text in properties[field]["examples"])
        assert not any(
            map(pattern.search, ["2026", "release -10wd", "release + 3days", "at 09:00"])
        )
