"""What `apply --expect` leaves out, cannot do, or finds otherwise than approved, in words."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence

from tasksync.core.asked_differences import ABSENT, AskedDifference, AskedDifferences, Item
from tasksync.core.change import SYMBOLS, Action, Change
from tasksync.core.expected import Conflict, Correction
from tasksync.core.fields import FIELDS, FieldKind, KeyRef, Value, beside
from tasksync.core.formats.plan_digest import UNMANAGED
from tasksync.core.formats.values_json import decode_value
from tasksync.core.plan import Plan
from tasksync.render.wording import DOES, Names, clean, count, label, pair, shown

#: so many changes are told one by one; of more, how many they are
SHOWN = 50
NOTHING_APPROVED = "No changes. What was approved asks for none."
_NOTHING = "nothing"
_UNMANAGED = "no longer managed"
#: what a name of the whole plan says, where the name alone does not
_OF_THE_WHOLE = {"again": "asked once more, after the run"}


def nothing_text(plan: Plan) -> str:
    """Return what stands for the changes of an approved plan that does nothing on the portal."""
    keys = sorted({one.key for one in plan.state_only if one.asks_anew} | dict(plan.moved).keys())
    if not keys:
        return NOTHING_APPROVED
    told = ", ".join(map(clean, keys[:SHOWN])) + (" …" if len(keys) > SHOWN else "")
    return f"No changes. What was approved is remembered in the state alone: {told}."


def corrections_text(corrections: Sequence[Correction], names: Names) -> str:
    """Return what is left out since nobody approved it, and who does it; nothing where none is."""
    if not corrections:
        return ""
    lines = [line for one in corrections[:SHOWN] for line in _correction(one, names)]
    rest = len(corrections) - SHOWN
    lines += [f"  … and {rest} more"] if rest > 0 else []
    what = count(len(corrections), "correction of what", "corrections of what")
    return "\n".join(
        (
            f"Left out: {what} moved on the portal; an approval covers none.",
            *lines,
            "They are left to an apply without --expect.",
        )
    )


def correction_words(correction: Correction) -> str:
    """Return in a few words what a correction that is left out would do."""
    change = correction.change
    if change.action is Action.CREATE:
        return f"make it again ({change.reason.value})"
    if change.action is Action.DEFER:
        return "defer it again"
    names = [label(one.name, one.before, one.after) for one in change.fields]
    return "put right: " + ", ".join([*names, *(["our marker"] if correction.marker else [])])


def _correction(correction: Correction, names: Names) -> Iterator[str]:
    change = correction.change
    task = f"  (task {change.id})" if change.id is not None else ""
    head = f"  {SYMBOLS[change.action]} {clean(change.key)}{task}"
    if change.action is not Action.UPDATE:
        yield f"{head}  {correction_words(correction)}"
        return
    yield f"{head}  {change.reason.value}"
    for one in change.fields:
        before, after = pair(one.name, one.before, one.after, names)
        yield f"      {label(one.name, one.before, one.after)}  {before} -> {after}"
    if correction.marker:
        yield "      our marker  put back"


def conflicts_text(conflicts: Sequence[Conflict], names: Names) -> str:
    """Return what cannot be made as it was approved, one line each."""
    lines = [f"  {_conflict(one, names)}" for one in conflicts[:SHOWN]]
    rest = len(conflicts) - SHOWN
    return "\n".join([*lines, *([f"  … and {rest} more"] if rest > 0 else [])])


def _conflict(one: Conflict, names: Names) -> str:
    key = clean(one.key)
    if one.above is not None:
        return f"{key}: its parent {clean(one.above)} is gone, and is not made again here"
    name = label(one.name, one.approved, one.found)
    approved, found = pair(
        one.name, one.approved, _beside(one.name, one.found, one.approved), names
    )
    if one.beside:
        return f"{key}: {name}: approved {approved}, and people set {one.beside} to {found}"
    was = "" if one.remembered is None else f", it was {shown(one.name, one.remembered, names)}"
    return f"{key}: {name}: approved {approved}, now the portal has {found}{was}"


def _beside(name: str, found: Value, other: Value) -> Value:
    return beside(found, other) if FIELDS[name].kind is FieldKind.INSTANT else found


def differences_text(differences: AskedDifferences, plan: Plan) -> str:
    """Return what is asked otherwise than it was approved, one line each."""
    names, reasons = dict(plan.names), _reasons(plan)
    lines = [f"  {_difference(one, names, reasons)}" for one in differences.shown]
    if more := differences.more:
        keys = len({one.key for one in differences.shown if one.key})
        first = f"  {count(keys + more, 'change')} differ, the first of them by key:"
        lines = [first, *lines, f"  … and {count(more, 'more change')}"]
    return "\n".join(lines)


def _difference(one: AskedDifference, names: Names, reasons: Mapping[str, str]) -> str:
    if not one.key:
        between = " -> " if one.name == "moved" else ", "
        approved, now = (_plain(value, between) for value in (one.approved, one.now))
        told = _OF_THE_WHOLE.get(one.name, clean(one.name))
        return f"{told}: approved {approved}, now {now}"
    key = clean(one.key)
    if one.name:
        if not one.is_field:
            return f"{key}: {one.name}: approved {_plain(one.approved)}, now {_plain(one.now)}"
        approved, now = (_field(one.name, value, names) for value in (one.approved, one.now))
        return f"{key}: {_label(one)}: approved {approved}, now {now}"
    if one.approved is ABSENT:
        return f"{key}: {item_words(one.now)}: not approved"
    if one.now is not ABSENT:
        return f"{key}: approved to {item_words(one.approved)}, now to {item_words(one.now)}"
    why = reasons.get(one.key, "it is done already, or asked no more")
    return f"{key}: approved to {item_words(one.approved)}: {why}"


def item_words(item: object) -> str:
    """Return what a change of a document asks for: `update priority, deadline`."""
    told: Item = item if isinstance(item, Mapping) else {}
    action, after = clean(str(told.get("action"))), told.get("after")
    if action != "update" or not isinstance(after, Mapping):
        return action
    fields = ", ".join(_field_words(str(name), after[name]) for name in sorted(after))
    return f"update {fields or 'how it is handled'}"


def _field_words(name: str, value: object) -> str:
    told = "parent" if name == "parentId" else clean(name)
    return f"{told} ({_UNMANAGED})" if value == UNMANAGED else told


def asked_text(items: Mapping[str, Item], moved: Sequence[tuple[str, str]] = ()) -> str:
    """Return what a plan asks now, one line a change; `moved` are the keys that it renames."""
    lines = [f"  moved: {clean(before)} -> {clean(after)}" for before, after in moved[:SHOWN]]
    lines += (
        [f"  … and {count(len(moved) - SHOWN, 'more moved key')}"] if len(moved) > SHOWN else []
    )
    lines += [f"  {clean(key)}: {item_words(items[key])}" for key in sorted(items)[:SHOWN]]
    rest = len(items) - SHOWN
    lines += [f"  … and {count(rest, 'more change')}"] if rest > 0 else []
    return "\n".join(lines or ["  nothing"])


def _label(one: AskedDifference) -> str:
    values = (one.approved, one.now)
    is_key = one.name == "parentId" and any(isinstance(value, Mapping) for value in values)
    return "parent" if is_key else clean(one.name)


def _field(name: str, value: object, names: Names) -> str:
    """Return a field's value in words; what this tasksync does not know as it stands there."""
    if value is ABSENT:
        return "as it was"
    if value == UNMANAGED:
        return _UNMANAGED
    try:
        known = decode_value(name, value)
    except ValueError:
        return _plain(value)
    return clean(known.key) if isinstance(known, KeyRef) else shown(name, known, names)


def _plain(value: object, between: str = ", ") -> str:
    if value is ABSENT or value is None:
        return _NOTHING
    if isinstance(value, list):
        return between.join(_plain(item, " ") for item in value) or _NOTHING
    return clean(str(value).lower() if isinstance(value, bool) else str(value))


def _reasons(plan: Plan) -> dict[str, str]:
    """Return why something that was approved is not asked now, as far as the portal is why."""
    return {
        **{one.key: f"it is {clean(str(one.to))} now" for one in plan.handed_over},
        **{one.key: f"{one.what} of its task cannot be read" for one in plan.unreadable},
        **{one.key: "the portal does not show its task" for one in plan.hidden},
        **{one.key: _why_otherwise(one) for one in plan.changes},
    }


def _why_otherwise(change: Change) -> str:
    if change.action is Action.CREATE and change.base_digest:
        return f"its task is gone from the portal ({change.reason.value})"
    return f"now it is to {DOES[change.action]}, which an approval does not cover"
