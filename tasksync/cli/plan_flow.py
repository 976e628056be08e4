"""What plan and apply share: scope, cost, and the line that says what was read."""

from __future__ import annotations

from tasksync.cli.options import PlanningOptions
from tasksync.cli.settings import unread
from tasksync.cli.showing import Cost
from tasksync.core.keys import normal_key
from tasksync.core.manifest import Manifest
from tasksync.core.plan import Plan
from tasksync.core.planning.build import Scope
from tasksync.core.state import PortalIdentity, State
from tasksync.engine import marker_proof, recording
from tasksync.engine.run_cost import in_lots, requests_for
from tasksync.portal.batches import estimate
from tasksync.portal.pacing import seconds_for
from tasksync.value_classes import replace


def scope(planning: PlanningOptions) -> Scope:
    """Return what the plan is about."""
    targets, excludes = (
        tuple(map(normal_key, globs)) for globs in (planning.target, planning.exclude)
    )
    return Scope(targets, excludes, planning.destroy)


def with_unread(plan: Plan, state: State, manifest: Manifest) -> Plan:
    """Return the plan with the files that it read, and the known ones that it did not."""
    read = frozenset(manifest.remembered)  # rows of a `use` too, which are no files of -f
    known = [name for name in state.files if name not in read]
    missed = unread(known, plan.files, manifest.root)
    return with_spent(replace(plan, remembered=manifest.remembered, unread=missed), state)


def with_spent(plan: Plan, state: State) -> Plan:
    """Return the plan with what earlier runs used of policy.allow."""
    return replace(plan, spent=state.allowances.get(plan.policy.allowance, 0))


def with_sources(plan: Plan, manifest: Manifest, *, others: bool) -> Plan:
    """Return the plan with the source fingerprints that entries are to remember.

    `others`: also of what it leaves alone and had to be parsed; a saved plan stays small without.
    """
    keys = plan.keys
    known = manifest.source_fingerprints(keys) if keys else {}
    if not others:
        return plan.with_sources({key: known[key] for key in keys & known.keys()})
    return plan.with_sources(known, manifest.written())


def cost_of(plan: Plan, here: PortalIdentity | None = None, *, verify: bool = True) -> Cost:
    """Return what applying takes when nothing fails: writing, and what is read before and after.

    `here` is what the state remembers of the portal: what a create takes there.
    """
    writes = estimate(in_lots(plan), None if here is None else here.create_seconds)
    reads = marker_proof.requests_for(plan) + recording.requests_for(plan)
    if verify:
        reads += requests_for(plan)
    paced = seconds_for(writes.requests + reads)
    return Cost(writes.requests + reads, max(paced, writes.seconds))


def read_line_of(plan: Plan, requests: int | None, seconds: float) -> str:
    """Return the line that says what was read."""
    from tasksync.render.text import read_line

    return read_line(len(plan.files), plan.wanted, requests, seconds)
