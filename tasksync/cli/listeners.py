"""Who listens while a run works: a bar on a terminal, lines in a pipe, JSON, or nobody."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING

from tasksync import __version__
from tasksync.cli.wiring import Session
from tasksync.core.events import Event
from tasksync.errors import TasksyncError

if TYPE_CHECKING:
    from tasksync.render.progress import Showing


@contextmanager
def listening(parts: Session, *, as_json: bool = False) -> Iterator[None]:
    """Let somebody hear the events of a block, on stderr; under apply --json, on stdout.

    What reads JSON also watches over the run: when it is gone, the run ends as by SIGTERM.
    """
    if as_json:
        from tasksync.cli.signals import ask_ourselves_to_stop
        from tasksync.render.event_lines import EventLines

        parts.events = EventLines(
            parts.console.out, parts.clock.now, __version__, ask_ourselves_to_stop
        )
        parts.listen = parts.events
        try:
            yield
        except TasksyncError as error:
            parts.events.failed(error)
            raise
        return
    showing = _LazyListener(parts)
    parts.listen, parts.pause = showing, showing.close
    try:
        yield
    finally:
        showing.close()


class _LazyListener:
    """Progress that is imported when there is something to hear."""

    def __init__(self, parts: Session) -> None:
        self._parts = parts
        self._showing: Showing | None = None

    def __call__(self, event: Event, /) -> None:
        if self._showing is None:
            self._showing = self._made()
        self._showing(event)

    def close(self) -> None:
        """Take what moves off the screen."""
        if self._showing is not None:
            self._showing.close()

    def _made(self) -> Showing:
        from tasksync.render.progress import progress

        output, console = self._parts.options.output, self._parts.console
        return progress(
            console.err,
            self._parts.clock.monotonic,
            terminal=console.err.isatty() and console.env.get("TERM") != "dumb",
            no_progress=output.no_progress,
            colour=console.coloured(console.err, wanted=not output.no_color),
        )
