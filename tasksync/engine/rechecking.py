"""A plan held against now: what may be done, what moved since, what was done already."""

from __future__ import annotations

from collections.abc import Collection, Container, Iterable, Mapping, Sequence
from types import MappingProxyType

from tasksync.core.change import Action, Change, Reason
from tasksync.core.fields import RemoteId, TaskKey, instant
from tasksync.core.manifest import marker_of
from tasksync.core.ownership import is_own
from tasksync.core.plan import Plan
from tasksync.core.planning.matching import Matches, Want, match
from tasksync.core.planning.unmatched import told_apart
from tasksync.core.ports import Portal
from tasksync.core.staleness import (
    Stale,
    found_by_marker,
    is_done,
    of_another_project,
    of_another_task,
    of_no_project,
    saw,
    stale,
)
from tasksync.core.state import NO_DATE, Entry, State
from tasksync.core.task import LiveTask
from tasksync.engine.extra_reading import read_extras_of
from tasksync.value_classes import dataclass, replace


@dataclass(frozen=True, slots=True)
class Checked:
    """A saved plan held against now: what may be done, what moved, what was done already.

    `made` are the keys of creates whose task is on the portal, with our marker and without an
    entry; `touched` those that were left out because a later run changed them.
    """

    plan: Plan
    stale: Mapping[TaskKey, Sequence[Stale]]
    done: tuple[TaskKey, ...]
    made: tuple[TaskKey, ...] = ()
    touched: tuple[TaskKey, ...] = ()


def checked(
    plan: Plan,
    state: State,
    portal: Portal,
    touched: Collection[TaskKey] = (),
    sources: Mapping[str, State] = MappingProxyType({}),
) -> Checked:
    """Hold every change of a plan against its own before-values and its own entry, as read now.

    Before a create the marked tasks that the state does not know are looked at: one that fits
    was made already. `touched` is left out where it is not done. `sources` are the states of the
    projects that tasks are moved here from.
    """
    read_extras_of(portal, plan, state)
    now = _Now(plan, state, portal)
    moved: dict[TaskKey, Sequence[Stale]] = {}
    done: list[TaskKey] = []
    passed: list[TaskKey] = []
    for change in plan.changes:
        entry, found, meant = now.entry(change.key), now.task(change), now.resolved(change)
        if is_done(meant, entry, found):
            done.append(change.key)
        elif change.key in touched:
            passed.append(change.key)
        elif reasons := (
            of_no_project(change, sources, plan.project)
            or now.taken(change)
            or stale(meant, entry, found)
            or now.parent_gone(change)
        ):
            moved[change.key] = reasons
    left_out = {*moved, *done, *passed}
    made = now.made([c for c in plan.changes if c.key not in left_out])
    moved |= {
        c.key: found_by_marker(c, made.pairs[c.key]) for c in plan.changes if c.key in made.pairs
    }
    left_out |= moved.keys()
    levels = [[c for c in level if c.key not in left_out] for level in plan.levels]
    kept = replace(
        plan,
        levels=tuple(tuple(level) for level in levels if level),
        state_only=tuple(
            change for change in plan.state_only if saw(change, now.entry(change.key))
        ),
        tracked=len(state.index),
        in_doubt=tuple(intent.key for intent in state.intents),
        orphans=told_apart(made.tasks, state.entries.values())[1],
        learned=now.learned(plan.changes),
    )
    return Checked(_as_is(kept, now.live), moved, tuple(done), tuple(made.pairs), tuple(passed))


class _Now:
    """What is remembered and what is there of the keys that a saved plan speaks of."""

    def __init__(self, plan: Plan, state: State, portal: Portal) -> None:
        self._state = state
        self._marker = plan.marker
        self._mark = marker_of(plan.project)
        self._before = {after: before for before, after in plan.moved}
        self._creating = {c.key for c in plan.changes if c.action is Action.CREATE}
        self._entries: dict[TaskKey, Entry | None] = {}  # each is read from the store once
        self._unknown: list[LiveTask] = []
        self.live = self._read(list(plan.changes), portal)

    def entry(self, key: TaskKey) -> Entry | None:
        """Return the entry of a key, also under the name that the plan moves it from."""
        if key not in self._entries:
            found = self._state.entries.get(key)
            self._entries[key] = found or self._state.entries.get(self._before.get(key, key))
        return self._entries[key]

    def learned(self, changes: Iterable[Change]) -> dict[TaskKey, str]:
        """Return what this reading shows of tasks that were not known to be shown, or when made."""
        seen = ((self.entry(change.key), self.task(change)) for change in changes)
        return {
            entry.key: live.created or ""
            for entry, live in seen
            if entry is not None and live is not None and entry.id == live.id
            if entry.hidden or entry.remade or (live.created and not entry.created)
        }

    def task(self, change: Change) -> LiveTask | None:
        """Return the task that a change is about; another's task under its id is not it."""
        live = self._row(change)
        return None if live is None or not self._is_own(change, live) else live

    def _row(self, change: Change) -> LiveTask | None:
        remote = change.id if change.action is Action.ADOPT else self._id(change.key) or change.id
        return None if remote is None else self.live.get(remote)

    def _is_own(self, change: Change, live: LiveTask) -> bool:
        """Tell whether a row is the entry's own; what is to be adopted has no entry of its id."""
        entry = None if change.action is Action.ADOPT else self.entry(change.key)
        return entry is None or entry.id != live.id or is_own(entry, live, self._mark)

    def resolved(self, change: Change) -> Change:
        """Return a change with the ids of the parents that are there by now."""
        ids = {key: remote for key in change.unresolved if (remote := self._id(key)) in self.live}
        return change if len(ids) < len(change.unresolved) else change.resolved(ids)

    def parent_gone(self, change: Change) -> list[Stale]:
        """Return that a parent which the plan does not make is no longer there."""
        return [
            Stale(change.key, "parentId", f"task {remote}", "gone from the portal")
            for key in change.unresolved
            if key not in self._creating
            and (remote := self._id(key)) is not None
            and remote not in self.live
        ]

    def taken(self, change: Change) -> list[Stale]:
        """Return that the task of a change is another's by now, or another project's."""
        live = self._row(change)
        if live is None or change.action is Action.CREATE or change.reason is Reason.TAKEN:
            return []
        theirs = of_another_project(change, live, self._mark)
        return theirs or ([] if self._is_own(change, live) else of_another_task(change, live))

    def made(self, changes: Sequence[Change]) -> Matches:
        """Pair the creates among these with marked tasks that the state does not know."""
        creates = [change for change in changes if change.action is Action.CREATE]
        if not creates or not self._unknown:
            return Matches({}, (), ())
        parents = {key for change in creates for key in change.unresolved}
        ids = {key: remote for key in parents if (remote := self._id(key)) is not None}
        return match([Want(c.key, c.body) for c in creates], self._unknown, ids)

    def _id(self, key: TaskKey) -> RemoteId | None:
        index = self._state.index
        row = index.row(key)
        row = index.row(self._before.get(key, key)) if row is None else row
        return None if row is None else RemoteId(index.ids[row])

    def _read(self, changes: Sequence[Change], portal: Portal) -> dict[RemoteId, LiveTask]:
        keys = {key for change in changes for key in (change.key, *change.unresolved)}
        ids = {remote for key in keys if (remote := self._id(key)) is not None}
        ids |= {change.id for change in changes if change.id is not None}
        adopted = {c.id for c in changes if c.action is Action.ADOPT and c.id is not None}
        by_list = self._creating or len(ids) > len(self._state.index) // 100 + 50
        ours: dict[RemoteId, LiveTask] = {}
        for task in portal.find(self._marker if by_list else None, ids):
            if task.id in ids:
                ours[task.id] = task
            if self._is_unknown(task, adopted):
                self._unknown.append(task)
        return ours

    def _is_unknown(self, task: LiveTask, adopted: Container[RemoteId]) -> bool:
        """Tell whether a task bears our marker alone, and neither entry nor note explains it."""
        index = self._state.index
        row = index.row_of_id(task.id)
        if task.markers != (self._marker,) or task.id in self._state.released or task.id in adopted:
            return False
        known = None if row is None else index.created[row]
        if known is None or known <= NO_DATE or not task.created:
            return known is None
        return instant(task.created) != known


def _as_is(plan: Plan, live: Mapping[RemoteId, LiveTask]) -> Plan:
    """Return the plan with what people did since on the tasks that are to go.

    A task that is forgotten and gone by now has no marker to take off.
    """

    def fresh(change: Change) -> Change:
        now = live.get(change.id) if change.id is not None else None
        if change.action is Action.FORGET and now is None:
            return replace(change, fields=(), sent_together={})
        if change.action is not Action.DELETE or now is None:
            return change
        return replace(change, activity=now.activity)

    return replace(plan, levels=tuple(tuple(map(fresh, level)) for level in plan.levels))
