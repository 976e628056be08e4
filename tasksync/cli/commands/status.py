"""The project's tasks as they are on the portal: who has them, when they are due, what is late."""

from __future__ import annotations

import argparse
import re

from tasksync.cli.arguments import (
    filled,
    format_arguments,
    manifest_arguments,
    output_arguments,
    portal_arguments,
    state_arguments,
)
from tasksync.cli.console import Console
from tasksync.late_patterns import pattern_of

TYPE_CHECKING = False  # what typing would say; `--help` does without importing it
if TYPE_CHECKING:
    from collections.abc import Mapping
    from typing import Any

    from tasksync.cli.options import StatusOptions

FORMATS = ("text", "json", "csv", "markdown", "html")
_SPAN = pattern_of(r"(?:([0-9]{1,5})w)?(?:([0-9]{1,5})d)?([^wd]*)", re.ASCII)
_DAY, _WEEK = 86400, 604800
_LONGEST = 99_999 * _WEEK


def arguments(parser: argparse.ArgumentParser) -> None:
    """Add what this command takes."""
    parser.add_argument(
        "glob", nargs="?", metavar="GLOB", default="", help="only these keys: finance/*"
    )
    filter_arguments(parser)
    manifest_arguments(parser)
    format_arguments(parser, FORMATS, "how to show it")
    portal_arguments(parser)
    state_arguments(parser)
    output_arguments(parser)


def filter_arguments(parser: argparse.ArgumentParser) -> None:
    """Add what narrows the tasks that are shown."""
    add = parser.add_argument
    add("--open", action="store_true",
        help="only tasks that are not completed, deferred or declined")  # fmt: skip
    add("--overdue", action="store_true", help="only open tasks whose deadline has passed")
    add("--due", type=_span, metavar="TIME",
        help="only open tasks that are due within 2h30m, 7d or 2w; with --overdue the late "
        "ones too")  # fmt: skip
    add("--person", type=filled, metavar="P",
        help="only tasks of this person: number, address, name, or name of people:")  # fmt: skip


def _span(text: str) -> int:
    """Read a time from now on, in seconds."""
    from tasksync.core.durations import seconds_in

    found = _SPAN.fullmatch(text.strip())
    weeks, days, rest = found.groups() if found else (None, None, "")
    below = seconds_in(rest) if rest else 0
    if not (weeks or days or rest) or below is None:
        raise argparse.ArgumentTypeError(f"{text[:40]} is no time; write 2h30m, 36h, 7d or 2w")
    whole = int(weeks or 0) * _WEEK + int(days or 0) * _DAY + int(below)
    if whole > _LONGEST:
        raise argparse.ArgumentTypeError(f"{text[:40]} is too long; the most is 99999w")
    return whole


def options(read: Mapping[str, Any]) -> StatusOptions:
    """Return what was asked."""
    from tasksync.cli.options import status_options

    return status_options(read)


def run(options: StatusOptions, console: Console) -> int:
    """Read the project's tasks and show them; exit 0 whatever is late."""
    from tasksync.cli.status_flow import read, show

    found, moments = read(options, console)
    show(options, console, found, moments)
    return 0
