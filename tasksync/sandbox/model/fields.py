"""The fields of each entity in one table: how they are stored, read, filtered and sorted.

Sources: contract 2.5 (filters, sorting), 2.7 (schema), 7 (tasks), 11 (users and workgroups).
"""

from __future__ import annotations

import re
from collections.abc import Callable
from enum import StrEnum
from functools import cache
from operator import attrgetter
from typing import Any, NamedTuple

from tasksync.sandbox.json_codec import Json
from tasksync.sandbox.model.own_fields import BY_KEY, EXTRAS, OwnField
from tasksync.sandbox.model.task import PRIORITIES, STATUSES
from tasksync.sandbox.model.task_rules import WRITABLE


class ValueKind(StrEnum):
    """How a value is written and compared."""

    NUMBER = "number"
    TEXT = "string"
    INSTANT = "datetime"
    PEOPLE = "number[]"
    TAGS = "string[]"
    FLAG = "char"
    EXTRA = "extra"
    BOOL = "boolean"


class Field(NamedTuple):
    """One field: its name in the API, how to get its value, and what a listing may do with it."""

    name: str
    kind: ValueKind
    get: Callable[[Any], Any]
    sortable: bool = False
    filter_ignored: bool = False  # known, but a filter on it is ignored
    nullable: bool = False

    @property
    def native(self) -> str:
        """The UPPER_SNAKE name of the layer below."""
        return native(self.name)


FieldTable = dict[str, Field]


@cache
def native(name: str) -> str:
    """The UPPER_SNAKE form: RESPONSIBLE_ID for responsibleId."""
    return re.sub(r"(?<=[a-z0-9])([A-Z])", r"_\1", name).upper()


def _table(*rows: tuple[str, ValueKind, str, str]) -> FieldTable:
    return {
        name: Field(name, kind, attrgetter(attribute), "s" in flags, "d" in flags, "n" in flags)
        for name, kind, attribute, flags in rows
    }


def _extra(field: OwnField) -> Field:
    return Field(field.key, ValueKind.EXTRA, lambda task: dict(task.extras).get(field.name))


#: s = a listing can be sorted by it; d = a filter on it is ignored; n = a number that may be null.
TASKS = _table(
    ("id", ValueKind.NUMBER, "id", "s"),
    ("title", ValueKind.TEXT, "title", "s"),
    ("description", ValueKind.TEXT, "description", ""),
    ("status", ValueKind.NUMBER, "status", "s"),
    ("priority", ValueKind.NUMBER, "priority", "s"),
    ("responsibleId", ValueKind.NUMBER, "responsible_id", ""),
    ("createdBy", ValueKind.NUMBER, "created_by", ""),
    ("createdDate", ValueKind.INSTANT, "created", "s"),
    ("changedDate", ValueKind.INSTANT, "changed", "s"),
    ("changedBy", ValueKind.NUMBER, "changed_by", ""),
    ("closedDate", ValueKind.INSTANT, "closed", "s"),
    ("closedBy", ValueKind.NUMBER, "closed_by", ""),
    ("statusChangedDate", ValueKind.INSTANT, "status_changed", "d"),
    ("activityDate", ValueKind.INSTANT, "active", "sd"),
    ("dateStart", ValueKind.INSTANT, "started", "s"),
    ("deadline", ValueKind.INSTANT, "deadline", "s"),
    ("startDatePlan", ValueKind.INSTANT, "start_plan", "s"),
    ("endDatePlan", ValueKind.INSTANT, "end_plan", "s"),
    ("timeEstimate", ValueKind.NUMBER, "time_estimate", "s"),
    ("timeSpentInLogs", ValueKind.NUMBER, "time_spent", "sn"),
    ("groupId", ValueKind.NUMBER, "group_id", "s"),
    ("parentId", ValueKind.NUMBER, "parent_id", "n"),
    ("accomplices", ValueKind.PEOPLE, "accomplices", ""),
    ("auditors", ValueKind.PEOPLE, "auditors", ""),
    ("tags", ValueKind.TAGS, "tags", ""),
    ("commentsCount", ValueKind.NUMBER, "comments_count", ""),
    ("serviceCommentsCount", ValueKind.NUMBER, "service_comments_count", ""),
    ("taskControl", ValueKind.FLAG, "task_control", ""),
) | {field.key: _extra(field) for field in EXTRAS.values()}
USERS = _table(
    ("id", ValueKind.NUMBER, "id", "s"),
    ("name", ValueKind.TEXT, "name", "s"),
    ("lastName", ValueKind.TEXT, "last_name", "s"),
    ("email", ValueKind.TEXT, "email", "s"),
    ("active", ValueKind.BOOL, "active", ""),
    ("workPosition", ValueKind.TEXT, "position", ""),
    ("departmentId", ValueKind.PEOPLE, "departments", ""),
    ("isAdmin", ValueKind.BOOL, "admin", ""),
)
WORKGROUPS = _table(
    ("id", ValueKind.NUMBER, "id", "s"),
    ("name", ValueKind.TEXT, "name", "s"),
    ("description", ValueKind.TEXT, "description", ""),
    ("active", ValueKind.BOOL, "active", ""),
    ("archived", ValueKind.FLAG, "archived", ""),
    ("ownerId", ValueKind.NUMBER, "owner", ""),
    ("membersCount", ValueKind.NUMBER, "members", ""),
)
#: Names a filter may use beside the fields' own (contract 8.6).
ALIASES = {"realStatus": "status", "REAL_STATUS": "status", "creatorId": "createdBy"}
_ENUMS = {"status": STATUSES, "priority": PRIORITIES}


def find(table: FieldTable, name: str) -> Field | None:
    """The field of this name, camelCase or UPPER_SNAKE."""
    name = ALIASES.get(name, name)
    return table.get(name) or next((f for f in table.values() if f.native == name), None)


def schema(table: FieldTable) -> Json:
    """`data` of a fields route: each field, and again under its native name (contract 2.7)."""
    by_name = {}
    for field in table.values():
        described: Json = {
            "type": field.kind.value,
            "readonly": table is not TASKS or field.name not in WRITABLE,
            "label": field.native.replace("_", " ").capitalize(),
        }
        if field.name in _ENUMS and table is TASKS:
            described["enum"] = {str(value): label for value, label in _ENUMS[field.name].items()}
        if field.kind is ValueKind.EXTRA:
            described = BY_KEY[field.name].described()
        by_name[field.name] = described
    upper = {native(name): described for name, described in by_name.items()}
    return {"fields": {**upper, **by_name}, "include": []}
