"""Plain data as the text of JSON that stores, plan files and digests are made of."""

from __future__ import annotations

import json

from tasksync.core.unseen import all_seen

_READABLE = json.JSONEncoder(ensure_ascii=False, separators=(",", ":")).encode
_READABLE_SORTED = json.JSONEncoder(
    ensure_ascii=False, sort_keys=True, separators=(",", ":")
).encode
_ASCII = json.JSONEncoder(separators=(",", ":")).encode

#: what digests are taken of: one text for equal data, in characters that no encoding changes
canonical = json.JSONEncoder(ensure_ascii=True, sort_keys=True, separators=(",", ":")).encode


def compact(data: object) -> str:
    """Return JSON on one line that UTF-8 can carry, its names in the order of the data."""
    text = _READABLE(data)
    return text if _is_utf8(text) else _ASCII(data)


def compact_sorted(data: object) -> str:
    """Return JSON that is shown too: names sorted, and what is not seen written as an escape."""
    return all_seen(_READABLE_SORTED(data))


def indented(data: object) -> str:
    """Return JSON for people to read, its lines indented, what is not seen written as an escape."""
    return all_seen(json.dumps(data, ensure_ascii=False, indent=2))


def _is_utf8(text: str) -> bool:
    try:
        text.encode()
    except UnicodeEncodeError:  # half a surrogate pair: a portal may have kept one
        return False
    return True
