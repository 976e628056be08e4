"""`apply --expect`: a plan made afresh is done where it is the approved one, and as far as it is.

The digest is the yes: nobody is asked. Guards hold as they do without it.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping

from tasksync.core.asked_again import asked_again
from tasksync.core.asked_differences import Item, asked_differences, is_part_of, items_of
from tasksync.core.expected import Approved, Correction, approved_part
from tasksync.core.formats.plan_digest import digest_of_document
from tasksync.core.formats.plan_json import asked_document
from tasksync.core.plan import Plan
from tasksync.core.state import Run, State
from tasksync.errors import PlanStale, PlanUnusable
from tasksync.render import expected_text
from tasksync.render.wording import clean, count
from tasksync.value_classes import dataclass

PUBLISHED = "published"
_AGAIN = "Plan again, have that plan approved, and apply what was approved then."
_ANEW = (
    "If it is to be done once more, plan again and have that plan approved; else this is an old "
    "approval, or an old state of the manifest."
)
_NOTHING_ASKED = (
    "There is nothing to do: what was approved is done already by a run without --expect, or the "
    "manifest asks it no more."
)
_COMPARES = "--expect published knows what was approved, and names change by change what differs."


@dataclass(frozen=True, slots=True)
class ExpectedPlan:
    """The approved part of a plan; `corrections` are left out; `note` is to be told."""

    plan: Plan
    corrections: tuple[Correction, ...]
    note: str = ""


def approved_of(
    expect: str, project: str, environment: Mapping[str, str], tell: Callable[[str], None]
) -> Approved:
    """Return what was approved: a digest, or what the forge says was published and approved.

    `tell` is told of waits for the forge.
    """
    if expect != PUBLISHED:
        return Approved(expect)
    from tasksync.cli.published import approved_plan  # which talks to a forge

    approved = approved_plan(project, environment, tell)
    if approved.document is not None and digest_of_document(approved.document) != approved.digest:
        raise PlanUnusable(
            f"What was published{_where(approved)} is not what its digest was taken of.",
            "Publish the plan again, and have it approved.",
        )
    return approved


def must_be_approved(plan: Plan, state: State, approved: Approved) -> ExpectedPlan:
    """Return the approved part of a plan; raises PlanStale where that is not what was approved."""
    asked = asked_document(plan)
    note = (
        "" if digest_of_document(asked) == approved.digest else _rest(plan, state, approved, asked)
    )
    part = approved_part(plan, state)
    if part.conflicts:
        raise PlanStale(
            f"{count(len(part.conflicts), 'approved change', 'approved changes')} cannot be made "
            "as approved, since the portal moved meanwhile. Nothing was written:\n"
            + expected_text.conflicts_text(part.conflicts, dict(plan.names)),
            "Put it back on the portal, or let an apply without --expect put it right; or change "
            "the manifest (tasksync accept KEY.FIELD takes over what people set), and have that "
            "plan approved. This manifest's plan has this digest as long as it asks the same.",
        )
    return ExpectedPlan(part.plan, part.left_out, note)


def _rest(plan: Plan, state: State, approved: Approved, asked: Item) -> str:
    """Return that what is left of the approved plan is done, where it was begun here; else raise.

    Without the document only a plan that asks nothing is known to be part of what was approved.
    A run that did everything may have been killed before the read-back lets go of what it forgets.
    Once another run came after, an old approval is no leave to do a part of it again.
    """
    runs = [run for run in state.runs if run.plan == approved.digest]
    if not runs:
        raise _other(plan, state, approved, asked)
    last, left = runs[-1], items_of(asked)
    complete = last.outcome == "complete"
    if not left and not plan.moved:
        if complete:
            raise _done_already(last, approved)
        return f"Nothing is left of the approved plan: its run {_told(last)} did it all."
    if state.runs[-1] is not last or (complete and approved.document is None):
        raise _other(plan, state, approved, asked)
    if approved.document is None or not is_part_of(asked, approved.document):
        raise _cut_off(last, plan, approved, asked)
    of = count(len(items_of(approved.document)), "approved change")
    return (
        f"The run {_told(last)} was cut off: {len(left)} of {of} left, and this run does the rest."
    )


def _done_already(run: Run, approved: Approved) -> PlanStale:
    return PlanStale(
        f"The approved plan{_where(approved)} was applied already, all of it, by the run "
        f"{_told(run)}; the manifest asks for nothing else.",
        "There is nothing to do. tasksync plan shows what moved on the portal since.",
    )


def _cut_off(run: Run, plan: Plan, approved: Approved, asked: Item) -> PlanStale:
    digest = digest_of_document(asked)
    left = expected_text.asked_text(items_of(asked), plan.moved)
    if approved.document is not None:
        return PlanStale(
            f"The run {_told(run)} of the approved plan{_where(approved)} was cut off, and what is "
            f"asked now is not what is left of it. Nothing was written:\n"
            + _differences(plan, approved.document, asked),
            _AGAIN,
        )
    return PlanStale(
        f"The run {_told(run)} of the approved plan was cut off. Nothing was written; what is "
        f"left is\n{left}\n  and its digest is {digest}",
        f"If that is the rest of what was approved: tasksync apply --expect {digest}\n"
        "--expect published knows what was approved, and goes on by itself.",
    )


def _other(plan: Plan, state: State, approved: Approved, asked: Item) -> PlanStale:
    """Return that another plan was approved, and what differs as far as that is known."""
    digest = digest_of_document(asked)
    done = _told_before(state, approved)
    first = (
        f"This is not the plan that was approved{_where(approved)}.{done} Nothing was written.\n"
        f"  approved {approved.digest}\n  now      {digest}\n"
    )
    if approved.digest in asked_again(asked, state.runs)[1]:
        now = expected_text.asked_text(items_of(asked), plan.moved)
        return PlanStale(f"{first}  It would do the same once more:\n{now}", _ANEW)
    if approved.document is None:
        items = items_of(asked)
        now = expected_text.asked_text(items, plan.moved)
        advice = f"{_AGAIN}\n{_COMPARES}" if items or plan.moved else _NOTHING_ASKED
        return PlanStale(f"{first}  It asks now:\n{now}", advice)
    return PlanStale(first + _differences(plan, approved.document, asked), _AGAIN)


def _told_before(state: State, approved: Approved) -> str:
    """Return that the approved plan was done or begun, and by which run, where that is known."""
    runs = [run for run in state.runs if run.plan == approved.digest]
    if not runs:
        return ""
    did = "applied already" if runs[-1].outcome == "complete" else "begun already"
    after = "" if state.runs[-1] is runs[-1] else ", and other runs came after it"
    return f" That one was {did}, by the run {_told(runs[-1])}{after}."


def _differences(plan: Plan, approved: Item, asked: Item) -> str:
    found = asked_differences(approved, asked, expected_text.SHOWN)
    return expected_text.differences_text(found, plan)


def _told(run: Run) -> str:
    return f"{run.id[:8]} of {run.at:%Y-%m-%d %H:%M} UTC"


def _where(approved: Approved) -> str:
    return f" ({clean(approved.where)})" if approved.where else ""
