"""A project's status as one self-contained page, as a plan's is (`page_parts`)."""

from __future__ import annotations

from html import escape

from tasksync.core.fields import instant
from tasksync.core.project_status import ProjectStatus, TaskStatus
from tasksync.render import status_words as words
from tasksync.render.page_parts import filled, script_safe
from tasksync.render.status_words import Moments
from tasksync.render.wording import clean, count

Json = dict[str, object]


def status_html(found: ProjectStatus, moments: Moments, *, version: str) -> str:
    """Return the whole page."""
    line = words.summary_line(found)
    slots = {
        "title": escape(f"Status of {clean(found.project)}"),
        "project": escape(clean(found.project)),
        "portal": escape(clean(found.portal)),
        "line": escape(line),
        "at": escape(f"As of {moments.now(found.at)}"),
        "total": count(len(found.tasks), "task"),
        "made": escape(f"tasksync {version}"),
        "data": script_safe(_data(found, moments, line)),
    }
    return filled("status.html", slots, script="status.js", style="status.css")


def _data(found: ProjectStatus, moments: Moments, line: str) -> Json:
    return {
        "tasks": [_task(one, moments) for one in found.tasks],
        "now": int(found.at.timestamp() // 1),
        "line": line,
        "late": found.late,
        "open": found.open,
        "statuses": [[words.status_word(one), number] for one, number in found.by_status()],
        "people": [
            {"id": one.id, "tasks": one.tasks, "open": one.open, "late": one.late}
            for one in found.by_person()
        ],
        "names": {str(number): clean(name) for number, name in found.names.items()},
        "notes": list(words.remarks(found)),
    }


def _task(one: TaskStatus, moments: Moments) -> Json:
    """One task, under short names: 10 000 of them stand in a page."""
    return {
        "k": words.key_of(one),
        "i": one.id,
        "t": clean(one.title),
        "p": one.person,
        "s": words.status_word(one.status),
        "o": one.open,
        "d": words.NO_DEADLINE if one.deadline is None else moments.shown(one.deadline),
        "at": None if one.deadline is None else instant(one.deadline),
        "l": words.late_by(one.late) if one.late else "",
        "h": one.link,
    }
