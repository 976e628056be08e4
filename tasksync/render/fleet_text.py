"""The report of a fleet for a terminal and a pipe: one line, one table, then each project's own."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from tasksync.core.fleet import FleetCommand
from tasksync.core.fleet_report import Ending, FleetReport, LateTask, ProjectReport
from tasksync.core.project_status import ProjectStatus
from tasksync.render import fleet_words as words
from tasksync.render.fleet_own import own_text
from tasksync.render.line_width import COLUMNS, beside, width, wrapped
from tasksync.render.status_words import NO_DEADLINE, Moments, key_of, late_by, remarks, who
from tasksync.render.style import PLAIN, Style, Tone, colours
from tasksync.render.wording import clean, in_quotes

#: no column is made wider than this for the sake of one long name
_NAME, _PORTAL, _CHANGES, _EXIT, _TIME = 20, 26, 12, 4, 9
#: how a column stands: numbers end where the others do
_RIGHT = (False, False, False, True, True)
HANG = 6
Cells = tuple[str, str, str, str, str]
_TITLES: Cells = ("project", "portal", "changes", "exit", "time")


def fleet_text(
    report: FleetReport, *, colour: bool = False, full: bool = False, whole: bool = False
) -> str:
    """Return the whole report, each line ended.

    `full`: every project has a line, and every change is shown whole. `whole`: a text of people's
    stands on one line, however long, as a plan in a pipe has it.
    """
    style = colours() if colour else PLAIN
    top = "".join(f"{line}\n" for line in _top(report, style, full=full))
    own = (
        f"\n{_rule(one, style)}\n{text}"
        for one in words.with_own(report, full=full)
        if (text := _own(one, style, full=full, whole=whole))
    )
    return top + "".join(own)


def _own(one: ProjectReport, style: Style, *, full: bool, whole: bool) -> str:
    """Return a project's own report; of a status what is to be known beside its late tasks."""
    own = one.own() if one.run.job.command is FleetCommand.STATUS and not full else None
    if not isinstance(own, ProjectStatus) or one.troubled:
        return own_text(one, style, full=full, whole=whole)
    notes = (f"{style.paint('Note:', Tone.WARN)} {remark}" for remark in remarks(own))
    return "".join(f"{line}\n" for note in notes for line in wrapped(note, HANG, breaks=True))


def _rule(one: ProjectReport, style: Style) -> str:
    """Return the line above a project's own report."""
    name = clean(one.name)
    return f"-- {style.paint(name, _tone(one))} {'-' * max(COLUMNS - width(name) - 4, 2)}"


def _top(report: FleetReport, style: Style, *, full: bool) -> Iterator[str]:
    good = not any(one.troubled for one in report.projects)
    first = words.headline(report)
    yield from wrapped(style.paint(first, Tone.STRONG if good else Tone.BAD), 2)
    where = f"Fleet {clean(report.fleet)}, {report.command.value}."
    yield from wrapped(f"{where} {words.in_all(report)}", 2, breaks=True)
    some, others = words.rows(report, full=full)
    if some:
        yield ""
        yield from _table(some, style)
    if others:
        without = words.ended(Ending.NOTHING, report.command)
        names = ", ".join(map(clean, others))
        yield from wrapped(f"{len(others)} {without}: {names}", 2, breaks=True)
    if report.command is FleetCommand.STATUS and report.late():
        yield from _late(report, style)


def _table(some: Sequence[ProjectReport], style: Style) -> Iterator[str]:
    cells = [_cells(one) for one in some]
    most = (_NAME, _PORTAL, _CHANGES, _EXIT, _TIME)
    wide = [
        min(max(width(row[at]) for row in (_TITLES, *cells)), limit)
        for at, limit in enumerate(most)
    ]
    yield style.paint(_row(_TITLES, wide), Tone.DIM)
    for one, row in zip(some, cells, strict=True):
        line = style.paint(row[0], _tone(one)) + _row(row, wide)[len(row[0]) :]
        why = clean(one.words) if one.troubled or one.guards else ""
        yield from beside((line, why), HANG, breaks=True)


def _cells(one: ProjectReport) -> Cells:
    name, portal = clean(one.name), clean(one.portal) or "-"
    return name, portal, words.changes(one), words.code_of(one), words.took(one)


def _row(cells: Cells, wide: Sequence[int]) -> str:
    columns = zip(cells, wide, _RIGHT, strict=True)
    return "  ".join(_padded(cell, room, right=right) for cell, room, right in columns).rstrip()


def _padded(cell: str, room: int, *, right: bool = False) -> str:
    blank = " " * max(room - width(cell), 0)
    return blank + cell if right else cell + blank


def _tone(one: ProjectReport) -> Tone:
    if one.troubled:
        return Tone.BAD
    return Tone.WARN if one.attention else Tone.STRONG


def _late(report: FleetReport, style: Style) -> Iterator[str]:
    """Yield who is late where, and every late task: the latest first."""
    yield ""
    yield style.paint(f"{words.late_line(report)}:", Tone.BAD)
    pairs = report.late_people()
    told = [
        (
            clean(one.name),
            clean(who(person.id, one.names)),
            f"{person.late} late of {person.open} open",
        )
        for one, person in pairs
    ]
    names = min(max(width(name) for name, _who, _late in told), _NAME)
    room = COLUMNS - names - max(width(late) for _name, _who, late in told) - HANG
    people = min(max(width(person) for _name, person, _late in told), room)
    for name, person, late in told:
        first = f"  {_padded(name, names)}  {_padded(person, people)}"
        yield from beside((first, late), HANG, breaks=True)
    yield ""
    for one in report.late():
        yield from _late_task(one, style)


def _late_task(one: LateTask, style: Style) -> Iterator[str]:
    task = one.task
    late = style.paint(f"late {late_by(task.late)}", Tone.BAD)
    until = NO_DEADLINE if task.deadline is None else Moments().shown(task.deadline)
    pieces = (f"  {late}  {clean(one.name)}", in_quotes(task.title))
    yield from beside(pieces, HANG, breaks=True)
    below = (f"      {clean(who(task.person, one.names))}", until, key_of(task))
    yield from beside(below, HANG, breaks=True)
    yield style.paint(f"      {task.link or f'(task {task.id})'}", Tone.DIM)
