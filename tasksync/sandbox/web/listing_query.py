"""A listing's parameters: filter, order, select, limit, offset; read from a query string or a body.

Filters stand in three syntaxes that mix, all joined by AND (contract 9). Sorting, limits and their
errors: contract 2.5, 2.6, 6.2.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Mapping, Sequence
from datetime import tzinfo
from enum import StrEnum
from typing import Any, NamedTuple

from tasksync.sandbox.json_codec import Json
from tasksync.sandbox.model.fields import Field, FieldTable, ValueKind, find
from tasksync.sandbox.model.portal_clock import read_instant
from tasksync.sandbox.web.http_messages import ApiError

DEFAULT_LIMIT = 50
MAX_LIMIT = 5000


class FilterOperator(StrEnum):
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
    "$gt": FilterOperator.GT,
    "$gte": FilterOperator.GE,
    "$lt": FilterOperator.LT,
    "$lte": FilterOperator.LE,
    "$ne": FilterOperator.NE,
    "$contains": FilterOperator.CONTAINS,
    "$in": FilterOperator.IN,
    ">": FilterOperator.GT,
    ">=": FilterOperator.GE,
    "<": FilterOperator.LT,
    "<=": FilterOperator.LE,
    "!": FilterOperator.NE,
    "!=": FilterOperator.NE,
    "%": FilterOperator.CONTAINS,
}
_PREFIXED = re.compile(r"^([^\w$]+)(\w+)$")


class FilterCondition(NamedTuple):
    """One thing that must hold of a row; the value is already of the field's kind."""

    field: Field
    op: FilterOperator
    value: Any


class ListingQuery(NamedTuple):
    """A listing; `order` is (field, descending), the most significant first."""

    conditions: tuple[FilterCondition, ...] = ()
    order: tuple[tuple[Field, bool], ...] = ()
    select: tuple[str, ...] | None = None
    limit: int = DEFAULT_LIMIT
    offset: int = 0


def read_listing_query(parameters: Json, table: FieldTable, zone: tzinfo) -> ListingQuery:
    """The parameters as a query; raises ApiError with the vendor's code for what is not valid."""
    if parameters.get("autoWindow") in (True, "true") and _whole_number(parameters, "offset", 0):
        message = "offset is unstable over time windows; turn autoWindow off"
        raise ApiError(400, "UNSTABLE_OFFSET_PAGINATION", message)
    return ListingQuery(
        conditions=tuple(_conditions(parameters.get("filter"), table, zone)),
        order=tuple(_order(parameters, table)),
        select=_select(parameters.get("select")),
        limit=min(_whole_number(parameters, "limit", DEFAULT_LIMIT, least=1), MAX_LIMIT),
        offset=_whole_number(parameters, "offset", 0),
    )


def predicate(condition: FilterCondition) -> Callable[[Any], bool]:  # noqa: PLR0911 - a table
    """The condition as a function of an entity (not of its row)."""
    get, value = condition.field.get, condition.value
    many = condition.field.kind in {ValueKind.PEOPLE, ValueKind.TAGS}
    match condition.op:
        case FilterOperator.EQ | FilterOperator.IN if many:
            wanted = set(value) if condition.op is FilterOperator.IN else {value}
            return lambda entity: not wanted.isdisjoint(get(entity))
        case FilterOperator.NE if many:
            return lambda entity: value not in get(entity)
        case FilterOperator.EQ:
            return lambda entity: get(entity) == value
        case FilterOperator.NE if isinstance(value, tuple):
            return lambda entity: get(entity) not in value
        case FilterOperator.NE:
            return lambda entity: get(entity) != value
        case FilterOperator.IN:
            return lambda entity: get(entity) in value
        case FilterOperator.CONTAINS:
            return lambda entity: _contains(get(entity), value)
        case FilterOperator.GT | FilterOperator.GE | FilterOperator.LT | FilterOperator.LE:
            return _comparison(condition)


def _comparison(condition: FilterCondition) -> Callable[[Any], bool]:
    get, value, op = condition.field.get, condition.value, condition.op
    greater = op in {FilterOperator.GT, FilterOperator.GE}
    equal = op in {FilterOperator.GE, FilterOperator.LE}

    def holds(entity: Any) -> bool:
        own = get(entity)
        if own is None or value is None:
            return False
        return bool((equal and own == value) or (own > value if greater else own < value))

    return holds


def _contains(own: Any, value: Any) -> bool:
    if isinstance(own, tuple):
        return any(_contains(part, value) for part in own)
    return str(value).casefold() in str(own).casefold()


def _conditions(given: Any, table: FieldTable, zone: tzinfo) -> Iterable[FilterCondition]:
    if given in (None, "", [], {}):
        return
    if not isinstance(given, Mapping):
        raise ApiError(400, "INVALID_FILTER", "filter must be an object")
    for name, value in given.items():
        for operator, field_name, wanted in _filter_parts(str(name), value):
            field = find(table, field_name)
            if field is None:
                message = f"Unknown filter field '{field_name}'"
                raise ApiError(400, "INVALID_FILTER_FIELD", message)
            if not field.filter_ignored:
                yield _condition(field, operator, wanted, zone)


def _filter_parts(name: str, value: Any) -> Iterable[tuple[FilterOperator, str, Any]]:
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
        yield FilterOperator.EQ, name, value


def _operator(spelling: str) -> FilterOperator:
    try:
        return SPELLINGS[spelling]
    except KeyError:
        message = f"Unknown operator '{spelling}'. Accepted: {','.join(SPELLINGS)}"
        raise ApiError(400, "INVALID_FILTER_OPERATOR", message) from None


def _condition(field: Field, op: FilterOperator, wanted: Any, zone: tzinfo) -> FilterCondition:
    if op is FilterOperator.IN and isinstance(wanted, str):
        wanted = wanted.split(",")
    if isinstance(wanted, list) and op in {FilterOperator.EQ, FilterOperator.IN, FilterOperator.NE}:
        values = tuple(_value(field, item, zone) for item in wanted)
        return FilterCondition(field, op if op is FilterOperator.NE else FilterOperator.IN, values)
    if op is FilterOperator.IN or isinstance(wanted, list | dict):
        message = f"filter on '{field.name}' has a value of the wrong type"
        raise ApiError(400, "INVALID_FILTER", message)
    return FilterCondition(
        field, op, str(wanted) if op is FilterOperator.CONTAINS else _value(field, wanted, zone)
    )


def _value(field: Field, wanted: Any, zone: tzinfo) -> Any:
    if wanted is None or wanted == "":
        return "" if field.kind is ValueKind.TEXT else None
    try:
        return _READERS[field.kind](field, wanted, zone)
    except (ValueError, TypeError) as fault:
        message = f"filter on '{field.name}' cannot be {wanted!r}"
        raise ApiError(400, "INVALID_FILTER", message) from fault


def _number(field: Field, wanted: Any, _zone: tzinfo) -> int | None:
    number = int(wanted)
    return None if field.name == "parentId" and number == 0 else number


_READERS: Mapping[ValueKind, Callable[[Field, Any, tzinfo], Any]] = {
    ValueKind.NUMBER: _number,
    ValueKind.PEOPLE: _number,
    ValueKind.TEXT: lambda _field, wanted, _zone: str(wanted),
    ValueKind.TAGS: lambda _field, wanted, _zone: str(wanted),
    ValueKind.EXTRA: lambda _field, wanted, _zone: str(wanted),
    ValueKind.INSTANT: lambda _field, wanted, zone: read_instant(str(wanted), zone),
    ValueKind.FLAG: lambda _field, wanted, _zone: wanted in (True, "Y", "y", "1", 1, "true"),
    ValueKind.BOOL: lambda _field, wanted, _zone: wanted in (True, "Y", "y", "1", 1, "true"),
}


def _order(parameters: Json, table: FieldTable) -> Iterable[tuple[Field, bool]]:
    for name, direction in _pairs(parameters.get("order")) or _pairs(parameters.get("sort")):
        field = find(table, name)
        if field is None or not field.sortable:
            message = f"Unknown sort field '{name}'"
            raise ApiError(400, "UNKNOWN_SORT_FIELD", message)
        yield field, _descending(direction)


def _pairs(given: Any) -> Sequence[tuple[str, Any]]:
    """`-a,b`, `a:desc`, `{a: desc}` or `["-a", {b: 1}]` as (name, direction)."""
    match given:
        case None | "":
            return []
        case str():
            return [_pair(part.strip()) for part in given.split(",") if part.strip()]
        case dict():
            return [(str(name), direction) for name, direction in given.items()]
        case list():
            return [pair for part in given for pair in _pairs(part)]
        case _:
            raise ApiError(400, "INVALID_SORT_TYPE", "sort must be a string, object or array")


def _pair(text: str) -> tuple[str, Any]:
    if text.startswith("-"):
        return text[1:], "desc"
    name, _, direction = text.partition(":")
    return name, direction or "asc"


def _descending(direction: Any) -> bool:
    word = str(direction).lower()
    if isinstance(direction, bool) or word not in {"asc", "desc", "1", "-1"}:
        message = f"Sort direction must be asc or desc, not {direction!r}"
        raise ApiError(400, "INVALID_SORT_DIRECTION", message)
    return word in {"desc", "-1"}


def _select(given: Any) -> tuple[str, ...] | None:
    match given:
        case str() if given:
            return tuple(name.strip() for name in given.split(","))
        case [*names] if names and all(isinstance(name, str) for name in names):
            return tuple(names)
        case _:
            return None


def _whole_number(parameters: Json, name: str, default: int, least: int = 0) -> int:
    value = parameters.get(name, default)
    try:
        number = default if value is None or isinstance(value, bool) else int(value)
    except (ValueError, TypeError):
        number = least - 1
    if number < least:
        message = f"{name}: Expected a number of at least {least}"
        raise ApiError.invalid(message)
    return number
