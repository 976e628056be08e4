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
    if changed := other_owner(here, known):
        listener(Note(f"{changed[:1].upper()}{changed[1:]}, who may see other tasks."))
    return here


def other_owner(here: PortalIdentity, known: PortalIdentity | None) -> str:
    """Return whose key it was at the last apply and whose it is now, or "" where that is one."""
    if known is None or not known.owner or not here.owner or known.owner == here.owner:
        return ""
    return f"the key belonged to {known.owner} at the last apply and now belongs to {here.owner}"
