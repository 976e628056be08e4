"""What people changed on the portal, as a plan shows it, and whose each value is."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from enum import StrEnum

from tasksync.core.change import Action, Change
from tasksync.core.fields import TaskKey, Value, canonical
from tasksync.core.plan import Plan, Stands
from tasksync.value_classes import dataclass


class Whose(StrEnum):
    """Whose a value is that the portal has and the manifest does not ask for."""

    PEOPLES = "people's"  # they set it, and the next apply would put it right
    LEFT = "left"  # they set it, and each plan asks again (design 5)
    LET = "let"  # they set it, and a policy of the field lets it stand (design 12)
    BOTH = "both"  # they set it, and the manifest was edited too
    NOBODYS = "nobody's"  # nothing is remembered: nobody knows who set it
    OURS = "ours"  # it is what the last apply wrote, and only the manifest was edited


@dataclass(frozen=True, slots=True)
class DifferingValue:
    """A field of one task that is not as the manifest asks."""

    key: TaskKey
    name: str
    wanted: Value
    found: Value
    whose: Whose


def differing_values(plan: Plan) -> Iterator[DifferingValue]:
    """Yield every value of the portal that a plan changes, or says that it leaves."""
    for change in plan.changes:
        if change.action in {Action.UPDATE, Action.ADOPT}:
            for one in change.fields:
                whose = _whose(change, one.name, drifted=one.drifted)
                yield DifferingValue(change.key, one.name, one.after, one.before, whose)
    for left in plan.standing:
        whose = Whose.LEFT if left.why is Stands.LEFT else Whose.LET
        yield DifferingValue(left.key, left.name, left.wanted, left.found, whose)


def _whose(change: Change, name: str, *, drifted: bool) -> Whose:
    if not drifted:
        return Whose.NOBODYS if change.action is Action.ADOPT else Whose.OURS
    return Whose.BOTH if name in change.edited else Whose.PEOPLES


def changed_otherwise(before: Plan, after: Plan, taken: Mapping[TaskKey, set[str]]) -> set[TaskKey]:
    """Return the keys of which another plan differs in more than the `taken` fields, now equal."""
    was, now = _shown(before, taken), _shown(after, {})
    return {key for key in was.keys() | now.keys() if was.get(key) != now.get(key)}


def _shown(plan: Plan, taken: Mapping[TaskKey, set[str]]) -> dict[TaskKey, object]:
    """Return what a plan does and leaves, by key, without the taken fields.

    An update of no field puts a marker back, which goes with the fields where there are some.
    """
    shown: dict[TaskKey, list[object]] = {}
    for change in plan.changes:
        fields = [
            (one.name, canonical(one.name, one.before), canonical(one.name, one.after))
            for one in change.fields
            if one.name not in taken.get(change.key, ())
        ]
        if fields or change.action is not Action.UPDATE:
            shown.setdefault(change.key, []).append((change.action, change.id, fields))
    for left in plan.standing:
        if left.name not in taken.get(left.key, ()):
            values = canonical(left.name, left.wanted), canonical(left.name, left.found)
            shown.setdefault(left.key, []).append((left.name, values, left.why))
    return dict(shown)
