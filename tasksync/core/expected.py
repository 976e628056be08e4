"""What was approved, and which part of a plan made afresh that is.

`apply --expect` carries nothing from the approval to the run but a digest, and where one is at
hand the document under it. A plan of that digest asks what was approved; what it would put right
beside that, nobody approved.

in the fresh plan                                       under --expect
CREATE, ADOPT of a key without an entry                 done, every field of it
ADOPT by marker of a task made again by other hands     the task is taken over; its fields wait
ADOPT from another project, fields that people moved    the task is taken over; these fields wait
DELETE, DEFER, FORGET of what was dropped (also: gone)  done
UPDATE: fields that were edited                         done
UPDATE: status of a task that comes back from DEFER     done
UPDATE: fields that a stricter policy, edited, corrects done
UPDATE: parent that is made by an approved CREATE       done
UPDATE: any other field (drift, unproved, parent moved) left out, named
UPDATE: the marker put back                             left out, named (it goes with tags)
DEFER of what people took up again                      left out, named
CREATE of what vanished (also twice, also taken)        left out, named
options, fields let go, moved keys, what is remembered  done: state alone
an approved field that the portal moved, too            conflict: exit 5
an approved field that a ratchet now holds back         conflict: exit 5
an approved change under a parent that is left out      conflict: exit 5
an approved planned date that people's other one refuses  conflict: exit 5

What is left out leaves its entry as it was, so that the next plan shows the same correction. What
must go in the same PATCH (the status beside a new responsible, the other planned date) goes
as the portal has it where it is left out: it is neither put right nor lost.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping

from tasksync.core.change import Action, Change, FieldChange, Reason
from tasksync.core.fields import (
    PENDING,
    STATUS_WORDS,
    KeyRef,
    TaskKey,
    Value,
    instant,
    same,
)
from tasksync.core.plan import Plan, Stands
from tasksync.core.state import Entry, State
from tasksync.value_classes import dataclass, field, replace

_PLANNED = ("startDatePlan", "endDatePlan")


@dataclass(frozen=True, slots=True)
class Approved:
    """A plan that somebody approved.

    `digest` is `sha256:…`; `document` is the data under it (plan_json.asked_document), where it
    is known; `where` is where it was approved, for people (the URL of the comment).
    """

    digest: str
    document: Mapping[str, object] | None = None
    where: str = ""


@dataclass(frozen=True, slots=True)
class Correction:
    """A correction, or a part of one, that nobody approved; `change` holds these fields alone.

    `marker`: the marker would have been put back, too.
    """

    change: Change
    marker: bool = False


@dataclass(frozen=True, slots=True)
class Conflict:
    """An approved change that cannot be made as it was approved.

    Of a field `name`: the portal has `found`, and `remembered` is what the last apply left there
    (None: not known). `beside`: `found` is what people set in that field, and the two exclude each
    other. Without a name its parent `above` is gone, and making that again is not approved.
    """

    key: TaskKey
    name: str = ""
    approved: Value = None
    remembered: Value = None
    found: Value = None
    beside: str = ""
    above: TaskKey | None = None


@dataclass(frozen=True, slots=True)
class ApprovedPart:
    """A plan of what was approved alone, and what that leaves out or cannot do."""

    plan: Plan
    left_out: tuple[Correction, ...] = ()
    conflicts: tuple[Conflict, ...] = ()


def approved_part(plan: Plan, state: State) -> ApprovedPart:
    """Return the part of a plan that its digest covers; `state` is what it was made from."""
    return _Division(plan, state).part()


@dataclass(slots=True)
class _Divided:
    """The fields of one change: those that are approved, and the others."""

    kept: list[FieldChange] = field(default_factory=list)
    left: list[FieldChange] = field(default_factory=list)


class _Division:
    """One plan being divided; the methods add to its lists."""

    def __init__(self, plan: Plan, state: State) -> None:
        self._plan = plan
        self._entries = state.entries
        self._before = {after: before for before, after in plan.moved}
        self._new = {
            one.key
            for one in plan.changes
            if one.action in {Action.CREATE, Action.ADOPT} and not one.base_digest
        }
        self._unmade = {
            one.key for one in plan.changes if one.action is Action.CREATE and one.base_digest
        }
        self._corrected = {(one.key, one.name): one.remembered for one in plan.drift}
        self._left_out: list[Correction] = []
        self._conflicts: list[Conflict] = []
        self._state_only = list(plan.state_only)

    def part(self) -> ApprovedPart:
        levels = tuple(tuple(self._kept(level)) for level in self._plan.levels)
        self._held_back_by_ratchets()
        kept = {one.key for level in levels for one in level}
        plan = replace(
            self._plan,
            levels=tuple(level for level in levels if level),
            state_only=tuple(sorted(self._state_only, key=lambda one: one.key)),
            drift=(),
            renames=tuple(pair for pair in self._plan.renames if kept.issuperset(pair)),
            doubtful=tuple(one for one in self._plan.doubtful if not kept.isdisjoint(one.keys)),
        )
        return ApprovedPart(plan, tuple(self._left_out), tuple(self._conflicts))

    def _kept(self, level: Iterable[Change]) -> Iterator[Change]:
        for change in level:
            approved = self._approved(change)
            if approved is not None:
                self._under_left_out(approved)
                yield approved

    def _approved(self, change: Change) -> Change | None:
        """Return what of a change is approved, or None; notes what is not."""
        match change.action:
            case Action.CREATE if change.base_digest:
                self._left_out.append(Correction(change))
                return None
            case Action.DEFER if any(one.drifted for one in change.fields):
                self._left_out.append(Correction(change))
                return None
            case Action.UPDATE:
                return self._update(change)
            case Action.ADOPT:
                return self._adoption(change)
        return change

    def _update(self, change: Change) -> Change | None:
        entry = self._entries.get(self._before.get(change.key, change.key))
        if entry is None:  # a create in doubt that shows by now: it has none until it is settled
            self._left_out.append(Correction(change))
            return None
        fields = _Divided()
        for one in change.fields:
            if not self._is_asked(one, change, entry):
                fields.left.append(one)
                continue
            fields.kept.append(one)
            if _has_moved(one, entry):
                was = entry.found[one.name]
                self._conflicts.append(Conflict(change.key, one.name, one.after, was, one.before))
        marker = "tags" in change.sent_together
        if fields.left or marker:
            left = replace(
                change,
                reason=_reason_of_rest(fields),
                fields=tuple(fields.left),
                sent_together={},
            )
            self._left_out.append(Correction(left, marker))
            change = self._without(change, fields, entry)
        if fields.kept:
            return change
        if change.asks_anew:
            self._state_only.append(replace(change, action=Action.NOOP))
        return None

    def _is_asked(self, one: FieldChange, change: Change, entry: Entry) -> bool:
        """Tell whether the digest covers that a field is written."""
        if one.name in change.edited or (one.name == "status" and entry.deferred):
            return True
        if one.drifted:  # or accepted before, and a policy that was edited no longer lets it stand
            policies = change.options.policies.get(one.name), entry.options.policies.get(one.name)
            return policies[0] is not policies[1] and not _has_moved(one, entry)
        return isinstance(one.after, KeyRef) and one.after.key in self._new

    def _without(self, change: Change, fields: _Divided, entry: Entry) -> Change:
        """Return a change with the approved fields alone; the others stay as they are remembered.

        The marker is looked for at the proof only where tags are written.
        """
        left = {one.name: one.before for one in fields.left}
        kept = {one.name: one.after for one in fields.kept}
        sent_together = _sent_with(kept, left, change)
        self._planned_apart(change, kept, left)
        ours = () if "tags" in kept or self._plan.marker is None else (self._plan.marker,)
        names = kept.keys() | sent_together.keys()
        return replace(
            change,
            reason=Reason.EDITED if change.reason is Reason.EDITED_AND_DRIFTED else change.reason,
            fields=tuple(fields.kept),
            sent_together=sent_together,
            normalised={
                **change.normalised,
                **{name: entry.normalised[name] for name in left if name in entry.normalised},
            },
            markers=tuple(one for one in change.markers if one not in ours),
            forms={name: value for name, value in change.forms.items() if name in names},
            because={name: why for name, why in change.because.items() if name in kept},
            left_unproved={name: entry.unproved[name] for name in left if name in entry.unproved},
        )

    def _adoption(self, change: Change) -> Change:
        """Return an ADOPT; of one that takes the place of a task that vanished only the taking."""
        fields = _Divided()
        for one in change.fields:
            corrects = (change.key, one.name) in self._corrected
            (fields.left if change.base_digest or corrects else fields.kept).append(one)
            if change.origin is not None and one.drifted and not corrects:
                self._conflicts.append(Conflict(change.key, one.name, one.after, None, one.before))
        if not fields.left:
            return change
        left = {one.name: one.before for one in fields.left}
        kept = {one.name: one.after for one in fields.kept}
        sent_together = _sent_with(kept, left, change)
        if "tags" in change.sent_together:
            sent_together["tags"] = change.sent_together["tags"]
        elif change.origin is not None and "tags" in left:  # that one's marker comes off with them
            sent_together["tags"] = left["tags"]
        self._planned_apart(change, kept, left)
        self._left_out.append(
            Correction(replace(change, action=Action.UPDATE, reason=Reason.DRIFTED,
                            fields=tuple(fields.left), sent_together={}))
        )  # fmt: skip
        remembered = {
            name: self._corrected[change.key, name]
            for name in left
            if (change.key, name) in self._corrected
        }
        own_forms = {
            name: value
            for name, value in remembered.items()
            if not isinstance(value, KeyRef) and not same(name, value, change.asked[name])
        }
        return replace(
            change,
            fields=tuple(fields.kept),
            sent_together=sent_together,
            normalised={**change.normalised, **own_forms},
        )

    def _under_left_out(self, change: Change) -> None:
        """Note that a change needs the id of a task that is not made again."""
        for above in change.unresolved:
            if above in self._unmade:
                self._conflicts.append(Conflict(change.key, above=above))

    def _planned_apart(
        self, change: Change, kept: Mapping[str, Value], left: Mapping[str, Value]
    ) -> None:
        """Note that an approved planned date stands on the wrong side of people's other one."""
        start, end = ({**left, **kept}.get(name) for name in _PLANNED)
        mixed = len(kept.keys() & set(_PLANNED)) == len(left.keys() & set(_PLANNED)) == 1
        if not mixed or not isinstance(start, str) or not isinstance(end, str):
            return
        if instant(start) > instant(end):
            name, other = _PLANNED if _PLANNED[0] in kept else _PLANNED[::-1]
            self._conflicts.append(
                Conflict(change.key, name, kept[name], found=left[other], beside=other)
            )

    def _held_back_by_ratchets(self) -> None:
        """Note the edits that are sent no more, since people moved the field on meanwhile."""
        for one in self._plan.standing:
            entry = self._entries.get(self._before.get(one.key, one.key))
            if one.why is not Stands.BACKWARD or entry is None or one.name not in entry.found:
                continue
            was = entry.found[one.name]
            if not same(one.name, one.found, was):
                self._conflicts.append(Conflict(one.key, one.name, one.wanted, was, one.found))


def _reason_of_rest(fields: _Divided) -> Reason:
    """Return why there is something to correct in a change, whatever else it does."""
    if any(one.drifted for one in fields.left):
        return Reason.DRIFTED
    return Reason.PARENT_MOVED if fields.left else Reason.MARKER_MISSING


def _has_moved(one: FieldChange, entry: Entry) -> bool:
    """Tell whether a field is not as the last apply left it."""
    if not one.drifted or one.name not in entry.found:
        return False
    return not same(one.name, one.before, entry.found[one.name])


def _sent_with(
    kept: Mapping[str, Value], left: Mapping[str, Value], change: Change
) -> dict[str, Value]:
    """Return what has to go with the approved fields: as the portal has it where it is left out."""
    beside: dict[str, Value] = {}
    if not kept.keys().isdisjoint(_PLANNED):
        for name in _PLANNED:
            if left.get(name) is not None:
                beside[name] = left[name]
            elif name in change.sent_together:
                beside[name] = change.sent_together[name]
    if "responsibleId" in kept and "status" not in kept:
        if "status" in left:
            found = left["status"]
            beside |= {"status": found} if found in STATUS_WORDS and found != PENDING else {}
        elif "status" in change.sent_together:
            beside["status"] = change.sent_together["status"]
    return beside
