"""Extra fields of a block: `fields: {UF_CRM_TASK: [D_12]}`, each a field of its own in the house.

Which there are and which values they take only the portal knows; here stands what no portal takes.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator, Mapping
from typing import Any

from tasksync.core.extra_fields import as_set
from tasksync.core.fields import Value, canonical
from tasksync.core.formats.typed import LARGEST
from tasksync.manifests.hints import shown
from tasksync.manifests.unplaced import BadValue, UnplacedProblem

NAME = "fields"


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


def faults(block: Mapping[str, Any], check: Callable[[str], object]) -> Iterator[UnplacedProblem]:
    """Yield what is wrong with the values; `check` raises BadValue for a text."""
    said = block.get(NAME)
    for name, value in said.items() if isinstance(said, dict) else ():
        try:
            normal(value, check)
        except BadValue as bad:
            yield bad.under(NAME, name)


def taken(
    block: Mapping[str, Any], check: Callable[[str], object]
) -> Iterator[tuple[str, Value, object]]:
    """Yield name, normal value and what the digest holds of it, in order; raises BadValue."""
    said = block.get(NAME) or {}
    for name in sorted(said):
        value = normal(said[name], check)
        yield name, value, canonical(name, value)


def normal(value: Any, check: Callable[[str], object]) -> Value:
    """Return a value in normal form: lists are sets, whole numbers have no fraction."""
    if isinstance(value, list):
        items = [_one(item, check, (at,)) for at, item in enumerate(value)]
        return as_set(items)
    return None if value is None else _one(value, check, ())


def _one(value: Any, check: Callable[[str], object], path: tuple[int, ...]) -> Value:
    try:
        if isinstance(value, str):
            check(value)
            return value
    except BadValue as bad:
        raise BadValue(bad.what, bad.mend, path) from bad
    if isinstance(value, float) and not math.isfinite(value):
        raise BadValue(f"{shown(value)} is no number", "write digits", path)
    if not isinstance(value, bool) and abs(value) > LARGEST:
        raise BadValue(f"{shown(value)} does not fit into 63 bits", "quote it as text", path)
    whole = isinstance(value, float) and value.is_integer()
    return int(value) if whole else value
