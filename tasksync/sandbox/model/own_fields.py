"""The portal's own fields of tasks (UF_...): listed with types, stored and enforced by them.

Names and shapes: contract 2.7 and 7. A portal has what its administrator made; these are some of
each type.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping
from types import MappingProxyType
from typing import Any, NamedTuple

from tasksync.sandbox.json_codec import Json
from tasksync.sandbox.model.portal_clock import read_instant

_MOST = 2**31 - 1
_TEXT_LIMIT = 20_000


class OwnField(NamedTuple):
    """One field: its name in requests, its name in rows, type, and whether it takes several."""

    name: str
    key: str
    type: str
    label: str
    multiple: bool = False
    read_only: bool = False
    options: tuple[tuple[int, str], ...] = ()

    def described(self) -> Json:
        """What a fields route says of it."""
        told: Json = {"type": self.type, "readonly": self.read_only, "label": self.label}
        if self.multiple:
            told["multiple"] = True
        if self.options:
            told["enum"] = {str(number): word for number, word in self.options}
        return told


_ROWS = (
    OwnField("UF_CRM_TASK", "ufCrmTask", "crm", "CRM entities", multiple=True),
    OwnField("UF_COST_CENTER", "ufCostCenter", "string", "Cost center"),
    OwnField("UF_REFERENCES", "ufReferences", "string", "References", multiple=True),
    OwnField("UF_STORY_POINTS", "ufStoryPoints", "integer", "Story points"),
    OwnField("UF_BUDGET", "ufBudget", "double", "Budget"),
    OwnField("UF_REVIEWED", "ufReviewed", "boolean", "Reviewed"),
    OwnField("UF_REVIEW_AT", "ufReviewAt", "datetime", "Review at"),
    OwnField(
        "UF_RISK",
        "ufRisk",
        "enumeration",
        "Risk",
        options=((45, "low"), (46, "some"), (47, "high")),
    ),
    OwnField("UF_SYNC_ID", "ufSyncId", "string", "Sync id", read_only=True),
)
EXTRAS: Mapping[str, OwnField] = MappingProxyType({one.name: one for one in _ROWS})
BY_KEY: Mapping[str, OwnField] = MappingProxyType({one.key: one for one in _ROWS})


class BadExtra(ValueError):
    """A value that a field of this type does not take; the text is the field's name."""


def sent(body: Json) -> Json:
    """The extra fields of a body, by name, under whichever of their names they were sent."""
    found: Json = {}
    for name, value in body.items():
        field = EXTRAS.get(name) or BY_KEY.get(name)
        if field is not None:
            found[field.name] = value
    return found


def stored(name: str, value: Any, zone: Any) -> Any:
    """The value as the portal keeps it, None for nothing; raises BadExtra."""
    field = EXTRAS[name]
    read = _READERS[field.type]
    if field.multiple:
        items = value if isinstance(value, list) else [] if value in (None, "", False) else [value]
        kept = [_read(read, field, item, zone) for item in items if item not in (None, "")]
        return list(dict.fromkeys(kept)) or None
    if isinstance(value, list | dict):
        raise BadExtra(name)
    return None if value in (None, "") else _read(read, field, value, zone)


def _read(read: Callable[[OwnField, Any, Any], Any], field: OwnField, value: Any, zone: Any) -> Any:
    try:
        return read(field, value, zone)
    except (TypeError, ValueError, OverflowError) as fault:
        raise BadExtra(field.name) from fault


def written(field: OwnField, value: Any, instant: Callable[[int], str]) -> Any:
    """The value as a row carries it: scalars as texts, nothing as null or an empty list."""
    if field.multiple:
        return [str(item) for item in value or ()]
    if field.type == "boolean":
        return "1" if value else "0"
    if value is None:
        return None
    return instant(value) if field.type == "datetime" else str(value)


def _text(_field: OwnField, value: Any, _zone: Any) -> str:
    if not isinstance(value, str) or len(value) > _TEXT_LIMIT:
        raise TypeError(value)
    return value


def _whole(_field: OwnField, value: Any, _zone: Any) -> int:
    if isinstance(value, bool) or (isinstance(value, float) and not value.is_integer()):
        raise TypeError(value)
    number = int(value)
    if abs(number) > _MOST:
        raise ValueError(value)
    return number


def _number(_field: OwnField, value: Any, _zone: Any) -> float:
    if isinstance(value, bool):
        raise TypeError(value)
    number = float(value)
    if not math.isfinite(number):
        raise ValueError(value)
    return int(number) if number.is_integer() else number


def _flag(_field: OwnField, value: Any, _zone: Any) -> bool:
    if value in (True, 1, "1", "Y"):
        return True
    if value in (False, 0, "0", "N"):
        return False
    raise ValueError(value)


def _moment(_field: OwnField, value: Any, zone: Any) -> int:
    return read_instant(value, zone)


def _option(field: OwnField, value: Any, zone: Any) -> int:
    number = _whole(field, value, zone)
    if number not in dict(field.options):
        raise ValueError(value)
    return number


_READERS: Mapping[str, Callable[[OwnField, Any, Any], Any]] = MappingProxyType(
    {
        "string": _text,
        "crm": _text,
        "integer": _whole,
        "double": _number,
        "boolean": _flag,
        "datetime": _moment,
        "enumeration": _option,
    }
)
