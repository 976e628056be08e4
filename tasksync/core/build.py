"""build_plan: the pure function from wanted, remembered and found to a plan.

Bodies are held only of what may change: a live task whose digest equals the remembered one,
and whose wanted task did not change, is dropped as it passes.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from fnmatch import fnmatchcase

from tasksync.core.change import Action, Change, Reason
from tasksync.core.decision import Verdict, adoption, comparison, creation, removal
from tasksync.core.fields import (
    FIELDS,
    KeyRef,
    RemoteId,
    TaskKey,
    Value,
    digest_of,
    mask_of,
    names_in,
)
from tasksync.core.graph import ancestors, depths, levels
from tasksync.core.manifest import Manifest
from tasksync.core.matching import Want, match, title_of
from tasksync.core.ownership import Owner, owner_of
from tasksync.core.plan import Drift, Plan, Stray, Twin
from tasksync.core.state import Entry, State
from tasksync.core.survey import SAME, UNSEEN, Survey, parent_key, survey
from tasksync.core.task import LiveTask, OnRemove, Task


@dataclass(frozen=True, slots=True)
class Scope:
    """What a plan is about: globs over keys; `destroy` wants nothing of what is remembered."""

    targets: tuple[str, ...] = ()
    excludes: tuple[str, ...] = ()
    destroy: bool = False

    def takes(self, key: TaskKey) -> bool:
        """Tell whether the globs let a key in."""
        wanted = not self.targets or any(fnmatchcase(key, glob) for glob in self.targets)
        return wanted and not any(fnmatchcase(key, glob) for glob in self.excludes)

    @property
    def partial(self) -> bool:
        """Whether anything may be left out."""
        return bool(self.targets or self.excludes)


EVERYTHING = Scope()


@dataclass(slots=True)
class Found:
    """What passing the live tasks left: those to look at, and those the state does not know."""

    present: bytearray
    held: dict[RemoteId, LiveTask] = field(default_factory=dict)
    unknown: list[LiveTask] = field(default_factory=list)
    adoptable: dict[RemoteId, LiveTask] = field(default_factory=dict)
    names: dict[int, str] = field(default_factory=dict)


def build_plan(
    manifest: Manifest,
    state: State,
    live: Iterable[LiveTask] | None,
    scope: Scope = EVERYTHING,
) -> Plan:
    """Return the plan; `live` None takes what the state remembers for what is there.

    Raises ManifestInvalid when the manifest's stream ends in problems.
    """
    wanted = survey(manifest.tasks, state, manifest.moved)
    return plan_from(manifest, wanted, state, live, scope)


def plan_from(
    manifest: Manifest,
    wanted: Survey,
    state: State,
    live: Iterable[LiveTask] | None,
    scope: Scope = EVERYTHING,
) -> Plan:
    """Return the plan of a survey that was made already."""
    return _Builder(manifest, wanted, state, scope).build(live)


class _Builder:
    """One plan in the making; every method adds to its lists."""

    def __init__(self, manifest: Manifest, wanted: Survey, state: State, scope: Scope) -> None:
        self.manifest = manifest
        self.wanted = wanted
        self.state = state
        self.heads = state.heads
        self.scope = scope
        self.changes: dict[TaskKey, Change] = {}
        self.quiet: list[Change] = []
        self.drift: list[Drift] = []
        self.twins: list[Twin] = []
        self.strays: list[Stray] = []
        self.vanished = 0
        self.found = Found(bytearray(len(self.heads)))
        self.ids: Mapping[TaskKey, RemoteId] = {}
        self.tasks: dict[TaskKey, Task] = dict(wanted.held)

    def build(self, live: Iterable[LiveTask] | None) -> Plan:
        self._pass(live)
        self._vanished_parents_children()
        self.ids = _Ids(self)
        if self.scope.destroy:
            self._remove(self.heads, Reason.DESTROYED)
        else:
            self._compare()
            self._make()
            seen = self.wanted.seen
            dropped = [key for key, row in self.heads.rows.items() if seen[row] == UNSEEN]
            self._remove(dropped, Reason.DROPPED)
        return self._plan()

    def _pass(self, live: Iterable[LiveTask] | None) -> None:
        if live is None:
            self._pass_remembered()
            return
        adopts = self.wanted.adopts()
        found, heads, seen = self.found, self.heads, self.wanted.seen
        masks: dict[int, tuple[str, ...]] = {}
        always = b"\x01" * len(heads) if self.scope.destroy else heads.deferred
        for task in live:
            row = heads.row_of_id(task.id)
            if row is not None:
                found.present[row] = 1
                mask = heads.masks[row]
                names = masks.get(mask) or masks.setdefault(mask, names_in(mask))
                if seen[row] != SAME or always[row] or _moved(task, names, heads.found(row)):
                    self._hold(task)
                continue
            owner = owner_of(task, heads, self.manifest.marker, adopts)
            if owner is Owner.ADOPTABLE:
                found.adoptable[task.id] = task
            elif owner is Owner.CANDIDATE:
                found.unknown.append(task)
            found.names.update(task.names)

    def _hold(self, task: LiveTask) -> None:
        self.found.held[task.id] = task
        self.found.names.update(task.names)

    def _pass_remembered(self) -> None:
        self.found.present = bytearray(b"\x01" * len(self.heads))
        for key, row in self.heads.rows.items():
            if self.wanted.seen[row] != SAME or self.heads.deferred[row]:
                entry = self.state.entries[key]
                self.found.held[entry.id] = remembered(entry)

    def _vanished_parents_children(self) -> None:
        """Hold the children of what will be made again: their parent gets another id."""
        seen, present = self.wanted.seen, self.found.present
        gone = {
            key for key, row in self.heads.rows.items() if seen[row] != UNSEEN and not present[row]
        }
        if not gone:
            return
        bit = mask_of(("parentId",))
        for key, row in self.heads.rows.items():
            if present[row] and seen[row] == SAME and self.heads.masks[row] & bit:
                entry = self.state.entries[key]
                parent = entry.asked.get("parentId")
                if isinstance(parent, KeyRef) and parent.key in gone:
                    self.found.held.setdefault(entry.id, remembered(entry))

    def _compare(self) -> None:
        names = {row: key for key, row in self.heads.rows.items()} if self.found.held else {}
        back = {before: after for after, before in self.wanted.moved.items()}
        for live in list(self.found.held.values()):
            row = self.heads.row_of_id(live.id)
            if row is None or self.wanted.seen[row] == UNSEEN:
                continue
            before = names[row]
            key = back.get(before, before)
            task = self.wanted.task(key, self.state)
            if task is not None and self.scope.takes(key):
                self._take(comparison(task, self.state.entries[before], live, self.ids))

    def _make(self) -> None:
        new: list[Task] = []
        for key, task in self.wanted.held.items():
            if self.wanted.row(key) is None:
                adopt = self.found.adoptable.get(task.options.adopt or RemoteId(0))
                if adopt is not None:
                    self._take(adoption(task, adopt, Reason.ADOPTED, self.ids))
                else:
                    new.append(task)
        for key in self._gone():
            gone = self.wanted.task(key, self.state)
            if gone is not None:
                entry = self.state.entries[self.wanted.moved.get(key, key)]
                self.vanished += 1
                self._put(creation(gone, Reason.VANISHED, entry))
        self._match(new)

    def _gone(self) -> list[TaskKey]:
        back = {before: after for after, before in self.wanted.moved.items()}
        present, seen = self.found.present, self.wanted.seen
        return [
            back.get(key, key)
            for key, row in self.heads.rows.items()
            if not present[row] and seen[row] != UNSEEN
        ]

    def _match(self, new: list[Task]) -> None:
        unknown = self.found.unknown
        left = match([_want(task) for task in new], unknown, self.ids) if unknown else None
        pairs = left.pairs if left else {}
        known = {**{key: live.id for key, live in pairs.items()}}
        for task in new:
            if task.key in pairs:
                ids = _Over(known, self.ids)
                self._take(adoption(task, pairs[task.key], Reason.LOST_STATE, ids))
            else:
                self._put(creation(task, Reason.NEW))
        self._name(left.tasks if left else ())

    def _name(self, unmatched: Iterable[LiveTask]) -> None:
        """Tell twins of what we have from tasks that nobody can place."""
        unmatched = list(unmatched)
        if not unmatched:
            return
        titles: dict[str, Entry] = {}
        for entry in self.state.entries.values():
            titles.setdefault(title_of(entry.found), entry)
        for task in unmatched:
            title = str(task.fields.get("title", ""))
            twin = titles.get(title_of(task.fields))
            if twin is not None:
                self.twins.append(Twin(twin.key, twin.id, task.id, title))
            else:
                self.strays.append(Stray(task.id, title))

    def _remove(self, keys: Iterable[TaskKey], reason: Reason) -> None:
        forgotten = set(self.manifest.removed)
        for key in keys:
            if not self.scope.takes(key):
                continue
            entry = self.state.entries[key]
            live = self.found.held.get(entry.id)
            if live is None and self.found.present[self.heads.rows[key]]:
                live = remembered(entry)
            how = entry.options.on_remove or self.manifest.policy.on_remove
            if self.scope.destroy:
                how = OnRemove.DELETE
            elif key in forgotten:
                how = OnRemove.FORGET
            self._take(removal(entry, live, how, reason))

    def _take(self, verdict: Verdict) -> None:
        if verdict.change.action is Action.NOOP:
            if verdict.remember or verdict.change.key in self.wanted.moved:
                self.quiet.append(verdict.change)
        else:
            self._put(verdict.change)
        self.drift += verdict.drift

    def _put(self, change: Change) -> None:
        self.changes[change.key] = change

    def _plan(self) -> Plan:
        self._narrow()
        changes = list(self.changes.values())
        untouched = self.heads.rows.keys() - {
            self.wanted.moved.get(key, key) for key in self.changes
        }
        moved = tuple((before, after) for after, before in self.wanted.moved.items())
        return Plan(
            self.manifest.project,
            self.state.identity.portal if self.state.identity else "",
            self.state.lineage,
            self.state.serial,
            tuple(_levels(changes)),
            tuple(sorted(self.quiet, key=lambda change: change.key)),
            tuple(sorted(self.drift, key=lambda drift: (drift.key, drift.name))),
            tuple(self.twins),
            tuple(self.strays),
            tuple(_renames(changes)),
            moved,
            unchanged=len(untouched),
            tracked=len(self.heads),
            wanted=self.wanted.wanted,
            vanished=self.vanished,
            files=self.manifest.files,
            marker=self.manifest.marker,
            names=tuple(sorted(self.found.names.items())),
            partial=self.scope.partial,
            policy=self.manifest.policy,
            destroy=self.scope.destroy,
        )

    def _narrow(self) -> None:
        """Under --target take the parents along; under --exclude leave out what hangs on them."""
        if not self.scope.partial:
            return
        parents = {key: parent for key, task in self.tasks.items() if (parent := parent_key(task))}
        making = {key for key, change in self.changes.items() if change.action is Action.CREATE}
        kept: dict[TaskKey, Change] = {}
        for key, change in self.changes.items():
            above = [parent for parent in ancestors(key, parents) if parent in making]
            if self._picked(key) and not any(self._excluded(parent) for parent in above):
                kept |= {parent: self.changes[parent] for parent in reversed(above)}
                kept[key] = change
        self.changes = kept

    def _picked(self, key: TaskKey) -> bool:
        return self.scope.takes(key)

    def _excluded(self, key: TaskKey) -> bool:
        return any(fnmatchcase(key, glob) for glob in self.scope.excludes)


class _Ids(Mapping[TaskKey, RemoteId]):
    """The ids of wanted keys that are remembered and still there."""

    def __init__(self, builder: _Builder) -> None:
        self._builder = builder

    def __getitem__(self, key: TaskKey) -> RemoteId:
        row = self._builder.wanted.row(key)
        if row is None or not self._builder.found.present[row]:
            raise KeyError(key)
        return RemoteId(self._builder.heads.ids[row])

    def __iter__(self) -> Iterator[TaskKey]:
        return iter(self._builder.heads)

    def __len__(self) -> int:
        return len(self._builder.heads)


class _Over(Mapping[TaskKey, RemoteId]):
    """One mapping of ids laid over another."""

    def __init__(
        self, first: Mapping[TaskKey, RemoteId], second: Mapping[TaskKey, RemoteId]
    ) -> None:
        self._first = first
        self._second = second

    def __getitem__(self, key: TaskKey) -> RemoteId:
        return self._first[key] if key in self._first else self._second[key]

    def __iter__(self) -> Iterator[TaskKey]:
        return iter({*self._first, *self._second})

    def __len__(self) -> int:
        return len({*self._first, *self._second})


def remembered(entry: Entry) -> LiveTask:
    """Return a live task as the state remembers it: for --no-refresh."""
    fields = {name: value for name, value in entry.found.items() if not isinstance(value, KeyRef)}
    if entry.deferred:
        fields["status"] = 6
    return LiveTask(entry.id, fields)


def _moved(task: LiveTask, names: tuple[str, ...], digest: bytes) -> bool:
    fields = task.fields
    try:
        return digest_of({name: fields[name] for name in names}) != digest
    except KeyError:
        return True


def _want(task: Task) -> Want:
    sent: dict[str, Value] = dict(task.fields)
    return Want(task.key, sent)


def _levels(changes: list[Change]) -> Iterator[tuple[Change, ...]]:
    """Makers level by level, parents first; then removals, children first; last what is silent."""
    removing = {Action.DELETE}
    making = [c for c in changes if c.action not in removing | {Action.FORGET}]
    parents = _new_parents(making)
    by_key = {change.key: change for change in making}
    for level in levels(sorted(by_key, key=lambda key: _order(by_key[key])), depths(parents)):
        yield tuple(by_key[key] for key in level)
    deleting = {c.key: c for c in changes if c.action in removing}
    depth = depths(_live_parents(deleting))
    for level in reversed(levels(sorted(deleting), depth)):
        yield tuple(deleting[key] for key in level)
    silent = tuple(sorted((c for c in changes if c.action is Action.FORGET), key=lambda c: c.key))
    if silent:
        yield silent


def _order(change: Change) -> tuple[str, int, TaskKey]:
    place = change.place
    return (place.file, place.line, change.key) if place else ("", 0, change.key)


def _new_parents(making: list[Change]) -> dict[TaskKey, TaskKey]:
    created = {change.key for change in making if change.action is Action.CREATE}
    return {change.key: key for change in making for key in change.unresolved if key in created}


def _live_parents(deleting: Mapping[TaskKey, Change]) -> dict[TaskKey, TaskKey]:
    by_id: dict[object, TaskKey] = {change.id: key for key, change in deleting.items()}
    found: dict[TaskKey, TaskKey] = {}
    for key, change in deleting.items():
        for one in change.fields:
            above = by_id.get(one.before) if one.name == "parentId" else None
            if above is not None and above != key:
                found[key] = above
    return found


def _renames(changes: list[Change]) -> Iterator[tuple[TaskKey, TaskKey]]:
    """Pairs of a removed and a new key that look like one task: same title, or the same body."""
    free: dict[object, list[TaskKey]] = defaultdict(list)
    for change in changes:
        if change.action is Action.CREATE and change.reason is Reason.NEW:
            for sign in _signs(change, {one.name: one.after for one in change.fields}):
                free[sign].append(change.key)
    taken: set[TaskKey] = set()
    for change in changes:
        if change.action in {Action.DELETE, Action.DEFER}:
            signs = _signs(change, {one.name: one.before for one in change.fields})
            new = next((k for sign in signs for k in free.get(sign, ()) if k not in taken), None)
            if new is not None:
                taken.add(new)
                yield change.key, new


def _signs(change: Change, values: dict[str, Value]) -> Iterator[object]:
    yield " ".join(change.title.split())
    values.pop("title", None)
    kept = {name: value for name, value in values.items() if value != FIELDS[name].empty}
    if kept.get("description") or kept.get("deadline"):
        yield digest_of(kept)
