"""What a task's key may be: one rule for the manifest, `state mv` and `state push`."""

from __future__ import annotations

import re

KEY_LIMIT = 200
_KEY = re.compile(r"[A-Za-z0-9][A-Za-z0-9._/-]{0,199}\Z")


def is_key(text: str) -> bool:
    """Tell whether a text can be a key of a task (design 2)."""
    return _KEY.match(text) is not None and (
        "/" not in text or not any(part in {"", ".", ".."} for part in text.split("/"))
    )
