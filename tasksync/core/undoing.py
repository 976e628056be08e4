"""`undo`: the plan that takes a run back, of what is kept of that run, the state, and the portal.

Pure. A run's changes are turned round one by one; what is not here is said, and left out:

recorded   inverse   what it does                              cannot be, where
UPDATE     UPDATE    the fields that differed, as they were    later changed, forgotten, gone
           (DEFER)   ... where the status was deferred
DEFER      UPDATE    the status as it was; not deferred        later changed, forgotten, gone
CREATE     DELETE    the task goes, and its entry              later changed, hidden
DELETE     CREATE    a new task with every field that it had   the key has a task again, no parent
ADOPT      FORGET    the marker off, changed fields put back   later changed
FORGET     ADOPT     its id taken over, asks what it asked     gone, not to be told apart, has one

`before` of each field is what the run left there, so that a portal that moved on makes it stale
(core.staleness); what the portal is known to make of a value is what the run left. Entries ask
afterwards for what was put back. An inverse that the state shows as done is left out: an undo that
was cut off goes on so. A later change that was itself undone is none.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace

from tasksync.core.change import Action, Change, FieldChange, Reason, base_digest_of
from tasksync.core.fields import (
    DEFERRED,
    FIELDS,
    PENDING,
    STATUS_WORDS,
    KeyRef,
    RemoteId,
    TaskKey,
    Value,
    Values,
    in_order,
    same,
)
from tasksync.core.history import RecordedChange, RecordedField
from tasksync.core.left_there import LeftThere
from tasksync.core.manifest import marker_of
from tasksync.core.marking import with_marker, without_marker
from tasksync.core.ownership import is_own
from tasksync.core.plan import Plan
from tasksync.core.planning.decision import creation
from tasksync.core.planning.ordering import in_levels
from tasksync.core.runs import Since, shown_id
from tasksync.core.state import Entry, State
from tasksync.core.task import LiveTask, Place, Task

_PLANNED_DATES = frozenset({"startDatePlan", "endDatePlan"})


@dataclass(frozen=True, slots=True)
class Undoing:
    """A plan that takes a run back; why of some keys it does not; what is taken back already.

    `without_parent` are tasks that are made again without the foreign parent that they had.
    """

    plan: Plan
    cannot: Mapping[TaskKey, str] = field(default_factory=dict)
    done: tuple[TaskKey, ...] = ()
    without_parent: tuple[TaskKey, ...] = ()


def ids_of(recorded: Iterable[RecordedChange], state: State) -> set[RemoteId]:
    """Return the tasks that are to be read before a run is taken back."""
    ids: set[RemoteId] = set()
    for one in recorded:
        row = state.index.row(one.key)
        ids |= {one.id} if row is None else {one.id, RemoteId(state.index.ids[row])}
        above = one.read.get("parentId")
        if isinstance(above, int):
            ids.add(RemoteId(above))
    return ids


def undo_plan(
    recorded: Sequence[RecordedChange],
    since: Since,
    state: State,
    live: Mapping[RemoteId, LiveTask],
    frame: Plan,
) -> Undoing:
    """Return how a run is taken back; `frame` is a plan of this project without changes.

    `live` are the tasks of `ids_of` that are there.
    """
    return _Inverses(since, state, live, frame).of(recorded)


class _Inverses:
    """Turns the changes of one run round."""

    def __init__(
        self, since: Since, state: State, live: Mapping[RemoteId, LiveTask], frame: Plan
    ) -> None:
        self._since = since
        self._state = state
        self._live = live
        self._frame = frame
        self._mark = marker_of(frame.project)
        self._left = LeftThere(state)
        self._changes: dict[TaskKey, Change] = {}
        self._cannot: dict[TaskKey, str] = {}
        self._done: list[TaskKey] = []
        self._without_parent: list[TaskKey] = []

    def of(self, recorded: Sequence[RecordedChange]) -> Undoing:
        for one in recorded:
            found = self._inverse(one)
            if isinstance(found, Change):
                self._changes[one.key] = found
            elif found is None:
                self._done.append(one.key)
            else:
                self._cannot[one.key] = found
        self._without_orphans()
        changes = self._changes.values()
        index = self._state.index
        plan = replace(
            self._frame,
            levels=tuple(in_levels(changes, self._follows())),
            tracked=len(index),
            wanted=max(len(index), 1),  # what a manifest wants is not asked: no guard of that
            unchanged=len(index) - sum(change.key in index for change in changes),
        )
        return Undoing(plan, self._cannot, tuple(self._done), tuple(self._without_parent))

    def _inverse(self, one: RecordedChange) -> Change | str | None:
        """Return the inverse of a change, why there is none, or None where it is done already."""
        if one.key in self._since.taken_back:
            return None
        if one.key in self._since.changed:
            later = self._since.changed[one.key]
            return f"run {shown_id(later)} ({later.command}) changed it again"
        match Action(one.action):
            case Action.UPDATE | Action.DEFER:
                return self._put_back(one)
            case Action.CREATE:
                return self._deleted(one)
            case Action.DELETE:
                return self._made_again(one)
            case Action.ADOPT:
                return self._let_go(one)
            case Action.FORGET:
                return self._taken_over(one)
            case Action.NOOP:
                return None

    def _entry_of(self, one: RecordedChange) -> Entry | str:
        """Return the entry of the task that was changed, or why it is not to be had."""
        entry = self._state.entries.get(one.key)
        if entry is None:
            row = self._state.index.row_of_id(one.id)
            if row is not None:
                return f"its key is {self._state.index.key(row)} now"
            return "the state remembers no such task any more"
        if entry.id != one.id and one.key not in self._since.back_again:
            return f"its task is {entry.id} now, and was {one.id}"
        if entry.moved_to is not None:
            return f"its task was moved to {entry.moved_to}"
        return entry

    def _put_back(self, one: RecordedChange) -> Change | str | None:
        """Return the UPDATE that puts fields back."""
        entry = self._entry_of(one)
        if isinstance(entry, str):
            return entry
        live = self._live.get(entry.id)
        if live is None:
            return f"task {entry.id} is gone from the portal, or hidden from this key"
        if live.unreadable:
            return f"task {entry.id} cannot be read: {live.unreadable}"
        differing = _differing(one)
        deferred = one.action == Action.DEFER
        if not differing or (deferred and not entry.deferred) or self._is_back(entry, one, live):
            return None
        if why := _why_not(entry, differing):
            return why
        return self._update(one, entry, live, differing)

    def _is_back(self, entry: Entry, one: RecordedChange, live: LiveTask) -> bool:
        """Tell whether a task asks already for what the run found."""
        if entry.deferred:
            return False
        now = {**live.fields, **entry.asked}
        return all(same(f.name, now.get(f.name), f.before) for f in _differing(one))

    def _update(
        self, one: RecordedChange, entry: Entry, live: LiveTask, differing: list[RecordedField]
    ) -> Change:
        fields = self._fields(one, entry, live, differing)
        names = {each.name for each in fields}
        back: Values = {each.name: each.after for each in fields if each.name in entry.asked}
        defers = not entry.protected and any(
            each.name == "status" and each.after == DEFERRED for each in fields
        )
        if defers:  # what a deferred task asks is its status before that
            back = {name: value for name, value in back.items() if name != "status"}
        asked = {**entry.asked, **back}
        return Change(
            one.key,
            Action.DEFER if defers else Action.UPDATE,
            Reason.UNDONE,
            entry.id,
            fields,
            _sent_together(names, entry, live),
            asked,
            {name: value for name, value in entry.normalised.items() if name not in names},
            entry.options,
            entry.protected,
            str(asked.get("title") or live.fields.get("title") or one.title),
            markers=live.markers,
            responsible=_person(live.fields),
            base_digest=base_digest_of(entry),
            created=live.created or entry.created,
            edited=tuple(n for n in in_order(back) if not same(n, back[n], entry.asked[n])),
            written={name: said for name, said in entry.written.items() if name not in names},
        )

    def _fields(
        self, one: RecordedChange, entry: Entry, live: LiveTask, differing: Iterable[RecordedField]
    ) -> tuple[FieldChange, ...]:
        return tuple(
            FieldChange(each.name, self._left.by(one, entry, live, each), each.before)
            for each in sorted(differing, key=lambda f: (FIELDS[f.name].bit, f.name))
        )

    def _deleted(self, one: RecordedChange) -> Change | str | None:
        """Return the DELETE of what was made; what people changed in it makes it stale."""
        if one.key not in self._state.index and self._state.index.row_of_id(one.id) is None:
            return None
        entry = self._entry_of(one)
        if isinstance(entry, str):
            return entry
        if entry.hidden and entry.id not in self._live:
            return f"the portal gave it the number {entry.id} and does not show it to this key"
        live = self._live.get(entry.id) or LiveTask(entry.id, {})
        if live.unreadable:
            return f"task {entry.id} cannot be read: {live.unreadable}"
        asked = [
            RecordedField(name, None, entry.asked[name])
            for name in in_order(entry.asked)
            if name in live.fields and FIELDS[name].on_update
        ]
        fields = tuple(replace(each, after=None) for each in self._fields(one, entry, live, asked))
        return Change(
            one.key,
            Action.DELETE,
            Reason.UNDONE,
            entry.id,
            fields,
            title=str(live.fields.get("title") or entry.title),
            protected=entry.protected,
            markers=live.markers,
            activity=live.activity,
            responsible=_person(live.fields or entry.found),
            base_digest=base_digest_of(entry),
        )

    def _made_again(self, one: RecordedChange) -> Change | str | None:
        """Return the CREATE of what was deleted, with every field that it had."""
        read = dict(one.read)
        entry = self._state.entries.get(one.key)
        if entry is not None:
            is_it = all(same(name, entry.asked.get(name), value) for name, value in read.items())
            return None if is_it else f"the key has a task again: {entry.id}"
        if any(intent.key == one.key for intent in self._state.intents):
            return "a create of it is in doubt: apply looks for it"
        if "title" not in read or "responsibleId" not in read:
            return "its title or its responsible was not kept"
        above = read.get("parentId")
        if isinstance(above, int) and above not in self._live:
            del read["parentId"]
            self._without_parent.append(one.key)
        made = creation(
            Task(one.key, {n: read[n] for n in in_order(read)}, Place("")), Reason.REMADE
        )
        return replace(made, place=None)

    def _let_go(self, one: RecordedChange) -> Change | str | None:
        """Return the FORGET of what was adopted, with what the adoption changed put back."""
        if one.key not in self._state.index and self._state.index.row_of_id(one.id) is None:
            return None
        entry = self._entry_of(one)
        if isinstance(entry, str):
            return entry
        live = self._live.get(entry.id)
        change = Change(
            one.key, Action.FORGET, Reason.UNDONE, entry.id, title=entry.title,
            protected=entry.protected, responsible=_person(entry.found),
            base_digest=base_digest_of(entry),
        )  # fmt: skip
        if live is None:
            return change
        if live.unreadable:
            return f"task {entry.id} cannot be read: {live.unreadable}"
        differing = _differing(one)
        if why := _why_not(entry, differing):
            return why
        change = without_marker(change, live, self._mark)
        fields = self._fields(one, entry, live, differing)
        names = {each.name for each in fields}
        together = {**change.sent_together, **_sent_together(names, entry, live)}
        together = {name: together[name] for name in in_order(together) if name not in names}
        others = tuple(marker for marker in live.markers if marker != self._mark)
        return replace(change, fields=fields, sent_together=together, markers=others)

    def _taken_over(self, one: RecordedChange) -> Change | str | None:
        """Return the ADOPT of what was let go of."""
        entry = self._state.entries.get(one.key)
        if entry is not None:
            return None if entry.id == one.id else f"the key has a task again: {entry.id}"
        live = self._live.get(one.id)
        known = Entry(one.key, one.id, one.read)
        if live is None:
            return f"task {one.id} is gone from the portal, or hidden from this key"
        if live.unreadable:
            return f"task {one.id} cannot be read: {live.unreadable}"
        if self._state.index.row_of_id(one.id) is not None:
            return f"task {one.id} has another key now"
        if not is_own(known, live, self._mark):
            return (
                f"whether task {one.id} is still the one cannot be told: another title or "
                "responsible, or another project's marker"
            )
        fields = self._fields(one, known, live, _differing(one))
        names = {each.name for each in fields}
        change = Change(
            one.key,
            Action.ADOPT,
            Reason.UNDONE,
            one.id,
            fields,
            _sent_together(names, known, live),
            one.read,
            title=known.title,
            markers=live.markers,
            responsible=_person(live.fields),
            created=live.created or "",
        )
        return with_marker(change, live, self._frame.marker)

    def _without_orphans(self) -> None:
        """Take out what would hang on a parent that has no task, and is not made again."""
        while missing := [
            (key, above)
            for key, change in self._changes.items()
            for above in change.unresolved
            if not self._will_be(above)
        ]:
            for key, above in missing:
                self._changes.pop(key, None)
                self._cannot[key] = f"its parent {above} has no task any more"

    def _will_be(self, key: TaskKey) -> bool:
        if key in self._state.index:
            return True
        change = self._changes.get(key)
        return change is not None and change.action in {Action.CREATE, Action.ADOPT}

    def _follows(self) -> dict[TaskKey, TaskKey]:
        """Return for each task that moves the nearest one above its new place that moves too."""
        movers = {
            key: one.after
            for key, change in self._changes.items()
            for one in change.fields
            if one.name == "parentId" and change.action is Action.UPDATE
        }
        follows: dict[TaskKey, TaskKey] = {}
        for key, after in movers.items():
            for above in self._above(after, movers):
                if above in movers and above != key:
                    follows[key] = above
                    break
        return follows

    def _above(self, at: Value, movers: Mapping[TaskKey, Value]) -> Iterator[TaskKey]:
        passed: set[TaskKey] = set()
        while isinstance(at, KeyRef) and at.key not in passed:
            passed.add(at.key)
            yield at.key
            entry = self._state.entries.get(at.key)
            asked = None if entry is None else entry.asked.get("parentId")
            at = movers.get(at.key, asked)


def _differing(one: RecordedChange) -> list[RecordedField]:
    """Return the fields that a change made other than they were, of those that can be sent."""
    return [
        each
        for each in one.fields
        if FIELDS[each.name].on_update and not same(each.name, each.before, each.after)
    ]


def _why_not(entry: Entry, differing: Iterable[RecordedField]) -> str:
    """Return why fields cannot be put back: asked otherwise since, or not known."""
    for each in differing:
        if each.before is None and not FIELDS[each.name].clearable:
            return f"what its {each.name} was is not known"
        asked = entry.asked.get(each.name, each.after)
        known = (each.before, each.after)
        if not entry.deferred and not any(same(each.name, asked, one) for one in known):
            return f"the state asks another {each.name} since"
    return ""


def _sent_together(names: set[str], entry: Entry, live: LiveTask) -> dict[str, Value]:
    """Return what goes with these fields though it does not differ (design 5).

    The portal resets the status when the responsible changes, and takes planned dates as a pair.
    """
    together: dict[str, Value] = {}
    if names & _PLANNED_DATES:
        for name in _PLANNED_DATES - names & entry.asked.keys():
            if live.fields.get(name) is not None:
                together[name] = live.fields[name]
    status = live.fields.get("status")
    if "responsibleId" in names and "status" not in names:
        if status in STATUS_WORDS and status != PENDING:
            together["status"] = status
    return {name: together[name] for name in in_order(together)}


def _person(values: Values) -> int | None:
    person = values.get("responsibleId")
    return person if isinstance(person, int) else None
