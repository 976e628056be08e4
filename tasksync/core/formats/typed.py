"""Reading plain JSON data: each reader returns a value of exactly its kind, or raises.

KeyError is a name that is missing, TypeError a value of another kind, ValueError one that cannot
be. Their words say which name it was; what stands around it, the caller says. true is no number,
and 1.0 no whole one.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any, TypeAlias, TypeVar

from tasksync.core.fields import RemoteId, TaskKey
from tasksync.core.quoting import kind_of, quoted
from tasksync.late_patterns import pattern_of

Json: TypeAlias = Mapping[str, Any]
T = TypeVar("T")

#: what every store can count to
LARGEST = 2**63 - 1
_ID = pattern_of(r"[0-9]{1,19}", re.ASCII)


def value_of(data: Json, name: str, kind: type[T]) -> T:
    """Return the value of a name that has to be there, if it is of exactly this type."""
    value = data[name]
    if type(value) is not kind:
        msg = f"{name} is {kind_of(type(value))}, not {kind_of(kind)}"
        raise TypeError(msg)
    return value


def text(data: Json, name: str, default: str | None = None) -> str:
    """Return a text; `default` where the name may be missing."""
    return default if default is not None and name not in data else value_of(data, name, str)


def flag(data: Json, name: str, *, default: bool | None = None) -> bool:
    """Return true or false; `default` where the name may be missing."""
    return default if default is not None and name not in data else value_of(data, name, bool)


def whole(data: Json, name: str, default: int | None = None) -> int:
    """Return a whole number; `default` where the name may be missing."""
    return default if default is not None and name not in data else value_of(data, name, int)


def count(data: Json, name: str, default: int | None = None) -> int:
    """Return a whole number that counts something: from 0 to half of what a store can hold."""
    number = whole(data, name, default)
    if not 0 <= number <= LARGEST // 2:
        msg = f"{name} cannot be {number}"
        raise ValueError(msg)
    return number


def mapping(data: Json, name: str) -> dict[str, Any]:
    """Return an object."""
    return value_of(data, name, dict)


def array(data: Json, name: str) -> list[Any]:
    """Return a list."""
    return value_of(data, name, list)


def objects(data: Json, name: str) -> list[dict[str, Any]]:
    """Return a list of nothing but objects."""
    return _all(data, name, dict)


def texts(data: Json, name: str) -> tuple[str, ...]:
    """Return a list of nothing but texts."""
    return tuple(_all(data, name, str))


def optional(data: Json, name: str, kind: type[T]) -> T | None:
    """Return a value that may be null or missing."""
    return None if data.get(name) is None else value_of(data, name, kind)


def nullable(data: Json, name: str, kind: type[T]) -> T | None:
    """Return a value that has to be there, and may be null."""
    return None if data[name] is None else value_of(data, name, kind)


def key(data: Json, name: str) -> TaskKey:
    """Return a key, as it stands."""
    return TaskKey(value_of(data, name, str))


def remote_id(value: object) -> RemoteId:
    """Return the id of a task, of a number."""
    if type(value) is not int or not 0 < value <= LARGEST:
        msg = f"{quoted(value)} is no id of a task"
        raise ValueError(msg)
    return RemoteId(value)


def remote_id_in(data: Json, name: str) -> RemoteId:
    """Return the id of a task, of a text of digits."""
    digits = text(data, name)
    return remote_id(int(digits) if _ID.fullmatch(digits) else digits)


def _all(data: Json, name: str, kind: type[T]) -> list[T]:
    items = array(data, name)
    if all(type(item) is kind for item in items):
        return items
    msg = f"{name} holds something that is not {kind_of(kind)}"
    raise TypeError(msg)
