"""A project's tasks as they are on the portal: who has them, when they are due, what is late."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator, Mapping
from datetime import datetime
from fnmatch import fnmatchcase

from tasksync.core.cards import card_link
from tasksync.core.fields import RemoteId, TaskKey, instant
from tasksync.core.manifest import marker_of
from tasksync.core.ownership import is_foreign, row_is_own
from tasksync.core.state import HANDED_OVER, State
from tasksync.core.task import LiveTask
from tasksync.core.task_filter import FINISHED
from tasksync.value_classes import dataclass, field

#: what a task without a deadline is sorted by: behind all others
_NEVER = 1 << 62


@dataclass(frozen=True, slots=True)
class TaskStatus:
    """One task; what the portal does not tell is None, and a task of no entry has no key.

    `late` counts the seconds since the deadline of a task that is still open; 0 is not late.
    `status` is the API's number. `link` is "" where there is none.
    """

    key: TaskKey | None
    id: RemoteId
    title: str
    person: int | None
    status: int | None
    deadline: str | None
    late: int = 0
    link: str = ""

    @property
    def open(self) -> bool:
        """Whether it is not known to be completed, deferred or declined."""
        return self.status not in FINISHED


@dataclass(frozen=True, slots=True)
class StatusQuery:
    """Which tasks are asked for; what is not said narrows nothing.

    `overdue` and `due` (seconds from now) are about the deadlines of open tasks: with both, a
    task has to be late or due. `person` is the responsible's number.
    """

    glob: str = ""
    open: bool = False
    overdue: bool = False
    due: int | None = None
    person: int | None = None

    def __bool__(self) -> bool:
        return self != StatusQuery()

    def takes(self, one: TaskStatus, now: int) -> bool:
        """Tell whether a task is asked for; `now` counts seconds since 1970."""
        if not self.takes_key(one.key):
            return False
        if self.person is not None and one.person != self.person:
            return False
        if self.overdue or self.due is not None:
            return one.open and (bool(self.overdue and one.late) or self._due(one, now))
        return one.open or not self.open

    def takes_key(self, key: TaskKey | None) -> bool:
        """Tell whether the glob takes a key; a task without one is taken where there is none."""
        return not self.glob or (key is not None and fnmatchcase(key, self.glob))

    def _due(self, one: TaskStatus, now: int) -> bool:
        if self.due is None or one.deadline is None:
            return False
        return 0 <= instant(one.deadline) - now <= self.due


@dataclass(frozen=True, slots=True)
class PersonTasks:
    """How many tasks one person has (None: the portal does not tell whose they are)."""

    id: int | None
    name: str
    tasks: int
    open: int
    late: int


@dataclass(frozen=True, slots=True)
class ProjectStatus:
    """What was asked for, in the order in which people look: what is late, what is due, the rest.

    `at` is the moment that lateness is counted to; `total` how many tasks the project has there;
    `missing` are entries whose task the portal does not show; `unreadable` are tasks with fields
    that cannot be read, each with what.
    """

    project: str
    portal: str
    at: datetime
    query: StatusQuery
    tasks: tuple[TaskStatus, ...]
    total: int
    missing: tuple[tuple[TaskKey, RemoteId], ...] = ()
    unreadable: tuple[tuple[TaskStatus, str], ...] = ()
    names: Mapping[int, str] = field(default_factory=dict)

    @property
    def late(self) -> int:
        """How many of them are late."""
        return sum(1 for one in self.tasks if one.late)

    @property
    def open(self) -> int:
        """How many of them are open."""
        return sum(one.open for one in self.tasks)

    def by_status(self) -> tuple[tuple[int | None, int], ...]:
        """Return how many tasks have each status, in the order of the API's numbers."""
        counts = Counter(one.status for one in self.tasks)
        return tuple(sorted(counts.items(), key=lambda pair: (pair[0] is None, pair[0] or 0)))

    def by_person(self) -> tuple[PersonTasks, ...]:
        """Return what each person has; whoever is latest with most stands first."""
        tasks, late, still = Counter[int | None](), Counter[int | None](), Counter[int | None]()
        for one in self.tasks:
            tasks[one.person] += 1
            late[one.person] += bool(one.late)
            still[one.person] += one.open
        people = (
            PersonTasks(who, self.names.get(who or 0, ""), count, still[who], late[who])
            for who, count in tasks.items()
        )
        return tuple(
            sorted(people, key=lambda one: (-one.late, -one.open, -one.tasks, one.id or _NEVER))
        )


def project_status(
    state: State, live: Iterable[LiveTask], portal: str, at: datetime, query: StatusQuery
) -> ProjectStatus:
    """Return the status of the tasks that are ours among those that the portal listed.

    Ours is what is an entry's own task (design 7), and what bears our marker alone and is no
    entry's; names of people are those that the rows tell.
    """
    now, index = int(at.timestamp() // 1), state.index
    present = bytearray(len(index))
    found: list[TaskStatus] = []
    unreadable: list[tuple[TaskStatus, str]] = []
    names: dict[int, str] = {}
    total = 0
    for key, task in _ours(state, live, present):
        total += 1
        one = _status_of(key, task, portal, now)
        if task.unreadable and query.takes_key(key):
            unreadable.append((one, task.unreadable))
        if query.takes(one, now):
            found.append(one)
            names.update(task.names)
    found.sort(key=_order)
    missing = tuple(
        (index.key(row), RemoteId(index.ids[row]))
        for row, there in enumerate(present)
        if not there and index.created[row] != HANDED_OVER and query.takes_key(index.key(row))
    )
    return ProjectStatus(
        state.project, portal, at, query, tuple(found), total, missing, tuple(unreadable), names
    )


def _ours(
    state: State, live: Iterable[LiveTask], present: bytearray
) -> Iterator[tuple[TaskKey | None, LiveTask]]:
    mark, index, released = marker_of(state.project), state.index, frozenset(state.released)
    for task in live:
        row = index.row_of_id(task.id)
        if row is not None and (task.unreadable or row_is_own(state, row, task, mark)):
            present[row] = 1
            yield index.key(row), task
        elif mark in task.markers and not is_foreign(task, mark) and task.id not in released:
            yield None, task


def _status_of(key: TaskKey | None, task: LiveTask, portal: str, now: int) -> TaskStatus:
    fields = task.fields
    person, status, deadline = (fields.get(n) for n in ("responsibleId", "status", "deadline"))
    who = person if isinstance(person, int) else None
    until = deadline if isinstance(deadline, str) else None
    one = status if isinstance(status, int) else None
    late = 0 if until is None or one in FINISHED else max(now - instant(until), 0)
    title = str(fields.get("title") or "")
    return TaskStatus(key, task.id, title, who, one, until, late, card_link(portal, who, task.id))


def _order(one: TaskStatus) -> tuple[object, ...]:
    """Late ones first, the latest of all at the top; then by deadline; finished ones last."""
    until = _NEVER if one.deadline is None else instant(one.deadline)
    return (not one.open, until, str(one.key or ""), one.id)
