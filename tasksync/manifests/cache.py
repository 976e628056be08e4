"""Rows of unchanged files, kept by content, so that a second plan costs what changed.

One file of rows stands for one manifest file's bytes under one context (defaults, zone, schema,
versions): both are in its name. Never needed: whatever is wrong with it, or with the folder,
it is as if it were not there.

What is promised: torn, altered or foreign rows are not believed by accident (checksum, shape,
owner and permissions are looked at), and reading them can run nothing (they are JSON). What is
not: who can write as this user can write rows with a right checksum, as they could the
manifest itself. Even then a body is always made from the manifest, never from here.
"""

from __future__ import annotations

import os
import stat
from array import array
from collections.abc import Iterable
from contextlib import suppress
from dataclasses import dataclass, field
from hashlib import sha256
from pathlib import Path

import orjson

import tasksync
from tasksync.manifests import reader, schema

FORMAT = "tasksync-rows-1"
SUFFIX = ".rows"
DIGEST = 16
#: how many files of rows are kept that the last run did not use: other branches, other paths
SPARE = 500
_OTHERS_MAY_WRITE = stat.S_IWGRP | stat.S_IWOTH


@dataclass(slots=True)
class Rows:
    """The tasks of one file in columns; parents, and adoptions by row, only where there are."""

    keys: list[str] = field(default_factory=list)
    digests: bytearray = field(default_factory=bytearray)
    lines: array[int] = field(default_factory=lambda: array("Q"))
    parents: dict[int, str] = field(default_factory=dict)
    adopts: dict[int, int] = field(default_factory=dict)

    def add(
        self, key: str, digest: bytes, line: int, parent: str | None, adopt: int | None
    ) -> None:
        """Append a row."""
        if parent is not None:
            self.parents[len(self.keys)] = parent
        if adopt is not None:
            self.adopts[len(self.keys)] = adopt
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

    def packed(self) -> bytes:
        """Return the rows as JSON."""
        whole = {
            "keys": self.keys,
            "digests": self.digests.hex(),
            "lines": self.lines.tolist(),
            "parents": {str(row): key for row, key in self.parents.items()},
            "adopts": {str(row): remote for row, remote in self.adopts.items()},
        }
        return orjson.dumps(whole)


def unpacked(packed: bytes) -> Rows:
    """Return what `packed` gave; raises ValueError, KeyError or TypeError for anything else."""
    whole = orjson.loads(packed)
    keys = whole["keys"]
    rows = Rows(
        keys=keys,
        digests=bytearray.fromhex(whole["digests"]),
        lines=array("Q", whole["lines"]),
        parents={int(row): key for row, key in whole["parents"].items()},
        adopts={int(row): remote for row, remote in whole["adopts"].items()},
    )
    count = len(keys)
    texts = {type(text) for text in keys} | {type(text) for text in rows.parents.values()}
    numbers = {type(remote) for remote in rows.adopts.values()}
    if not (
        isinstance(keys, list)
        and texts <= {str}
        and numbers <= {int}
        and len(rows.digests) == DIGEST * count
        and len(rows.lines) == count
        and all(0 <= row < count for row in (*rows.parents, *rows.adopts))
    ):
        msg = "these are no rows"
        raise ValueError(msg)
    return rows


def context_of(told: bytes) -> str:
    """Return what rows depend on beside their file's bytes, as a part of a file name."""
    parts = (FORMAT, tasksync.__version__, reader.version(), schema.digest())
    return sha256(b"\0".join([*(part.encode() for part in parts), told])).hexdigest()[:32]


class Cache:
    """A folder of rows that belongs to this user alone; made when the first rows are kept."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._used: set[str] = set()

    def get(self, content: bytes, context: str) -> Rows | None:
        """Return the rows of a file with this sha256 under this context, or None."""
        name = f"{content.hex()}-{context}{SUFFIX}"
        try:
            if not _ours(os.stat(self._folder)):  # noqa: PTH116 - one call, no object
                return None
            flags = os.O_RDONLY | getattr(os, "O_NOFOLLOW", 0)
            with open(os.open(self._folder / name, flags), "rb") as stream:  # noqa: PTH123
                if not _ours(os.fstat(stream.fileno())):
                    return None
                total, packed = stream.readline(80).strip(), stream.read()
            if total != _sum(name, packed):
                return None
            rows = unpacked(packed)
        except (OSError, ValueError, KeyError, TypeError, AttributeError, OverflowError):
            return None
        self._used.add(name)
        return rows

    def put(self, content: bytes, context: str, rows: Rows) -> None:
        """Keep the rows of a file, whole or not at all."""
        from tempfile import NamedTemporaryFile

        name = f"{content.hex()}-{context}{SUFFIX}"
        packed = rows.packed()
        with suppress(OSError):
            self._folder.mkdir(mode=0o700, parents=True, exist_ok=True)
            with NamedTemporaryFile(dir=self._folder, suffix=".tmp", delete=False) as stream:
                stream.write(_sum(name, packed) + b"\n" + packed)
            Path(stream.name).replace(self._folder / name)
            self._used.add(name)

    def prune(self) -> None:
        """Remove the oldest rows that this run did not use, beyond a spare number."""
        with suppress(OSError):
            unused = [path for path in self._rows() if path.name not in self._used]
            unused.sort(key=lambda path: path.stat().st_mtime_ns, reverse=True)
            _remove(unused[SPARE:])

    def clear(self) -> None:
        """Remove all rows."""
        with suppress(OSError):
            _remove([*self._rows(), *self._folder.glob("*.tmp")])

    def _rows(self) -> list[Path]:
        return list(self._folder.glob(f"*{SUFFIX}"))


def _remove(paths: Iterable[Path]) -> None:
    for path in paths:
        path.unlink(missing_ok=True)


def _sum(name: str, packed: bytes) -> bytes:
    return sha256(name.encode() + b"\0" + packed).hexdigest().encode()


def _ours(info: os.stat_result) -> bool:
    """Tell whether nobody but this user, or root, may write here."""
    if not hasattr(os, "geteuid"):
        return True
    return info.st_uid in {os.geteuid(), 0} and not info.st_mode & _OTHERS_MAY_WRITE
