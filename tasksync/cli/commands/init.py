"""Begin a project here: look at the key, write a manifest that validates, say what comes next."""

from __future__ import annotations

import argparse

from tasksync.cli.arguments import filled, output_arguments, portal_arguments, project
from tasksync.cli.console import Console

TYPE_CHECKING = False  # what typing would say; `--help` does without importing it
if TYPE_CHECKING:
    from collections.abc import Mapping
    from typing import Any

    from tasksync.cli.options import InitOptions


def arguments(parser: argparse.ArgumentParser) -> None:
    """Add what this command takes."""
    add = parser.add_argument
    add("--project", type=project, metavar="NAME", help="the project (asked for on a terminal)")
    add("--timezone", type=filled, metavar="Z",
        help="the zone of dates written without an offset, as Europe/Berlin "
        "(asked for on a terminal; default: none)")  # fmt: skip
    add("--no-input", action="store_true", help="never ask")
    portal_arguments(parser)
    output_arguments(parser)


def options(read: Mapping[str, Any]) -> InitOptions:
    """Return what was asked."""
    from tasksync.cli.options import init_options

    return init_options(read)


def run(options: InitOptions, console: Console) -> int:
    """Write what is not there yet; a key that the portal refuses is exit 7, and nothing written."""
    from tasksync.cli.beginning import begin

    return begin(options, console)
