"""What one commit saves of what a run did, as one value of a row: JSON, compressed.

A row for each change, or twenty kilobytes of text, would make a commit of fifty slower by a third.
"""

from __future__ import annotations

import zlib
from collections.abc import Iterable

from tasksync.backends.document_format import bytes_of, data_of
from tasksync.core.formats import typed
from tasksync.core.formats.history_json import decode_change, encode_change
from tasksync.core.formats.state_text import reading, unreadable
from tasksync.core.history import RecordedChange, by_run
from tasksync.core.quoting import quoted


def packed(changes: Iterable[RecordedChange]) -> bytes:
    """Return changes of one run as a value."""
    return zlib.compress(bytes_of([encode_change(one) for one in changes]), 1)


def unpacked(run: str, values: Iterable[bytes]) -> tuple[RecordedChange, ...] | None:
    """Return what these values of a run say, each change once; None where there are none."""
    told = [one for value in values for one in _list_of(run, value)]
    return tuple(by_run(decode_change(run, one) for one in told).get(run, ())) or None


def _list_of(run: str, value: bytes) -> list[object]:
    what = f"what the run {quoted(run)} did"
    with reading(what):
        try:
            return typed.array({"changes": data_of(zlib.decompress(value))}, "changes")
        except zlib.error as error:
            raise unreadable(f"{what}: {error}") from error
