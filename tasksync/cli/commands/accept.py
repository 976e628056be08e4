"""Take what people changed on the portal over into the manifest."""

from __future__ import annotations

import argparse

from tasksync.cli.arguments import (
    filled,
    manifest_arguments,
    output_arguments,
    portal_arguments,
    state_arguments,
)
from tasksync.cli.console import Console

TYPE_CHECKING = False  # what typing would say; `--help` does without importing it
if TYPE_CHECKING:
    from collections.abc import Mapping
    from typing import Any

    from tasksync.cli.options import AcceptOptions


def arguments(parser: argparse.ArgumentParser) -> None:
    """Add what this command takes."""
    add = parser.add_argument
    add("what", nargs="*", type=filled, metavar="KEY[.field]",
        help="tasks or single fields to take over; a key may be a glob")  # fmt: skip
    add("--all", action="store_true", help="everything that people changed")
    add("--yes", "-y", "--auto-approve", action="store_true", help="do not ask")
    add("--no-input", action="store_true", help="never ask: without --yes that is an error")
    manifest_arguments(parser)
    portal_arguments(parser)
    state_arguments(parser)
    output_arguments(parser)


def options(read: Mapping[str, Any]) -> AcceptOptions:
    """Return what was asked."""
    from tasksync.cli.options import accept_options

    return accept_options(read)


def run(options: AcceptOptions, console: Console) -> int:
    """Look, show the diff, ask and write; exit 3 where a part cannot be, 1 where all of it."""
    from tasksync.cli.accept_flow import accept

    return accept(options, console)
