"""What tasksync promises never to touch, and the few functions that keep the promise.

Ours is a live task that the state knows by its id, or that bears our project's marker. All
else is a stranger's: not shown, not compared, not written to, whatever its title says.

known to the state   our marker   another's marker   then
yes                  any          any                ours: planned as the table of design 5 says
no                   yes          any                a candidate: matched to a key, or named
no                   no           no                 a stranger's, unless `adopt` names its id
no                   no           yes                a stranger's, whatever `adopt` says
"""

from __future__ import annotations

from collections.abc import Container
from enum import StrEnum

from tasksync.core.fields import RemoteId
from tasksync.core.state import Heads
from tasksync.core.task import LiveTask


class Owner(StrEnum):
    """Whose a live task is."""

    OURS = "ours"
    CANDIDATE = "candidate"
    ADOPTABLE = "adoptable"
    STRANGER = "stranger"


def owner_of(
    task: LiveTask, heads: Heads, marker: str | None, adopts: Container[RemoteId]
) -> Owner:
    """Tell whose a live task is, by the table above; `adopts` are ids that the manifest names."""
    if heads.row_of_id(task.id) is not None:
        return Owner.OURS
    marked = marker in task.markers
    if task.id in adopts:
        return Owner.STRANGER if task.markers and not marked else Owner.ADOPTABLE
    return Owner.CANDIDATE if marker is not None and marked else Owner.STRANGER
