"""Unmarked tasks that have the title of a wanted one: told, and paired only where one fits one."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Callable, Collection, Iterable, Mapping, Sequence
from typing import TypeAlias

from tasksync.core.equivalence import loses_characters, normal_title, title_matches
from tasksync.core.fields import RemoteId, TaskKey, Values
from tasksync.core.task import LiveTask
from tasksync.value_classes import dataclass


@dataclass(frozen=True, slots=True)
class Titled:
    """The tasks that have some titles, and the titles of which the portal told nothing.

    `cut` are those of which there may be more tasks than were told.
    """

    tasks: tuple[LiveTask, ...] = ()
    missed: frozenset[str] = frozenset()
    cut: frozenset[str] = frozenset()


#: asks a portal for the tasks of titles
TitleLookup: TypeAlias = Callable[[Collection[str]], Titled]


@dataclass(frozen=True, slots=True)
class TitlePairs:
    """What fits: `pairs` one to one; `several` where a person has to choose, with all that fit."""

    pairs: Mapping[TaskKey, LiveTask]
    several: Mapping[TaskKey, tuple[LiveTask, ...]]


def tells_all(told: Titled, titles: Collection[str]) -> bool:
    """Tell whether an answer surely holds every task of these titles.

    A second task of a title may be the last that a short page had room for, and a task that was
    not asked for shows that the portal chooses otherwise than by the title.
    """
    found = Counter(normal_title(_title(task.fields)) for task in told.tasks)
    asked = {normal_title(title) for title in titles}
    return not told.cut and found.keys() <= asked and all(count == 1 for count in found.values())


def free_tasks(tasks: Iterable[LiveTask], taken: Collection[RemoteId]) -> list[LiveTask]:
    """Return the tasks that are nobody's: without any project's marker, and not `taken`.

    A task whose tags cannot be read may be somebody's.
    """
    return [
        task
        for task in tasks
        if not task.markers and "tags" in task.fields and task.id not in taken
    ]


def paired(wants: Mapping[TaskKey, Values], tasks: Iterable[LiveTask]) -> TitlePairs:
    """Pair wanted tasks with free ones by title, and by responsible too where more than one fits.

    Nothing is guessed: two tasks that fit one key, or two keys that one task fits, are told.
    """
    free = sorted(tasks, key=lambda task: task.id)
    pairs: dict[TaskKey, LiveTask] = {}
    several: dict[TaskKey, tuple[LiveTask, ...]] = {}
    for keys, some in _groups(wants, free):
        found = _of_group(wants, keys, some)
        pairs |= found
        left = tuple(task for task in some if task not in found.values())
        several |= {key: left for key in keys if key not in found and left}
    return TitlePairs(pairs, several)


def _groups(
    wants: Mapping[TaskKey, Values], tasks: Sequence[LiveTask]
) -> Iterable[tuple[list[TaskKey], list[LiveTask]]]:
    """Yield the keys of each title with the tasks of that title."""
    titled: dict[str, list[LiveTask]] = defaultdict(list)
    for task in tasks:
        titled[normal_title(_title(task.fields))].append(task)
    keys: dict[str, list[TaskKey]] = defaultdict(list)
    for key, fields in wants.items():
        keys[normal_title(_title(fields))].append(key)
    for title, some in keys.items():
        found = titled.get(title, [])
        if loses_characters(title):
            found = [task for task in tasks if title_matches(title, _title(task.fields))]
        yield some, found


def _of_group(
    wants: Mapping[TaskKey, Values], keys: Sequence[TaskKey], tasks: Sequence[LiveTask]
) -> dict[TaskKey, LiveTask]:
    if len(keys) == len(tasks) == 1:
        return {keys[0]: tasks[0]}
    found: dict[TaskKey, LiveTask] = {}
    for key in keys:
        person = wants[key].get("responsibleId")
        theirs = [task for task in tasks if task.fields.get("responsibleId") == person]
        rivals = [one for one in keys if wants[one].get("responsibleId") == person]
        if len(theirs) == len(rivals) == 1:
            found[key] = theirs[0]
    return found


def _title(fields: Values) -> str:
    return str(fields.get("title") or "")
