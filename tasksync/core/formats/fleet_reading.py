"""What the process of a fleet's project wrote to stdout, read as what its command prints."""

from __future__ import annotations

from typing import TypeAlias

from tasksync.core.fleet import FleetCommand, ProjectRun
from tasksync.core.formats import plan_json, plan_reading, plan_text, typed
from tasksync.core.formats.drift_reading import read_drift
from tasksync.core.formats.events_reading import read_events
from tasksync.core.formats.printed import NotReadable, document, readable
from tasksync.core.formats.status_reading import read_status
from tasksync.core.formats.typed import Json
from tasksync.core.plan import Refusal
from tasksync.core.portal_changes import PortalChanges
from tasksync.core.project_status import ProjectStatus
from tasksync.core.reported import ReportedApply, ReportedPlan
from tasksync.errors import PlanUnusable

Reported: TypeAlias = ReportedPlan | ReportedApply | ProjectStatus | PortalChanges


def reported(run: ProjectRun) -> Reported:
    """Return what a process reported of its project; raises NotReadable, and nothing else."""
    match run.job.command:
        case FleetCommand.PLAN:
            return read_plan(document(run.out))
        case FleetCommand.APPLY:
            return read_events(run.out)
        case FleetCommand.STATUS:
            return read_status(document(run.out))
        case FleetCommand.DRIFT:
            return read_drift(document(run.out))


def read_plan(data: Json) -> ReportedPlan:
    """Return a plan to be shown, not to be done; raises NotReadable.

    Its digest and its checksum are over the values as they were before secrets were taken out of
    them, and so are not looked at.
    """
    try:
        checked = plan_text.checked(data, plan_json.FORMAT_VERSION)
        plan = plan_reading.plan_of(checked)
        requests, seconds = plan_text.costs(checked)
    except PlanUnusable as error:
        raise NotReadable(error.message) from error
    with readable():
        refusals = tuple(map(_refusal, typed.objects(checked, "refusals")))
        digest = typed.text(checked, "digest") if plan.approvable else ""
    return ReportedPlan(plan, digest, requests, seconds, refusals)


def _refusal(told: Json) -> Refusal:
    keys = tuple(typed.key({"key": key}, "key") for key in typed.texts(told, "keys"))
    return Refusal(
        typed.text(told, "rail"), typed.text(told, "what"), typed.text(told, "lift"), keys
    )
