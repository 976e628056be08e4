"""The durable file: one JSON document a line, only ever appended to.

Each append is written and flushed to the system before the answer leaves, so a world survives
SIGKILL of its process; it is not fsynced, so it may lose its last moments with the machine's power.
A torn last line is not read, and cut by the next writer. Several processes may hold one file:
writers take turns by `flock`, and everybody reads what the others appended.
"""

from __future__ import annotations

import fcntl
import os
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from io import FileIO
from pathlib import Path
from typing import Any

from tasksync.sandbox.json_codec import dumps, loads

_OPENINGS = (b'{"put":', b'{"del":', b'{"reset":')


class JournalDamaged(Exception):
    """The file, or a whole line of it, is not ours: somebody else wrote it."""


class Journal:
    """One file. Read with `news`; write inside `alone` with `append` or `rewrite`."""

    def __init__(self, path: Path) -> None:
        self._path = path
        path.parent.mkdir(parents=True, exist_ok=True)
        self._file = self._opened()
        self._read = 0
        self._anew = False

    def news(self) -> tuple[bool, list[dict[str, Any]]]:
        """(must all be forgotten first?, the whole lines that were not read yet)."""
        if self._replaced():
            self._reopen()
        anew, self._anew = self._anew, False
        if os.fstat(self._file.fileno()).st_size == self._read:
            return anew, []
        self._file.seek(self._read)
        tail = self._file.read()
        if not self._read and not _begins_well(tail):
            message = f"{self._path} is not a sandbox's journal; it is left as it is"
            raise JournalDamaged(message)
        whole = tail[: tail.rfind(b"\n") + 1]
        self._read += len(whole)
        return anew, self._parsed(whole)

    @contextmanager
    def alone(self) -> Iterator[None]:
        """Hold the file against other processes; call `news` first thing inside."""
        fcntl.flock(self._file, fcntl.LOCK_EX)
        while self._replaced():
            self._reopen()
            fcntl.flock(self._file, fcntl.LOCK_EX)
        try:
            yield
        finally:
            fcntl.flock(self._file, fcntl.LOCK_UN)

    def append(self, documents: Iterable[dict[str, Any]]) -> None:
        """Add lines, cutting what a dead writer left half-written. Only inside `alone`.

        When the disk refuses, what was read is no longer trusted: `news` begins anew.
        """
        lines = b"".join(dumps(document) + b"\n" for document in documents)
        try:
            self._file.truncate(self._read)
            self._file.seek(self._read)
            _write_all(self._file, lines)
        except OSError:
            self._read, self._anew = 0, True
            raise
        self._read += len(lines)

    def rewrite(self, documents: Iterable[dict[str, Any]]) -> None:
        """Put these lines in place of all, at once. Only inside `alone`; keeps the lock."""
        aside = self._path.with_name(f"{self._path.name}.{os.getpid()}.new")
        lines = b"".join(dumps(document) + b"\n" for document in documents)
        fresh = aside.open("w+b", buffering=0)
        fcntl.flock(fresh, fcntl.LOCK_EX)
        _write_all(fresh, lines)
        os.fsync(fresh.fileno())
        aside.replace(self._path)
        self._file.close()
        self._file, self._read = fresh, len(lines)

    def close(self) -> None:
        """Let go of the file."""
        self._file.close()

    def _opened(self) -> FileIO:
        return FileIO(os.open(self._path, os.O_RDWR | os.O_CREAT, 0o600), "r+")

    def _reopen(self) -> None:
        self._file.close()
        self._file, self._read, self._anew = self._opened(), 0, True

    def _replaced(self) -> bool:
        try:
            there = self._path.stat()
        except FileNotFoundError:
            return True
        same = os.fstat(self._file.fileno()).st_ino == there.st_ino
        return not same or there.st_size < self._read

    def _parsed(self, whole: bytes) -> list[dict[str, Any]]:
        lines = whole.split(b"\n")[:-1]
        try:
            return list(loads(b"[" + b",".join(lines) + b"]"))
        except ValueError as fault:
            message = f"{self._path} holds a line that is not a sandbox's journal: {fault}"
            raise JournalDamaged(message) from fault


def _begins_well(tail: bytes) -> bool:
    """A file of somebody else's would else be taken for a torn line, and cut."""
    return any(tail[: len(word)] == word[: len(tail)] for word in _OPENINGS)


def _write_all(file: FileIO, lines: bytes) -> None:
    rest = memoryview(lines)
    while rest:
        rest = rest[file.write(rest) :]
