"""Requests that are carried out some time after their bad answer, as by a queue before a portal."""

from __future__ import annotations

from collections.abc import Callable
from threading import Lock, Timer

from tasksync.sandbox.model.portal_clock import PortalClock

#: A timer may fire this much before the clock says so.
TIMER_TOLERANCE = 0.01


class DelayedWork:
    """Calls by due time; made by a timer, or by `run_due` when the clock has moved on."""

    def __init__(self, clock: PortalClock) -> None:
        self._clock, self._lock = clock, Lock()
        self._calls: list[tuple[float, Callable[[], object]]] = []
        self._timers: list[Timer] = []

    def add(self, seconds: float, call: Callable[[], object]) -> None:
        """Make this call so many seconds from now."""
        timer = Timer(seconds, self.run_due)
        timer.daemon = True
        with self._lock:
            self._calls.append((self._clock.now() + seconds, call))
            self._timers = [old for old in self._timers if old.is_alive()] + [timer]
            timer.start()

    def run_due(self) -> None:
        """Make the calls that are due, in their order."""
        with self._lock:
            limit = self._clock.now() + TIMER_TOLERANCE
            due = sorted((d for d in self._calls if d[0] <= limit), key=lambda call: call[0])
            self._calls = [d for d in self._calls if d[0] > limit]
        for _, call in due:
            call()

    def cancel(self) -> None:
        """Drop all calls that were not made yet."""
        with self._lock:
            self._calls = []
            for timer in self._timers:
                timer.cancel()
