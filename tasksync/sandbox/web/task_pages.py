"""Finds the rows of a listing query: by index where there is one, by testing each where not."""

from __future__ import annotations

from bisect import bisect_left, bisect_right
from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import Any, NamedTuple

from tasksync.sandbox.json_codec import Json
from tasksync.sandbox.model.quirk_values import HasMore
from tasksync.sandbox.model.quirks import Quirks
from tasksync.sandbox.model.task_index import TaskIndex
from tasksync.sandbox.web.http_messages import ApiError
from tasksync.sandbox.web.listing_query import (
    MAX_LIMIT,
    FilterCondition,
    FilterOperator,
    ListingQuery,
    predicate,
)


class RowPage(NamedTuple):
    """What was found: the entities of this page, how many there are in all, and `meta`."""

    found: Sequence[Any]
    total: int
    meta: Json


def page_of_tasks(
    index: TaskIndex, query: ListingQuery, quirks: Quirks, visible: Callable[[Any], bool] | None
) -> RowPage:
    """A page of tasks, under the quirks of listing."""
    _check_page_quirks(query, quirks)
    conditions = [condition for condition in query.conditions if not _ignored(condition, quirks)]
    ids, rest = _narrowed_by_index(index, conditions)
    predicates = [predicate(condition) for condition in rest] + ([visible] if visible else [])
    if predicates:
        ids = [id_ for id_ in ids if all(holds(index.tasks[id_]) for holds in predicates)]
    return _page(_ordered(ids, index.tasks, query), index.tasks, query, quirks)


def page_of(entities: Mapping[int, Any], query: ListingQuery, quirks: Quirks) -> RowPage:
    """A page of users or workgroups."""
    predicates = [predicate(condition) for condition in query.conditions]
    ids = [id_ for id_, entity in entities.items() if all(holds(entity) for holds in predicates)]
    return _page(_ordered(sorted(ids), entities, query), entities, query, quirks)


def _page(
    ids: Sequence[int], entities: Mapping[int, Any], query: ListingQuery, quirks: Quirks
) -> RowPage:
    limit = min(query.limit, quirks.page_cap or MAX_LIMIT)
    end = query.offset + limit
    found = [entities[id_] for id_ in ids[query.offset : end]]
    total = len(found) if quirks.total_of_page else len(ids)
    meta: Json = {"total": total} if quirks.meta_total else {}
    meta["hasMore"] = not quirks.total_of_page and _has_more(end, total, quirks.has_more)
    if len(ids) > MAX_LIMIT:
        meta["truncated"] = True
    return RowPage(found, total, meta)


def _has_more(end: int, total: int, quirk: HasMore) -> bool:
    if quirk is HasMore.NEVER:
        return False
    return end < total or (quirk is HasMore.EXTRA and end == total)


def _check_page_quirks(query: ListingQuery, quirks: Quirks) -> None:
    if quirks.page_fails_over and query.limit > quirks.page_fails_over:
        raise ApiError(502, "BITRIX_UNAVAILABLE", "Bitrix24 did not answer in time")
    if quirks.offset_fails_from and query.offset >= quirks.offset_fails_from:
        raise ApiError(500, "INTERNAL_ERROR", "Internal error")


def _ignored(condition: FilterCondition, quirks: Quirks) -> bool:
    if condition.field.name == "tags":
        return quirks.ignore_tag_filter
    return (
        condition.field.name == "id"
        and condition.op is FilterOperator.GT
        and quirks.ignore_id_filter
    )


def _narrowed_by_index(
    index: TaskIndex, query: Iterable[FilterCondition]
) -> tuple[list[int], list[FilterCondition]]:
    """(ids in order that may hold, the conditions still to be tested), by tag and by id."""
    ids, rest = index.ids, []
    low, high = 0, None
    for condition in query:
        match condition.field.name, condition.op:
            case "tags", FilterOperator.EQ if ids is index.ids:
                ids = index.tagged(condition.value)
            case "id", FilterOperator.IN if ids is index.ids:
                ids = sorted({id_ for id_ in condition.value if id_ in index.tasks})
            case "id", FilterOperator.GT if condition.value is not None:
                low = max(low, condition.value + 1)
            case "id", FilterOperator.LE if condition.value is not None:
                high = condition.value if high is None else min(high, condition.value)
            case _:
                rest.append(condition)
    end = len(ids) if high is None else bisect_right(ids, high)
    return ids[bisect_left(ids, low) : end], rest


def _ordered(ids: list[int], entities: Mapping[int, Any], query: ListingQuery) -> list[int]:
    """Newest first unless the query says otherwise (contract 2.5); what is not set comes first."""
    if not query.order:
        return ids[::-1]
    if query.order[0][0].name == "id":
        return ids[::-1] if query.order[0][1] else ids
    found = list(ids)
    for field, descending in reversed(query.order):
        get = field.get
        keys = {id_: _sortable(get(entities[id_])) for id_ in found}
        found.sort(key=keys.__getitem__, reverse=descending)
    return found


def _sortable(value: Any) -> tuple[bool, Any]:
    return value is not None, 0 if value is None else value
