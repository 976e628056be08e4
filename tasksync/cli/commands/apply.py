"""Make the portal match the manifest: shows the plan, asks, does it, proves it."""

from __future__ import annotations

import argparse

from tasksync.cli.arguments import (
    expected,
    filled,
    full_argument,
    lock_arguments,
    manifest_arguments,
    output_arguments,
    planning_arguments,
    portal_arguments,
    state_arguments,
)
from tasksync.cli.console import Console

TYPE_CHECKING = False  # what typing would say; `--help` does without importing it
if TYPE_CHECKING:
    from collections.abc import Mapping
    from typing import Any

    from tasksync.cli.options import ApplyOptions


def arguments(parser: argparse.ArgumentParser) -> None:
    """Add what this command takes."""
    add = parser.add_argument
    add("planfile", nargs="?", metavar="PLANFILE", help="a saved plan: done as it is, not asked")
    manifest_arguments(parser)
    add("--yes", "-y", "--auto-approve", action="store_true", help="do not ask")
    add("--no-input", action="store_true", help="never ask: without --yes that is an error")
    add("--resume", type=filled, metavar="PLANFILE",
        help="do what was approved in PLANFILE and is not done yet")  # fmt: skip
    add("--expect", type=expected, metavar="DIGEST|published",
        help="plan afresh, and do it where it is the approved plan, not asked")  # fmt: skip
    add("--skip-stale", action="store_true", help="do the rest of a saved plan when some is stale")
    add("--no-verify", action="store_true", help="do not read back what was written")
    add("--json", action="store_true", help="one JSON line an event, as Terraform's -json")
    full_argument(parser)
    planning_arguments(parser)
    portal_arguments(parser)
    state_arguments(parser)
    lock_arguments(parser)
    output_arguments(parser)


def options(read: Mapping[str, Any]) -> ApplyOptions:
    """Return what was asked."""
    from tasksync.cli.options import apply_options

    return apply_options(read)


def run(options: ApplyOptions, console: Console) -> int:
    """Apply a manifest or a saved plan."""
    from tasksync.cli.apply_flow import apply_manifest, apply_saved
    from tasksync.errors import UsageError

    if options.planfile and options.resume:
        raise UsageError("PLANFILE and --resume were both given.", "Give one of them.")
    if options.expect:
        _must_plan_afresh(options)
    saved = options.resume or options.planfile
    if options.planfile and options.planfile.endswith((".yaml", ".yml")):
        raise UsageError(
            "A saved plan is JSON; a manifest is named with -f.",
            f"Did you mean -f {options.planfile}?",
        )
    if saved:
        planning = options.planning
        if planning.target or planning.exclude or planning.destroy:
            raise UsageError(
                "A saved plan is applied as it is; --target, --exclude, --destroy belong to plan.",
                "Make another plan with them.",
            )
        return apply_saved(options, console, saved, resume=bool(options.resume))
    return apply_manifest(options, console)


def _must_plan_afresh(options: ApplyOptions) -> None:
    """Refuse what would make another plan of the approved one."""
    from tasksync.errors import UsageError

    planning = options.planning
    given = {
        "PLANFILE": options.planfile,
        "--resume": options.resume,
        "--target": planning.target,
        "--exclude": planning.exclude,
        "--destroy": planning.destroy,
        "--no-refresh": planning.no_refresh,
    }
    others = [name for name, value in given.items() if value]
    if others:
        raise UsageError(
            f"--expect and {', '.join(others)} were both given: --expect plans the whole manifest "
            "afresh, and holds that against what was approved.",
            f"Leave out {', '.join(others)}, or --expect.",
        )
