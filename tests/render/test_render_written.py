"""What is written in the manifest stands beside what it came to, in every format."""

from __future__ import annotations

import json
import re

import pytest
from wrapping import unwrapped

from tasksync.core.change import Action, Change, FieldChange, Reason
from tasksync.core.fields import RemoteId, TaskKey
from tasksync.core.plan import Plan
from tasksync.core.state import Entry
from tasksync.render import wording
from tasksync.render.html import plan_html
from tasksync.render.markdown import plan_markdown
from tasksync.render.text import entry_text, plan_text

WAS, IS = "2026-09-17T18:00:00+02:00", "2026-09-24T18:00:00+02:00"
WHY = f"release - 10wd was {WAS}"
NAMES = ((22, "Olga Petrova <petrova@example.com>"), (5, "Ivan <ivan@example.com>"))


def change(action: Action, *fields: FieldChange, **other: object) -> Change:
    """A change of one task."""
    written = {"deadline": "release - 10wd", "accomplices": "hr-lead, ivan@example.com"}
    return Change(
        TaskKey("a"),
        action,
        Reason.EDITED,
        RemoteId(7),
        fields,
        title="A",
        written=written,
        **other,  # type: ignore[arg-type]
    )


MOVED = change(
    Action.UPDATE,
    FieldChange("deadline", WAS, IS, drifted=True),
    FieldChange("accomplices", (5,), (5, 22)),
    because={"deadline": WHY},
)
MADE = change(Action.CREATE, FieldChange("title", None, "A"), FieldChange("deadline", None, IS))
TOGETHER = change(Action.UPDATE, FieldChange("title", "B", "A"), sent_together={"deadline": IS})


def plan(one: Change) -> Plan:
    return Plan("p", "portal.example", "L", 1, levels=((one,),), names=NAMES)


def in_html(one: Change) -> str:
    """Return the fields of a change as the page's script gets them."""
    page = plan_html(plan(one), version="0")
    (data,) = re.findall(r'<script type="application/json"[^>]*>(.*?)</script>', page, re.DOTALL)
    return json.dumps(json.loads(data)["changes"][0]["f"], ensure_ascii=False)


@pytest.mark.parametrize("told", [plan_text, plan_markdown])
@pytest.mark.parametrize("one", [MOVED, MADE, TOGETHER], ids=["moved", "made", "together"])
def test_words_stand_behind_their_instant(told: object, one: Change) -> None:
    """Of a new task, of one that is changed, and of what is sent together."""
    assert f"{IS} (release - 10wd)" in unwrapped(told(plan(one)))  # type: ignore[operator]


@pytest.mark.parametrize("one", [MOVED, MADE, TOGETHER], ids=["moved", "made", "together"])
def test_words_stand_behind_their_instant_on_the_page(one: Change) -> None:
    assert f"{IS} (release - 10wd)" in in_html(one)


def test_why_stands_in_every_format_once() -> None:
    """Beside what else is said of the field."""
    assert unwrapped(plan_text(plan(MOVED))).count(f"({WHY}) (changed on the portal)") == 1
    assert plan_markdown(plan(MOVED)).count(f"({WHY})") == 1
    assert f"{WHY}; changed on the portal" in in_html(MOVED)


def test_the_words_of_a_set_stand_behind_what_it_gained() -> None:
    """Whole, in the order in which they are written."""
    line = "+22 (Olga Petrova <petrova@example.com>) (hr-lead, ivan@example.com)"
    assert line in unwrapped(plan_text(plan(MOVED)))
    assert line in plan_markdown(plan(MOVED)).replace("`", "")
    assert '"g": "hr-lead, ivan@example.com"' in in_html(MOVED)


def test_an_address_that_stands_in_the_name_already_is_not_said_again() -> None:
    """Names are shown with their addresses."""
    name = dict(NAMES)[22]
    assert wording.as_written({"responsibleId": "petrova@example.com"}, "responsibleId", name) == ""
    assert wording.as_written({"responsibleId": "lead"}, "responsibleId", name) == " (lead)"
    assert wording.as_written({}, "responsibleId", "22") == ""


def test_words_cannot_steer_a_terminal() -> None:
    """They are the manifest's, and shown as all of it is."""
    assert "\x1b" not in wording.as_written({"deadline": "a\x1b[2J"}, "deadline", IS)


def test_a_state_shows_them_too() -> None:
    entry = Entry(TaskKey("a"), RemoteId(7), {"deadline": IS}, written={"deadline": "go + 1d"})
    assert f"deadline       {IS} (go + 1d)\n" in entry_text(entry)
