"""How long a store that does not answer is asked again: as long as the lease that we hold lasts.

Before a lease is held there is nothing to lose, and a few seconds are enough.
"""

from __future__ import annotations

from collections.abc import Callable
from threading import Event
from typing import TypeAlias

from tasksync.core.ports import Clock
from tasksync.errors import StateError

#: says to the person what is waited for
Tell: TypeAlias = Callable[[str], None]

SHORT = 3.5  # seconds without a lease: tries at 0, 0.5, 1.5 and 3.5
TRIES = 4  # at least so often, however long each of them took
ENOUGH = 60.0  # but no new try after so many seconds, when no lease has to be kept
PAUSE = 0.5  # seconds before the second try, doubled each time
LONGEST = 4.0  # seconds of one pause
EVERY = 15.0  # seconds between two words about it


def in_silence(_words: str) -> None:
    """Say nothing."""


class Waiting:
    """The patience of one client of a store."""

    def __init__(self, clock: Clock, tell: Tell = in_silence, patience: float = 0.0) -> None:
        self._clock = clock
        self._tell = tell
        self._patience = patience
        self._until = 0.0

    def holds(self, since: float, ttl: float) -> None:
        """Remember that a lease is held: nobody takes it before `since` + `ttl`."""
        self._until = since + ttl

    def lets_go(self) -> None:
        """Remember that no lease is held."""
        self._until = 0.0

    def attempt(self) -> Attempt:
        """Begin to ask a store that may be away."""
        return Attempt(self._clock, self._tell, SHORT, self._until, TRIES)

    def busy(self, short: float) -> Attempt:
        """Begin to ask a store that others may keep busy: for --lock-timeout, where it is longer.

        Each try waits by itself already, so that one may be enough.
        """
        return Attempt(self._clock, self._tell, max(short, self._patience), self._until, 1)


class Attempt:
    """One deed that is tried until it is done, or the time is over."""

    def __init__(self, clock: Clock, tell: Tell, short: float, until: float, least: int) -> None:
        self._clock = clock
        self._tell = tell
        self._enough = max(clock.monotonic() + ENOUGH, until)
        self._end = max(clock.monotonic() + short, until)
        self._least = least
        self._tries = 0
        self._told: float | None = None

    def again(self, error: StateError) -> bool:
        """Wait and return True, or return False when the time is over; says what it waits for."""
        self._tries += 1
        now = self._clock.monotonic()
        left = self._end - now
        if left <= 0 and (self._tries >= self._least or now >= self._enough):
            return False
        pause = min(PAUSE * 2 ** min(self._tries - 1, 8), LONGEST)
        self._say(error, left)
        self._sleep(min(pause, left) if left > 0 else pause)
        return True

    def _say(self, error: StateError, left: float) -> None:
        now = self._clock.monotonic()
        if self._tries == 1 or (self._told is not None and now - self._told < EVERY):
            return
        self._told = now
        self._tell(
            f"{error.message.rstrip('.')}. Asking again, for up to {max(left, 0):.0f} s more."
        )

    def _sleep(self, seconds: float) -> None:
        """Wait all of it: a run that was asked to stop still has to save."""
        began = self._clock.monotonic()
        self._clock.sleep(seconds)
        missing = seconds - (self._clock.monotonic() - began)
        if missing > 0:
            Event().wait(missing)
