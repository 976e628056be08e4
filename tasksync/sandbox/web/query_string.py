"""Query strings with bracketed names: `filter[>=closedDate]=x&order[id]=asc` as nested mappings.

The last of several equal plain names wins, but for `select`, which then is no selection at all
(contract 2.5: repeated `select` silently breaks field selection).
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Any
from urllib.parse import unquote_plus

from tasksync.sandbox.json_codec import Json, loads
from tasksync.sandbox.web.http_messages import ApiError

_NAME = re.compile(r"^([^\[\]]+)((?:\[[^\]]*\])*)$")
_PART = re.compile(r"\[([^\]]*)\]")


def parse_query_string(query: str) -> Json:
    """The query as JSON-like data; lists from `name[]` and `name[0]`.

    Raises ApiError for a `filter` that is neither bracketed names nor JSON.
    """
    found: Json = {}
    names: set[str] = set()
    for name, value in _pairs(query):
        match = _NAME.match(name)
        if not match:
            continue
        path = [match[1], *_PART.findall(match[2])]
        if path == ["select"] and "select" in names:
            found.pop("select", None)
            continue
        names.add(match[1])
        _set(found, path, value)
    if isinstance(found.get("filter"), str):
        found["filter"] = _document(found["filter"])
    return {name: _as_list(value) for name, value in found.items()}


def _pairs(query: str) -> Iterator[tuple[str, str]]:
    """Names and values; in `filter[>=id]=1` the name ends at `]=`, as in the vendor's examples."""
    for part in query.split("&"):
        at = part.find("]=") + 1 or part.find("=")
        name, value = (part[:at], part[at + 1 :]) if at >= 0 else (part, "")
        yield unquote_plus(name), unquote_plus(value)


def _set(target: Json, path: list[str], value: str) -> None:
    for step in path[:-1]:
        below = target.setdefault(step, {})
        if not isinstance(below, dict):
            below = target[step] = {}
        target = below
    last = path[-1] or str(len(target))
    target[last] = value


def _document(text: str) -> Any:
    try:
        found = loads(text or "{}")
    except ValueError as fault:
        raise ApiError(400, "INVALID_FILTER", "filter is not valid JSON") from fault
    return found


def _as_list(value: Any) -> Any:
    if not isinstance(value, dict):
        return value
    inner = {name: _as_list(part) for name, part in value.items()}
    if inner and list(inner) == list(_indexes(len(inner))):
        return list(inner.values())
    return inner


def _indexes(size: int) -> Iterator[str]:
    return (str(n) for n in range(size))
