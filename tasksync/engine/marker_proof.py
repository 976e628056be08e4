"""Proof that the portal keeps the marker and finds it again, before a second batch of creates.

A portal that drops tags, or turns them so that `filter[tags]` finds them no more, would double
everything at the next lost answer or lost state (design 7, *Marker*).
"""

from __future__ import annotations

from collections.abc import Callable, Collection

from tasksync.core.fields import RemoteId
from tasksync.core.ports import Clock, Portal
from tasksync.core.task import LiveTask
from tasksync.errors import MarkerNotKept

#: listings lag behind writes (api-contract 14.17): so long the marker is looked for (seconds)
PATIENCE = 10.0
_PAUSE = 1.0


class MarkerProof:
    """Whether this run has seen its marker on the portal; `proved` once it has."""

    def __init__(
        self, portal: Portal, marker: str | None, clock: Clock, stopping: Callable[[], bool]
    ) -> None:
        self._portal = portal
        self._marker = marker
        self._clock = clock
        self._stopping = stopping
        self._patience = PATIENCE
        self.proved = marker is None

    def look(self, made: Collection[RemoteId], after: RemoteId) -> None:
        """Look for the marker on tasks that were just made, all above `after`.

        Raises MarkerNotKept where they are there and it is not. Where none of them can be seen,
        nothing is proved, and later batches are not waited for again.
        """
        if self._marker is None or self.proved or not made:
            return
        until = self._clock.monotonic() + self._patience
        while True:
            if any(task.id in made for task in self._portal.newer(self._marker, after)):
                self.proved = True
                return
            left = until - self._clock.monotonic()
            if left <= 0 or self._stopping():
                break
            self._clock.sleep(min(_PAUSE, left))
        shown = list(self._portal.find(None, made))
        if shown and not self._stopping():
            raise _not_kept(self._marker, shown[0])
        self._patience = 0.0


def _not_kept(marker: str, task: LiveTask) -> MarkerNotKept:
    if marker in task.markers:
        what = f"task {task.id} bears it, and filter[tags] does not find the task"
    elif "tags" in task.fields:
        tags = ", ".join(map(repr, (*_texts(task.fields["tags"]), *task.markers))) or "none"
        what = f"task {task.id} was made with it and has other tags ({tags})"
    else:
        what = f"task {task.id} is there, and filter[tags] does not find it"
    return MarkerNotKept(
        f"The portal does not keep the marker {marker}: {what}.",
        "Without it a lost answer or a lost state would make tasks twice, so nothing more is "
        "sent; what was made is remembered. If this portal cannot keep tags, write policy: "
        "{marker: none} into the manifest: then a create in doubt stops the run.",
    )


def _texts(tags: object) -> tuple[str, ...]:
    return tuple(map(str, tags)) if isinstance(tags, tuple) else ()
