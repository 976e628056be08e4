"""What the processes of a fleet's projects reported of themselves: plans, and runs of apply.

A status and a drift are values of their own (core.project_status, core.portal_changes).
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping
from typing import NamedTuple

from tasksync.core.change import Action, Status
from tasksync.core.plan import Plan, Refusal
from tasksync.value_classes import dataclass

#: an action -> what a count of it is called in the published documents
COUNTED: Mapping[Action, str] = {
    Action.CREATE: "add",
    Action.UPDATE: "change",
    Action.DELETE: "remove",
    Action.ADOPT: "adopt",
    Action.DEFER: "defer",
    Action.FORGET: "forget",
}


@dataclass(frozen=True, slots=True)
class ReportedPlan:
    """A plan with its refusals; `digest` is by what it may be approved, "" where it may not be.

    `requests` and `seconds` are what apply was said to take.
    """

    plan: Plan
    digest: str
    requests: int
    seconds: float
    refusals: tuple[Refusal, ...] = ()


class ReportedChange(NamedTuple):
    """One change that an apply was about: `id` is its task's, 0 where none was told."""

    action: Action
    key: str
    id: int = 0


class ReportedFailure(NamedTuple):
    """A change that was not done, and why; `status` is the one that it ended with."""

    change: ReportedChange
    status: Status
    code: str
    message: str
    advice: str


class ReportedProblem(NamedTuple):
    """An error or a warning of a whole run, in several lines perhaps."""

    error: bool
    what: str
    advice: str


@dataclass(frozen=True, slots=True)
class ReportedApply:
    """An apply as far as its events tell.

    `planned` is None where it came to no plan. `made` are the changes that are done and saved;
    `unanswered` were sent and nothing more was heard of them; `left_out` no approval covered.
    `ended`: it told its end itself, and `not_started` and `stale` are its own counts.
    """

    project: str = ""
    portal: str = ""
    planned: int | None = None
    made: tuple[ReportedChange, ...] = ()
    failures: tuple[ReportedFailure, ...] = ()
    unanswered: tuple[ReportedChange, ...] = ()
    left_out: tuple[ReportedChange, ...] = ()
    problems: tuple[ReportedProblem, ...] = ()
    not_started: int = 0
    stale: int = 0
    ended: bool = False

    def counts(self) -> dict[str, int]:
        """Return how many of each, under the names of the published documents."""
        done = Counter(COUNTED.get(one.action, "") for one in self.made)
        status = Counter(one.status for one in self.failures)
        return {
            **{name: done[name] for name in COUNTED.values()},
            "failed": status[Status.FAILED],
            "in_doubt": status[Status.IN_DOUBT] + len(self.unanswered),
            "not_started": self.not_started,
            "stale": self.stale,
            "left_out": len(self.left_out),
        }
