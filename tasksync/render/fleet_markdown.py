"""The report of a fleet for a comment: summary and table first, the rest folded, bounded.

What does not fit is counted where it is left out. Who needs attention gets room first.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from html import escape

from tasksync.core.fleet import FleetCommand
from tasksync.core.fleet_report import Ending, FleetReport, LateTask, ProjectReport
from tasksync.core.formats.fleet_reading import Reported
from tasksync.core.portal_changes import PortalChanges
from tasksync.core.project_status import PersonTasks, ProjectStatus
from tasksync.core.quoting import shortened
from tasksync.core.reported import ReportedApply, ReportedPlan
from tasksync.render import fleet_words as words
from tasksync.render.applied_markdown import applied_markdown
from tasksync.render.comment import comment_text, length
from tasksync.render.drift_markdown import drift_markdown
from tasksync.render.fleet_own import said_of
from tasksync.render.markdown import LIMIT, PEOPLE_ROWS, Section, cell, code, fitted, plan_markdown
from tasksync.render.status_markdown import status_markdown
from tasksync.render.status_words import NO_DEADLINE, Moments, key_of, late_by, who
from tasksync.render.wording import clean, count

#: so much of the room the table may take, and the late tasks of a status
_TABLE, _LATE = 24_000, 30_000
#: less than this says nothing of a project
_LEAST = 1_500
#: so many of the last lines that a process said are shown, and so much of each
_SAID, _WIDEST = 60, 1_000


def fleet_markdown(report: FleetReport, limit: int = LIMIT) -> str:
    """Return the report in less than `limit` characters."""
    top = "".join(f"{line}\n" for line in _top(report))
    if report.command is FleetCommand.STATUS and report.late():
        top += _late(report, min(limit - length(top), _LATE))
    text = top + _own(report, limit - length(top))
    return comment_text(text, limit, _rest(report)) + "\n"


def _rest(report: FleetReport) -> str:
    return f"The rest is left out here for want of room: {code(_show(report))}"


def _show(report: FleetReport) -> str:
    return f"tasksync fleet {report.command.value} --out DIR"


def _top(report: FleetReport) -> Iterator[str]:
    yield f"### tasksync fleet {report.command.value}: {code(report.fleet)}"
    yield ""
    yield f"**{words.headline(report)}**"
    yield ""
    yield words.in_all(report)
    yield ""
    some, others = words.rows(report)
    if some:
        yield from _table(some, report)
        yield ""
    if others:
        without = f"{len(others)} {words.ended(Ending.NOTHING, report.command)}"
        names = ", ".join(map(code, others))
        yield f"<details><summary>{without}</summary>\n\n{names}\n\n</details>"
        yield ""


def _table(some: Sequence[ProjectReport], report: FleetReport) -> Iterator[str]:
    yield "| project | portal | changes | exit code | | time |"
    yield "|---|---|---|--:|---|--:|"
    room = _TABLE
    for at, one in enumerate(some):
        line = _row(one)
        room -= length(line) + 1
        if room < 0:
            more = count(len(some) - at, "more project")
            yield f"| {more}, left out here for want of room: {cell(_show(report))} | | | | | |"
            return
        yield line


def _row(one: ProjectReport) -> str:
    name = f"**{cell(one.name)}**" if one.attention else cell(one.name)
    portal, changes = (cell(text) if text else "" for text in (one.portal, words.changes(one)))
    told = cell(shortened(one.words, _WIDEST))
    return f"| {name} | {portal} | {changes} | {words.code_of(one)} | {told} | {words.took(one)} |"


def _late(report: FleetReport, room: int) -> str:
    """Return who is late where, and the late tasks, the latest first."""
    lines = [f"**{words.late_line(report)}**", "", "| project | person | late | open |"]
    lines.append("|---|---|--:|--:|")
    pairs = report.late_people()
    lines += [_person(one, person) for one, person in pairs[:PEOPLE_ROWS]]
    rest = pairs[PEOPLE_ROWS:]
    if rest:
        late, open_ = (sum(getattr(p, what) for _one, p in rest) for what in ("late", "open"))
        lines.append(
            f"| {len(rest)} more, left out here | {cell(_show(report))} | {late} | {open_} |"
        )
    table = "".join(f"{line}\n" for line in (*lines, ""))
    items = tuple(map(_late_task, report.late()))
    section = Section(f"Late: <b>{len(items)}</b>", (), items, "late task")
    return table + fitted((section,), room - length(table), _show(report))


def _person(one: ProjectReport, person: PersonTasks) -> str:
    name = who(person.id, one.names)
    return f"| {cell(one.name)} | {cell(shortened(name, _SHORT))} | {person.late} | {person.open} |"


#: no name of a person is longer in a table
_SHORT = 160


def _late_task(one: LateTask) -> str:
    task = one.task
    title = code(task.title or key_of(task))
    linked = f"[{title}]({task.link})" if task.link else title
    until = NO_DEADLINE if task.deadline is None else Moments().shown(task.deadline)
    person = code(who(task.person, one.names))
    return f"- {code(one.name)} {linked}: {person}, {until}, **late {late_by(task.late)}**"


def _own(report: FleetReport, room: int) -> str:
    """Return the projects' own reports, folded; each gets a fair share, the first ones enough."""
    some = list(words.with_own(report))
    left = room - _LEAST
    parts: list[str] = []
    for done, one in enumerate(some):
        share = max(left // (len(some) - done), _LEAST)
        if share > left:
            more = count(len(some) - done, "project's own report", "projects' own reports")
            parts.append(f"\n{more} left out here for want of room: {code(_show(report))}\n")
            break
        text = _folded(one, share)
        left -= length(text)
        parts.append(text)
    return "".join(parts)


def _folded(one: ProjectReport, room: int) -> str:
    """Return a project's own report under its name; nothing where it has none."""
    start = f"<details><summary>{_title(one)}</summary>\n\n"
    end = "\n\n</details>\n"
    body = own_markdown(one, room - len(start) - len(end))
    return f"{start}{body.rstrip()}{end}" if body else ""


def _title(one: ProjectReport) -> str:
    told = escape(clean(shortened(one.words, _SHORT)))
    return f"<code>{escape(clean(one.name))}</code> <code>{told}</code>"


def own_markdown(one: ProjectReport, limit: int = LIMIT) -> str:
    """Return a project's own report in less than `limit` characters; "" where it has none."""
    own = one.own()
    show = f"tasksync fleet {one.run.job.command.value} --only {one.name}"
    told = "" if own is None else _told(own, limit, show)
    said = _said(said_of(one, own))
    both = "\n".join(part for part in (told, said) if part)
    if length(both) <= limit:
        return both
    return comment_text(both, limit, f"The rest is left out here for want of room: {code(show)}")


def _told(own: Reported, limit: int, show: str) -> str:
    match own:
        case ReportedPlan():
            return plan_markdown(
                own.plan,
                requests=own.requests,
                seconds=own.seconds,
                refusals=own.refusals,
                show=show,
                limit=limit,
                digest=own.digest,
            )
        case ReportedApply():
            return applied_markdown(own, limit)
        case ProjectStatus():
            return status_markdown(own, Moments(), limit)
        case PortalChanges():
            return drift_markdown(own, Moments(), limit)


def _said(lines: Sequence[str]) -> str:
    if not lines:
        return ""
    before = len(lines) - _SAID
    first = [f"- … {count(before, 'line')} before these left out here"] if before > 0 else []
    told = [f"- {code(shortened(line, _WIDEST))}" for line in lines[-_SAID:]]
    return "\n".join(["It said:", "", *first, *told, ""])
