"""The words for a fleet's report that its formats share."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from types import MappingProxyType

from tasksync.core.change import SYMBOLS
from tasksync.core.diff import HOUR, MINUTE, duration
from tasksync.core.fleet import FleetCommand
from tasksync.core.fleet_reasons import counted_words
from tasksync.core.fleet_report import Ending, FleetReport, ProjectReport
from tasksync.core.portal_changes import UNDONE
from tasksync.core.reported import COUNTED
from tasksync.render.wording import count

#: more projects than these of which there is nothing to tell stand in one line
FOLDED = 5
_WITHOUT: Mapping[FleetCommand, tuple[str, str]] = MappingProxyType(
    {
        FleetCommand.PLAN: ("without changes", "with changes"),
        FleetCommand.APPLY: ("without changes", "changed"),
        FleetCommand.STATUS: ("with nothing late", "with late tasks"),
        FleetCommand.DRIFT: ("without drift", "with drift"),
    }
)
_ENDED: Mapping[Ending, str] = MappingProxyType(
    {
        Ending.FAILED: "failed",
        Ending.DENIED: "without access",
        Ending.UNKNOWN: "unknown",
        Ending.UNREADABLE: "unreadable",
        Ending.PARTIAL: "partly done",
        Ending.REFUSED: "refused",
        Ending.STALE: "stale",
        Ending.LOCKED: "locked",
        Ending.INTERRUPTED: "interrupted",
        Ending.NOT_STARTED: "not started",
    }
)


def ended(ending: Ending, command: FleetCommand) -> str:
    """Return how a project ended, in words that follow a number: `with changes`, `failed`."""
    if ending in _ENDED:
        return _ENDED[ending]
    return _WITHOUT[command][ending is Ending.SOMETHING]


def headline(report: FleetReport) -> str:
    """Return how many ended how: `60 projects: 41 without changes, 2 with changes, 1 refused.`."""
    projects = count(len(report.projects), "project")
    told = [f"{number} {ended(one, report.command)}" for one, number in report.endings().items()]
    return f"{projects}: {', '.join(told)}." if told else f"{projects}."


def in_all(report: FleetReport) -> str:
    """Return what it comes to in all projects, and the exit code."""
    total = counted_words(report.command, report.totals())
    told = [f"In all: {total}."] if any(one.counts for one in report.projects) else []
    told += ["Somebody asked it to stop."] if report.interrupted else []
    return " ".join((*told, f"Exit code {report.exit_code}."))


def changes(one: ProjectReport) -> str:
    """Return what a project's changes are, in a few signs: `+12 ~3 -1`, `5 late`, `3 undone`."""
    counts = one.counts
    match one.run.job.command:
        case FleetCommand.PLAN | FleetCommand.APPLY:
            pairs = ((SYMBOLS[action], counts.get(name, 0)) for action, name in COUNTED.items())
            return " ".join(f"{sign}{number}" for sign, number in pairs if number)
        case FleetCommand.STATUS:
            return f"{late} late" if (late := counts.get("late", 0)) else ""
        case FleetCommand.DRIFT:
            undone = sum(counts.get(effect, 0) for effect in UNDONE)
            return f"{undone} undone" if undone else ""


def took(one: ProjectReport) -> str:
    """Return how long a project took; "" where it was not started."""
    if not one.run.started:
        return ""
    if one.seconds < MINUTE:
        return f"{one.seconds:.1f} s"
    unit = 1 if one.seconds < HOUR else MINUTE
    return duration(round(one.seconds) // unit * unit)


def code_of(one: ProjectReport) -> str:
    """Return an exit code; a dash where there is none."""
    return "-" if one.exit_code is None else str(one.exit_code)


def of_no_interest(one: ProjectReport) -> bool:
    """Tell whether there is nothing to tell of a project but its name."""
    return one.ending is Ending.NOTHING and not one.noted


def rows(report: FleetReport, *, full: bool = False) -> tuple[list[ProjectReport], list[str]]:
    """Return the rows of the table, and the names of those that stand in one line below it."""
    dull = [one for one in report.projects if of_no_interest(one)]
    if full or len(dull) <= FOLDED:
        return list(report.projects), []
    return [one for one in report.projects if not of_no_interest(one)], [one.name for one in dull]


def with_own(report: FleetReport, *, full: bool = False) -> Iterator[ProjectReport]:
    """Yield the projects whose own report stands below the table.

    Of a status those are none but what did not end well: its late tasks stand above already.
    """
    for one in report.projects:
        told = one.troubled or one.noted or one.ending is Ending.SOMETHING
        if report.command is FleetCommand.STATUS:
            told = one.troubled or one.noted
        if one.run.started and (told or full):
            yield one


def late_line(report: FleetReport) -> str:
    """Return how much is late, of whom and where."""
    late, people = report.late(), report.late_people()
    projects = sum(bool(one.late) for one in report.projects)
    tasks = count(len(late), "late task")
    return f"{tasks} of {count(len(people), 'person', 'people')} in {count(projects, 'project')}"
