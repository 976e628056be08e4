"""`tasksync status` at the second portal, in every form that the documents leave open."""

from __future__ import annotations

import json
from datetime import UTC, datetime, timedelta

import pytest

pytestmark = pytest.mark.usefixtures("without_pace")
MANIFEST = """\
apiVersion: tasksync/v1
project: exam
timezone: Europe/Berlin
defaults: {responsibleId: 9}
tasks:
  late: {title: Late, deadline: 2026-01-05T10:00}
  done: {title: Done, status: completed, deadline: 2026-01-05T10:00}
  free: {title: Free, responsibleId: 11}
"""
FORMS = [
    {},
    {"numbers": "int", "zone": "Z", "fraction": ".000", "upper": True},
    {"zone": -570, "nulls": "empty", "no_group": "null", "tags": "comma", "extra": True},
    {"tags": "objects", "people": "indexed", "counters": False, "users": "upper", "dates": False},
    {"ignore_tag_filter": True, "ignore_order": True, "total": "none", "has_more": "true"},
    {"tags": "list", "no_tags": "null", "entities": True, "me": "bare"},
]


def status(driver, *words):
    done = driver.run("status", "--json", *words)
    assert done.code == 0, done
    return json.loads(done.out)


@pytest.mark.parametrize("forms", FORMS, ids=lambda one: "-".join(one) or "usual")
def test_what_is_late_is_the_same_however_the_portal_writes_it(world, forms):
    driver = world(scopes=["tasks", "task", "user"], **forms)
    driver.write(MANIFEST)
    driver.portal.office.seed(title="A stranger's", responsibleId=9, deadline=1.0)
    assert driver.apply().code == 0
    found = status(driver)
    assert [(one["key"], one["status"], one["open"]) for one in found["tasks"]] == [
        ("late", "pending", True),
        ("free", "pending", True),
        ("done", "completed", False),
    ]
    since = (datetime.now(UTC) - datetime(2026, 1, 5, 9, 0, tzinfo=UTC)) / timedelta(seconds=1)
    late, free, done = found["tasks"]
    assert since - 60 < late["late_seconds"] <= since
    assert (free["deadline"], free["late_seconds"], done["late_seconds"]) == (None, 0, 0)
    assert [one["person"]["id"] for one in found["counts"]["by_person"]] == [9, 11]
    assert late["person"]["name"] == "Nom9 <p9@example.com>"
    assert [one["key"] for one in status(driver, "--overdue")["tasks"]] == ["late"]


def test_one_listing_is_enough_and_a_key_that_may_not_read_people_shows_numbers(world):
    driver = world(scopes=["tasks", "task"])
    driver.write(MANIFEST)
    assert driver.apply().code == 0
    driver.portal.requests.clear()
    assert status(driver)["tasks"][0]["person"] == {"id": 9, "name": None}
    asked = [one["path"] for one in driver.portal.requests]
    assert asked.count("/v1/tasks") == 2  # the page, and the empty one behind it
    assert len(asked) <= 4


def test_another_portals_tasks_are_not_read(world):
    driver = world()
    driver.write(MANIFEST)
    assert driver.apply().code == 0
    driver.portal.office.readings["portal"] = "other.bitrix24.com"
    done = driver.run("status")
    assert (done.code, done.out) == (1, "")
    assert "The state belongs to the portal second.bitrix24.com" in done.err
