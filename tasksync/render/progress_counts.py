"""How far an apply is, counted from its events."""

from __future__ import annotations

from tasksync.core import events
from tasksync.core.change import Status
from tasksync.core.diff import duration
from tasksync.core.fields import TaskKey
from tasksync.render.event_text import limit_text
from tasksync.render.outcomes import done_and_left
from tasksync.value_classes import dataclass, replace


@dataclass(frozen=True, slots=True)
class ProgressCounts:
    """How far an apply is: how many changes ended, how, since when, under which limit.

    What was never begun did not end: a run that stops early is told apart from one that is done.
    Nor did what is in doubt, until it is known how it ended.
    """

    total: int = 0
    ended: int = 0
    done: int = 0
    not_started: int = 0
    failed: int = 0
    doubtful: frozenset[TaskKey] = frozenset()
    since: float = 0.0
    limit: events.Paced | None = None

    def after(self, event: events.Event, now: float) -> ProgressCounts:
        """Return the standing once this event happened."""
        match event:
            case events.ApplyStarted():
                return replace(self, total=event.total, since=now)
            case events.ChangeEnded(outcome):
                status = outcome.status
                key = outcome.change.key
                if status is Status.NOT_STARTED:
                    return replace(self, not_started=self.not_started + 1)
                if status is Status.IN_DOUBT:
                    return replace(self, doubtful=self.doubtful | {key})
                return replace(
                    self,
                    ended=self.ended + 1,
                    done=self.done + (status is Status.DONE),
                    failed=self.failed + (status is Status.FAILED),
                    doubtful=self.doubtful - {key} if key in self.doubtful else self.doubtful,
                )
            case events.Paced():
                return replace(self, limit=event)
            case _:
                return self

    @property
    def answered(self) -> int:
        """How many changes were sent and are not on their way any more, what is in doubt too."""
        return self.ended + len(self.doubtful)

    @property
    def over(self) -> int:
        """How many changes nothing more happens to, as far as is known now."""
        return self.answered + self.not_started

    def rate(self, now: float) -> float:
        """Changes a second since the start."""
        return self.answered / (now - self.since) if now > self.since else 0.0

    def text(self, now: float) -> str:
        """Return rate, limit, time left and what is in doubt, on one line.

        Of a run that stops early: how much is done, and how much is left.
        """
        if self.not_started:
            return self._stopped()
        rate = self.rate(now)
        left = duration(round((self.total - self.answered) / rate)) if rate else ""
        parts = (
            f"{rate:.0f} a second" if rate else "",
            limit_text(self.limit) if self.limit else "",
            f"about {left} left" if left and self.over < self.total else "",
            f"{self.failed} failed" if self.failed else "",
            f"{len(self.doubtful)} in doubt",
        )
        return ", ".join(part for part in parts if part)

    def _stopped(self) -> str:
        parts = (
            done_and_left(self.done, self.total - self.done),
            f"{self.failed} failed" if self.failed else "",
            f"{len(self.doubtful)} in doubt" if self.doubtful else "",
            f"{self.not_started} not started",
        )
        return ", ".join(part for part in parts if part)
