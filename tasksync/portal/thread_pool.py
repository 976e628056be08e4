"""A few threads that do nothing but send; apart, since a plan needs none."""

from __future__ import annotations

from collections.abc import Callable
from concurrent.futures import FIRST_COMPLETED, Future, ThreadPoolExecutor, wait
from typing import Generic, TypeVar

from tasksync.portal.messages import PortalRequest
from tasksync.portal.pool import SendResult

T = TypeVar("T")


class Threads(Generic[T]):
    """Sends in up to `size` threads."""

    def __init__(self, send: Callable[[PortalRequest], SendResult], size: int) -> None:
        self._send = send
        self._size = size
        self._pool = ThreadPoolExecutor(size, thread_name_prefix="portal")
        self._in_flight: dict[Future[SendResult], T] = {}

    @property
    def free(self) -> bool:
        """Whether a thread has nothing to do."""
        return len(self._in_flight) < self._size

    @property
    def busy(self) -> int:
        """How many are in flight."""
        return len(self._in_flight)

    def send(self, request: PortalRequest, ticket: T) -> None:
        """Hand a request to a thread."""
        self._in_flight[self._pool.submit(self._send, request)] = ticket

    def finished(self, seconds: float) -> list[tuple[T, SendResult]]:
        """Return what has ended, waiting at most so long for the first one."""
        done, _ = wait(self._in_flight, timeout=seconds, return_when=FIRST_COMPLETED)
        return [(self._in_flight.pop(one), one.result()) for one in done]

    def close(self) -> None:
        """Wait for what is in flight; its result is dropped."""
        self._pool.shutdown(wait=True)
