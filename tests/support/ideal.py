"""A portal on which everything happens as asked, and the state that remembers it."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import replace

from casefiles import BLANK, PROJECT, live_task

from tasksync.core.change import Action, Change
from tasksync.core.fields import RemoteId, TaskKey, Value
from tasksync.core.plan import Plan
from tasksync.core.state import Entry, State, state_of
from tasksync.core.task import LiveTask


class IdealWorld:
    """Live tasks and entries; `apply` does a plan, level by level, and remembers it."""

    def __init__(self, entries: Iterable[Entry] = (), live: Iterable[LiveTask] = ()) -> None:
        self.entries = {entry.key: entry for entry in entries}
        self.live = {task.id: task for task in live}
        self._next = 1 + max([0, *self.live, *(entry.id for entry in self.entries.values())])

    @property
    def state(self) -> State:
        """The state as it is now."""
        return state_of(PROJECT, self.entries.values(), lineage="line")

    @property
    def tasks(self) -> tuple[LiveTask, ...]:
        """The live tasks as a listing gives them."""
        return tuple(self.live[remote] for remote in sorted(self.live))

    def change(self, remote: RemoteId, name: str, value: Value) -> None:
        """Have people change a field of a live task."""
        task = self.live[remote]
        self.live[remote] = replace(task, fields={**task.fields, name: value})

    def apply(self, plan: Plan) -> None:
        """Do all of a plan."""
        for before, after in plan.moved:
            self.entries[after] = replace(self.entries.pop(before), key=after)
        for change in plan.state_only:
            assert change.id is not None
            self.entries[change.key] = change.entry(change.id)
        adopted = {c.key: c.id for c in plan.changes if c.action is Action.ADOPT and c.id}
        for level in plan.levels:
            ids = {key: entry.id for key, entry in self.entries.items()} | adopted
            for change in level:
                self._do(change.resolved(ids), plan.marker)

    def _do(self, change: Change, marker: str | None) -> None:
        match change.action:
            case Action.CREATE:
                remote = RemoteId(self._next)
                self._next += 1
                markers = (marker,) if marker else ()
                self.live[remote] = live_task(remote, {**BLANK, **change.body}, markers=markers)
                self.entries[change.key] = change.entry(remote)
            case Action.UPDATE | Action.ADOPT | Action.DEFER:
                assert change.id is not None
                task = self.live[change.id]
                fields, markers = {**task.fields, **change.body}, task.markers
                if "tags" in change.body:  # the API sets them as a whole
                    markers = tuple(sorted({*change.markers, *((marker,) if marker else ())}))
                self.live[task.id] = replace(task, fields=fields, markers=markers)
                self.entries[change.key] = change.entry(task.id)
            case Action.DELETE:
                assert change.id is not None
                self.live.pop(change.id, None)
                del self.entries[change.key]
            case _:
                if change.writes and change.id is not None:  # its marker comes off
                    task = self.live[change.id]
                    fields = {**task.fields, **change.body}
                    self.live[task.id] = replace(task, fields=fields, markers=change.markers)
                del self.entries[change.key]

    def entry(self, key: TaskKey, plan: Plan) -> Entry | None:
        """Return the entry of a key, also under the name that a plan moves it from."""
        before = {after: before for before, after in plan.moved}
        return self.entries.get(key) or self.entries.get(before.get(key, key))
