"""Whose portal it is: asked before any task is read."""

from __future__ import annotations

from tasksync.core.events import Note
from tasksync.core.ports import Listener, Portal
from tasksync.core.state import PortalIdentity, State
from tasksync.errors import StateForeign


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
