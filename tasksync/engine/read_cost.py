"""What reading tasks costs in requests: by their ids, or by listing the project."""

from __future__ import annotations

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
