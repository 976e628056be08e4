"""A project's status as JSON: `schemas/status.schema.json`."""

from __future__ import annotations

from tasksync.core.formats.json_text import indented
from tasksync.core.project_status import ProjectStatus, TaskStatus
from tasksync.render.status_words import status_word

FORMAT_VERSION = "1.0"
Json = dict[str, object]


def status_json(found: ProjectStatus, *, version: str) -> str:
    """Return what the schema describes, indented."""
    query = found.query
    data: Json = {
        "format_version": FORMAT_VERSION,
        "tasksync_version": version,
        "project": found.project,
        "portal": found.portal,
        "at": found.at.isoformat(timespec="seconds"),
        "filters": {
            "glob": query.glob or None,
            "open": query.open,
            "overdue": query.overdue,
            "due_seconds": query.due,
            "person": query.person,
        },
        "total": found.total,
        "counts": {
            "tasks": len(found.tasks),
            "open": found.open,
            "late": found.late,
            "by_status": [
                {"status": _status(one), "tasks": number} for one, number in found.by_status()
            ],
            "by_person": [
                {
                    "person": _person(one.id, found),
                    "tasks": one.tasks,
                    "open": one.open,
                    "late": one.late,
                }
                for one in found.by_person()
            ],
        },
        "tasks": [_task(one, found) for one in found.tasks],
        "missing": [{"key": key, "id": str(remote)} for key, remote in found.missing],
        "unreadable": [
            {"key": one.key, "id": str(one.id), "what": what} for one, what in found.unreadable
        ],
    }
    return indented(data) + "\n"


def _task(one: TaskStatus, found: ProjectStatus) -> Json:
    return {
        "key": one.key,
        "id": str(one.id),
        "title": one.title,
        "person": _person(one.person, found),
        "status": _status(one.status),
        "open": one.open,
        "deadline": one.deadline,
        "late_seconds": one.late,
        "link": one.link or None,
    }


def _person(number: int | None, found: ProjectStatus) -> Json | None:
    if number is None:
        return None
    return {"id": number, "name": found.names.get(number)}


def _status(number: int | None) -> str | None:
    return None if number is None else status_word(number)
