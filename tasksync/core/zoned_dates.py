"""The dates of a plan in one zone: the same moments, as a person there reads them."""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime, tzinfo

from tasksync.core.change import Change, FieldChange
from tasksync.core.fields import FIELDS, FieldKind, Value
from tasksync.core.plan import Plan


def in_zone(plan: Plan, zone: tzinfo) -> Plan:
    """Return a plan to be shown: what its changes write and find, in that zone."""
    levels = tuple(tuple(_change(change, zone) for change in level) for level in plan.levels)
    return replace(plan, levels=levels)


def _change(change: Change, zone: tzinfo) -> Change:
    return replace(
        change,
        fields=tuple(_field(one, zone) for one in change.fields),
        sent_together={
            name: _moment(name, value, zone) for name, value in change.sent_together.items()
        },
    )


def _field(one: FieldChange, zone: tzinfo) -> FieldChange:
    before, after = (_moment(one.name, value, zone) for value in (one.before, one.after))
    return replace(one, before=before, after=after)


def _moment(name: str, value: Value, zone: tzinfo) -> Value:
    field = FIELDS.get(name)
    if field is None or field.kind is not FieldKind.INSTANT or not isinstance(value, str):
        return value
    return datetime.fromisoformat(value).astimezone(zone).isoformat()
