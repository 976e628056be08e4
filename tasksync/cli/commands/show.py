"""Show a saved plan as plan would print it."""

from __future__ import annotations

import argparse

from tasksync.cli.arguments import output_arguments
from tasksync.cli.console import Console
from tasksync.cli.showing import FORMATS, Cost, show
from tasksync.core.guards import check


def arguments(parser: argparse.ArgumentParser) -> None:
    """Add what this command takes."""
    parser.add_argument("planfile", metavar="PLANFILE", help="what plan --out wrote")
    parser.add_argument("--format", choices=FORMATS, default="text", help="how to show it")
    parser.add_argument("--json", action="store_true", help="the same as --format json")
    output_arguments(parser)


def run(args: argparse.Namespace, console: Console) -> int:
    """Print the plan; raises PlanUnusable."""
    from tasksync.cli.plan_files import read

    saved = read(args.planfile)
    format_ = "json" if args.json else args.format
    cost = Cost(saved.requests, saved.seconds)
    show(console, saved.plan, format_, cost, check(saved.plan), colour=not args.no_color)
    return 0
