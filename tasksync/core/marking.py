"""The marker beside a change: put where it is missing, taken off what is forgotten (design 5, 7).

The API sets tags as a whole, so both are a PATCH of the tags that are there, with or without it.
"""

from __future__ import annotations

from tasksync.core.change import Action, Change, Reason
from tasksync.core.manifest import marker_of
from tasksync.core.task import LiveTask
from tasksync.value_classes import replace


def with_marker(change: Change, live: LiveTask, marker: str | None) -> Change:
    """Return an UPDATE, ADOPT or NOOP that also marks a task whose marker is missing.

    What moves here from another project loses that one's in the same request. What was read without
    its tags is left alone: it may bear the marker.
    """
    theirs = None if change.origin is None else marker_of(change.origin.project)
    wanted = {*live.markers, *(() if marker is None else (marker,))} - {theirs}
    if wanted == set(live.markers) or "tags" not in live.fields or not live.read:
        return change
    markers = tuple(sorted(one for one in wanted if one is not None))
    if change.action is Action.NOOP:
        change = replace(change, action=Action.UPDATE, reason=Reason.MARKER_MISSING)
    sent_together = dict(change.sent_together)
    if all(one.name != "tags" for one in change.fields):
        sent_together.setdefault("tags", live.fields["tags"])
    return replace(change, sent_together=sent_together, markers=markers)


def without_marker(change: Change, live: LiveTask | None, mark: str) -> Change:
    """Return a FORGET that takes the marker off, so that the task is free for others.

    `mark` is the project's own, also where the policy writes none any more. What bears none (people
    took it off, or it is gone) needs no request.
    """
    if live is None or mark not in live.markers:
        return change
    others = tuple(one for one in live.markers if one != mark)
    return replace(change, sent_together={"tags": live.fields.get("tags", ())}, markers=others)
