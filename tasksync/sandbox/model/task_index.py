"""All tasks at one moment, indexed: a page out of a hundred thousand is found without a scan."""

from __future__ import annotations

from bisect import bisect_left, insort
from collections.abc import Iterable, Iterator

from tasksync.sandbox.model.task import Task


class TaskIndex:
    """Tasks by id, with ids in order, ids by tag and children by parent kept beside them."""

    def __init__(self, tasks: Iterable[Task] = ()) -> None:
        self.tasks: dict[int, Task] = {}
        self.ids: list[int] = []
        self._tagged: dict[str, list[int]] = {}
        self._children: dict[int, set[int]] = {}
        for task in tasks:
            self.put(task)

    def __len__(self) -> int:
        return len(self.ids)

    def __iter__(self) -> Iterator[Task]:
        return (self.tasks[id_] for id_ in self.ids)

    def get(self, id_: int) -> Task | None:
        """The task with this id, if there is one."""
        return self.tasks.get(id_)

    def tagged(self, tag: str) -> list[int]:
        """Ids of tasks with a tag, in order; not to be changed."""
        return self._tagged.get(tag, [])

    def children(self, id_: int) -> list[Task]:
        """Tasks whose parent this is, by id."""
        return [self.tasks[child] for child in sorted(self._children.get(id_, ()))]

    def chain(self, id_: int) -> list[int]:
        """A task's id and its ancestors', nearest first; stops at a cycle."""
        found: list[int] = []
        at: int | None = id_
        while at is not None and at not in found and at in self.tasks:
            found.append(at)
            at = self.tasks[at].parent_id
        return found

    def put(self, task: Task) -> None:
        """Add a task, or replace the one with its id."""
        before = self.tasks.get(task.id)
        if before is None:
            _insert_sorted(self.ids, task.id)
        self.tasks[task.id] = task
        if before or task.tags:
            self._index_tags(task.id, before.tags if before else (), task.tags)
        if before or task.parent_id is not None:
            self._index_parent(task.id, before.parent_id if before else None, task.parent_id)

    def remove(self, id_: int) -> None:
        """Delete a task; nothing happens when it is not here."""
        removed = self.tasks.pop(id_, None)
        if removed is not None:
            _remove_sorted(self.ids, id_)
            self._index_tags(id_, removed.tags, ())
            self._index_parent(id_, removed.parent_id, None)

    def _index_tags(self, id_: int, before: tuple[str, ...], after: tuple[str, ...]) -> None:
        if before == after:
            return
        for tag in before:
            if tag not in after:
                _remove_sorted(self._tagged[tag], id_)
        for tag in after:
            if tag not in before:
                if tag not in self._tagged:
                    self._tagged[tag] = []
                _insert_sorted(self._tagged[tag], id_)

    def _index_parent(self, id_: int, before: int | None, after: int | None) -> None:
        if before is not None:
            self._children[before].discard(id_)
        if after is not None:
            self._children.setdefault(after, set()).add(id_)


def _insert_sorted(ids: list[int], id_: int) -> None:
    if not ids or ids[-1] < id_:
        ids.append(id_)
    else:
        insort(ids, id_)


def _remove_sorted(ids: list[int], id_: int) -> None:
    del ids[bisect_left(ids, id_)]
