"""What people changed on the portal as JSON: `schemas/drift.schema.json`."""

from __future__ import annotations

from tasksync.core.fields import plain
from tasksync.core.formats.json_text import indented
from tasksync.core.portal_changes import FieldMoved, PortalChange, PortalChanges
from tasksync.render.drift_words import link_of

FORMAT_VERSION = "1.0"
Json = dict[str, object]


def drift_json(found: PortalChanges, *, version: str) -> str:
    """Return what the schema describes, indented."""
    data: Json = {
        "format_version": FORMAT_VERSION,
        "tasksync_version": version,
        "project": found.project,
        "portal": found.portal,
        "drifted": bool(found),
        "compared": found.compared,
        "summary": {effect.value: number for effect, number in found.counts().items()},
        "changes": [_task(one, found) for one in found.changes],
        "guards": list(found.guards),
        "unreadable": [{"key": key, "what": what} for key, what in found.unreadable],
    }
    return indented(data) + "\n"


def _task(one: PortalChange, found: PortalChanges) -> Json:
    whole = None if one.happened is None else {"happened": one.happened, "effect": one.effect}
    return {
        "key": one.key,
        "id": str(one.id),
        "title": one.title,
        "person": _person(one.person or 0, found),
        "link": link_of(one, found.portal) or None,
        "changed_at": one.at,
        "changed_by": _person(one.by, found),
        "task": whole,
        "fields": [_field(part) for part in one.fields],
    }


def _field(one: FieldMoved) -> Json:
    return {
        "field": one.name,
        "was": plain(one.was),
        "is": plain(one.found),
        "wanted": plain(one.wanted),
        "managed": one.managed,
        "effect": one.effect.value,
        "policy": one.policy or None,
    }


def _person(number: int, found: PortalChanges) -> Json | None:
    return {"id": number, "name": found.names.get(number)} if number else None
