"""What a run did, as its history keeps it: one record for each change that was done (design 14).

What is deleted is read once more just before: the plan knows the managed fields alone, and `undo`
makes the task again with all that it had.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from types import MappingProxyType

from tasksync.core.change import Action, Change
from tasksync.core.fields import (
    FIELDS,
    KeyRef,
    RemoteId,
    Value,
    Values,
    in_order,
    is_extra,
)
from tasksync.core.history import RecordedChange, RecordedField
from tasksync.core.plan import Plan
from tasksync.core.ports import Portal
from tasksync.core.state import HANDED_OVER, Intent, State
from tasksync.core.task import LiveTask
from tasksync.engine.read_cost import read_of, requests_to_read

_NOTHING: Values = MappingProxyType({})


def requests_for(plan: Plan) -> int:
    """Return how many requests reading what is deleted takes when nothing fails."""
    requests, tracked = 0, plan.tracked
    for level in plan.levels:
        deletes = _deletes(level)
        requests += requests_to_read(len(deletes), tracked, plan.marker) if deletes else 0
        tracked += _more(level)
    return requests


def _deletes(changes: Iterable[Change]) -> list[Change]:
    return [one for one in changes if one.action is Action.DELETE]


def _more(level: Iterable[Change]) -> int:
    """Return by how many tasks a level makes the project larger."""
    size = {Action.CREATE: 1, Action.ADOPT: 1, Action.DELETE: -1, Action.FORGET: -1}
    return sum(size.get(one.action, 0) for one in level)


class Recorder:
    """Makes the records of one run; `state` is as it was before the run.

    A parent that is one of ours stands as the KeyRef of its key, also where the portal had it: its
    id may be another's by the time that somebody wants the change back. What was asked stays so.
    """

    def __init__(self, run: str, plan: Plan, state: State) -> None:
        self._run = run
        self._state = state
        self._marker = plan.marker
        self._tracked = plan.tracked
        self._renamed = dict(plan.moved)
        self._before = {after: before for before, after in plan.moved}
        self._read: dict[RemoteId, LiveTask] = {}

    def read_before(self, changes: Sequence[Change], portal: Portal) -> None:
        """Read what these changes are about to delete; raises PortalError."""
        ids = {one.id for one in _deletes(changes) if one.id is not None}
        if ids:
            self._read = read_of(portal, ids, self._tracked, self._marker)

    def level_ended(self, level: Iterable[Change]) -> None:
        """Count what a level made and took away: it decides how the next one reads."""
        self._tracked += _more(level)

    def of(self, change: Change, remote: RemoteId) -> RecordedChange:
        """Return the record of a change that was done, as planned: its parent still as KeyRef.

        Ask before its entry is dropped.
        """
        return RecordedChange(
            self._run,
            change.key,
            change.action.value,
            remote,
            change.title,
            () if change.action is Action.DELETE else self._fields(change),
            self._values_of(change, remote),
        )

    def _fields(self, change: Change) -> tuple[RecordedField, ...]:
        before = {one.name: one.before for one in change.fields}
        return tuple(
            RecordedField(
                name,
                self._parent_as_key(name, before.get(name, change.normalised.get(name, after))),
                after,
            )
            for name, after in change.body.items()
        )

    def _values_of(self, change: Change, remote: RemoteId) -> Values:
        match change.action:
            case Action.DELETE:
                return self._deleted(change, self._read.get(remote))
            case Action.FORGET:
                entry = self._state.entries.get(self._before.get(change.key, change.key))
                return _NOTHING if entry is None else entry.asked
            case _:
                return _NOTHING

    def _deleted(self, change: Change, live: LiveTask | None) -> Values:
        """Return what a task held; what the portal does not tell now, as the plan has seen it."""
        known = {one.name: one.before for one in change.fields}
        known |= {} if live is None else live.fields
        return {
            name: self._parent_as_key(name, known[name])
            for name in in_order(known)
            if not _is_empty(name, known[name])
        }

    def _parent_as_key(self, name: str, value: Value) -> Value:
        if name != "parentId" or not isinstance(value, int):
            return value
        index = self._state.index
        row = index.row_of_id(value)
        if row is None or index.created[row] == HANDED_OVER:
            return value
        key = index.key(row)
        return KeyRef(self._renamed.get(key, key))


def _is_empty(name: str, value: Value) -> bool:
    return value in {None, FIELDS[name].empty} or (is_extra(name) and value in {"", ()})


def recorded_create(intent: Intent, remote: RemoteId) -> RecordedChange:
    """Return the record of a create that was found: it belongs to the run that sent it."""
    return RecordedChange(
        intent.run,
        intent.key,
        Action.CREATE.value,
        remote,
        str(intent.sent.get("title") or intent.key),
        tuple(
            RecordedField(name, None, intent.asked.get(name, intent.sent[name]))
            for name in in_order(intent.sent)
        ),
    )
