"""build_plan: the pure function from wanted, remembered and found to a plan.

desired (what is wanted) -> refresh (what is there) -> decision (key by key) -> scope
-> ordering. Bodies are held only of what may change.
"""

from __future__ import annotations

from collections import ChainMap
from collections.abc import Iterable, Iterator, Mapping, Sequence
from types import MappingProxyType

from tasksync.core.change import Action, Change, Reason
from tasksync.core.fields import RemoteId, TaskKey
from tasksync.core.manifest import Manifest, marker_of
from tasksync.core.marking import with_marker, without_marker
from tasksync.core.plan import (
    Drift,
    Duplicate,
    HandedOver,
    Hidden,
    Orphan,
    Plan,
    Standing,
    UnreadableTask,
)
from tasksync.core.planning.decision import (
    Decision,
    adoption,
    comparison,
    creation,
    forgetting,
    removal,
    taking_over,
)
from tasksync.core.planning.desired import DIFFERS, SAME, UNSEEN, Desired, read_desired
from tasksync.core.planning.matching import Want, match
from tasksync.core.planning.ordering import followed, in_levels
from tasksync.core.planning.refresh import Found, Present, Refresh, gone, remembered
from tasksync.core.planning.renames import look_alikes
from tasksync.core.planning.scope import EVERYTHING, Scope, in_scope
from tasksync.core.planning.taking_over import comes_from, taken_over
from tasksync.core.planning.unmatched import told_apart
from tasksync.core.state import Entry, State
from tasksync.core.task import LiveTask, OnRemove, Task
from tasksync.value_classes import replace

__all__ = ["EVERYTHING", "Scope", "build_plan", "plan_from"]


def build_plan(
    manifest: Manifest,
    state: State,
    live: Iterable[LiveTask] | None,
    scope: Scope = EVERYTHING,
    sources: Mapping[str, State] = MappingProxyType({}),
) -> Plan:
    """Return the plan; `live` None takes what the state remembers for what is there.

    `sources` are the states of the projects that tasks are moved here from.

    Raises ManifestInvalid when the manifest's stream ends in problems.
    """
    wanted = read_desired(manifest.tasks(state.index), state, manifest.moved)
    wanted.takes = taken_over(manifest, wanted.new_keys(), sources, state)
    return plan_from(manifest, wanted, state, live, scope)


def plan_from(
    manifest: Manifest,
    wanted: Desired,
    state: State,
    live: Iterable[LiveTask] | None,
    scope: Scope = EVERYTHING,
    unknown: Iterable[LiveTask] = (),
    *,
    by_title: bool = False,
) -> Plan:
    """Return the plan of a manifest that was read already.

    `unknown` is what was read although `live` is None: tasks that the state cannot know.
    `by_title`: a state without entries also takes marked tasks over that agree in their title
    alone, or in all but it; else two repositories of one name would take each other's tasks.
    """
    refresh = Refresh(wanted, state, manifest.marker, everything=scope.destroy)
    found = refresh.remembered(unknown) if live is None else refresh.live(live)
    certain = not len(state.index) and not by_title
    return _Builder(manifest, wanted, state, scope, found, certain=certain).plan()


#: what leaves a task with our marker on it
_MARKED = {Action.UPDATE, Action.ADOPT, Action.NOOP}


class _Builder:
    """One plan in the making; every method adds to its lists."""

    def __init__(
        self,
        manifest: Manifest,
        wanted: Desired,
        state: State,
        scope: Scope,
        found: Found,
        *,
        certain: bool,
    ) -> None:
        self.certain = certain
        self.manifest = manifest
        self.wanted = wanted
        self.state = state
        self.index = state.index
        self.scope = scope
        self.found = found
        self.changes: dict[TaskKey, Change] = {}
        self.state_only: list[Change] = []
        self.drift: list[Drift] = []
        self.standing: list[Standing] = []
        self.duplicates: list[Duplicate] = []
        self.orphans: list[Orphan] = []
        self.unreadable: list[UnreadableTask] = []
        self.vanished = 0

    def plan(self) -> Plan:
        self._name_unreadable()
        if self.scope.destroy:
            self._remove(self.index, Reason.DESTROYED)
            self._name(self.found.unknown)
        else:
            self._compare(self._make())
            seen = self.wanted.seen
            if UNSEEN in seen:
                dropped = (key for key, row in self.index.rows.items() if seen[row] == UNSEEN)
                self._remove(dropped, Reason.DROPPED)
        return self._plan()

    def _make(self) -> Mapping[TaskKey, RemoteId]:
        """Decide on what has no task yet; return the ids of all keys that have one."""
        taken: dict[TaskKey, LiveTask] = {}
        unmatched: dict[TaskKey, tuple[Task, Entry | None]] = {}
        for task in self.wanted.new():
            take = self.wanted.takes.get(task.key)
            named = take.entry.id if take and take.entry else task.options.adopt
            adopt = self.found.adoptable.get(named or RemoteId(0))
            if adopt is not None:
                taken[task.key] = adopt
            else:
                unmatched[task.key] = task, None
        for key in gone(self.wanted, self.found):
            lost = self.wanted.task(key, self.state)
            if lost is not None:
                unmatched[key] = lost, self.state.entries[self.wanted.moved.get(key, key)]
        self.vanished = sum(entry is not None for _task, entry in unmatched.values())
        here = Present(self.wanted, self.found.present)
        matched = self._match(unmatched, {key: live.id for key, live in taken.items()}, here)
        ids = {key: live.id for key, live in (*taken.items(), *matched.items())}
        known = ChainMap(ids, here)  # type: ignore[arg-type]
        for key, live in taken.items():
            if not self._left_alone(key, live):
                self._take(self._adoption(self.wanted.retained[key], live, known), live)
        for key, (task, entry) in unmatched.items():
            if key in matched:
                found = matched[key]
                if self._left_alone(key, found):
                    continue
                self._take(adoption(task, found, Reason.LOST_STATE, known, entry), found)
            else:
                self._put(self._creation(task, entry))
        return known

    def _adoption(self, task: Task, live: LiveTask, known: Mapping[TaskKey, RemoteId]) -> Decision:
        take = self.wanted.takes.get(task.key)
        if take is None or take.entry is None:
            return adoption(task, live, Reason.ADOPTED, known)
        return taking_over(task, live, take.entry, take.origin, known)

    def _creation(self, task: Task, entry: Entry | None) -> Change:
        """Return the CREATE; it says whose the task should have been: a guard holds it back."""
        change = creation(task, self._why_made(entry), entry)
        take = self.wanted.takes.get(task.key)
        return change if take is None else replace(change, origin=take.origin)

    def _left_alone(self, key: TaskKey, live: LiveTask, *, waits: bool = True) -> bool:
        """Tell whether a task is left alone for fields that cannot be read, and name it so."""
        if live.unreadable:
            self.unreadable.append(UnreadableTask(key, live.id, live.unreadable, waits))
        return bool(live.unreadable)

    def _name_unreadable(self) -> None:
        """Name the tasks of ours that are there and cannot be read; an edit of them waits."""
        after = self.wanted.renamed
        for row, live in self.found.unreadable.items():
            before = self.index.key(row)
            key = after.get(before, before)
            moves = self.scope.destroy or self.wanted.seen[row] != SAME
            self._left_alone(key, live, waits=moves and self.scope.takes(key))

    def _why_made(self, entry: Entry | None) -> Reason:
        if entry is None:
            return Reason.NEW
        if self.index.rows[entry.key] in self.found.taken:
            return Reason.TAKEN
        return Reason.VANISHED_AGAIN if entry.remade else Reason.VANISHED

    def _match(
        self,
        unmatched: Mapping[TaskKey, tuple[Task, Entry | None]],
        taken: Mapping[TaskKey, RemoteId],
        here: Mapping[TaskKey, RemoteId],
    ) -> Mapping[TaskKey, LiveTask]:
        """Pair what has no task with marked tasks that have no key; name what stays over.

        A task that is to be adopted is never guessed.
        """
        if not self.found.unknown:
            return {}
        wants = (
            Want(key, task.fields)
            for key, (task, entry) in unmatched.items()
            if entry is not None or task.options.adopt is None
        )
        ids = ChainMap(dict(taken), here)  # type: ignore[arg-type]
        result = match(wants, self.found.unknown, ids, certain=self.certain)
        self._name(result.tasks)
        return result.pairs

    def _compare(self, ids: Mapping[TaskKey, RemoteId]) -> None:
        names = list(self.index.rows) if self.found.retained else []
        after = self.wanted.renamed
        for live in self.found.retained.values():
            row = self.index.row_of_id(live.id)
            if row is None or self.wanted.seen[row] == UNSEEN:
                continue
            before = names[row]
            key = after.get(before, before)
            task = self.wanted.task(key, self.state)
            if task is not None:
                self._take(comparison(task, self.state.entries[before], live, ids), live)

    def _name(self, unmatched: Sequence[LiveTask]) -> None:
        duplicates, orphans = told_apart(unmatched, self.state.entries.values())
        self.duplicates += duplicates
        self.orphans += orphans

    def _remove(self, keys: Iterable[TaskKey], reason: Reason) -> None:
        forgotten = set(self.manifest.removed)
        for key in keys:
            entry = self.state.entries[key]
            if key in forgotten:
                how = OnRemove.FORGET
            elif self.scope.destroy:
                how = OnRemove.DELETE
            else:
                how = entry.options.on_remove or self.manifest.policy.on_remove
            row, live = self.index.rows[key], self._there(entry)
            if row in self.found.handed_over:
                if not self._is_on_its_way(row):
                    self._put(forgetting(entry, Reason.MOVED_AWAY))
                continue
            if row in self.found.unreadable:
                continue
            if row in self.found.hidden or row in self.found.taken:
                why = Reason.HIDDEN if row in self.found.hidden else Reason.TAKEN
                self._put(forgetting(entry, why, how))
            else:
                self._take(removal(entry, live, how, reason), live)

    def _is_on_its_way(self, row: int) -> bool:
        """Tell whether a task that another project takes over still bears our marker."""
        live = self.found.handed_over[row]
        return live is not None and live.markers == (marker_of(self.manifest.project),)

    def _handed_over(self) -> Iterator[HandedOver]:
        """Yield what other projects took over and no FORGET is about."""
        after = self.wanted.renamed
        for row in self.found.handed_over:
            before = self.index.key(row)
            entry, wanted = self.state.entries[before], self.wanted.seen[row] != UNSEEN
            on_its_way = self._is_on_its_way(row)
            if entry.moved_to is not None and (wanted or on_its_way):
                key = after.get(before, before)
                back = wanted and comes_from(self.manifest, key, entry.moved_to.project)
                yield HandedOver(key, entry.id, entry.moved_to, wanted, not on_its_way, back)

    def _there(self, entry: Entry) -> LiveTask | None:
        """Return the live task of an entry; one that another entry also claims is not its own."""
        row = self.index.rows[entry.key]
        if not self.found.present[row] or self.index.row_of_id(entry.id) != row:
            return None
        return self.found.retained.get(entry.id) or remembered(entry)

    def _take(self, decision: Decision, live: LiveTask | None) -> None:
        change, marker = decision.change, self.manifest.marker
        if change.action is Action.FORGET:
            change = without_marker(change, live, marker_of(self.manifest.project))
        elif live is not None:
            if change.action in _MARKED:
                change = with_marker(change, live, marker)
            change = replace(change, created=self._created(change, live))
        if change.action is Action.NOOP:
            if decision.remember or change.key in self.wanted.moved:
                self.state_only.append(change)
        else:
            self._put(change)
        self.drift += decision.drift
        self.standing += decision.standing

    def _created(self, change: Change, live: LiveTask) -> str:
        """Return the task's createdDate: as it is there, else as it is remembered."""
        row = self.wanted.row(change.key)
        if live.created or row is None or self.index.ids[row] != live.id:
            return live.created or ""
        return self.state.entries[self.index.key(row)].created

    def _put(self, change: Change) -> None:
        self.changes[change.key] = change

    def _plan(self) -> Plan:
        changes = in_scope(self.changes, self.scope)
        moved = {} if self.scope.destroy else self.wanted.moved
        due = {moved.get(key, key) for key in self.changes}

        def told(key: TaskKey) -> bool:
            return key in changes or self.scope.takes(key)

        identity = self.state.identity
        follows = followed(changes.values(), self.index.row_of_id, self.wanted.parents)
        return Plan(
            self.manifest.project,
            identity.portal if identity else "",
            self.state.lineage,
            self.state.serial,
            tuple(in_levels(changes.values(), follows)),
            tuple(
                sorted((c for c in self.state_only if told(c.key)), key=lambda change: change.key)
            ),
            tuple(sorted((d for d in self.drift if told(d.key)), key=lambda d: (d.key, d.name))),
            tuple(self.duplicates),
            tuple(self.orphans),
            tuple(look_alikes(changes.values())),
            tuple((before, after) for after, before in moved.items()),
            unchanged=len(self.index) - sum(key in self.index for key in due),
            tracked=len(self.index),
            wanted=self.wanted.wanted,
            vanished=self.vanished,
            files=self.manifest.files,
            marker=self.manifest.marker,
            names=tuple(sorted(self.found.names.items())),
            partial=self.scope.partial,
            narrowed=self.scope.flags,
            left_out=len(self.changes) - len(changes),
            policy=self.manifest.policy,
            destroy=self.scope.destroy,
            hidden=tuple(sorted(self._hidden())),
            handed_over=tuple(sorted(self._handed_over(), key=lambda one: one.key)),
            unreadable=tuple(sorted(self.unreadable)),
            learned={self.index.key(row): date for row, date in self.found.learned.items()},
            standing=tuple(
                sorted((s for s in self.standing if told(s.key)), key=lambda s: (s.key, s.name))
            ),
        )

    def _hidden(self) -> Iterator[Hidden]:
        """Yield what is wanted and not shown by the portal, and whether an edit of it waits."""
        after = self.wanted.renamed
        for row in self.found.hidden:
            if self.wanted.seen[row] != UNSEEN:
                key = self.index.key(row)
                edited = self.wanted.seen[row] == DIFFERS
                yield Hidden(after.get(key, key), RemoteId(self.index.ids[row]), edited)
