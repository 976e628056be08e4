"""What one change takes away and puts in, and the text with all of them made."""

from __future__ import annotations

from collections.abc import Iterable
from typing import NamedTuple

from tasksync.manifests.editing.edits import CannotEdit
from tasksync.manifests.editing.parts import MappingEntry
from tasksync.value_classes import dataclass


class Splice(NamedTuple):
    """Characters `start` to `end` give way to `text`."""

    start: int
    end: int
    text: str


@dataclass(frozen=True, slots=True)
class Manner:
    """How to go about it: as people would, or, where that does not hold, more carefully."""

    blocks: bool = True  # texts of several lines as block scalars
    before: bool = False  # what is added stands before the last field, not behind it


def applied(text: str, splices: Iterable[Splice]) -> str:
    """Return the text with all splices made; they may touch, but not overlap."""
    told: list[str] = []
    at = 0
    for one in sorted(splices, key=lambda splice: splice[:2]):
        if one.start < at:
            raise CannotEdit("two changes meet in one place", "make them one by one")
        told += [text[at : one.start], one.text]
        at = one.end
    return "".join([*told, text[at:]])


@dataclass(frozen=True, slots=True)
class Around:
    """What a value stands in: the column of keys or dashes, flow or block, and its own entry."""

    column: int
    flow: bool
    entry: MappingEntry | None = None


def put(at: int, text: str) -> Splice:
    """Return what only puts in."""
    return Splice(at, at, text)
