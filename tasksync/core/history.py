"""What a run did, change by change, as it is kept for `history` and `undo` (design 14)."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from types import MappingProxyType

from tasksync.core.fields import RemoteId, TaskKey, Value, Values
from tasksync.value_classes import dataclass, field

#: SQLite and PostgreSQL keep the changes of so many runs, and no more than so many changes unless
#: the last run alone did more; S3 those of so many runs
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


def by_run(changes: Iterable[RecordedChange]) -> dict[str, list[RecordedChange]]:
    """Return changes by their run, in their order; of two of one key and action the last."""
    runs: dict[str, dict[tuple[TaskKey, str], RecordedChange]] = {}
    for one in changes:
        runs.setdefault(one.run, {})[one.key, one.action] = one
    return {run: list(done.values()) for run, done in runs.items()}


def too_old(counts: Mapping[str, int]) -> list[str]:
    """Return which of these runs, oldest first, with the number of their changes, are to go.

    Whole runs go, and never the last one.
    """
    kept, total = 0, 0
    for count in reversed(list(counts.values())):
        total += count
        if kept and (kept == KEPT_HISTORY_RUNS or total > KEPT_CHANGES):
            break
        kept += 1
    return list(counts)[: len(counts) - kept]
