"""A project's status for a terminal and a pipe, grouped by person; and as CSV."""

from __future__ import annotations

import csv
from collections import defaultdict
from collections.abc import Iterator
from io import StringIO

from tasksync.core.project_status import ProjectStatus, TaskStatus
from tasksync.render import status_words as words
from tasksync.render.status_words import Moments
from tasksync.render.style import PLAIN, Style, Tone
from tasksync.render.wording import clean, in_quotes

#: as wide as what stands in these columns: a moment, how late, a status
_MOMENT, _LATE, _STATUS = 16, 16, 15
#: what a spreadsheet takes for the beginning of a formula
_FORMULA = ("=", "+", "-", "@", "\t", "\r")
COLUMNS = ("key", "id", "title", "responsibleId", "person", "status", "deadline", "late", "link")


def status_text(found: ProjectStatus, moments: Moments, style: Style = PLAIN) -> str:
    """Return a project's status, each line ended."""
    return "".join(f"{line}\n" for line in _lines(found, moments, style))


def _lines(found: ProjectStatus, moments: Moments, style: Style) -> Iterator[str]:
    where = f"{clean(found.project)} on {clean(found.portal)}"
    yield f"Project {where}, {moments.now(found.at)}."
    theirs: dict[int | None, list[TaskStatus]] = defaultdict(list)
    for one in found.tasks:
        theirs[one.person].append(one)
    for person in found.by_person():
        yield ""
        who = words.who(person.id, found.names)
        yield f"{style.paint(who, Tone.STRONG)}: {words.tally(person)}"
        for one in theirs[person.id]:
            yield from _task(one, moments, style)
    yield ""
    for remark in words.remarks(found):
        yield f"{style.paint('Note:', Tone.WARN)} {remark}"
    yield style.paint(words.summary_line(found), Tone.STRONG)


def _task(one: TaskStatus, moments: Moments, style: Style) -> Iterator[str]:
    until = words.NO_DEADLINE if one.deadline is None else moments.shown(one.deadline)
    late = f"late {words.late_by(one.late)}" if one.late else ""
    painted = style.paint(f"{late:<{_LATE}}", Tone.BAD) if late else " " * _LATE
    status = words.status_word(one.status)
    yield f"  {until:<{_MOMENT}}  {painted}  {status:<{_STATUS}}  {in_quotes(one.title)}"
    below = f"{words.key_of(one)}  {one.link or f'(task {one.id})'}"
    yield style.paint(f"      {below}", Tone.DIM)


def status_csv(found: ProjectStatus, moments: Moments) -> str:
    """Return one header and one row a task: deadlines as in text, `late` in seconds or nothing.

    A cell that a spreadsheet would take for a formula begins with an apostrophe.
    """
    out = StringIO()
    rows = csv.writer(out, lineterminator="\n")
    rows.writerow(COLUMNS)
    for one in found.tasks:
        name = found.names.get(one.person or 0, "")
        status = "" if one.status is None else words.status_word(one.status)
        until = None if one.deadline is None else moments.shown(one.deadline)
        cells = (one.key, one.id, one.title, one.person, name, status, until)
        rows.writerow([_cell(cell) for cell in (*cells, one.late or None, one.link)])
    return out.getvalue()


def _cell(value: object) -> str:
    if value is None or isinstance(value, int):
        return "" if value is None else str(value)
    text = clean(str(value))
    return f"'{text}" if text.startswith(_FORMULA) else text
