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

from tasksync.sandbox.model.gc_pause import gc_paused, keep
from tasksync.sandbox.model.index import TaskIndex
from tasksync.sandbox.model.journal import Journal, JournalDamaged
from tasksync.sandbox.model.task import Task, task_from_json, task_to_json

FIRST_ID = 3871
STEP = 2
#: A journal is rewritten at opening when it has this many lines more than twice its tasks.
SLACK = 1000
#: So many lines read at once are a world that stays in memory.
MANY = 10_000
#: How many past states `as_of` can look behind.
MEMORY = 20_000


class World:
    """Tasks that live; read inside `reading`, change inside `writing`, both of them re-entrant."""

    def __init__(
        self,
        journal: Journal | None = None,
        *,
        now: Callable[[], float] = lambda: 0.0,
        first_id: int = FIRST_ID,
        step: int = STEP,
    ) -> None:
        self.index = TaskIndex()
        self.version = 0
        self._journal, self._now, self._first, self._step = journal, now, first_id, step
        self._next = first_id
        self._lines: list[dict[str, Any]] = []
        self._past: deque[tuple[float, int, Task | None]] = deque(maxlen=MEMORY)
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
        """The world of a file (made if it is not there), or without a path one in memory alone.

        Raises JournalDamaged when the file is something else, OSError when it cannot be had.
        """
        journal = Journal(path) if path else None
        world = cls(journal, now=now, first_id=first_id, step=step)
        if journal:
            with world._lock, journal.alone():
                lines = world._catch_up()
                if lines > 2 * len(world.index) + SLACK:
                    journal.rewrite(world._essence())
        return world

    @contextmanager
    def reading(self) -> Iterator[TaskIndex]:
        """The tasks, with all that other processes have written, and still while you look."""
        with self._lock:
            if not self._depth:
                self._catch_up()
            yield self.index

    @contextmanager
    def writing(self) -> Iterator[TaskIndex]:
        """The same to be changed; what was put is in the file when the block ends."""
        with self._lock:
            if self._depth or not self._journal:
                yield self.index
                return
            with self._journal.alone():
                self._catch_up()
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
        self._remember(task.id)
        self._note({"put": task_to_json(task)})
        self._do_put(task)

    def remove(self, id_: int) -> None:
        """Take one task away; its children lose their parent. Only inside `writing`."""
        for child in (id_, *(task.id for task in self.index.children(id_))):
            self._remember(child)
        self._note({"del": id_})
        self._do_remove(id_)

    def load(self, tasks: Iterable[Task]) -> None:
        """Put many tasks in the place of all. Only inside `writing`."""
        self.clear()
        for task in tasks:
            self._note({"put": task_to_json(task)})
            self._do_put(task)

    def clear(self) -> None:
        """An empty world that counts from the first id again. Only inside `writing`."""
        self._note({"reset": self._first})
        self._do_reset(self._first)

    def as_of(self, at: float) -> TaskIndex:
        """The tasks as they stood at a moment not long ago, as a reader that lags sees them."""
        old: dict[int, Task | None] = {}
        for when, id_, before in reversed(self._past):
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
        """Let go of the file."""
        if self._journal:
            self._journal.close()

    def _catch_up(self) -> int:
        if not self._journal:
            return 0
        with gc_paused():
            anew, lines = self._journal.news()
            if anew:
                self._do_reset(self._first)
            try:
                for line in lines:
                    self._replay(line)
            except (KeyError, TypeError) as fault:
                message = f"a line of the journal is not a sandbox's: {fault}"
                raise JournalDamaged(message) from fault
            if len(lines) > MANY:
                keep()
            return len(lines)

    def _replay(self, line: dict[str, Any]) -> None:
        if "put" in line:  # first, since nearly all lines are these
            self._do_put(task_from_json(line["put"]))
        elif "del" in line:
            self._do_remove(line["del"])
        else:
            self._do_reset(line["reset"])

    def _do_put(self, task: Task) -> None:
        self.index.put(task)
        if task.id >= self._next:
            self._next = task.id + self._step
        self.version += 1

    def _do_remove(self, id_: int) -> None:
        for child in self.index.children(id_):
            self.index.put(replace(child, parent_id=None))
        self.index.remove(id_)
        self.version += 1

    def _do_reset(self, first: int) -> None:
        self.index, self._next = TaskIndex(), first
        self._past.clear()
        self.version += 1

    def _essence(self) -> Iterator[dict[str, Any]]:
        yield {"reset": self._next}
        for task in self.index:
            yield {"put": task_to_json(task)}

    def _remember(self, id_: int) -> None:
        self._past.append((self._now(), id_, self.index.get(id_)))

    def _note(self, line: dict[str, Any]) -> None:
        if self._journal:
            self._lines.append(line)

    def _save(self, journal: Journal) -> None:
        lines, self._lines = self._lines, []
        if lines:
            journal.append(lines)
