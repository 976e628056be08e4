"""The state as plain JSON data, and back: what `state pull` prints and every store keeps.

    {"kind": "tasksync-state", "version": 2, "project": ..., "lineage": ..., "serial": ...,
     "identity": {...} | null, "entries": {key: {...}}, "intents": [...], "files": [...],
     "released": [...], "runs": [...]}

`schemas/state.schema.json` describes it. Instants are ISO 8601 in UTC. What has its usual value
(no options, nothing made differently) is left out. Reading looks at kind and version before
anything else, and raises StateUnreadable with the place of the first fault.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import asdict
from datetime import UTC, datetime
from typing import Any, TypeVar

from tasksync.core.fields import (
    FIELDS,
    FieldKind,
    RemoteId,
    TaskKey,
    Value,
    Values,
    from_plain,
    instant,
    plain,
)
from tasksync.core.quoting import kind_of, quoted
from tasksync.core.state import (
    FORMAT_VERSION,
    KEPT_RUNS,
    NO_SOURCE,
    Entry,
    Holder,
    Intent,
    Lease,
    PortalIdentity,
    Run,
    State,
    StateDelta,
    fingerprint_in,
    state_of,
)
from tasksync.core.task import NO_OPTIONS, OnRemove, Options
from tasksync.errors import StateForeign, StateUnreadable

KIND = "tasksync-state"
#: what every store can count to
LARGEST = 2**63 - 1

T = TypeVar("T")

_TYPES: Mapping[FieldKind, tuple[type, ...]] = {
    FieldKind.TEXT: (str,),
    FieldKind.INSTANT: (str,),
    FieldKind.PEOPLE: (list,),
    FieldKind.TAGS: (list,),
    FieldKind.PARENT: (int, dict),
}
_ADVICE = (
    "tasksync leaves it as it is. Take it from a backup, or move it away and run "
    "`tasksync state rebuild`: the portal still knows which tasks are yours."
)


#: characters of a value that an error quotes
_QUOTED = 300
#: no format will ever have a higher number
_LAST_VERSION = 1_000_000


def unreadable(what: str, where: str = "the state") -> StateUnreadable:
    """Return the error for a state that is torn, or not one at all."""
    return StateUnreadable(f"{where} cannot be read: {what}", _ADVICE)


def newer(version: object, where: str = "the state") -> StateUnreadable:
    """Return the error for a state of a later tasksync."""
    return StateUnreadable(
        f"{where} was written by a newer version of tasksync (format {version}, "
        f"this one knows {FORMAT_VERSION})",
        "Install that version: `pip install --upgrade tasksync`. Nothing was changed.",
    )


def foreign(found: str, project: str) -> StateForeign:
    """Return the error for a state of another project."""
    return StateForeign(
        f"This state belongs to the project {quoted(found)}, not to {quoted(project)}.",
        "Give each project a state of its own (`--state`), or mend `project:` in the manifest. "
        "Nothing was changed.",
    )


def sniff(document: object, kind: str, where: str = "the state") -> dict[str, Any]:
    """Return the document if it is of this kind and of a version that is known here."""
    if not isinstance(document, dict) or document.get("kind") != kind:
        raise unreadable(f"it is not a {kind} document", where)
    match document.get("version"):
        case bool() | float() | str() | None:
            raise unreadable("its version is not a number", where)
        case int(version) if version > _LAST_VERSION:
            raise unreadable("its version is not a number", where)
        case int(version) if version > FORMAT_VERSION:
            raise newer(version, where)
    return document


@contextmanager
def reading(what: str) -> Iterator[None]:
    """Turn whatever plain data of the wrong shape raises into StateUnreadable, naming it."""
    try:
        yield
    except RecursionError:
        raise unreadable(f"{what}: it is nested too deep") from None
    except (KeyError, TypeError, ValueError, AttributeError, OverflowError) as error:
        fault = f"{error.args[0]} is missing" if isinstance(error, KeyError) else str(error)
        raise unreadable(f"{what}: {_cut(fault)}") from error


def _cut(words: str) -> str:
    """Return words that may quote a value, and a value may have megabytes."""
    return words if len(words) <= _QUOTED else f"{words[:_QUOTED]}…"


def encode_state(state: State) -> dict[str, object]:
    """Return the whole state as plain data, entries in the order of their keys."""
    return {
        "kind": KIND,
        "version": FORMAT_VERSION,
        "project": state.project,
        "lineage": state.lineage,
        "serial": state.serial,
        "identity": encode_identity(state.identity),
        "entries": {key: encode_entry(state.entries[key]) for key in sorted(state.entries)},
        "intents": [encode_intent(intent) for intent in state.intents],
        "files": list(state.files),
        "released": list(state.released),
        "runs": [encode_run(run) for run in state.runs],
    }


def decode_state(document: object) -> State:
    """Return the state that `encode_state` wrote."""
    data = sniff(document, KIND)
    with reading("the document"):
        entries, intents, runs = _dict(data, "entries"), _list(data, "intents"), _list(data, "runs")
        rest: dict[str, object] = {
            "lineage": _str(data, "lineage"),
            "serial": _counted(data, "serial"),
            "identity": decode_identity(data["identity"]),
            "files": _texts(data, "files"),
            "released": decode_released(data["released"]),
        }
        project = _str(data, "project")
    return state_of(
        project,
        [decode_entry(TaskKey(key), entries[key]) for key in sorted(entries)],
        intents=tuple(decode_intent(intent) for intent in intents),
        runs=tuple(decode_run(run) for run in runs),
        **rest,
    )


def apply_delta(document: Mapping[str, Any], delta: StateDelta) -> dict[str, Any]:
    """Return a state document with a delta laid over it, serial and all but the lineage.

    It says the same as `State.after`, but touches only what the delta names.
    """
    dropped, closed = set(delta.drop), set(delta.close)
    entries = {**document["entries"], **{e.key: encode_entry(e) for e in delta.put}}
    intents = {i["key"]: i for i in (*document["intents"], *map(encode_intent, delta.open))}
    runs = {run["id"]: run for run in document["runs"]}
    if delta.run:
        runs[delta.run.id] = encode_run(delta.run)
    updated = {
        **document,
        "serial": document["serial"] + 1,
        "entries": {key: entry for key, entry in entries.items() if key not in dropped},
        "intents": [intent for key, intent in intents.items() if key not in closed],
        "runs": list(runs.values())[-KEPT_RUNS:],
    }
    if delta.identity is not None:
        updated["identity"] = encode_identity(delta.identity)
    if delta.files is not None:
        updated["files"] = list(delta.files)
    if delta.released is not None:
        updated["released"] = list(delta.released)
    return updated


def decode_released(data: Any) -> tuple[RemoteId, ...]:
    """Return the ids of tasks that were forgotten on purpose."""
    with reading("what was released"):
        return tuple(map(_remote, _typed({"released": data}, "released", list)))


def encode_entry(entry: Entry) -> dict[str, object]:
    """Return an entry without its key."""
    data: dict[str, object] = {"id": entry.id, "asked": _plain(entry.asked)}
    if entry.normalised:
        data["made"] = _plain(entry.normalised)
    if entry.unproved:
        data["unproved"] = _plain(entry.unproved)
    if entry.options != NO_OPTIONS:
        data["options"] = encode_options(entry.options)
    if entry.protected:
        data["protected"] = True
    if entry.deferred:
        data["deferred"] = True
    if entry.source != NO_SOURCE:
        data["block"] = entry.source.hex()
    if entry.created:
        data["created"] = entry.created
    if entry.hidden:
        data["hidden"] = True
    if entry.remade:
        data["remade"] = True
    return data


def decode_entry(key: TaskKey, data: Any) -> Entry:
    """Return the entry of this key."""
    with reading(f"entry {key if key.isprintable() else ascii(key)}"):
        return Entry(
            key,
            _remote(data["id"]),
            _values(data["asked"]),
            _values(data.get("made", {})),
            decode_options(data.get("options")),
            protected=_bool(data, "protected"),
            deferred=_bool(data, "deferred"),
            source=fingerprint_in(_str({"block": NO_SOURCE.hex(), **data}, "block")),
            created=_created(data),
            hidden=_bool(data, "hidden"),
            remade=_bool(data, "remade"),
            unproved=_values(data.get("unproved", {})),
        )


def _created(data: Mapping[str, object]) -> str:
    created = _str({"created": "", **data}, "created")
    if created:
        decode_instant(created)
    return created


def encode_intent(intent: Intent) -> dict[str, object]:
    """Return an intent with its key."""
    data: dict[str, object] = {
        "key": intent.key,
        "asked": _plain(intent.asked),
        "sent": _plain(intent.sent),
        "after": intent.after,
        "at": encode_instant(intent.at),
        "run": intent.run,
    }
    if intent.options != NO_OPTIONS:
        data["options"] = encode_options(intent.options)
    return data


def decode_intent(data: Any) -> Intent:
    """Return the intent that `encode_intent` wrote."""
    with reading("an intent"):
        return Intent(
            TaskKey(_str(data, "key")),
            _values(data["asked"]),
            _values(data["sent"]),
            RemoteId(_int(data, "after")),
            decode_instant(data["at"]),
            _str(data, "run"),
            decode_options(data.get("options")),
        )


def encode_options(options: Options) -> dict[str, object]:
    """Return what a block said about its handling, without what it did not say."""
    data: dict[str, object] = {}
    if options.protect is not None:
        data["protect"] = options.protect
    if options.on_remove is not None:
        data["onRemove"] = options.on_remove.value
    if options.ignore_changes:
        data["ignoreChanges"] = list(options.ignore_changes)
    if options.adopt is not None:
        data["adopt"] = options.adopt
    return data


def decode_options(data: Any) -> Options:
    """Return the options; None is a block that said nothing."""
    if not data:
        return NO_OPTIONS
    on_remove, adopt = data.get("onRemove"), data.get("adopt")
    return Options(
        protect=_bool(data, "protect") if "protect" in data else None,
        on_remove=None if on_remove is None else OnRemove(on_remove),
        ignore_changes=_texts(data, "ignoreChanges") if "ignoreChanges" in data else (),
        adopt=None if adopt is None else RemoteId(_int(data, "adopt")),
    )


def encode_run(run: Run) -> dict[str, object]:
    """Return one apply."""
    data: dict[str, object] = {
        "id": run.id,
        "at": encode_instant(run.at),
        "outcome": run.outcome,
        "plan": run.plan,
        "serial": run.serial,
    }
    if run.began:
        data["began"] = True
    if run.touched:
        data["touched"] = list(run.touched)
    return {**data, "allowances": dict(run.allowances)} if run.allowances else data


def decode_run(data: Any) -> Run:
    """Return the run that `encode_run` wrote."""
    with reading("a run"):
        return Run(
            _str(data, "id"),
            decode_instant(data["at"]),
            _str(data, "outcome"),
            _str(data, "plan"),
            _counted({"serial": 0, **data}, "serial"),
            began=_bool(data, "began"),
            touched=tuple(map(TaskKey, _texts({"touched": [], **data}, "touched"))),
            allowances=_allowances(data.get("allowances", {})),
        )


def _allowances(data: Any) -> dict[str, int]:
    return {text: _counted(data, text) for text in _typed({"": data}, "", dict)}


def encode_identity(identity: PortalIdentity | None) -> dict[str, object] | None:
    """Return whose portal and whose key, or None while nobody bound the state."""
    if identity is None:
        return None
    data: dict[str, object] = {"portal": identity.portal, "owner": identity.owner}
    if identity.requests_per_second is not None:
        data["requestsPerSecond"] = identity.requests_per_second
    if identity.create_seconds is not None:
        data["createSeconds"] = identity.create_seconds
    return data


def decode_identity(data: Any) -> PortalIdentity | None:
    """Return the identity that `encode_identity` wrote."""
    if data is None:
        return None
    pace, takes = data.get("requestsPerSecond"), data.get("createSeconds")
    return PortalIdentity(
        _str(data, "portal"),
        _str(data, "owner"),
        None if pace is None else float(pace),
        None if takes is None else float(takes),
    )


def encode_holder(holder: Holder) -> dict[str, object]:
    """Return who holds a lease."""
    return asdict(holder)


def decode_holder(data: Any) -> Holder:
    """Return the holder that `encode_holder` wrote."""
    with reading("the holder of the lock"):
        texts = {name: _str(data, name) for name in ("user", "host", "started", "run_url")}
        return Holder(pid=_int(data, "pid"), operation=_str(data, "operation"), **texts)


def encode_lease(lease: Lease) -> dict[str, object]:
    """Return a lease with its holder."""
    return {
        "id": lease.id,
        "holder": encode_holder(lease.holder),
        "fence": lease.fence,
        "since": encode_instant(lease.since),
        "heartbeat": encode_instant(lease.heartbeat),
        "ttl": lease.ttl,
    }


def decode_lease(data: Any) -> Lease:
    """Return the lease that `encode_lease` wrote."""
    with reading("the lock"):
        return Lease(
            _str(data, "id"),
            decode_holder(data["holder"]),
            _int(data, "fence"),
            decode_instant(data["since"]),
            decode_instant(data["heartbeat"]),
            float(data["ttl"]),
        )


def encode_instant(at: datetime) -> str:
    """Return an instant in UTC, to the microsecond."""
    return at.astimezone(UTC).isoformat()


def decode_instant(text: object) -> datetime:
    """Return an aware instant in UTC; raises ValueError for one without a zone."""
    try:
        at = datetime.fromisoformat(str(text))
        if at.tzinfo is not None:
            return at.astimezone(UTC)
    except (ValueError, OverflowError):  # Python's words for it help nobody
        pass
    msg = f"{quoted(text)} is no date with a zone"
    raise ValueError(msg)


def to_text(data: object) -> str:
    """Return plain data as compact JSON that UTF-8 can carry: a column of a table."""
    text = json.dumps(data, ensure_ascii=False, separators=(",", ":"))
    try:
        text.encode()
    except UnicodeEncodeError:  # half a surrogate pair: a portal may have kept one
        return json.dumps(data, separators=(",", ":"))
    return text


def from_text(text: str, what: str) -> Any:
    """Return what `to_text` wrote; `what` names it where it is torn."""
    with reading(what):
        return json.loads(text)


def _plain(values: Values) -> dict[str, object]:
    return {name: plain(value) for name, value in values.items()}


def _values(data: Mapping[str, object]) -> dict[str, Value]:
    return {name: _value(name, value) for name, value in data.items()}


def _value(name: str, value: object) -> Value:
    if name not in FIELDS:
        msg = f"{quoted(name)} is no field of a task"
        raise ValueError(msg)
    fits = _TYPES.get(FIELDS[name].kind, (int,))
    if value is not None and (isinstance(value, bool) or not isinstance(value, fits)):
        msg = f"{name} cannot be {quoted(value)}"
        raise ValueError(msg)
    if isinstance(value, str) and FIELDS[name].kind is FieldKind.INSTANT:
        try:
            instant(value)  # what is no instant cannot be compared with any
        except ValueError:
            msg = f"{name}: {quoted(value)} is no date"
            raise ValueError(msg) from None
    return from_plain(name, value)


def _str(data: Mapping[str, object], name: str) -> str:
    return _typed(data, name, str)


def _remote(value: object) -> RemoteId:
    if type(value) is not int or not 0 < value <= LARGEST:
        msg = f"{quoted(value)} is no id of a task"
        raise ValueError(msg)
    return RemoteId(value)


def _int(data: Mapping[str, object], name: str) -> int:
    if isinstance(data[name], bool):
        msg = f"{name} is not a number"
        raise TypeError(msg)
    return _typed(data, name, int)


def _counted(data: Mapping[str, object], name: str) -> int:
    number = _int(data, name)
    if not 0 <= number <= LARGEST // 2:
        msg = f"{name} cannot be {number}"
        raise ValueError(msg)
    return number


def _bool(data: Mapping[str, object], name: str) -> bool:
    return _typed({name: False, **data}, name, bool)


def _dict(data: Mapping[str, object], name: str) -> dict[str, Any]:
    return _typed(data, name, dict)


def _list(data: Mapping[str, object], name: str) -> list[Any]:
    return _typed(data, name, list)


def _typed(data: Mapping[str, object], name: str, kind: type[T]) -> T:
    value = data[name]
    if not isinstance(value, kind):
        msg = f"{name} is {kind_of(type(value))}, not {kind_of(kind)}"
        raise TypeError(msg)
    return value


def _texts(data: Mapping[str, object], name: str) -> tuple[str, ...]:
    items: Iterable[object] = _list(data, name)
    if all(isinstance(item, str) for item in items):
        return tuple(str(item) for item in items)
    msg = f"{name} holds something that is not text"
    raise TypeError(msg)
