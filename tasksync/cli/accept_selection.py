"""Which values of the portal a person wants taken over: keys, fields, globs, or all of them."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from difflib import get_close_matches
from fnmatch import fnmatchcase
from typing import NamedTuple

from tasksync.core.fields import FIELDS, TaskKey, is_extra
from tasksync.core.keys import normal_key
from tasksync.core.planning.scope import nearest
from tasksync.core.quoting import quoted
from tasksync.errors import UsageError


class AcceptSelection(NamedTuple):
    """Whole tasks, and single fields that were named; `words` is what a person said."""

    keys: frozenset[TaskKey]
    fields: frozenset[tuple[TaskKey, str]]

    def names(self, key: TaskKey, name: str) -> bool:
        """Tell whether this very field was named."""
        return (key, name) in self.fields

    def takes(self, key: TaskKey, name: str) -> bool:
        """Tell whether a field is among what was named."""
        return key in self.keys or self.names(key, name)

    @property
    def all_keys(self) -> frozenset[TaskKey]:
        """Every key of which anything was named."""
        return self.keys | {key for key, _name in self.fields}


def accept_selection(words: Sequence[str], known: Collection[TaskKey]) -> AcceptSelection:
    """Return what the words name among these keys; without words, all of them.

    A word is a whole key or a glob over keys, else one of both with `.field` behind it, since keys
    may hold dots. Raises UsageError for one that names nothing, with what was near.
    """
    if not words:
        return AcceptSelection(frozenset(known), frozenset())
    keys: set[TaskKey] = set()
    fields: set[tuple[TaskKey, str]] = set()
    for word in map(normal_key, words):
        whole = _fitting(word, known)
        above, dot, name = word.rpartition(".")
        if whole:
            keys |= whole
        elif dot and (some := _fitting(above, known)):
            field = _field(word, name)
            fields |= {(key, field) for key in some}
        else:
            raise _nothing(word, above, known)
    return AcceptSelection(frozenset(keys), frozenset(fields))


def _fitting(word: str, known: Collection[TaskKey]) -> set[TaskKey]:
    """Return the key of this name, else those that a glob fits."""
    if word in known:
        return {TaskKey(word)}
    return {key for key in known if fnmatchcase(key, word)}


def _field(word: str, name: str) -> str:
    """Return the field of a name; raises UsageError."""
    if name == "parent":
        return "parentId"
    if name in FIELDS or is_extra(name):
        return name
    near = get_close_matches(name, [*FIELDS, "parent"], n=1)
    advice = f"Did you mean {near[0]}?" if near else f"Fields are {', '.join(FIELDS)}."
    raise UsageError(f"{quoted(word)} ends in no field of a task: {quoted(name)}.", advice)


def _nothing(word: str, above: str, known: Collection[TaskKey]) -> UsageError:
    told = f"{quoted(word)} fits no key of the manifest or of the state."
    near, field = nearest(word, known), word.rpartition(".")[2]
    if above and (field in FIELDS or field == "parent" or is_extra(field)):
        near = nearest(above, known)
        near = f"{near}.{field}" if near else ""
    if near:
        return UsageError(told, f"Did you mean {near}?")
    return UsageError(told, "tasksync plan shows the keys of which anything differs.")
