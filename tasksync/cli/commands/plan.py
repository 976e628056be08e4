"""Show what must change. Reads everything, writes nothing, takes no lock."""

from __future__ import annotations

import argparse
from time import monotonic

from tasksync.cli.arguments import (
    filled,
    format_arguments,
    full_argument,
    manifest_arguments,
    output_arguments,
    planning_arguments,
    portal_arguments,
    state_arguments,
)
from tasksync.cli.console import Console
from tasksync.cli.showing import FORMATS, approvable

TYPE_CHECKING = False  # what typing would say; `--help` does without importing it
if TYPE_CHECKING:
    from collections.abc import Mapping
    from typing import Any

    from tasksync.cli.options import PlanOptions

CHANGES = 2
REFUSED = 4


def arguments(parser: argparse.ArgumentParser) -> None:
    """Add what this command takes."""
    manifest_arguments(parser)
    parser.add_argument(
        "--out", type=filled, metavar="FILE", help="save the plan; apply FILE does exactly it"
    )
    parser.add_argument(
        "--detailed-exitcode",
        "--exit-code",
        action="store_true",
        help="exit 2 when changes are due",
    )
    format_arguments(parser, FORMATS, "how to show the plan")
    full_argument(parser)
    planning_arguments(parser)
    portal_arguments(parser)
    state_arguments(parser)
    output_arguments(parser)


def options(read: Mapping[str, Any]) -> PlanOptions:
    """Return what was asked."""
    from tasksync.cli.options import plan_options

    return plan_options(read)


def run(options: PlanOptions, console: Console) -> int:
    """Plan, show, perhaps save; exit 4 where apply would refuse it, else 2 where that is asked."""
    from tasksync.cli.listeners import listening
    from tasksync.cli.other_projects import looked_at
    from tasksync.cli.plan_flow import cost_of, read_line_of, scope, with_unread
    from tasksync.cli.settings import forgets
    from tasksync.cli.showing import show
    from tasksync.cli.wiring import session
    from tasksync.core.guards import check
    from tasksync.core.planning.taking_over import projects_in
    from tasksync.engine.existing import with_existing

    planning = options.planning
    begun = monotonic()
    parts = session(options.run, console)
    with listening(parts):
        manifest = parts.manifest()
        store = parts.store(manifest.project)
        try:
            state = store.load()
            portal = parts.portal(manifest.marker)
            planner = parts.planner(portal, parts.resolver(portal, manifest.marker))
            blind = planning.no_refresh
            names = projects_in(manifest, state)
            with looked_at(parts, manifest.project, names) as sources:
                plan = planner.plan(
                    manifest,
                    state,
                    scope(planning),
                    refresh=not blind,
                    trusting=blind,
                    directory=parts.directory(lambda: portal, state, refresh=not blind),
                    sources=sources,
                )
            if not blind:
                plan = with_existing(plan, state, portal.of_titles)
            plan = with_unread(plan, state, manifest)
        finally:
            store.close()
    cost = cost_of(plan, state.identity)
    first_line = read_line_of(
        plan, None if planning.no_refresh else portal.requests, monotonic() - begun
    )
    refusals = check(plan, planning.overrides)
    colour = not options.run.output.no_color
    show(
        console,
        plan,
        options.format,
        cost,
        refusals,
        first_line=first_line,
        colour=colour,
        digest=approvable(plan),
        full=options.full,
        timezone=manifest.timezone,
    )
    if options.out:
        from tasksync.cli.plan_files import write
        from tasksync.cli.plan_flow import with_sources

        write(options.out, with_sources(plan, manifest, others=False), cost, console.outside())
        console.tell(
            f"Saved the plan to {options.out}. To do exactly this: tasksync apply {options.out}"
        )
    if note := forgets(options.run, console):
        console.tell(note)
    if refusals:
        guards = ", ".join(one.guard for one in refusals)
        console.tell(f"Apply would refuse this plan (exit {REFUSED}): {guards}; see the plan.")
        return REFUSED
    return CHANGES if options.detailed_exitcode and plan else 0
