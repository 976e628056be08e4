"""The vendor's limits, measured where the vendor measures them: at arrival (contract 6.1).

Per key 300 requests in any 60 s; 10 a second for the whole portal; two at once, the others wait in
line up to 30 s. A refused request is not counted (open question 13 of the contract, INFERRED).
"""

from __future__ import annotations

from collections import deque
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from threading import Condition, Lock

from tasksync.sandbox.model.clock import PortalClock
from tasksync.sandbox.web.http_messages import Refused

MINUTE = 60.0
SECOND = 1.0
UNLIMITED = 1_000_000_000


@dataclass(frozen=True, slots=True)
class Limits:
    """How much a client may ask; `queue_seconds` is how long a request waits for its turn."""

    per_minute: int = 300
    per_second: int = 10
    at_once: int = 2
    queue_seconds: float = 30.0


VENDOR = Limits()
NONE = Limits(UNLIMITED, UNLIMITED, UNLIMITED, 0.0)


class Window:
    """Arrivals in the last `span` seconds; admits no more than `most` of them."""

    def __init__(self, most: int, span: float) -> None:
        self.most, self.span = most, span
        self._arrivals: deque[float] = deque()

    def wait(self, now: float) -> float:
        """Seconds until there is room; 0 when there is."""
        while self._arrivals and self._arrivals[0] <= now - self.span:
            self._arrivals.popleft()
        if len(self._arrivals) < self.most:
            return 0.0
        return self._arrivals[-self.most] + self.span - now

    def arrive(self, now: float) -> None:
        """Count one."""
        self._arrivals.append(now)

    def left(self) -> int:
        """How many more there is room for, as of the last `wait`."""
        return max(self.most - len(self._arrivals), 0)

    def reset_in(self, now: float) -> float:
        """Seconds until the oldest is forgotten."""
        return self._arrivals[0] + self.span - now if self._arrivals else 0.0


class Gate:
    """Lets requests in one by one, or refuses them with 429 or 504."""

    def __init__(self, limits: Limits, clock: PortalClock) -> None:
        self.limits, self._clock = limits, clock
        self._lock = Lock()
        self._turn = Condition()
        self._minutes: dict[str, Window] = {}
        self._second = Window(limits.per_second, SECOND)
        self._line: deque[object] = deque()
        self._inside = 0

    @contextmanager
    def admitted(self, key: str, *, portal_limit_status: int = 429) -> Iterator[dict[str, str]]:
        """Wait for a turn and hold it; gives the X-RateLimit headers. Raises Refused."""
        if self.limits.at_once >= UNLIMITED:
            yield {}
            return
        headers = self._count(key, portal_limit_status)
        self._enter()
        try:
            yield headers
        finally:
            self._leave()

    def _count(self, key: str, portal_limit_status: int) -> dict[str, str]:
        with self._lock:
            now = self._clock.now()
            minute = self._minutes.setdefault(key, Window(self.limits.per_minute, MINUTE))
            if wait := minute.wait(now):
                raise _limited(max(wait, 1.0), "Too many requests: limit per minute")
            if wait := self._second.wait(now):
                raise _portal_limited(max(wait, 1.0), portal_limit_status)
            minute.arrive(now)
            self._second.arrive(now)
            return {
                "X-RateLimit-Limit": str(minute.most),
                "X-RateLimit-Remaining": str(minute.left()),
                "X-RateLimit-Reset": str(int(minute.reset_in(now)) + 1),
            }

    def _enter(self) -> None:
        me = object()
        with self._turn:
            self._line.append(me)
            mine = self._turn.wait_for(lambda: self._my_turn(me), self.limits.queue_seconds)
            self._line.remove(me)
            if not mine:
                self._turn.notify_all()
                message = "The request waited too long in the portal's queue"
                raise Refused(504, "QUEUE_TIMEOUT", message, retry_after=10)
            self._inside += 1
            self._turn.notify_all()

    def _my_turn(self, me: object) -> bool:
        return self._inside < self.limits.at_once and self._line[0] is me

    def _leave(self) -> None:
        with self._turn:
            self._inside -= 1
            self._turn.notify_all()


def _limited(wait: float, message: str) -> Refused:
    hint = {"hint": "Use POST /v1/batch to combine up to 50 calls in 1 request."}
    return Refused(429, "RATE_LIMITED", message, retry_after=wait, details=hint)


def _portal_limited(wait: float, status: int) -> Refused:
    if status == 429:  # noqa: PLR2004
        return _limited(wait, "QUERY_LIMIT_EXCEEDED")
    return Refused(status, "BITRIX_UNAVAILABLE", "QUERY_LIMIT_EXCEEDED")
