"""Show a saved plan as plan would print it."""

from __future__ import annotations

import argparse

from tasksync.cli.arguments import format_arguments, full_argument, output_arguments
from tasksync.cli.console import Console
from tasksync.cli.showing import FORMATS, Cost, approvable, show
from tasksync.core.guards import check

TYPE_CHECKING = False  # what typing would say; `--help` does without importing it
if TYPE_CHECKING:
    from collections.abc import Mapping
    from typing import Any

    from tasksync.cli.options import ShowOptions


def arguments(parser: argparse.ArgumentParser) -> None:
    """Add what this command takes."""
    parser.add_argument("planfile", metavar="PLANFILE", help="what plan --out wrote")
    format_arguments(parser, FORMATS, "how to show it")
    full_argument(parser)
    output_arguments(parser)


def options(read: Mapping[str, Any]) -> ShowOptions:
    """Return what was asked."""
    from tasksync.cli.options import show_options

    return show_options(read)


def run(options: ShowOptions, console: Console) -> int:
    """Print the plan; raises PlanUnusable."""
    from tasksync.cli.plan_files import read

    saved = read(options.planfile)
    cost = Cost(saved.requests, saved.seconds)
    colour = not options.output.no_color
    digest = approvable(saved.plan)
    show(
        console,
        saved.plan,
        options.format,
        cost,
        check(saved.plan),
        colour=colour,
        digest=digest,
        full=options.full,
    )
    return 0
