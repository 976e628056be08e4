"""The words for values, reasons and counts that every format shares."""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator, Mapping
from types import MappingProxyType

from tasksync.core.change import Action, Change, FieldChange, Reason
from tasksync.core.diff import delta, duration
from tasksync.core.fields import FIELDS, PRIORITY_WORDS, STATUS_WORDS, FieldKind, KeyRef, Value
from tasksync.core.manifest import is_instance
from tasksync.core.people import HAPPENS, Person
from tasksync.core.plan import HandedOver, Plan, Standing, Stands, Summary
from tasksync.core.planning.renames import as_moves
from tasksync.core.task import Activity
from tasksync.render.visible import alike, disarmed, looks, spelled, visible

Names = Mapping[int, str]
Items = tuple[object, ...]

LONG = 60

WHY: Mapping[Reason, str] = MappingProxyType(
    {
        Reason.NEW: "",
        Reason.EDITED: "",
        Reason.DRIFTED: "changed on the portal, put right",
        Reason.EDITED_AND_DRIFTED: "edited, and changed on the portal",
        Reason.VANISHED: "vanished from the portal",
        Reason.VANISHED_AGAIN: "vanished from the portal for the second time",
        Reason.TAKEN: "another task stands under its number now",
        Reason.HIDDEN: "this key cannot see it; it stays on the portal",
        Reason.MARKER_MISSING: "marker put back",
        Reason.DROPPED: "no longer in the manifest",
        Reason.DESTROYED: "everything is to go",
        Reason.GONE: "gone from the portal already",
        Reason.LOST_STATE: "ours by its marker, and not in the state",
        Reason.ADOPTED: "taken over as the manifest asks",
        Reason.PARENT_MOVED: "its parent is another task now",
        Reason.RETURNED: "back in the manifest",
        Reason.MOVED_HERE: "moved here",
        Reason.MOVED_AWAY: "another project has it now; forgotten here alone",
        Reason.UNDONE: "undone",
        Reason.REMADE: "a new task and number; comments and time are gone",
    }
)

#: what is written above a list of changes of one kind
DOES: Mapping[Action, str] = MappingProxyType(
    {
        Action.CREATE: "create",
        Action.UPDATE: "update in-place",
        Action.DELETE: "delete",
        Action.DEFER: "defer",
        Action.ADOPT: "adopt",
        Action.FORGET: "forget",
        Action.NOOP: "no change",
    }
)


def clean(text: str) -> str:
    """Return text for one line that neither steers a terminal nor commands a CI runner.

    What is not seen is written as its code, and so is one character of what would be obeyed.
    """
    return disarmed(visible(text))


def clean_lines(text: str) -> str:
    """The same for a text of several lines."""
    return "\n".join(clean(line) for line in text.split("\n"))


def in_quotes(text: str) -> str:
    """Return a text in quotes, on one line."""
    return clean(f'"{_inner(text)}"')


def lines(text: str) -> list[str]:
    """Return a text of several lines as it may be shown, line by line; one that ends is none more.

    Several lines stand without quotes, as those of a text that was edited.
    """
    return [clean(line.rstrip()) for line in text.rstrip("\n").split("\n")]


def _inner(text: str) -> str:
    if text.isascii() and text.isprintable() and '"' not in text and "\\" not in text:
        return text
    return json.dumps(text, ensure_ascii=False)[1:-1]


def spelled_out(text: str, other: str) -> str:
    """Return a text as `clean` does, with what tells it from one that looks the same by name."""
    if not alike(text, other):
        return clean(text)
    return clean(
        "".join(piece if named else visible(piece) for piece, named in spelled(text, other))
    )


def pair(name: str, before: Value, after: Value, names: Names) -> tuple[str, str]:
    """Return two values in words, on one line each, so that they can be told from one another."""
    if isinstance(before, str) and isinstance(after, str) and alike(before, after):
        texts = ((before, after), (after, before))
        old, new = (
            "".join(part if named else _inner(part) for part, named in spelled(one, other))
            for one, other in texts
        )
        quote = '"' if FIELDS[name].kind is FieldKind.TEXT else ""
        return clean(f"{quote}{old}{quote}"), clean(f"{quote}{new}{quote}")
    return shown(name, before, names), shown(name, after, names)


def swapped(name: str, added: Items, removed: Items, names: Names) -> tuple[Items, Items]:
    """Return what a set gained and lost in words; members that look alike are spelled out."""
    looked = {looks(item): item for item in (*added, *removed) if isinstance(item, str)}
    if len(looked) == len(added) + len(removed):
        looked = {}

    def worded(item: object, others: Items) -> str:
        if looked and isinstance(item, str):
            lookalikes = (one for one in others if isinstance(one, str) and alike(item, one))
            return spelled_out(item, next(lookalikes, item))
        return member(name, item, names)

    return (
        tuple(worded(item, removed) for item in added),
        tuple(worded(item, added) for item in removed),
    )


def label(name: str, *values: Value) -> str:
    """Return how a field is called; a parent of this project goes by its key."""
    named = name == "parentId" and any(isinstance(value, KeyRef) for value in values)
    return "parent" if named else name


def person(number: object, names: Names) -> str:
    """Return `22 (petrova@example.com)`, or the number alone."""
    name = names.get(number) if isinstance(number, int) else None
    return f"{number} ({clean(name)})" if name else str(number)


def shown(name: str, value: Value, names: Names) -> str:
    """Return a value in words, on one line."""
    if value is None:
        return "(none)"
    match FIELDS[name].kind:
        case FieldKind.TEXT:
            return _text(str(value))
        case FieldKind.PERSON:
            return person(value, names)
        case FieldKind.PEOPLE | FieldKind.TAGS | FieldKind.EXTRA:
            return listed(name, value, names)
        case FieldKind.PARENT if isinstance(value, KeyRef):
            return clean(value.key)
        case kind:
            return _number(kind, value)


def as_written(written: Mapping[str, str], name: str, value: str = "") -> str:
    """Return ` (release - 10wd)`: what a value came of, to stand behind it; "" for itself.

    What stands in the words of the value already, as a person's address does, is not repeated.
    """
    if name not in written:
        return ""
    text = clean(written[name])
    if all(part in value for part in text.split(", ")):
        return ""
    return f" ({text})"


def _extra(value: object) -> str:
    """Return a value of an extra field as the manifest would hold it."""
    if isinstance(value, str):
        return _text(value)
    return str(value).lower() if isinstance(value, bool) else str(value)


def _text(text: str) -> str:
    if "\n" not in text:
        return in_quotes(text)
    return " | ".join(line.strip() for line in lines(text))


def _number(kind: FieldKind, value: Value) -> str:
    if not isinstance(value, int):
        return clean(str(value))
    match kind:
        case FieldKind.STATUS:
            return STATUS_WORDS.get(value, str(value))
        case FieldKind.PRIORITY:
            return PRIORITY_WORDS.get(value, str(value))
        case FieldKind.SECONDS:
            return duration(value)
        case _:
            return str(value)


def listed(name: str, value: Value, names: Names) -> str:
    """Return the members of a set, joined, or the one value; `(none)` where there is none."""
    items = value if isinstance(value, tuple) else () if value is None else (value,)
    return ", ".join(member(name, item, names) for item in items) or "(none)"


def member(name: str, item: object, names: Names) -> str:
    """Return one member of a set in words."""
    kind = FIELDS[name].kind
    if kind is FieldKind.EXTRA:
        return _extra(item)
    return person(item, names) if kind is FieldKind.PEOPLE else clean(str(item))


def is_set(name: str) -> bool:
    """Tell whether a field holds a set."""
    return FIELDS[name].kind in {FieldKind.PEOPLE, FieldKind.TAGS}


def is_long(name: str, *values: Value) -> bool:
    """Tell whether a text is better shown by the words that moved."""
    texts = [value for value in values if isinstance(value, str)]
    wide = FIELDS[name].kind is FieldKind.TEXT and len(texts) == len(values)
    return wide and any(len(text) > LONG or "\n" in text for text in texts)


def moved(name: str, before: Value, after: Value) -> str:
    """Return `+4 d` for a date or a length of time that moved, else nothing."""
    kind = FIELDS[name].kind
    if kind is FieldKind.INSTANT and before is not None and after is not None:
        return delta(str(before), str(after))
    if kind is FieldKind.SECONDS and isinstance(before, int) and isinstance(after, int) and before:
        return ("+" if after > before else "-") + duration(after - before)
    return ""


def lost(activity: Activity | None) -> str:
    """Return what goes with a deleted task, in words; nothing where nobody worked on it."""
    if activity is None:
        return "activity unknown: the portal does not tell whether people worked on it"
    comments = count(activity.comments, "comment") if activity.comments else ""
    logged = f"{duration(activity.seconds)} logged" if activity.seconds else ""
    both = " and ".join(part for part in (comments, logged) if part)
    return f"{both} would be lost" if both else ""


def why(change: Change) -> str:
    """Return the reason in words; nothing where the change speaks for itself."""
    words = WHY[change.reason]
    if change.origin is not None and change.action is Action.ADOPT:
        return f"moved here: it was {clean(str(change.origin))}"
    if change.action is Action.FORGET and "tags" in change.body and not change.markers:
        words += "; its marker comes off, and it is free for people and other projects"
    return words


def count(number: int, one: str, many: str = "") -> str:
    """Return `1 task`, `3 tasks`."""
    return f"{number} {one if number == 1 else many or one + 's'}"


def also(pairs: Iterable[tuple[int, str]]) -> str:
    """Return `Also 2 to adopt, 1 to defer.`, or nothing where all are zero."""
    parts = ", ".join(f"{number} {what}" for number, what in pairs if number)
    return f" Also {parts}." if parts else ""


def planned(summary: Summary) -> str:
    """Return the line that people's scripts look for (design 4)."""
    rest = ((summary.adopt, "adopt"), (summary.defer, "defer"), (summary.forget, "forget"))
    return (
        f"Plan: {summary.add} to add, {summary.change} to change, {summary.remove} to destroy."
        + also((number, f"to {what}") for number, what in rest)
    )


def whereabouts(plan: Plan) -> str:
    """Return `finance-q2 on acme.bitrix24.com`: what a plan is of."""
    project, portal = clean(plan.project), clean(plan.portal)
    return f"{project} on {portal}" if portal else project


def by_digest(plan: Plan) -> tuple[str, str]:
    """Return the command that applies a plan by its digest, and what that does of it."""
    what = (
        "does this without the corrections of drift"
        if plan.corrects
        else "does this, and nothing else"
    )
    return "tasksync apply --expect DIGEST", what


def left_out(plan: Plan) -> str:
    """Return what --target and --exclude keep out of a plan, in a sentence; else nothing."""
    if not plan.partial:
        return ""
    if not plan.narrowed:  # a plan file of an earlier version does not say
        return "Narrowed by --target or --exclude."
    flags = plan.narrowed
    if len(flags) > _FLAGS:
        flags = tuple(dict.fromkeys(flag.partition(" ")[0] for flag in flags))
    what = count(plan.left_out, "change is", "changes are") if plan.left_out else "no change is"
    return f"Narrowed by {clean(' '.join(flags))}: {what} left out."


def stale_left_out(number: int) -> str:
    """Return that changes of a saved plan were stale, in a sentence; nothing where none was."""
    were = count(number, "stale change was", "stale changes were")
    return f"{were} left out." if number else ""


#: so many flags are named with their globs
_FLAGS = 3


def takes(requests: int, seconds: float) -> str:
    """Return `About 3 requests.`, with the time where it is worth a word."""
    time = f", {duration(round(seconds))}" if seconds >= 1 else ""
    return f"About {count(requests, 'request')}{time}."


def person_line(one: Person) -> tuple[str, str]:
    """Return who, and what happens to them."""
    who = f"{one.id} {clean(one.name)}".rstrip()
    return who, ", ".join(f"{number} {HAPPENS[what]}" for what, number in one.counts)


#: what stays with a task that is moved, and with all tasks of an instance
_KEPT = {
    False: "the task keeps its comments and its logged time",
    True: "its tasks keep their comments and their logged time",
}


def rename_advice(before: str, after: str) -> str:
    """Return what to add to the manifest so that a task keeps its history."""
    return f"moved: [{{from: {before}, to: {after}}}]"


def _allowance(plan: Plan) -> Iterator[str]:
    """Say what is left of policy.allow, where it matters."""
    if plan.left is None or not (plan.removals or plan.spent):
        return
    words = f"policy.allow: {clean(plan.policy.allowance)} has {plan.left} left"
    if plan.removals:
        words += f"; this plan removes {count(plan.removals, 'task')}"
    yield words + ("." if plan.left else "; it is used up and may be taken out.")


def _handed_over(one: HandedOver) -> str:
    """Say whose a task is now, and what is to be done about it here."""
    where = clean(str(one.to))
    if not one.is_there:
        return f"is on its way to {where}: nothing is done to it here; apply there to end the move."
    return (
        f"is {where} now: nothing is made or changed for it here; take it out of the manifest. "
        "To have it back: apply without it first, then write it again with moved or adopt."
    )


def notes(plan: Plan) -> tuple[str, ...]:
    """Return what a person should know beside the changes, drift left out; each on one line."""
    return (
        *(
            f"{clean(old)} looks like a rename: add {rename_advice(clean(old), clean(new))} "
            f"to the manifest, and {_KEPT[is_instance(old)]}."
            for old, new in as_moves(plan.renames)
        ),
        *(f"{clean(old)} has moved to {clean(new)}." for old, new in plan.moved),
        *_allowance(plan),
        *(
            f"{clean(one.key)} (task {one.id}) has a duplicate, task {one.other} "
            f"{in_quotes(one.title)}: one create arrived twice. "
            "Delete the one that nobody works on."
            for one in plan.duplicates
        ),
        *(
            f"task {one.id} {in_quotes(one.title)} bears our marker and fits no key: "
            f"take it over with adopt: {{id: {one.id}}}, or take its marker away."
            for one in plan.orphans
        ),
        *(f"{clean(one.key)} (task {one.id}) {_handed_over(one)}" for one in plan.handed_over),
        *(
            f"{clean(one.key)} (task {one.id}) was made, and this key cannot see it: it is not "
            f"made again{', and the edit of it waits' if one.waits else ''}."
            for one in plan.hidden
        ),
        *(
            f"{clean(one.key)} (task {one.id}) cannot be read ({clean(one.what)}): it is left "
            f"alone{', and the change of it waits' if one.waits else ''}. Mend the field on the "
            "portal; other tasks go on."
            for one in plan.unreadable
        ),
        *_existing(plan),
        *_doubtful(plan),
        *_standing(plan),
        *_by_policy(plan),
        *_in_doubt(plan),
    )


#: so many tasks of one title are named
_MOST_OF_ONE = 3
#: what is said of creates of whose title a task exists: where one fits, and where several do
_EXISTING = (
    (
        True,
        (
            "a task of the same title exists that belongs to no project",
            "To take them over instead: tasksync import --match, or adopt: {id: N}.",
        ),
    ),
    (
        False,
        (
            "several tasks of the same title exist that belong to no project",
            "Choose one with adopt: {id: N}, or let it be created beside them.",
        ),
    ),
)
#: so many keys of tasks that stand alike are named; the JSON has them all
_NAMED = 20


def _existing(plan: Plan) -> Iterator[str]:
    """Say which creates seem to be there already, and what a person can do."""
    names = dict(plan.names)
    told = {True: list[str](), False: list[str]()}
    for one in plan.existing:
        tasks = ", ".join(
            f"{task.id} of {person(task.responsible, names)}" for task in one.tasks[:_MOST_OF_ONE]
        )
        more = len(one.tasks) - _MOST_OF_ONE
        tasks += f" and {more} more" if more > 0 else ""
        told[bool(one.adopt)].append(f"{clean(one.key)} (task {tasks})")
    for fits, advice in _EXISTING:
        if keys := told[fits]:
            some = "; ".join(keys[:_NAMED])
            more_keys = f"; and {len(keys) - _NAMED} more" if len(keys) > _NAMED else ""
            yield f"would be created, and {advice[0]}: {some}{more_keys}. {advice[1]}"
    if plan.not_looked_for:
        yield (
            f"the portal did not tell whether {count(plan.not_looked_for, 'task')} that would be "
            "created exist there already."
        )


def _doubtful(plan: Plan) -> Iterator[str]:
    """Say which people that changes name by number are not there."""
    names = dict(plan.names)
    for one in plan.doubtful:
        keys = ", ".join(map(clean, one.keys[:_NAMED]))
        more = f" and {len(one.keys) - _NAMED} more" if len(one.keys) > _NAMED else ""
        if one.listed:
            yield f"{person(one.id, names)} is not active on the portal any more: {keys}{more}."
        else:
            yield f"nobody on the portal has the number {one.id}: {keys}{more}."


def beside_field(one: FieldChange) -> str:
    """Return what a reviewer must know of a field beside its values, or ""."""
    told = ("changed on the portal", one.drifted), ("replaces what people set", one.replaces)
    return ", ".join(words for words, holds in told if holds)


#: what is said of fields that a policy lets stand: before them, and after
_BY_POLICY: Mapping[Stands, tuple[str, str]] = MappingProxyType(
    {
        Stands.ACCEPTED: (
            "{} accepted as people set it",
            "Apply remembers it; an edit in the manifest replaces it.",
        ),
        Stands.AHEAD: (
            "{} stands, further than asked",
            "Its policy is ratchet: apply remembers it.",
        ),
        Stands.BACKWARD: (
            "Warning: the edit of {} is not sent, since it would go back and its policy is ratchet",
            "Write what is there, or change the policy.",
        ),
    }
)


def _by_policy(plan: Plan) -> Iterator[str]:
    """Say what stands because a field policy says so, warnings first."""
    names = dict(plan.names)
    for why in (Stands.BACKWARD, Stands.ACCEPTED, Stands.AHEAD):
        fields: dict[str, list[Standing]] = {}
        for one in plan.standing:
            if one.why is why:
                fields.setdefault(label(one.name, one.wanted), []).append(one)
        before, after = _BY_POLICY[why]
        for name, group in fields.items():
            told = "; ".join(
                f"{clean(one.key)} (task {one.id}) {shown(one.name, one.found, names)}, "
                f"asked {shown(one.name, one.wanted, names)}"
                for one in group[:_NAMED]
            )
            more = f"; and {len(group) - _NAMED} more" if len(group) > _NAMED else ""
            yield f"{before.format(name)}: {told}{more}. {after}"


def _standing(plan: Plan) -> Iterator[str]:
    """Say what differs and is left as it is, and what it would take."""
    alike: dict[tuple[str, Value, Value], list[Standing]] = {}
    for one in plan.standing:
        if one.why is not Stands.LEFT:
            continue
        alike.setdefault((one.name, one.wanted, one.found), []).append(one)
    names = dict(plan.names)
    for (name, wanted, found), group in alike.items():
        keys = ", ".join(f"{clean(one.key)} (task {one.id})" for one in group[:_NAMED])
        more = f" and {len(group) - _NAMED} more" if len(group) > _NAMED else ""
        is_, said = (shown(name, value, names) for value in (found, wanted))
        if name == "status":
            yield (
                f"status {is_} stands, asked was {said}: people moved it on: {keys}{more}. An edit "
                "of status in the manifest is sent, with --dangerous-reopen."
            )
        else:
            yield (
                f"{label(name)} stays {is_}, asked is {said}: the portal sets it on create only: "
                f"{keys}{more}. It takes deleting the task and creating it anew, which loses its "
                "comments and logged time; or write it into the manifest as it is."
            )


def _in_doubt(plan: Plan) -> tuple[str, ...]:
    if not plan.in_doubt:
        return ()
    keys = ", ".join(clean(key) for key in plan.in_doubt)
    what = count(len(plan.in_doubt), "create")
    return (f"the answer to {what} of an earlier run was lost; apply finds out first: {keys}.",)
