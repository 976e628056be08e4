"""Long work shows itself on stderr: a bar on a terminal, a line every few seconds in a pipe.

A listener never raises and never blocks for long: when its stream is gone it falls silent.
"""

from __future__ import annotations

from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Protocol, TextIO, cast

from tasksync.core import events
from tasksync.core.change import Status
from tasksync.core.diff import duration
from tasksync.core.fields import TaskKey
from tasksync.render.event_text import limit_text, said
from tasksync.render.outcomes import done_and_left
from tasksync.render.wording import count

if TYPE_CHECKING:
    from rich.progress import Progress, TaskID

#: seconds between two lines in a pipe
EVERY = 5.0


class Showing(Protocol):
    """A listener that is closed when the work is over."""

    def __call__(self, event: events.Event, /) -> None:
        """Hear one event."""
        ...

    def close(self) -> None:
        """Clear up the screen."""
        ...


def progress(
    stream: TextIO,
    monotonic: Callable[[], float],
    *,
    terminal: bool,
    no_progress: bool = False,
    colour: bool = False,
) -> Showing:
    """Return the listener that fits the stream; `monotonic` tells the seconds."""
    if no_progress:
        return NoProgress(stream)
    return Bar(stream, monotonic, colour=colour) if terminal else Lines(stream, monotonic)


class NoProgress:
    """Tells no progress, only what somebody has to know."""

    def __init__(self, stream: TextIO) -> None:
        self._stream = stream

    def __call__(self, event: events.Event, /) -> None:
        """Hear one event."""
        if isinstance(event, events.Note):
            with suppress(OSError, ValueError):
                self._stream.write(f"{said(event)}\n")

    def close(self) -> None:
        """Nothing to clear up."""


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


class Lines:
    """Plain lines: one every few seconds, and what cannot wait."""

    def __init__(
        self, stream: TextIO, monotonic: Callable[[], float], every: float = EVERY
    ) -> None:
        self._stream = stream
        self._monotonic = monotonic
        self._every = every
        self._standing = ProgressCounts()
        self._told: dict[type[events.Event], float] = {}

    def __call__(self, event: events.Event, /) -> None:
        """Hear one event; say it now, later or never."""
        now = self._monotonic()
        self._standing = self._standing.after(event, now)
        match event:
            case events.ChangeEnded():
                if self._is_time(events.ChangeEnded, now) or self._is_last():
                    self._say(self._line(now))
            case events.ReadProgress() | events.LockWaited() | events.Settling():
                if self._is_time(type(event), now):
                    self._say(said(event))
            case events.ApplyStarted():
                self._told[events.ChangeEnded] = now
                self._say(said(event))
            case events.ChangesSent() | events.Paced():
                return
            case events.ValueNormalised() | events.ValueMissing():
                return  # said at the end, where nobody can miss it
            case _:
                self._say(said(event))

    def close(self) -> None:
        """Nothing to clear up."""

    def _line(self, now: float) -> str:
        standing = self._standing
        ended = f"{standing.answered}/{count(standing.total, 'change')}"
        return f"{ended}, {standing.text(now)}"

    def _is_last(self) -> bool:
        return self._standing.over == self._standing.total

    def _is_time(self, kind: type[events.Event], now: float) -> bool:
        if now - self._told.get(kind, -self._every) < self._every:
            return False
        self._told[kind] = now
        return True

    def _say(self, line: str) -> None:
        try:
            self._stream.write(f"{line}\n")
            self._stream.flush()
        except (OSError, ValueError):  # nobody reads any more: the apply goes on
            self._every = float("inf")


class Bar:
    """A bar on a terminal, with rate, limit in force, time left and what is in doubt."""

    def __init__(
        self, stream: TextIO, monotonic: Callable[[], float], *, colour: bool = True
    ) -> None:
        self._stream = stream
        self._monotonic = monotonic
        self._colour = colour
        self._standing = ProgressCounts()
        self._bar: Progress | None = None
        self._row: TaskID | None = None

    def __call__(self, event: events.Event, /) -> None:
        """Hear one event and move the bar."""
        now = self._monotonic()
        self._standing = self._standing.after(event, now)
        match event:
            case events.ReadProgress() | events.LockWaited() | events.Settling():
                self._show(said(event), now)
            case events.ApplyStarted() | events.ChangeEnded() | events.Paced():
                self._show("Applying" if self._standing.total else "Reading", now)
            case events.Verified():
                self._show(said(event), now)
            case events.ChangesSent() | events.ValueNormalised() | events.ValueMissing():
                return
            case _:
                self._opened().console.print(
                    said(event), markup=False, highlight=False, soft_wrap=True
                )

    def close(self) -> None:
        """Take the bar off the screen."""
        if self._bar is not None:
            self._bar.stop()
            self._bar, self._row = None, None

    def _show(self, what: str, now: float) -> None:
        bar, standing = self._opened(), self._standing
        if self._row is None:
            self._row = bar.add_task(what, total=None, facts="")
        started = standing.total > 0
        bar.update(
            self._row,
            description=what,
            total=standing.total or None,
            completed=standing.answered,
            facts=f"{standing.answered}/{standing.total}  {standing.text(now)}" if started else "",
        )

    def _opened(self) -> Progress:
        if self._bar is None:
            self._bar = _progress(self._stream, colour=self._colour)
            self._bar.start()
        return self._bar


class _Steady:
    """A stream that swallows what a dead terminal raises.

    rich ends the process when a pipe breaks, and writes from a thread of its own: neither may
    reach an apply.
    """

    def __init__(self, stream: TextIO) -> None:
        self._stream = stream
        self.encoding = stream.encoding or "utf-8"

    def write(self, text: str) -> int:
        """Write, or not."""
        with suppress(OSError, ValueError):
            self._stream.write(text)
        return len(text)

    def flush(self) -> None:
        """Flush, or not."""
        with suppress(OSError, ValueError):
            self._stream.flush()

    def isatty(self) -> bool:
        """What the stream says; a closed one is none."""
        with suppress(OSError, ValueError):
            return self._stream.isatty()
        return False

    def fileno(self) -> int:
        """What the stream says; rich asks it for the size of the window."""
        return self._stream.fileno()


def _progress(stream: TextIO, *, colour: bool) -> Progress:
    from rich.console import Console
    from rich.progress import BarColumn, Progress, TextColumn

    file = cast("TextIO", _Steady(stream))
    console = Console(file=file, no_color=not colour, highlight=False)
    return Progress(
        TextColumn("{task.description}", markup=False),
        BarColumn(bar_width=24),
        TextColumn("{task.fields[facts]}", markup=False),
        console=console,
        transient=True,
    )
