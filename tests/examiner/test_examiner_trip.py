"""The whole trip, judged by what the portal saw."""

from __future__ import annotations

from pathlib import Path

import pytest
from examiner.conftest import MANIFEST, TITLES, edited

EXAMPLES = Path(__file__).parents[2] / "examples"
ALL = {
    "numbers": "int",
    "zone": "Z",
    "fraction": ".5",
    "tags": "comma",
    "no_tags": '""',
    "get_tags": True,
    "upper": True,
    "users": "upper",
    "extra": True,
    "nulls": "empty",
    "no_group": "null",
    "no_parent": "0",
    "create_status": 200,
    "invalid_status": 422,
    "errors_empty": "[]",
    "results_empty": "[]",
    "update_result": "null",
    "delete_result": "null",
    "missing_get": "200",
    "missing_call": "BITRIX_ERROR",
    "clear": "null",
    "crlf": True,
    "one_is_two": True,
    "reset": True,
    "ignore_tag_filter": True,
    "ignore_id_filter": True,
    "ignore_order": True,
    "total": "none",
    "has_more": "none",
    "page_cap": 500,
    "me": "bare",
}
READINGS = [
    {},
    {"numbers": "int", "zone": "Z", "fraction": ".123"},
    {"zone": -420, "tags": "objects", "no_tags": "{}"},
    {"zone": 330, "fraction": ".000000", "tags": "comma", "no_tags": '""'},
    {"tags": "list", "no_tags": "null", "get_tags": True},
    {"upper": True, "users": "upper", "extra": True},
    {"nulls": "empty", "no_group": "null", "no_parent": "0", "counters": False},
    {"create_status": 200, "invalid_status": 422, "errors_empty": "[]", "results_empty": "[]"},
    {"update_result": "true", "delete_result": "null"},
    {"update_result": "null", "delete_result": "[]", "missing_call": "200", "missing_get": "200"},
    {"crlf": True, "trim": False, "clear": "empty", "pair": True},
    {"control": True, "one_is_two": True, "reset": True, "reparent": True},
    {"ignore_tag_filter": True, "ignore_id_filter": True, "total": "none"},
    {"ignore_order": True, "total": "none", "has_more": "true"},
    {"page_cap": 50, "total": "top", "has_more": "false", "pace_headers": True},
    {"me": "404", "missing_get": "NOT_FOUND", "missing_call": "BITRIX_ERROR"},
    ALL,
]


@pytest.mark.parametrize("readings", READINGS, ids=lambda one: ",".join(one)[:60] or "plain")
def test_the_trip_under_every_reading_of_the_documents(world, readings):
    driver = world(**readings)
    assert "Plan: 6 to add, 0 to change, 0 to destroy." in driver.plan().out
    assert driver.portal.writes() == []
    assert driver.apply().code == 0
    again = driver.plan()
    assert (again.code, "No changes." in again.out) == (0, True), again
    assert driver.titles() == TITLES
    driver.write(edited(MANIFEST))
    done = len(driver.portal.writes())
    assert "Plan: 0 to add, 3 to change, 1 to destroy." in driver.plan().out
    assert driver.apply().code == 0
    deeds = driver.portal.writes()[done:]
    bodies = sorted(list(body) for what, _, body in deeds if what == "update")
    assert bodies == [["deadline"], ["responsibleId"], ["status"]]
    assert sorted(what for what, _, _ in deeds) == ["delete", "update", "update", "update"]
    assert driver.plan().code == 0
    assert {"tasksync:exam", "base"} == set(driver.task("Root")["tags"])


@pytest.mark.parametrize("name", ["quickstart", "onboarding", "release-train"])
def test_the_examples_go_there_and_stay(world, name):
    driver = world()
    words = ("-f", str(EXAMPLES / name))
    assert driver.run("apply", "--yes", *words).code == 0
    done = len(driver.portal.writes())
    again = driver.run("plan", "--detailed-exitcode", *words)
    assert (again.code, "No changes." in again.out) == (0, True)
    assert len(driver.portal.writes()) == done > 5


@pytest.mark.parametrize("way", ["both", "empty", "null"])
@pytest.mark.parametrize("other", ["ignored", "refused"])
def test_null_clears_whatever_the_portal_takes_for_it(world, way, other):
    driver = world(clear=way, clear_other=other)
    assert driver.apply().code == 0
    text = MANIFEST.replace("deadline: 2026-05-19T18:00:00+03:00", "deadline: null")
    text = text.replace("startDatePlan: 2026-05-01T09:00:00+03:00", "startDatePlan: null")
    text = text.replace("endDatePlan: 2026-05-02T09:00:00+03:00", "endDatePlan: null")
    text = text.replace("timeEstimate: 2h30m", "timeEstimate: null").replace("[4, 5]", "null")
    driver.write(text.replace("groupId: 7", "groupId: null").replace("parent: one", "parent: null"))
    assert driver.apply().code == 0
    assert driver.plan().code == 0
    root, two, grand = (driver.task(title) for title in ("Root", "Child two", "Grand child"))
    assert (root["deadline"], two["startDatePlan"], two["endDatePlan"]) == (None, None, None)
    assert not any(grand[n] for n in ("timeEstimate", "accomplices", "groupId", "parentId"))


def test_a_hierarchy_turned_upside_down_needs_one_apply(world):
    """The portal refuses a move that makes a circle on the way."""
    head = "apiVersion: tasksync/v1\nproject: exam\ndefaults: {responsibleId: 1}\ntasks:\n"
    down = "".join(
        f"  t{n}: {{title: T{n}, parent: {f't{n - 1}' if n else 'null'}}}\n" for n in range(6)
    )
    up = "".join(
        f"  t{n}: {{title: T{n}, parent: {f't{n + 1}' if n < 5 else 'null'}}}\n" for n in range(6)
    )
    driver = world()
    driver.write(head + down)
    assert driver.apply().code == 0
    driver.write(head + up)
    assert driver.apply().code == 0
    assert driver.plan().code == 0


def test_a_lost_state_is_found_again_though_the_portal_trimmed_and_turned(world):
    driver = world(crlf=True, one_is_two=True)
    driver.write(MANIFEST.replace("status: pending", "status: new"))
    assert driver.apply().code == 0
    for path in driver.folder.glob("state.db*"):
        path.unlink()
    made = len(driver.portal.office.tasks)
    assert driver.apply().code == 0
    assert driver.plan().code == 0
    assert len(driver.portal.office.tasks) == made


def test_drift_is_told_apart_and_put_right(world):
    driver = world()
    assert driver.apply().code == 0
    number = driver.task("Root")["id"]
    driver.portal.office.touch(number, title="By people", changedDate=1_780_000_000)
    plan = driver.plan()
    assert "Note: 1 task was changed on the portal since the last apply" in plan.out
    done = len(driver.portal.writes())
    assert driver.apply().code == 0
    assert driver.portal.writes()[done:] == [("update", number, {"title": "Root"})]


def test_a_portal_that_answers_short_pages_only_is_read_in_seconds(world):
    driver = world(breaks_over=300)
    assert driver.apply().code == 0
    limits = [q["query"] for q in driver.portal.requests if q["path"] == "/v1/tasks"]
    assert len(limits) <= 12
