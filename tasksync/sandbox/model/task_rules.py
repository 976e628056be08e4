"""What may be written into a task, and the task that results.

Texts of refusals that the seeds do not show are those of the REST layer below (contract 2.1 and
2.3). Unknown fields are
ignored (contract 8.8).
"""

# ruff: noqa: SLF001 - the table of readers must come after its class

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from datetime import tzinfo
from enum import Enum
from typing import Any

from tasksync.sandbox.json_codec import Json
from tasksync.sandbox.model import own_fields
from tasksync.sandbox.model.normalising import normalised
from tasksync.sandbox.model.portal_clock import read_instant
from tasksync.sandbox.model.quirk_values import DateClearing, OnBadValue
from tasksync.sandbox.model.quirks import Quirks
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
from tasksync.sandbox.model.task_index import TaskIndex

#: Not accepted in any body; createdBy in a PATCH too (seeds).
READ_ONLY = ("id", "createdDate", "changedDate", "closedDate")
MAX_TITLE_LENGTH = 250
MAX_USER = 100_000
MAX_NUMBER = 2**31 - 1


class _Omitted(Enum):
    """A value that is ignored, as if it had not been sent."""

    OMITTED = 0


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
        self._check_read_only(body, READ_ONLY)
        values = self._values({"title": None, "responsibleId": None, **body})
        values["extras"] = self._extras((), body)
        self._check_creator(values)
        task = Task(
            **{
                "id": id_,
                "created_by": self.caller,
                "created": self.at,
                "changed": self.at,
                "changed_by": self.caller,
                "status_changed": self.at,
                "task_control": self.quirks.task_control,
                **values,
            }
        )
        self._check_combination(body, task)
        return normalised(self.quirks, None, self._after_status(PENDING, task))

    def update(self, task: Task, body: Json) -> Task:
        """The task after a PATCH; raises InvalidValue or ReadOnlyField."""
        self._check_read_only(body, (*READ_ONLY, "createdBy"))
        values = self._values(body)
        extra = own_fields.sent(body)
        if extra:
            values["extras"] = self._extras(task.extras, body)
        if not values and not extra and not body.keys() & WRITABLE.keys():
            raise self.invalid("Could not find value for parameter {fields}")
        reassigned = values.get("responsible_id", task.responsible_id) != task.responsible_id
        if reassigned and "status" not in body and self.quirks.responsible_resets_status:
            values["status"] = PENDING
        updated = replace(task, **values, changed=self.at, changed_by=self.caller)
        self._check_combination(body, updated)
        return normalised(self.quirks, task, self._after_status(task.status, updated))

    def invalid(self, message: str) -> InvalidValue:
        """The portal's refusal of a value, with its text."""
        tail = "<br>" if self.quirks.line_breaks else ""
        return InvalidValue(message + tail)

    def _check_creator(self, values: dict[str, Any]) -> None:
        """An override of the creator is applied within the user's permissions (seed)."""
        if self.admin or values.get("created_by", self.caller) == self.caller:
            return
        if self.quirks.created_by is OnBadValue.REFUSE:
            raise self.invalid("Action on the task is not allowed")
        del values["created_by"]

    def _check_read_only(self, body: Json, names: tuple[str, ...]) -> None:
        for name in names:
            if name in body:
                message = f"Field '{name}' is read-only and cannot be set"
                raise ReadOnlyField(message)

    def _values(self, body: Json) -> dict[str, Any]:
        values: dict[str, Any] = {}
        for name, (attribute, read) in WRITABLE.items():
            if name in body:
                value = read(self, name, body[name])
                if value is not _Omitted.OMITTED:
                    values[attribute] = value
        return values

    def _extras(
        self, before: tuple[tuple[str, Any], ...], body: Json
    ) -> tuple[tuple[str, Any], ...]:
        """The extra fields after a body: each by its type, sorted; nothing is not kept."""
        after = dict(before)
        for name, value in own_fields.sent(body).items():
            if own_fields.EXTRAS[name].read_only:
                message = f"Field '{name}' is read-only and cannot be set"
                raise ReadOnlyField(message)
            try:
                kept = own_fields.stored(name, value, self.zone)
            except own_fields.BadExtra as bad:
                raise self._invalid_field(name) from bad
            after[name] = tuple(kept) if isinstance(kept, list) else kept
        return tuple(sorted((name, kept) for name, kept in after.items() if kept is not None))

    def _check_combination(self, body: Json, task: Task) -> None:
        plan = body.keys() & {"startDatePlan", "endDatePlan"}
        if self.quirks.plan_dates_together and len(plan) == 1:
            raise self.invalid("The planned start and end dates must be set together")
        if task.end_plan is not None and (task.start_plan or 0) > task.end_plan:
            raise self.invalid("The end date in scheduling is earlier than the start date")
        if task.parent_id is not None and "parentId" in body:
            self._check_parent(task.id, task.parent_id)

    def _check_parent(self, id_: int, parent: int) -> None:
        if parent == id_:
            raise self.invalid("Cannot bind the node to itself")
        if parent not in self.index.tasks:
            raise self.invalid('Task specified in the "Parent Task" field not found')
        if id_ in self.index.chain(parent):
            raise self.invalid("Creating cyclic links in tasks is prohibited")

    def _after_status(self, before: int, task: Task) -> Task:
        """Set closedDate on a change to 5 or 6 (seed), clear it when reopened (core)."""
        if task.status == COMPLETED and task.task_control:
            task = replace(task, status=CONTROL)
        if task.status == before:
            return task
        started = task.started
        if task.status == IN_PROGRESS and started is None:
            started = self.at
        closed = self.at if task.status in CLOSED else None
        return replace(task, started=started, closed=closed, status_changed=self.at)

    # One reader for each kind of value; it returns the stored value, or raises InvalidValue.

    def _title(self, _name: str, value: Any) -> str:
        if not isinstance(value, str) or not value.strip():
            raise self.invalid("Task title not specified")
        title = value.strip() if self.quirks.title_trimmed else value
        if len(title) > MAX_TITLE_LENGTH and self.quirks.long_title is OnBadValue.REFUSE:
            raise self.invalid("TASKS_BAD_TITLE")
        return title[:MAX_TITLE_LENGTH]

    def _description(self, name: str, value: Any) -> str:
        if value is None:
            return ""
        if not isinstance(value, str):
            raise self._invalid_field(name)
        return value.replace("\r\n", "\n").replace("\n", "\r\n") if self.quirks.crlf else value

    def _user(self, name: str, value: Any) -> int:
        if value in (None, "", 0, "0"):
            raise self.invalid(
                "Assignee not specified" if name == "responsibleId" else _invalid_text(name)
            )
        user = self._number(name, value)
        if user > MAX_USER or (self.quirks.strict_users and user not in self.users):
            label = "Responsible" if name == "responsibleId" else "Created by"
            message = f'User specified in the "{label}" field not found'
            raise self.invalid(message)
        return user

    def _people(self, name: str, value: Any) -> tuple[int, ...]:
        if value in (None, ""):
            return ()
        if not isinstance(value, list):
            raise self._invalid_field(name)
        return tuple(dict.fromkeys(self._number(name, user) for user in value))

    def _status(self, _name: str, value: Any) -> int:
        status = self._whole_number(value)
        if status is None or not NEW <= status <= DECLINED:
            raise self.invalid("Incorrect status")
        if status == DECLINED and self.quirks.declined_refused:
            raise self.invalid("Incorrect status")
        return PENDING if status == NEW and self.quirks.new_becomes_pending else status

    def _priority(self, name: str, value: Any) -> int:
        priority = self._whole_number(value)
        if priority in {0, 1, 2}:
            return int(priority)
        if self.quirks.bad_priority is OnBadValue.REFUSE:
            raise self._invalid_field(name)
        return 1

    def _date(self, name: str, value: Any) -> int | _Omitted | None:
        if value is None or value == "":
            return self._cleared(name, DateClearing.NULL if value is None else DateClearing.EMPTY)
        if not isinstance(value, str):
            raise self._invalid_field(name)
        try:
            return read_instant(value, self.zone)
        except (ValueError, OverflowError) as fault:
            raise self._invalid_field(name) from fault

    def _cleared(self, name: str, value_kind: DateClearing) -> _Omitted | None:
        if self.quirks.clears_date in (DateClearing.BOTH, value_kind):
            return None
        if self.quirks.clears_date_else is OnBadValue.REFUSE:
            raise self._invalid_field(name)
        return _Omitted.OMITTED

    def _amount(self, name: str, value: Any) -> int:
        return 0 if value in (None, "") else self._number(name, value)

    def _parent_id(self, name: str, value: Any) -> int | None:
        return self._amount(name, value) or None

    def _tags(self, name: str, value: Any) -> tuple[str, ...]:
        parts = value.split(",") if isinstance(value, str) else value or []
        if not isinstance(parts, list) or not all(isinstance(part, str) for part in parts):
            raise self._invalid_field(name)
        return tuple(dict.fromkeys(part.strip() for part in parts if part.strip()))

    def _number(self, name: str, value: Any) -> int:
        number = self._whole_number(value)
        if number is None or not 0 <= number <= MAX_NUMBER:
            raise self._invalid_field(name)
        return number

    def _whole_number(self, value: Any) -> int | None:
        if isinstance(value, bool):
            return None
        if isinstance(value, int):
            return value
        digits = isinstance(value, str) and value.isascii() and value.isdigit()
        return int(value) if digits else None

    def _invalid_field(self, name: str) -> InvalidValue:
        return self.invalid(_invalid_text(name))


def _invalid_text(name: str) -> str:
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
