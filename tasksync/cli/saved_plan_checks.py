"""Whether a saved plan may be done here: its portal, its state, its own runs, what moved."""

from __future__ import annotations

from tasksync.cli.wiring import Session
from tasksync.core.formats.plan_json import Opened
from tasksync.core.plan import Plan
from tasksync.core.portal_name import portal_name
from tasksync.core.staleness import is_forgotten
from tasksync.core.state import PortalIdentity, State
from tasksync.engine.portal_check import check_portal, tell_other_owner
from tasksync.engine.rechecking import Checked
from tasksync.errors import PlanStale, PlanUnusable
from tasksync.portal.client import RestPortal
from tasksync.render.stale_text import stale_count, stale_text


def must_belong(plan: Plan, state: State, portal: RestPortal, parts: Session) -> PortalIdentity:
    """Return whose portal it is; raises for a plan of another portal or state."""
    here = check_portal(portal, state)
    if plan.portal and portal_name(plan.portal) != here.portal:
        raise PlanUnusable(
            f"The plan was made for the portal {plan.portal}, and this is {here.portal}.",
            "Set TASKSYNC_PORTAL to the right one, or make a new plan.",
        )
    if plan.lineage and plan.lineage != state.lineage:
        there = "its lineage differs" if state.lineage else "there is none yet"
        raise PlanStale(
            f"The plan was made from another state than the one that is here ({there}): what was "
            "done since is not known here.",
            "Use the --state it was made with, or make a new plan.",
        )
    if plan.lineage and state.serial < plan.serial:
        raise PlanStale(
            f"The state is older than the one that the plan was made from (serial {state.serial}, "
            f"and the plan has {plan.serial}): a backup of it was put back.",
            "Put the newest state back, or make a new plan.",
        )
    tell_other_owner(here, state.identity, parts.hear)
    return here


def must_be_begun_here(saved: Opened, state: State, *, resume: bool, name: str) -> None:
    """Refuse a plan from before the first apply, unless nothing or its own run came after it."""
    if saved.plan.lineage:
        return
    own = any(run.began and (run.plan, run.serial) == this_of(saved) for run in state.runs)
    if state.lineage and not own:
        raise PlanStale(
            f"The plan {name} was made before the first apply, and this state was begun by "
            "another run.",
            "Make a new plan.",
        )
    if resume and not own:
        raise PlanStale(
            f"There is nothing of the plan {name} to resume: this state is a new one, and what "
            "was done is not known here.",
            "Use the --state of the run that was cut off, or make a new plan: it finds by their "
            f"marker what was made. If nothing was done yet: tasksync apply {name}",
        )


def this_of(saved: Opened) -> tuple[str, int]:
    """Return what a saved plan is told by among the runs that are remembered."""
    return saved.digest, saved.plan.serial


def must_be_open(saved: Opened, state: State, *, resume: bool, name: str) -> None:
    """Refuse a plan that was done already, or in part and is not to be resumed."""
    runs = [run for run in state.runs if (run.plan, run.serial) == this_of(saved)]
    if any(run.outcome == "complete" for run in runs):
        raise PlanStale(f"The plan {name} was applied already, all of it.", "Make a new plan.")
    if is_forgotten(saved.plan, state.runs):
        raise PlanStale(
            f"So many runs came after the plan {name} was made ({len(state.runs)} are remembered) "
            "that nobody knows whether it was done.",
            "Make a new plan.",
        )
    if runs and not resume:
        raise PlanStale(
            f"The plan {name} was applied in part.",
            f"Do the rest with tasksync apply --resume {name}, or make a new plan.",
        )


def must_hold(now: Checked, name: str, *, skip_stale: bool) -> None:
    """Refuse a plan of which something is stale, unless the rest is to be done."""
    if not now.stale:
        return
    names = dict(now.plan.names)
    words = f"{stale_count(len(now.stale))}:\n{stale_text(now.stale, names)}"
    if now.made and not now.plan.lineage:
        raise PlanStale(
            f"The plan {name} was made before the first apply, and some of its tasks are on the "
            f"portal already:\n{stale_text({key: now.stale[key] for key in now.made}, names)}",
            "Make a new plan: it takes them over by their marker.",
        )
    if not skip_stale:
        rest = sum(len(level) for level in now.plan.levels)
        others = f"Do the other {rest} with --skip-stale, or make" if rest else "Make"
        raise PlanStale(words, f"{others} a new plan in {name}'s place.")
