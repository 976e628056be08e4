"""Ending a connection from outside when its time is over: for HTTP and for PostgreSQL.

The time-outs of a socket or driver bound each step; one timer bounds them all together.
"""

from __future__ import annotations

import socket
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress


@contextmanager
def ended_after(seconds: float, end: Callable[[], None]) -> Iterator[None]:
    """Call `end` in a thread of its own when so much time has passed and the block still runs."""
    timer = threading.Timer(seconds, end)
    timer.daemon = True
    timer.start()
    try:
        yield
    finally:
        timer.cancel()


def shut_down(connection: socket.socket) -> None:
    """Have whoever reads or writes meet an end: below TLS, so that its reader sees no raw bytes."""
    with suppress(OSError):
        socket.socket.shutdown(connection, socket.SHUT_RDWR)
