"""How a value of the portal is written: in the style of what stood there."""

from __future__ import annotations

from typing import Any
from zoneinfo import ZoneInfo

import pytest
from directories import GROUPS

from tasksync.core.fields import Value
from tasksync.manifests.accepting.written_forms import FormsOfValues, NumberNames
from tasksync.manifests.editing.written_values import Room, scalar

BERLIN = ZoneInfo("Europe/Berlin")
NUMBERS = {"it": 7, "boss": 2, "anna@example.com": 2, "petrova@example.com": 22}


def forms(zone: ZoneInfo | None = BERLIN, **named: int | str) -> FormsOfValues:
    names = NumberNames(
        named, lambda: {2: "anna@example.com", 22: "petrova@example.com"}, lambda: GROUPS
    )
    return FormsOfValues(names, zone, lambda one: NUMBERS.get(str(one), one))  # type: ignore[arg-type, return-value]


@pytest.mark.parametrize(
    ("like", "found", "written"),
    [
        ("2026-05-19T18:00", "2026-06-01T10:00:00+00:00", "2026-06-01T12:00"),
        ("2026-05-19T18:00:00", "2026-06-01T10:00:00+00:00", "2026-06-01T12:00:00"),
        ("2026-05-19 18:00", "2026-06-01T10:00:30+00:00", "2026-06-01 12:00:30"),
        ("2026-05-19T18:00+02:00", "2026-12-01T10:00:00+00:00", "2026-12-01T11:00+01:00"),
        ("2026-05-19T18:00+03:00", "2026-12-01T10:00:00+00:00", "2026-12-01T13:00+03:00"),
        ("2026-05-19T18:00:00+0300", "2026-12-01T10:00:00+00:00", "2026-12-01T13:00:00+0300"),
        ("2026-05-19T18:00+03", "2026-12-01T10:00:00+00:00", "2026-12-01T13:00+03"),
        ("2026-05-19T18:00Z", "2026-12-01T13:00:00+03:00", "2026-12-01T10:00Z"),
        ("release at 12:00", "2026-12-01T13:00:00+03:00", "2026-12-01T11:00"),
        ("2026-05-19", "2026-12-01T18:00:00+01:00", "2026-12-01"),
        (None, "2026-12-01T18:00:00+01:00", "2026-12-01"),
    ],
)
def test_a_date_keeps_the_zone_and_the_style(like: object, found: str, written: str) -> None:
    assert next(iter(forms().of("deadline", found, like))) == written


def test_a_date_of_no_zone_keeps_its_offset() -> None:
    told = list(forms(None).of("deadline", "2026-12-01T10:00:00+00:00", "2026-05-19T18:00+03:00"))
    assert told[0] == "2026-12-01T13:00+03:00"
    assert "2026-12-01T10:00:00+00:00" in told


@pytest.mark.parametrize(
    ("like", "found", "named", "written"),
    [
        (5, 22, {}, [22]),
        ("rosa@example.com", 22, {"olga": 22}, ["petrova@example.com", "olga", 22]),
        ("it", 22, {"olga": 22}, ["olga", 22]),
        ("it", 22, {"it": 7}, [22]),
        ("it", 22, {"boss": "anna@example.com"}, ["petrova@example.com", 22]),
        ("it", 2, {"boss": "Anna@example.com"}, ["boss", "anna@example.com", 2]),
        ("rosa@example.com", 99, {}, [99]),
    ],
)
def test_a_person_is_written_as_the_manifest_writes_people(
    like: object, found: int, named: dict[str, Any], written: list[object]
) -> None:
    """A name where one stands for the person, an address where the manifest uses them."""
    assert list(forms(**named).of("responsibleId", found, like)) == written


@pytest.mark.parametrize(
    ("name", "like", "found", "written"),
    [
        ("status", "pending", 5, "completed"),
        ("status", 2, 5, 5),
        ("priority", "low", 1, "normal"),
        ("timeEstimate", "2h30m", 5401, "1h30m1s"),
        ("timeEstimate", 3600, 60, 60),
        ("timeEstimate", "2h", 0, 0),
        ("deadline", "release", None, None),
        ("groupId", "HR", 5, "Finance"),
        ("groupId", 7, 5, 5),
        ("tags", ["b", "a", "gone"], ("a", "b", "c"), ["b", "a", "c"]),
        ("tags", ["b"], (), []),
        ("accomplices", ["it", 5], (5, 7, 22), ["it", 5, 22]),
        (
            "accomplices",
            ["petrova@example.com"],
            (2, 22),
            ["petrova@example.com", "anna@example.com"],
        ),
        ("accomplices", [], (2,), ["anna@example.com"]),
        ("UF_DAY", {"date": "release"}, "2026-10-02", {"date": "2026-10-02"}),
        ("UF_AT", {"datetime": "release"}, "2026-10-02T10:00:00+02:00", {"datetime": "2026-10-02"}),
        ("UF_MANY", [2, "x"], (1, 2), [2, 1]),
        ("UF_MANY", [1], (True,), [True]),
        ("UF_CODE", "x", None, None),
    ],
)
def test_other_values_keep_words_numbers_and_order(
    name: str, like: object, found: Value, written: object
) -> None:
    usual = "anna@example.com"
    assert next(iter(forms().of(name, found, like, usual))) == written


@pytest.mark.parametrize(
    ("text", "written"), [("1h30m", "1h30m"), ("90s", "90s"), ("5", '"5"'), ("1e3", '"1e3"')]
)
def test_a_length_of_time_stands_without_quotes_and_a_number_does_not(
    text: str, written: str
) -> None:
    assert scalar(text, Room()).text == written
