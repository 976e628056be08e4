"""The vendor's limits, measured where the vendor measures them: at arrival (contract 6.1).

Per key 300 requests in any 60 s; 10 a second for the whole portal; two at once, the others wait
in a queue up to 30 s. A refused request is not counted (open question 13 of the contract,
INFERRED).
"""

from __future__ import annotations

from collections import deque
from collections.abc import Iterator
from contextlib import contextmanager
from threading import Condition, Lock
from typing import NamedTuple

from tasksync.sandbox.model.portal_clock import PortalClock
from tasksync.sandbox.web.http_messages import ApiError

MINUTE = 60.0
SECOND = 1.0
UNLIMITED = 1_000_000_000


class RateLimits(NamedTuple):
    """How much a client may ask; `queue_seconds` is how long a request waits for a slot."""

    per_minute: int = 300
    per_second: int = 10
    at_once: int = 2
    queue_seconds: float = 30.0


VENDOR_LIMITS = RateLimits()
NO_LIMITS = RateLimits(UNLIMITED, UNLIMITED, UNLIMITED, 0.0)


class ArrivalWindow:
    """Arrivals in the last `span` seconds; admits at most `limit` of them."""

    def __init__(self, limit: int, span: float) -> None:
        self.limit, self.span = limit, span
        self._arrivals: deque[float] = deque()

    def wait(self, now: float) -> float:
        """Seconds until one more is admitted; 0 when it is now."""
        while self._arrivals and self._arrivals[0] <= now - self.span:
            self._arrivals.popleft()
        if len(self._arrivals) < self.limit:
            return 0.0
        return self._arrivals[-self.limit] + self.span - now

    def record(self, now: float) -> None:
        """Count one arrival."""
        self._arrivals.append(now)

    def remaining(self) -> int:
        """How many more are admitted, as of the last `wait`."""
        return max(self.limit - len(self._arrivals), 0)

    def reset_in(self, now: float) -> float:
        """Seconds until the oldest arrival leaves the span."""
        return self._arrivals[0] + self.span - now if self._arrivals else 0.0


class RateLimiter:
    """Admits requests in their order, or refuses them with 429 or 504."""

    def __init__(self, limits: RateLimits, clock: PortalClock) -> None:
        self.limits, self._clock = limits, clock
        self._lock = Lock()
        self._slot_free = Condition()
        self._minutes: dict[str, ArrivalWindow] = {}
        self._second = ArrivalWindow(limits.per_second, SECOND)
        self._queue: deque[object] = deque()
        self._running = 0

    @contextmanager
    def admitted(self, key: str, *, portal_limit_status: int = 429) -> Iterator[dict[str, str]]:
        """Wait for a slot and hold it; gives the X-RateLimit headers. Raises ApiError."""
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
            minute = self._minutes.setdefault(key, ArrivalWindow(self.limits.per_minute, MINUTE))
            if wait := minute.wait(now):
                raise _limited(max(wait, 1.0), "Too many requests: limit per minute")
            if wait := self._second.wait(now):
                raise _portal_limited(max(wait, 1.0), portal_limit_status)
            minute.record(now)
            self._second.record(now)
            return {
                "X-RateLimit-Limit": str(minute.limit),
                "X-RateLimit-Remaining": str(minute.remaining()),
                "X-RateLimit-Reset": str(int(minute.reset_in(now)) + 1),
            }

    def _enter(self) -> None:
        ticket = object()
        with self._slot_free:
            self._queue.append(ticket)
            admitted = self._slot_free.wait_for(
                lambda: self._may_enter(ticket), self.limits.queue_seconds
            )
            self._queue.remove(ticket)
            if not admitted:
                self._slot_free.notify_all()
                message = "The request waited too long in the portal's queue"
                raise ApiError(504, "QUEUE_TIMEOUT", message, retry_after=10)
            self._running += 1
            self._slot_free.notify_all()

    def _may_enter(self, ticket: object) -> bool:
        return self._running < self.limits.at_once and self._queue[0] is ticket

    def _leave(self) -> None:
        with self._slot_free:
            self._running -= 1
            self._slot_free.notify_all()


def _limited(wait: float, message: str) -> ApiError:
    hint = {"hint": "Use POST /v1/batch to combine up to 50 calls in 1 request."}
    return ApiError(429, "RATE_LIMITED", message, retry_after=wait, details=hint)


def _portal_limited(wait: float, status: int) -> ApiError:
    if status == 429:  # noqa: PLR2004
        return _limited(wait, "QUERY_LIMIT_EXCEEDED")
    return ApiError(status, "BITRIX_UNAVAILABLE", "QUERY_LIMIT_EXCEEDED")
