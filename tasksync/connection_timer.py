"""Ending a connection from outside when its time is over: for HTTP and for PostgreSQL.

The time-outs of a socket or driver bound each step; one timer bounds them all together.
"""

from __future__ import annotations

import math
import socket
import threading
import time
from collections.abc import Callable
from contextlib import AbstractContextManager, suppress
from heapq import heappop, heappush
from itertools import count


def ended_after(seconds: float, end: Callable[[], None]) -> AbstractContextManager[None]:
    """Call `end` in a thread of its own when so much time has passed and the block still runs."""
    return _Block(time.monotonic() + seconds, end)


class _Block:
    """A block that runs; `end` is None once it is over."""

    __slots__ = ("due", "end")

    def __init__(self, due: float, end: Callable[[], None]) -> None:
        self.due = due
        self.end: Callable[[], None] | None = end

    def __enter__(self) -> None:
        """Begin."""
        _WATCH.add(self)

    def __exit__(self, *_: object) -> None:
        """Be over."""
        self.end = None
        _WATCH.tidy()


class _Watch:
    """One thread for the blocks of all threads: one for each cost as much as a small request.

    It sleeps until the first end that is due, and is woken only for an earlier one. When it wakes
    and nothing is left it is gone, until the next block.
    """

    def __init__(self) -> None:
        self._changed = threading.Condition(threading.Lock())
        self._waiting: list[tuple[float, int, _Block]] = []
        self._number = count()
        self._thread: threading.Thread | None = None
        self._wakes = math.inf

    def add(self, block: _Block) -> None:
        with self._changed:
            heappush(self._waiting, (block.due, next(self._number), block))
            if self._thread is None:
                self._wakes = block.due
                self._thread = threading.Thread(target=self._run, daemon=True)
                self._thread.start()
            elif block.due < self._wakes:
                self._wakes = block.due
                self._changed.notify()

    def tidy(self) -> None:
        """Let go of what is over and stands first."""
        with self._changed:
            while self._waiting and self._waiting[0][2].end is None:
                heappop(self._waiting)

    def _run(self) -> None:
        with self._changed:
            while self._waiting:
                due, _, block = self._waiting[0]
                end, left = block.end, due - time.monotonic()
                if end is not None and left > 0:
                    self._wakes = due
                    self._changed.wait(min(left, threading.TIMEOUT_MAX))
                    continue
                heappop(self._waiting)
                if end is not None:
                    threading.Thread(target=end, daemon=True).start()
            self._thread = None


_WATCH = _Watch()


def shut_down(connection: socket.socket) -> None:
    """Have whoever reads or writes meet an end: below TLS, so that its reader sees no raw bytes."""
    with suppress(OSError):
        socket.socket.shutdown(connection, socket.SHUT_RDWR)
