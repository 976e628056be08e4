"""What people changed on the portal, in groups that say the same, and the words for each."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from types import MappingProxyType

from tasksync.core.cards import card_link
from tasksync.core.change import Action, Change, FieldChange, Reason
from tasksync.core.fields import FIELDS, FieldKind, Value, beside, same
from tasksync.core.portal_changes import (
    UNDONE,
    Effect,
    FieldMoved,
    Happened,
    PortalChange,
    PortalChanges,
)
from tasksync.render.grouping import ChangeGroup, Fact, grouped_changes
from tasksync.render.status_words import Moments, who
from tasksync.render.wording import clean, count, shown
from tasksync.value_classes import dataclass

#: what stands above the changes of one effect
EFFECTS: Mapping[Effect, str] = MappingProxyType(
    {
        Effect.PUT_RIGHT: "Put right by the next apply",
        Effect.REPLACED: "Edited in the manifest too, whose value replaces theirs",
        Effect.LOST: "No longer in the manifest: deleted with their changes",
        Effect.STANDS: "Stands",
        Effect.AGREED: "The manifest asks for the same by now",
        Effect.RELEASED: "Not managed by the manifest any more: left as it is",
    }
)
_HAPPENED: Mapping[tuple[Happened, bool], str] = MappingProxyType(
    {
        (Happened.GONE, True): "gone from the portal, or hidden from this key: made again",
        (Happened.GONE, False): "gone from the portal, and no longer in the manifest",
        (Happened.TAKEN, True): "another task stands under its number: made again",
        (Happened.TAKEN, False): "another task stands under its number: forgotten",
        (Happened.UNMARKED, True): "its marker was taken off: put back",
        (Happened.UNMARKED, False): "its marker was taken off",
    }
)
NONE = "No drift. Nothing was changed on the portal since the last apply."
UNKNOWN = (
    "Nothing to compare with: the state remembers no task, so nobody knows what people changed. "
    "Is it the state that apply uses (--state, TASKSYNC_STATE)?"
)


@dataclass(frozen=True, slots=True)
class DriftSection:
    """All changes of one effect (and, where they stand, of one policy), in groups."""

    title: str
    undone: bool
    groups: tuple[ChangeGroup, ...]
    tasks: tuple[PortalChange, ...]  # what happened to whole tasks, without their fields

    @property
    def size(self) -> int:
        """How many tasks are in it; one with a change of its own and of fields counts twice."""
        return sum(len(one.members) for one in self.groups) + len(self.tasks)


def sections(found: PortalChanges) -> Iterator[DriftSection]:
    """Yield every change in exactly one section; what the next apply undoes comes first."""
    names = found.names
    for effect in EFFECTS:
        tasks = tuple(one for one in found.changes if one.happened and one.effect is effect)
        fields = [(one, part) for one in found.changes for part in one.fields]
        of_effect = [(one, part) for one, part in fields if part.effect is effect]
        policies = dict.fromkeys(_policy(part) for _one, part in of_effect) or {"": None}
        for policy in policies:
            some = [(one, part) for one, part in of_effect if _policy(part) == policy]
            groups = grouped_changes(_as_changes(some, names), names)
            if groups or tasks:
                title = EFFECTS[effect] + (f": {policy}" if policy else "")
                yield DriftSection(title, effect in UNDONE, groups, tasks)
            tasks = ()


def _policy(one: FieldMoved) -> str:
    if one.effect is not Effect.STANDS:
        return ""
    return f"the field's policy is {one.policy}" if one.policy else "the status is people's work"


def _as_changes(
    fields: list[tuple[PortalChange, FieldMoved]], names: Mapping[int, str]
) -> Iterator[Change]:
    """Yield a change a task that moves each field from what it was to what it is."""
    theirs: dict[PortalChange, list[FieldMoved]] = {}
    for task, part in fields:
        theirs.setdefault(task, []).append(part)
    for task, parts in theirs.items():
        moved = tuple(FieldChange(one.name, one.was, _found(one)) for one in parts)
        asked = {one.name: _asked(one, names) for one in parts if _is_told(one)}
        yield Change(
            task.key,
            Action.UPDATE,
            Reason.EDITED,
            task.id,
            moved,
            title=task.title,
            because=asked,
        )


def _found(one: FieldMoved) -> Value:
    """Return what is there, a moment in the offset of what was there."""
    return beside(one.found, one.was) if FIELDS[one.name].kind is FieldKind.INSTANT else one.found


def _is_told(one: FieldMoved) -> bool:
    """Tell whether what is wanted is neither what it was nor what it is, and worth a word."""
    return (
        one.managed
        and not same(one.name, one.wanted, one.was)
        and not same(one.name, one.wanted, one.found)
    )


def _asked(one: FieldMoved, names: Mapping[int, str]) -> str:
    return f"the manifest asks for {shown(one.name, one.wanted, names)}"


def happened(one: PortalChange) -> str:
    """Return what happened to a whole task, and what is done about it."""
    if one.happened is None:
        return ""
    return _HAPPENED[one.happened, one.effect is Effect.PUT_RIGHT]


def fact(one: Fact) -> str:
    """Return what changed in one field: the values, and by how much; a long text by its words."""
    if one.own and one.what == "edited":
        return one.own
    if one.own and one.what:
        return f"{one.own} ({one.what})"
    return one.own or one.what


def when_and_who(one: PortalChange, names: Mapping[int, str], moments: Moments) -> str:
    """Return when a task was last changed and by whom, as far as the portal tells."""
    when = "" if one.at is None else f"last changed {moments.shown(one.at)}"
    by = f"by {who(one.by, names)}" if one.by else ""
    if by and not when:
        return f"last changed {by}"
    return " ".join(part for part in (when, by) if part)


def link_of(one: PortalChange, portal: str) -> str:
    """Return the task's card; a task that is gone has none."""
    if one.happened in {Happened.GONE, Happened.TAKEN}:
        return ""
    return card_link(portal, one.person, one.id)


def summary(found: PortalChanges) -> str:
    """Return how many changes would be undone, and how many not."""
    counts = found.counts()
    undone = sum(counts[effect] for effect in UNDONE)
    left = sum(counts.values()) - undone
    stand = f"{count(left, 'change stays', 'changes stay')} as people made {_it(left)}"
    if not found.compared:
        return UNKNOWN
    if not undone:
        return f"No drift: {stand}." if left else NONE
    would = count(undone, "change", "changes")
    more = f"; {stand}" if left else ""
    return f"Drift: the next apply undoes {would} of people's on the portal{more}."


def _it(number: int) -> str:
    return "it" if number == 1 else "them"


def remarks(found: PortalChanges) -> Iterator[str]:
    """Yield what a person should know beside the changes."""
    if found.guards:
        yield f"Apply would be refused ({', '.join(found.guards)}): tasksync plan tells why."
    for key, what in found.unreadable:
        yield f"{clean(key)} cannot be read ({clean(what)}): what changed in it is not known."
