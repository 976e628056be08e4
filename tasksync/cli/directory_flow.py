"""What `people` and `groups` share: words that narrow a listing, and how it is shown."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from contextlib import closing
from typing import TypeVar

from tasksync.cli.console import Console
from tasksync.cli.listeners import listening
from tasksync.cli.options import DirectoryOptions
from tasksync.cli.wiring import session
from tasksync.portal.client import RestPortal
from tasksync.render.directory_table import plain_lines, table
from tasksync.render.style import PLAIN, colours

T = TypeVar("T")


def listed(
    options: DirectoryOptions, console: Console, ask: Callable[[RestPortal], Sequence[T]]
) -> Sequence[T]:
    """Ask the portal, and tell how much it listed in how many requests."""
    parts = session(options.run, console)
    with listening(parts), closing(parts.portal(None)) as portal:
        found = ask(portal)
        parts.pause()
    if not options.run.output.no_progress:
        console.tell(f"Listed {len(found)} in {portal.requests} requests.")
    return found


def matching(rows: Iterable[T], words: Sequence[str], text: Callable[[T], str]) -> list[T]:
    """Return those that hold every word, whatever its case."""
    folded = [word.casefold() for word in words]
    return [row for row in rows if all(word in text(row).casefold() for word in folded)]


def show(console: Console, options: DirectoryOptions, rows: Sequence[Sequence[str]]) -> None:
    """Write a table to a terminal, plain lines to anything else; say where nothing fits."""
    if not rows:
        console.tell("Nobody and nothing holds these words." if options.words else "None.")
    elif console.out.isatty():
        coloured = console.coloured(console.out, wanted=not options.run.output.no_color)
        console.say(table(rows, colours() if coloured else PLAIN))
    else:
        console.say(plain_lines(rows))
