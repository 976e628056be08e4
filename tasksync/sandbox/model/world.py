"""The portal's tasks through time, in memory and in a journal. Knows no HTTP and no rules.

Ids begin at 3871 as in the seeds, and rise by two, so that nobody may count on the next number.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path
from threading import RLock
from typing import Any

from tasksync.sandbox.model.directory import DIRECTORY_LINES, Directory
from tasksync.sandbox.model.gc_pause import exempt_from_gc, gc_paused
from tasksync.sandbox.model.journal import Journal, JournalDamaged
from tasksync.sandbox.model.task import Task, task_from_json, task_to_json
from tasksync.sandbox.model.task_index import TaskIndex

FIRST_ID = 3871
STEP = 2
#: A journal is rewritten at opening when it has this many lines more than twice its tasks.
REWRITE_SLACK = 1000
#: From so many lines read at once on, their tasks are exempted from garbage collection.
LARGE_WORLD = 10_000
#: How many past states `as_of` can look behind.
MAX_PAST_STATES = 20_000


class World:
    """All tasks; read inside `reading`, change inside `writing`, both of them re-entrant."""

    def __init__(
        self,
        journal: Journal | None = None,
        *,
        now: Callable[[], float] = lambda: 0.0,
        first_id: int = FIRST_ID,
        step: int = STEP,
    ) -> None:
        self.index = TaskIndex()
        self.directory = Directory()
        self.version = 0
        self._journal, self._now, self._first, self._step = journal, now, first_id, step
        self._next = first_id
        self._unsaved_lines: list[dict[str, Any]] = []
        self._past_states: deque[tuple[float, int, Task | None]] = deque(maxlen=MAX_PAST_STATES)
        self._tag_ids: dict[str, int] = {}
        self._lock, self._depth = RLock(), 0

    @classmethod
    def open(
        cls,
        path: Path | None,
        *,
        now: Callable[[], float] = lambda: 0.0,
        first_id: int = FIRST_ID,
        step: int = STEP,
    ) -> World:
        """The world of a file (created if it is not there), or without a path one in memory only.

        Raises JournalDamaged when the file is something else, OSError when it cannot be opened.
        """
        journal = Journal(path) if path else None
        world = cls(journal, now=now, first_id=first_id, step=step)
        if journal:
            with world._lock:
                lines = world._read_new_lines()
                if lines > 2 * len(world.index) + REWRITE_SLACK:
                    with journal.locked():
                        world._read_new_lines()
                        journal.rewrite(world._current_lines())
        return world

    @contextmanager
    def reading(self) -> Iterator[TaskIndex]:
        """The tasks, with all that other processes have written; unchanged inside the block."""
        with self._lock:
            if not self._depth:
                self._read_new_lines()
            yield self.index

    @contextmanager
    def writing(self) -> Iterator[TaskIndex]:
        """The same, for changes; what was put is in the file when the block ends."""
        with self._lock:
            if self._depth or not self._journal:
                yield self.index
                return
            with self._journal.locked():
                self._read_new_lines()
                self._depth += 1
                try:
                    yield self.index
                finally:
                    self._depth -= 1
                    self._save(self._journal)

    def next_id(self) -> int:
        """The id of the next task."""
        return self._next

    def put(self, task: Task) -> None:
        """Add or replace one task. Only inside `writing`."""
        self._keep_past_state(task.id)
        self._queue_line({"put": task_to_json(task)})
        self._apply_put(task)

    def remove(self, id_: int) -> None:
        """Delete one task; its children lose their parent. Only inside `writing`."""
        for child in (id_, *(task.id for task in self.index.children(id_))):
            self._keep_past_state(child)
        self._queue_line({"del": id_})
        self._apply_remove(id_)

    def load(self, tasks: Iterable[Task]) -> None:
        """Put many tasks in the place of all. Only inside `writing`."""
        self.clear()
        for task in tasks:
            self._queue_line({"put": task_to_json(task)})
            self._apply_put(task)

    def clear(self) -> None:
        """An empty world that counts from the first id again. Only inside `writing`."""
        self._queue_line({"reset": self._first})
        self._apply_reset(self._first)

    def change_directory(self, line: dict[str, Any]) -> None:
        """Change the users or groups (see `Directory.apply`). Only inside `writing`."""
        self.directory.apply(line)
        self._queue_line(line)
        self.version += 1

    def as_of(self, at: float) -> TaskIndex:
        """The tasks as they stood at a moment not long ago, as a listing that lags shows them."""
        old: dict[int, Task | None] = {}
        for when, id_, before in reversed(self._past_states):
            if when <= at:
                break
            old[id_] = before
        if not old:
            return self.index
        return TaskIndex(task for task in ({**self.index.tasks, **old}).values() if task)

    def tag_id(self, tag: str) -> int:
        """A number for a tag; the same while the world is open."""
        return self._tag_ids.setdefault(tag, 35 + len(self._tag_ids))

    def close(self) -> None:
        """Close the file."""
        if self._journal:
            self._journal.close()

    def _read_new_lines(self) -> int:
        if not self._journal:
            return 0
        with gc_paused():
            restarted, lines = self._journal.read_new()
            if restarted:
                self.directory = Directory()
                self._apply_reset(self._first)
            try:
                for line in lines:
                    self._replay(line)
            except (KeyError, TypeError, ValueError) as fault:
                message = f"a line of the journal is not a sandbox's: {fault}"
                raise JournalDamaged(message) from fault
            if len(lines) > LARGE_WORLD:
                exempt_from_gc()
            return len(lines)

    def _replay(self, line: dict[str, Any]) -> None:
        if "put" in line:  # first, since nearly all lines are these
            self._apply_put(task_from_json(line["put"]))
        elif "del" in line:
            self._apply_remove(line["del"])
        elif not DIRECTORY_LINES.isdisjoint(line):
            self.directory.apply(line)
        else:
            self._apply_reset(line["reset"])

    def _apply_put(self, task: Task) -> None:
        self.index.put(task)
        if task.id >= self._next:
            self._next = task.id + self._step
        self.version += 1

    def _apply_remove(self, id_: int) -> None:
        for child in self.index.children(id_):
            self.index.put(replace(child, parent_id=None))
        self.index.remove(id_)
        self.version += 1

    def _apply_reset(self, first: int) -> None:
        self.index, self._next = TaskIndex(), first
        self._past_states.clear()
        self.version += 1

    def _current_lines(self) -> Iterator[dict[str, Any]]:
        yield {"reset": self._next}
        yield from self.directory.lines()
        for task in self.index:
            yield {"put": task_to_json(task)}

    def _keep_past_state(self, id_: int) -> None:
        self._past_states.append((self._now(), id_, self.index.get(id_)))

    def _queue_line(self, line: dict[str, Any]) -> None:
        if self._journal:
            self._unsaved_lines.append(line)

    def _save(self, journal: Journal) -> None:
        lines, self._unsaved_lines = self._unsaved_lines, []
        if lines:
            journal.append(lines)
