"""How changes are packed into requests, and what that costs; the same function does both.

A request holds either creates or calls that may be repeated, never both, so that what is not
answered is either wholly in doubt or wholly repeatable. One change alone takes its own route.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass

from tasksync.core.change import Action, Change
from tasksync.portal.pacing import seconds_for

#: POST /v1/batch takes so many calls (contract 3)
FULL = 50
SMALLEST = 5
#: so many quick answers in a row make batches bigger again
QUICK_ONES = 5


@dataclass(frozen=True, slots=True)
class Estimate:
    """What an apply costs when nothing fails; seconds at the vendor's limits."""

    requests: int
    seconds: float


def pack(
    changes: Iterable[Change], size: Callable[[], int] = lambda: FULL
) -> Iterator[tuple[Change, ...]]:
    """Yield the changes of one level as the requests that carry them.

    Reads no further ahead than a full request of either kind; `size` may change on the way.
    """
    waiting: dict[bool, list[Change]] = {True: [], False: []}
    for change in changes:
        if not change.writes:
            continue
        same = waiting[change.action is Action.CREATE]
        same.append(change)
        if len(same) >= size():
            yield tuple(same)
            same.clear()
    yield from (tuple(rest) for rest in waiting.values() if rest)


def estimate(levels: Iterable[Sequence[Change]]) -> Estimate:
    """Return how many requests `perform` sends for these levels, and how long that takes.

    Exact when nothing fails and the portal answers updates with the task, as it documents.
    """
    requests = sum(1 for level in levels for _ in pack(level))
    return Estimate(requests, seconds_for(requests))


class Size:
    """How many calls go into a batch: fewer on a slow portal, more again as it recovers."""

    def __init__(self, timeout: float) -> None:
        self.now = FULL
        self._slow = timeout / 3
        self._quick = 0

    def __call__(self) -> int:
        """Return the size in force."""
        return self.now

    def shrink(self) -> None:
        """Take that a batch was too much."""
        self.now = max(SMALLEST, self.now // 2)
        self._quick = 0

    def took(self, seconds: float, calls: int) -> None:
        """Take how long a batch of so many calls took."""
        if calls > 1 and seconds > self._slow:
            self.shrink()
            return
        self._quick += 1
        if self._quick >= QUICK_ONES and self.now < FULL:
            self.now = min(FULL, self.now + SMALLEST)
            self._quick = 0
