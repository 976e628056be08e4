r"""Parents and children: levels, and who stands above whom.

level 0   a       b        created first
|      / \
    level 1   c     d   e      their parents exist by now
|
level 2         f          deletes walk the same levels backwards
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import TypeVar

Node = TypeVar("Node")


def depths(parents: Mapping[Node, Node]) -> dict[Node, int]:
    """Return how many parents stand above each node; a circle is cut where it closes."""
    found: dict[Node, int] = {}
    for node in parents:
        chain: dict[Node, None] = {}
        at = node
        while at in parents and at not in found and at not in chain:
            chain[at] = None
            at = parents[at]
        depth = found.get(at, 0)
        for link in reversed(chain):
            depth += 1
            found[link] = depth
    return found


def levels(nodes: Iterable[Node], depth: Mapping[Node, int]) -> list[list[Node]]:
    """Sort nodes into levels by depth, keeping their order; empty levels are left out."""
    rows: dict[int, list[Node]] = {}
    for node in nodes:
        rows.setdefault(depth.get(node, 0), []).append(node)
    return [rows[number] for number in sorted(rows)]


def ancestors(node: Node, parents: Mapping[Node, Node]) -> list[Node]:
    """Return the parents above a node, nearest first; a circle ends where it closes."""
    chain: dict[Node, None] = {}
    at = parents.get(node)
    while at is not None and at != node and at not in chain:
        chain[at] = None
        at = parents.get(at)
    return list(chain)
