"""The document of a state, as bytes and back.

    {"kind": "tasksync-document", "version": 1, "serial": writes, "lineage": ..., "fence": ...,
     "change": ..., "lease": {...} | null, "state": what `state pull` prints, "recorded": {...}}

Lease, fence and data travel together, so that one write settles all three. `serial` rises with
every write, heartbeats too (GitLab wants that); the state's own serial counts commits. `change`
names the write: when an answer was lost, reading it back tells whether the write was done.
`recorded` is what the last run did (document_history), where there is no room beside it.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any, TypeAlias

import orjson

from tasksync.backends.remote_document import Copy
from tasksync.core.formats import lease_json, state_text, typed
from tasksync.core.formats.state_text import reading
from tasksync.core.state import FORMAT_VERSION, Lease
from tasksync.value_classes import dataclass

KIND = "tasksync-document"
#: what one run did, as plain data: its id and its changes
RunData: TypeAlias = Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class StateDocument:
    """One document; `state` is plain data, `tag` None while the server has none."""

    state: Mapping[str, Any]
    serial: int = 0
    fence: int = 0
    change: str = ""
    lease: Lease | None = None
    tag: str | None = None
    recorded: RunData | None = None


def encode(document: StateDocument) -> bytes:
    """Return the document as bytes."""
    data = {
        "kind": KIND,
        "version": FORMAT_VERSION,
        "serial": document.serial,
        "lineage": document.state["lineage"],
        "fence": document.fence,
        "change": document.change,
        "lease": None if document.lease is None else lease_json.encode_lease(document.lease),
        "state": document.state,
    }
    return bytes_of(data if document.recorded is None else {**data, "recorded": document.recorded})


def decode(copy: Copy, where: str) -> StateDocument:
    """Return the document of these bytes; raises StateUnreadable for what is none."""
    with reading(where):
        try:
            data = state_text.sniff(data_of(copy.body), KIND, where)
        except ValueError as error:
            raise state_text.unreadable(f"it is torn ({error})", where) from error
        lease = data["lease"]
        return StateDocument(
            state_text.sniff(data["state"], state_text.KIND, where),
            int(data["serial"]),
            int(data["fence"]),
            str(data["change"]),
            None if lease is None else lease_json.decode_lease(lease),
            copy.tag,
            typed.optional(data, "recorded", dict),
        )


def bytes_of(data: object) -> bytes:
    """Return plain data as JSON."""
    try:
        return orjson.dumps(data)
    except TypeError:  # half a surrogate pair, which JSON can say and UTF-8 cannot
        return json.dumps(data).encode("ascii")


def data_of(body: bytes) -> object:
    """Return plain data; orjson refuses what `bytes_of` wrote where UTF-8 could not."""
    try:
        data: object = orjson.loads(body)
    except orjson.JSONDecodeError:
        data = json.loads(body)
    return data
