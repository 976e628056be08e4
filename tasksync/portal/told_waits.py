"""The waits of a run that are told to people, and the one that is too long and ends it."""

from __future__ import annotations

from tasksync.core.events import Note, Paced
from tasksync.core.ports import Clock, Listener
from tasksync.errors import PortalAsksToWait, PortalError
from tasksync.portal.backoff import LONGEST_HINT, span, time_of_day
from tasksync.portal.pacing import Pace

#: a wait that is told to the listener, and how often (seconds)
TOLD_WAIT, TOLD_EVERY = 1.0, 5.0
#: a wait that the portal asked for and that is said, in a pipe too (seconds)
TOLD_ASKED = 5.0
#: the limit of a minute is waited for so long at most; a longer wait is news each time (seconds)
USUAL_WAIT = 61.0


class ToldWaits:
    """What was said of the waits so far; `ends` is the error of one that is too long."""

    def __init__(self, clock: Clock, pace: Pace, listener: Listener) -> None:
        self.ends: PortalError | None = None
        self._clock = clock
        self._pace = pace
        self._listener = listener
        self._told: tuple[float, int] | None = None
        self._told_at = float("-inf")
        self._asked_until = float("-inf")
        self._said_limits: set[tuple[float, int]] = set()

    def heed(self, hint: float | None, why: str) -> PortalError | None:
        """Say a wait that the portal asks for; return what ends the run where it is too long.

        Nothing is sent any more then: every later request gets the same error.
        """
        if hint is None or self.ends is not None:
            return self.ends
        now = self._clock.now()
        if hint > LONGEST_HINT:
            self.ends = PortalAsksToWait(
                f"The portal asks to wait {span(hint)}: {why}.",
                f"Run it again at {time_of_day(now, hint)}, in {span(hint)}. What was answered so "
                "far is saved, and no task is made twice.",
            )
            return self.ends
        until = self._clock.monotonic() + hint
        if hint >= TOLD_ASKED and until > self._asked_until + 1:
            self._asked_until = until
            again = time_of_day(now, hint)
            self._listener(Note(f"The portal asks to wait {span(hint)}, until {again}: {why}"))
        return None

    def for_limits(self, wait: float) -> None:
        """Say which limits are in force, and a long wait for them."""
        self._tell(wait)
        self._say_long(wait)

    def _say_long(self, wait: float) -> None:
        """Say a wait for the limits, in a pipe too; one that is too long ends the run.

        The usual wait of a full minute is said once, since progress tells of it.
        """
        second, a_minute = self._pace.second, self._pace.minute.count
        a_second = second.count / second.seconds
        if wait > LONGEST_HINT and self.ends is None:
            self.ends = PortalAsksToWait(
                f"The portal allows this key {a_second:.2g} requests a second, so the next one "
                f"would wait {span(wait)}: at that pace no run gets anywhere.",
                "Have the key's limit raised (rateLimit of /v1/me). What was answered so far is "
                "saved, and no task is made twice.",
            )
            return
        now, limits = self._clock.monotonic(), (a_second, a_minute)
        until = now + wait
        is_news = limits not in self._said_limits or wait >= USUAL_WAIT
        if wait >= TOLD_ASKED and is_news and until > self._asked_until + 1:
            self._said_limits.add(limits)
            self._asked_until = until
            self._listener(
                Note(
                    f"The next request waits {span(wait)} for the limits of this key: "
                    f"{a_second:.2g} a second, {a_minute} a minute."
                )
            )

    def _tell(self, wait: float) -> None:
        """Say which limit is in force: when it changes, and now and then while it holds us."""
        now = self._clock.monotonic()
        limits = (round(self._pace.per_second, 1), self._pace.minute.count)
        due = wait >= TOLD_WAIT and now - self._told_at >= TOLD_EVERY
        if due or (limits != self._told and now - self._told_at >= TOLD_WAIT):
            self._told, self._told_at = limits, now
            self._listener(Paced(limits[0], limits[1], wait))
