"""Who last changed tasks, as far as the portal tells: for people to read, so nothing fails for it.

`changedBy` is no field that a listing promises; it stands in the whole object that a `get` answers
(contract 2.2 and 7, native `CHANGED_BY`), which a batch asks for fifty tasks at once.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from tasksync.core.fields import RemoteId
from tasksync.errors import PortalError
from tasksync.portal import wire
from tasksync.portal.batches import FULL
from tasksync.portal.requester import Requester
from tasksync.portal.row_values import Irregular, to_count

_DOING = "Asking who changed tasks"
#: of so many tasks it is asked: ten requests
MOST = 10 * FULL


def last_editors(requester: Requester, ids: Sequence[RemoteId]) -> Mapping[RemoteId, int]:
    """Return who changed each of these tasks last; whoever is not told is left out."""
    found: dict[RemoteId, int] = {}
    for at in range(0, min(len(ids), MOST), FULL):
        some = ids[at : at + FULL]
        try:
            request = wire.batch([wire.get_call(f"t{one}", one) for one in some])
            answered = wire.calls_of(requester.ask(request, _DOING, per_call=True))
        except (PortalError, wire.UnreadableAnswer):
            return found
        for one in some:
            if who := _editor(one, answered.results.get(f"t{one}")):
                found[one] = who
    return found


def _editor(remote: RemoteId, result: Any) -> int:
    task = wire.task_in(result)
    if task is None or wire.usable_id(task) != remote:
        return 0
    try:
        return max(to_count(task.get("changedBy", task.get("CHANGED_BY"))), 0)
    except Irregular:
        return 0
