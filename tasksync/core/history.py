"""What a run did, change by change, as it is kept for `history` and `undo` (design 14)."""

from __future__ import annotations

from dataclasses import dataclass, field
from types import MappingProxyType

from tasksync.core.fields import RemoteId, TaskKey, Value, Values

#: SQLite and PostgreSQL keep the changes of so many runs, and no more than so many changes
KEPT_HISTORY_RUNS, KEPT_CHANGES = 50, 100_000


@dataclass(frozen=True, slots=True)
class RecordedField:
    """One field that was written: normal form, None where it was empty; `after` as asked."""

    name: str
    before: Value
    after: Value


@dataclass(frozen=True, slots=True)
class RecordedChange:
    """One change that was done: saved in the transaction that saves its entry.

    `run` is the id of the run that did it; for a create that a later run found, of the one that
    sent it. `action` is a value of core.change.Action. `title` is for people. `fields` are those
    that the request carried with what the portal had before. `read` is, of a DELETE, every
    writable field that was not empty, as read just before it was deleted; of a FORGET, what the
    entry asked.
    """

    run: str
    key: TaskKey
    action: str
    id: RemoteId
    title: str = ""
    fields: tuple[RecordedField, ...] = ()
    read: Values = field(default_factory=lambda: MappingProxyType({}))
