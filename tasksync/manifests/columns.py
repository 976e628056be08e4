"""The tasks of one file in columns: key, digest, line, and parent and adoption where there are."""

from __future__ import annotations

from array import array

from tasksync.value_classes import dataclass, field

DIGEST = 16


@dataclass(slots=True)
class TaskColumns:
    """The tasks of one file in columns; parents, and adoptions by row, only where there are."""

    keys: list[str] = field(default_factory=list)
    digests: bytearray = field(default_factory=bytearray)
    lines: array[int] = field(default_factory=lambda: array("Q"))
    parents: dict[int, str] = field(default_factory=dict)
    adopts: dict[int, int] = field(default_factory=dict)

    def add(self, key: str, digest: bytes, line: int, parent: str | None) -> None:
        """Append a row."""
        if parent is not None:
            self.parents[len(self.keys)] = parent
        self.keys.append(key)
        self.digests += digest
        self.lines.append(line)

    def put(self, row: int, key: str, digest: bytes, parent: str | None, adopt: int | None) -> None:
        """Overwrite a row, but for its line."""
        self.keys[row] = key
        self.digests[row * DIGEST : (row + 1) * DIGEST] = digest
        if parent is not None:
            self.parents[row] = parent
        if adopt is not None:
            self.adopts[row] = adopt
