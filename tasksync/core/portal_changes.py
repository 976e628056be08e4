"""What people changed on the portal since the last apply, and what the next apply does about it.

Pure: `LiveWatch` looks at the live tasks on their way into a plan, `portal_changes` holds
what it saw against what that plan decided. Remembered is what the portal held when the last apply
was done with a field (Entry.found); other fields are nobody's to compare.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from enum import StrEnum

from tasksync.core.change import Action, Change, Reason
from tasksync.core.fields import (
    DEFERRED,
    EXTRA_BIT,
    KeyRef,
    RemoteId,
    TaskKey,
    Value,
    digest_named,
    in_order,
    names_in,
    same,
)
from tasksync.core.manifest import marker_of
from tasksync.core.ownership import row_is_own
from tasksync.core.plan import Plan
from tasksync.core.state import Entry, State
from tasksync.core.task import LiveTask
from tasksync.value_classes import dataclass, field, replace


class Effect(StrEnum):
    """What the next apply does about a change of people's."""

    PUT_RIGHT = "put_right"  # the manifest asks for what was there: it is set again
    REPLACED = "replaced"  # the manifest was edited too: its value goes over theirs
    LOST = "lost"  # the task is to be deleted, and what they did with it
    STANDS = "stands"  # the field's policy, or the status being theirs, lets it stand
    AGREED = "agreed"  # the manifest asks for the same by now
    RELEASED = "released"  # the manifest manages the field, or the task, no more


#: what counts as drift: people's work that the next apply would undo
UNDONE = frozenset({Effect.PUT_RIGHT, Effect.REPLACED, Effect.LOST})


class Happened(StrEnum):
    """What happened to a whole task."""

    GONE = "gone"  # neither listed nor found by its id: deleted, or hidden from this key
    TAKEN = "taken"  # another task stands under its number
    UNMARKED = "unmarked"  # its marker was taken off


@dataclass(frozen=True, slots=True)
class FieldMoved:
    """One field that people changed: what it was, what it is, what the manifest asks for.

    `managed`: the manifest asks for something at all; `policy` is what it says whose the field is
    ("" where it says nothing of a status: then it is people's once they moved it on).
    """

    name: str
    was: Value
    found: Value
    wanted: Value
    effect: Effect
    policy: str = "enforce"
    managed: bool = True


@dataclass(frozen=True, slots=True)
class PortalChange:
    """One task that people changed. `person` is its responsible; when and who as far as known.

    `happened` is what happened to the whole task, with its effect; the fields of what is gone are
    not told. `at` is when the task was last changed at all, `by` who did that (0: not told).
    """

    key: TaskKey
    id: RemoteId
    title: str
    person: int | None = None
    fields: tuple[FieldMoved, ...] = ()
    happened: Happened | None = None
    effect: Effect = Effect.STANDS
    at: str | None = None
    by: int = 0

    @property
    def effects(self) -> Iterator[Effect]:
        """The effect of each of its changes."""
        if self.happened is not None:
            yield self.effect
        yield from (one.effect for one in self.fields)


@dataclass(frozen=True, slots=True)
class PortalChanges:
    """All of them, by key; `guards` would refuse the apply that puts them right.

    `compared` is False where the state remembers no task: then nobody knows what people changed.
    """

    project: str
    portal: str
    changes: tuple[PortalChange, ...]
    guards: tuple[str, ...] = ()
    unreadable: tuple[tuple[TaskKey, str], ...] = ()
    names: Mapping[int, str] = field(default_factory=dict)
    compared: bool = True

    def counts(self) -> Mapping[Effect, int]:
        """How many changes have each effect: a field counts once, a whole task too."""
        found = [effect for one in self.changes for effect in one.effects]
        return {effect: found.count(effect) for effect in Effect}

    def __bool__(self) -> bool:
        """Whether there is drift: something that the next apply would undo."""
        return any(effect in UNDONE for one in self.changes for effect in one.effects)


class LiveWatch:
    """Keeps the tasks that are not as they are remembered, while others look at all of them."""

    def __init__(self, marker: str | None) -> None:
        self._marker = marker
        self.moved: dict[TaskKey, tuple[Entry, LiveTask]] = {}
        self.names: dict[int, str] = {}
        self.state = State("")

    def watched(self, state: State, live: Iterable[LiveTask]) -> Iterator[LiveTask]:
        """Return the live tasks, to be read once; `state` is what they are compared with."""
        self.state = state
        return self._looked_at(state, live)

    def _looked_at(self, state: State, live: Iterable[LiveTask]) -> Iterator[LiveTask]:
        index, mark = state.index, marker_of(state.project)
        for task in live:
            row = index.row_of_id(task.id)
            if (
                row is not None
                and not task.unreadable
                and row_is_own(state, row, task, mark)
                and (index.deferred[row] or self._differs(task, index.masks[row], index.found(row)))
            ):
                key = index.key(row)
                self.moved[key] = (_resolved(state.entries[key], state), task)
                self.names.update(task.names)
            yield task

    def _differs(self, task: LiveTask, mask: int, digest: bytes) -> bool:
        if self._marker is not None and self._marker not in task.markers:
            return True
        if mask >> EXTRA_BIT & 1:  # the columns do not name extra fields
            return True
        try:
            return digest_named(task.fields, names_in(mask)) != digest
        except KeyError:
            return True


def _resolved(entry: Entry, state: State) -> Entry:
    """Return an entry whose parent, where it is remembered by its key, is that key's number."""
    above = entry.found.get("parentId")
    if not isinstance(above, KeyRef) or above.key not in state.index:
        return entry
    row = state.index.rows[above.key]
    return replace(entry, normalised={**entry.normalised, "parentId": state.index.ids[row]})


def portal_changes(plan: Plan, watch: LiveWatch, guards: Iterable[str] = ()) -> PortalChanges:
    """Return what people changed; `plan` was made of the very tasks that were watched."""
    judged = _Judged(plan, watch.state)
    changes = [judged.task(entry, live) for entry, live in watch.moved.values()]
    changes += judged.whole_tasks()
    told = sorted((one for one in changes if one.fields or one.happened), key=lambda one: one.key)
    names = {**watch.names, **dict(plan.names)}
    unreadable = tuple((one.key, one.what) for one in plan.unreadable)
    return PortalChanges(
        plan.project,
        plan.portal,
        tuple(told),
        tuple(guards),
        unreadable,
        names,
        compared=bool(watch.state.index),
    )


_VANISHED = {
    Reason.VANISHED: Happened.GONE,
    Reason.VANISHED_AGAIN: Happened.GONE,
    Reason.GONE: Happened.GONE,
    Reason.TAKEN: Happened.TAKEN,
}


class _Judged:
    """Looks up in a plan what it does about a field."""

    def __init__(self, plan: Plan, state: State) -> None:
        self._marker = plan.marker
        self._plan = plan
        self._state = state
        self._after = dict(plan.moved)
        self._before = {after: before for before, after in plan.moved}
        self._changes = {one.key: one for one in (*plan.changes, *plan.state_only)}
        self._standing = {(one.key, one.name): one for one in plan.standing}

    def task(self, entry: Entry, live: LiveTask) -> PortalChange:
        """Return what people changed of one task that is there."""
        key = self._after.get(entry.key, entry.key)
        change = self._changes.get(key)
        remembered = dict(entry.found)
        if entry.deferred:
            remembered["status"] = DEFERRED
        fields = tuple(
            self._field(key, entry, change, name, remembered[name], live.fields[name])
            for name in in_order(remembered)
            if name in live.fields and not same(name, remembered[name], live.fields[name])
        )
        unmarked = self._marker is not None and self._marker not in live.markers
        person = live.fields.get("responsibleId")
        return PortalChange(
            key,
            live.id,
            str(live.fields.get("title") or entry.title),
            person if isinstance(person, int) else None,
            fields,
            Happened.UNMARKED if unmarked else None,
            _marked_again(change),
            live.changed,
        )

    def _field(
        self,
        key: TaskKey,
        entry: Entry,
        change: Change | None,
        name: str,
        was: Value,
        found: Value,
    ) -> FieldMoved:
        options = entry.options if change is None else change.options
        policy = str(options.policies.get(name, "" if name == "status" else "enforce"))
        wanted, effect = self._decided(key, entry, change, name, found)
        managed = effect not in {Effect.RELEASED, Effect.LOST}
        return FieldMoved(name, was, found, wanted if managed else None, effect, policy, managed)

    def _decided(
        self, key: TaskKey, entry: Entry, change: Change | None, name: str, found: Value
    ) -> tuple[Value, Effect]:
        """Return what the manifest asks of a field, and what is done about their value."""
        if standing := self._standing.get((key, name)):
            return standing.wanted, Effect.STANDS
        if change is None and entry.deferred:
            return None, Effect.RELEASED
        asked = entry.asked if change is None else change.asked
        wanted = asked.get(name)
        if change is not None and (sent := _sent(change, name)) is not None:
            return sent
        if name not in asked:
            return None, Effect.RELEASED
        known = self._known(wanted)
        return wanted, Effect.AGREED if same(name, found, known) else Effect.STANDS

    def _known(self, value: Value) -> Value:
        """Return the number of a parent that is named by its key, where it has one."""
        if not isinstance(value, KeyRef):
            return value
        row = self._state.index.row(self._before.get(value.key, value.key))
        return value if row is None else self._state.index.ids[row]

    def whole_tasks(self) -> Iterator[PortalChange]:
        """Yield the tasks that are gone, and those whose number is another's now."""
        state = self._state
        for change in self._plan.changes:
            happened = _VANISHED.get(change.reason)
            key = self._before.get(change.key, change.key)
            if happened is None or key not in state.index:
                continue
            entry = state.entries[key]
            again = change.action is Action.CREATE
            effect = Effect.PUT_RIGHT if again else Effect.RELEASED
            person = entry.found.get("responsibleId")
            yield PortalChange(
                change.key,
                entry.id,
                entry.title,
                person if isinstance(person, int) else None,
                happened=happened,
                effect=effect,
            )


def _marked_again(change: Change | None) -> Effect:
    if change is None or change.action is Action.FORGET:
        return Effect.RELEASED
    if change.action is Action.DELETE:
        return Effect.LOST
    return Effect.PUT_RIGHT


def _sent(change: Change, name: str) -> tuple[Value, Effect] | None:
    """Return what a change does to a field, None where it does nothing to it."""
    if change.action is Action.DELETE:
        return None, Effect.LOST
    for one in change.fields:
        if one.name == name:
            edited = name in change.edited or change.action is Action.DEFER
            return one.after, Effect.REPLACED if edited else Effect.PUT_RIGHT
    gone = change.action in {Action.FORGET, Action.DEFER}
    return (None, Effect.RELEASED) if gone else None
