"""Laws of what an approval covers: it is done, nothing else is, and the rest stays to be seen."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

from casefiles import manifest_of
from given_plans import Given, edits, tasks, worlds
from hypothesis import assume, event, given, settings
from hypothesis import strategies as st
from ideal import IdealWorld

from tasksync.core.change import Action, Change
from tasksync.core.expected import ApprovedPart, approved_part
from tasksync.core.fields import same
from tasksync.core.formats.plan_json import asked_document
from tasksync.core.plan import Plan

law = settings(max_examples=40, deadline=None)


def corrections(plan: Plan) -> dict[str, Any]:
    """What a plan of corrections alone does, by key; of an update field by field."""
    return {change.key: told(change) for change in plan.changes}


def told(change: Change) -> Any:
    if change.action is Action.UPDATE:
        return {one.name: (one.before, one.after) for one in change.fields}
    return change.action


def expected_corrections(part: ApprovedPart, before: IdealWorld) -> dict[str, Any]:
    """Return what the next plan corrects; a field of which the portal tells nothing is believed."""
    seen = {one.change.key: _seen(one.change, before) for one in part.left_out}
    emptied = {
        one.change.key
        for one in part.left_out
        if one.change.fields and not seen[one.change.key].fields and not one.marker
    }
    return {key: told(change) for key, change in seen.items() if key not in emptied}


def _seen(change: Change, before: IdealWorld) -> Change:
    live = None if change.id is None else before.live.get(change.id)
    if change.action is not Action.UPDATE or live is None:
        return change
    return replace(change, fields=tuple(one for one in change.fields if one.name in live.fields))


def moved(plan: Plan) -> set[tuple[str, int, str]]:
    """Return which fields drifted; that each is put back as left out, `corrections` tells."""
    return {(one.key, one.id, one.name) for one in plan.drift}


def must_be_done(
    world: IdealWorld, before: IdealWorld, plan: Plan, part: ApprovedPart, again: Plan
) -> None:
    """Hold that what is left to do is what was left out, and that nothing else was written."""
    assert moved(plan) <= moved(again)
    asked = asked_document(again)
    assert (asked["changes"], asked["moved"]) == ([], [])
    left = expected_corrections(part, before)
    marked = {one.id for one in plan.orphans} | {one.other for one in plan.duplicates}
    for one in again.changes:  # it fits once what it was a duplicate of, or fitted better, is done
        if left.get(one.key) is Action.CREATE and one.action is Action.ADOPT and one.id in marked:
            left[one.key] = Action.ADOPT
    assert corrections(again) == left
    assert again.state_only == ()
    written = {change.id: change for change in part.plan.changes if change.writes}
    for remote, task in before.live.items():
        change = written.get(remote)
        if change is None:
            assert world.live[remote] == task
        elif change.action is Action.UPDATE:
            must_write_only(change, task.fields)


def must_write_only(change: Change, found: Any) -> None:
    approved = {one.name for one in change.fields}
    for name, value in change.body.items():
        assert name in approved or same(name, value, found[name]) or not carried(change, name)


def carried(change: Change, name: str) -> bool:
    return name in change.carried


@law
@given(worlds())
def test_what_is_approved_is_done_and_the_rest_is_what_the_next_plan_corrects(
    given_: Given,
) -> None:
    world, before = given_.world(), given_.world()
    plan = given_.plan(world)
    part = approved_part(plan, world.state)
    event(f"conflicts: {bool(part.conflicts)}, left out: {bool(part.left_out)}")
    assume(not part.conflicts)
    world.apply(part.plan)
    must_be_done(world, before, plan, part, given_.plan(world))


@law
@given(worlds())
def test_the_approved_part_has_the_digest_of_the_whole(given_: Given) -> None:
    world = given_.world()
    plan = given_.plan(world)
    part = approved_part(plan, world.state)
    assume(not part.conflicts)
    assert asked_document(part.plan) == asked_document(plan)
    assert approved_part(part.plan, world.state).left_out == ()


@st.composite
def approvals(draw: st.DrawFn) -> tuple[Given, Given, IdealWorld]:
    """A project that was applied, its edited manifest, and a portal on which people go on."""
    first = draw(worlds())
    world = first.world()
    world.apply(first.plan(world))
    wanted = draw(tasks())
    edited = replace(first, manifest=manifest_of(wanted, policy=first.manifest.policy))
    return first, edited, world


@law
@given(approvals(), st.data())
def test_drift_never_changes_what_was_approved_but_may_refuse_it(
    approved: tuple[Given, Given, IdealWorld], data: st.DataObject
) -> None:
    _first, edited, world = approved
    document = asked_document(edited.plan(world))
    gone = set()
    for remote, task in list(world.live.items()):
        match data.draw(st.integers(0, 3)):
            case 0:
                fields = {**task.fields, **data.draw(edits)}
                world.live[remote] = replace(task, fields=fields)
            case 1 if data.draw(st.booleans()):
                del world.live[remote]
                gone.add(remote)
    plan = edited.plan(world)
    part = approved_part(plan, world.state)
    if asked_document(plan) != document:
        event("other")
        assert gone
        return
    event(f"same, conflicts: {bool(part.conflicts)}")
    if part.conflicts:
        return
    before = IdealWorld(world.entries.values(), world.live.values())
    world.apply(part.plan)
    must_be_done(world, before, plan, part, edited.plan(world))
