"""`tasksync drift` at the second portal, in every form that the documents leave open."""

from __future__ import annotations

import json

import pytest

pytestmark = pytest.mark.usefixtures("without_pace")
MANIFEST = """\
apiVersion: tasksync/v1
project: exam
timezone: Europe/Berlin
defaults: {responsibleId: 9}
tasks:
  report: {title: Report, deadline: 2026-05-05T10:00, auditors: [11], tags: [q2]}
  figures: {title: Figures, parent: report, groupId: 7, description: Collect them}
  done: {title: Done, status: pending}
  none: {title: Nothing happens}
"""
FORMS = [
    {"editor": True},
    {"editor": True, "numbers": "int", "zone": "Z", "fraction": ".000", "upper": True},
    {"zone": -570, "nulls": "empty", "no_group": "null", "tags": "comma", "extra": True},
    {"tags": "objects", "people": "indexed", "counters": False, "dates": False},
    {"ignore_tag_filter": True, "ignore_order": True, "total": "none", "has_more": "true"},
    {"editor": True, "tags": "list", "no_tags": "null", "entities": True, "me": "bare"},
]


def drift(driver, *words):
    done = driver.run("drift", "--json", "--detailed-exitcode", *words)
    assert done.code in {0, 2}, done
    found = json.loads(done.out)
    assert (done.code == 2) == found["drifted"]
    return found


@pytest.mark.parametrize("forms", FORMS, ids=lambda one: "-".join(one) or "usual")
def test_what_people_changed_is_told_however_the_portal_writes_it(world, forms):
    driver = world(scopes=["tasks", "task", "user", "sonet_group"], **forms)
    driver.write(MANIFEST)
    assert driver.apply().code == 0
    assert drift(driver)["changes"] == []
    office = driver.portal.office
    office.touch(driver.task("Report")["id"], deadline=1779000000.0, auditors=[12], changedBy=40)
    office.touch(driver.task("Figures")["id"], parentId=None, groupId=0, changedBy=40)
    office.touch(driver.task("Done")["id"], status=5, changedBy=41)
    found = drift(driver)
    told = {
        f"{one['key']}.{part['field']}": (part["is"], part["effect"])
        for one in found["changes"]
        for part in one["fields"]
    }
    told["report.deadline"] = told["report.deadline"][1]
    assert told == {
        "report.deadline": "put_right",
        "report.auditors": ([12], "put_right"),
        "figures.parentId": (None, "put_right"),
        "figures.groupId": (None, "put_right"),
        "done.status": (5, "stands"),
    }
    editors = {one["key"]: (one["changed_by"] or {}).get("id") for one in found["changes"]}
    told_by = {"report": 40, "figures": 40, "done": 41}
    assert editors == (told_by if forms.get("editor") else dict.fromkeys(told_by))
    assert driver.apply().code == 0
    assert not drift(driver)["drifted"]


def test_it_costs_what_a_plan_costs_and_one_batch_for_who_it_was(world):
    driver = world(editor=True, scopes=["tasks", "task", "sonet_group"])
    driver.write(MANIFEST)
    assert driver.apply().code == 0
    for title in driver.titles():
        driver.portal.office.touch(driver.task(title)["id"], responsibleId=12)
    driver.portal.requests.clear()
    assert driver.run("plan").code == 0
    planned = [one["path"] for one in driver.portal.requests]
    driver.portal.requests.clear()
    assert len(drift(driver)["changes"]) == 4
    assert len(driver.portal.requests) <= len(planned) + 2
    assert not driver.portal.office.dropped


def test_who_it_was_is_left_out_where_the_portal_cannot_be_asked(world):
    driver = world(editor=True)
    driver.write(MANIFEST)
    assert driver.apply().code == 0
    driver.portal.office.touch(driver.task("Report")["id"], title="Report!")
    driver.portal.fault("status", status=403, code="SCOPE_NOT_ALLOWED", path="/v1/batch", times=99)
    (one,) = drift(driver)["changes"]
    assert (one["key"], one["changed_by"]) == ("report", None)
