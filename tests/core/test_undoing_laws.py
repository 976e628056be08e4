"""Laws of undo: in random projects a run that is taken back is as if it had never been."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

from casefiles import manifest_of
from given_plans import Given, tasks, worlds
from hypothesis import Phase, assume, given, settings
from hypothesis import strategies as st
from ideal import IdealWorld
from undone import differing, done, inverse, portal_of, recorded

from tasksync.core.change import Action
from tasksync.core.fields import FIELDS
from tasksync.core.history import RecordedChange
from tasksync.core.manifest import Manifest, Policy
from tasksync.core.manifest_again import changed_again
from tasksync.core.plan import Plan
from tasksync.core.planning.build import build_plan
from tasksync.core.task import OnRemove

law = settings(max_examples=200, deadline=None, phases=set(Phase) - {Phase.shrink})


@st.composite
def manifests(draw: st.DrawFn) -> Manifest:
    wanted = [  # who made a task is create-only; a portal tells extra fields of each task
        replace(
            one, fields={n: v for n, v in one.fields.items() if n in FIELDS and n != "createdBy"}
        )
        for one in draw(tasks())
    ]
    return manifest_of(wanted, policy=Policy(on_remove=draw(st.sampled_from(OnRemove))))


def hangs_no_more(key: object, told: Any, run: list[RecordedChange], undo: Plan) -> bool:
    """Tell whether a task that was not changed lost its parent alone, which was deleted."""
    _marks, _others, fields = told
    deleted = [{"key": one.key} for one in run if one.action == Action.DELETE]
    moved = {one.key for one in undo.changes for field in one.fields if field.name == "parentId"}
    return set(fields) == {"parentId"} and fields["parentId"][1] in deleted and key not in moved


def told_again(world: IdealWorld, undo: Plan, manifest: Manifest) -> tuple[set[Any], set[Any]]:
    """Return which tasks the manifest is said to change again, and which of these for sure."""
    told = set(changed_again(undo, world.state, world.live, manifest))
    taken_over = {one.key for one in undo.changes if one.action is Action.ADOPT}
    return told, told - taken_over  # what people set while it was let go of may stand


@law
@given(worlds(), manifests())
def test_an_undo_gives_everything_back_and_an_undo_of_it_gives_the_run(
    given_: Given, edited: Manifest
) -> None:
    """The portal is as before but for ids, and the manifest changes what it was said to."""
    world = given_.world()
    done(world, given_.plan(world))
    before = portal_of(world)
    run = recorded(world, build_plan(edited, world.state, world.tasks))
    after = portal_of(world)
    undo = inverse(world, run)
    assert undo.cannot == {}
    told, surely = told_again(world, undo.plan, given_.manifest)
    back = recorded(world, undo.plan)
    lost = differing(portal_of(world), before)
    lost = {k: how for k, how in lost.items() if not hangs_no_more(k, how, run, undo.plan)}
    assert lost == {}, run
    again = {one.key for one in given_.plan(world).changes} & undo.plan.keys
    assert surely <= again <= told
    redo = inverse(world, back)
    assert redo.cannot == {}
    done(world, redo.plan)
    assert differing(portal_of(world), after) == {}
    left = build_plan(edited, world.state, world.tasks).changes
    assert [one.key for one in left if not one.protected] == []  # a guard holds these back before


@law
@given(worlds(), manifests())
def test_an_undo_that_was_done_in_part_does_the_rest_and_no_more(
    given_: Given, edited: Manifest
) -> None:
    """Nothing is kept of the undo that was cut off: what is done is told by the state alone."""
    world = given_.world()
    done(world, given_.plan(world))
    run = recorded(world, build_plan(edited, world.state, world.tasks))
    whole = inverse(world, run).plan
    levels = len(whole.levels)
    first = [one for level in whole.levels[: levels // 2] for one in level]
    later = {one.key for level in whole.levels[levels // 2 :] for one in level}
    # the number of what is taken over in a later level is known to the engine, not to this world
    assume(not any(above in later for one in first for above in one.unresolved))
    done(world, replace(whole, levels=whole.levels[: levels // 2]))
    rest = inverse(world, run)
    assert rest.plan.keys <= later
    done(world, rest.plan)
    assert rest.cannot == {}
    assert list(inverse(world, run).plan.changes) == []
