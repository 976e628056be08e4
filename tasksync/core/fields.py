"""The fields of a task: their kinds, their normal forms, and when two values are the same.

Names and writability are the seeds' (create and update task). In the house a value is always
in normal form; the portal's strings and the manifest's friendly words end at the doors.

kind        normal form                                   cleared
TEXT        str                                           ""
PERSON      int >= 1                                      cannot be
GROUP       int >= 1                                      None   (the wire says "0")
PARENT      int >= 1, or KeyRef before the id is known    None   (the wire says "0" or null)
STATUS      int 1..7                                      cannot be
PRIORITY    int 0..2                                      cannot be
INSTANT     str, ISO 8601 with seconds and offset         None
SECONDS     int >= 0                                      0
PEOPLE      tuple of int, sorted, no repeats              ()
TAGS        tuple of str, sorted, no repeats, no marker   ()
EXTRA       str, int, float, bool, or a sorted tuple of   None
            them: a field of the portal's own (UF_...)
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterable, Mapping
from datetime import UTC, datetime
from enum import StrEnum
from functools import lru_cache
from hashlib import blake2b
from types import MappingProxyType
from typing import NewType, TypeAlias

from tasksync.core.quoting import quoted
from tasksync.late_patterns import pattern_of
from tasksync.value_classes import dataclass

TaskKey = NewType("TaskKey", str)
RemoteId = NewType("RemoteId", int)


@dataclass(frozen=True, slots=True)
class KeyRef:
    """The id of the task with this key, wherever it is or will be."""

    key: TaskKey


Value: TypeAlias = str | int | float | tuple[str, ...] | tuple[int, ...] | KeyRef | None
Values: TypeAlias = Mapping[str, Value]


class FieldKind(StrEnum):
    """What a field holds; decides its normal form."""

    TEXT = "text"
    PERSON = "person"
    GROUP = "group"
    PARENT = "parent"
    STATUS = "status"
    PRIORITY = "priority"
    INSTANT = "instant"
    SECONDS = "seconds"
    PEOPLE = "people"
    TAGS = "tags"
    EXTRA = "extra"


@dataclass(frozen=True, slots=True)
class Field:
    """One field of the API; `bit` is its place in a mask and never changes."""

    name: str
    kind: FieldKind
    bit: int
    on_update: bool = True
    clearable: bool = True
    empty: Value = None


_ALL = (
    Field("title", FieldKind.TEXT, 0, clearable=False, empty=""),
    Field("description", FieldKind.TEXT, 1, empty=""),
    Field("responsibleId", FieldKind.PERSON, 2, clearable=False),
    Field("status", FieldKind.STATUS, 3, clearable=False),
    Field("priority", FieldKind.PRIORITY, 4, clearable=False),
    Field("deadline", FieldKind.INSTANT, 5),
    Field("startDatePlan", FieldKind.INSTANT, 6),
    Field("endDatePlan", FieldKind.INSTANT, 7),
    Field("timeEstimate", FieldKind.SECONDS, 8, empty=0),
    Field("groupId", FieldKind.GROUP, 9),
    Field("parentId", FieldKind.PARENT, 10),
    Field("accomplices", FieldKind.PEOPLE, 11, empty=()),
    Field("auditors", FieldKind.PEOPLE, 12, empty=()),
    Field("tags", FieldKind.TAGS, 13, empty=()),
    Field("createdBy", FieldKind.PERSON, 14, on_update=False, clearable=False),
)

#: the bit of all extra fields together: their names are no part of a mask
EXTRA_BIT = 15
_EXTRA = pattern_of(r"UF_[A-Z0-9_]{1,100}", re.ASCII)


def is_extra(name: str) -> bool:
    """Tell whether a name can be that of an extra field (contract 7)."""
    return _EXTRA.fullmatch(name) is not None


class _Fields(dict[str, Field]):
    """The fields by name; extra ones are known when asked for, and never iterated over."""

    def __missing__(self, name: str) -> Field:
        if not is_extra(name):
            raise KeyError(name)
        return Field(name, FieldKind.EXTRA, EXTRA_BIT)


#: every writable field, in the order in which people read them
FIELDS: Mapping[str, Field] = MappingProxyType(_Fields({field.name: field for field in _ALL}))

_CLEARED_BY_TEXT = frozenset({FieldKind.INSTANT, FieldKind.EXTRA})

#: set by the portal; READONLY_FIELD when sent (create and update seeds)
READ_ONLY = frozenset({"id", "createdDate", "changedDate", "closedDate"})

#: status words of design 2, by the API's number (update seed: 1..7)
STATUS_WORDS: Mapping[int, str] = MappingProxyType(
    {
        1: "new",
        2: "pending",
        3: "inProgress",
        4: "awaitingControl",
        5: "completed",
        6: "deferred",
        7: "declined",
    }
)
PRIORITY_WORDS: Mapping[int, str] = MappingProxyType({0: "low", 1: "normal", 2: "high"})
DEFERRED = 6
PENDING = 2
#: awaiting control, completed, deferred, declined: where people moved a task on (design 5)
MOVED_ON = frozenset({4, 5, DEFERRED, 7})
TITLE_LIMIT = 250

_encode = json.JSONEncoder(ensure_ascii=True, separators=(",", ":")).encode
_INSTANTS = frozenset(field.name for field in _ALL if field.kind is FieldKind.INSTANT)
_AS_THEY_STAND = frozenset(FIELDS) - _INSTANTS
_MOMENT = pattern_of(r"[0-9]{4}-[0-9]{2}-[0-9]{2}T[0-9:.]{5,15}(Z|[+-][0-9:]{2,6})", re.ASCII)
_FIRST, _LAST = datetime(1, 1, 3, tzinfo=UTC), datetime(9999, 12, 30, tzinfo=UTC)
_BITS = tuple((field.name, 1 << field.bit) for field in _ALL)


def mask_of(names: Iterable[str]) -> int:
    """Return the bit mask of these field names."""
    mask = 0
    for name in names:
        mask |= 1 << FIELDS[name].bit
    return mask


def names_in(mask: int) -> tuple[str, ...]:
    """Return the field names of a mask, in the order of FIELDS."""
    return tuple(name for name, bit in _BITS if mask & bit)


def extras_in(names: Iterable[str]) -> tuple[str, ...]:
    """Return the extra fields among these, sorted."""
    return tuple(sorted(name for name in names if name not in FIELDS))


def in_order(names: Iterable[str]) -> list[str]:
    """Return field names in the order in which people read them, extra ones last."""
    return sorted(names, key=lambda name: (FIELDS[name].bit, name))


@lru_cache(maxsize=4096)  # deadlines repeat
def instant(text: str) -> int:
    """Return the second since 1970 that a normal INSTANT names."""
    return int(datetime.fromisoformat(text).timestamp() // 1)


def is_instant(text: str) -> bool:
    """Tell whether a text from outside can be an INSTANT: a date with a zone, and not too far off.

    The first and the last two days that can be counted are none: in another zone they would lie
    before year 1, or after 9999.
    """
    try:
        at = datetime.fromisoformat(text)
    except ValueError:
        return False
    return at.tzinfo is not None and is_countable(at)


def is_countable(at: datetime) -> bool:
    """Tell whether an aware instant can be written in every zone."""
    return _FIRST < at < _LAST


def canonical(name: str, value: Value) -> object:
    """Return the plain form in which equal values are equal JSON."""
    if isinstance(value, KeyRef):
        return {"key": value.key}
    if value is not None and name in _INSTANTS:
        return instant(str(value))
    return value if name in FIELDS else _canonical_extra(value)


def _canonical_extra(value: Value) -> object:
    """Return moments as such, since the portal tells them in its own zone; nothing as null."""
    if isinstance(value, str) and _MOMENT.fullmatch(value) and is_instant(value):
        return ("at", instant(value))
    return None if value in {"", ()} else value


def beside(value: Value, other: Value) -> Value:
    """Return an INSTANT written with the offset of another, so that people can compare them."""
    if isinstance(value, str) and isinstance(other, str):
        zone = datetime.fromisoformat(other).tzinfo
        try:
            return datetime.fromisoformat(value).astimezone(zone).isoformat()
        except OverflowError:  # a state of earlier versions may hold the first hour of year 1
            return value
    return value


def same(name: str, left: Value, right: Value) -> bool:
    """Tell whether two normal values of a field mean the same."""
    return left == right or canonical(name, left) == canonical(name, right)


def digest_of(values: Values, extra: object = None) -> bytes:
    """Return 16 bytes that are equal when all values, and `extra`, mean the same."""
    plain: list[object] = [extra] if extra is not None else []
    fixed = 0
    for name, _bit in _BITS:
        if name in values:
            plain += (name, canonical(name, values[name]))
            fixed += 1
    if fixed < len(values):
        for name in extras_in(values):
            plain += (name, canonical(name, values[name]))
    return digest_plain(plain)


def digest_named(values: Values, names: Iterable[str]) -> bytes:
    """Return `digest_of` exactly these names, in the order of FIELDS; raises KeyError."""
    plain: list[object] = []
    for name in names:
        value = values[name]
        if name not in _AS_THEY_STAND or value.__class__ is KeyRef:
            value = canonical(name, value)  # type: ignore[assignment]
        plain += (name, value)
    return digest_plain(plain)


def digest_plain(plain: list[object]) -> bytes:
    """Return the digest of canonical values: `extra` if any, then name, value, name, value ..."""
    return blake2b(_encode(plain).encode(), digest_size=16).digest()


def plain(value: Value) -> object:
    """Return a value as JSON carries it: a KeyRef as {"key": ...}, a tuple as a list."""
    match value:
        case str() | int() | float() | None:
            return value
        case KeyRef():
            return {"key": value.key}
    return list(value)


def from_plain(name: str, value: object) -> Value:
    """Return what `plain` carried; raises ValueError where it cannot be a value of the field."""
    if name not in FIELDS:
        return _extra_from(name, value)
    match value:
        case {"key": str(key)}:
            return KeyRef(TaskKey(key))
        case list():
            items = tuple(value)
            if FIELDS[name].kind is FieldKind.PEOPLE and all(
                isinstance(item, int) for item in items
            ):
                return items
            if FIELDS[name].kind is FieldKind.TAGS and all(isinstance(item, str) for item in items):
                return items
        case str() | None:
            return value
        case int() if not isinstance(value, bool):
            return value
    msg = f"{name} cannot be {quoted(value)}"
    raise ValueError(msg)


def _extra_from(name: str, value: object) -> Value:
    items = value if isinstance(value, list) else [value]
    if is_extra(name) and all(one is None or type(one) in _SCALARS for one in items):
        return tuple(items) if isinstance(value, list) else value  # type: ignore[return-value]
    msg = f"{name} cannot be {quoted(value)}"
    raise ValueError(msg)


_SCALARS = (str, int, float, bool)


def to_wire(name: str, value: Value) -> object:
    """Return a normal value as a request carries it (create and update seeds).

    Cleared dates and extra fields are "", no group and no parent are 0; a KeyRef stays
    {"key": ...}, since its id is not known yet.
    """
    if value is None:
        return "" if FIELDS[name].kind in _CLEARED_BY_TEXT else 0
    return plain(value)
