"""Any fault at any request: the next run ends in the world of an undisturbed one."""

from __future__ import annotations

import contextlib
from typing import Any

import pytest
from scripted import Bench, Breaks, Dies, Killed, Lost, Rejects, Step, bench

from tasksync.core.fields import TaskKey
from tasksync.core.manifest import Manifest, Moved

BEFORE: dict[str, Any] = {
    "keep": {"priority": 1},
    "edit": {"priority": 1},
    "gone": {},
    "kid": {"parent": "gone"},
    "drop": {},
    "subdrop": {"parent": "drop"},
    "old": {"title": "moved"},
}
AFTER: dict[str, Any] = {
    "keep": {"priority": 1},
    "edit": {"priority": 2, "responsibleId": 5, "status": 3},
    "gone": {},
    "kid": {"parent": "gone"},
    "n1": {},
    "n2": {"parent": "n1"},
    "n3": {"parent": "n1"},
    "n4": {"parent": "n3", "tags": ["x"]},
    "n5": {},
    "new": {"title": "moved", "priority": 0},
}
MOVES = (Moved(TaskKey("old"), TaskKey("new")),)
FAULTS: list[Step] = [
    Dies(),
    Dies(done=True),
    Lost(),
    Lost(12.0),
    Lost(29.0),
    Lost(None),
    Rejects(),
    Breaks(),
]


def ready(size: int) -> tuple[Bench, Manifest]:
    """Return a project in which everything is to be done: make, change, move, delete."""
    here = bench(size=size)
    assert here.apply(here.manifest(BEFORE)).complete
    del here.portal.live[here.state.entries[TaskKey("gone")].id]
    here.portal.sent.clear()
    here.portal.done.clear()
    return here, here.manifest(AFTER, moved=MOVES)


def undisturbed(size: int) -> tuple[dict[str, Any], int]:
    here, manifest = ready(size)
    assert here.apply(manifest).complete
    assert not here.plan(manifest)
    return here.portal.world, len(here.portal.sent)


SIZES = (1, 2, 50)
WORLDS = {size: undisturbed(size) for size in SIZES}
POSITIONS = [(size, at) for size in SIZES for at in range(WORLDS[size][1])]


@pytest.mark.parametrize("fault", FAULTS, ids=repr)
@pytest.mark.parametrize(("size", "at"), POSITIONS)
def test_after_a_fault_the_next_apply_does_the_rest(size: int, at: int, fault: Step) -> None:
    here, manifest = ready(size)
    here.portal.script = [None] * at + [fault]
    with contextlib.suppress(Killed):
        here.apply(manifest)
    here.portal.script = []
    here.clock.sleep(1.0)
    report = here.apply(manifest)
    assert report.complete
    assert here.portal.world == WORLDS[size][0]
    assert here.state.intents == ()
    plan = here.plan(manifest)
    assert not plan
    assert (plan.state_only, plan.orphans, plan.duplicates) == ((), (), ())


@pytest.mark.parametrize("fault", FAULTS, ids=repr)
@pytest.mark.parametrize(("size", "at"), POSITIONS)
def test_a_resumed_plan_does_what_was_approved_and_is_left(size: int, at: int, fault: Step) -> None:
    here, manifest = ready(size)
    plan = here.plan(manifest)
    here.portal.script = [None] * at + [fault]
    with contextlib.suppress(Killed):
        here.resume(plan)
    here.portal.script = []
    first = list(here.portal.done)
    left = len(list(here.check(plan).plan.changes))
    report = here.resume(plan)
    assert report.complete
    assert here.portal.world == WORLDS[size][0]
    creates = [deed for deed in here.portal.done if deed.startswith("create")]
    assert len(creates) == len(set(creates))
    assert {f"{c.action} {c.key}" for c in plan.changes if c.writes} == set(here.portal.done)
    assert left or not set(here.portal.done) - set(first)
    assert not list(here.check(plan).plan.changes)
    assert not here.plan(manifest)


@pytest.mark.parametrize("fault", [Dies(), Dies(done=True), Lost(12.0)], ids=repr)
@pytest.mark.parametrize("at", range(WORLDS[1][1]))
def test_two_faults_in_two_runs(at: int, fault: Step) -> None:
    here, manifest = ready(1)
    here.portal.script = [None] * at + [fault]
    with contextlib.suppress(Killed):
        here.apply(manifest)
    here.portal.script = [fault]
    with contextlib.suppress(Killed):
        here.apply(manifest)
    here.portal.script = []
    assert here.apply(manifest).complete
    assert here.portal.world == WORLDS[1][0]
    assert not here.plan(manifest)
