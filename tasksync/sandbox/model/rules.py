"""What may be written into a task, and what the portal makes of it.

Texts of refusals that the seeds do not show are those of the REST layer below (contract 2.1 and
2.3). Unknown fields are
dropped in silence (contract 8.8).
"""

# ruff: noqa: SLF001 - the table of readers can only stand after its class

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from datetime import tzinfo
from enum import Enum
from typing import Any

from tasksync.sandbox.json_codec import Json
from tasksync.sandbox.model.clock import read_instant
from tasksync.sandbox.model.index import TaskIndex
from tasksync.sandbox.model.normalising import normalised
from tasksync.sandbox.model.quirks import DateClearing, OnBadValue, Quirks
from tasksync.sandbox.model.refusals import InvalidValue, ReadOnlyField
from tasksync.sandbox.model.task import (
    CLOSED,
    COMPLETED,
    CONTROL,
    DECLINED,
    IN_PROGRESS,
    NEW,
    PENDING,
    Task,
)

#: Refused in every body; createdBy in a PATCH too (seeds).
READ_ONLY = ("id", "createdDate", "changedDate", "closedDate")
MAX_TITLE_LENGTH = 250
MAX_USER = 100_000
MAX_NUMBER = 2**31 - 1


class _Skip(Enum):
    """A value that is left out, as if it had not been sent."""

    SKIP = 0


@dataclass(frozen=True, slots=True)
class TaskRules:
    """The rules under these quirks, for one caller at one moment."""

    quirks: Quirks
    index: TaskIndex
    zone: tzinfo
    at: int
    caller: int
    users: frozenset[int]
    admin: bool = True

    def create(self, id_: int, body: Json) -> Task:
        """A new task from a body; raises InvalidValue or ReadOnlyField."""
        self._read_only(body, READ_ONLY)
        found = self._values({"title": None, "responsibleId": None, **body})
        self._creator(found)
        made = Task(
            **{
                "id": id_,
                "created_by": self.caller,
                "created": self.at,
                "changed": self.at,
                "changed_by": self.caller,
                "status_changed": self.at,
                "task_control": self.quirks.task_control,
                **found,
            }
        )
        self._together(body, made)
        return normalised(self.quirks, None, self._after_status(PENDING, made))

    def update(self, task: Task, body: Json) -> Task:
        """The task after a PATCH; raises InvalidValue or ReadOnlyField."""
        self._read_only(body, (*READ_ONLY, "createdBy"))
        found = self._values(body)
        if not found and not body.keys() & WRITABLE.keys():
            raise self.bad("Could not find value for parameter {fields}")
        handed_on = found.get("responsible_id", task.responsible_id) != task.responsible_id
        if handed_on and "status" not in body and self.quirks.responsible_resets_status:
            found["status"] = PENDING
        made = replace(task, **found, changed=self.at, changed_by=self.caller)
        self._together(body, made)
        return normalised(self.quirks, task, self._after_status(task.status, made))

    def bad(self, message: str) -> InvalidValue:
        """The portal's refusal of a value."""
        tail = "<br>" if self.quirks.line_breaks else ""
        return InvalidValue(message + tail)

    def _creator(self, found: dict[str, Any]) -> None:
        """An override of the creator is applied within the user's permissions (seed)."""
        if self.admin or found.get("created_by", self.caller) == self.caller:
            return
        if self.quirks.created_by is OnBadValue.REFUSE:
            raise self.bad("Action on the task is not allowed")
        del found["created_by"]

    def _read_only(self, body: Json, names: tuple[str, ...]) -> None:
        for name in names:
            if name in body:
                message = f"Field '{name}' is read-only and cannot be set"
                raise ReadOnlyField(message)

    def _values(self, body: Json) -> dict[str, Any]:
        found: dict[str, Any] = {}
        for name, (attribute, read) in WRITABLE.items():
            if name in body:
                value = read(self, name, body[name])
                if value is not _Skip.SKIP:
                    found[attribute] = value
        return found

    def _together(self, body: Json, made: Task) -> None:
        plan = body.keys() & {"startDatePlan", "endDatePlan"}
        if self.quirks.plan_dates_together and len(plan) == 1:
            raise self.bad("The planned start and end dates must be set together")
        if made.end_plan is not None and (made.start_plan or 0) > made.end_plan:
            raise self.bad("The end date in scheduling is earlier than the start date")
        if made.parent_id is not None and "parentId" in body:
            self._parent(made.id, made.parent_id)

    def _parent(self, id_: int, parent: int) -> None:
        if parent == id_:
            raise self.bad("Cannot bind the node to itself")
        if parent not in self.index.tasks:
            raise self.bad('Task specified in the "Parent Task" field not found')
        if id_ in self.index.chain(parent):
            raise self.bad("Creating cyclic links in tasks is prohibited")

    def _after_status(self, before: int, made: Task) -> Task:
        """Set closedDate on the way to 5 and 6 (seed), clear it on the way back (core)."""
        if made.status == COMPLETED and made.task_control:
            made = replace(made, status=CONTROL)
        if made.status == before:
            return made
        started = made.started
        if made.status == IN_PROGRESS and started is None:
            started = self.at
        closed = self.at if made.status in CLOSED else None
        return replace(made, started=started, closed=closed, status_changed=self.at)

    # One reader a kind of value; each gives what is kept, or raises.

    def _title(self, _name: str, value: Any) -> str:
        if not isinstance(value, str) or not value.strip():
            raise self.bad("Task title not specified")
        title = value.strip() if self.quirks.title_trimmed else value
        if len(title) > MAX_TITLE_LENGTH and self.quirks.long_title is OnBadValue.REFUSE:
            raise self.bad("TASKS_BAD_TITLE")
        return title[:MAX_TITLE_LENGTH]

    def _description(self, name: str, value: Any) -> str:
        if value is None:
            return ""
        if not isinstance(value, str):
            raise self._unfit(name)
        return value.replace("\r\n", "\n").replace("\n", "\r\n") if self.quirks.crlf else value

    def _user(self, name: str, value: Any) -> int:
        if value in (None, "", 0, "0"):
            raise self.bad("Assignee not specified" if name == "responsibleId" else _unfit(name))
        user = self._number(name, value)
        if user > MAX_USER or (self.quirks.strict_users and user not in self.users):
            spot = "Responsible" if name == "responsibleId" else "Created by"
            message = f'User specified in the "{spot}" field not found'
            raise self.bad(message)
        return user

    def _people(self, name: str, value: Any) -> tuple[int, ...]:
        if value in (None, ""):
            return ()
        if not isinstance(value, list):
            raise self._unfit(name)
        return tuple(dict.fromkeys(self._number(name, user) for user in value))

    def _status(self, _name: str, value: Any) -> int:
        status = self._small(value)
        if status is None or not NEW <= status <= DECLINED:
            raise self.bad("Incorrect status")
        if status == DECLINED and self.quirks.declined_refused:
            raise self.bad("Incorrect status")
        return PENDING if status == NEW and self.quirks.new_becomes_pending else status

    def _priority(self, name: str, value: Any) -> int:
        priority = self._small(value)
        if priority in {0, 1, 2}:
            return int(priority)
        if self.quirks.bad_priority is OnBadValue.REFUSE:
            raise self._unfit(name)
        return 1

    def _date(self, name: str, value: Any) -> int | _Skip | None:
        if value is None or value == "":
            return self._cleared(name, DateClearing.NULL if value is None else DateClearing.EMPTY)
        if not isinstance(value, str):
            raise self._unfit(name)
        try:
            return read_instant(value, self.zone)
        except (ValueError, OverflowError) as fault:
            raise self._unfit(name) from fault

    def _cleared(self, name: str, way: DateClearing) -> _Skip | None:
        if self.quirks.clears_date in (DateClearing.BOTH, way):
            return None
        if self.quirks.clears_date_else is OnBadValue.REFUSE:
            raise self._unfit(name)
        return _Skip.SKIP

    def _amount(self, name: str, value: Any) -> int:
        return 0 if value in (None, "") else self._number(name, value)

    def _parent_id(self, name: str, value: Any) -> int | None:
        return self._amount(name, value) or None

    def _tags(self, name: str, value: Any) -> tuple[str, ...]:
        parts = value.split(",") if isinstance(value, str) else value or []
        if not isinstance(parts, list) or not all(isinstance(part, str) for part in parts):
            raise self._unfit(name)
        return tuple(dict.fromkeys(part.strip() for part in parts if part.strip()))

    def _number(self, name: str, value: Any) -> int:
        number = self._small(value)
        if number is None or not 0 <= number <= MAX_NUMBER:
            raise self._unfit(name)
        return number

    def _small(self, value: Any) -> int | None:
        if isinstance(value, bool):
            return None
        if isinstance(value, int):
            return value
        digits = isinstance(value, str) and value.isascii() and value.isdigit()
        return int(value) if digits else None

    def _unfit(self, name: str) -> InvalidValue:
        return self.bad(_unfit(name))


def _unfit(name: str) -> str:
    return f"Invalid value of field '{name}'"


_Reader = Callable[[TaskRules, str, Any], Any]
#: name in a body -> (name in the model, its reader). createdBy is refused earlier in a PATCH.
WRITABLE: Mapping[str, tuple[str, _Reader]] = {
    "title": ("title", TaskRules._title),
    "responsibleId": ("responsible_id", TaskRules._user),
    "description": ("description", TaskRules._description),
    "priority": ("priority", TaskRules._priority),
    "status": ("status", TaskRules._status),
    "deadline": ("deadline", TaskRules._date),
    "startDatePlan": ("start_plan", TaskRules._date),
    "endDatePlan": ("end_plan", TaskRules._date),
    "timeEstimate": ("time_estimate", TaskRules._amount),
    "groupId": ("group_id", TaskRules._amount),
    "parentId": ("parent_id", TaskRules._parent_id),
    "accomplices": ("accomplices", TaskRules._people),
    "auditors": ("auditors", TaskRules._people),
    "tags": ("tags", TaskRules._tags),
    "createdBy": ("created_by", TaskRules._user),
}
