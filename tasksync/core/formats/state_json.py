"""The state as plain JSON data, and back: what `state pull` prints and every store keeps.

    {"kind": "tasksync-state", "version": 3, "project": ..., "lineage": ..., "serial": ...,
     "identity": {...} | null, "entries": {key: {...}}, "intents": [...], "files": [...],
     "released": [...], "runs": [...], "directory": {"people": {...}, "groups": {...}}}

`schemas/state.schema.json` describes it. Instants are ISO 8601 in UTC. What has its usual value
(no options, nothing made differently) is left out. Reading looks at kind and version before
anything else, and raises StateUnreadable with the place of the first fault.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from tasksync.core.address_book import RememberedNumbers
from tasksync.core.fields import RemoteId, TaskKey
from tasksync.core.formats import typed
from tasksync.core.formats.state_text import KIND, reading, sniff
from tasksync.core.formats.values_json import (
    decode_in_project,
    decode_instant,
    decode_numbers,
    decode_options,
    decode_values,
    decode_written,
    encode_directory,
    encode_in_project,
    encode_instant,
    encode_options,
    encode_values,
)
from tasksync.core.state import (
    FORMAT_VERSION,
    KEPT_RUNS,
    NO_SOURCE,
    Entry,
    Intent,
    PortalIdentity,
    Run,
    State,
    StateDelta,
    fingerprint_in,
    state_of,
)
from tasksync.core.task import NO_OPTIONS

_NO_SOURCE = NO_SOURCE.hex()
#: the command of a run that does not say its own
_APPLY = "apply"


def encode_state(state: State) -> dict[str, object]:
    """Return the whole state as plain data, entries in the order of their keys."""
    data: dict[str, object] = {
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
    return {**data, "directory": encode_directory(state.directory)} if state.directory else data


def decode_state(document: object) -> State:
    """Return the state that `encode_state` wrote."""
    data = sniff(document, KIND)
    with reading("the document"):
        entries = typed.mapping(data, "entries")
        intents, runs = typed.array(data, "intents"), typed.array(data, "runs")
        rest: dict[str, object] = {
            "lineage": typed.text(data, "lineage"),
            "serial": typed.count(data, "serial"),
            "identity": decode_identity(data["identity"]),
            "files": typed.texts(data, "files"),
            "released": decode_released(data["released"]),
            "directory": decode_directory(data.get("directory", {})),
        }
        project = typed.text(data, "project")
    return state_of(
        project,
        [decode_entry(TaskKey(key), entries[key]) for key in sorted(entries)],
        intents=tuple(decode_intent(intent) for intent in intents),
        runs=tuple(decode_run(run) for run in runs),
        **rest,
    )


def apply_delta(document: Mapping[str, Any], delta: StateDelta) -> dict[str, Any]:
    """Return a state document with a delta applied, serial and all but the lineage.

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
        "version": FORMAT_VERSION,
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
    if delta.directory is not None:
        updated.pop("directory", None)
        if delta.directory:
            updated["directory"] = encode_directory(delta.directory)
    return updated


def decode_directory(data: Any) -> RememberedNumbers:
    """Return the numbers that `encode_directory` wrote; nothing of it has to be there."""
    with reading("the directory"):
        return decode_numbers(data)


def decode_released(data: Any) -> tuple[RemoteId, ...]:
    """Return the ids of tasks that were forgotten on purpose."""
    with reading("what was released"):
        return tuple(map(typed.remote_id, typed.array({"released": data}, "released")))


def encode_entry(entry: Entry) -> dict[str, object]:
    """Return an entry without its key."""
    beside: dict[str, object] = {
        "made": encode_values(entry.normalised),
        "unproved": encode_values(entry.unproved),
        "options": encode_options(entry.options),
        "protected": entry.protected,
        "deferred": entry.deferred,
        "block": "" if entry.source == NO_SOURCE else entry.source.hex(),
        "created": entry.created,
        "hidden": entry.hidden,
        "remade": entry.remade,
        "written": dict(entry.written),
        "movedTo": encode_in_project(entry.moved_to),
    }
    told = {name: value for name, value in beside.items() if value}
    return {"id": entry.id, "asked": encode_values(entry.asked), **told}


def decode_entry(key: TaskKey, data: Any) -> Entry:
    """Return the entry of this key."""
    with reading(f"entry {key if key.isprintable() else ascii(key)}"):
        return Entry(
            key,
            typed.remote_id(data["id"]),
            decode_values(data["asked"]),
            decode_values(data.get("made", {})),
            decode_options(data.get("options")),
            protected=typed.flag(data, "protected", default=False),
            deferred=typed.flag(data, "deferred", default=False),
            source=fingerprint_in(typed.text(data, "block", _NO_SOURCE)),
            created=_created(data),
            hidden=typed.flag(data, "hidden", default=False),
            remade=typed.flag(data, "remade", default=False),
            unproved=decode_values(data.get("unproved", {})),
            written=decode_written(data.get("written")),
            moved_to=decode_in_project(data.get("movedTo")),
        )


def _created(data: Mapping[str, object]) -> str:
    created = typed.text(data, "created", "")
    if created:
        decode_instant(created)
    return created


def encode_intent(intent: Intent) -> dict[str, object]:
    """Return an intent with its key."""
    data: dict[str, object] = {
        "key": intent.key,
        "asked": encode_values(intent.asked),
        "sent": encode_values(intent.sent),
        "after": intent.after,
        "at": encode_instant(intent.at),
        "run": intent.run,
    }
    if intent.options != NO_OPTIONS:
        data["options"] = encode_options(intent.options)
    if intent.written:
        data["written"] = dict(intent.written)
    return data


def decode_intent(data: Any) -> Intent:
    """Return the intent that `encode_intent` wrote."""
    with reading("an intent"):
        return Intent(
            TaskKey(typed.text(data, "key")),
            decode_values(data["asked"]),
            decode_values(data["sent"]),
            RemoteId(typed.whole(data, "after")),
            decode_instant(data["at"]),
            typed.text(data, "run"),
            decode_options(data.get("options")),
            decode_written(data.get("written")),
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
    beside: dict[str, object] = {
        "allowances": dict(run.allowances),
        "by": run.by,
        "ci": run.ci,
        "command": "" if run.command == _APPLY else run.command,
        "digest": run.digest,
        "counts": dict(run.counts),
        "undoes": run.undoes,
    }
    return {**data, **{name: value for name, value in beside.items() if value}}


def decode_run(data: Any) -> Run:
    """Return the run that `encode_run` wrote."""
    with reading("a run"):
        return Run(
            typed.text(data, "id"),
            decode_instant(data["at"]),
            typed.text(data, "outcome"),
            typed.text(data, "plan"),
            typed.count(data, "serial", 0),
            began=typed.flag(data, "began", default=False),
            touched=tuple(map(TaskKey, typed.texts({"touched": [], **data}, "touched"))),
            allowances=_counts(data, "allowances"),
            by=typed.text(data, "by", ""),
            ci=typed.text(data, "ci", ""),
            command=typed.text(data, "command", _APPLY),
            digest=typed.text(data, "digest", ""),
            counts=_counts(data, "counts"),
            undoes=typed.text(data, "undoes", ""),
        )


def _counts(data: typed.Json, name: str) -> dict[str, int]:
    counts = typed.mapping({name: {}, **data}, name)
    return {text: typed.count(counts, text) for text in counts}


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
        typed.text(data, "portal"),
        typed.text(data, "owner"),
        None if pace is None else float(pace),
        None if takes is None else float(takes),
    )
