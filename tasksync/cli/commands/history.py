"""What each run did, when, who ran it and where; asks the state alone, never the portal."""

from __future__ import annotations

import argparse

from tasksync.cli.arguments import (
    format_arguments,
    manifest_arguments,
    output_arguments,
    project,
    some_time,
    state_arguments,
)
from tasksync.cli.console import Console

TYPE_CHECKING = False  # what typing would say; `--help` does without importing it
if TYPE_CHECKING:
    from collections.abc import Mapping
    from typing import Any

    from tasksync.cli.options import HistoryOptions

FORMATS = ("text", "json")


def arguments(parser: argparse.ArgumentParser) -> None:
    """Add what this command takes."""
    parser.add_argument(
        "verb",
        nargs="?",
        choices=("show",),
        metavar="show",
        help="every change of one run, with before and after",
    )
    parser.add_argument(
        "run",
        nargs="?",
        metavar="RUN",
        help="of show: a run's id, or how it begins, or last (the newest; so it is without one)",
    )
    manifest_arguments(parser)
    parser.add_argument(
        "--project", type=project, metavar="NAME", help="instead of the manifest's project"
    )
    format_arguments(parser, FORMATS, "how to show it")
    state_arguments(parser)
    parser.add_argument(
        "--timeout",
        type=some_time,
        default=100.0,
        metavar="S",
        help="give up on an answer of the state after so long (default: 100s)",
    )
    output_arguments(parser)


def options(read: Mapping[str, Any]) -> HistoryOptions:
    """Return what was asked."""
    from tasksync.cli.options import history_options

    return history_options(read)


def run(options: HistoryOptions, console: Console) -> int:
    """Show the runs, or one of them; writes nothing, takes no lock."""
    from tasksync.cli.history_flow import list_runs, show_run

    if options.run is None:
        return list_runs(options, console)
    return show_run(options, options.run, console)
