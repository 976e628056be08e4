"""What tasksync promises never to touch, and the few functions that keep the promise.

An id alone is not ownership: ids come again after a restore, states are pushed, answers are
swapped (design 7, *Ours*). The row under an entry's id is that entry's task where

entry's createdDate   row's createdDate   other project's marker   then
known                 the same instant    no                       ours
known                 another             any                      not this entry's: taken
any                   any                 yes                      not this entry's: taken
not known             any                 no                       ours with our marker, or with the
                                                                   last known title and person

and a row that is no entry's is

our marker   another's marker   then
yes          no                 a candidate: matched to a key, or named
no           no                 a stranger's, unless `adopt` names its id
any          yes                a stranger's, whatever `adopt` says
"""

from __future__ import annotations

from collections.abc import Container
from enum import StrEnum

from tasksync.core.equivalence import title_matches
from tasksync.core.fields import RemoteId, instant
from tasksync.core.state import NO_DATE, Entry, State
from tasksync.core.task import LiveTask


class Owner(StrEnum):
    """Whose a live task is that is no entry's own."""

    CANDIDATE = "candidate"
    ADOPTABLE = "adoptable"
    STRANGER = "stranger"


def is_foreign(task: LiveTask, mark: str) -> bool:
    """Tell whether a task bears another project's marker than `mark`, the project's own."""
    return any(one != mark for one in task.markers)


def is_own(entry: Entry, task: LiveTask, mark: str) -> bool:
    """Tell whether the task under an entry's id is that entry's, by the table above.

    `mark` is the project's own marker, also where the policy writes none any more.
    """
    if is_foreign(task, mark):
        return False
    if entry.created and task.created:
        return instant(entry.created) == instant(task.created)
    return mark in task.markers or _looks_like(entry, task)


def row_is_own(state: State, row: int, task: LiveTask, mark: str) -> bool:
    """Tell what `is_own` tells, without the entry where the columns of the index are enough."""
    created = state.index.created[row]
    if is_foreign(task, mark):
        return False
    if created > NO_DATE and task.created:
        return instant(task.created) == created
    if mark in task.markers and created <= NO_DATE:
        return True
    return is_own(state.entries[state.index.key(row)], task, mark)


def _looks_like(entry: Entry, task: LiveTask) -> bool:
    known = entry.found
    titles = str(known.get("title") or ""), str(task.fields.get("title") or "")
    same_person = known.get("responsibleId") == task.fields.get("responsibleId")
    return same_person and title_matches(*titles)


def owner_of(
    task: LiveTask, mark: str, adopts: Container[RemoteId], *, matched: bool = True
) -> Owner:
    """Tell whose a task is that is no entry's; `adopts` are ids that the manifest names.

    `matched`: what bears our marker is matched to keys (not under `marker: none`).
    """
    if is_foreign(task, mark):
        return Owner.STRANGER
    if task.id in adopts:
        return Owner.ADOPTABLE
    return Owner.CANDIDATE if matched and mark in task.markers else Owner.STRANGER
