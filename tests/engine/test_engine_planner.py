"""From manifest, state and portal to a plan; and a saved plan held against now."""

from __future__ import annotations

from dataclasses import replace

import pytest
from casefiles import MARKER, live_task
from scripted import Bench, Dies, Killed, Lost, Rejects, bench

from tasksync.core.address_book import ListedPerson
from tasksync.core.change import Action
from tasksync.core.events import IntentResolved, IntentsFound, Note
from tasksync.core.fields import RemoteId, TaskKey
from tasksync.core.manifest import Moved, Policy
from tasksync.core.planning.build import Scope
from tasksync.core.state import PortalIdentity, StateDelta
from tasksync.core.task import Activity, OnRemove
from tasksync.engine.planner import Planner
from tasksync.errors import StateForeign

A = TaskKey("a")


def stale_of(here: Bench, plan) -> dict[str, list[str]]:
    """Return the stale keys with the names of what moved."""
    return {key: [one.name for one in some] for key, some in here.check(plan).stale.items()}


def edit(here: Bench, key: str, **fields: object) -> None:
    """Change a task by hand."""
    task = here.portal.live[here.state.entries[TaskKey(key)].id]
    here.portal.live[task.id] = replace(task, fields={**task.fields, **fields})


def test_a_plan_commits_nothing_and_does_not_wait() -> None:
    here = bench()
    here.portal.script = [Dies(done=True)]
    with pytest.raises(Killed):
        here.apply(here.manifest({"a": {}, "b": {}}))
    serial, began = here.state.serial, here.clock.monotonic()
    plan = here.plan(here.manifest({"a": {}, "b": {}}))
    assert not plan
    assert (here.state.serial, here.clock.monotonic()) == (serial, began)
    assert {one.key for one in here.of(IntentResolved)} == {"a", "b"}


def test_a_plan_shows_what_is_in_doubt_as_still_to_be_created() -> None:
    here = bench()
    here.portal.script = [Lost(29.0), Dies()]
    with pytest.raises(Killed):
        here.apply(here.manifest({"a": {}, "b": {}, "c": {}}))
    plan = here.plan(here.manifest({"a": {}, "b": {}, "c": {}}))
    assert set(plan.in_doubt) == {"a", "b", "c"}
    assert {change.action for change in plan.changes} == {Action.CREATE}
    assert here.apply(here.manifest({"a": {}, "b": {}, "c": {}})).complete
    assert set(here.portal.world) == {"a", "b", "c"}
    assert here.of(IntentsFound)


def test_another_portal_is_refused_before_any_task_is_read() -> None:
    here = bench()
    lease_holder = here.lease_holder()
    lease_holder.commit(StateDelta(identity=PortalIdentity("elsewhere")))
    with pytest.raises(StateForeign, match="elsewhere"):
        here.plan(here.manifest({"a": {}}))
    assert here.portal.reads == 0


def test_another_owner_of_the_key_is_told() -> None:
    here = bench()
    here.lease_holder().commit(StateDelta(identity=PortalIdentity("portal", "boris")))
    here.plan(here.manifest({"a": {}}))
    assert any("boris" in note.text for note in here.of(Note))


def test_people_are_named_once() -> None:
    here = bench()
    asked: list[list[int]] = []

    def names(ids):
        asked.append(list(ids))
        return {one: ListedPerson(one, f"P{one}") for one in ids}

    planner = Planner(here.portal, here.resolver(), here.events.append, names)
    plan = planner.plan(here.manifest({"a": {"auditors": [3, 4]}, "b": {}}), here.state)
    assert asked == [[1, 3, 4]]
    assert dict(plan.names) == {1: "P1", 3: "P3", 4: "P4"}


def test_nothing_is_read_without_a_refresh_when_nothing_is_new() -> None:
    here = bench()
    here.apply(here.manifest({"a": {}}))
    reads = here.portal.reads
    plan = here.plan(here.manifest({"a": {"priority": 2}}), refresh=False)
    assert here.portal.reads == reads
    assert [change.action for change in plan.changes] == [Action.UPDATE]


def test_adopt_works_without_a_refresh() -> None:
    here = bench()
    here.portal.live[RemoteId(9)] = live_task(9, {"title": "x"})
    plan = here.plan(here.manifest({"a": {"adopt": 9}}), refresh=False)
    assert [(change.action, change.id) for change in plan.changes] == [(Action.ADOPT, 9)]


def saved() -> tuple[Bench, dict[str, dict[str, object]]]:
    """Return a project with two tasks, one of which is to be edited, one dropped."""
    here = bench()
    here.apply_and_see(here.manifest({"a": {"priority": 1}, "b": {}, "c": {}}))
    return here, {"a": {"priority": 2}, "c": {}}


def test_an_untouched_plan_holds() -> None:
    here, blocks = saved()
    now = here.check(here.plan(here.manifest(blocks)))
    assert (now.stale, now.done) == ({}, ())
    assert {change.key for change in now.plan.changes} == {"a", "b"}


def test_a_newer_serial_alone_is_not_stale() -> None:
    here, blocks = saved()
    plan = here.plan(here.manifest(blocks))
    here.lease_holder().commit(StateDelta(put=(replace(here.state.entries[TaskKey("c")]),)))
    assert here.check(plan).stale == {}


def test_a_field_that_moved_is_stale_by_itself() -> None:
    here, blocks = saved()
    plan = here.plan(here.manifest(blocks))
    edit(here, "a", priority=0)
    now = here.check(plan)
    assert stale_of(here, plan) == {"a": ["priority"]}
    (one,) = now.stale[A]
    assert (one.name, one.saw, one.there, one.is_field) == ("priority", 1, 0, True)
    assert [change.key for change in now.plan.changes] == ["b"]


def test_a_field_that_the_plan_does_not_touch_may_move() -> None:
    here, blocks = saved()
    plan = here.plan(here.manifest(blocks))
    edit(here, "a", description="by hand")
    assert stale_of(here, plan) == {}


def test_a_task_that_is_to_go_may_not_have_moved() -> None:
    here, blocks = saved()
    plan = here.plan(here.manifest(blocks))
    edit(here, "b", title="Something people now care for")
    assert stale_of(here, plan) == {"b": ["title"]}


def test_an_entry_that_moved_is_stale() -> None:
    here, blocks = saved()
    plan = here.plan(here.manifest(blocks))
    here.apply(here.manifest({"a": {"priority": 0}, "b": {}, "c": {}}))
    assert stale_of(here, plan) == {"a": ["state"]}


def test_what_was_made_meanwhile_by_another_is_stale() -> None:
    here = bench()
    plan = here.plan(here.manifest({"a": {}}))
    here.apply(here.manifest({"a": {"priority": 2}}))
    assert stale_of(here, plan) == {"a": ["state"]}


def test_what_was_made_meanwhile_just_so_is_done() -> None:
    here = bench()
    plan = here.plan(here.manifest({"a": {}}))
    here.apply(here.manifest({"a": {}}))
    now = here.check(plan)
    assert (now.done, now.stale) == (("a",), {})


def test_a_vanished_task_that_came_back_is_not_made_again() -> None:
    here, _blocks = saved()
    task = here.portal.live.pop(here.state.entries[A].id)
    plan = here.plan(here.manifest({"a": {"priority": 1}, "b": {}, "c": {}}))
    here.portal.live[task.id] = task
    assert here.check(plan).done == ("a",)
    edit_entry = replace(here.state.entries[A], asked={"title": "a"})
    here.lease_holder().commit(StateDelta(put=(edit_entry,)))
    assert stale_of(here, plan) == {"a": ["state"]}


def test_a_task_that_vanished_since_is_stale_but_a_delete_of_it_is_not() -> None:
    here, blocks = saved()
    plan = here.plan(here.manifest(blocks))
    here.portal.live.clear()
    assert stale_of(here, plan) == {"a": ["task"]}
    assert here.check(plan).done == ()


def test_a_child_of_a_parent_that_vanished_since_is_stale() -> None:
    here, _blocks = saved()
    blocks = {"a": {"priority": 1}, "b": {}, "c": {}, "kid": {"parent": "a"}}
    plan = here.plan(here.manifest(blocks))
    del here.portal.live[here.state.entries[A].id]
    assert stale_of(here, plan) == {"kid": ["parentId"]}


def test_a_moved_key_in_a_saved_plan_is_not_stale() -> None:
    here = bench()
    here.apply(here.manifest({"old": {}}))
    move = (Moved(TaskKey("old"), TaskKey("new")),)
    plan = here.plan(here.manifest({"new": {"title": "N"}, "kid": {"parent": "new"}}, moved=move))
    assert stale_of(here, plan) == {}
    here.portal.script = [Rejects()]
    assert not here.resume(plan).complete
    assert sorted(here.state.index) == ["new"]
    assert stale_of(here, plan) == {}
    assert here.resume(plan).complete
    assert here.portal.world["kid"]["parentId"] == "N"


def test_a_deferral_that_is_due_again_is_not_taken_for_done() -> None:
    here, _ = saved()
    blocks = {"a": {"priority": 1}, "c": {}}
    defer = here.manifest(blocks, policy=Policy(on_remove=OnRemove.DEFER))
    assert here.apply(defer).complete
    edit(here, "b", status=3)
    plan = here.plan(defer)
    now = here.check(plan)
    assert (now.done, now.stale) == ((), {})
    assert here.resume(plan).complete
    assert here.check(plan).done == ("b",)


def test_a_parent_that_moved_is_not_taken_for_done() -> None:
    here = bench()
    blocks = {"a": {}, "kid": {"parent": "a"}}
    here.apply_and_see(here.manifest(blocks))
    del here.portal.live[here.state.entries[A].id]
    plan = here.plan(here.manifest(blocks))
    assert here.check(plan).done == ()
    assert here.resume(plan).complete
    assert here.portal.world["kid"]["parentId"] == "a"
    assert set(here.check(plan).done) == {"a", "kid"}


def test_an_adoption_is_held_against_now_too() -> None:
    here = bench()
    here.portal.live[RemoteId(9)] = live_task(9, {"title": "x"}, markers=(MARKER,))
    plan = here.plan(here.manifest({"a": {"adopt": 9, "priority": 2}}))
    assert stale_of(here, plan) == {}
    assert here.resume(plan).complete
    assert here.check(plan).done == ("a",)


def test_state_only_changes_of_an_entry_that_moved_are_left_out() -> None:
    here = bench()
    here.apply(here.manifest({"a": {}}))
    plan = here.plan(here.manifest({"a": {"protect": True}}))
    assert [change.key for change in plan.state_only] == ["a"]
    here.lease_holder().commit(StateDelta(drop=(A,)))
    assert here.check(plan).plan.state_only == ()
    assert here.resume(plan).complete
    assert list(here.state.index) == []


def test_what_people_did_since_is_looked_at_again() -> None:
    here, blocks = saved()
    plan = here.plan(here.manifest(blocks))
    remote = here.state.entries[TaskKey("b")].id
    here.portal.live[remote] = replace(here.portal.live[remote], activity=Activity(3, 0))
    deleted = [c for c in here.check(plan).plan.changes if c.action is Action.DELETE]
    assert [change.activity for change in deleted] == [Activity(3, 0)]


def test_what_is_in_doubt_is_known_to_a_resumed_plan() -> None:
    here = bench(size=1)
    plan = here.plan(here.manifest({"a": {}, "b": {"parent": "a"}}))
    here.portal.script = [Dies(done=True)]
    with pytest.raises(Killed):
        here.resume(plan)
    assert here.check(plan).plan.in_doubt == ("a",)
    report = here.resume(plan)
    assert set(report.outcomes) == {"b"}
    assert set(here.portal.world) == {"a", "b"}


def test_destroy_leaves_nothing() -> None:
    here, blocks = saved()
    here.apply(here.manifest(blocks), Scope(destroy=True))
    assert here.portal.live == {}
    assert list(here.state.index) == []
