"""Which values of the portal `accept` takes over, and what of a selection it cannot, with why."""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from tasksync.cli.accept_selection import AcceptSelection
from tasksync.core.change import Action, Change, Reason
from tasksync.core.fields import RemoteId, TaskKey
from tasksync.core.peoples_changes import DifferingValue, Whose, differing_values
from tasksync.core.plan import Plan
from tasksync.core.quoting import quoted
from tasksync.core.secrets import HIDDEN, may_lack_a_secret
from tasksync.core.task import LiveTask
from tasksync.manifests.accepting.proposals import PortalValue
from tasksync.value_classes import dataclass, field

#: what a key or a glob takes over; the others are taken where their field is named
_OF_WHOLE_TASKS = frozenset({Whose.PEOPLES, Whose.LEFT})
_NAMED = 5


@dataclass(slots=True)
class AcceptValues:
    """What is to be taken over; `cannot` are sentences about what people changed and stays so.

    `let` counts values that a policy lets stand, `unknown` those of which nobody knows who set
    them, since their tasks are only being taken over; both were not named.
    """

    values: list[PortalValue] = field(default_factory=list)
    cannot: list[str] = field(default_factory=list)
    let: int = 0
    unknown: int = 0


def accept_values(
    selection: AcceptSelection,
    plan: Plan,
    live: Mapping[RemoteId, LiveTask],
    ids: Mapping[TaskKey, RemoteId],
) -> AcceptValues:
    """Return the values of a selection, and what of it cannot be taken over."""
    found = AcceptValues()
    differing = {(one.key, one.name): one for one in differing_values(plan)}
    for (key, name), one in differing.items():
        if selection.takes(key, name):
            _take(found, one, named=selection.names(key, name))
    for key, name in sorted(selection.fields - differing.keys()):
        task = live.get(ids.get(key, RemoteId(0)))
        if task is not None and name in task.fields:
            found.values.append(PortalValue(key, name, task.fields[name]))
        else:
            why = "the task is not on the portal" if task is None else "the portal does not tell it"
            found.cannot.append(f"{key}.{name}: {why}")
    _leave_hidden(found)
    found.cannot += _other_changes(plan, selection, live)
    if ids.keys() <= selection.keys:
        found.cannot += _without_key(plan)
    return found


def _take(found: AcceptValues, one: DifferingValue, *, named: bool) -> None:
    if one.whose in _OF_WHOLE_TASKS or (named and one.whose is not Whose.OURS):
        found.values.append(PortalValue(one.key, one.name, one.found))
        return
    what = f"{one.key}.{one.name}"
    match one.whose:
        case Whose.BOTH:
            found.cannot.append(
                f"{what}: people changed it, and the manifest was edited since the last apply: "
                f"accept {what} takes the portal's value over the edit"
            )
        case Whose.LET:
            found.let += 1
        case Whose.NOBODYS:
            found.unknown += 1
        case Whose.OURS if named:
            found.cannot.append(
                f"{what}: nobody changed it on the portal, only the manifest was edited: apply it, "
                "or take the edit back"
            )
        case _:
            return


def _leave_hidden(found: AcceptValues) -> None:
    """Take no value over of which a secret may have been taken out.

    A run with other secrets would write the stars over what stands on the portal.
    """
    for one in found.values:
        if may_lack_a_secret(one.found):
            found.cannot.append(
                f"{one}: {HIDDEN} stands in it, which may be a secret of this run that the portal "
                "says: write it into the manifest by hand"
            )
    found.values = [one for one in found.values if not may_lack_a_secret(one.found)]


def _without_key(plan: Plan) -> Iterator[str]:
    """Yield that tasks of ours belong to no key: with a lost state "nothing differs" is untrue."""
    if plan.orphans:
        named = ", ".join(f"{one.id} {quoted(one.title)}" for one in plan.orphans[:_NAMED])
        more = f" and {len(plan.orphans) - _NAMED} more" if len(plan.orphans) > _NAMED else ""
        yield (
            f"our marker is on tasks of which nobody knows the key: {named}{more}: "
            "tasksync plan tells what to do about them"
        )


def _other_changes(
    plan: Plan, selection: AcceptSelection, live: Mapping[RemoteId, LiveTask]
) -> Iterator[str]:
    """Yield what people did that no value of a manifest can say."""
    keys = selection.all_keys
    for change in plan.changes:
        task = None if change.id is None else live.get(change.id)
        if change.key in keys and (told := _of_change(change, task)):
            yield f"{change.key}: {told}"
    for unreadable in plan.unreadable:
        if unreadable.key in keys:
            yield f"{unreadable.key}: the task {unreadable.id} cannot be read ({unreadable.what})"
    for hidden in plan.hidden:
        if hidden.key in keys and hidden.key not in selection.keys:
            yield f"{hidden.key}: this key cannot see the task {hidden.id}"


def _of_change(change: Change, live: LiveTask | None) -> str:
    """Return what people did to a task itself, and what can be done about it."""
    if change.action is Action.CREATE and change.reason in {Reason.VANISHED, Reason.VANISHED_AGAIN}:
        return (
            "people deleted the task, or this key cannot see it. accept takes no task out of a "
            "manifest: where it is gone, take its block out, and the next apply forgets it; or "
            "let apply make the task again"
        )
    if change.action is Action.UPDATE and live and set(change.markers) - set(live.markers):
        return (
            f"people took the marker off task {change.id}. No value of a manifest says that: let "
            f"the task go with removed: [{change.key}], or let apply put the marker back"
        )
    return ""
