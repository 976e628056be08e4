"""Whole time bounds for drivers that bound only their steps: what drips for ever is left or cut."""

from __future__ import annotations

import os
import socket
import threading
from collections.abc import Callable
from contextlib import AbstractContextManager, suppress
from typing import TypeVar

from tasksync.connection_timer import ended_after, shut_down

T = TypeVar("T")


def within(seconds: float, work: Callable[[], T]) -> T:
    """Return what work returns; raises TimeoutError when it takes longer, and leaves it behind.

    It goes on in a thread that holds up nobody's end, as what was sent may still be done.
    """
    done: list[T] = []
    carried = _Carried()

    def run() -> None:
        with carried:
            done.append(work())

    thread = threading.Thread(target=run, daemon=True)
    thread.start()
    thread.join(seconds)
    if carried.error is not None:
        raise carried.error
    if not done:
        raise TimeoutError
    return done[0]


class _Carried:
    """Carries an error from the thread where it was raised to the one where it was asked for."""

    error: BaseException | None = None

    def __enter__(self) -> None:
        """Begin."""

    def __exit__(
        self, _kind: type[BaseException] | None, error: BaseException | None, _trace: object
    ) -> bool:
        """Carry the error."""
        self.error = error
        return True


def cut_after(seconds: float, handle: Callable[[], int | None]) -> AbstractContextManager[None]:
    """Shut the socket behind a descriptor down when so much time has passed; its user sees an end.

    `handle` is asked in another thread, and may return None where there is no connection.
    """

    def cut() -> None:
        number = handle()
        if number is None:
            return
        with suppress(OSError), socket.socket(fileno=os.dup(number)) as connection:
            shut_down(connection)

    return ended_after(seconds, cut)
