"""What a plan does to each person: new tasks, moved deadlines, handed over, removed."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Mapping
from types import MappingProxyType

from tasksync.core.change import Action, Change, FieldChange
from tasksync.core.fields import Value
from tasksync.core.plan import Plan
from tasksync.value_classes import dataclass

#: what can happen to a person, in the order in which it is told, in words
HAPPENS: Mapping[str, str] = MappingProxyType(
    {
        "new": "new",
        "received": "handed over to them",
        "given": "handed over to others",
        "moved": "with a moved deadline",
        "changed": "changed otherwise",
        "deferred": "deferred",
        "removed": "removed",
    }
)


@dataclass(frozen=True, slots=True)
class Person:
    """One person and how many of their tasks are in which column; a task may be in two.

    `total` counts each task once.
    """

    id: int
    name: str
    total: int
    new: int = 0
    received: int = 0
    given: int = 0
    moved: int = 0
    changed: int = 0
    deferred: int = 0
    removed: int = 0

    @property
    def counts(self) -> tuple[tuple[str, int], ...]:
        """What happens, as (name of HAPPENS, how often), nothing left out but zeros."""
        pairs = ((name, int(getattr(self, name))) for name in HAPPENS)
        return tuple(pair for pair in pairs if pair[1])


def people_of(plan: Plan) -> tuple[Person, ...]:
    """Return everybody whom the plan touches, the most touched first."""
    names = dict(plan.names)
    totals: Counter[int] = Counter()
    counts: Counter[tuple[int, str]] = Counter()
    for change in plan.changes:
        happens = tuple(happenings(change))
        counts.update(happens)
        totals.update({person for person, _what in happens})
    return tuple(
        Person(one, names.get(one, ""), total, **{what: counts[one, what] for what in HAPPENS})
        for one, total in sorted(totals.items(), key=lambda pair: (-pair[1], pair[0]))
    )


def touched(change: Change) -> tuple[int, ...]:
    """Return the ids of the people whom one change touches, sorted."""
    return tuple(sorted({person for person, _what in happenings(change)}))


def happenings(change: Change) -> Iterator[tuple[int, str]]:
    """Yield (person, name of HAPPENS) for one change."""
    person = _responsible(change)
    match change.action:
        case Action.CREATE:
            yield from _to(person, "new")
        case Action.DELETE:
            yield from _to(person, "removed")
        case Action.DEFER:
            yield from _to(person, "deferred")
        case Action.UPDATE | Action.ADOPT:
            yield from _edited(change, person)
        case Action.FORGET | Action.NOOP:
            return


def _edited(change: Change, person: Value) -> Iterator[tuple[int, str]]:
    fields = {field.name: field for field in change.fields}
    handed: FieldChange | None = fields.pop("responsibleId", None)
    if handed is not None:
        yield from _to(handed.before, "given")
        yield from _to(handed.after, "received")
        person = handed.after
    if fields.pop("deadline", None) is not None:
        yield from _to(person, "moved")
    if fields:
        yield from _to(person, "changed")


def _to(person: Value, what: str) -> Iterator[tuple[int, str]]:
    if isinstance(person, int):
        yield person, what


def _responsible(change: Change) -> Value:
    """Return who is responsible: who the portal says, for a new task who is asked for."""
    if change.responsible is not None:
        return change.responsible
    return change.asked.get("responsibleId", change.body.get("responsibleId"))
