"""Help for a command: the same as `tasksync COMMAND --help`."""

from __future__ import annotations

import argparse

from tasksync.cli.console import Console

TYPE_CHECKING = False  # what typing would say; `--help` does without importing it
if TYPE_CHECKING:
    from collections.abc import Mapping
    from typing import Any


def arguments(parser: argparse.ArgumentParser) -> None:
    """Add what this command takes."""
    parser.add_argument("words", nargs="*", metavar="COMMAND", help="a command, as plan")


def options(read: Mapping[str, Any]) -> tuple[str, ...]:
    """Return the words after help."""
    return tuple(read["words"])


def run(options: tuple[str, ...], console: Console) -> int:
    """Show the help of a command; raises UsageError for one that is none."""
    from tasksync.cli.main import dispatch

    return dispatch([*options, "--help"], console)
