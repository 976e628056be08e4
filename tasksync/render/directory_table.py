"""People and workgroups as a table, as plain lines for a pipe, and as JSON."""

from __future__ import annotations

import json
from collections.abc import Iterable, Sequence

from tasksync.core.address_book import ListedGroup, ListedPerson
from tasksync.render.style import PLAIN, Style, Tone
from tasksync.render.wording import clean

FORMAT_VERSION = "1.0"
#: a column of a table is never wider than this, so that one long name does not move all others
WIDEST = 40
_ACTIVE = {True: "active", False: "inactive"}

Row = Sequence[str]


def people_rows(people: Iterable[ListedPerson]) -> tuple[Row, ...]:
    """Return number, name, address and whether active, of each."""
    return tuple((str(one.id), one.name, one.email, _ACTIVE[one.active]) for one in people)


def group_rows(groups: Iterable[ListedGroup]) -> tuple[Row, ...]:
    """Return number, name and whether active, of each."""
    return tuple((str(one.id), one.name, _ACTIVE[one.active]) for one in groups)


def table(rows: Sequence[Row], style: Style = PLAIN) -> str:
    """Return rows in columns, each line ended; that somebody is active is not said."""
    shown = [[clean(cell) for cell in (*row[:-1], _mark(row[-1]))] for row in rows]
    widths = [min(max(map(len, column)), WIDEST) for column in zip(*shown, strict=True)]
    lines = (
        "  ".join(f"{cell:<{width}}" for cell, width in zip(row, widths, strict=True)).rstrip()
        for row in shown
    )
    return "".join(
        f"{style.paint(line, Tone.DIM) if row[-1] else line}\n"
        for line, row in zip(lines, shown, strict=True)
    )


def plain_lines(rows: Sequence[Row]) -> str:
    """Return rows for other programs: cells parted by tabs, nothing padded, each line ended."""
    return "".join("\t".join(map(clean, row)) + "\n" for row in rows)


def people_json(people: Iterable[ListedPerson], *, version: str) -> str:
    """Return `{"people": [{"id", "name", "email", "active"}]}`."""
    rows = [
        {"id": one.id, "name": one.name, "email": one.email or None, "active": one.active}
        for one in people
    ]
    return _json("people", rows, version)


def groups_json(groups: Iterable[ListedGroup], *, version: str) -> str:
    """Return `{"groups": [{"id", "name", "active"}]}`."""
    rows = [{"id": one.id, "name": one.name, "active": one.active} for one in groups]
    return _json("groups", rows, version)


def _json(name: str, rows: Sequence[object], version: str) -> str:
    head = {"format_version": FORMAT_VERSION, "tasksync_version": version}
    return json.dumps({**head, name: rows}, indent=2, ensure_ascii=False) + "\n"


def _mark(active: str) -> str:
    return "" if active == _ACTIVE[True] else active
