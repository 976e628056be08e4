"""The words for a project's status that its formats share."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime, tzinfo

from tasksync.core.diff import DAY, HOUR, MINUTE, duration
from tasksync.core.fields import STATUS_WORDS
from tasksync.core.project_status import PersonTasks, ProjectStatus, TaskStatus
from tasksync.render.wording import Names, clean, count, person
from tasksync.value_classes import dataclass

NOT_TOLD = "not told"
NO_DEADLINE = "no deadline"
#: so many keys of tasks that the portal does not show are named
_NAMED = 20


@dataclass(frozen=True, slots=True)
class Moments:
    """Writes instants in the project's zone, without seconds; without one in the portal's own."""

    zone: tzinfo | None = None
    name: str = ""

    def shown(self, text: str) -> str:
        """Return `2026-05-19 18:00`; with the offset where no zone is the project's."""
        at = datetime.fromisoformat(text)
        if self.zone is None:
            return at.isoformat(sep=" ", timespec="minutes")
        return at.astimezone(self.zone).replace(tzinfo=None).isoformat(sep=" ", timespec="minutes")

    def now(self, at: datetime) -> str:
        """Return the moment of a report, with the zone that its times are in."""
        behind = f" ({clean(self.name)})" if self.zone is not None else ""
        return self.shown(at.isoformat(timespec="seconds")) + behind


def late_by(seconds: int) -> str:
    """Return how late, as exactly as somebody wants to know: days and hours, hours and minutes."""
    unit = HOUR if seconds >= DAY else MINUTE
    return duration(seconds // unit * unit) if seconds >= MINUTE else "under 1 min"


def status_word(number: int | None) -> str:
    """Return a status as the manifest writes it; a number that is none of the API's as it is."""
    return NOT_TOLD if number is None else STATUS_WORDS.get(number, str(number))


def who(number: int | None, names: Names) -> str:
    """Return a person in words."""
    return "person not told" if number is None else person(number, names)


def key_of(one: TaskStatus) -> str:
    """Return the key in words; a task that only its marker names has none."""
    return "(in no entry of the state)" if one.key is None else clean(one.key)


def tally(one: PersonTasks | ProjectStatus) -> str:
    """Return `3 tasks, 2 open, 1 late`."""
    tasks = one.tasks if isinstance(one, PersonTasks) else len(one.tasks)
    rest = ((one.open, "open"), (one.late, "late"))
    return ", ".join([count(tasks, "task"), *(f"{number} {what}" for number, what in rest)])


def summary_line(found: ProjectStatus) -> str:
    """Return how many tasks there are, or were asked for, and how they stand."""
    if not found.tasks:
        return f"No task of {found.total} fits." if found.query and found.total else "No tasks."
    of = f" of {found.total}" if found.query else ""
    first, _comma, rest = tally(found).partition(", ")
    words = ", ".join(f"{number} {status_word(one)}" for one, number in found.by_status())
    return f"{first}{of}: {words}; {rest}."


def remarks(found: ProjectStatus) -> Iterator[str]:
    """Yield what a person should know beside the tasks, a sentence each."""
    unknown = sum(one.key is None for one in found.tasks)
    if unknown:
        bear = count(unknown, "task bears", "tasks bear")
        yield f"{bear} our marker and no entry of the state: tasksync plan tells what they are."
    if found.missing:
        keys = [f"{clean(key)} (task {remote})" for key, remote in found.missing]
        more = f" and {len(keys) - _NAMED} more" if len(keys) > _NAMED else ""
        are = count(len(keys), "task of the state is", "tasks of the state are")
        yield (
            f"{are} not shown by the portal, gone or hidden from this key: "
            f"{', '.join(keys[:_NAMED])}{more}."
        )
    for one, what in found.unreadable[:_NAMED]:
        yield f"{key_of(one)} (task {one.id}) cannot be read whole: {clean(what)}."
    if len(found.unreadable) > _NAMED:
        yield f"{len(found.unreadable) - _NAMED} more cannot be read whole."
