"""Listing tasks by marker, page after page, and finding the newest id.

`GET /v1/tasks` (contract 2.5): the cursor is `filter[>id]` in ascending order; `offset` is not
used (but see `_is_all`), and neither `hasMore` nor `total` is believed (contract 6.2): absence
decides creates, so a listing ends with an empty page behind the last id. Filters may be ignored,
so what comes is checked again here, and what cannot be the whole answer is refused rather than
taken for it.
"""

from __future__ import annotations

from collections.abc import Collection, Iterator, Sequence
from typing import Any

from tasksync.core.events import ReadProgress
from tasksync.core.extra_fields import ExtraField
from tasksync.core.fields import RemoteId
from tasksync.core.ports import Listener
from tasksync.core.task import LiveTask
from tasksync.errors import PortalUnreadable
from tasksync.portal import wire
from tasksync.portal.backoff import asked_for, pause
from tasksync.portal.messages import PortalRequest
from tasksync.portal.no_answer import NoAnswer
from tasksync.portal.requester import Requester
from tasksync.portal.row_list import RowList
from tasksync.portal.rows import SELECT, Decoder, id_in, tags_were_sent
from tasksync.value_classes import dataclass, replace

LARGEST, SMALLEST = 5000, 50
#: good pages in a row before they grow again
GOOD_PAGES = 3
#: a page that was too long is asked for in quarters: 5000 are 50 after four answers
SHRINK = 4
_DOING = "Reading tasks"
_FEW = 10
_GATEWAY = {502, 504}


@dataclass(frozen=True, slots=True)
class ListPage:
    """The rows of one request, and their ids, each once."""

    rows: list[Any] | RowList
    ids: list[int]

    def walk(self) -> Iterator[Any]:
        """Yield the rows, once: what was read of a list is let go."""
        if isinstance(self.rows, RowList):
            yield from self.rows
            return
        self.rows.reverse()
        while self.rows:
            yield self.rows.pop()

    @property
    def ascending(self) -> bool:
        """Whether the order was kept."""
        return all(a < b for a, b in zip(self.ids, self.ids[1:], strict=False))


class Listing:
    """One listing of what bears a marker, or of all; page sizes are learnt on the way.

    `filters` are what else a query asks for; the portal may ignore them as any other.
    """

    def __init__(
        self,
        requester: Requester,
        listener: Listener,
        marker: str | None,
        extras: Collection[ExtraField] = (),
        filters: Sequence[tuple[str, str]] = (),
    ) -> None:
        self._requester = requester
        self._listener = listener
        marked = () if marker is None else (("filter[tags]", marker),)
        self._filters = (*marked, *filters)
        self._limit = LARGEST
        self._good = 0
        self._seen: set[int] = set()
        self._decode = Decoder(extras)
        self._select = (*SELECT, *(one.name for one in extras))

    def rows(self, after: int = 0) -> Iterator[LiveTask]:
        """Yield every task with an id above `after` that the portal lists, marked or not.

        Raises PortalUnreadable where the answers cannot be made into the whole.
        """
        cursor = after
        while True:
            page = self._page(cursor)
            yield from self._fresh(page, cursor)
            ids = [one for one in page.ids if one > cursor]
            if not ids:
                if page.ids:
                    self._prove(after)
                return
            if not page.ascending:
                yield from self._unordered(page, cursor, None)
            cursor = max(ids)
            del page, ids  # else two pages are held while the next one is read

    def _fresh(self, page: ListPage, above: int) -> Iterator[LiveTask]:
        """Yield the tasks of a page that were not seen yet; rows go as they are read."""
        for row in page.walk():
            one = id_in(row)
            if one is not None and one > above and one not in self._seen:
                self._seen.add(one)
                live = self._decode(row)
                yield live if tags_were_sent(row) else _without_tags(live)
        self._decode.trim()
        self._listener(ReadProgress(len(self._seen), self._requester.requests))

    def _unordered(self, page: ListPage, above: int, below: int | None) -> Iterator[LiveTask]:
        """Yield what stands beside a page that came in another order than was asked for.

        Both halves of its range are asked for: more than a page holds would show in one of
        them, so where they bring nothing new, the page was all there is in the range.
        """
        ids = sorted(one for one in page.ids if one > above and (below is None or one < below))
        if len(ids) != len(page.ids):
            if self._is_all(page):
                return
            raise _unusable("it keeps neither the order nor the range that was asked for")
        middle = ids[(len(ids) - 1) // 2]
        one_row = len(ids) == 1
        halves = [(above, middle if one_row else middle + 1), (middle, below)]
        pages = [self._page(low, high) for low, high in halves]
        for one in pages:
            yield from self._fresh(one, above)
        if sorted(one for half in pages for one in half.ids) == ([] if one_row else ids):
            return
        for (low, high), half in zip(halves, pages, strict=True):
            if half.ids:
                yield from self._unordered(half, low, high)

    def _is_all(self, page: ListPage) -> bool:
        """Tell whether nothing stands behind a page: the one use of `offset`, as the last resort.

        A small portal that keeps neither order nor range is read all the same; one that ignores
        `offset` too shows its page again.
        """
        query = (*self._filters, ("order[id]", "asc"), ("offset", str(len(page.ids))))
        return not page_of(self._requester.ask(_request(query, self._limit, ("id",)), _DOING)).ids

    def _prove(self, after: int) -> None:
        """Check a page that brought nothing new: the cursor was ignored.

        A page holds the lowest ids, so where the highest ids, in falling order, are among them,
        nothing stands behind it; else it cannot be known.
        """
        asked = _request((*self._filters, ("order[id]", "desc")), _FEW, ("id",))
        high = page_of(self._requester.ask(asked, _DOING))
        falling = high.ids == sorted(high.ids, reverse=True)
        if not falling or not {one for one in high.ids if one > after} <= self._seen:
            raise _unusable("it repeats a page instead of going on behind the last id")

    def _page(self, above: int, below: int | None = None) -> ListPage:
        """Ask for the lowest ids between two."""
        filters = [*self._filters, ("filter[>id]", str(above))]
        if below is not None:
            filters.append(("filter[<id]", str(below)))
        filters.append(("order[id]", "asc"))
        since = self._requester.clock.monotonic()
        while True:
            limit = self._limit
            request = _request(filters, limit, self._select)
            reply = self._requester.once(request) if limit > SMALLEST else None
            if reply is not None and self._too_large(reply):
                self._shrink()
                wait = self._pause_after(reply)
                self._requester.sleep(wait)
                since += asked_for(wait)
                continue
            if reply is None or isinstance(reply, NoAnswer) or reply.fault is not None:
                reply = self._requester.ask(request, _DOING, since=since)
            self._grow()
            return page_of(reply)

    def _too_large(self, reply: wire.Reply | NoAnswer) -> bool:
        """Tell whether a smaller page may be answered: 502, 504 and time-outs (contract 6.1)."""
        if isinstance(reply, NoAnswer):
            return reply.sent
        return reply.fault is not None and reply.fault.status in _GATEWAY

    def _pause_after(self, reply: wire.Reply | NoAnswer) -> float:
        """Return the first pause, or what the portal asked for: a smaller page is no repeat."""
        fault = reply.fault if isinstance(reply, wire.Reply) else None
        return pause(1, fault.retry_after if fault else None, self._requester.settings.pause)

    def _shrink(self) -> None:
        self._limit = max(SMALLEST, self._limit // SHRINK)
        self._good = 0

    def _grow(self) -> None:
        self._good += 1
        if self._good >= GOOD_PAGES and self._limit < LARGEST:
            self._limit = min(self._limit * 2, LARGEST)
            self._good = 0


def _without_tags(live: LiveTask) -> LiveTask:
    """Return a task whose row lacks the `tags` that were selected: unreadable (design 7)."""
    what = "tags: not answered, although they were asked for"
    return replace(live, unreadable="; ".join(one for one in (live.unreadable, what) if one))


def whose(live: LiveTask, marker: str) -> bool:
    """Tell whether a listed task that nobody tracks bears `marker`.

    Raises PortalUnreadable where its tags cannot be read: it may be ours, so its being there must
    not pass for its absence.
    """
    if "tags" not in live.fields:
        raise _unusable(f"task {live.id} cannot be told to be ours or not ({live.unreadable})")
    return marker in live.markers


def _request(
    filters: Sequence[tuple[str, str]], limit: int, select: Sequence[str]
) -> PortalRequest:
    query = (*filters, ("limit", str(limit)), ("select", ",".join(select)))
    return PortalRequest("GET", "/v1/tasks", query, rows=True)


def page_of(reply: wire.Reply) -> ListPage:
    """Return a page of rows that all have an id; raises PortalUnreadable otherwise."""
    data = reply.data
    if isinstance(data, dict):
        data = data.get("tasks", list(data.values()))  # native shape, or an object by id
    if not isinstance(data, list | RowList):
        raise _unusable("a listing is no list")
    found = data.ids if isinstance(data, RowList) else map(id_in, data)
    ids: dict[int, None] = {}
    for remote in found:
        if remote is None or remote <= 0:
            raise _unusable("a row has no usable id")
        ids[remote] = None
    return ListPage(data, list(ids))


def newest(requester: Requester) -> RemoteId:
    """Return the highest id that the portal lists; never one that is not there.

    A few rows show whether the order was kept; otherwise the cursor goes up to the end.
    """
    page = page_of(requester.ask(_request((("order[id]", "desc"),), _FEW, ("id",)), _DOING))
    highest = max(page.ids, default=0)
    if page.ids == sorted(page.ids, reverse=True):
        return RemoteId(highest)
    while True:
        filters = (("filter[>id]", str(highest)), ("order[id]", "asc"))
        page = page_of(requester.ask(_request(filters, LARGEST, ("id",)), _DOING))
        if max(page.ids, default=0) <= highest:
            return RemoteId(highest)
        highest = max(page.ids)


def _unusable(what: str) -> PortalUnreadable:
    return PortalUnreadable(
        f"The portal's listing of tasks cannot be used: {what}.",
        "Nothing is written from half a listing: it would make tasks twice. Please report this"
        " with the portal's version.",
    )
