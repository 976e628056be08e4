"""Pages in which some regions are made of the code, and the rest is written by people."""

from __future__ import annotations

import re
from collections.abc import Mapping
from pathlib import Path

ROOT = Path(__file__).parents[2]
_BEGIN = "<!-- generated: {} (.ci/generate) -->"
_END = "<!-- generated: end -->"


class NoRegion(Exception):
    """A page lacks the region that is made for it."""


class Untrue(Exception):
    """Two places of the code say different things of the same."""


def filled(page: Path, regions: Mapping[str, str]) -> str:
    """Return a page of the repository with its regions as they are now; the rest stays."""
    text = (ROOT / page).read_text(encoding="utf-8")
    for name, made in regions.items():
        begin = _BEGIN.format(name)
        found = re.search(rf"{re.escape(begin)}\n.*?{re.escape(_END)}", text, re.DOTALL)
        if found is None:
            raise NoRegion(f"{page} has no region from {begin} to {_END}")
        text = f"{text[: found.start()]}{begin}\n\n{made.strip()}\n\n{_END}{text[found.end() :]}"
    return text


def plain(text: str) -> str:
    """Return a text of the code as Markdown shows it, on one line of a table."""
    parts = re.split(r"(`[^`]+`)", " ".join(text.split()))
    escaped = [
        part.replace("|", "\\|")
        if part.startswith("`")
        else re.sub(r"([*_|\[\]])", r"\\\1", part).replace("<", "&lt;")
        for part in parts
    ]
    return "".join(escaped)


def code(text: str) -> str:
    """Return a text as code in a cell of a table."""
    return "`" + text.replace("|", "\\|") + "`"


def table(head: tuple[str, ...], rows: list[tuple[str, ...]]) -> str:
    """Return a table; a column that is empty in every row is left out."""
    kept = [at for at in range(len(head)) if any(row[at] for row in rows)]
    lines = [[head[at] for at in kept], ["---"] * len(kept)]
    lines += [[row[at] for at in kept] for row in rows]
    return "\n".join(f"| {' | '.join(line)} |".replace("|  |", "| |") for line in lines)
