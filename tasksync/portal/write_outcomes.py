"""The outcome of one change, in the words that people read: done, failed, in doubt, not started."""

from __future__ import annotations

from tasksync.core.change import Change, Outcome, Status
from tasksync.core.fields import RemoteId
from tasksync.core.task import LiveTask
from tasksync.errors import PortalUnreadable
from tasksync.portal import wire
from tasksync.portal.error_codes import CallError, meaning_of, said
from tasksync.portal.rows import live_task

_DOUBT = "The next run looks for it by its marker before anything is sent again."


def done(change: Change, remote: int | None, task: wire.Json | None = None) -> Outcome:
    """Return that a change is done, with the task as answered where it can be read."""
    known = None if remote is None else RemoteId(remote)
    return Outcome(change, Status.DONE, known, live_or_none(task))


def live_or_none(task: wire.Json | None) -> LiveTask | None:
    """Return an answered task; an irregular one is left to the next listing."""
    if wire.usable_id(task) is None:
        return None
    try:
        found = live_task(task)
    except PortalUnreadable:
        return None
    return None if found.unreadable else found


def failed(change: Change, fault: CallError) -> Outcome:
    """Return that a change is known not to be done."""
    advice = meaning_of(fault).advice
    return Outcome(change, Status.FAILED, change.id, None, fault.code, said(fault), advice)


def in_doubt(change: Change, fault: CallError) -> Outcome:
    """Return that a create may have been done."""
    return Outcome(change, Status.IN_DOUBT, None, None, fault.code, said(fault), _DOUBT)


def not_started(change: Change, why: str, code: str = "") -> Outcome:
    """Return that a change was never sent."""
    return Outcome(
        change, Status.NOT_STARTED, change.id, None, code, why, "Run apply again for the rest."
    )
