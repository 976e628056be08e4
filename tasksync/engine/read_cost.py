"""Reading tasks by their ids, or by listing the project: what costs fewer requests."""

from __future__ import annotations

from collections.abc import Collection

from tasksync.core.fields import RemoteId
from tasksync.core.ports import Portal
from tasksync.core.task import LiveTask

#: reading by id takes one request for so many tasks, listing one for so many
BY_ID, BY_LIST = 50, 5000


def pages(tracked: int) -> int:
    """Return how many requests a listing takes: its pages, and the empty one that ends it."""
    return tracked // BY_LIST + 2


def batches(ids: int) -> int:
    """Return how many requests reading so many ids takes."""
    return -(-ids // BY_ID)


def read_by_list(ids: int, tracked: int, marker: str | None) -> bool:
    """Tell whether listing the project is cheaper than asking for each of so many tasks."""
    return marker is not None and pages(tracked) < batches(ids)


def requests_to_read(ids: int, tracked: int, marker: str | None) -> int:
    """Return how many requests reading so many tasks of the project takes."""
    return pages(tracked) if read_by_list(ids, tracked, marker) else batches(ids)


def read_of(
    portal: Portal, ids: Collection[RemoteId], tracked: int, marker: str | None
) -> dict[RemoteId, LiveTask]:
    """Return the tasks of these ids that are there, by id; raises PortalError."""
    by_list = read_by_list(len(ids), tracked, marker)
    found = portal.find(marker if by_list else None, ids)
    return {live.id: live for live in found if live.id in ids}
