"""The fields of each entity in one table: how they are kept, read, filtered and sorted by.

Sources: contract 2.5 (filters, sorting), 2.7 (schema), 7 (tasks), 11 (users and workgroups).
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from enum import StrEnum
from functools import cache
from operator import attrgetter
from typing import Any

from tasksync.sandbox.answers import Json
from tasksync.sandbox.rules import WRITABLE
from tasksync.sandbox.task import PRIORITIES, STATUSES


class Kind(StrEnum):
    """How a value is written and compared."""

    NUMBER = "number"
    TEXT = "string"
    INSTANT = "datetime"
    PEOPLE = "number[]"
    TAGS = "string[]"
    FLAG = "char"
    BOOL = "boolean"


@dataclass(frozen=True, slots=True)
class Field:
    """One field: its name outside, how to get it inside, and what a listing may do with it."""

    name: str
    kind: Kind
    get: Callable[[Any], Any]
    sortable: bool = False
    deaf: bool = False  # known, but a filter on it is ignored in silence
    nullable: bool = False

    @property
    def native(self) -> str:
        """The UPPER_SNAKE name of the layer below."""
        return native(self.name)


Table = Mapping[str, Field]


@cache
def native(name: str) -> str:
    """The UPPER_SNAKE form: RESPONSIBLE_ID for responsibleId."""
    return re.sub(r"(?<=[a-z0-9])([A-Z])", r"_\1", name).upper()


def _table(*rows: tuple[str, Kind, str, str]) -> Table:
    return {
        name: Field(name, kind, attrgetter(inner), "s" in marks, "d" in marks, "n" in marks)
        for name, kind, inner, marks in rows
    }


#: s = a listing can be sorted by it; d = a filter on it is ignored; n = a number that may be null.
TASKS = _table(
    ("id", Kind.NUMBER, "id", "s"),
    ("title", Kind.TEXT, "title", "s"),
    ("description", Kind.TEXT, "description", ""),
    ("status", Kind.NUMBER, "status", "s"),
    ("priority", Kind.NUMBER, "priority", "s"),
    ("responsibleId", Kind.NUMBER, "responsible_id", ""),
    ("createdBy", Kind.NUMBER, "created_by", ""),
    ("createdDate", Kind.INSTANT, "created", "s"),
    ("changedDate", Kind.INSTANT, "changed", "s"),
    ("changedBy", Kind.NUMBER, "changed_by", ""),
    ("closedDate", Kind.INSTANT, "closed", "s"),
    ("closedBy", Kind.NUMBER, "closed_by", ""),
    ("statusChangedDate", Kind.INSTANT, "status_changed", "d"),
    ("activityDate", Kind.INSTANT, "active", "sd"),
    ("dateStart", Kind.INSTANT, "started", "s"),
    ("deadline", Kind.INSTANT, "deadline", "s"),
    ("startDatePlan", Kind.INSTANT, "start_plan", "s"),
    ("endDatePlan", Kind.INSTANT, "end_plan", "s"),
    ("timeEstimate", Kind.NUMBER, "time_estimate", "s"),
    ("timeSpentInLogs", Kind.NUMBER, "time_spent", "sn"),
    ("groupId", Kind.NUMBER, "group_id", "s"),
    ("parentId", Kind.NUMBER, "parent_id", "n"),
    ("accomplices", Kind.PEOPLE, "accomplices", ""),
    ("auditors", Kind.PEOPLE, "auditors", ""),
    ("tags", Kind.TAGS, "tags", ""),
    ("commentsCount", Kind.NUMBER, "comments_count", ""),
    ("serviceCommentsCount", Kind.NUMBER, "service_comments_count", ""),
    ("taskControl", Kind.FLAG, "task_control", ""),
)
USERS = _table(
    ("id", Kind.NUMBER, "id", "s"),
    ("name", Kind.TEXT, "name", "s"),
    ("lastName", Kind.TEXT, "last_name", "s"),
    ("email", Kind.TEXT, "email", "s"),
    ("active", Kind.BOOL, "active", ""),
    ("workPosition", Kind.TEXT, "position", ""),
    ("departmentId", Kind.PEOPLE, "departments", ""),
    ("isAdmin", Kind.BOOL, "admin", ""),
)
WORKGROUPS = _table(
    ("id", Kind.NUMBER, "id", "s"),
    ("name", Kind.TEXT, "name", "s"),
    ("description", Kind.TEXT, "description", ""),
    ("active", Kind.BOOL, "active", ""),
    ("archived", Kind.FLAG, "archived", ""),
    ("ownerId", Kind.NUMBER, "owner", ""),
    ("membersCount", Kind.NUMBER, "members", ""),
)
#: Names a filter may use beside the fields' own (contract 8.6).
ALIASES = {"realStatus": "status", "REAL_STATUS": "status", "creatorId": "createdBy"}
_ENUMS = {"status": STATUSES, "priority": PRIORITIES}


def find(table: Table, name: str) -> Field | None:
    """The field of this name, camelCase or UPPER_SNAKE."""
    name = ALIASES.get(name, name)
    return table.get(name) or next((f for f in table.values() if f.native == name), None)


def schema(table: Table) -> Json:
    """`data` of a fields route: each field, and again under its native name (contract 2.7)."""
    found = {}
    for field in table.values():
        told: Json = {
            "type": field.kind.value,
            "readonly": table is not TASKS or field.name not in WRITABLE,
            "label": field.native.replace("_", " ").capitalize(),
        }
        if field.name in _ENUMS and table is TASKS:
            told["enum"] = {str(value): word for value, word in _ENUMS[field.name].items()}
        found[field.name] = told
    upper = {native(name): told for name, told in found.items()}
    return {"fields": {**upper, **found}, "include": []}
