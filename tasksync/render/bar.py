"""A bar on a terminal: one line that is written again, and is gone when the work is over.

It needs nothing of the terminal but that a carriage return goes back to the line's begin, so that
any console shows it; colours are painted on top where they are wanted.
"""

from __future__ import annotations

import os
from collections.abc import Callable
from contextlib import suppress
from typing import TextIO

from tasksync.core import events
from tasksync.render.event_text import said
from tasksync.render.line_width import shortened, width
from tasksync.render.progress_counts import ProgressCounts
from tasksync.render.style import PLAIN, Tone, colours

#: seconds between two drawings: more than the eye follows
_EVERY = 0.1
#: columns of the bar itself, and of a window that does not say how wide it is
_WIDE, _WINDOW = 24, 80
#: what is done and what is not; the second pair where the terminal's encoding has no lines
_SIGNS, _PLAIN_SIGNS = ("━", "─"), ("#", ".")


class Bar:
    """A bar on a terminal, with rate, limit in force, time left and what is in doubt."""

    def __init__(
        self, stream: TextIO, monotonic: Callable[[], float], *, colour: bool = True
    ) -> None:
        self._stream = stream
        self._monotonic = monotonic
        self._style = colours() if colour else PLAIN
        self._signs = _SIGNS if _has(stream, _SIGNS) else _PLAIN_SIGNS
        self._standing = ProgressCounts()
        self._what = ""
        self._drawn = 0  # columns that the line on the screen takes
        self._when = float("-inf")

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
                self._clear()
                self._write(f"{said(event)}\n")
                if self._what:
                    self._draw(now)

    def close(self) -> None:
        """Take the bar off the screen."""
        self._clear()
        self._what = ""

    def _show(self, what: str, now: float) -> None:
        other, self._what = what != self._what, what
        standing = self._standing
        whole = standing.total > 0 and standing.over == standing.total
        if other or whole or now - self._when >= _EVERY:
            self._draw(now)

    def _draw(self, now: float) -> None:
        """Write the line over the one before it, which may have been longer."""
        room = max(_columns_of(self._stream) - 1, 1)  # in the last column some consoles go on
        standing = self._standing
        line = shortened(self._what, room)
        if standing.total:
            if width(line) + _WIDE + 2 < room:
                line = f"{line} {self._bar(standing)}"
            facts = f" {standing.answered}/{standing.total}  {standing.text(now)}".rstrip()
            line += shortened(facts, left) if (left := room - width(line)) > 1 else ""
        wide = width(line)
        self._write(f"\r{line}{' ' * (self._drawn - wide)}")
        self._drawn, self._when = wide, now

    def _bar(self, standing: ProgressCounts) -> str:
        done, left = self._signs
        full = _WIDE * standing.answered // standing.total
        parts = ((done * full, Tone.ADD), (left * (_WIDE - full), Tone.DIM))
        return "".join(self._style.paint(text, tone) for text, tone in parts if text)

    def _clear(self) -> None:
        if self._drawn:
            self._write(f"\r{' ' * self._drawn}\r")
            self._drawn = 0

    def _write(self, text: str) -> None:
        """Write, or not: a terminal that is gone stops no apply."""
        with suppress(OSError, ValueError):
            self._stream.write(text)
            self._stream.flush()


def _has(stream: TextIO, signs: tuple[str, ...]) -> bool:
    try:
        "".join(signs).encode(stream.encoding or "utf-8")
    except (LookupError, UnicodeEncodeError):
        return False
    return True


def _columns_of(stream: TextIO) -> int:
    try:
        return os.get_terminal_size(stream.fileno()).columns or _WINDOW
    except (AttributeError, OSError, ValueError):
        return _WINDOW
