"""What a run did, change by change, as plain JSON data and back: stores keep it beside the state.

    {"key": ..., "action": "update", "id": 7, "title": ...,
     "fields": {name: {"before": ..., "after": ...}}, "read": {name: value}}

What is empty is left out, the run is not said: it stands around it. Reading raises
StateUnreadable with the key of the change that has a fault.
"""

from __future__ import annotations

from typing import Any

from tasksync.core.change import Action
from tasksync.core.fields import Value, plain
from tasksync.core.formats import typed
from tasksync.core.formats.state_text import reading
from tasksync.core.formats.values_json import decode_value, decode_values, encode_values
from tasksync.core.history import RecordedChange, RecordedField
from tasksync.core.quoting import quoted

#: every action that can be done; a NOOP never is
ACTIONS_DONE = frozenset(Action) - {Action.NOOP}


def encode_change(change: RecordedChange) -> dict[str, object]:
    """Return one change without its run."""
    data: dict[str, object] = {"key": change.key, "action": change.action, "id": change.id}
    if change.title:
        data["title"] = change.title
    if change.fields:
        data["fields"] = {one.name: _both(one) for one in change.fields}
    if change.read:
        data["read"] = encode_values(change.read)
    return data


def decode_change(run: str, data: Any) -> RecordedChange:
    """Return what `encode_change` wrote of this run."""
    with reading("a recorded change"):
        key = typed.key(data, "key")
    with reading(f"the recorded change of {key if key.isprintable() else ascii(key)}"):
        fields = typed.mapping({"fields": {}, **data}, "fields")
        return RecordedChange(
            run,
            key,
            _action(data),
            typed.remote_id(data["id"]),
            typed.text(data, "title", ""),
            tuple(_field(name, typed.mapping(fields, name)) for name in fields),
            decode_values(typed.mapping({"read": {}, **data}, "read")),
        )


def _both(one: RecordedField) -> dict[str, object]:
    """Return what stood there before and after, where something did."""
    both: dict[str, object] = {}
    if one.before is not None:
        both["before"] = plain(one.before)
    if one.after is not None:
        both["after"] = plain(one.after)
    return both


def _field(name: str, both: typed.Json) -> RecordedField:
    return RecordedField(name, _value(name, both, "before"), _value(name, both, "after"))


def _value(name: str, both: typed.Json, when: str) -> Value:
    return None if both.get(when) is None else decode_value(name, both[when])


def _action(data: typed.Json) -> str:
    action = typed.text(data, "action")
    if action not in ACTIONS_DONE:
        msg = f"{quoted(action)} is nothing that is done to a task"
        raise ValueError(msg)
    return action
