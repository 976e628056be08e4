"""The report of a fleet as JSON: `schemas/fleet-report.schema.json`."""

from __future__ import annotations

from tasksync.core.fleet_report import Ending, FleetReport, ProjectReport
from tasksync.core.formats.json_text import indented
from tasksync.core.project_status import PersonTasks, TaskStatus
from tasksync.core.reported import ReportedApply, ReportedChange, ReportedFailure

FORMAT_VERSION = "1.0"
Json = dict[str, object]


def fleet_json(report: FleetReport, *, version: str) -> str:
    """Return what the schema describes, indented; the projects stand in the order of the table."""
    endings = report.endings()
    data: Json = {
        "format_version": FORMAT_VERSION,
        "tasksync_version": version,
        "fleet": report.fleet,
        "command": report.command.value,
        "interrupted": report.interrupted,
        "exit_code": report.exit_code,
        "summary": {
            "projects": len(report.projects),
            **{one.value: endings.get(one, 0) for one in Ending},
        },
        "counts": dict(report.totals()),
        "projects": [_project(one) for one in report.projects],
    }
    return indented(data) + "\n"


def _project(one: ProjectReport) -> Json:
    own = one.own() if one.run.job.command == "apply" else None
    return {
        "name": one.name,
        "project": one.project or None,
        "portal": one.portal or None,
        "ending": one.ending.value,
        "exit_code": one.exit_code,
        "seconds": round(one.seconds, 3),
        "words": one.words,
        "counts": dict(one.counts),
        "guards": list(one.guards),
        **(_applied(own) if isinstance(own, ReportedApply) else {}),
        **({"late": _late(one)} if one.run.job.command == "status" else {}),
    }


def _applied(own: ReportedApply) -> Json:
    return {
        "made": [_change(one) for one in own.made],
        "unanswered": [_change(one) for one in own.unanswered],
        "failures": [_failure(one) for one in own.failures],
        "problems": [
            {
                "severity": "error" if one.error else "warning",
                "what": one.what,
                "advice": one.advice,
            }
            for one in own.problems
        ],
    }


def _change(one: ReportedChange) -> Json:
    return {"key": one.key, "action": one.action.value, "id": str(one.id) if one.id else None}


def _failure(one: ReportedFailure) -> Json:
    return {
        **_change(one.change),
        "became": one.status.value,
        "code": one.code,
        "message": one.message,
        "advice": one.advice,
    }


def _late(one: ProjectReport) -> Json:
    return {
        "people": [_person_tasks(person) for person in one.people],
        "tasks": [_task(task, one) for task in one.late],
    }


def _person_tasks(one: PersonTasks) -> Json:
    return {
        "person": None if one.id is None else {"id": one.id, "name": one.name or None},
        "tasks": one.tasks,
        "open": one.open,
        "late": one.late,
    }


def _task(task: TaskStatus, one: ProjectReport) -> Json:
    who = task.person
    return {
        "key": task.key,
        "id": str(task.id),
        "title": task.title,
        "person": None if who is None else {"id": who, "name": one.names.get(who)},
        "deadline": task.deadline,
        "late_seconds": task.late,
        "link": task.link or None,
    }
