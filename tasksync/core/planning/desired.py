"""The manifest's stream against the remembered index: what may be dropped, what is retained.

A task whose digest equals the remembered one leaves 13 bytes in columns; every other task is
retained whole, because the plan will have to look at it.
"""

from __future__ import annotations

from array import array
from collections.abc import Iterable, Iterator

from tasksync.core.fields import RemoteId, TaskKey
from tasksync.core.manifest import Moved, Wanted, is_instance
from tasksync.core.planning.taking_over import TakeOver
from tasksync.core.state import EntryIndex, State
from tasksync.core.task import Place, Task
from tasksync.value_classes import dataclass, field

UNSEEN, SAME, DIFFERS = range(3)
#: what stands in `parents` where no row of the index can: no parent, or one that has no entry
NO_PARENT, NEW_PARENT = -1, -2


@dataclass(slots=True)
class Desired:
    """What reading the manifest found; rows are rows of `index`.

    `retained` are tasks that are new or differ; `moved` maps a new key to the remembered one;
    `parents` holds the row of the task that a row's task names as its parent; `takes` what new
    keys take over from other projects, once that was looked up.
    """

    index: EntryIndex
    seen: bytearray
    lines: array[int]
    places: array[int]
    parents: array[int]
    files: list[str] = field(default_factory=list)
    retained: dict[TaskKey, Task] = field(default_factory=dict)
    moved: dict[TaskKey, TaskKey] = field(default_factory=dict)
    takes: dict[TaskKey, TakeOver] = field(default_factory=dict)
    wanted: int = 0

    @property
    def renamed(self) -> dict[TaskKey, TaskKey]:
        """The new key of each remembered one that is moved."""
        return {before: after for after, before in self.moved.items()}

    def row(self, key: TaskKey) -> int | None:
        """Return the row that remembers a wanted key, also under the name it had before."""
        return self.index.row(self.moved.get(key, key))

    def task(self, key: TaskKey, state: State) -> Task | None:
        """Return a wanted task; one that equals its entry is made from the entry."""
        if key in self.retained:
            return self.retained[key]
        row = self.row(key)
        if row is None or self.seen[row] != SAME:
            return None
        entry = state.entries[self.moved.get(key, key)]
        place = Place(self.files[self.places[row]], self.lines[row])
        return Task(key, entry.asked, place, entry.options, entry.written)

    def new(self) -> list[Task]:
        """Return the wanted tasks without an entry."""
        return [task for key, task in self.retained.items() if self.row(key) is None]

    def new_keys(self) -> dict[TaskKey, Task]:
        """Return the wanted tasks without an entry, by key."""
        return {task.key: task for task in self.new()}

    def adopts(self) -> dict[RemoteId, TaskKey]:
        """Return the ids that tasks without an entry want to take over."""
        named = {
            task.options.adopt: task.key for task in self.new() if task.options.adopt is not None
        }
        return named | {one.entry.id: key for key, one in self.takes.items() if one.entry}


def read_desired(tasks: Iterable[Wanted], state: State, moved: Iterable[Moved] = ()) -> Desired:
    """Read the manifest's stream to its end; raises what the stream raises."""
    index = state.index
    zeros, none = bytes(4 * len(index)), b"\xff" * (4 * len(index))
    found = Desired(
        index, bytearray(len(index)), array("I", zeros), array("I", zeros), array("i", none)
    )
    moves = tuple(move for move in moved if not move.project)
    found.moved = _moves(moves, index)
    of_instances = found.moved.keys() - {move.after for move in moves}
    _read(tasks, found)
    for after in of_instances:
        row = index.rows[found.moved[after]]
        if found.seen[row] == UNSEEN:  # no task of the new instance: the old one is removed
            del found.moved[after]
    return found


def _moves(moved: Iterable[Moved], index: EntryIndex) -> dict[TaskKey, TaskKey]:
    """Return the moves that are still to be made, each key once on either side."""
    taken: dict[TaskKey, TaskKey] = {}
    instances = []
    for move in moved:
        if is_instance(move.before):
            instances.append(move)
        elif move.before in index and move.after not in index:
            taken.setdefault(move.before, move.after)
    for move in instances:  # a key that is named itself is moved as that says
        for before, after in _of_instance(move, index):
            taken.setdefault(before, after)
    return {after: before for before, after in reversed(taken.items())}


def _of_instance(move: Moved, index: EntryIndex) -> Iterator[tuple[TaskKey, TaskKey]]:
    """Yield the remembered keys of an instance with their new ones."""
    for key in index.rows:
        if key.startswith(move.before):
            after = TaskKey(move.after + key.removeprefix(move.before))
            if after not in index:
                yield key, after


def _read(tasks: Iterable[Wanted], found: Desired) -> None:
    moved, seen, lines, places = found.moved, found.seen, found.lines, found.places
    asks, row_of = found.index.asks, found.index.rows.get
    numbers: dict[str, int] = {}
    count, last, place = 0, None, 0
    for key, digest, parent, file, line, task in tasks:
        count += 1
        row = row_of(moved.get(key, key) if moved else key)
        if row is None:
            found.retained[key] = task()
            continue
        if file is not last:
            last, place = file, numbers.setdefault(file, len(numbers))
        if asks(row, digest):
            seen[row] = SAME
        else:
            seen[row] = DIFFERS
            found.retained[key] = task()
        if parent is not None:
            found.parents[row] = row_of(moved.get(parent, parent), NEW_PARENT)
        lines[row] = line
        places[row] = place
    found.files = list(numbers)
    found.wanted = count
