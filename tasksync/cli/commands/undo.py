"""Take back what a run did: shows the plan, asks, does it, proves it; the manifest stays.

What the run deleted is made again as a new task, without its comments and logged time.
"""

from __future__ import annotations

import argparse

from tasksync.cli.arguments import (
    filled,
    guard_arguments,
    lock_arguments,
    manifest_arguments,
    output_arguments,
    portal_arguments,
    project,
    state_arguments,
)
from tasksync.cli.console import Console

TYPE_CHECKING = False  # what typing would say; `--help` does without importing it
if TYPE_CHECKING:
    from collections.abc import Mapping
    from typing import Any

    from tasksync.cli.options import UndoOptions


def arguments(parser: argparse.ArgumentParser) -> None:
    """Add what this command takes."""
    add = parser.add_argument
    add("undone", nargs="?", metavar="RUN",
        help="the run, by its id or the beginning of it, as history shows it "
        "(default: last, the last one that changed something)")  # fmt: skip
    manifest_arguments(parser)
    add("--project", type=project, metavar="NAME", help="instead of the manifest's project")
    add("--out", type=filled, metavar="FILE",
        help="save the plan instead of doing it; apply FILE does exactly it")  # fmt: skip
    add("--yes", "-y", "--auto-approve", action="store_true", help="do not ask")
    add("--no-input", action="store_true", help="never ask: without --yes that is an error")
    add("--skip-stale", action="store_true", help="take back the rest where some of it cannot be")
    add("--no-verify", action="store_true", help="do not read back what was written")
    add("--json", action="store_true", help="one JSON line an event, as Terraform's -json")
    guard_arguments(parser)
    portal_arguments(parser)
    state_arguments(parser)
    lock_arguments(parser)
    output_arguments(parser)


def options(read: Mapping[str, Any]) -> UndoOptions:
    """Return what was asked."""
    from tasksync.cli.options import undo_options

    return undo_options(read)


def run(options: UndoOptions, console: Console) -> int:
    """Take a run back, or save the plan that does."""
    from tasksync.cli.undo_flow import undo

    return undo(options, console)
