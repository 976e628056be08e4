"""The portal's own time: the machine's, moved on by hand, with deeds that wait for their hour."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable


class Hours:
    """A clock that a test moves on; a late deed is done when its hour comes."""

    def __init__(self) -> None:
        self.ahead = 0.0
        self.lock = threading.RLock()
        self.waiting: list[tuple[float, Callable[[], object]]] = []
        self.timers: list[threading.Timer] = []

    def monotonic(self) -> float:
        """Give the seconds that never go back, with those that were moved on."""
        return time.monotonic() + self.ahead

    def wall(self) -> float:
        """Give the time of day likewise."""
        return time.time() + self.ahead

    def advance(self, seconds: float) -> None:
        """Move on; what falls due on the way is done at its hour."""
        with self.lock:
            end = self.ahead + max(0.0, seconds)
            while due := self._next(end):
                at, _ = due
                self.ahead = max(self.ahead, at - time.monotonic())
                self.run_due()
            self.ahead = end

    def later(self, seconds: float, deed: Callable[[], object]) -> None:
        """Do a deed when so many seconds have passed."""
        with self.lock:
            self.waiting.append((self.monotonic() + seconds, deed))
        timer = threading.Timer(seconds + 0.01, self.run_due)
        timer.daemon = True
        self.timers.append(timer)
        timer.start()

    def run_due(self) -> None:
        """Do what is due."""
        with self.lock:
            now = self.monotonic()
            due = [deed for at, deed in self.waiting if at <= now]
            self.waiting = [(at, deed) for at, deed in self.waiting if at > now]
        for deed in due:
            deed()

    def close(self) -> None:
        """Forget every deed."""
        self.waiting = []
        for timer in self.timers:
            timer.cancel()

    def _next(self, end: float) -> tuple[float, Callable[[], object]] | None:
        till = time.monotonic() + end
        due = [one for one in self.waiting if one[0] <= till]
        return min(due, key=lambda one: one[0]) if due else None
