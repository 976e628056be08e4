"""How changes are packed into requests, and what that costs; the same function does both.

A request holds either creates or calls that may be repeated, never both, so that what is not
answered is either wholly in doubt or wholly repeatable. One change alone takes its own route.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence

from tasksync.core.change import Action, Change
from tasksync.portal.pacing import seconds_for
from tasksync.value_classes import dataclass

#: POST /v1/batch takes so many calls (contract 3)
FULL = 50
SMALLEST = 5
#: so many answers in time in a row make batches bigger again
IN_TIME_TO_GROW = 5
#: the first batch of creates on a portal of which nothing is known
FIRST = 10
#: a batch of creates is expected to be answered within this (seconds): the gateway queues 30 s
ANSWERED = 15.0
#: contract 6.1: two requests run at once
AT_ONCE = 2


@dataclass(frozen=True, slots=True)
class Estimate:
    """What an apply costs when nothing fails; seconds at the vendor's limits."""

    requests: int
    seconds: float


class Size:
    """How many calls go into a batch: fewer on a slow portal, more again as it recovers."""

    def __init__(self, timeout: float) -> None:
        self.now = FULL
        self._slow = timeout / 3
        self._in_time = 0

    def __call__(self) -> int:
        """Return the size in force."""
        return self.now

    def shrink(self) -> None:
        """Take that a batch was too much."""
        self.now = max(SMALLEST, self.now // 2)
        self._in_time = 0

    def took(self, seconds: float, calls: int) -> None:
        """Take how long a batch of so many calls took."""
        if calls > 1 and seconds > self._slow:
            self.shrink()
            return
        self._in_time += 1
        if self._in_time >= IN_TIME_TO_GROW and self.now < FULL:
            self.now = min(FULL, self.now + SMALLEST)
            self._in_time = 0


class CreateSize:
    """How many creates go into a batch: few at first, more while they are answered soon.

    A create without an answer is in doubt until the settle time is over, and the calls of a batch
    run one after another; so a batch is no longer than what is answered within ANSWERED. `seconds`
    is what one create takes, as far as it is known: set it to what the state remembers.
    """

    def __init__(self, seconds: float | None = None) -> None:
        self._known = seconds
        self._most = FIRST if seconds is None else FULL

    @property
    def seconds(self) -> float | None:
        """Seconds that one create takes on this portal; None while that is not known."""
        return self._known

    @seconds.setter
    def seconds(self, known: float | None) -> None:
        if known is not None and known > 0:
            self._known, self._most = known, FULL

    def __call__(self) -> int:
        """Return the size in force."""
        fits = FULL if not self._known else int(ANSWERED / self._known)
        return max(1, min(self._most, fits))

    def shrink(self) -> None:
        """Take that a batch was too much."""
        self._most = max(1, self() // 2)

    def took(self, seconds: float, calls: int) -> None:
        """Take how long a batch of so many creates took; one alone tells of the way there only."""
        if calls > 1 or seconds > ANSWERED:
            latest = seconds / calls
            before = latest if self._known is None else self._known
            self._known = max(latest, (before + latest) / 2)  # slower counts at once
        if calls >= self._most:
            self._most = min(FULL, 2 * self._most)


Sizes = Callable[[bool], int]


def full(creates: bool) -> int:  # noqa: FBT001 - the one question that a size is asked
    """Return how many calls go into a request on a portal that answers soon and is known."""
    del creates
    return FULL


def pack(changes: Iterable[Change], size: Sizes = full) -> Iterator[tuple[Change, ...]]:
    """Yield the changes of one level as the requests that carry them.

    Reads no further ahead than a full request of either kind; `size` (asked with whether it is
    for creates) may change on the way.
    """
    waiting: dict[bool, list[Change]] = {True: [], False: []}
    for change in changes:
        if not change.writes:
            continue
        creates = change.action is Action.CREATE
        same = waiting[creates]
        same.append(change)
        while len(same) >= (most := size(creates)):
            yield tuple(same[:most])
            del same[:most]
    for creates, rest in waiting.items():
        while rest:
            most = size(creates)
            yield tuple(rest[:most])
            del rest[:most]


def estimate(levels: Iterable[Sequence[Change]], create_seconds: float | None = None) -> Estimate:
    """Return how many requests `perform` sends for these levels, and how long that takes.

    `create_seconds` is what the state remembers of this portal. Exact for one request after
    another when nothing fails, creates are answered soon, and the portal answers updates with
    the task, as it documents; two in flight may take a request or two more.
    """
    creates = CreateSize(create_seconds)
    requests = created = 0
    for level in levels:
        for some in pack(level, lambda new: creates() if new else FULL):
            requests += 1
            if some[0].action is Action.CREATE:
                created += len(some)
                creates.took(len(some) * (create_seconds or 0.0), len(some))
    working = created * (create_seconds or 0.0) / AT_ONCE
    return Estimate(requests, max(seconds_for(requests), working))
