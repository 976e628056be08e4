"""Whether a saved change may still be done: its own before-values and its own entry decide."""

from __future__ import annotations

from dataclasses import dataclass

from tasksync.core.change import Action, Change, FieldChange
from tasksync.core.fields import DEFERRED, MOVED_ON, TaskKey, Value, same
from tasksync.core.state import Entry
from tasksync.core.task import LiveTask, asked_digest


@dataclass(frozen=True, slots=True)
class Stale:
    """Why a saved change no longer holds: what the plan saw and what is there now."""

    key: TaskKey
    name: str
    saw: object
    there: object

    def __str__(self) -> str:
        return f"{self.key}: {self.name}: the plan saw {self.saw}, now it is {self.there}"


def is_done(change: Change, entry: Entry | None, live: LiveTask | None) -> bool:
    """Tell whether a change was done already, so that a resumed plan leaves it out."""
    match change.action:
        case Action.CREATE:
            return entry is not None and live is not None and _asks(entry, change)
        case Action.UPDATE:
            return (
                entry is not None
                and live is not None
                and _asks(entry, change)
                and (not saw(change, entry) or _holds(change, entry, live))
            )
        case Action.ADOPT:
            return entry is not None and entry.id == change.id and _asks(entry, change)
        case Action.DEFER:
            away = live is not None and live.fields.get("status") == DEFERRED
            return entry is not None and entry.deferred and away
        case Action.DELETE | Action.FORGET:
            return entry is None
        case Action.NOOP:
            return True


def saw(change: Change, entry: Entry | None) -> bool:
    """Tell whether an entry still asks what it asked when the plan was made."""
    return _moved_entry(change, entry) is None


def stale(change: Change, entry: Entry | None, live: LiveTask | None) -> list[Stale]:
    """Return what moved under a change since its plan was made; nothing: it may be done."""
    moved = _moved_entry(change, entry)
    if moved:
        return [moved]
    match change.action:
        case Action.CREATE:
            if live is not None:
                return [Stale(change.key, "task", "gone from the portal", f"task {live.id}")]
            return []
        case Action.FORGET | Action.NOOP:
            return []
        case Action.DELETE | Action.DEFER | Action.UPDATE | Action.ADOPT:
            return [*_moved_values(change, live), *_moved_on(change, live)]


def _moved_entry(change: Change, entry: Entry | None) -> Stale | None:
    seen = "" if entry is None else asked_digest(entry.asked, entry.options).hex()
    if change.seen != seen:
        saw = "no entry" if not change.seen else f"entry {change.seen[:8]}"
        return Stale(change.key, "state", saw, f"entry {seen[:8]}" if seen else "no entry")
    adopts = change.action is Action.ADOPT
    if entry is not None and not adopts and change.id is not None and entry.id != change.id:
        return Stale(change.key, "id", change.id, entry.id)
    return None


def _moved_values(change: Change, live: LiveTask | None) -> list[Stale]:
    if live is None:
        return (
            []
            if change.action is Action.DELETE
            else [Stale(change.key, "task", f"task {change.id}", "gone from the portal")]
        )
    return [
        Stale(change.key, one.name, one.before, live.fields[one.name])
        for one in change.fields
        if one.name in live.fields and not _expected(change, one, live.fields[one.name])
    ]


def _expected(change: Change, one: FieldChange, there: Value) -> bool:
    """Tell whether a field is as the plan saw it, or as it asks: its run died before it saved."""
    if there == one.before or (one.before is not None and same(one.name, one.before, there)):
        return True
    return change.action is not Action.DELETE and same(one.name, one.after, there)


def _asks(entry: Entry, change: Change) -> bool:
    return asked_digest(entry.asked, entry.options) == asked_digest(change.asked, change.options)


def _holds(change: Change, entry: Entry, live: LiveTask) -> bool:
    expected = entry.found
    return all(
        one.name not in live.fields or _arrived(one, expected.get(one.name), live.fields[one.name])
        for one in change.fields
    )


def _arrived(one: FieldChange, expected: Value, there: Value) -> bool:
    """Tell whether a field holds what was asked, or what the portal is known to make of it.

    An expectation that equals the value before the change is that of an entry from before.
    """
    if same(one.name, there, one.after):
        return True
    return same(one.name, there, expected) and not same(one.name, there, one.before)


def _moved_on(change: Change, live: LiveTask | None) -> list[Stale]:
    """Return that people moved a status on which goes along as it was when the plan was made."""
    there = None if live is None else live.fields.get("status")
    sent = change.along.get("status")
    if sent is None or there not in MOVED_ON or there in {sent, change.made.get("status")}:
        return []
    return [Stale(change.key, "status", change.made.get("status", sent), there)]
