"""Runs on an ideal portal whose changes are recorded, and taken back."""

from __future__ import annotations

from collections.abc import Collection, Iterator
from typing import Any, cast

from casefiles import PROJECT
from ideal import IdealWorld

from tasksync.core.change import Action
from tasksync.core.fields import KeyRef, RemoteId, TaskKey, canonical
from tasksync.core.history import RecordedChange
from tasksync.core.later_runs import Since
from tasksync.core.manifest import MARKER_PREFIX
from tasksync.core.plan import Plan
from tasksync.core.ports import Portal
from tasksync.core.task import LiveTask
from tasksync.core.undoing import Undoing, undo_plan
from tasksync.engine.recording import Recorder

FRAME = Plan(PROJECT, "portal", "line", 1, marker=f"{MARKER_PREFIX}{PROJECT}", undoes="run")
SINCE = Since()


class _Finds:
    """The one thing that a recorder asks of a portal."""

    def __init__(self, world: IdealWorld) -> None:
        self._world = world

    def find(self, _marker: str | None, ids: Collection[RemoteId]) -> Iterator[LiveTask]:
        yield from (self._world.live[one] for one in ids if one in self._world.live)


def recorded(world: IdealWorld, plan: Plan, run: str = "run") -> list[RecordedChange]:
    """Do a plan; return what is recorded of it, in the order in which it was done."""
    recorder = Recorder(run, plan, world.state)
    recorder.read_before(list(plan.changes), cast("Portal", _Finds(world)))
    gone = {
        one.key: recorder.of(one, one.id)
        for one in plan.changes
        if one.action is not Action.CREATE and one.id is not None
    }
    done(world, plan)
    made = {
        one.key: recorder.of(one, world.entries[one.key].id)
        for one in plan.changes
        if one.action is Action.CREATE
    }
    return [{**gone, **made}[one.key] for one in plan.changes]


def done(world: IdealWorld, plan: Plan) -> None:
    """Do a plan; what hung on a deleted task hangs nowhere, as portals have it."""
    world.apply(plan)
    for task in world.tasks:
        if task.fields.get("parentId") not in {None, *world.live}:
            world.change(task.id, "parentId", None)


def inverse(world: IdealWorld, changes: list[RecordedChange], since: Since = SINCE) -> Undoing:
    """Return how a run is taken back now."""
    return undo_plan(changes, since, world.state, world.live, FRAME)


def portal_of(world: IdealWorld) -> dict[object, Any]:
    """Return what is on the portal: our tasks by their keys, parents too, others by their ids."""
    keys: dict[object, TaskKey] = {entry.id: key for key, entry in world.entries.items()}
    return {
        keys.get(task.id, task.id): (
            task.markers,
            {
                name: canonical(name, _key(name, value, keys))
                for name, value in task.fields.items()
                if value not in {None, ()} or name != "parentId"
            },
        )
        for task in world.tasks
    }


def _key(name: str, value: Any, keys: dict[object, TaskKey]) -> Any:
    return KeyRef(keys[value]) if name == "parentId" and value in keys else value


def differing(found: dict[object, Any], wanted: dict[object, Any]) -> dict[object, Any]:
    """Return how two portals differ, field by field."""
    told: dict[object, Any] = {}
    for key in found.keys() | wanted.keys():
        (marks, one), (other_marks, other) = (
            side.get(key, (None, {"task": "none"})) for side in (found, wanted)
        )
        fields = {
            name: (one.get(name), other.get(name))
            for name in {**one, **other}
            if one.get(name) != other.get(name)
        }
        if fields or marks != other_marks:
            told[key] = (marks, other_marks, fields)
    return told
