"""Plain data as people see it in a message: as JSON, on one line, cut."""

from __future__ import annotations

import json

_MOST = 60
_KINDS = {
    bool: "true or false",
    int: "a whole number",
    float: "a number",
    str: "a text",
    list: "a list",
    dict: "an object",
    tuple: "a list",
}


def quoted(value: object, most: int = _MOST) -> str:
    """Return a value as JSON writes it, and so much of it at most: `"5"`, `null`, `[1, 2]`."""
    value = value[: most + 1] if isinstance(value, str) else value
    try:
        text = json.dumps(value, ensure_ascii=False)
    except (TypeError, ValueError, RecursionError):
        return f"what is no JSON ({type(value).__name__})"
    return text if len(text) <= most + 2 else f"{text[:most]}…"


def kind_of(kind: type) -> str:
    """Return what a type is called: `a whole number`."""
    return _KINDS.get(kind, kind.__name__)


def shortened(text: str, most: int) -> str:
    """Return a text, or so many characters of it with an ellipsis."""
    return text if len(text) <= most else f"{text[:most]}…"


def in_ascii(text: str) -> str:
    """Return the beginning of a text in quotes, whatever is not plain ASCII escaped."""
    return ascii(text[:_MOST])
