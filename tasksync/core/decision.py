"""What is decided from what: wanted, remembered and found become changes (design 5).

wanted  remembered  found                           action
yes     no          none                            CREATE   new
yes     no          marked, unknown, matching       ADOPT    then UPDATE what differs
yes     yes         equal in managed fields         NOOP
yes     yes         differs                         UPDATE   exactly the differing fields
yes     yes         gone                            CREATE   vanished
no      yes         found                           DELETE   or DEFER, FORGET
no      yes         gone                            FORGET
no      no          anything                        nothing
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace

from tasksync.core.change import Action, Change, FieldChange, Reason
from tasksync.core.fields import (
    DEFERRED,
    FIELDS,
    KeyRef,
    Kind,
    RemoteId,
    TaskKey,
    Value,
    Values,
    beside,
    same,
)
from tasksync.core.plan import Drift
from tasksync.core.state import Entry
from tasksync.core.task import LiveTask, OnRemove, Options, Task, asked_digest

_MISSING = object()
_EMPTY = tuple((name, one.empty) for name, one in FIELDS.items())
PENDING = 2


@dataclass(slots=True)
class Verdict:
    """What was decided of one key: a change (NOOP: perhaps to be remembered), and its drift."""

    change: Change
    drift: list[Drift] = field(default_factory=list)
    remember: bool = False


def creation(task: Task, reason: Reason, entry: Entry | None = None) -> Change:
    """Return the CREATE of a wanted task: every field that is not empty is sent."""
    wanted = task.fields
    fields = tuple(
        [
            FieldChange(name, None, wanted[name])
            for name, empty in _EMPTY
            if name in wanted and wanted[name] != empty
        ]
    )
    return Change(
        task.key,
        Action.CREATE,
        reason,
        fields=fields,
        asked=task.fields,
        options=task.options,
        protected=_protected(task.options, entry),
        title=str(task.fields.get("title", task.key)),
        place=task.place,
        seen=_seen(entry),
    )


def comparison(
    task: Task, entry: Entry, live: LiveTask, ids: Mapping[TaskKey, RemoteId]
) -> Verdict:
    """Return UPDATE with exactly the fields that differ, or NOOP, and the drift beside it."""
    differing, drift, made = _differences(task, entry, live, ids)
    if all(one.name != "status" for one in differing):
        differing += _return(task, entry, live)
    differing.sort(key=lambda one: FIELDS[one.name].bit)
    change = Change(
        task.key,
        Action.UPDATE if differing else Action.NOOP,
        _reason(differing, entry),
        live.id,
        tuple(differing),
        _along(differing, task, ids),
        task.fields,
        made,
        task.options,
        _protected(task.options, entry),
        str(task.fields.get("title") or live.fields.get("title") or task.key),
        task.place,
        live.markers,
        responsible=_person(live.fields),
        seen=_seen(entry),
    )
    return Verdict(change, drift, _must_remember(change, entry))


def adoption(
    task: Task,
    live: LiveTask,
    reason: Reason,
    ids: Mapping[TaskKey, RemoteId],
    gone: Entry | None = None,
) -> Verdict:
    """Return the ADOPT of a live task, with the fields that differ from what is wanted.

    `gone` is the entry whose own task vanished, where there is one.
    """
    change = comparison(task, Entry(task.key, live.id, {}), live, ids).change
    return Verdict(
        replace(
            change,
            action=Action.ADOPT,
            reason=reason,
            protected=_protected(task.options, gone),
            seen=_seen(gone),
        )
    )


def removal(entry: Entry, live: LiveTask | None, on_remove: OnRemove, reason: Reason) -> Verdict:
    """Return what happens to a task that is no longer wanted."""
    if live is None:
        return Verdict(forgetting(entry, Reason.GONE))
    match on_remove:
        case OnRemove.FORGET:
            return Verdict(forgetting(entry, reason))
        case OnRemove.DEFER:
            return _deferral(entry, live, reason)
        case OnRemove.DELETE:
            return Verdict(_deletion(entry, live, reason))


def _differences(
    task: Task, entry: Entry, live: LiveTask, ids: Mapping[TaskKey, RemoteId]
) -> tuple[list[FieldChange], list[Drift], dict[str, Value]]:
    differing: list[FieldChange] = []
    drift: list[Drift] = []
    made: dict[str, Value] = {}
    remembered = entry.found
    for name, wanted in task.fields.items():
        found = live.fields.get(name, _MISSING)
        unknown = found is _MISSING and name not in remembered
        believed = _known(remembered.get(name, FIELDS[name].empty), ids)
        before = believed if found is _MISSING else found
        if not FIELDS[name].on_update:
            if not _same(name, before, wanted):
                made[name] = before  # type: ignore[assignment]
            continue
        unchanged = name in entry.asked and _same(name, wanted, entry.asked[name])
        drifted = name in remembered and not _same(name, before, _known(remembered[name], ids))
        expected = unchanged and not drifted and not isinstance(wanted, KeyRef)
        if name in task.options.ignore_changes:
            made[name] = before  # type: ignore[assignment]
        elif not unknown and (expected or _same(name, before, _known(wanted, ids))):
            if not _same(name, before, wanted):
                made[name] = before  # type: ignore[assignment]
        else:
            shown = _beside(name, before, wanted)
            differing.append(FieldChange(name, shown, wanted, drifted))  # type: ignore[arg-type]
            if drifted and unchanged:
                drift.append(
                    Drift(task.key, live.id, name, remembered[name], before)  # type: ignore[arg-type]
                )
    return differing, drift, made


def _return(task: Task, entry: Entry, live: LiveTask) -> list[FieldChange]:
    """Return the status that a task deferred by us gets back when its key comes back.

    That the portal has what our deferring made of it is no reason to leave it there.
    """
    status = task.fields.get("status", PENDING)
    away = entry.deferred and live.fields.get("status") == DEFERRED
    return [FieldChange("status", DEFERRED, status)] if away and status != DEFERRED else []


def _beside(name: str, before: object, wanted: Value) -> object:
    if FIELDS[name].kind is Kind.INSTANT:
        return beside(before, wanted)  # type: ignore[arg-type]
    return before


def _known(value: Value, ids: Mapping[TaskKey, RemoteId]) -> Value:
    return ids.get(value.key, value) if isinstance(value, KeyRef) else value


def _same(name: str, left: object, right: object) -> bool:
    return left == right or same(name, left, right)  # type: ignore[arg-type]


def _along(
    differing: list[FieldChange], task: Task, ids: Mapping[TaskKey, RemoteId]
) -> dict[str, Value]:
    names = {one.name for one in differing}
    with_it: set[str] = set()
    if "responsibleId" in names:
        with_it.add("status")
    if names & {"startDatePlan", "endDatePlan"}:
        with_it |= {"startDatePlan", "endDatePlan"}
    return {
        name: _known(task.fields[name], ids)
        for name in FIELDS
        if name in with_it - names
        and name in task.fields
        and name not in task.options.ignore_changes
    }


def _reason(differing: list[FieldChange], entry: Entry) -> Reason:
    drifted = any(one.drifted for one in differing)
    edited = any(
        one.name not in entry.asked or not same(one.name, one.after, entry.asked[one.name])
        for one in differing
    )
    if entry.deferred:
        return Reason.RETURNED
    if drifted and edited:
        return Reason.EDITED_AND_DRIFTED
    if drifted:
        return Reason.DRIFTED
    return Reason.EDITED if edited or not differing else Reason.PARENT_MOVED


def _must_remember(change: Change, entry: Entry) -> bool:
    if change.action is not Action.NOOP:
        return False
    after, head = change.entry(entry.id), entry.head()
    return replace(after.head(), created=head.created) != head or after.protected != entry.protected


def _protected(options: Options, entry: Entry | None) -> bool:
    if options.protect is not None:
        return options.protect
    return entry is not None and entry.protected


def _seen(entry: Entry | None) -> str:
    return "" if entry is None else asked_digest(entry.asked, entry.options).hex()


def _person(values: Values) -> int | None:
    person = values.get("responsibleId")
    return person if isinstance(person, int) else None


def forgetting(entry: Entry, reason: Reason) -> Change:
    """Return the FORGET of an entry: the task, if there is one, stays."""
    return Change(
        entry.key, Action.FORGET, reason, entry.id, title=entry.title,
        protected=entry.protected, responsible=_person(entry.found), seen=_seen(entry),
    )  # fmt: skip


def _deletion(entry: Entry, live: LiveTask, reason: Reason) -> Change:
    return Change(
        entry.key,
        Action.DELETE,
        reason,
        entry.id,
        tuple(
            FieldChange(name, live.fields.get(name), None)
            for name in FIELDS
            if name in entry.asked and name in live.fields
        ),
        title=str(live.fields.get("title") or entry.title),
        protected=entry.protected,
        markers=live.markers,
        activity=live.activity,
        responsible=_person(live.fields),
        seen=_seen(entry),
    )


def _deferral(entry: Entry, live: LiveTask, reason: Reason) -> Verdict:
    status = live.fields.get("status")
    settled = entry.deferred and status == DEFERRED
    change = Change(
        entry.key,
        Action.NOOP if settled else Action.DEFER,
        reason,
        entry.id,
        () if settled else (FieldChange("status", status, DEFERRED),),
        asked=entry.asked,
        made={**entry.made},
        options=entry.options,
        protected=entry.protected,
        title=str(live.fields.get("title") or entry.title),
        markers=live.markers,
        activity=live.activity,
        responsible=_person(live.fields),
        seen=_seen(entry),
    )
    return Verdict(change)
