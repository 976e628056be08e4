"""A project's status for an issue, a chat or a wiki: counts first, tasks folded, bounded."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from tasksync.core.project_status import PersonTasks, ProjectStatus, TaskStatus
from tasksync.render import status_words as words
from tasksync.render.markdown import LIMIT, PEOPLE_ROWS, Section, cell, code, fitted
from tasksync.render.status_words import Moments
from tasksync.render.wording import clean

_SHOW = "tasksync status"


def status_markdown(found: ProjectStatus, moments: Moments, limit: int = LIMIT) -> str:
    """Return a status in less than `limit` characters; what is left out is counted."""
    top = "".join(f"{line}\n" for line in _top(found, moments))
    return top + fitted(tuple(_sections(found, moments)), limit - len(top), _SHOW)


def _top(found: ProjectStatus, moments: Moments) -> Iterator[str]:
    yield f"### tasksync status: {code(found.project)} on {code(found.portal)}"
    yield ""
    yield f"**{clean(words.summary_line(found))}** {moments.now(found.at)}"
    yield ""
    people = found.by_person()
    if not people:
        return
    yield "| person | tasks | open | late |"
    yield "|---|--:|--:|--:|"
    for one in people[:PEOPLE_ROWS]:
        name = words.who(one.id, found.names)
        yield _row(cell(name if len(name) <= _WIDEST else name[:_WIDEST] + "…"), (one,))
    rest = people[PEOPLE_ROWS:]
    if rest:
        yield _row(f"{len(rest)} more, left out here: {cell(_SHOW)}", rest)
    yield ""


#: no name of a person is longer here
_WIDEST = 160


def _row(who: str, some: Sequence[PersonTasks]) -> str:
    totals = (sum(one.tasks for one in some), sum(one.open for one in some))
    cells = (*totals, sum(one.late for one in some))
    return f"| {who} | " + " | ".join(str(number or "") for number in cells) + " |"


def _sections(found: ProjectStatus, moments: Moments) -> Iterator[Section]:
    late = [one for one in found.tasks if one.late]
    still = [one for one in found.tasks if one.open and not one.late]
    done = [one for one in found.tasks if not one.open]
    for title, tasks in (("Late", late), ("Open, and not late", still), ("No longer open", done)):
        if tasks:
            items = tuple(_item(one, found, moments) for one in tasks)
            yield Section(f"{title}: <b>{len(tasks)}</b>", (), items)
    notes = tuple(f"- {code(remark)}" for remark in words.remarks(found))
    if notes:
        yield Section(f"Notes: <b>{len(notes)}</b>", (), notes, "note")


def _item(one: TaskStatus, found: ProjectStatus, moments: Moments) -> str:
    title = code(one.title or words.key_of(one))
    linked = f"[{title}]({one.link})" if one.link else title
    until = words.NO_DEADLINE if one.deadline is None else moments.shown(one.deadline)
    late = f", **late {words.late_by(one.late)}**" if one.late else ""
    who = code(words.who(one.person, found.names))
    key = code(words.key_of(one))
    return f"- {linked} {key}: {who}, {words.status_word(one.status)}, {until}{late}"
