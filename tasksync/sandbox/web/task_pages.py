"""Finds the rows that a question asks for: by index where there is one, by looking where not."""

from __future__ import annotations

from bisect import bisect_left, bisect_right
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from tasksync.sandbox.json_codec import Json
from tasksync.sandbox.model.index import TaskIndex
from tasksync.sandbox.model.quirks import More, Quirks
from tasksync.sandbox.web.http_messages import Refused
from tasksync.sandbox.web.listing_query import HIGHEST_LIMIT, Condition, Op, Question, test


@dataclass(frozen=True, slots=True)
class RowPage:
    """What was found: the things of this page, how many there are in all, and `meta`."""

    found: Sequence[Any]
    total: int
    meta: Json


def page_of_tasks(
    shelf: TaskIndex, asked: Question, quirks: Quirks, visible: Callable[[Any], bool] | None
) -> RowPage:
    """A page of tasks, under the quirks of listing."""
    _limits(asked, quirks)
    heard = [one for one in asked.conditions if not _ignored(one, quirks)]
    ids, rest = _narrowed(shelf, heard)
    tests = [test(one) for one in rest] + ([visible] if visible else [])
    if tests:
        ids = [id_ for id_ in ids if all(holds(shelf.tasks[id_]) for holds in tests)]
    return _page(_ordered(ids, shelf.tasks, asked), shelf.tasks, asked, quirks)


def page_of(things: Mapping[int, Any], asked: Question, quirks: Quirks) -> RowPage:
    """A page of anything that is kept by id."""
    tests = [test(one) for one in asked.conditions]
    ids = [id_ for id_, one in things.items() if all(holds(one) for holds in tests)]
    return _page(_ordered(sorted(ids), things, asked), things, asked, quirks)


def _page(
    ids: Sequence[int], things: Mapping[int, Any], asked: Question, quirks: Quirks
) -> RowPage:
    limit = min(asked.limit, quirks.page_cap or HIGHEST_LIMIT)
    end = asked.offset + limit
    found = [things[id_] for id_ in ids[asked.offset : end]]
    total = len(found) if quirks.total_of_page else len(ids)
    meta: Json = {"total": total} if quirks.meta_total else {}
    meta["hasMore"] = not quirks.total_of_page and _has_more(end, total, quirks.has_more)
    if len(ids) > HIGHEST_LIMIT:
        meta["truncated"] = True
    return RowPage(found, total, meta)


def _has_more(end: int, total: int, lie: More) -> bool:
    if lie is More.NEVER:
        return False
    return end < total or (lie is More.EXTRA and end == total)


def _limits(asked: Question, quirks: Quirks) -> None:
    if quirks.page_fails_over and asked.limit > quirks.page_fails_over:
        raise Refused(502, "BITRIX_UNAVAILABLE", "Bitrix24 did not answer in time")
    if quirks.offset_fails_from and asked.offset >= quirks.offset_fails_from:
        raise Refused(500, "INTERNAL_ERROR", "Internal error")


def _ignored(one: Condition, quirks: Quirks) -> bool:
    if one.field.name == "tags":
        return quirks.ignore_tag_filter
    return one.field.name == "id" and one.op is Op.GT and quirks.ignore_id_filter


def _narrowed(shelf: TaskIndex, asked: Iterable[Condition]) -> tuple[list[int], list[Condition]]:
    """(ids in order that may hold, what is still to be looked at), by tag and by id."""
    ids, rest = shelf.ids, []
    low, high = 0, None
    for one in asked:
        match one.field.name, one.op:
            case "tags", Op.EQ if ids is shelf.ids:
                ids = shelf.tagged(one.value)
            case "id", Op.IN if ids is shelf.ids:
                ids = sorted({id_ for id_ in one.value if id_ in shelf.tasks})
            case "id", Op.GT if one.value is not None:
                low = max(low, one.value + 1)
            case "id", Op.LE if one.value is not None:
                high = one.value if high is None else min(high, one.value)
            case _:
                rest.append(one)
    end = len(ids) if high is None else bisect_right(ids, high)
    return ids[bisect_left(ids, low) : end], rest


def _ordered(ids: list[int], things: Mapping[int, Any], asked: Question) -> list[int]:
    """Newest first unless asked otherwise (contract 2.5); what is not set comes first."""
    if not asked.order:
        return ids[::-1]
    if asked.order[0][0].name == "id":
        return ids[::-1] if asked.order[0][1] else ids
    found = list(ids)
    for field, descending in reversed(asked.order):
        get = field.get
        keys = {id_: _sortable(get(things[id_])) for id_ in found}
        found.sort(key=keys.__getitem__, reverse=descending)
    return found


def _sortable(value: Any) -> tuple[bool, Any]:
    return value is not None, 0 if value is None else value
