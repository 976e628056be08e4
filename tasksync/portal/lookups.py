"""Asking for tasks by id.

Absence decides a create, so it must be said: a task is gone only when a `get` of its id was
answered with not-found or with nothing. Any other error is raised.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator, Sequence
from typing import Any

from tasksync.core.extra_fields import ExtraField
from tasksync.core.fields import RemoteId
from tasksync.core.task import LiveTask
from tasksync.errors import PortalRejected, PortalUnavailable, PortalUnreadable
from tasksync.portal import wire
from tasksync.portal.backoff import pause
from tasksync.portal.batches import FULL
from tasksync.portal.error_codes import ErrorClass, error_of
from tasksync.portal.requester import Requester
from tasksync.portal.rows import SELECT, id_in, live_task
from tasksync.portal.setup import MOST_REPEATS

_DOING = "Reading tasks by id"


def by_ids(
    requester: Requester, ids: Collection[RemoteId], extras: Collection[ExtraField] = ()
) -> Iterator[LiveTask]:
    """Yield the tasks of these ids that are there; each that does not come is gone.

    First as listings of one id, which carry tags and extra fields; what these did not return as
    `get`.
    """
    missing: list[RemoteId] = []
    for some in _fifties(sorted(set(ids))):
        answered = _listed(requester, some, extras)
        for one in some:
            row = _row_of(one, answered.results.get(_name(one)))
            if row is None:
                missing.append(one)
            else:
                yield live_task(row, extras)
    for some in _fifties(missing):
        yield from _got(requester, some, extras)


def present(requester: Requester, ids: Collection[RemoteId]) -> set[RemoteId]:
    """Return which of these are there, by `get` alone: a listing may lag behind a delete."""
    found = (live.id for some in _fifties(sorted(set(ids))) for live in _got(requester, some))
    return set(found)


def _listed(
    requester: Requester, ids: Sequence[RemoteId], extras: Collection[ExtraField]
) -> wire.Calls:
    """Ask for listings of one id; a portal that refuses this filter is asked by `get` alone."""
    try:
        select = (*SELECT, *(one.name for one in extras))
        return _calls(requester, [wire.list_call(_name(one), one, select) for one in ids])
    except PortalRejected:
        return wire.Calls({}, {})


def _got(
    requester: Requester, ids: Sequence[RemoteId], extras: Collection[ExtraField] = ()
) -> Iterator[LiveTask]:
    """Yield what `get` returns, repeating the calls that were not answered."""
    left = list(ids)
    for attempt in range(1, MOST_REPEATS + 1):
        answered = _calls(requester, [wire.get_call(_name(one), one) for one in left])
        again: list[RemoteId] = []
        hint: float | None = None
        for one in left:
            fault = answered.faults.get(_name(one))
            if fault is None and _name(one) in answered.results:
                yield from _found(one, answered.results[_name(one)], extras)
            elif fault is None or fault.error_class in {ErrorClass.AMBIGUOUS, ErrorClass.WAIT}:
                again.append(one)
                hint = fault.retry_after if fault else hint
            elif not wire.says_missing(fault):
                raise error_of(fault, f"{_DOING}: task {one}")
        if not again:
            return
        left = again
        if (ends := requester.waits.heed(hint, _DOING)) is not None:
            raise ends
        requester.sleep(pause(attempt, hint, requester.settings.pause))
    msg = f"{_DOING}: the portal does not say whether task {left[0]} is there."
    raise PortalUnavailable(msg, "Nothing was written. Run it again in a minute.")


def _found(remote: RemoteId, result: Any, extras: Collection[ExtraField]) -> Iterator[LiveTask]:
    """Yield the task of a `get`; nothing at all is how Bitrix24 answers a missing one."""
    if result in (None, [], {}):
        return
    task = wire.task_in(result)
    if task is None or id_in(task) != remote:
        msg = f"{_DOING}: the portal answered something else for task {remote}."
        raise PortalUnreadable(msg, "Nothing was written. Please report it with this line.")
    yield live_task(task, extras)


def _row_of(remote: RemoteId, result: Any) -> Any | None:
    """Return the row with this id: the portal may have ignored the filter."""
    rows: Iterable[Any] = result if isinstance(result, list) else wire.mapping(result).values()
    return next((row for row in rows if id_in(row) == remote), None)


def _calls(requester: Requester, calls: Sequence[wire.Json]) -> wire.Calls:
    """Ask a batch of reads; a batch refused call by call is answered all the same."""
    request = wire.batch(calls)
    try:
        return wire.calls_of(requester.ask(request, _DOING, per_call=True))
    except wire.UnreadableAnswer as fault:
        msg = f"{_DOING}: {fault}."
        raise PortalUnreadable(msg, "Nothing was written.") from fault


def _name(remote: int) -> str:
    return f"t{remote}"


def _fifties(ids: Sequence[RemoteId]) -> Iterator[Sequence[RemoteId]]:
    return (ids[at : at + FULL] for at in range(0, len(ids), FULL))
