"""What `tasksync drift --format json` printed, read back (`schemas/drift.schema.json`)."""

from __future__ import annotations

from tasksync.core.fields import instant
from tasksync.core.formats import typed
from tasksync.core.formats.printed import readable
from tasksync.core.formats.status_reading import names_in
from tasksync.core.formats.typed import Json
from tasksync.core.formats.values_json import decode_value
from tasksync.core.portal_changes import (
    Effect,
    FieldMoved,
    Happened,
    PortalChange,
    PortalChanges,
)


def read_drift(document: Json) -> PortalChanges:
    """Return the changes that a document tells; raises NotReadable."""
    with readable():
        return _drift(document)


def _drift(document: Json) -> PortalChanges:
    changes = typed.objects(document, "changes")
    people = [one[who] for one in changes for who in ("person", "changed_by") if one.get(who)]
    return PortalChanges(
        project=typed.text(document, "project"),
        portal=typed.text(document, "portal"),
        changes=tuple(map(_change, changes)),
        guards=typed.texts(document, "guards"),
        unreadable=tuple(
            (typed.key(one, "key"), typed.text(one, "what"))
            for one in typed.objects(document, "unreadable")
        ),
        names=names_in(people),
        compared=typed.flag(document, "compared", default=True),
    )


def _change(one: Json) -> PortalChange:
    whole = typed.nullable(one, "task", dict)
    at = typed.nullable(one, "changed_at", str)
    if at is not None:
        instant(at)  # what is no instant cannot be shown as one
    return PortalChange(
        key=typed.key(one, "key"),
        id=typed.remote_id_in(one, "id"),
        title=typed.text(one, "title"),
        person=_person(one, "person"),
        fields=tuple(map(_field, typed.objects(one, "fields"))),
        happened=None if whole is None else Happened(typed.text(whole, "happened")),
        effect=Effect.STANDS if whole is None else Effect(typed.text(whole, "effect")),
        at=at,
        by=_person(one, "changed_by") or 0,
    )


def _person(one: Json, name: str) -> int | None:
    found = typed.nullable(one, name, dict)
    return None if found is None else typed.count(found, "id")


def _field(one: Json) -> FieldMoved:
    name = typed.text(one, "field")
    was, found, wanted = (decode_value(name, one[side]) for side in ("was", "is", "wanted"))
    return FieldMoved(
        name,
        was,
        found,
        wanted,
        Effect(typed.text(one, "effect")),
        typed.nullable(one, "policy", str) or "",
        typed.flag(one, "managed"),
    )
