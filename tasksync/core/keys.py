"""What a task's key may be: one rule for the manifest, `state mv` and `state push`."""

from __future__ import annotations

import re
from collections.abc import Iterable

KEY_LIMIT = 200
#: what stands in keys, one a line, where one of them may be none
_SUSPECT = re.compile(r"[^A-Za-z0-9._/\-\n]|\n[^A-Za-z0-9]|/[/.\n]")
_KEY = re.compile(r"[A-Za-z0-9][A-Za-z0-9._/-]{0,199}\Z")


def is_key(text: str) -> bool:
    """Tell whether a text can be a key of a task (design 2)."""
    return _KEY.match(text) is not None and (
        "/" not in text or not any(part in {"", ".", ".."} for part in text.split("/"))
    )


def first_bad(keys: Iterable[str]) -> str | None:
    """Return the first text that can be no key, or None; 100 000 of them are seen at one glance."""
    keys = tuple(keys)
    lines = "\n".join(("", *keys, ""))
    if (
        lines.count("\n") <= len(keys) + 1
        and max(map(len, keys), default=0) <= KEY_LIMIT
        and _SUSPECT.search(lines) is None
    ):
        return None
    return next((key for key in keys if not is_key(key)), None)
