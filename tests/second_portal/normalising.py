"""What portals make of values while they keep them, as public reports tell: each by its reading."""

from __future__ import annotations

import html
import re
from typing import Any

ASTRAL = re.compile("[\U00010000-\U0010ffff]")
HASHTAG = re.compile(r"#(\w+)")
HIDDEN_PREFIX = "tasksync:"


def text(value: str, way: str) -> str:
    """Keep, drop, question or cut what lies beyond the basic plane."""
    match way:
        case "drop":
            return ASTRAL.sub("", value)
        case "question":
            return ASTRAL.sub("?", value)
        case "cut":
            return ASTRAL.split(value)[0]
    return value


def title(value: str, readings: dict[str, Any]) -> str:
    """Turn a title that was sent."""
    held = text(value, readings["emoji"])
    return html.escape(held) if readings["entities"] else held


def tags(task: dict[str, Any], readings: dict[str, Any]) -> list[str]:
    """Turn the tags of a task that was written."""
    names = list(task["tags"])
    if readings["hashtags"]:
        names += HASHTAG.findall(html.unescape(task["title"]) + "\n" + task["description"])
    if readings["marker"] == "dropped":
        names = [name for name in names if not name.lower().startswith(HIDDEN_PREFIX)]
    turn = {"lower": str.lower, "upper": str.upper}.get(readings["tag_case"], str)
    return list(dict.fromkeys(turn(name) for name in names))


def people(numbers: list[Any], way: str) -> Any:
    """Write a list of people as a list, or as PHP writes one with gaps."""
    if not numbers or way == "list":
        return numbers
    keys = numbers if way == "map" else range(len(numbers))
    return {str(key): one for key, one in zip(keys, numbers, strict=True)}


def shown(count: int, way: Any) -> Any:
    """Tell how a counter stands in a row."""
    return None if way == "null" and not count else count
