"""Deeds that are done some time after their bad answer, as a queue in front of a portal does."""

from __future__ import annotations

from collections.abc import Callable
from threading import Lock, Timer

from tasksync.sandbox.model.clock import PortalClock

#: A timer may ring this much before the clock says so.
EARLY = 0.01


class DelayedWork:
    """Deeds by due time; done by a timer, or when somebody asks and the clock has moved on."""

    def __init__(self, clock: PortalClock) -> None:
        self._clock, self._lock = clock, Lock()
        self._deeds: list[tuple[float, Callable[[], object]]] = []
        self._timers: list[Timer] = []

    def add(self, seconds: float, deed: Callable[[], object]) -> None:
        """Do this so many seconds from now."""
        timer = Timer(seconds, self.run_due)
        timer.daemon = True
        with self._lock:
            self._deeds.append((self._clock.now() + seconds, deed))
            self._timers = [old for old in self._timers if old.is_alive()] + [timer]
            timer.start()

    def run_due(self) -> None:
        """Do what is due, in its order."""
        with self._lock:
            limit = self._clock.now() + EARLY
            due = sorted((d for d in self._deeds if d[0] <= limit), key=lambda deed: deed[0])
            self._deeds = [d for d in self._deeds if d[0] > limit]
        for _, deed in due:
            deed()

    def cancel(self) -> None:
        """Forget all that was not done yet."""
        with self._lock:
            self._deeds = []
            for timer in self._timers:
                timer.cancel()
