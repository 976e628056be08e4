"""A value of a manifest with the places of all its parts: what problems are worded from."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from types import MappingProxyType
from typing import TypeAlias

from tasksync.value_classes import dataclass, field

#: a name in a mapping, or an index in a list
Step: TypeAlias = str | int
#: line and column, both from 1
Position: TypeAlias = tuple[int, int]
Path: TypeAlias = Sequence[Step]


@dataclass(frozen=True, slots=True)
class Node:
    """A plain value, where it stands, and its parts; `names` says where each key stands.

    `broken` marks what was already reported: nothing more is said about it.
    """

    value: object
    position: Position
    parts: Mapping[Step, Node] = field(default_factory=lambda: MappingProxyType({}))
    names: Mapping[str, Position] = field(default_factory=lambda: MappingProxyType({}))
    broken: bool = False

    def at(self, path: Path) -> Node | None:
        """Return the part at the end of the path, or the last that is there before it ends.

        None when a part on the way is broken.
        """
        node = self
        for step in path:
            if node.broken:
                return None
            if step not in node.parts:
                return node
            node = node.parts[step]
        return None if node.broken else node
