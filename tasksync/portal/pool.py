"""Who carries the requests: this thread, or a few (thread_pool.py) that only send."""

from __future__ import annotations

from collections.abc import Callable
from typing import Generic, Protocol, TypeVar

from tasksync.portal.messages import NotSent, PortalAnswer, PortalRequest, Unanswered

T = TypeVar("T")
SendResult = PortalAnswer | NotSent | Unanswered


class Pool(Protocol[T]):
    """Sends requests and hands back the result of each, with the ticket it was given."""

    @property
    def free(self) -> bool:
        """Whether one more request may be in flight."""
        ...

    @property
    def busy(self) -> int:
        """How many are in flight."""
        ...

    def send(self, request: PortalRequest, ticket: T) -> None:
        """Send a request; only when `free`."""
        ...

    def finished(self, seconds: float) -> list[tuple[T, SendResult]]:
        """Return what has ended, waiting at most so long for the first one."""
        ...

    def close(self) -> None:
        """Wait for what is in flight."""
        ...


class Inline(Generic[T]):
    """Sends in the caller's thread; deterministic."""

    def __init__(self, send: Callable[[PortalRequest], SendResult]) -> None:
        self._send = send
        self._ended: list[tuple[T, SendResult]] = []

    @property
    def free(self) -> bool:
        """Whether the last answer was taken."""
        return not self._ended

    @property
    def busy(self) -> int:
        """How many answers were not taken yet."""
        return len(self._ended)

    def send(self, request: PortalRequest, ticket: T) -> None:
        """Send at once and keep the answer."""
        self._ended.append((ticket, self._send(request)))

    def finished(self, seconds: float) -> list[tuple[T, SendResult]]:
        """Return what has ended; never waits."""
        del seconds
        ended, self._ended = self._ended, []
        return ended

    def close(self) -> None:
        """Nothing is in flight."""
