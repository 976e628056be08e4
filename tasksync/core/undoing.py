"""`undo`: the plan that takes a run back, of what is kept of that run, the state, and the portal.

Pure. A run's changes are turned round one by one; what is not here is said, and left out:

recorded   inverse   what it does                              cannot be, where
UPDATE     UPDATE    the fields that differed, as they were    later changed, forgotten, gone
           (DEFER)   ... where the status was deferred
DEFER      UPDATE    the status as it was; not deferred        later changed, forgotten, gone
CREATE     DELETE    the task goes, and its entry              later changed, hidden
DELETE     CREATE    a new task with every field that it had   the key has a task again, no parent
ADOPT      FORGET    the marker off, changed fields put back   later changed
FORGET     ADOPT     its id taken over, asks what it asked     gone, not to be told apart, has one

`before` of each field is what the run left there, so that a portal that moved on makes it stale
(core.staleness); what the portal is known to make of a value is what the run left. Entries ask
afterwards for what was put back. An inverse that the state shows as done is left out: an undo that
was cut off goes on so. A later change that was itself undone is none.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence

from tasksync.core.change import Action, Change, FieldChange
from tasksync.core.fields import (
    KeyRef,
    RemoteId,
    TaskKey,
    Value,
)
from tasksync.core.history import RecordedChange
from tasksync.core.inverses import Inverses
from tasksync.core.later_runs import Since
from tasksync.core.plan import Plan
from tasksync.core.planning.ordering import in_levels
from tasksync.core.state import State
from tasksync.core.task import LiveTask
from tasksync.value_classes import dataclass, field, replace


@dataclass(frozen=True, slots=True)
class Undoing:
    """A plan that takes a run back; why of some keys it does not; what is taken back already.

    `without_parent` are tasks that are made again without the foreign parent that they had.
    """

    plan: Plan
    cannot: Mapping[TaskKey, str] = field(default_factory=dict)
    done: tuple[TaskKey, ...] = ()
    without_parent: tuple[TaskKey, ...] = ()


def ids_of(recorded: Iterable[RecordedChange], state: State) -> set[RemoteId]:
    """Return the tasks that are to be read before a run is taken back."""
    ids: set[RemoteId] = set()
    for one in recorded:
        row = state.index.row(one.key)
        ids |= {one.id} if row is None else {one.id, RemoteId(state.index.ids[row])}
        above = one.read.get("parentId")
        if isinstance(above, int):
            ids.add(RemoteId(above))
    return ids


def undo_plan(
    recorded: Sequence[RecordedChange],
    since: Since,
    state: State,
    live: Mapping[RemoteId, LiveTask],
    frame: Plan,
) -> Undoing:
    """Return how a run is taken back; `frame` is a plan of this project without changes.

    `live` are the tasks of `ids_of` that are there.
    """
    return _Undo(since, state, live, frame).of(recorded)


class _Undo:
    """One plan in the making."""

    def __init__(
        self, since: Since, state: State, live: Mapping[RemoteId, LiveTask], frame: Plan
    ) -> None:
        self._state = state
        self._live = live
        self._frame = frame
        self._inverses = Inverses(since, state, live, frame)
        self._changes: dict[TaskKey, Change] = {}
        self._cannot: dict[TaskKey, str] = {}
        self._done: list[TaskKey] = []
        self._without_parent: list[TaskKey] = []

    def of(self, recorded: Sequence[RecordedChange]) -> Undoing:
        for one in recorded:
            found = self._inverses.of(one)
            if isinstance(found, Change):
                self._changes[one.key] = found
                self._without_parent += [one.key] * self._inverses.lost_parent(one)
            elif found is None:
                self._done.append(one.key)
            else:
                self._cannot[one.key] = found
        self._without_orphans()
        self._with_remade_parents({one.key: one.id for one in recorded})
        changes = self._changes.values()
        index = self._state.index
        plan = replace(
            self._frame,
            levels=tuple(in_levels(changes, self._follows())),
            tracked=len(index),
            wanted=max(len(index), 1),  # what a manifest wants is not asked: no guard of that
            unchanged=len(index) - sum(change.key in index for change in changes),
        )
        return Undoing(plan, self._cannot, tuple(self._done), tuple(self._without_parent))

    def _without_orphans(self) -> None:
        """Take out what would hang on a parent that has no task, and is not made again."""
        while missing := [
            (key, above)
            for key, change in self._changes.items()
            for above in change.unresolved
            if not self._will_be(above)
        ]:
            for key, above in missing:
                self._changes.pop(key, None)
                self._cannot[key] = f"its parent {above} has no task any more"

    def _with_remade_parents(self, was: Mapping[TaskKey, RemoteId]) -> None:
        """Move what is put back under its parent's new task, where that is made again."""
        remade = {key for key, one in self._changes.items() if one.action is Action.CREATE}
        for key, change in self._changes.items():
            above = change.asked.get("parentId")
            named = any(one.name == "parentId" for one in change.fields)
            if change.action is Action.CREATE or named or not isinstance(above, KeyRef):
                continue
            hung = above.key in remade and change.normalised.get("parentId") == was[above.key]
            if hung and change.id is not None:
                there = self._live[change.id].fields.get("parentId")
                fields = (*change.fields, FieldChange("parentId", there, above))
                self._changes[key] = replace(change, fields=fields)

    def _will_be(self, key: TaskKey) -> bool:
        if key in self._state.index:
            return True
        change = self._changes.get(key)
        return change is not None and change.action in {Action.CREATE, Action.ADOPT}

    def _follows(self) -> dict[TaskKey, TaskKey]:
        """Return for each task that moves the nearest one above its new place that moves too."""
        movers = {
            key: one.after
            for key, change in self._changes.items()
            for one in change.fields
            if one.name == "parentId" and change.action is Action.UPDATE
        }
        follows: dict[TaskKey, TaskKey] = {}
        for key, after in movers.items():
            for above in self._above(after, movers):
                if above in movers and above != key:
                    follows[key] = above
                    break
        return follows

    def _above(self, at: Value, movers: Mapping[TaskKey, Value]) -> Iterator[TaskKey]:
        passed: set[TaskKey] = set()
        while isinstance(at, KeyRef) and at.key not in passed:
            passed.add(at.key)
            yield at.key
            entry = self._state.entries.get(at.key)
            asked = None if entry is None else entry.asked.get("parentId")
            at = movers.get(at.key, asked)
