"""What the self-contained pages are put together from: page/*.html, one style, scripts and data."""

from __future__ import annotations

import json
from collections.abc import Mapping
from importlib.resources import files

from tasksync.late_patterns import pattern_of

_SLOT = pattern_of(r"\{\{(\w+)\}\}")


def filled(page: str, slots: Mapping[str, str], *, script: str, style: str = "") -> str:
    """Return a page with its slots filled; `slots` are escaped already.

    Every page has the style and the script that all share, and `script` and `style` of its own.
    """
    own = _part(style) if style else ""
    parts = {
        **slots,
        "css": _part("page.css") + own,
        "js": _part("shared.js") + _part(script),
    }
    return _SLOT.sub(lambda found: parts[found.group(1)], _part(page))


def script_safe(data: Mapping[str, object]) -> str:
    """Return JSON that cannot end its script element, in characters that any encoding holds."""
    text = json.dumps(data, separators=(",", ":"))
    return text.replace("<", "\\u003c").replace(">", "\\u003e").replace("&", "\\u0026")


def _part(name: str) -> str:
    return (files("tasksync.render") / "page" / name).read_text("utf-8")
