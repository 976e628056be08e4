"""A few threads that do nothing but send; apart, since a plan needs none."""

from __future__ import annotations

from collections.abc import Callable
from concurrent.futures import FIRST_COMPLETED, Future, ThreadPoolExecutor, wait
from typing import Generic, TypeVar

from tasksync.portal.messages import PortalRequest
from tasksync.portal.pool import Met

T = TypeVar("T")


class Threads(Generic[T]):
    """Sends in up to `size` threads."""

    def __init__(self, meet: Callable[[PortalRequest], Met], size: int) -> None:
        self._meet = meet
        self._size = size
        self._pool = ThreadPoolExecutor(size, thread_name_prefix="portal")
        self._flying: dict[Future[Met], T] = {}

    @property
    def free(self) -> bool:
        """Whether a thread has nothing to do."""
        return len(self._flying) < self._size

    @property
    def busy(self) -> int:
        """How many are in flight."""
        return len(self._flying)

    def send(self, request: PortalRequest, ticket: T) -> None:
        """Hand a request to a thread."""
        self._flying[self._pool.submit(self._meet, request)] = ticket

    def finished(self, seconds: float) -> list[tuple[T, Met]]:
        """Return what has ended, waiting at most so long for the first one."""
        done, _ = wait(self._flying, timeout=seconds, return_when=FIRST_COMPLETED)
        return [(self._flying.pop(one), one.result()) for one in done]

    def close(self) -> None:
        """Wait for what is in flight; what it met is lost."""
        self._pool.shutdown(wait=True)
