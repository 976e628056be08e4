"""The durable file: one JSON document a line, only ever appended to.

Each append is written and flushed to the system before the answer is sent, so a world survives
SIGKILL of its process; it is not fsynced, so a power failure may lose its last lines.
An incomplete last line is not read, and the next writer removes it. Several processes may share
one file: writers exclude each other by `flock`, and everybody reads what the others appended.
"""

from __future__ import annotations

import errno
import fcntl
import os
import stat
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from io import FileIO
from pathlib import Path
from typing import Any

from tasksync.sandbox.json_codec import dumps, loads

_LINE_STARTS = (b'{"put":', b'{"del":', b'{"reset":', b'{"user', b'{"group')


class JournalDamaged(Exception):
    """The file, or a complete line of it, is not a sandbox's: another program wrote it."""


class Journal:
    """One file. Read with `read_new`; write inside `locked` with `append` or `rewrite`."""

    def __init__(self, path: Path) -> None:
        self._path = path
        path.parent.mkdir(parents=True, exist_ok=True)
        self._file = self._opened()
        self._read = 0
        self._restarted = False

    def read_new(self) -> tuple[bool, list[dict[str, Any]]]:
        """(must all be cleared first?, the complete lines that were not read yet)."""
        if self._replaced():
            self._reopen()
        restarted, self._restarted = self._restarted, False
        if os.fstat(self._file.fileno()).st_size == self._read:
            return restarted, []
        self._file.seek(self._read)
        unread = self._file.read()
        if not self._read and not _starts_like_a_journal(unread):
            message = f"{self._path} is not a sandbox's journal; it is left as it is"
            raise JournalDamaged(message)
        complete = unread[: unread.rfind(b"\n") + 1]
        self._read += len(complete)
        return restarted, self._parsed(complete)

    @contextmanager
    def locked(self) -> Iterator[None]:
        """Lock the file against other processes; call `read_new` first inside."""
        fcntl.flock(self._file, fcntl.LOCK_EX)
        while self._replaced():
            self._reopen()
            fcntl.flock(self._file, fcntl.LOCK_EX)
        try:
            yield
        finally:
            fcntl.flock(self._file, fcntl.LOCK_UN)

    def append(self, documents: Iterable[dict[str, Any]]) -> None:
        """Add lines, after removing what a killed writer left incomplete. Only inside `locked`.

        After an OSError what was read is no longer trusted: `read_new` starts over.
        """
        lines = b"".join(dumps(document) + b"\n" for document in documents)
        try:
            self._file.truncate(self._read)
            self._file.seek(self._read)
            _write_all(self._file, lines)
        except OSError:
            self._read, self._restarted = 0, True
            raise
        self._read += len(lines)

    def rewrite(self, documents: Iterable[dict[str, Any]]) -> None:
        """Replace all lines by these, atomically. Only inside `locked`; keeps the lock."""
        new_path = self._path.with_name(f"{self._path.name}.{os.getpid()}.new")
        lines = b"".join(dumps(document) + b"\n" for document in documents)
        new_file = new_path.open("w+b", buffering=0)
        fcntl.flock(new_file, fcntl.LOCK_EX)
        _write_all(new_file, lines)
        os.fsync(new_file.fileno())
        new_path.replace(self._path)
        self._file.close()
        self._file, self._read = new_file, len(lines)

    def close(self) -> None:
        """Close the file."""
        self._file.close()

    def _opened(self) -> FileIO:
        flags = os.O_RDWR | os.O_CREAT | os.O_NONBLOCK | os.O_CLOEXEC
        file = FileIO(os.open(self._path, flags, 0o600), "r+")
        if not stat.S_ISREG(os.fstat(file.fileno()).st_mode):
            file.close()
            raise OSError(errno.EINVAL, "that is a device or a pipe, and no file")
        return file

    def _reopen(self) -> None:
        self._file.close()
        self._file, self._read, self._restarted = self._opened(), 0, True

    def _replaced(self) -> bool:
        try:
            there = self._path.stat()
        except FileNotFoundError:
            return True
        same = os.fstat(self._file.fileno()).st_ino == there.st_ino
        return not same or there.st_size < self._read

    def _parsed(self, complete: bytes) -> list[dict[str, Any]]:
        lines = complete.split(b"\n")[:-1]
        try:
            return list(loads(b"[" + b",".join(lines) + b"]"))
        except ValueError as fault:
            message = f"{self._path} holds a line that is not a sandbox's journal: {fault}"
            raise JournalDamaged(message) from fault


def _starts_like_a_journal(unread: bytes) -> bool:
    """Another program's file would else be taken for an incomplete line, and removed."""
    return any(unread[: len(word)] == word[: len(unread)] for word in _LINE_STARTS)


def _write_all(file: FileIO, lines: bytes) -> None:
    rest = memoryview(lines)
    while rest:
        rest = rest[file.write(rest) :]
