"""Pieces of a text that was compared with another."""

from __future__ import annotations

from enum import StrEnum

from tasksync.value_classes import dataclass


class Fate(StrEnum):
    """What a change does to a piece of a text."""

    KEPT = "kept"
    GONE = "gone"
    NEW = "new"


@dataclass(frozen=True, slots=True)
class Piece:
    """A run of words with one fate."""

    fate: Fate
    text: str
