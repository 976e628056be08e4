"""Whether a saved change may still be done: its own before-values and its own entry decide."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from tasksync.core.change import Action, Change, FieldChange, base_digest_of
from tasksync.core.fields import DEFERRED, MOVED_ON, TaskKey, Value, same
from tasksync.core.manifest import marker_of
from tasksync.core.plan import Plan
from tasksync.core.state import EVERY_KEY, KEPT_RUNS, Entry, InProject, Run, State
from tasksync.core.task import Activity, LiveTask, asked_digest
from tasksync.value_classes import dataclass

#: so many keys of a run are written down for a plan that is to be resumed; of more, that it is all
KEYS_KEPT = 500


@dataclass(frozen=True, slots=True)
class Stale:
    """Why a saved change no longer holds: what the plan saw and what is there now.

    Both are values of the field `name` where `is_field`, else words.
    """

    key: TaskKey
    name: str
    saw: Value
    there: Value
    is_field: bool = False


def is_done(change: Change, entry: Entry | None, live: LiveTask | None) -> bool:
    """Tell whether a change was done already, so that a resumed plan leaves it out."""
    match change.action:
        case Action.CREATE:
            # made, and deleted since: a vanished task that was made again has another entry now
            gone = live is None and saw(change, entry)
            return entry is not None and not gone and _asks(entry, change)
        case Action.UPDATE:
            return (
                entry is not None
                and not entry.deferred  # its status may be right, and is not remembered as such
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
        case Action.FORGET:
            return [] if live is None else _moved_values(change, live)
        case Action.NOOP:
            return []
        case Action.DELETE | Action.DEFER | Action.UPDATE | Action.ADOPT:
            return _moved_values(change, live)


def _moved_entry(change: Change, entry: Entry | None) -> Stale | None:
    digest = base_digest_of(entry)
    if change.base_digest == digest:
        return None
    (before, was), (now, is_) = (one.partition("-")[::2] for one in (change.base_digest, digest))
    if before == now:
        return Stale(change.key, "id", was, is_)
    saw = f"entry {before[:8]}" if before else "no entry"
    return Stale(change.key, "state", saw, f"entry {now[:8]}" if now else "no entry")


def found_by_marker(change: Change, live: LiveTask) -> list[Stale]:
    """Return that a task to be made is there: made already, by a run whose state is not here."""
    there = f"task {live.id}, with our marker and not in this state"
    return [Stale(change.key, "task", "no task", there)]


def of_another_task(change: Change, live: LiveTask) -> list[Stale]:
    """Return that another task than the entry's stands under its id."""
    return [Stale(change.key, "task", f"task {live.id}", "another task under that id")]


def of_another_project(change: Change, live: LiveTask, marker: str | None) -> list[Stale]:
    """Return that a task bears another project's marker since the plan was made."""
    origin = None if change.origin is None else marker_of(change.origin.project)
    theirs = [
        one for one in live.markers if one not in {marker, origin} and one not in change.markers
    ]
    return [Stale(change.key, "marker", "none of another project", ", ".join(theirs))] * bool(
        theirs
    )


def of_no_project(change: Change, sources: Mapping[str, State], project: str) -> list[Stale]:
    """Return that the project which a task is to come from has it no more."""
    if change.origin is None:
        return []
    source = sources.get(change.origin.project)
    entry = None if source is None else source.entries.get(change.origin.key)
    meant = {None, InProject(project, change.key)}
    if entry is not None and entry.id == change.id and entry.moved_to in meant:
        return []
    there = "no such task there" if entry is None else f"task {entry.id}"
    there += f", moved to {entry.moved_to}" if entry is not None and entry.moved_to else ""
    return [Stale(change.key, "moved", f"task {change.id}, {change.origin}", there)]


def touched_by(plan: Plan, runs: Sequence[Run], this: tuple[str, int]) -> tuple[TaskKey, ...]:
    """Return what a run writes down that it touches: for saved plans that are done in part.

    `this` is the digest and the serial of the saved plan that the run itself does, if any.
    """
    whole = {(run.plan, run.serial) for run in runs if run.outcome == "complete"}
    open_ = {(run.plan, run.serial) for run in runs if run.plan} - whole - {this}
    if not open_:
        return ()
    keys = sorted(plan.keys.union(*plan.moved))
    return tuple(keys) if len(keys) <= KEYS_KEPT else (EVERY_KEY,)


def is_forgotten(plan: Plan, runs: Sequence[Run]) -> bool:
    """Tell whether so many runs came after a plan was made that its own may be forgotten by now."""
    return len(runs) >= KEPT_RUNS and runs[0].serial > plan.serial


def touched_since(plan: Plan, runs: Sequence[Run], this: tuple[str, int]) -> frozenset[TaskKey]:
    """Return the keys of a plan that another run touched since this plan was begun."""
    first = next((at for at, run in enumerate(runs) if (run.plan, run.serial) == this), len(runs))
    others = [run for run in runs[first:] if (run.plan, run.serial) != this]
    found = frozenset[TaskKey]().union(*(run.touched for run in others))
    return plan.keys if EVERY_KEY in found else found & plan.keys


def _moved_values(change: Change, live: LiveTask | None) -> list[Stale]:
    if live is None:
        return (
            []
            if change.action is Action.DELETE
            else [Stale(change.key, "task", f"task {change.id}", "gone from the portal")]
        )
    moved = [
        Stale(change.key, one.name, one.before, live.fields[one.name], is_field=True)
        for one in change.fields
        if one.name in live.fields and not _expected(change, one, live.fields[one.name])
    ]
    moved += _moved_beside(change, live)
    saw_activity = change.action is Action.DELETE and change.activity is not None
    if saw_activity and live.activity != change.activity:
        moved.append(
            Stale(change.key, "activity", _worked(change.activity), _worked(live.activity))
        )
    return moved


def _moved_beside(change: Change, live: LiveTask | None) -> list[Stale]:
    """Return what moved of that which is sent as it was found: else it would be taken back.

    The tags beside a marker that comes or goes, the status beside a new responsible; and a status
    that people moved on since, whatever is sent.
    """
    if live is None:
        return []
    return [
        Stale(change.key, name, change.normalised.get(name, sent), live.fields[name], is_field=True)
        for name, sent in change.sent_together.items()
        if name in live.fields and not same(name, sent, live.fields[name])
        if _is_taken_back(change, name, live.fields[name])
    ]


def _is_taken_back(change: Change, name: str, there: Value) -> bool:
    """Tell whether sending what is sent together would undo what people did."""
    sent = change.sent_together[name]
    if name not in change.asked or not same(name, sent, change.asked[name]):
        return True
    return name == "status" and there in MOVED_ON and there != change.normalised.get(name)


def _worked(activity: Activity | None) -> str:
    """Return what people did on a task, for people."""
    if activity is None:
        return "unknown"
    comments = "1 comment" if activity.comments == 1 else f"{activity.comments} comments"
    return f"{comments} and {activity.seconds} s of logged time"


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
