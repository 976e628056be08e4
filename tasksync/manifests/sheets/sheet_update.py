"""What a changed sheet changes in the tasks that were made of it: fields of the same keys."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import NamedTuple

from tasksync.core.fields import FIELDS, FieldKind, Value, same
from tasksync.core.keys import normal_key
from tasksync.manifests import parse_fast
from tasksync.manifests.files import Source
from tasksync.manifests.sheets.column_names import ADOPT, PARENT
from tasksync.manifests.sheets.sheet_tasks import SheetTask
from tasksync.manifests.values import TASK_NAMES, Normaliser
from tasksync.value_classes import dataclass

#: the fields whose values are compared as they are written: nobody is looked up
_BY_NAME = frozenset({FieldKind.PERSON, FieldKind.PEOPLE, FieldKind.GROUP})


@dataclass(frozen=True, slots=True)
class SheetChange:
    """One field of one task: what stands there, and what the sheet says; None for nothing.

    `before` is what stands in the task itself or in the defaults. `leaves` is set where the
    task's own line goes and the defaults' value holds from then on.
    """

    key: str
    row: int
    field: str
    before: object
    after: object
    leaves: bool = False


class OwnBlock(NamedTuple):
    """A task as a file writes it out, and the document that it stands in, from 0."""

    document: int
    body: Mapping[str, object]


def own_blocks(source: Source) -> dict[str, OwnBlock]:
    """Return the tasks that a file writes out, by key; raises YamlUnreadable."""
    with source.open() as stream:
        return {
            raw.key: OwnBlock(raw.document, raw.body)
            for raw in parse_fast.tasks(stream, source.name, TASK_NAMES)
            if raw.key is not None and not raw.irregular
        }


def changes_of(
    tasks: Sequence[SheetTask],
    blocks: Mapping[str, OwnBlock],
    normalisers: Sequence[Normaliser],
) -> list[SheetChange]:
    """Return what differs, in the order of the rows; a cell that was emptied clears its field.

    `normalisers` are those of the file's documents, in order. Rows whose keys are not among the
    blocks change nothing.
    """
    found: list[SheetChange] = []
    for task in tasks:
        own = blocks.get(task.key)
        if own is not None:
            found += _changes(task, own.body, normalisers[own.document])
    return found


def _changes(
    task: SheetTask, own: Mapping[str, object], normalise: Normaliser
) -> list[SheetChange]:
    before, after = normalise.with_defaults(own), normalise.with_defaults(task.fields)
    normal_before, normal_after = normalise(dict(before)).fields, normalise(dict(after)).fields
    found = [
        SheetChange(task.key, task.row, name, before.get(name), value)
        for name, value in task.fields.items()
        if not _alike(name, before.get(name), value, normal_before, normal_after)
    ]
    bare = normalise.with_defaults({})
    for name in task.empty:
        if name != ADOPT and own.get(name) is not None:
            usual = bare.get(name)
            leaves = usual is not None or (name in FIELDS and not FIELDS[name].clearable)
            found.append(SheetChange(task.key, task.row, name, own[name], usual, leaves=leaves))
    return found


def _alike(
    name: str,
    before: object,
    after: object,
    normal_before: Mapping[str, Value],
    normal_after: Mapping[str, Value],
) -> bool:
    """Tell whether a sheet's value means what stands there, however it is written."""
    if name in {PARENT, ADOPT}:
        return _key(before) == _key(after)
    if FIELDS[name].kind in _BY_NAME:
        return _who(before) == _who(after)
    if name not in normal_before:
        return False
    return same(name, normal_before[name], normal_after[name])


def _key(value: object) -> object:
    return normal_key(value) if isinstance(value, str) else value


def _who(value: object) -> object:
    if isinstance(value, list):
        return {_who(one) for one in value}
    return value.casefold() if isinstance(value, str) else value
