"""What people changed on the portal since the last apply, and what the next one does about it."""

from __future__ import annotations

import argparse

from tasksync.cli.arguments import (
    format_arguments,
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

    from tasksync.cli.options import DriftOptions

FORMATS = ("text", "json", "markdown")
DRIFT = 2


def arguments(parser: argparse.ArgumentParser) -> None:
    """Add what this command takes."""
    parser.add_argument(
        "glob", nargs="?", metavar="GLOB", default="", help="only these keys: finance/*"
    )
    parser.add_argument(
        "--detailed-exitcode",
        "--exit-code",
        action="store_true",
        help="exit 2 where the next apply would undo what people did; edits of the manifest "
        "and what stands by its policy are 0",
    )
    manifest_arguments(parser)
    format_arguments(parser, FORMATS, "how to show it")
    portal_arguments(parser)
    state_arguments(parser)
    output_arguments(parser)


def options(read: Mapping[str, Any]) -> DriftOptions:
    """Return what was asked."""
    from tasksync.cli.options import drift_options

    return drift_options(read)


def run(options: DriftOptions, console: Console) -> int:
    """Compare the portal with what is remembered and wanted; writes nothing, takes no lock."""
    from tasksync.cli.drift_flow import read, show

    found, moments = read(options, console)
    show(options, console, found, moments)
    return DRIFT if options.detailed_exitcode and found else 0
