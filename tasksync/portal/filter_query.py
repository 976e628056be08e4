"""A filter of tasks as `GET /v1/tasks` takes it (contract 2.5 and 9)."""

from __future__ import annotations

from tasksync.core.task_filter import TaskFilter


def filters_of(wanted: TaskFilter) -> tuple[tuple[str, str], ...]:
    """Return the parameters of a query; the status is none of them (contract 8.6)."""
    pairs = (
        ("filter[groupId]", wanted.group),
        ("filter[tags]", wanted.tag),
        ("filter[responsibleId]", wanted.responsible),
        ("filter[>=changedDate]", wanted.since and wanted.since.isoformat(timespec="seconds")),
    )
    return tuple((name, str(value)) for name, value in pairs if value is not None)
