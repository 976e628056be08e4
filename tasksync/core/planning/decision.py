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

from collections.abc import Iterable, Iterator, Mapping

from tasksync.core.change import Action, Change, FieldChange, Reason, base_digest_of
from tasksync.core.equivalence import equivalent
from tasksync.core.fields import (
    DEFERRED,
    FIELDS,
    MOVED_ON,
    PENDING,
    STATUS_WORDS,
    FieldKind,
    KeyRef,
    RemoteId,
    TaskKey,
    Value,
    Values,
    beside,
    extras_in,
    in_order,
    same,
)
from tasksync.core.plan import Drift, Standing, Stands
from tasksync.core.planning.field_policies import Differs, Sends, decided
from tasksync.core.proof import STATUS_TURNS
from tasksync.core.state import Entry, InProject
from tasksync.core.task import (
    LETS_STAND,
    NO_OPTIONS,
    NOTHING_WRITTEN,
    FieldPolicy,
    LiveTask,
    OnRemove,
    Options,
    Task,
)
from tasksync.value_classes import dataclass, field, replace

_MISSING = object()
#: policies under which people's value may be remembered as what is there
_LENIENT = frozenset({FieldPolicy.ACCEPT, FieldPolicy.RATCHET})
#: policies under which a field that is set on create only may differ without a word
_NEVER_SENT = frozenset({FieldPolicy.ACCEPT, FieldPolicy.SEED})
_EMPTY = tuple((name, one.empty) for name, one in FIELDS.items())


@dataclass(slots=True)
class Decision:
    """What was decided of one key: a change (NOOP: perhaps to be remembered), and beside it drift.

    `standing` is what differs and is left as it is.
    """

    change: Change
    drift: list[Drift] = field(default_factory=list)
    remember: bool = False
    standing: list[Standing] = field(default_factory=list)


@dataclass(slots=True)
class _Compared:
    """What comparing the managed fields of one task came to.

    `theirs` are the values that a policy lets stand: they are sent together with what would make
    the portal reset them.
    """

    differing: list[FieldChange] = field(default_factory=list)
    drift: list[Drift] = field(default_factory=list)
    normalised: dict[str, Value] = field(default_factory=dict)
    standing: list[Standing] = field(default_factory=list)
    theirs: dict[str, Value] = field(default_factory=dict)


def creation(task: Task, reason: Reason, entry: Entry | None = None) -> Change:
    """Return the CREATE of a wanted task: every field that is not empty is sent."""
    wanted = task.fields
    fields = tuple(
        [
            FieldChange(name, None, wanted[name])
            for name, empty in _EMPTY
            if name in wanted and wanted[name] != empty
        ]
        + [
            FieldChange(name, None, wanted[name])
            for name in extras_in(wanted)
            if wanted[name] not in {None, ()}
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
        written=task.written,
        base_digest=base_digest_of(entry),
    )


def comparison(
    task: Task,
    entry: Entry,
    live: LiveTask,
    ids: Mapping[TaskKey, RemoteId],
) -> Decision:
    """Return UPDATE with exactly the fields that differ, or NOOP, and the drift beside it."""
    compared = _Comparison(task, entry, live, ids).compared
    differing = compared.differing
    if all(one.name != "status" for one in differing):
        differing += _return(task, entry, live)
    differing.sort(key=lambda one: (FIELDS[one.name].bit, one.name))
    sent_together = _sent_together(compared, task, live, ids)
    change = Change(
        task.key,
        Action.UPDATE if differing else Action.NOOP,
        _reason(differing, entry),
        live.id,
        tuple(differing),
        sent_together,
        task.fields,
        compared.normalised,
        task.options,
        _protected(task.options, entry),
        str(task.fields.get("title") or live.fields.get("title") or task.key),
        task.place,
        live.markers,
        responsible=_person(live.fields),
        base_digest=base_digest_of(entry),
        forms=_forms({*(one.name for one in differing), *sent_together}, task, entry),
        edited=tuple(_edited(task.fields, entry.asked)),
        written=task.written,
        because=_because(differing, task, entry) if entry.written else NOTHING_WRITTEN,
    )
    return Decision(change, compared.drift, _must_remember(change, entry), compared.standing)


def adoption(
    task: Task,
    live: LiveTask,
    reason: Reason,
    ids: Mapping[TaskKey, RemoteId],
    gone: Entry | None = None,
) -> Decision:
    """Return the ADOPT of a live task, with the fields that differ from what is wanted.

    `gone` is the entry whose own task vanished, where there is one.
    """
    decision = comparison(task, Entry(task.key, live.id, {}), live, ids)
    change = replace(
        decision.change,
        action=Action.ADOPT,
        reason=reason,
        protected=_protected(task.options, gone),
        base_digest=base_digest_of(gone),
        edited=(),
    )
    return Decision(change, standing=decision.standing)


def taking_over(
    task: Task, live: LiveTask, entry: Entry, origin: InProject, ids: Mapping[TaskKey, RemoteId]
) -> Decision:
    """Return the ADOPT of another project's task: compared with what that project remembers of it.

    So what people did under `accept` and its like stands, and what was deferred comes back.
    """
    decision = comparison(task, entry, live, ids)
    change = replace(
        decision.change,
        action=Action.ADOPT,
        reason=Reason.MOVED_HERE,
        base_digest="",
        edited=(),
        origin=origin,
    )
    return Decision(change, decision.drift, standing=decision.standing)


def removal(entry: Entry, live: LiveTask | None, on_remove: OnRemove, reason: Reason) -> Decision:
    """Return what happens to a task that is no longer wanted."""
    if live is None:
        return Decision(forgetting(entry, Reason.GONE, on_remove))
    match on_remove:
        case OnRemove.FORGET:
            return Decision(forgetting(entry, reason))
        case OnRemove.DEFER:
            return _deferral(entry, live, reason)
        case OnRemove.DELETE:
            return Decision(_deletion(entry, live, reason))


class _Comparison:
    """Compares the managed fields of one task: with what is there, and with what is remembered."""

    def __init__(
        self, task: Task, entry: Entry, live: LiveTask, ids: Mapping[TaskKey, RemoteId]
    ) -> None:
        self.compared = _Compared()
        self._task, self._entry, self._live, self._ids = task, entry, live, ids
        self._remembered = entry.found
        self._policies, self._before = task.options.policies, entry.options.policies
        for name, wanted in task.fields.items():
            self._compare(name, wanted)

    def _compare(self, name: str, wanted: Value) -> None:
        compared, remembered, ids = self.compared, self._remembered, self._ids
        found = self._live.fields.get(name, _MISSING)
        unknown = found is _MISSING and name not in remembered
        believed = _known(remembered.get(name, FIELDS[name].empty), ids)
        before: Value = believed if found is _MISSING else found  # type: ignore[assignment]
        policy = self._policies.get(name)
        asked = self._entry.asked
        unchanged = name in asked and _same(name, wanted, asked[name])
        edited = policy is FieldPolicy.ACCEPT and not unchanged
        if not FIELDS[name].on_update and (policy not in _NEVER_SENT or edited):
            if not (unknown or _same(name, before, wanted)):
                self._stands(name, wanted, before, Stands.LEFT)
                if edited:
                    compared.normalised[name] = before
            return
        drifted = name in remembered and not _same(name, before, _known(remembered[name], ids))
        overruled = self._is_stricter(name) and self._was_let_stand(name)
        # which task a key means may have changed since, but not that the portal keeps no parent
        refers = isinstance(wanted, KeyRef) and remembered.get(name) is not None
        expected = unchanged and not drifted and not refers and not overruled
        if policy is FieldPolicy.SEED:
            compared.normalised[name] = before
        elif not unknown and (expected or _same(name, before, _known(wanted, ids))):
            if not _same(name, before, wanted):
                compared.normalised[name] = before
                if policy in _LENIENT and not _same(name, before, _known(wanted, ids)):
                    compared.theirs[name] = before
        else:
            edited = bool(asked) and not unchanged
            moved = drifted or overruled or name not in remembered
            self._decide(Differs(name, wanted, before, edited, moved), drifted or overruled)

    def _decide(self, one: Differs, drifted: bool) -> None:  # noqa: FBT001 - two facts of one field
        name, policy = one.name, self._policies.get(one.name)
        moved_on = name == "status" and self._moved_on(one.wanted, one.found)
        if moved_on and policy is None and not one.edited:
            self._stands(name, one.wanted, one.found, Stands.LEFT)
            return
        what = decided(policy, one)
        if isinstance(what, Sends) or self._is_ours(one):
            self._send(one, drifted or moved_on)
            return
        self.compared.normalised[name] = self.compared.theirs[name] = one.found
        if isinstance(what, Stands):
            self._stands(name, one.wanted, one.found, what)

    def _is_ours(self, one: Differs) -> bool:
        """Tell whether no policy lets a value stand, since people have nothing to do with it.

        A status that our deferring set, and the number that a parent had before it is made again.
        """
        if one.name == "status":
            return self._entry.deferred and one.found == DEFERRED
        remade = isinstance(one.wanted, KeyRef) and one.wanted.key not in self._ids
        return remade and not one.moved

    def _send(self, one: Differs, drifted: bool) -> None:  # noqa: FBT001
        name, policy = one.name, self._policies.get(one.name)
        peoples = drifted or self._is_peoples(name)
        self.compared.differing.append(
            FieldChange(
                name,
                _beside(name, one.found, one.wanted),
                one.wanted,
                drifted,
                replaces=policy is FieldPolicy.ACCEPT and one.edited and peoples,
            )
        )
        if drifted and not one.edited and name in self._entry.asked:
            was = self._remembered[name]
            if not _same(name, one.found, _known(was, self._ids)):
                drift = Drift(self._task.key, self._live.id, name, was, one.found)
                self.compared.drift.append(drift)

    def _stands(self, name: str, wanted: Value, found: Value, why: Stands) -> None:
        self.compared.standing.append(
            Standing(self._task.key, self._live.id, name, wanted, _beside(name, found, wanted), why)
        )

    def _was_let_stand(self, name: str) -> bool:
        """Tell whether what is remembered is not as asked, and a policy let that stand.

        Of a status it may be the portal's own making (core.proof): what nobody can tell is asked
        for once more by a stricter policy, and what comes of it is remembered as any other.
        """
        entry = self._entry
        if self._before.get(name) not in LETS_STAND or name not in entry.normalised:
            return False
        if name == "status" and entry.deferred:
            return False
        asked, found = _known(entry.asked.get(name), self._ids), entry.normalised[name]
        return not _same(name, asked, found) and not equivalent(name, asked, found)

    def _is_peoples(self, name: str) -> bool:
        """Tell whether what is remembered is what people set, and a policy let stand."""
        turned = self._entry.asked.get(name), self._entry.normalised.get(name)
        return self._was_let_stand(name) and not (name == "status" and turned in STATUS_TURNS)

    def _is_stricter(self, name: str) -> bool:
        """Tell whether another policy is to decide anew of what the one before let stand."""
        return self._policies.get(name) is not self._before.get(name)

    def _moved_on(self, wanted: Value, found: Value) -> bool:
        """Tell whether people moved a status on: neither we nor what the portal made of it.

        Without a memory of the status it was they, unless the portal makes the one of the other,
        or the task was deferred by us.
        """
        entry = self._entry
        if self._live.fields.get("status") not in MOVED_ON:
            return False
        if entry.deferred and found == DEFERRED:
            return False
        if not entry.asked:
            return (wanted, found) not in STATUS_TURNS
        return found != self._remembered.get("status") or self._is_peoples("status")


def _because(differing: Iterable[FieldChange], task: Task, entry: Entry) -> dict[str, str]:
    """Return what the same words came to before, for fields that differ because of that."""
    because: dict[str, str] = {}
    for one in differing:
        written = task.written.get(one.name)
        if written is None or entry.written.get(one.name) != written:
            continue
        before = entry.asked.get(one.name)
        if before is not None and not same(one.name, before, task.fields[one.name]):
            was = ", ".join(map(str, before)) if isinstance(before, tuple) else before
            because[one.name] = f"{written} was {was}"
    return because


def _forms(names: Iterable[str], task: Task, entry: Entry) -> dict[str, Value]:
    """Return what came back of these fields when the very same was asked of them before.

    A parent that is named by its key is asked for anew where that key's task is another now.
    """
    forms: dict[str, Value] = {}
    for name in names:
        wanted = task.fields.get(name)
        if name not in entry.asked or not _same(name, wanted, entry.asked[name]):
            continue
        if name in entry.unproved:
            forms[name] = entry.unproved[name]
        elif name in entry.normalised and not isinstance(wanted, KeyRef):
            forms[name] = entry.normalised[name]
    return forms


def _return(task: Task, entry: Entry, live: LiveTask) -> list[FieldChange]:
    """Return the status that a task deferred by us gets back when its key comes back.

    That the portal has what our deferring made of it is no reason to leave it there.
    """
    status = task.fields.get("status", PENDING)
    away = entry.deferred and live.fields.get("status") == DEFERRED
    return [FieldChange("status", DEFERRED, status)] if away and status != DEFERRED else []


def _beside(name: str, before: Value, wanted: Value) -> Value:
    return beside(before, wanted) if FIELDS[name].kind is FieldKind.INSTANT else before


def _known(value: Value, ids: Mapping[TaskKey, RemoteId]) -> Value:
    return ids.get(value.key, value) if isinstance(value, KeyRef) else value


def _same(name: str, left: object, right: object) -> bool:
    return left == right or same(name, left, right)  # type: ignore[arg-type]


def _sent_together(
    compared: _Compared, task: Task, live: LiveTask, ids: Mapping[TaskKey, RemoteId]
) -> dict[str, Value]:
    names = {one.name for one in compared.differing}
    with_it: set[str] = set()
    if names & {"startDatePlan", "endDatePlan"}:
        with_it |= {"startDatePlan", "endDatePlan"}
    theirs = compared.theirs
    sent_together = {
        name: theirs.get(name, task.fields[name])
        for name in with_it - names
        if _is_ours(name, task) and theirs.get(name, _MISSING) is not None
    }
    if "responsibleId" in names and "status" not in names:
        sent_together |= _status_to_keep(compared, task, live)
    return {name: _known(sent_together[name], ids) for name in FIELDS if name in sent_together}


def _status_to_keep(compared: _Compared, task: Task, live: LiveTask) -> dict[str, Value]:
    """Return the status that a task is to keep when its responsible changes.

    The portal resets it to pending then (create and update seeds, contract 8.5): where it is not
    ours to say, the one that people gave it is sent together with it.
    """
    stands = "status" in compared.theirs or any(one.name == "status" for one in compared.standing)
    if _is_ours("status", task) and not stands:
        return {"status": task.fields["status"]}
    found = live.fields.get("status")
    return {"status": found} if found in STATUS_WORDS and found != PENDING else {}


def _is_ours(name: str, task: Task) -> bool:
    return name in task.fields and name not in task.options.ignore_changes


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
    after, summary = change.entry(entry.id), entry.summary()
    return (
        replace(after.summary(), created=summary.created) != summary
        or after.protected != entry.protected
    )


def _protected(options: Options, entry: Entry | None) -> bool:
    if options.protect is not None:
        return options.protect
    return entry is not None and entry.protected


def _edited(wanted: Values, asked: Values) -> Iterator[str]:
    """Yield the fields that are asked otherwise than before, those let go included."""
    for name in in_order({*wanted, *asked}):
        before, after = asked.get(name, _MISSING), wanted.get(name, _MISSING)
        if (before is _MISSING) != (after is _MISSING) or not _same(name, before, after):
            yield name


def _person(values: Values) -> int | None:
    person = values.get("responsibleId")
    return person if isinstance(person, int) else None


def forgetting(entry: Entry, reason: Reason, instead_of: OnRemove | None = None) -> Change:
    """Return the FORGET of an entry: the task, if there is one, stays.

    `instead_of` is how the task would have left, were it there to be seen.
    """
    return Change(
        entry.key, Action.FORGET, reason, entry.id, title=entry.title,
        options=NO_OPTIONS if instead_of is None else Options(on_remove=instead_of),
        protected=entry.protected, responsible=_person(entry.found),
        base_digest=base_digest_of(entry),
    )  # fmt: skip


def _deletion(entry: Entry, live: LiveTask, reason: Reason) -> Change:
    return Change(
        entry.key,
        Action.DELETE,
        reason,
        entry.id,
        tuple(
            FieldChange(name, live.fields.get(name), None)
            for name in in_order(entry.asked)
            if name in live.fields
        ),
        title=str(live.fields.get("title") or entry.title),
        protected=entry.protected,
        markers=live.markers,
        activity=live.activity,
        responsible=_person(live.fields),
        base_digest=base_digest_of(entry),
    )


def _deferral(entry: Entry, live: LiveTask, reason: Reason) -> Decision:
    status = live.fields.get("status")
    # what people did with a task that was deferred already is their work
    settled = entry.deferred and status in MOVED_ON
    change = Change(
        entry.key,
        Action.NOOP if settled else Action.DEFER,
        reason,
        entry.id,
        () if settled else (FieldChange("status", status, DEFERRED, drifted=entry.deferred),),
        asked=entry.asked,
        written=entry.written,
        normalised={**entry.normalised},
        options=entry.options,
        protected=entry.protected,
        title=str(live.fields.get("title") or entry.title),
        markers=live.markers,
        activity=live.activity,
        responsible=_person(live.fields),
        base_digest=base_digest_of(entry),
    )
    stands = [Standing(entry.key, entry.id, "status", DEFERRED, status)] if settled else []
    return Decision(change, standing=[one for one in stands if status != DEFERRED])
