"""People and groups by name at a portal that takes no filter of people, in both cases of keys."""

from __future__ import annotations

import pytest

pytestmark = pytest.mark.usefixtures("without_pace")

SCOPES = ["tasks", "user", "sonet_group"]
MANIFEST = """\
apiVersion: tasksync/v1
project: exam
people: {lead: P9@example.com, it: 11}
defaults: {responsibleId: lead, groupId: Closing}
tasks:
  a:
    title: Close the books
    auditors: [it, p12@example.com]
  b:
    title: Archive them
    responsibleId: p13@example.com
"""


@pytest.fixture(params=["camel", "upper"])
def driver(request, world):
    """A project whose people are named."""
    driver = world(users=request.param, scopes=SCOPES)
    driver.write(MANIFEST)
    return driver


def ours(driver):
    """Return the project's tasks on the portal by title."""
    tasks = driver.portal.office.tasks.values()
    return {one["title"]: one for one in tasks if "tasksync:exam" in one["tags"]}


def test_people_and_groups_are_found(driver):
    assert driver.run("apply", "--yes").code == 0
    first, second = (ours(driver)[title] for title in ("Close the books", "Archive them"))
    assert (first["responsibleId"], first["auditors"], first["groupId"]) == (9, [11, 12], 7)
    assert (second["responsibleId"], second["groupId"]) == (13, 7)
    assert "No changes." in driver.run("plan").out


def test_an_address_that_moves_is_a_change_and_says_so(driver):
    assert driver.run("apply", "--yes").code == 0
    staff = driver.portal.office.staff
    staff[9]["email"], staff[40]["email"] = "left@example.com", "p9@example.com"
    done = driver.run("plan")
    assert "9 (Nom9 <left@example.com>) -> 40 (Nom40 <p9@example.com>)" in done.out
    assert "lead was 9" in done.out
    assert "Plan: 0 to add, 1 to change, 0 to destroy." in done.out
    assert driver.run("apply", "--yes").code == 0
    assert ours(driver)["Close the books"]["responsibleId"] == 40
    assert "No changes." in driver.run("plan").out


def test_the_dismissed_and_the_twofold_are_problems_and_nothing_is_written(driver):
    staff = driver.portal.office.staff
    staff[9]["active"] = False
    staff[14]["email"] = "P13@EXAMPLE.COM"
    done = driver.run("apply", "--yes")
    assert (done.code, ours(driver)) == (1, {})
    assert "works here no more: 9 (Nom9) is not active" in done.err
    assert "is the address of 2 people: 13 (Nom13), 14 (Nom14)" in done.err


@pytest.mark.parametrize("missing", ["user", "sonet_group"])
def test_a_scope_that_is_missing_is_named(world, missing):
    driver = world(scopes=[one for one in SCOPES if one != missing])
    driver.write(MANIFEST)
    done = driver.run("apply", "--yes")
    assert (done.code, ours(driver)) == (7, {})
    assert f"lacks the scope `{missing}`" in done.err


def test_all_are_listed_although_every_filter_is_ignored(driver):
    done = driver.run("people", "nom5")
    assert [line.split("\t")[0] for line in done.out.splitlines()] == [
        "5",
        *map(str, range(50, 60)),
    ]
    assert driver.run("groups").out == "7\tClosing\tactive\n9\tReleases\tactive\n"
