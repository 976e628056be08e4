"""The durable file: one JSON document a line, only ever appended to.

Each append is written and flushed to the system before the answer is sent, so a world survives
SIGKILL of its process; it is not fsynced, so a power failure may lose its last lines.
An incomplete last line is not read, and the next writer removes it. Several processes may share
one file: writers exclude each other by a lock, and everybody reads what the others appended.

The lock is on the file itself, which stays open. Windows lets nobody read what is locked, nor
replace what is open: there the lock is on a file beside it, and the file is open only while it is
read or written.
"""

from __future__ import annotations

import errno
import os
import stat
import sys
import time
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from io import FileIO
from pathlib import Path
from typing import Any, TypeVar

from tasksync.sandbox.json_codec import dumps, loads
from tasksync.sandbox.model.file_lock import lock, unlock

T = TypeVar("T")

#: whether a file that is open can be replaced, and one that is locked be read
STAYS_OPEN = sys.platform != "win32"
#: how often, and how long, what somebody else has open is tried again at Windows (s)
_TRIES, _PAUSE = 400, 0.005

_LINE_STARTS = (b'{"put":', b'{"del":', b'{"reset":', b'{"user', b'{"group')


class JournalDamaged(Exception):
    """The file, or a complete line of it, is not a sandbox's: another program wrote it."""


class Journal:
    """One file. Read with `read_new`; write inside `locked` with `append` or `rewrite`."""

    def __init__(self, path: Path) -> None:
        self._path = path
        path.parent.mkdir(parents=True, exist_ok=True)
        self._beside = None if STAYS_OPEN else _opened(path.with_name(f"{path.name}.lock"))
        self._file = _opened(path)
        self._number = os.fstat(self._file.fileno()).st_ino
        self._read = 0
        self._restarted = False
        self._let_go()

    def read_new(self) -> tuple[bool, list[dict[str, Any]]]:
        """(must all be cleared first?, the complete lines that were not read yet)."""
        if self._replaced():
            self._reopen()
        with self._held() as file:
            restarted, self._restarted = self._restarted, False
            if os.fstat(file.fileno()).st_size == self._read:
                return restarted, []
            file.seek(self._read)
            unread = file.read()
        if not self._read and not _starts_like_a_journal(unread):
            message = f"{self._path} is not a sandbox's journal; it is left as it is"
            raise JournalDamaged(message)
        complete = unread[: unread.rfind(b"\n") + 1]
        self._read += len(complete)
        return restarted, self._parsed(complete)

    @contextmanager
    def locked(self) -> Iterator[None]:
        """Lock the file against other processes; call `read_new` first inside."""
        lock(self._beside or self._file)
        while not self._beside and self._replaced():
            self._reopen()
            lock(self._file)
        try:
            yield
        finally:
            unlock(self._beside or self._file)

    def append(self, documents: Iterable[dict[str, Any]]) -> None:
        """Add lines, after removing what a killed writer left incomplete. Only inside `locked`.

        After an OSError what was read is no longer trusted: `read_new` starts over.
        """
        lines = b"".join(dumps(document) + b"\n" for document in documents)
        try:
            with self._held() as file:
                file.truncate(self._read)
                file.seek(self._read)
                _write_all(file, lines)
        except OSError:
            self._read, self._restarted = 0, True
            raise
        self._read += len(lines)

    def rewrite(self, documents: Iterable[dict[str, Any]]) -> None:
        """Replace all lines by these, atomically. Only inside `locked`; keeps the lock."""
        new_path = self._path.with_name(f"{self._path.name}.{os.getpid()}.new")
        lines = b"".join(dumps(document) + b"\n" for document in documents)
        new_file = new_path.open("w+b", buffering=0)
        if not self._beside:
            lock(new_file)
        _write_all(new_file, lines)
        os.fsync(new_file.fileno())
        if self._beside:
            new_file.close()
        _patiently(lambda: new_path.replace(self._path))
        self._file.close()
        self._read = len(lines)
        self._number = self._path.stat().st_ino
        if not self._beside:
            self._file = new_file

    def close(self) -> None:
        """Close the file."""
        self._file.close()
        if self._beside:
            self._beside.close()

    def _open(self) -> None:
        self._file = _opened(self._path)
        self._number = os.fstat(self._file.fileno()).st_ino

    def _reopen(self) -> None:
        self._file.close()
        self._open()
        self._read, self._restarted = 0, True
        self._let_go()

    @contextmanager
    def _held(self) -> Iterator[FileIO]:
        """Have the file open; where it does not stay so, it is the one that was looked at."""
        if self._beside:
            before = self._number
            self._open()
            if self._number != before:
                self._read, self._restarted = 0, True
        try:
            yield self._file
        finally:
            self._let_go()

    def _let_go(self) -> None:
        if self._beside:
            self._file.close()

    def _replaced(self) -> bool:
        try:
            there = self._path.stat()
        except FileNotFoundError:
            return True
        return self._number != there.st_ino or there.st_size < self._read

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


def _opened(path: Path) -> FileIO:
    """Open a file to read and write it, or make it; raises OSError for what is none."""
    flags = os.O_RDWR | os.O_CREAT
    for name in ("O_NONBLOCK", "O_CLOEXEC", "O_BINARY"):
        flags |= getattr(os, name, 0)
    file = FileIO(_patiently(lambda: os.open(path, flags, 0o600)), "r+")
    if not stat.S_ISREG(os.fstat(file.fileno()).st_mode):
        file.close()
        raise OSError(errno.EINVAL, "that is a device or a pipe, and no file")
    return file


def _patiently(deed: Callable[[], T]) -> T:
    """Do what Windows refuses while somebody else has the file open, or replaces it."""
    for left in reversed(range(1 if STAYS_OPEN else _TRIES)):
        try:
            return deed()
        except PermissionError:
            if not left:
                raise
            time.sleep(_PAUSE)
    raise AssertionError
