"""Changes that do the same, told once: what is common stands apart from what is each one's own."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Iterable, Iterator, Sequence
from typing import NamedTuple

from tasksync.core.change import Action, Change, FieldChange
from tasksync.core.diff import members
from tasksync.core.fields import FIELDS, FieldKind, Value
from tasksync.core.plan import Plan
from tasksync.render import wording
from tasksync.render.inline_diff import marked_line
from tasksync.value_classes import dataclass

#: fewer changes that do exactly the same are told together with others of the same fields
FEW = 3
#: so many changes with nothing in common are told as a group all the same
MANY = 10
ARROW = " → "
#: fields whose values are the same in many changes
_REPEATED = frozenset(
    name
    for name, field in FIELDS.items()
    if field.kind not in {FieldKind.TEXT, FieldKind.INSTANT, FieldKind.PARENT, FieldKind.EXTRA}
)


class Fact(NamedTuple):
    """What a change does to a field: `what` may be common to many, `own` (or "") cannot."""

    label: str
    what: str
    own: str = ""


class Member(NamedTuple):
    """One change of a group, and the facts that are its own."""

    change: Change
    facts: tuple[Fact, ...]


@dataclass(frozen=True, slots=True)
class ChangeGroup:
    """Changes of one action and reason; `common` holds for each, `labels` names every field."""

    action: Action
    why: str
    labels: tuple[str, ...]
    common: tuple[Fact, ...]
    members: tuple[Member, ...]


def grouped(plan: Plan, arrow: str = ARROW) -> tuple[ChangeGroup, ...]:
    """Return every change of the plan in exactly one group; what destroys comes first."""
    return grouped_changes(plan.changes, dict(plan.names), arrow)


def told_once(group: ChangeGroup) -> bool:
    """Tell whether a group is worth it: its changes have something in common, or are many."""
    number = len(group.members)
    return number >= FEW and (bool(group.common) or number > MANY)


def in_order(changes: Iterable[Change]) -> list[Change]:
    """Return changes as people are shown them: what destroys comes first."""
    return sorted(changes, key=lambda one: rank(one.action))


def grouped_changes(
    changes: Iterable[Change], names: wording.Names, arrow: str = ARROW
) -> tuple[ChangeGroup, ...]:
    """Return each of these changes in exactly one group, as `grouped` does."""
    shown = _remembering(names)
    told = [(change, tuple(facts(change, names, shown, arrow))) for change in changes]
    same: dict[object, list[tuple[Change, tuple[Fact, ...]]]] = defaultdict(list)
    for change, about in told:
        same[change.action, change.reason, _exactly(change, about)].append((change, about))
    alike: dict[object, list[tuple[Change, tuple[Fact, ...]]]] = defaultdict(list)
    for (action, reason, exactly), pairs in _keyed(same):
        labels = tuple(fact.label for fact in pairs[0][1])
        rest = labels if len(pairs) < FEW else exactly
        alike[action, reason, rest] += pairs
    groups = [_group(pairs) for pairs in alike.values()]
    return tuple(sorted(groups, key=lambda one: (rank(one.action), -len(one.members))))


def _remembering(names: wording.Names) -> Callable[[str, Value], str]:
    """Return what words a value; people, tags and levels are the same in many changes."""
    known: dict[tuple[str, Value], str] = {}

    def shown(name: str, value: Value) -> str:
        if name not in _REPEATED:
            return wording.shown(name, value, names)
        words = known.get((name, value))
        if words is None:
            words = known[name, value] = wording.shown(name, value, names)
        return words

    return shown


def facts(
    change: Change, names: wording.Names, shown: Callable[[str, Value], str], arrow: str
) -> Iterator[Fact]:
    """Yield what a change does, field by field, then what else a reviewer must know."""
    match change.action:
        case Action.CREATE:
            for one in change.fields:
                label = wording.label(one.name, one.after)
                words = shown(one.name, one.after)
                yield Fact(label, words + wording.as_written(change.written, one.name, words))
        case Action.DELETE | Action.FORGET | Action.NOOP:
            yield from _ends(change)
            if change.action is Action.FORGET:  # what an adoption changed, put back by undo
                yield from (_moves(one, change, names, arrow) for one in change.fields)
        case Action.UPDATE | Action.ADOPT | Action.DEFER:
            if change.action is not Action.UPDATE:
                yield Fact("title", wording.in_quotes(change.title))
            yield from (_moves(one, change, names, arrow) for one in change.fields)
            for name, value in change.sent_together.items():
                words = shown(name, value)
                written = wording.as_written(change.written, name, words)
                yield Fact(wording.label(name, value), f"{words}{written} (sent together)")


def _ends(change: Change) -> Iterator[Fact]:
    yield Fact("title", wording.in_quotes(change.title))
    lost = wording.lost(change.activity) if change.action is Action.DELETE else ""
    if lost:
        yield Fact("activity", lost)
    if change.protected:
        yield Fact("protected", "yes")


def _moves(one: FieldChange, change: Change, names: wording.Names, arrow: str) -> Fact:
    label = wording.label(one.name, one.before, one.after)
    beside = wording.beside_field(one)
    drifted = f" ({beside})" if beside else ""
    because = f" ({wording.clean(change.because[one.name])})" if one.name in change.because else ""
    if wording.is_set(one.name):
        marks = _set_diff(one, names)
        written = wording.as_written(change.written, one.name, marks)
        return Fact(label, marks + written + because + drifted)
    if wording.is_long(one.name, one.before, one.after):
        return Fact(label, "edited" + drifted, marked_line(str(one.before), str(one.after)))
    before, after = wording.pair(one.name, one.before, one.after, names)
    pair = f"{before}{arrow}{after}{wording.as_written(change.written, one.name, after)}{because}"
    moved = wording.moved(one.name, one.before, one.after)
    if moved and FIELDS[one.name].kind is FieldKind.INSTANT:
        return Fact(label, moved + drifted, pair)
    return Fact(label, pair + drifted)


def _set_diff(one: FieldChange, names: wording.Names) -> str:
    seen = members(_items(one.before), _items(one.after))
    added, removed = wording.swapped(one.name, seen.added, seen.removed, names)
    return " ".join([*(f"+{item}" for item in added), *(f"-{item}" for item in removed)])


def _items(value: Value) -> tuple[object, ...]:
    return value if isinstance(value, tuple) else ()


def _exactly(change: Change, about: Sequence[Fact]) -> object:
    """Return what must be equal for two changes to be one group; new tasks are all alike."""
    if change.action in {Action.UPDATE, Action.DEFER}:
        titled = change.action is Action.DEFER
        return tuple((fact.label, fact.what) for fact in about[titled:])
    return None


def _keyed(
    same: dict[object, list[tuple[Change, tuple[Fact, ...]]]],
) -> Iterable[tuple[tuple[Action, str, object], list[tuple[Change, tuple[Fact, ...]]]]]:
    for key, pairs in same.items():
        first = pairs[0][0]
        exactly = key[2] if isinstance(key, tuple) else None
        yield (first.action, first.reason.value, exactly), pairs


def _group(pairs: Sequence[tuple[Change, tuple[Fact, ...]]]) -> ChangeGroup:
    first, about = pairs[0]
    alone = len(pairs) == 1
    shared = frozenset() if alone else _in_all([facts for _change, facts in pairs])
    whats = frozenset((fact.label, fact.what) for fact in shared)
    return ChangeGroup(
        first.action,
        wording.why(first),
        tuple(dict.fromkeys(fact.label for _change, facts in pairs for fact in facts)),
        tuple(_common(about, shared)),
        tuple(Member(change, tuple(_own(facts, shared, whats))) for change, facts in pairs),
    )


def _in_all(many: Sequence[tuple[Fact, ...]]) -> frozenset[Fact]:
    """Return the facts that all have, and, without their own part, those that all half have."""
    whole = frozenset(many[0]).intersection(*many)
    half = frozenset(map(_half, many[0])).intersection(*(map(_half, facts) for facts in many))
    return whole | half


def _half(fact: Fact) -> Fact:
    return Fact(fact.label, fact.what)


def _common(about: Iterable[Fact], shared: frozenset[Fact]) -> Iterator[Fact]:
    for fact in about:
        if fact in shared:
            yield fact
        elif _half(fact) in shared:
            yield _half(fact)


def _own(
    about: Iterable[Fact], shared: frozenset[Fact], whats: frozenset[tuple[str, str]]
) -> Iterator[Fact]:
    for fact in about:
        if fact in shared:
            continue
        yield Fact(fact.label, "", fact.own) if (fact.label, fact.what) in whats else fact


def rank(action: Action) -> int:
    """Return where an action stands among others: what removes tasks before all else."""
    return _RANKS.get(action, len(_RANKS))


_ORDER = (Action.DELETE, Action.DEFER, Action.FORGET, Action.UPDATE, Action.CREATE, Action.ADOPT)
_RANKS = {action: number for number, action in enumerate(_ORDER)}
