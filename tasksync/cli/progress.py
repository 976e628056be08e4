"""Who listens while a run works: a bar on a terminal, lines in a pipe, JSON, or nobody."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

from tasksync import __version__
from tasksync.cli.wiring import Session


@contextmanager
def listening(parts: Session) -> Iterator[None]:
    """Let somebody hear the events of a block, on stderr; under apply --json, on stdout."""
    args, console = parts.args, parts.console
    if args.command == "apply" and args.json:
        from tasksync.render.events import EventLines

        parts.events = EventLines(console.out, parts.clock.now, __version__)
        parts.listen = parts.events
        yield
        return
    from tasksync.render.progress import progress

    showing = progress(
        console.err,
        parts.clock.monotonic,
        terminal=console.err.isatty() and console.env.get("TERM") != "dumb",
        quiet=args.quiet,
        colour=console.coloured(console.err, wanted=not args.no_color),
    )
    parts.listen, parts.pause = showing, showing.close
    try:
        yield
    finally:
        showing.close()
