"""Whether an edited text says what the old one said, and the edits, and nothing else."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, Final, TypeAlias

from tasksync.core.keys import normal_key
from tasksync.manifests.editing.edits import REMOVED, Edit
from tasksync.manifests.editing.parts import (
    AliasPart,
    ListPart,
    MappingPart,
    Part,
    Parts,
    ScalarPart,
)
from tasksync.manifests.editing.places import EditPlace
from tasksync.manifests.editing.written_values import type_of
from tasksync.manifests.node import Step

#: a value in plain data that can be compared: ("s", kind, text), ("*", name), ["l", …], {key: …}
Meaning: TypeAlias = Any
_NOTHING: Final = ("s", "NoneType", "None")


def proves(before: Parts, after: Parts, wanted: Sequence[tuple[Edit, EditPlace]]) -> bool:
    """Tell whether `after` is `before` with the edits; order in mappings means nothing."""
    old = [meaning(part) for part in before.documents]
    for edit, found in wanted:
        try:
            _set(old[found.document], edit.path, edit)
        except (LookupError, TypeError, AttributeError):
            return False
    return _anchors(before) == _anchors(after) and old == [
        meaning(part) for part in after.documents
    ]


def meaning(part: Part) -> Meaning:
    """Return what a part says; a key that stands twice is kept apart."""
    match part:
        case ScalarPart():
            return "s", type_of(part.value), str(part.value)
        case AliasPart():
            return "*", part.name
        case ListPart():
            return ["l", *map(meaning, part.items)]
    found: dict[object, Meaning] = {}
    for entry in part.entries:
        key = repr(meaning(entry.key))
        while key in found:
            key += "+"
        found[key] = meaning(entry.value)
    return found


def meaning_of(value: object) -> Meaning:
    """Return what a new value is to say."""
    if isinstance(value, Mapping):
        return {_key(str(name)): meaning_of(one) for name, one in value.items()}
    if isinstance(value, Sequence) and not isinstance(value, str):
        return ["l", *map(meaning_of, value)]
    return "s", type_of(value), str(value)


def _set(node: Meaning, path: tuple[Step, ...], edit: Edit) -> None:
    """Make an edit in what is said."""
    key: Any = None
    for depth, step in enumerate(path):
        last = depth + 1 == len(path)
        if isinstance(node, list):
            key = int(step) + 1
        else:
            key = _key(str(step))
            if depth == 1 and path[0] == "tasks" and key not in node:
                key = next((one for one in node if normal_key(one) == normal_key(key)), key)
            if not last and node.get(key, _NOTHING) == _NOTHING:
                node[key] = {}
        if not last:
            node = node[key]
    if edit.value is REMOVED:
        del node[key]
    else:
        node[key] = meaning_of(edit.value)


def _key(name: str) -> str:
    return repr(("s", "str", name))


def _anchors(parts: Parts) -> list[list[str]]:
    """Return which anchors there are in each document, in order."""
    return [list(_anchors_in(part)) for part in parts.documents]


def _anchors_in(part: Part) -> list[str]:
    own = [part.anchor] if not isinstance(part, AliasPart) and part.anchor is not None else []
    match part:
        case ListPart():
            return own + [name for item in part.items for name in _anchors_in(item)]
        case MappingPart():
            both = (one for entry in part.entries for one in (entry.key, entry.value))
            return own + [name for one in both for name in _anchors_in(one)]
    return own
