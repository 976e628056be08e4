"""The whole trip under every reading, judged by what the portal saw.

The plain trips, and those that the sandbox is asked for too, stand in e2e/test_trips.py.
"""

from __future__ import annotations

import pytest
from second_portal.conftest import MANIFEST, TITLES, edited

pytestmark = pytest.mark.usefixtures("without_pace")

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


@pytest.mark.parametrize("readings", READINGS, ids=lambda one: ",".join(one)[:60])
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


def test_a_lost_state_is_found_again_though_the_portal_normalised_it(world):
    driver = world(crlf=True, one_is_two=True)
    driver.write(MANIFEST.replace("status: pending", "status: new"))
    assert driver.apply().code == 0
    for path in driver.folder.glob("state.db*"):
        path.unlink()
    made = len(driver.portal.office.tasks)
    assert driver.apply().code == 0
    assert driver.plan().code == 0
    assert len(driver.portal.office.tasks) == made


def test_a_portal_that_answers_short_pages_only_is_read_in_seconds(world):
    driver = world(breaks_over=300)
    assert driver.apply().code == 0
    limits = [q["query"] for q in driver.portal.requests if q["path"] == "/v1/tasks"]
    assert len(limits) <= 12
