"""A saved plan held against a portal where ids are another's, markers moved, tasks are unknown."""

from __future__ import annotations

from dataclasses import replace

import pytest
from casefiles import MARKER, live_task
from scripted import Bench, bench

from tasksync.core.change import Action
from tasksync.core.fields import RemoteId, TaskKey
from tasksync.core.manifest import Policy
from tasksync.core.plan import Orphan, Plan
from tasksync.core.task import Activity, OnRemove
from tasksync.engine.rechecking import checked

A, B = TaskKey("a"), TaskKey("b")
OTHERS = "tasksync:another-project"
#: a is edited, b dropped, new is made
WANTED: dict[str, dict[str, object]] = {"a": {"priority": 2}, "c": {}, "new": {}}
MADE = "2026-05-01T10:00:00Z"


def scene(policy: Policy | None = None) -> tuple[Bench, Plan]:
    """Return a project whose tasks were seen with their dates, and a plan for it."""
    here = bench()
    here.apply_and_see(here.manifest({"a": {"priority": 1}, "b": {}, "c": {}}))
    for remote, task in here.portal.live.items():
        here.portal.live[remote] = replace(task, created=MADE, activity=Activity(0, 0))
    here.apply(here.manifest({"a": {"priority": 0}, "b": {}, "c": {}}))
    plan = here.plan(here.manifest(WANTED, **({"policy": policy} if policy else {})))
    assert {change.key for change in plan.changes} == {"a", "b", "new"}
    return here, plan


def turn(here: Bench, key: TaskKey, **other: object) -> None:
    """Change the row under an entry's id."""
    remote = here.state.entries[key].id
    here.portal.live[remote] = replace(here.portal.live[remote], **other)


def moved(here: Bench, plan: Plan) -> dict[str, list[str]]:
    return {key: [one.name for one in some] for key, some in here.check(plan).stale.items()}


def test_what_is_as_the_plan_saw_it_holds() -> None:
    here, plan = scene()
    assert moved(here, plan) == {}


@pytest.mark.parametrize("key", [A, B])
@pytest.mark.parametrize(
    ("other", "name"),
    [
        ({"created": "2026-06-01T00:00:00Z"}, "task"),
        ({"markers": (OTHERS,)}, "marker"),
        ({"markers": (MARKER, OTHERS)}, "marker"),
    ],
)
def test_a_row_that_is_another_tasks_by_now_is_stale(
    key: TaskKey, other: dict[str, object], name: str
) -> None:
    here, plan = scene()
    turn(here, key, **other)
    assert moved(here, plan) == {key: [name]}


def test_a_restored_portal_where_every_id_is_another_tasks_leaves_nothing_to_change() -> None:
    here, plan = scene()
    for key in (A, B, TaskKey("c")):
        turn(here, key, created="2026-06-01T00:00:00Z", markers=())
    now = here.check(plan)
    assert now.stale.keys() == {A, B}
    assert [change.action for change in now.plan.changes] == [Action.CREATE]


@pytest.mark.parametrize(
    ("activity", "stale"),
    [
        (Activity(1, 0), {"b": ["activity"]}),
        (Activity(0, 60), {"b": ["activity"]}),
        (None, {"b": ["activity"]}),
        (Activity(0, 0), {}),
    ],
)
def test_the_counters_are_before_values_of_a_delete(
    activity: Activity | None, stale: dict[str, list[str]]
) -> None:
    here, plan = scene()
    turn(here, B, activity=activity)
    turn(here, A, activity=Activity(5, 5))
    assert moved(here, plan) == stale


def test_counters_that_the_plan_did_not_know_are_not_before_values() -> None:
    here, _plan = scene()
    turn(here, B, activity=None)
    plan = here.plan(here.manifest(WANTED))
    turn(here, B, activity=Activity(1, 0))
    now = here.check(plan)
    assert now.stale == {}
    deleted = [change for change in now.plan.changes if change.action is Action.DELETE]
    assert [change.activity for change in deleted] == [Activity(1, 0)]


def test_tags_that_are_sent_as_they_were_are_before_values_too() -> None:
    here, plan = scene(Policy(on_remove=OnRemove.FORGET))
    assert [c.action for c in plan.changes if c.key == B] == [Action.FORGET]
    remote = here.state.entries[B].id
    fields = here.portal.live[remote].fields
    turn(here, B, fields={**fields, "tags": ("people's",)})
    assert moved(here, plan) == {"b": ["tags"]}


@pytest.mark.parametrize(
    ("title", "markers", "made"),
    [
        ("new", (MARKER,), ("new",)),
        ("  new ", (MARKER,), ("new",)),
        ("new", (), ()),
        ("new", (OTHERS,), ()),
        ("new", (MARKER, OTHERS), ()),
    ],
)
def test_before_a_create_marked_tasks_that_no_entry_knows_are_looked_at(
    title: str, markers: tuple[str, ...], made: tuple[str, ...]
) -> None:
    here, plan = scene()
    wanted = next(change for change in plan.changes if change.key == "new")
    task = live_task(77, {**wanted.body, "title": title}, markers=markers)
    here.portal.live[RemoteId(77)] = task
    now = here.check(plan)
    assert now.made == made
    assert now.stale.keys() == set(made)
    assert now.plan.orphans == ()


def test_a_marked_task_that_fits_no_create_stays_in_sight_and_a_duplicate_does_not() -> None:
    here, plan = scene()
    here.portal.live[RemoteId(77)] = live_task(77, {"title": "Whose?"}, markers=(MARKER,))
    ours = here.portal.live[here.state.entries[TaskKey("c")].id]
    here.portal.live[RemoteId(78)] = replace(ours, id=RemoteId(78), created=None)
    now = here.check(plan)
    assert now.made == ()
    assert [orphan.id for orphan in now.plan.orphans] == [77]
    assert isinstance(now.plan.orphans[0], Orphan)


def test_a_task_of_ours_whose_id_came_again_is_looked_at_like_an_unknown_one() -> None:
    """A marked row under an entry's id that is not the entry's may be what is to be made."""
    here, plan = scene()
    wanted = next(change for change in plan.changes if change.key == "new")
    remote = here.state.entries[TaskKey("c")].id
    again = live_task(remote, dict(wanted.body), markers=(MARKER,))
    here.portal.live[remote] = replace(again, created="2026-06-01T00:00:00Z")
    assert here.check(plan).made == ("new",)


def test_what_a_later_run_touched_is_left_out_only_where_it_is_not_done() -> None:
    here, plan = scene()
    now = checked(plan, here.state, here.portal, {"a", "b"})
    assert (now.touched, now.done, now.stale) == (("a", "b"), (), {})
    assert [change.key for change in now.plan.changes] == ["new"]
    assert here.resume(plan).complete
    now = checked(plan, here.state, here.portal, {"a", "b"})
    assert (now.touched, set(now.done)) == ((), {"a", "b", "new"})


def test_what_is_to_be_forgotten_and_is_gone_by_now_is_forgotten_without_a_request() -> None:
    here, plan = scene(Policy(on_remove=OnRemove.FORGET))
    del here.portal.live[here.state.entries[B].id]
    now = here.check(plan)
    assert now.stale == {}
    forgotten = [change for change in now.plan.changes if change.key == B]
    assert [(change.action, change.writes) for change in forgotten] == [(Action.FORGET, False)]


def test_what_a_cut_off_run_made_is_known_to_be_shown_once_its_plan_is_resumed() -> None:
    here = bench()
    plan = here.plan(here.manifest({"a": {}, "b": {"parent": "a"}}))
    assert here.resume(plan).complete
    assert all(entry.hidden for entry in here.state.entries.values())
    assert set(here.check(plan).plan.learned) == {"a", "b"}


def test_a_status_that_is_sent_as_it_was_found_is_a_before_value_too() -> None:
    here = bench()
    here.apply_and_see(here.manifest({"a": {"responsibleId": 1}}))
    fields = here.portal.live[here.state.entries[A].id].fields
    turn(here, A, fields={**fields, "status": 3})
    plan = here.plan(here.manifest({"a": {"responsibleId": 2}}))
    assert [dict(change.sent_together) for change in plan.changes] == [{"status": 3}]
    assert moved(here, plan) == {}
    turn(here, A, fields={**fields, "status": 5})
    assert moved(here, plan) == {"a": ["status"]}
