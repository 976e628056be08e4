"""Extra fields of a block: `fields: {UF_CRM_TASK: [D_12]}`, each a field of its own in the house.

Which there are and which values they take only the portal knows; here stands what no portal takes.
"""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping
from typing import Any, Protocol

from tasksync.core.extra_fields import as_set
from tasksync.core.fields import Value, canonical
from tasksync.core.formats.typed import LARGEST
from tasksync.manifests.hints import shown
from tasksync.manifests.unplaced import AlreadyTold, BadValue, UnplacedProblem
from tasksync.manifests.worded import words_of

NAME = "fields"
#: the portal's words for types whose values may be worked out: `{datetime: release - 10wd}`
DATETIME, DATE = "datetime", "date"


def merged(defaults: object, own: object) -> object:
    """Return the extra fields of a task over those of its defaults, one by one; null takes none."""
    if not isinstance(defaults, dict) or not isinstance(own, dict):
        return own
    return {**defaults, **own}


def plain(block: dict[str, Any]) -> dict[str, Any]:
    """Return a block whose extra fields hold plain numbers, as the schema takes them."""
    said = block.get(NAME)
    if not isinstance(said, dict) or not any(
        isinstance(one, float | list) for one in said.values()
    ):
        return block
    return {**block, NAME: {name: _bare(value) for name, value in said.items()}}


def _bare(value: Any) -> Any:
    if isinstance(value, list):
        return [_bare(item) for item in value]
    return float(value) if isinstance(value, float) else value


class Reads(Protocol):
    """Reads what stands in a value: a text that is kept as it is, a date that is worked out."""

    def text(self, text: str) -> object:
        """Raise BadValue for a text that no field takes."""
        ...

    def date(self, kind: str, text: str) -> str:
        """Return a moment or a day of an expression; raises BadValue."""
        ...


def faults(block: Mapping[str, Any], reads: Reads) -> Iterator[UnplacedProblem]:
    """Yield what is wrong with the values."""
    said = block.get(NAME)
    for name, value in said.items() if isinstance(said, dict) else ():
        try:
            normal(value, reads)
        except BadValue as bad:
            yield bad.under(NAME, name)


def taken(block: Mapping[str, Any], reads: Reads) -> Iterator[tuple[str, Value, object]]:
    """Yield name, normal value and what the digest holds of it, in order; raises BadValue."""
    said = block.get(NAME) or {}
    for name in sorted(said):
        value = normal(said[name], reads)
        yield name, value, canonical(name, value)


def normal(value: Any, reads: Reads) -> Value:
    """Return a value in normal form: lists are sets, whole numbers have no fraction."""
    if isinstance(value, list):
        items = [_one(item, reads, (at,)) for at, item in enumerate(value)]
        return as_set(items)
    return None if value is None else _one(value, reads, ())


def all_written(block: Mapping[str, Any]) -> dict[str, str]:
    """Return the date expressions that stand for values, by field."""
    said = block.get(NAME) or {}
    return {name: words for name, value in said.items() if (words := _written(value))}


def _written(value: Any) -> str:
    if isinstance(value, list):
        return ", ".join(filter(None, map(_written, value)))
    if not isinstance(value, dict):
        return ""
    return ", ".join(words_of(one) or " ".join(str(one).split()) for one in value.values())


def _one(value: Any, reads: Reads, path: tuple[int, ...]) -> Value:
    if isinstance(value, dict):
        return _date(value, reads, path)
    try:
        if isinstance(value, str):
            reads.text(value)
            return value
    except BadValue as bad:
        raise BadValue(bad.what, bad.mend, path) from bad
    if isinstance(value, float) and not math.isfinite(value):
        raise BadValue(f"{shown(value)} is no number", "write digits", path)
    if not isinstance(value, bool) and abs(value) > LARGEST:
        raise BadValue(f"{shown(value)} does not fit into 63 bits", "quote it as text", path)
    whole = isinstance(value, float) and value.is_integer()
    return int(value) if whole else value


def _date(value: dict[str, str], reads: Reads, path: tuple[int, ...]) -> str:
    if len(value) != 1:
        how = f"write {{{DATETIME}: release - 10wd}}, or {{{DATE}: release}} for a day"
        raise BadValue("a date has one word for its type", how, path)
    [(kind, text)] = value.items()
    try:
        return reads.date(kind, text)
    except AlreadyTold:
        raise
    except BadValue as bad:
        raise BadValue(bad.what, bad.mend, (*path, kind)) from bad
