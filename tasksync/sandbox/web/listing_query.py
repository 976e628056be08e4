"""What a listing asks: filter, order, select, limit, offset; read from a query string or a body.

Filters stand in three syntaxes that mix, all joined by AND (contract 9). Sorting, limits and their
errors: contract 2.5, 2.6, 6.2.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import tzinfo
from enum import StrEnum
from typing import Any

from tasksync.sandbox.json_codec import Json
from tasksync.sandbox.model.clock import read_instant
from tasksync.sandbox.model.fields import Field, Table, ValueKind, find
from tasksync.sandbox.web.http_messages import Refused

DEFAULT_LIMIT = 50
HIGHEST_LIMIT = 5000


class Op(StrEnum):
    """An operator, whichever way it was spelt."""

    EQ = "="
    NE = "!"
    GE = ">="
    GT = ">"
    LE = "<="
    LT = "<"
    CONTAINS = "%"
    IN = "in"


#: Every spelling the server takes (contract 9); `=` is only ever the absence of an operator.
SPELLINGS = {
    "$gt": Op.GT,
    "$gte": Op.GE,
    "$lt": Op.LT,
    "$lte": Op.LE,
    "$ne": Op.NE,
    "$contains": Op.CONTAINS,
    "$in": Op.IN,
    ">": Op.GT,
    ">=": Op.GE,
    "<": Op.LT,
    "<=": Op.LE,
    "!": Op.NE,
    "!=": Op.NE,
    "%": Op.CONTAINS,
}
_PREFIXED = re.compile(r"^([^\w$]+)(\w+)$")


@dataclass(frozen=True, slots=True)
class Condition:
    """One thing that must hold of a row; the value is already of the field's kind."""

    field: Field
    op: Op
    value: Any


@dataclass(frozen=True, slots=True)
class Question:
    """A listing; `order` is (field, descending) from the weightiest on."""

    conditions: tuple[Condition, ...] = ()
    order: tuple[tuple[Field, bool], ...] = ()
    select: tuple[str, ...] | None = None
    limit: int = DEFAULT_LIMIT
    offset: int = 0


def question(asked: Json, table: Table, zone: tzinfo) -> Question:
    """Read what was asked; raises Refused with the vendor's code for what it would not take."""
    if asked.get("autoWindow") in (True, "true") and _whole(asked, "offset", 0):
        message = "offset is unstable over time windows; turn autoWindow off"
        raise Refused(400, "UNSTABLE_OFFSET_PAGINATION", message)
    return Question(
        conditions=tuple(_conditions(asked.get("filter"), table, zone)),
        order=tuple(_order(asked, table)),
        select=_select(asked.get("select")),
        limit=min(_whole(asked, "limit", DEFAULT_LIMIT, least=1), HIGHEST_LIMIT),
        offset=_whole(asked, "offset", 0),
    )


def test(condition: Condition) -> Callable[[Any], bool]:  # noqa: PLR0911 - a table
    """The condition as a function of a thing (not of its row)."""
    get, value = condition.field.get, condition.value
    many = condition.field.kind in {ValueKind.PEOPLE, ValueKind.TAGS}
    match condition.op:
        case Op.EQ | Op.IN if many:
            wanted = set(value) if condition.op is Op.IN else {value}
            return lambda one: not wanted.isdisjoint(get(one))
        case Op.NE if many:
            return lambda one: value not in get(one)
        case Op.EQ:
            return lambda one: get(one) == value
        case Op.NE if isinstance(value, tuple):
            return lambda one: get(one) not in value
        case Op.NE:
            return lambda one: get(one) != value
        case Op.IN:
            return lambda one: get(one) in value
        case Op.CONTAINS:
            return lambda one: _contains(get(one), value)
        case Op.GT | Op.GE | Op.LT | Op.LE:
            return _comparing(condition)


def _comparing(condition: Condition) -> Callable[[Any], bool]:
    get, value, op = condition.field.get, condition.value, condition.op
    up, equal = op in {Op.GT, Op.GE}, op in {Op.GE, Op.LE}

    def holds(one: Any) -> bool:
        mine = get(one)
        if mine is None or value is None:
            return False
        return bool((equal and mine == value) or (mine > value if up else mine < value))

    return holds


def _contains(mine: Any, value: Any) -> bool:
    if isinstance(mine, tuple):
        return any(_contains(part, value) for part in mine)
    return str(value).casefold() in str(mine).casefold()


def _conditions(asked: Any, table: Table, zone: tzinfo) -> Iterable[Condition]:
    if asked in (None, "", [], {}):
        return
    if not isinstance(asked, Mapping):
        raise Refused(400, "INVALID_FILTER", "filter must be an object")
    for name, value in asked.items():
        for spelt, plain, wanted in _spelt(str(name), value):
            field = find(table, plain)
            if field is None:
                message = f"Unknown filter field '{plain}'"
                raise Refused(400, "INVALID_FILTER_FIELD", message)
            if not field.deaf:
                yield _condition(field, spelt, wanted, zone)


def _spelt(name: str, value: Any) -> Iterable[tuple[Op, str, Any]]:
    """(operator, field, value) of one member of a filter, in any of the three syntaxes."""
    if name in SPELLINGS and isinstance(value, Mapping):  # filter[$gte][field]=x
        for field, wanted in value.items():
            yield SPELLINGS[name], field, wanted
    elif match := _PREFIXED.match(name):
        yield _operator(match[1]), match[2], value
    elif name.startswith("$"):
        yield _operator(name), name, value
    elif isinstance(value, Mapping):
        for spelling, wanted in value.items():
            yield _operator(str(spelling)), name, wanted
    else:
        yield Op.EQ, name, value


def _operator(spelling: str) -> Op:
    try:
        return SPELLINGS[spelling]
    except KeyError:
        message = f"Unknown operator '{spelling}'. Accepted: {','.join(SPELLINGS)}"
        raise Refused(400, "INVALID_FILTER_OPERATOR", message) from None


def _condition(field: Field, op: Op, wanted: Any, zone: tzinfo) -> Condition:
    if op is Op.IN and isinstance(wanted, str):
        wanted = wanted.split(",")
    if isinstance(wanted, list) and op in {Op.EQ, Op.IN, Op.NE}:
        values = tuple(_value(field, one, zone) for one in wanted)
        return Condition(field, op if op is Op.NE else Op.IN, values)
    if op is Op.IN or isinstance(wanted, list | dict):
        message = f"filter on '{field.name}' has a value of the wrong type"
        raise Refused(400, "INVALID_FILTER", message)
    return Condition(field, op, str(wanted) if op is Op.CONTAINS else _value(field, wanted, zone))


def _value(field: Field, wanted: Any, zone: tzinfo) -> Any:
    if wanted is None or wanted == "":
        return "" if field.kind is ValueKind.TEXT else None
    try:
        return _READERS[field.kind](field, wanted, zone)
    except (ValueError, TypeError) as fault:
        message = f"filter on '{field.name}' cannot be {wanted!r}"
        raise Refused(400, "INVALID_FILTER", message) from fault


def _number(field: Field, wanted: Any, _zone: tzinfo) -> int | None:
    number = int(wanted)
    return None if field.name == "parentId" and number == 0 else number


_READERS: Mapping[ValueKind, Callable[[Field, Any, tzinfo], Any]] = {
    ValueKind.NUMBER: _number,
    ValueKind.PEOPLE: _number,
    ValueKind.TEXT: lambda _field, wanted, _zone: str(wanted),
    ValueKind.TAGS: lambda _field, wanted, _zone: str(wanted),
    ValueKind.INSTANT: lambda _field, wanted, zone: read_instant(str(wanted), zone),
    ValueKind.FLAG: lambda _field, wanted, _zone: wanted in (True, "Y", "y", "1", 1, "true"),
    ValueKind.BOOL: lambda _field, wanted, _zone: wanted in (True, "Y", "y", "1", 1, "true"),
}


def _order(asked: Json, table: Table) -> Iterable[tuple[Field, bool]]:
    for name, direction in _pairs(asked.get("order")) or _pairs(asked.get("sort")):
        field = find(table, name)
        if field is None or not field.sortable:
            message = f"Unknown sort field '{name}'"
            raise Refused(400, "UNKNOWN_SORT_FIELD", message)
        yield field, _descending(direction)


def _pairs(asked: Any) -> Sequence[tuple[str, Any]]:
    """`-a,b`, `a:desc`, `{a: desc}` or `["-a", {b: 1}]` as (name, direction)."""
    match asked:
        case None | "":
            return []
        case str():
            return [_pair(part.strip()) for part in asked.split(",") if part.strip()]
        case dict():
            return [(str(name), direction) for name, direction in asked.items()]
        case list():
            return [pair for part in asked for pair in _pairs(part)]
        case _:
            raise Refused(400, "INVALID_SORT_TYPE", "sort must be a string, object or array")


def _pair(text: str) -> tuple[str, Any]:
    if text.startswith("-"):
        return text[1:], "desc"
    name, _, direction = text.partition(":")
    return name, direction or "asc"


def _descending(direction: Any) -> bool:
    word = str(direction).lower()
    if isinstance(direction, bool) or word not in {"asc", "desc", "1", "-1"}:
        message = f"Sort direction must be asc or desc, not {direction!r}"
        raise Refused(400, "INVALID_SORT_DIRECTION", message)
    return word in {"desc", "-1"}


def _select(asked: Any) -> tuple[str, ...] | None:
    match asked:
        case str() if asked:
            return tuple(name.strip() for name in asked.split(","))
        case [*names] if names and all(isinstance(name, str) for name in names):
            return tuple(names)
        case _:
            return None


def _whole(asked: Json, name: str, default: int, least: int = 0) -> int:
    value = asked.get(name, default)
    try:
        number = default if value is None or isinstance(value, bool) else int(value)
    except (ValueError, TypeError):
        number = least - 1
    if number < least:
        message = f"{name}: Expected a number of at least {least}"
        raise Refused.invalid(message)
    return number
