"""The main trips of a project, each on both portals: the sandbox, and the one written apart."""

from __future__ import annotations

import signal
from itertools import pairwise
from pathlib import Path

import pytest
from portal import Json, until
from second import SecondByName
from trips import Trip, task

EXAMPLES = Path(__file__).parents[2] / "examples"
_FIRST: dict[str, Json] = {
    "root": task(
        "Root", status=3, deadline="2026-05-19T18:00:00+03:00", description="line one\nline two"
    ),
    "one": task("Child one", parent="root", deadline="2026-05-20T18:00:00+03:00", priority="high"),
    "two": task(
        "Child two",
        parent="root",
        startDatePlan="2026-05-01T09:00:00+03:00",
        endDatePlan="2026-05-02T09:00:00+03:00",
    ),
    "grand": task(" Grand child ", parent="one", accomplices=[2], auditors=[2], timeEstimate="2h"),
    "loner": task("Loner", tags=["a", "b", "ein Wort"]),
    "drop": task("To be dropped"),
}
_HANG = {"kind": "hang", "seconds": 3, "times": 1}


def _edited() -> dict[str, Json]:
    """Change one status, one deadline and one person, and drop one task."""
    tasks = {key: dict(fields) for key, fields in _FIRST.items() if key != "drop"}
    tasks["root"]["status"] = 5
    tasks["one"]["deadline"] = "2026-05-21T18:00:00+03:00"
    tasks["loner"]["responsibleId"] = 2
    return tasks


def _titles(tasks: dict[str, Json]) -> list[str]:
    return sorted(one["title"].strip() for one in tasks.values())


def _ours(trip: Trip) -> list[str]:
    return sorted(one["title"].strip() for one in trip.portal.tasks() if one["tags"])


def test_what_is_wanted_is_made_and_an_edit_is_all_that_is_sent(anywhere: Trip) -> None:
    """Plan, apply, nothing to do, edit, exactly the edit, nothing to do; strangers stand."""
    strangers = [anywhere.portal.by_hand(title) for title in _titles(_FIRST)]
    before = {one["id"]: one for one in anywhere.portal.tasks()}
    anywhere.want(_FIRST)
    assert "Plan: 6 to add, 0 to change, 0 to destroy." in anywhere.plan().must(2).out
    assert anywhere.portal.deeds() == []
    anywhere.apply().must(0)
    assert "No changes." in anywhere.plan().must(0).out
    assert _ours(anywhere) == _titles(_FIRST)
    done = len(anywhere.portal.deeds())
    anywhere.want(_edited())
    assert "Plan: 0 to add, 3 to change, 1 to destroy." in anywhere.plan().must(2).out
    anywhere.apply().must(0)
    sent = sorted(anywhere.portal.deeds()[done:])
    fields = [("deadline",), ("responsibleId",), ("status",)]
    assert sent == [("delete", ()), *(("update", one) for one in fields)]
    anywhere.plan().must(0)
    assert _ours(anywhere) == _titles(_edited())
    assert {one["id"]: one for one in anywhere.portal.tasks() if one["id"] in strangers} == before


@pytest.mark.parametrize(
    "name", ["quickstart", "onboarding", "audit", "release-train", "quarter-close"]
)
def test_the_examples_go_there_and_stay(anywhere: Trip, name: str) -> None:
    """What the README shows works on either portal, and then nothing is left to do."""
    if isinstance(anywhere.portal, SecondByName):
        anywhere.portal.staffed()
    where = ("-f", str(EXAMPLES / name))
    anywhere.run("apply", "--yes", *where).must(0)
    done = len(anywhere.portal.deeds())
    assert done > 5
    assert "No changes." in anywhere.run("plan", "--detailed-exitcode", *where).must(0).out
    assert len(anywhere.portal.deeds()) == done


def test_a_hierarchy_turned_upside_down_needs_one_apply(anywhere: Trip) -> None:
    """The portal refuses a move that makes a circle on the way."""
    names = [f"t{n}" for n in range(6)]
    down = {one: task(one, parent=above) for above, one in pairwise(names)}
    up = {one: task(one, parent=above) for one, above in pairwise(names)}
    anywhere.want({"t0": task("t0"), **down}).apply().must(0)
    anywhere.want({**up, "t5": task("t5", parent=None)}).apply().must(0)
    anywhere.plan().must(0)
    world = anywhere.portal.world()
    assert [world[one]["parentId"] for one in names] == [*names[1:], None]


def test_drift_is_told_apart_and_put_right(anywhere: Trip) -> None:
    """What people changed is said to be theirs; only that field is sent."""
    anywhere.want(_FIRST).apply().must(0)
    anywhere.portal.edit("Root", title="By people")
    plan = anywhere.plan().must(2)
    assert "Note: 1 task was changed on the portal since the last apply" in plan.out
    done = len(anywhere.portal.deeds())
    anywhere.apply().must(0)
    assert anywhere.portal.deeds()[done:] == [("update", ("title",))]
    assert _ours(anywhere) == _titles(_FIRST)


@pytest.mark.kill
@pytest.mark.parametrize("at", [1, 2])
def test_a_run_killed_while_the_portal_works_is_healed_by_the_next(anywhere: Trip, at: int) -> None:
    """A real process, killed while its creates are being done; each is made once."""
    on = {"path": "^/v1/(batch|tasks)$", "method": "POST", "nth": at}
    anywhere.portal.faults({**_HANG, "on": on})
    with anywhere.want(_FIRST).process() as worker:
        until(lambda: anywhere.portal.struck() or worker.poll() is not None, "the portal works")
        assert worker.poll() is None
        worker.send_signal(signal.SIGKILL)
    anywhere.settle = 4  # longer than the deed may still take
    anywhere.healed()
    assert _ours(anywhere) == _titles(_FIRST)
