"""Dates are short where nothing is lost by it, and then it is said of which zone they are."""

from __future__ import annotations

from dataclasses import replace
from zoneinfo import ZoneInfo

import pytest
from wrapping import unwrapped

from tasksync.core.change import Action, Change, FieldChange, Reason
from tasksync.core.fields import RemoteId, TaskKey
from tasksync.core.plan import Drift, Plan
from tasksync.render.short_dates import WHOLE, ShortDates, in_zone, short_dates
from tasksync.render.text import plan_text
from tasksync.render.text_blocks import Layout

BERLIN = ZoneInfo("Europe/Berlin")
SUMMER, WINTER = "2026-05-19T18:00:00+02:00", "2026-12-01T18:00:00+01:00"
MOSCOW = "2026-05-19T19:00:00+03:00"


def plan(*dates: str | None, **other: object) -> Plan:
    change = Change(
        TaskKey("a"),
        Action.UPDATE,
        Reason.EDITED,
        RemoteId(7),
        tuple(FieldChange("deadline", None, one) for one in dates),
        title="At 2026-05-19T18:00:00+02:00",
        **other,  # type: ignore[arg-type]
    )
    return Plan("p", "portal.example", "L", 1, ((change,),))


@pytest.mark.parametrize(
    ("dates", "of", "zone"),
    [
        ((SUMMER,), "Europe/Berlin", "Europe/Berlin"),
        ((SUMMER, None), "", "UTC+02:00"),
        ((SUMMER, WINTER), "Europe/Berlin", "Europe/Berlin"),
        ((SUMMER, WINTER), "", ""),
        ((MOSCOW,), "Europe/Berlin", ""),
        ((MOSCOW,), "", "UTC+03:00"),
        ((SUMMER, MOSCOW), "Europe/Berlin", ""),
        (("2026-05-19T18:00:30+02:00",), "Europe/Berlin", ""),
        (("2026-05-19T18:00:00Z",), "", "UTC"),
        (("2026-10-25T02:30:00+02:00",), "Europe/Berlin", ""),  # an hour that Berlin has twice
        ((), "Europe/Berlin", ""),
    ],
)
def test_dates_are_short_where_all_are_whole_minutes_of_one_zone(
    dates: tuple[str, ...], of: str, zone: str
) -> None:
    found = short_dates(plan(*dates), BERLIN if of else None, of)
    assert found.zone == zone


def test_they_stand_without_seconds_and_offset_and_the_zone_is_said_once() -> None:
    told = plan(SUMMER, because={"deadline": f"go was {SUMMER}"}, written={"deadline": "go + 1d"})
    dates = short_dates(told, BERLIN, "Europe/Berlin")
    text = plan_text(told, layout=Layout(dates=dates))
    assert "\nDates are in Europe/Berlin.\n" in text
    assert "(none) -> 2026-05-19 18:00 (go + 1d) (go was 2026-05-19 18:00)" in unwrapped(text)
    assert "T18:00:00" not in text
    whole = plan_text(told)
    assert SUMMER in whole
    assert "Dates are in" not in whole


def test_what_people_wrote_is_left_as_it_is() -> None:
    told = plan(SUMMER)
    (change,) = told.changes
    titled = replace(change, fields=(*change.fields, FieldChange("title", "A", f"At {SUMMER}")))
    text = plan_text(replace(told, levels=((titled,),)), layout=Layout(dates=ShortDates("UTC")))
    assert f'"A" -> "At {SUMMER}"' in text


def test_drift_is_told_at_the_offset_of_what_it_was() -> None:
    """The portal tells dates in a zone of its own."""
    drift = Drift(TaskKey("a"), RemoteId(7), "deadline", SUMMER, MOSCOW.replace("T19", "T20"))
    told = replace(plan(SUMMER), drift=(drift,))
    dates = short_dates(told, BERLIN, "Europe/Berlin")
    text = plan_text(told, layout=Layout(dates=dates))
    assert "deadline       2026-05-19 18:00 -> 2026-05-19 19:00   (+1 h)\n" in text


def test_dates_of_tasks_that_go_are_not_shown_and_decide_nothing() -> None:
    told = plan(SUMMER)
    (change,) = told.changes
    gone = replace(change, action=Action.DELETE, fields=(FieldChange("deadline", MOSCOW, None),))
    assert short_dates(replace(told, levels=((change, gone),)), BERLIN, "x").zone == "x"
    assert short_dates(replace(told, levels=((gone,),)), BERLIN, "x") is WHOLE


def test_a_plan_is_shown_in_another_zone_with_the_same_moments() -> None:
    (change,) = in_zone(plan(MOSCOW, None), BERLIN).changes
    assert [one.after for one in change.fields] == [SUMMER, None]
