"""The inverse of one change that a run did, or why there is none (core.undoing has the table)."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence

from tasksync.core.change import Action, Change, FieldChange, Reason, base_digest_of
from tasksync.core.fields import (
    DEFERRED,
    FIELDS,
    MOVED_ON,
    PENDING,
    STATUS_WORDS,
    FieldKind,
    RemoteId,
    Value,
    Values,
    beside,
    in_order,
    same,
)
from tasksync.core.history import RecordedChange, RecordedField
from tasksync.core.later_runs import Since
from tasksync.core.left_there import LeftThere
from tasksync.core.manifest import marker_of
from tasksync.core.marking import with_marker, without_marker
from tasksync.core.ownership import is_own
from tasksync.core.plan import Plan
from tasksync.core.planning.decision import creation
from tasksync.core.remembered_runs import short
from tasksync.core.secrets import HIDDEN, may_lack_a_secret
from tasksync.core.state import Entry, State
from tasksync.core.task import LiveTask, Place, Task
from tasksync.value_classes import replace

_PLANNED_DATES = frozenset({"startDatePlan", "endDatePlan"})


class Inverses:
    """Turns changes round: a change, or in words why not, or None where it is done already."""

    def __init__(
        self, since: Since, state: State, live: Mapping[RemoteId, LiveTask], frame: Plan
    ) -> None:
        self._since = since
        self._state = state
        self._live = live
        self._marker = frame.marker
        self._mark = marker_of(frame.project)
        self._left = LeftThere(state)

    def of(self, one: RecordedChange) -> Change | str | None:
        """Return the inverse of a change."""
        if one.key in self._since.taken_back:
            return None
        if one.key in self._since.changed:
            later = self._since.changed[one.key]
            return f"run {short(later.id)} ({later.command}) changed it again"
        inverse = {
            Action.UPDATE: self._put_back,
            Action.DEFER: self._put_back,
            Action.CREATE: self._deleted,
            Action.DELETE: self._made_again,
            Action.ADOPT: self._let_go,
            Action.FORGET: self._taken_over,
        }
        return inverse[Action(one.action)](one)

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
        now = {**live.fields, **entry.asked}
        if entry.deferred:  # what it asks is its status before that
            now["status"] = DEFERRED
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
            FieldChange(
                each.name,
                _beside(each.name, self._left.by(one, entry, live, each), each.after),
                each.before,
            )
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
        there = live.fields.get("status")
        # nobody may have asked for its status: who moved it on has worked on the task
        left = {"status": PENDING if there in MOVED_ON else there, **entry.asked}
        asked = [
            RecordedField(name, None, left[name])
            for name in in_order(left)
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
        if why := _hidden(read):
            return why
        if self.lost_parent(one):
            del read["parentId"]
        made = creation(
            Task(one.key, {n: read[n] for n in in_order(read)}, Place("")), Reason.REMADE
        )
        return replace(made, place=None)

    def lost_parent(self, one: RecordedChange) -> bool:
        """Tell whether a task hung on one that is not ours, and is there no more."""
        above = one.read.get("parentId") if one.action == Action.DELETE else None
        return isinstance(above, int) and above not in self._live

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
        if _was_marked_by(one, entry):
            change = without_marker(change, live, self._mark)
        fields = self._fields(one, entry, live, differing)
        names = {each.name for each in fields}
        together = {**change.sent_together, **_sent_together(names, entry, live)}
        together = {name: together[name] for name in in_order(together) if name not in names}
        markers = change.markers if change.sent_together else live.markers
        return replace(change, fields=fields, sent_together=together, markers=markers)

    def _taken_over(self, one: RecordedChange) -> Change | str | None:
        """Return the ADOPT of what was let go of."""
        entry = self._state.entries.get(one.key)
        if entry is not None:
            return None if entry.id == one.id else f"the key has a task again: {entry.id}"
        live = self._live.get(one.id)
        if live is None:
            return f"task {one.id} is gone from the portal, or hidden from this key"
        known, differing = Entry(one.key, one.id, one.read), _differing(one)
        before = {each.name: each.before for each in differing}
        if why := self._why_not_free(one, known, live) or _hidden({**one.read, **before}):
            return why
        fields = self._fields(one, known, live, differing)
        names = {each.name for each in fields}
        change = Change(
            one.key,
            Action.ADOPT,
            Reason.UNDONE,
            one.id,
            fields,
            _sent_together(names, known, live),
            one.read,
            self._turned(one, known, live, names),
            title=known.title,
            markers=live.markers,
            responsible=_person(live.fields),
            created=live.created or "",
        )
        return with_marker(change, live, self._marker)

    def _why_not_free(self, one: RecordedChange, known: Entry, live: LiveTask) -> str:
        """Return why what was let go of is not to be taken over."""
        left = replace(known, asked={**one.read, **{each.name: each.after for each in one.fields}})
        if live.unreadable:
            return f"task {one.id} cannot be read: {live.unreadable}"
        if self._state.index.row_of_id(one.id) is not None:
            return f"task {one.id} has another key now"
        if not is_own(left, live, self._mark):
            return (
                f"whether task {one.id} is still the one cannot be told: another title or "
                "responsible, or another project's marker"
            )
        return ""

    def _turned(self, one: RecordedChange, known: Entry, live: LiveTask, names: set[str]) -> Values:
        """Return what the portal made of values that are not sent; what people set is drift."""
        found: dict[str, Value] = {}
        for name, asked in one.read.items():
            there = live.fields.get(name, asked)
            if name in names or same(name, there, asked):
                continue
            if same(name, there, self._left.by(one, known, live, RecordedField(name, None, asked))):
                found[name] = there
        return found


def _differing(one: RecordedChange) -> list[RecordedField]:
    """Return the fields that a change made other than they were, of those that can be sent."""
    return [
        each
        for each in one.fields
        if FIELDS[each.name].on_update and not same(each.name, each.before, each.after)
    ]


def _was_marked_by(one: RecordedChange, entry: Entry) -> bool:
    """Tell whether an adoption put the marker on; what bore it before keeps it.

    Else the next apply would not find it again, and make another.
    """
    tags = [each for each in one.fields if each.name == "tags"]
    alone = any(same("tags", each.before, each.after) for each in tags)
    return alone or entry.options.adopt == one.id


def _why_not(entry: Entry, differing: Sequence[RecordedField]) -> str:
    """Return why fields cannot be put back: asked otherwise since, or not known."""
    for each in differing:
        if each.before is None and not FIELDS[each.name].clearable:
            return f"what its {each.name} was is not known"
        asked = entry.asked.get(each.name, each.after)
        known = (each.before, each.after)
        if not entry.deferred and not any(same(each.name, asked, one) for one in known):
            return f"the state asks another {each.name} since"
    return _hidden({each.name: each.before for each in differing})


def _hidden(values: Values) -> str:
    """Return why values cannot be written: a secret was taken out of one before it was saved.

    Stars that somebody wrote look the same; to write them over what stood there would lose it.
    """
    for name, value in values.items():
        if may_lack_a_secret(value):
            return (
                f"what its {name} was is kept with {HIDDEN} in it, which may stand for a secret "
                "that was never saved"
            )
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
    resets = "responsibleId" in names and "status" not in names
    if resets and status in STATUS_WORDS and status != PENDING:
        together["status"] = status
    return {name: together[name] for name in in_order(together)}


def _person(values: Values) -> int | None:
    person = values.get("responsibleId")
    return person if isinstance(person, int) else None


def _beside(name: str, value: Value, other: Value) -> Value:
    """Return an instant in the zone in which it was asked."""
    return beside(value, other) if FIELDS[name].kind is FieldKind.INSTANT else value
