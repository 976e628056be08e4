"""The report of a fleet as one self-contained page, as a plan's is (`page_parts`)."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from html import escape

from tasksync.core.fleet import FleetCommand
from tasksync.core.fleet_report import FleetReport, LateTask, ProjectReport
from tasksync.render import fleet_words as words
from tasksync.render.fleet_own import own_text
from tasksync.render.page_parts import filled, script_safe
from tasksync.render.status_words import NO_DEADLINE, Moments, key_of, late_by, who
from tasksync.render.wording import clean, count

Json = dict[str, object]
#: so many characters of one project's own report, and of all, stand in a page
_OWN, _ALL = 200_000, 8_000_000
_COLUMNS = {FleetCommand.STATUS: "late", FleetCommand.DRIFT: "undone"}


def _nowhere(_name: str) -> str:
    return ""


def fleet_html(report: FleetReport, *, version: str, link: Callable[[str], str] = _nowhere) -> str:
    """Return the whole page; `link` returns where a project's own page is, "" for nowhere.

    What a project reported itself stands in it as text; of a very long one the beginning.
    """
    line = words.headline(report)
    slots = {
        "title": escape(f"Fleet {clean(report.fleet)}: {report.command.value}"),
        "command": escape(f"tasksync fleet {report.command.value}"),
        "fleet": escape(clean(report.fleet)),
        "line": escape(line),
        "facts": escape(words.in_all(report)),
        "total": count(len(report.projects), "project"),
        "made": escape(f"tasksync {version}"),
        "data": script_safe(_data(report, line, link)),
    }
    return filled("fleet.html", slots, script="fleet.js", style="fleet.css")


def _data(report: FleetReport, line: str, link: Callable[[str], str]) -> Json:
    return {
        "projects": list(_projects(report, link)),
        "cards": [
            [one.value, number, words.ended(one, report.command)]
            for one, number in report.endings().items()
        ],
        "column": _COLUMNS.get(report.command, "changes"),
        "line": line,
        "late": [_late(one) for one in report.late()],
        "lateLine": words.late_line(report),
        "people": [
            {
                "by": _by(one.name, person.id),
                "n": clean(one.name),
                "who": clean(who(person.id, one.names)),
                "late": person.late,
                "open": person.open,
            }
            for one, person in report.late_people()
        ],
    }


def _projects(report: FleetReport, link: Callable[[str], str]) -> Iterator[Json]:
    """Yield the rows, under short names; who needs attention has its own report for certain."""
    room = _ALL
    for one in report.projects:
        own = _shortened(own_text(one, whole=True), min(room, _OWN))
        room -= len(own)
        yield {
            "n": clean(one.name),
            "p": clean(one.project),
            "o": clean(one.portal),
            "e": one.ending.value,
            "t": words.ended(one.ending, report.command),
            "x": one.exit_code,
            "s": one.seconds,
            "u": words.took(one),
            "c": words.changes(one),
            "m": _much(one),
            "d": one.removes,
            "w": clean(one.words),
            "z": words.of_no_interest(one),
            "r": own,
            "h": link(one.name),
        }


def _much(one: ProjectReport) -> int:
    """Return how many changes, late tasks or drifted fields there are, to sort by."""
    left_out = {"unchanged", "tasks", "open"}
    return sum(number for name, number in one.counts.items() if name not in left_out)


def _shortened(text: str, room: int) -> str:
    """Return whole lines of a text in so many characters, and how many were left out."""
    if len(text) <= room:
        return text
    kept = text[: max(room, 0)].rpartition("\n")[0]
    more = text.count("\n") - kept.count("\n")
    return f"{kept}\n… {count(more, 'line')} left out here: --out DIR keeps the whole report\n"


def _late(one: LateTask) -> Json:
    task = one.task
    return {
        "n": clean(one.name),
        "t": clean(task.title),
        "k": key_of(task),
        "by": _by(one.name, task.person),
        "who": clean(who(task.person, one.names)),
        "d": NO_DEADLINE if task.deadline is None else Moments().shown(task.deadline),
        "l": late_by(task.late),
        "h": task.link,
    }


def _by(name: str, person: int | None) -> str:
    """Return what tells a person of one portal from those of others."""
    return f"{person or 0}@{clean(name)}"
