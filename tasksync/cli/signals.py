"""SIGINT and SIGTERM, and Ctrl-Break: the first asks to stop, the second leaves at once."""

from __future__ import annotations

import os
import signal
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from datetime import UTC, datetime
from types import FrameType

from tasksync import operating_system
from tasksync.operating_system import SIGNALS

_EXIT = 130
_SOON = 0.002  # seconds


class Stop:
    """Whether somebody asked to stop; waiting for it is how the run sleeps."""

    def __init__(self) -> None:
        self._asked = threading.Event()

    def __call__(self) -> bool:
        """Tell whether somebody asked."""
        return self._asked.is_set()

    def ask(self) -> None:
        """Ask to stop."""
        self._asked.set()

    def wait(self, seconds: float) -> None:
        """Sleep, and wake early when asked to stop."""
        operating_system.wait(self._asked, seconds)


class SystemClock:
    """The machine's clock; sleeping ends early when the run is asked to stop."""

    def __init__(self, stop: Stop) -> None:
        self._stop = stop

    def now(self) -> datetime:
        """The wall clock, UTC."""
        return datetime.now(UTC)

    def monotonic(self) -> float:
        """Seconds that never go back, and count the time that the machine slept too."""
        return operating_system.monotonic()

    def sleep(self, seconds: float) -> None:
        """Wait, or until asked to stop."""
        if seconds > 0:
            self._stop.wait(seconds)


def ask_ourselves_to_stop() -> None:
    """Do what SIGTERM from outside does at this moment; from any thread."""
    signal.raise_signal(signal.SIGTERM)


@contextmanager
def graceful(
    stop: Stop,
    tell: Callable[[str], None],
    standing: Callable[[], str],
    restore: Callable[[], None] = lambda: None,
    again: str = "Run tasksync apply again to finish",
) -> Iterator[None]:
    """Let the first signal ask to stop, and the second end the process with 130 at once.

    Each is answered with how far the run came, which `standing` says; `restore` is called before
    the process ends at once, and `again` says how to go on then.
    """

    def say(words: str) -> None:
        with suppress(RuntimeError):  # the signal came in the middle of a write to the same stream
            tell(words)

    def hear(number: int, _frame: FrameType | None) -> None:
        name = signal.Signals(number).name
        if stop():
            restore()
            say(f"{name} again: leaving at once, {standing()}. {again}.")
            os._exit(_EXIT)
        stop.ask()
        say(
            f"{name}: {standing()}. Finishing the calls in flight, then saving. Once more leaves "
            "at once."
        )

    before = {}
    with suppress(ValueError):  # not in the main thread: nobody sends signals there
        before = {number: signal.signal(number, hear) for number in SIGNALS}
    try:
        yield
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)


@contextmanager
def terminable(
    restore: Callable[[], None] = lambda: None, *, to_the_end: bool = False
) -> Iterator[None]:
    """Let what asks to stop end reading as KeyboardInterrupt, while nothing is being written.

    A second one does not wait for what is cleared up, and leaves at once; `restore` is called then.
    `to_the_end`: that holds behind the block too, as the process ends after it, and the handlers of
    before would kill it with another exit code.
    SIGINT too, for a process that a script put into the background begins with it ignored.
    While something is imported it comes once that is done: libraries in C do not outlive an
    exception while they are loaded, and the import machinery loses it.
    """
    heard = False

    def hear(number: int, frame: FrameType | None) -> None:
        nonlocal heard
        if heard:
            restore()
            os._exit(_EXIT)
        if _is_importing(frame):
            again = threading.Timer(_SOON, operating_system.signal_main_thread, (number,))
            again.daemon = True
            again.start()
            return
        heard = True
        raise KeyboardInterrupt

    before = {}
    with suppress(ValueError):
        before = {number: signal.signal(number, hear) for number in SIGNALS}
    try:
        yield
    finally:
        if not (heard and to_the_end):
            for number, handler in before.items():
                signal.signal(number, handler)


def _is_importing(frame: FrameType | None) -> bool:
    while frame is not None:
        if frame.f_code.co_filename.startswith("<frozen importlib"):
            return True
        frame = frame.f_back
    return False
