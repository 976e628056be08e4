"""Long work shows itself on stderr: a bar on a terminal, a line every few seconds in a pipe.

A listener never raises and never blocks for long: when its stream is gone it falls silent.
"""

from __future__ import annotations

from collections.abc import Callable
from contextlib import suppress
from typing import Protocol, TextIO

from tasksync.core import events
from tasksync.render.bar import Bar
from tasksync.render.event_text import said
from tasksync.render.progress_counts import ProgressCounts
from tasksync.render.wording import count

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
