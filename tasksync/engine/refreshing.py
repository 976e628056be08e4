"""Reading what is there now: a stream of live tasks, told about as it passes."""

from __future__ import annotations

from collections.abc import Collection, Iterator

from tasksync.core.events import Note, ReadProgress
from tasksync.core.fields import RemoteId
from tasksync.core.ports import Listener, Portal
from tasksync.core.state import PortalIdentity, State
from tasksync.core.task import LiveTask
from tasksync.errors import StateForeign

_TOLD_EVERY = 5000


def recognised(portal: Portal, state: State, listener: Listener) -> PortalIdentity:
    """Return whose portal it is; raises StateForeign before any task is read.

    A change of the key's owner is told, since another owner may see other tasks.
    """
    here = portal.identity()
    known = state.identity
    if known is not None and known.portal != here.portal:
        raise StateForeign(
            f"The state belongs to the portal {known.portal}, and this is {here.portal}.",
            "Set TASKSYNC_PORTAL or --portal to the right one, or use another --state for this.",
        )
    if known is not None and known.owner and here.owner and known.owner != here.owner:
        listener(
            Note(
                f"The key now belongs to {here.owner}; the last apply used {known.owner}'s. "
                "Another owner may see other tasks."
            )
        )
    return here


def refreshed(
    portal: Portal,
    marker: str | None,
    ids: Collection[RemoteId],
    listener: Listener,
) -> Iterator[LiveTask]:
    """Yield every marked task and every task of `ids` that is still there."""
    count = 0
    for task in portal.find(marker, ids):
        count += 1
        if count % _TOLD_EVERY == 0:
            listener(ReadProgress(count, 0))
        yield task
    listener(ReadProgress(count, 0))
