"""When the next request may leave: the portal's limits, counted where the portal counts them.

A request reaches the portal some time after it left us and before its answer is here; so each
slot counts until its latest possible arrival (the answer, or `JITTER` after leaving) has
fallen out of the window. Against a near portal that costs nothing; against a far one, from
0.2 s an answer on, the queue of two in flight is the narrower limit anyway. Pure arithmetic over
times that are handed in.

Limits (contract 6.1): about 10 requests a second, 300 in any sliding 60 s.
"""

from __future__ import annotations

from collections import deque

from tasksync.value_classes import dataclass

#: the longest that a request is thought to be under way to the portal (seconds)
JITTER = 1.0
#: against clocks that tick coarsely (seconds)
MARGIN = 0.002
#: how much of a limit's time may be caught up with after a stall, at twice the pace
CATCH_UP = 0.5
#: slots kept beyond the largest limit, since arrivals may change places
SPARE = 20
#: how much of the speed one throttled answer takes, and one good answer gives back
SLOWER, FASTER, SLOWEST = 0.7, 0.02, 0.1


@dataclass(frozen=True, slots=True)
class RateLimit:
    """At most `count` requests in any `seconds`."""

    count: int
    seconds: float


PER_SECOND = RateLimit(10, 1.0)
PER_MINUTE = RateLimit(300, 60.0)


@dataclass(slots=True)
class Slot:
    """One request that left, and until when it may arrive: any time, while it has no answer."""

    at: float
    latest: float
    in_flight: bool = True


class Pace:
    """The limits in force and what has left so far; times are seconds of one monotonic clock."""

    def __init__(self, second: RateLimit = PER_SECOND, minute: RateLimit = PER_MINUTE) -> None:
        self.second = second
        self.minute = minute
        self.speed = 1.0
        self._left: deque[Slot] = deque(maxlen=max(second.count, minute.count) + SPARE)
        self._due = self._slot = float("-inf")
        self._held = float("-inf")
        self._share: tuple[int, float] | None = None

    def wait(self, now: float) -> float:
        """Return how long the next request has to wait (0: it may leave)."""
        ready = max(
            self._slot,
            self._held,
            self._free(self.second.count, self.second.seconds, now),
            self._minute_free(now),
        )
        return max(0.0, ready - now)

    def leave(self, now: float) -> Slot:
        """Note that a request leaves; hand the slot back to `arrived`."""
        gap = self.second.seconds / self.second.count / self.speed
        # slots missed in a stall (a slow save, a coarse sleep) are caught up with, not in a burst
        earned = CATCH_UP * self.second.seconds if self._left else 0.0
        self._due = max(self._due, now - earned) + gap
        self._slot = max(self._due, now + gap / 2)
        slot = Slot(now, now + JITTER)
        self._left.append(slot)
        return slot

    def arrived(self, slot: Slot, now: float) -> None:
        """Note that the answer to a slot is here: it reached the portal before this."""
        slot.latest, slot.in_flight = max(now, slot.at), False

    def tighten(self, per_second: float | None = None, per_minute: int | None = None) -> None:
        """Take a lower limit from /v1/me or a header; a higher one changes nothing."""
        if per_second is not None and 0 < per_second < self.second.count / self.second.seconds:
            count = max(1, int(per_second))
            self.second = RateLimit(count, count / per_second)
        if per_minute is not None and 0 < per_minute < self.minute.count:
            self.minute = RateLimit(per_minute, self.minute.seconds)

    def told(self, slot: Slot, now: float, remaining: int, reset: float | None) -> None:
        """Take X-RateLimit-Remaining: what is not ours in the window is somebody else's.

        Ours are the slots up to the one that was answered; later ones were not counted yet.
        """
        since = slot.at - self.minute.seconds
        ours = sum(1 for one in self._left if since < one.at <= slot.at)
        share = max(1, ours + max(0, remaining))
        if share >= self.minute.count:
            self._share = None
            return
        lasts = self.minute.seconds if reset is None else min(reset, self.minute.seconds)
        self._share = (share, now + lasts)

    def hold(self, now: float, seconds: float) -> None:
        """Let nothing leave for so long, nor be caught up with."""
        self._held = max(self._held, now + seconds)
        self._due = max(self._due, self._held)

    def throttled(self, now: float, seconds: float) -> None:
        """Take a 429: wait as long as it says, and go slower for a while."""
        self.hold(now, seconds)
        self.speed = max(SLOWEST, self.speed * SLOWER)

    def served(self) -> None:
        """Take an answer that was not throttled: go a little faster again."""
        self.speed = min(1.0, self.speed + FASTER)

    @property
    def limit(self) -> float:
        """The requests a second that the key may send."""
        return self.second.count / self.second.seconds

    @property
    def per_second(self) -> float:
        """The rate in force now, as slowed down."""
        return self.limit * self.speed

    def _minute_free(self, now: float) -> float:
        """Return when the minute has room: in our share of it, or when others' use has lapsed."""
        free = self._free(self.minute.count, self.minute.seconds, now)
        if self._share is None:
            return free
        share, lapses = self._share
        return min(
            self._free(min(share, self.minute.count), self.minute.seconds, now), max(free, lapses)
        )

    def _free(self, count: int, seconds: float, now: float) -> float:
        """Return when fewer than `count` slots may still lie in a window of `seconds`."""
        if len(self._left) < count:
            return float("-inf")
        latest = sorted(max(one.latest, now) if one.in_flight else one.latest for one in self._left)
        return latest[-count] + seconds + MARGIN


class Unhurried(Pace):
    """The pace of a portal without limits: nothing waits, and nothing that it tells tightens it."""

    def __init__(self) -> None:
        super().__init__(RateLimit(1_000_000, 1.0), RateLimit(1_000_000, 1.0))

    def tighten(self, per_second: float | None = None, per_minute: int | None = None) -> None:
        """Take no notice."""


def seconds_for(
    requests: int, second: RateLimit = PER_SECOND, minute: RateLimit = PER_MINUTE
) -> float:
    """Return how long so many requests take at the limits, the first one leaving at once."""
    if requests <= 1:
        return 0.0
    minutes, rest = divmod(requests - 1, minute.count)
    return minutes * (minute.seconds + MARGIN) + rest * second.seconds / second.count
