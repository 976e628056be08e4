"""JSON as portals write it: what is legal is read, and one irregular character closes nothing.

orjson is fast and strict; what it refuses is tried once more with Python's own reader, which
knows half a surrogate pair (legal in JSON's text), a byte-order mark, bytes that are no UTF-8 and
NaN. Such characters become U+FFFD; NaN stays a float, which no field takes (rows.py names it).
"""

from __future__ import annotations

import json
from typing import Any

import orjson

from tasksync.late_patterns import pattern_of

#: what some editors and PHP files put before everything
BOM = b"\xef\xbb\xbf"
#: half of a surrogate pair, as Python holds it
_LONE = pattern_of("[\ud800-\udfff]")


def loads(body: bytes) -> tuple[Any, str]:
    """Return the document and "", or None and the place where it stops being JSON."""
    try:
        return orjson.loads(body), ""
    except ValueError:
        pass
    try:
        return _mended(json.loads(body.removeprefix(BOM).decode("utf-8", "replace"))), ""
    except json.JSONDecodeError as fault:
        return None, f"at line {fault.lineno} column {fault.colno}"
    except (ValueError, RecursionError):
        return None, "it nests too deeply or holds a number too long"


def _mended(value: Any) -> Any:
    """Return a value without halves of surrogate pairs."""
    if value.__class__ is str:
        if _LONE.search(value):
            return value.encode("utf-16", "surrogatepass").decode("utf-16", "replace")
        return value
    if value.__class__ is list:
        return [_mended(one) for one in value]
    if value.__class__ is dict:
        return {_mended(name): _mended(one) for name, one in value.items()}
    return value
