"""A task as the portal stores it: numbers as numbers, instants as epoch seconds.

How it is written as a row is `web.row_format`; what may be written into it is `task_rules`.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, fields
from typing import Any, NamedTuple

NEW, PENDING, IN_PROGRESS, CONTROL, COMPLETED, DEFERRED, DECLINED = range(1, 8)
#: closedDate is set on the way to these and to no other (seed "Update task").
CLOSED = frozenset({COMPLETED, DEFERRED})
STATUSES = {
    NEW: "new",
    PENDING: "pending",
    IN_PROGRESS: "in progress",
    CONTROL: "awaiting control",
    COMPLETED: "completed",
    DEFERRED: "deferred",
    DECLINED: "declined",
}
PRIORITIES = {0: "low", 1: "normal", 2: "high"}


class Comment(NamedTuple):
    """A comment on a task, by a user or by the portal itself (`service`)."""

    author: int
    message: str
    at: int
    service: bool = False


class LoggedTime(NamedTuple):
    """Working time that a user logged on a task."""

    user: int
    seconds: int
    at: int


@dataclass(frozen=True, slots=True)
class Task:
    """One task; `parent_id` and dates are None where there is none, `group_id` is then 0."""

    id: int
    title: str
    responsible_id: int
    created_by: int
    created: int
    changed: int
    changed_by: int
    description: str = ""
    status: int = PENDING
    status_changed: int = 0
    priority: int = 1
    deadline: int | None = None
    start_plan: int | None = None
    end_plan: int | None = None
    closed: int | None = None
    started: int | None = None
    time_estimate: int = 0
    group_id: int = 0
    parent_id: int | None = None
    accomplices: tuple[int, ...] = ()
    auditors: tuple[int, ...] = ()
    tags: tuple[str, ...] = ()
    task_control: bool = False
    comments: tuple[Comment, ...] = ()
    spent: tuple[LoggedTime, ...] = ()
    extras: tuple[tuple[str, Any], ...] = ()  # the portal's own fields by name, in their order

    @property
    def comments_count(self) -> int:
        """All comments, the portal's own included (contract 7)."""
        return len(self.comments)

    @property
    def service_comments_count(self) -> int:
        """The portal's own comments."""
        return sum(note.service for note in self.comments)

    @property
    def time_spent(self) -> int | None:
        """Seconds logged, None where nobody logged any (contract 7)."""
        return sum(log.seconds for log in self.spent) if self.spent else None

    @property
    def active(self) -> int:
        """When the task was last changed or commented on."""
        return max([self.changed, *(note.at for note in self.comments)])

    @property
    def closed_by(self) -> int:
        """Who closed it, 0 while it is open (contract 7)."""
        return 0 if self.closed is None else self.changed_by

    def involves(self, user: int) -> bool:
        """Whether a user without an administrator's rights sees it (contract 2.5)."""
        return user in (self.responsible_id, self.created_by, *self.accomplices, *self.auditors)


_DEFAULTS = tuple((field.name, field.default) for field in fields(Task))
_TUPLES: dict[str, Callable[[list[Any]], tuple[Any, ...]]] = {
    "tags": tuple,
    "accomplices": tuple,
    "auditors": tuple,
    "comments": lambda parts: tuple(Comment(*part) for part in parts),
    "spent": lambda parts: tuple(LoggedTime(*part) for part in parts),
    "extras": lambda parts: tuple((name, _held(value)) for name, value in parts),
}


def _held(value: Any) -> Any:
    return tuple(value) if isinstance(value, list) else value


def task_to_json(task: Task) -> dict[str, Any]:
    """The task as plain JSON, without what is at its default."""
    found = {
        name: value for name, default in _DEFAULTS if (value := getattr(task, name)) != default
    }
    for name in ("comments", "spent"):
        if name in found:
            found[name] = [tuple(part) for part in found[name]]
    return found


def task_from_json(raw: dict[str, Any]) -> Task:
    """The task that `task_to_json` wrote; raises TypeError or KeyError for anything else."""
    for name, read in _TUPLES.items():
        if name in raw:
            raw[name] = read(raw[name])
    return Task(**raw)
