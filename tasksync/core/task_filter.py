"""Which tasks of a portal are meant: by group, tag, responsible, status and time of change.

What a portal lists is looked at again by the same filter, since it may leave one out (contract 9).
"""

from __future__ import annotations

from datetime import datetime
from typing import Final

from tasksync.core.task import LiveTask
from tasksync.value_classes import dataclass

#: new, pending, in progress, awaiting control: what nobody finished, put off or declined
OPEN: Final = frozenset({1, 2, 3, 4})
#: completed, deferred, declined; a status that is none of the API's is not known to be finished
FINISHED: Final = frozenset({5, 6, 7})


@dataclass(frozen=True, slots=True)
class TaskFilter:
    """What has to hold of a task; None asks for nothing. `since` is aware.

    `statuses` are looked at here alone: what the portal's filter takes for a status is not known
    (contract 8.6).
    """

    group: int | None = None
    tag: str | None = None
    responsible: int | None = None
    statuses: frozenset[int] | None = None
    since: datetime | None = None

    def takes(self, live: LiveTask) -> bool:
        """Tell whether a task is meant; of what the portal does not answer nothing is asked."""
        fields = live.fields
        if self.group is not None and fields.get("groupId", self.group) != self.group:
            return False
        if self.responsible is not None:
            person = fields.get("responsibleId", self.responsible)
            if person != self.responsible:
                return False
        if self.statuses is not None and fields.get("status") not in self.statuses:
            return False
        return self._tagged(live) and self._changed(live)

    def _tagged(self, live: LiveTask) -> bool:
        tags = live.fields.get("tags", ())
        if self.tag is None or not isinstance(tags, tuple):
            return True
        folded = self.tag.strip().casefold()
        return any(str(one).casefold() == folded for one in (*tags, *live.markers))

    def _changed(self, live: LiveTask) -> bool:
        if self.since is None or live.changed is None:
            return True
        return datetime.fromisoformat(live.changed) >= self.since
