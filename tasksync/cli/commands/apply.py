"""Make the portal match the manifest: shows the plan, asks, does it, proves it."""

from __future__ import annotations

import argparse

from tasksync.cli.arguments import (
    lock_arguments,
    manifest_arguments,
    output_arguments,
    planning_arguments,
    portal_arguments,
    state_arguments,
)
from tasksync.cli.console import Console


def arguments(parser: argparse.ArgumentParser) -> None:
    """Add what this command takes."""
    add = parser.add_argument
    add("planfile", nargs="?", metavar="PLANFILE", help="a saved plan: done as it is, not asked")
    manifest_arguments(parser)
    add("--yes", "-y", "--auto-approve", action="store_true", help="do not ask")
    add("--no-input", action="store_true", help="never ask: without --yes that is an error")
    add("--resume", metavar="PLANFILE",
        help="do what was approved in PLANFILE and is not done yet")  # fmt: skip
    add("--skip-stale", action="store_true", help="do the rest of a saved plan when some is stale")
    add("--no-verify", action="store_true", help="do not read back what was written")
    add("--json", action="store_true", help="one JSON line an event, as Terraform's -json")
    planning_arguments(parser)
    portal_arguments(parser)
    state_arguments(parser)
    lock_arguments(parser)
    output_arguments(parser)


def run(args: argparse.Namespace, console: Console) -> int:
    """Apply a manifest or a saved plan."""
    from tasksync.cli.apply_flow import apply_manifest, apply_saved
    from tasksync.cli.signals import terminable
    from tasksync.errors import UsageError

    if args.planfile and args.resume:
        raise UsageError("PLANFILE and --resume were both given.", "Give one of them.")
    saved = args.resume or args.planfile
    if args.planfile and str(args.planfile).endswith((".yaml", ".yml")):
        raise UsageError(
            "A saved plan is JSON; a manifest is named with -f.",
            f"Did you mean -f {args.planfile}?",
        )
    if saved:
        if args.target or args.exclude or args.destroy:
            raise UsageError(
                "A saved plan is applied as it is; --target, --exclude, --destroy belong to plan.",
                "Make another plan with them.",
            )
        with terminable():
            return apply_saved(args, console, saved, resume=bool(args.resume))
    with terminable():
        return apply_manifest(args, console)
