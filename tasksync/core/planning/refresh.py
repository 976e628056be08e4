"""Live tasks as they are read: what equals the remembered is dropped, the rest is retained.

Held are the bodies of what may change; of 100 000 unchanged tasks a byte each is left.
"""

from __future__ import annotations

from array import array
from collections.abc import Iterable, Iterator, Mapping

from tasksync.core.fields import (
    DEFERRED,
    EXTRA_BIT,
    KeyRef,
    RemoteId,
    TaskKey,
    digest_named,
    extras_in,
    names_in,
)
from tasksync.core.manifest import marker_of
from tasksync.core.ownership import Owner, owner_of, row_is_own
from tasksync.core.planning.desired import NEW_PARENT, NO_PARENT, SAME, UNSEEN, Desired
from tasksync.core.planning.taking_over import takes
from tasksync.core.state import HANDED_OVER, NO_DATE, NOT_SHOWN, Entry, State
from tasksync.core.task import LiveTask
from tasksync.value_classes import dataclass, field, replace


@dataclass(slots=True)
class Found:
    """What reading the live tasks left: those to look at, and those the state does not know.

    `present` has a byte for each row of the index.
    `taken` are rows whose id is another task's now; `hidden` rows that the portal does not show,
    though it gave them an id; `learned` the createdDate ("" where there is none) of rows that
    were not known to be shown, or not with a date. `unreadable` are rows whose task is there, but
    has fields that cannot be read: it is left alone. `handed_over` are rows that other projects
    took over, each with its task where that was seen: they count as there.
    """

    present: bytearray
    taken: dict[int, LiveTask] = field(default_factory=dict)
    hidden: set[int] = field(default_factory=set)
    learned: dict[int, str] = field(default_factory=dict)
    unreadable: dict[int, LiveTask] = field(default_factory=dict)
    handed_over: dict[int, LiveTask | None] = field(default_factory=dict)
    retained: dict[RemoteId, LiveTask] = field(default_factory=dict)
    unknown: list[LiveTask] = field(default_factory=list)
    adoptable: dict[RemoteId, LiveTask] = field(default_factory=dict)
    names: dict[int, str] = field(default_factory=dict)


class Refresh:
    """Compares live tasks with what is wanted; `everything` retains all of ours."""

    def __init__(
        self, wanted: Desired, state: State, marker: str | None, *, everything: bool
    ) -> None:
        self._wanted = wanted
        self._state = state
        self._index = wanted.index
        self._marker = marker
        self._mark = marker_of(state.project)
        self._adopts = wanted.adopts()
        self._takes = takes(wanted.takes)
        self._released = frozenset(state.released)
        self._everything = everything
        self._extras: list[tuple[str, ...]] = []
        self.found = Found(bytearray(len(self._index)))

    def live(self, tasks: Iterable[LiveTask]) -> Found:
        """Return what reading the portal left."""
        self._handed_over()
        self._pass(tasks)
        self._hidden()
        self._children_of_the_gone()
        return self.found

    def remembered(self, unknown: Iterable[LiveTask]) -> Found:
        """Return what there is when the state is taken for what is there.

        `unknown` are tasks that were read all the same, since the state cannot know them.
        """
        found, seen, parents = self.found, self._wanted.seen, self._wanted.parents
        found.present = bytearray(b"\x01" * len(self._index))
        self._handed_over()
        for row in found.handed_over:  # whether it has left is not looked at
            entry = self._state.entries[self._index.key(row)]
            found.handed_over[row] = replace(remembered(entry), markers=(self._mark,))
        away = self._index.deferred
        if seen.count(SAME) < len(seen) or NEW_PARENT in parents or any(away):
            for key, row in self._index.rows.items():
                if seen[row] == SAME and not away[row] and parents[row] != NEW_PARENT:
                    continue
                if row not in found.handed_over:
                    self._retain(remembered(self._state.entries[key]))
        for task in unknown:
            known = self._index.row_of_id(task.id)
            if known is None or not self._is_own(known, task):
                self._not_remembered(task)
        return found

    def _pass(self, tasks: Iterable[LiveTask]) -> None:
        index, present = self._index, self.found.present
        ours = (self._marker,) if self._marker is not None else ()
        seen, parents, ids = self._wanted.seen, self._wanted.parents, index.ids
        always = b"\x01" * len(index) if self._everything else index.deferred
        masks: dict[int, tuple[str, ...]] = {}
        extras = 1 << EXTRA_BIT
        handed_over = self.found.handed_over
        for task in tasks:
            row = index.row_of_id(task.id)
            if row is None:
                self._not_remembered(task)
                continue
            if row in handed_over:
                handed_over[row] = task
                continue
            if task.unreadable:
                present[row] = 1
                self.found.unreadable[row] = task
                continue
            if not self._is_own(row, task):
                self.found.taken[row] = task
                self._not_remembered(task)
                continue
            present[row] = 1
            if index.created[row] <= NO_DATE and (task.created or index.created[row] == NOT_SHOWN):
                self.found.learned[row] = task.created or ""
            mask = index.masks[row]
            names = masks.get(mask) or masks.setdefault(mask, names_in(mask))
            above = parents[row]
            if (
                seen[row] != SAME
                or always[row]
                or (ours and task.markers != ours)
                or (above != NO_PARENT and _elsewhere(task, above, ids))
                or (
                    self._differs_with_extras(row, task, names)
                    if mask & extras
                    else _differs(task, names, index.found(row))
                )
            ):
                self._retain(task)

    def _differs_with_extras(self, row: int, task: LiveTask, names: tuple[str, ...]) -> bool:
        """Tell what `_differs` tells of a task with extra fields: the columns do not name them.

        Most tasks of a project have the same ones: those of tasks before are tried first.
        """
        digest = self._index.found(row)
        if any(not _differs(task, names + extras, digest) for extras in self._extras):
            return False
        own = extras_in(self._state.entries[self._index.key(row)].asked)
        if own in self._extras:
            return True
        self._extras.append(own)
        return _differs(task, names + own, digest)

    def _is_own(self, row: int, task: LiveTask) -> bool:
        return row_is_own(self._state, row, task, self._mark)

    def _handed_over(self) -> None:
        """Count what other projects took over as there: nothing is made for it again."""
        created = self._index.created
        if HANDED_OVER not in created:
            return
        for row, when in enumerate(created):
            if when == HANDED_OVER:
                self.found.handed_over[row] = None
                self.found.present[row] = 1

    def _hidden(self) -> None:
        """Find what was made and is not shown yet: it counts as there."""
        present, created = self.found.present, self._index.created
        if 0 not in present:
            return
        for row, there in enumerate(present):
            if there or created[row] != NOT_SHOWN or row in self.found.taken:
                continue
            if self._state.entries[self._index.key(row)].hidden:
                self.found.hidden.add(row)
                present[row] = 1

    def _retain(self, task: LiveTask) -> None:
        self.found.retained[task.id] = task
        self.found.names.update(task.names)

    def _not_remembered(self, task: LiveTask) -> None:
        if self._takes and (take := self._takes.get(task.id)) is not None:
            if take.is_it(task, self._mark):
                self.found.adoptable[task.id] = task
                self.found.names.update(task.names)
            return
        matched = self._marker is not None
        owner = owner_of(task, self._mark, self._adopts, matched=matched)
        if owner is Owner.ADOPTABLE:
            self.found.adoptable[task.id] = task
        elif owner is Owner.CANDIDATE and task.id not in self._released:
            self.found.unknown.append(task)
        else:
            return
        self.found.names.update(task.names)

    def _children_of_the_gone(self) -> None:
        """Retain the children of what will be made again: their parent gets another id."""
        present, seen, retained = self.found.present, self._wanted.seen, self.found.retained
        keys: list[TaskKey] = []
        for row, above in enumerate(self._wanted.parents):
            if above < 0 or present[above] or not present[row] or seen[row] != SAME:
                continue
            if self._index.ids[row] not in retained:
                keys = keys or list(self._index.rows)
                self._retain(remembered(self._state.entries[keys[row]]))


class Present(Mapping[TaskKey, RemoteId]):
    """The ids of wanted keys that are remembered and still there."""

    def __init__(self, wanted: Desired, present: bytearray) -> None:
        self._wanted = wanted
        self._present = present

    def __getitem__(self, key: TaskKey) -> RemoteId:
        row = self._wanted.row(key)
        if row is None or not self._present[row]:
            raise KeyError(key)
        return RemoteId(self._wanted.index.ids[row])

    def __iter__(self) -> Iterator[TaskKey]:
        after = self._wanted.renamed
        rows = self._wanted.index.rows.items()
        return (after.get(key, key) for key, row in rows if self._present[row])

    def __len__(self) -> int:
        return sum(self._present)


def gone(wanted: Desired, found: Found) -> list[TaskKey]:
    """Return the wanted keys whose remembered task is no longer there."""
    if 0 not in found.present:
        return []
    after = wanted.renamed
    return [
        after.get(key, key)
        for key, row in wanted.index.rows.items()
        if not found.present[row] and wanted.seen[row] != UNSEEN
    ]


def remembered(entry: Entry) -> LiveTask:
    """Return a live task as the state remembers it: for --no-refresh."""
    fields = {name: value for name, value in entry.found.items() if not isinstance(value, KeyRef)}
    if entry.deferred:
        fields["status"] = DEFERRED
    return LiveTask(entry.id, fields, created=entry.created or None, read=False)


def _elsewhere(task: LiveTask, above: int, ids: array[int]) -> bool:
    """Tell whether a task hangs on another than the one that its wanted parent is now."""
    return above == NEW_PARENT or task.fields.get("parentId") != ids[above]


def _differs(task: LiveTask, names: tuple[str, ...], digest: bytes) -> bool:
    try:
        return digest_named(task.fields, names) != digest
    except KeyError:
        return True
