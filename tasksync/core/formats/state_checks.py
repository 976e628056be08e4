"""A state that somebody hands in (`state push`): every value of it is looked at.

Reading a store is more lenient: what was saved must stay readable. What comes from outside may be
written by hand, and what no command could use afterwards is refused here, with entry and field.
"""

from __future__ import annotations

import math
from collections.abc import Iterator
from typing import Any

from tasksync.core.fields import (
    FIELDS,
    PRIORITY_WORDS,
    STATUS_WORDS,
    FieldKind,
    KeyRef,
    Value,
    Values,
    is_instant,
)
from tasksync.core.formats.history_json import ACTIONS_DONE
from tasksync.core.formats.state_json import decode_state
from tasksync.core.formats.typed import LARGEST
from tasksync.core.keys import first_bad, is_key
from tasksync.core.manifest import MARKER_PREFIX
from tasksync.core.quoting import in_ascii
from tasksync.core.state import Entry, Intent, PortalIdentity, Run, State
from tasksync.errors import StateError, StateUnreadable

_ADVICE = "Nothing was changed. Mend it there, or take what tasksync state pull wrote."
_NAME = 255
#: characters of an address
_ADDRESS = 2000


def pushed(document: object) -> State:
    """Return the state of a document from outside; raises StateUnreadable with entry and field."""
    state = decode_state(document)
    for where, fault in _faults(state):
        if fault:
            raise StateUnreadable(f"This state is not taken: {where}: {fault}.", _ADVICE)
    return state


def must_be_usable(state: State) -> None:
    """Raise StateError where a state holds a key that no task can have.

    `state push` of earlier versions took such keys. `state list`, `show`, `pull`, `mv`, `rm` and
    `push` work on them, so that they can be mended.
    """
    key = first_bad((*state.index, *(intent.key for intent in state.intents)))
    if key is not None:
        raise StateError(
            f"The state has an entry whose key no task can have: {in_ascii(key)}.",
            f"tasksync state rm ${key!a} (as bash writes it) forgets it; or give it another "
            "key with state mv. Nothing was changed.",
        )


def _faults(state: State) -> Iterator[tuple[str, str]]:
    """Yield each place with what is wrong there, or ""."""
    yield "lineage", _name(state.lineage, empty=True)
    yield "identity", _identity(state.identity)
    for name in state.files:
        yield "files", "" if name and "\0" not in name else f"{in_ascii(name)} is no file"
    for name in (*state.directory.people, *state.directory.groups):
        fits = name and "\0" not in name
        yield "directory", "" if fits else f"{in_ascii(name)} is nobody's address or name"
    for key in state.index:
        yield f"entry {in_ascii(key)}", "" if is_key(key) else "that is no key of a task"
    for entry in state.entries.values():
        yield from _entry(entry)
    for intent in state.intents:
        yield from _intent(intent)
    yield "intents", _twice([intent.key for intent in state.intents])
    for run in state.runs:
        yield from _run(run)
    yield "runs", _twice([run.id for run in state.runs])


def _entry(entry: Entry) -> Iterator[tuple[str, str]]:
    where = f"entry {entry.key}"
    yield from _asked(where, "asked", entry.asked)
    yield from _normalised(where, "made", entry.normalised)
    yield from _normalised(where, "unproved", entry.unproved)
    yield from _written(where, entry)
    yield f"{where}: created", "" if not entry.created else _date(entry.created)
    yield f"{where}: options.adopt", _adopted(entry.options.adopt)
    if entry.moved_to is not None:
        yield f"{where}: movedTo", _name(entry.moved_to.project)
        fits = is_key(entry.moved_to.key)
        yield f"{where}: movedTo", "" if fits else "that is no key of a task"


def _intent(intent: Intent) -> Iterator[tuple[str, str]]:
    where = f"intent {in_ascii(intent.key)}"
    yield where, "" if is_key(intent.key) else "that is no key of a task"
    yield from _asked(where, "asked", intent.asked)
    yield from _asked(where, "sent", intent.sent)
    yield from _written(where, intent)
    yield f"{where}: after", "" if 0 <= intent.after <= LARGEST else _no_id(intent.after)
    yield f"{where}: run", _name(intent.run)
    yield f"{where}: options.adopt", _adopted(intent.options.adopt)


def _run(run: Run) -> Iterator[tuple[str, str]]:
    where = f"run {in_ascii(run.id)}"
    yield where, _name(run.id)
    yield f"{where}: outcome", _name(run.outcome, empty=True)
    yield f"{where}: plan", _name(run.plan, empty=True)
    yield f"{where}: by", _name(run.by, empty=True)
    yield f"{where}: ci", _name(run.ci, empty=True, longest=_ADDRESS)
    yield f"{where}: command", _name(run.command)
    yield f"{where}: digest", _name(run.digest, empty=True)
    yield f"{where}: undoes", _name(run.undoes, empty=True)
    for action in run.counts:
        fits = action in ACTIONS_DONE
        yield f"{where}: counts", "" if fits else f"{in_ascii(action)} is nothing that is done"
    for key in run.touched:
        yield f"{where}: touched", "" if is_key(key) else f"{in_ascii(key)} is no key of a task"


def _asked(where: str, part: str, values: Values) -> Iterator[tuple[str, str]]:
    """What we asked for stood in a manifest once: only what can stand there."""
    for name, value in values.items():
        if name in FIELDS:  # which values an extra field takes, the portal tells when it is asked
            yield f"{where}: {part}.{name}", _value(name, value) or _asked_for(name, value)


def _normalised(where: str, part: str, values: Values) -> Iterator[tuple[str, str]]:
    """What the portal made of it may be irregular, but has to fit."""
    for name, value in values.items():
        if name in FIELDS:
            yield f"{where}: {part}.{name}", _value(name, value)


def _written(where: str, one: Entry | Intent) -> Iterator[tuple[str, str]]:
    for name, text in one.written.items():
        fits = name in one.asked and text and text.isprintable()
        yield f"{where}: written.{name}", "" if fits else f"{in_ascii(text)} stands for no value"


def _value(name: str, value: Value) -> str:
    field = FIELDS[name]
    if value is None:
        return "" if field.clearable and field.empty is None else "it cannot be null"
    if isinstance(value, KeyRef):
        return "" if is_key(value.key) else f"{in_ascii(value.key)} is no key of a task"
    if field.kind is FieldKind.INSTANT:
        return _date(str(value))
    for number in value if isinstance(value, tuple) else (value,):
        if isinstance(number, bool):
            return "true and false are no numbers"
        if isinstance(number, int) and abs(number) > LARGEST:
            return f"{number} does not fit into 63 bits"
    return ""


def _asked_for(name: str, value: Value) -> str:
    kind = FIELDS[name].kind
    match value:
        case int():
            return "" if value in _RANGES.get(kind, _ANY) else f"it cannot be {value}"
        case tuple() if kind is FieldKind.PEOPLE:
            invalid = [one for one in value if isinstance(one, int) and one < 1]
            return f"{invalid[0]} is nobody" if invalid else _ordered(value)
        case tuple():
            wrong = [one for one in map(str, value) if _is_no_tag(one)]
            return f"{in_ascii(wrong[0])} can be no tag" if wrong else _ordered(value)
    return ""


_ANY = range(LARGEST + 1)
_IDS = range(1, LARGEST + 1)
_RANGES = {
    FieldKind.STATUS: range(min(STATUS_WORDS), max(STATUS_WORDS) + 1),
    FieldKind.PRIORITY: range(min(PRIORITY_WORDS), max(PRIORITY_WORDS) + 1),
    FieldKind.PERSON: _IDS,
    FieldKind.GROUP: _IDS,
    FieldKind.PARENT: _IDS,
}


def _is_no_tag(tag: str) -> bool:
    return not tag.strip() or "," in tag or tag.strip().lower().startswith(MARKER_PREFIX)


def _ordered(values: tuple[Any, ...]) -> str:
    """Lists are compared as they stand: in normal form they are sorted, and nothing comes twice."""
    return "" if list(values) == sorted(set(values)) else "it is not sorted, or repeats itself"


def _date(text: str) -> str:
    return "" if is_instant(text) else f"{in_ascii(text)} is no date with a zone"


def _adopted(adopt: int | None) -> str:
    return "" if adopt is None or 0 < adopt <= LARGEST else _no_id(adopt)


def _no_id(number: int) -> str:
    return f"{number} is no id of a task"


def _identity(identity: PortalIdentity | None) -> str:
    if identity is None:
        return ""
    for number in (identity.requests_per_second, identity.create_seconds):
        if number is not None and not 0 < number < math.inf:
            return f"{number} is no pace"
    return _name(identity.portal) or _name(identity.owner, empty=True)


def _name(text: str, *, empty: bool = False, longest: int = _NAME) -> str:
    if not text:
        return "" if empty else "it is empty"
    fits = text.isprintable() and len(text) <= longest
    return "" if fits else f"{in_ascii(text)} cannot be a name"


def _twice(names: list[str]) -> str:
    return "" if len(set(names)) == len(names) else "one stands there twice"
