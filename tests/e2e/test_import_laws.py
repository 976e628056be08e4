"""Import, plan, apply, plan: whatever the portal has, it is taken over and nothing else changes."""

from __future__ import annotations

import re
from datetime import datetime
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import portal
import pytest
import second
from command import Done, Tasksync
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

ADOPTS = re.compile(r"Plan: 0 to add, 0 to change, 0 to destroy\. Also (\d+) to adopt\.")
#: every reading of the documents that differs from the usual one and lets a portal be read
QUIRKS: list[dict[str, Any]] = [
    {},
    {"numbers": "int", "zone": "Z", "fraction": ".123", "tags": "objects", "no_tags": "{}"},
    {"zone": 330, "tags": "comma", "no_tags": '""', "upper": True, "users": "upper"},
    {"tags": "list", "nulls": "empty", "no_group": "null", "no_parent": "0", "counters": False},
    {"crlf": True, "trim": False, "clear": "empty", "pair": True, "people": "map"},
    {"control": True, "one_is_two": True, "reset": True, "former": True, "hashtags": True},
    {"ignore_tag_filter": True, "total": "none", "page_cap": 3, "people": "indexed"},
    {"ignore_order": True, "has_more": "none", "me": "404", "seconds": "dropped"},
    {"update_result": "null", "entities": True, "tag_case": "lower", "tag_filter": "nocase"},
    {"get_tags": True, "extra": True, "no_tags": "null", "total": "top", "has_more": "true"},
    {"errors_empty": "[]", "results_empty": "[]", "invalid_status": 422, "emoji": "drop"},
    {"update_result": "true", "counters": "null", "tag_case": "upper", "missing_get": "200"},
    {"emoji": "question", "refuse_seven": True, "clear": "null", "clear_other": "refused"},
    {"counters": "noservice", "fraction": ".000", "me": "app", "admin": False, "dates": False},
    {"total": "page", "has_more": "false", "breaks_over": 50, "me": "bare", "pace_headers": True},
    {"emoji": "cut", "lag": 1.0, "reparent": True, "missing_call": "NOT_FOUND"},
    {"ignore_id_filter": True, "create_status": 200, "owner": 2, "editor": True},
]
#: what is left alone: tags that never come cannot be told from none, a portal without markers is
#: refused by apply, and these say whose portal it is
LEFT = {"marker", "delete_result", "expires", "scopes", "portal", "key"}
HARD = [
    *("no", "12:30", "a: b", "a #b", "#a", "- a", "«Да», «нет»", "${x}", "*a", "&a", "!!str a"),
    *(" lead", "trail ", "tab\there", "quo\"te's", "e\u0301", "\u00e9", "🎉 вот", "null", "~"),
    *("a\u2028b", "a\x85b", "ctl\x07x", "\ufeffbom", "x" * 250, "{a}", "[b]", "a\\nb", "%d", "@x"),
]
TITLES = st.sampled_from(HARD) | st.text(min_size=1, max_size=30).filter(str.strip)
LINES = st.lists(st.sampled_from([*HARD, "", " ", "---", "..."]), max_size=5)
TEXTS = LINES.map("\n".join) | LINES.map("\r\n".join) | st.text(max_size=40)
DATES = st.sampled_from(
    ["2026-05-19T18:00:00+03:00", "2026-03-29T02:30:00+03:00", "1999-12-31T23:59:59+03:00"]
)
TASKS = st.fixed_dictionaries(
    {"title": TITLES, "responsibleId": st.integers(1, 5)},
    optional={
        "description": TEXTS,
        "status": st.sampled_from([1, 2, 3, 4, 5, 6, 7]),
        "priority": st.sampled_from([0, 1, 2]),
        "deadline": DATES,
        "startDatePlan": DATES,
        "endDatePlan": DATES,
        "timeEstimate": st.sampled_from([0, 60, 3601]),
        "accomplices": st.lists(st.integers(1, 5), max_size=3, unique=True),
        "auditors": st.lists(st.integers(1, 5), max_size=3, unique=True),
        "tags": st.lists(
            st.sampled_from(["a b", "да", "x#y", "Q:1", "no", "ß"]), max_size=3, unique=True
        ),
        "parent": st.integers(0, 5),
    },
)
MOMENTS = {"deadline", "startDatePlan", "endDatePlan"}
WORLDS = st.lists(TASKS, min_size=1, max_size=6)
SLOW = settings(
    max_examples=6,
    deadline=None,
    suppress_health_check=[HealthCheck.too_slow, HealthCheck.function_scoped_fixture],
)


@pytest.fixture(autouse=True)
def all_without_pace(without_pace: None) -> None:
    """These portals have no limits."""


def imported_and_applied(tasksync: Tasksync, count: int) -> Done:
    """Go the whole way, and hold each step to what it promises; return the last plan."""
    out = str(tasksync.folder / "all.yaml")
    done = tasksync("import", "--project", "p", "--out", out)
    assert done.code == 0, done
    assert f"Imported {count} task" in done.out, done
    plan = tasksync("plan", "-f", out)
    (adopts,) = ADOPTS.findall(plan.out) or [plan]
    assert (plan.code, adopts) == (0, str(count)), plan
    applied = tasksync("apply", "--yes", "-f", out)
    assert applied.code == 0, (applied, Path(out).read_text("utf-8"))
    last = tasksync("plan", "--detailed-exitcode", "-f", out)
    assert (last.code, "No changes." in last.out) == (0, True), last
    return last


def as_kept(fields: dict[str, Any]) -> dict[str, Any]:
    """Return a task as the second portal keeps it: moments as seconds since 1970."""
    return {
        name: datetime.fromisoformat(value).timestamp() if name in MOMENTS else value
        for name, value in fields.items()
    }


def without_parent(world: list[dict[str, Any]], ids: list[int]) -> dict[str, Any]:
    """Return a task's fields with the number of the parent that it names by its place."""
    fields = dict(world[len(ids)])
    place = fields.pop("parent", None)
    if place is not None and place < len(ids):
        fields["parentId"] = ids[place]
    return fields


def hard_world() -> list[dict[str, Any]]:
    """Return a task of each text that is easily read as something else."""
    world: list[dict[str, Any]] = [
        {"title": one, "responsibleId": 1, "description": f"{one}\n{one}\n", "tags": ["да"]}
        for one in HARD
    ]
    early, late = "1999-12-31T23:59:59+03:00", "2026-05-19T18:00:00+03:00"
    world[1] |= {"startDatePlan": late, "endDatePlan": early}
    world[2] |= {"status": 5, "parent": 0, "priority": 2}
    world[3] |= {"parent": 2, "auditors": [2, 3], "timeEstimate": 3601}
    return world


@pytest.mark.parametrize("readings", QUIRKS, ids=lambda one: ",".join(one)[:40] or "usual")
def test_hard_texts_are_taken_over_whatever_the_portal_is_like(readings: dict[str, Any]) -> None:
    """Each peculiarity of a portal with the same tasks."""
    taken_over(readings, hard_world())


def test_every_reading_of_the_second_portal_is_tried() -> None:
    """But those that no import meets."""
    from second_portal.office import READINGS

    assert {name for one in QUIRKS for name in one} | LEFT == READINGS.keys()


@SLOW
@given(readings=st.sampled_from(QUIRKS), world=WORLDS)
def test_whatever_the_second_portal_has_is_taken_over(
    readings: dict[str, Any], world: list[dict[str, Any]]
) -> None:
    """Random tasks on a portal of any kind."""
    taken_over(readings, world)


def taken_over(readings: dict[str, Any], world: list[dict[str, Any]]) -> None:
    """Import, plan, apply, plan: no change but tags, and nothing to do after."""
    with TemporaryDirectory() as folder, second.served() as running:
        running.running.office.readings.update(readings)
        ids: list[int] = []
        if readings.get("one_is_two"):  # such a portal holds no 1, and turns it at any write
            world = [{**one, "status": max(2, one.get("status", 2))} for one in world]
        for _ in world:
            ids.append(running.running.office.seed(**as_kept(without_parent(world, ids))))
        before = {one["id"]: {**one, "tags": None} for one in running.tasks()}
        env = {"TASKSYNC_PORTAL": running.url, "TASKSYNC_API_KEY": running.key}
        imported_and_applied(Tasksync(Path(folder), env), len(world))
        assert {names for _what, names in running.deeds()} == {("tags",)}
        after = {one["id"]: {**one, "tags": None} for one in running.tasks()}
        for number, fields in before.items():
            moved = {n for n, v in fields.items() if after[number][n] != v}
            assert moved <= {"changedDate", "changedBy", "activityDate"}


@SLOW
@given(world=WORLDS)
def test_whatever_the_sandbox_has_is_taken_over(world: list[dict[str, Any]]) -> None:
    """With extra fields too: no change but tags, and nothing to do after."""
    with TemporaryDirectory() as folder, portal.served() as running:
        ids: list[int] = []
        for _ in world:
            fields = without_parent(world, ids)
            if fields.get("endDatePlan", "9") < fields.get("startDatePlan", ""):
                del fields["endDatePlan"]
            title = fields.pop("title")
            ids.append(running.by_hand(title, ufCostCenter="a: b", **fields))
        running.forget_log()
        env = {"TASKSYNC_PORTAL": running.url, "TASKSYNC_API_KEY": running.key}
        imported_and_applied(Tasksync(Path(folder), env), len(world))
        assert {names for _what, names in running.deeds()} == {("tags",)}
