"""Whose portal it is: asked before any task is read."""

from __future__ import annotations

from tasksync.core.events import Note
from tasksync.core.portal_name import portal_name
from tasksync.core.ports import Listener, Portal
from tasksync.core.state import PortalIdentity, State
from tasksync.errors import StateForeign


def check_portal(portal: Portal, state: State) -> PortalIdentity:
    """Return whose portal it is; raises StateForeign before any task is read."""
    here = portal.identity()
    known = state.identity
    if known is not None and known.portal != here.portal:
        raise _foreign(known, here)
    return here


def tell_other_owner(here: PortalIdentity, known: PortalIdentity | None, tell: Listener) -> None:
    """Tell of a change of the key's owner: another one may see other tasks.

    For what a run begins with alone, so that it is said once a run; an apply remembers it.
    """
    if changed := other_owner(here, known):
        tell(Note(f"{changed[:1].upper()}{changed[1:]}, who may see other tasks."))


def other_owner(here: PortalIdentity, known: PortalIdentity | None) -> str:
    """Return whose key it was at the last apply and whose it is now, or "" where that is one."""
    if known is None or not known.owner or not here.owner or known.owner == here.owner:
        return ""
    return f"the key belonged to {known.owner} at the last apply and now belongs to {here.owner}"


def _foreign(known: PortalIdentity, here: PortalIdentity) -> StateForeign:
    """Return the error of another portal, or of one that names itself otherwise than before."""
    host = portal_name(here.host)
    if host and here.portal == host:
        return StateForeign(
            f"The state belongs to the portal {known.portal}, and {host} does not tell which "
            "portal the key is of (/v1/me names none).",
            f"If it is the same portal, tasksync state rebind binds the state to {host}; else use "
            "the portal's own --portal and key, or another --state for this.",
        )
    if host and known.portal == host:
        return StateForeign(
            f"The state is bound to {host} itself, which named no portal then; now it tells that "
            f"the key is of the portal {here.portal}.",
            f"If the tasks were made there, tasksync state rebind binds the state to "
            f"{here.portal}; else use the right key, or another --state for this.",
        )
    return StateForeign(
        f"The state belongs to the portal {known.portal}, and this is {here.portal}.",
        "Set TASKSYNC_PORTAL or --portal to the right one, or use another --state for this. "
        "If the portal was renamed, tasksync state rebind binds the state to its new name.",
    )
