"""Listing tasks by marker, page after page, and finding the newest id.

`GET /v1/tasks` (contract 2.5): the cursor is `filter[>id]` in ascending order; `offset` is not
used and `hasMore` is not believed (contract 6.2). Filters may be ignored, so what comes is
checked again here, and what cannot be the whole answer is refused rather than taken for it.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any

from tasksync.core.events import ReadProgress
from tasksync.core.fields import RemoteId
from tasksync.core.ports import Listener
from tasksync.core.task import LiveTask
from tasksync.errors import PortalUnreadable
from tasksync.portal import wire
from tasksync.portal.backoff import pause
from tasksync.portal.exchange import Request
from tasksync.portal.line import Line, Lost
from tasksync.portal.rows import SELECT, Decoder, id_in, tags_were_sent

LARGEST, SMALLEST = 5000, 50
#: good pages in a row before they grow again
GOOD_PAGES = 3
#: a page that was too long is asked for in quarters: 5000 are 50 after four answers
SHRINK = 4
_DOING = "Reading tasks"
_FEW = 10
_GATEWAY = {502, 504}


@dataclass(frozen=True, slots=True)
class Page:
    """The rows of one request; `total` is None where the portal did not tell."""

    rows: list[Any]
    ids: list[int]
    limit: int
    total: int | None
    truncated: bool

    @property
    def whole(self) -> bool:
        """Whether nothing else can match: short, and as many as the portal counts."""
        few = len(self.rows) < self.limit and not self.truncated
        return few and self.total is not None and self.total <= len(self.rows)

    @property
    def ascending(self) -> bool:
        """Whether the order was kept."""
        return all(a < b for a, b in zip(self.ids, self.ids[1:], strict=False))


class Listing:
    """One listing of what bears a marker, or of all; page sizes are learnt on the way."""

    def __init__(self, line: Line, listener: Listener, marker: str | None) -> None:
        self._line = line
        self._listener = listener
        self._marker = marker
        self._limit = LARGEST
        self._good = 0

    def rows(self, after: int = 0) -> Iterator[LiveTask]:
        """Yield every task with an id above `after` that the portal lists, marked or not.

        Raises PortalUnreadable where the answers cannot be made into the whole.
        """
        seen: set[int] = set()
        cursor = after
        decode = Decoder()
        while True:
            page = self._page(cursor)
            fresh = [row for row, one in zip(page.rows, page.ids, strict=True) if one > cursor]
            whole = page.whole
            if not whole and not page.ascending:
                if not self._is_all(page, cursor):
                    raise _unusable("it does not keep the order that was asked for")
                whole = True
            for row in fresh:
                if not tags_were_sent(row):
                    raise _unusable("a row has no `tags`, although they were selected")
                live = decode(row)
                if live.id not in seen:
                    seen.add(live.id)
                    yield live
            decode.trim()
            self._listener(ReadProgress(len(seen), self._line.requests))
            if not page.rows or whole:
                return
            if not fresh:
                self._prove(page, seen, after, cursor)
                return
            cursor = page.ids[-1]

    def _is_all(self, page: Page, cursor: int) -> bool:
        """Tell whether nothing stands behind a page: the one use of `offset`.

        A portal that keeps no order and tells no total is read all the same, if it is small.
        """
        query = (*self._filters(cursor), ("offset", str(len(page.rows))))
        return bool(page.rows) and not self._ask(query, page.limit).rows

    def _prove(self, page: Page, seen: set[int], after: int, cursor: int) -> None:
        """Judge a page that brought nothing new: the cursor was ignored.

        Lowest and highest ids that overlap leave no gap, and so does a page that is all; else
        it cannot be known.
        """
        if page.total is None and len(page.rows) < page.limit:
            high = self._ask((*self._marked(), ("order[id]", "desc")), page.limit)
            falling = high.ids == sorted(set(high.ids), reverse=True)
            if falling and {one for one in high.ids if one > after} <= seen:
                return
        if {one for one in page.ids if one > after} <= seen and self._is_all(page, cursor):
            return
        raise _unusable("it repeats a page instead of going on behind the last id")

    def _page(self, cursor: int) -> Page:
        while True:
            limit = self._limit
            request = _request(self._filters(cursor), limit, SELECT)
            reply = self._line.once(request) if limit > SMALLEST else None
            if reply is not None and self._too_large(reply):
                self._shrink()
                self._line.sleep(self._pause_after(reply))
                continue
            if reply is None or isinstance(reply, Lost) or reply.fault is not None:
                reply = self._line.ask(request, _DOING)
            self._grow()
            return page_of(reply, limit)

    def _filters(self, cursor: int) -> tuple[tuple[str, str], ...]:
        return (*self._marked(), ("filter[>id]", str(cursor)), ("order[id]", "asc"))

    def _marked(self) -> tuple[tuple[str, str], ...]:
        return () if self._marker is None else (("filter[tags]", self._marker),)

    def _too_large(self, reply: wire.Reply | Lost) -> bool:
        """Tell whether a smaller page may be answered: 502, 504 and time-outs (contract 6.1)."""
        if isinstance(reply, Lost):
            return reply.sent
        return reply.fault is not None and reply.fault.status in _GATEWAY

    def _pause_after(self, reply: wire.Reply | Lost) -> float:
        """Return the first pause, or what the portal asked for: a smaller page is no repeat."""
        fault = reply.fault if isinstance(reply, wire.Reply) else None
        return pause(1, fault.retry_after if fault else None, self._line.settings.pause)

    def _shrink(self) -> None:
        self._limit = max(SMALLEST, self._limit // SHRINK)
        self._good = 0

    def _grow(self) -> None:
        self._good += 1
        if self._good >= GOOD_PAGES and self._limit < LARGEST:
            self._limit = min(self._limit * 2, LARGEST)
            self._good = 0

    def _ask(self, filters: tuple[tuple[str, str], ...], limit: int) -> Page:
        return page_of(self._line.ask(_request(filters, limit, ("id",)), _DOING), limit)


def _request(filters: tuple[tuple[str, str], ...], limit: int, select: Sequence[str]) -> Request:
    query = (*filters, ("limit", str(limit)), ("select", ",".join(select)))
    return Request("GET", "/v1/tasks", query)


def page_of(reply: wire.Reply, limit: int) -> Page:
    """Return a page of rows that all have an id; raises PortalUnreadable otherwise."""
    data = reply.data
    if isinstance(data, dict):
        data = data.get("tasks", list(data.values()))  # native shape, or an object by id
    if not isinstance(data, list):
        raise _unusable("a listing is no list")
    ids = [one for one in map(id_in, data) if one is not None and one > 0]
    if len(ids) != len(data):
        raise _unusable("a row has no usable id")
    total = reply.meta.get("total")
    if isinstance(total, str) and total.isascii() and total.isdigit():
        total = int(total)
    known = total if isinstance(total, int) and not isinstance(total, bool) else None
    return Page(data, ids, limit, known, reply.meta.get("truncated") is True)


def newest(line: Line) -> RemoteId:
    """Return the highest id that the portal lists; never one that is not there.

    A few rows show whether the order was kept; otherwise the cursor goes up to the end.
    """
    page = page_of(line.ask(_request((("order[id]", "desc"),), _FEW, ("id",)), _DOING), _FEW)
    highest = max(page.ids, default=0)
    if page.ids == sorted(page.ids, reverse=True) or page.whole:
        return RemoteId(highest)
    while True:
        filters = (("filter[>id]", str(highest)), ("order[id]", "asc"))
        page = page_of(line.ask(_request(filters, LARGEST, ("id",)), _DOING), LARGEST)
        if max(page.ids, default=0) <= highest:
            return RemoteId(highest)
        highest = max(page.ids)


def _unusable(what: str) -> PortalUnreadable:
    return PortalUnreadable(
        f"The portal's listing of tasks cannot be used: {what}.",
        "Nothing is written from half a listing: it would make tasks twice. Please report this"
        " with the portal's version.",
    )
