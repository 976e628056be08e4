"""Files that people name, read up to a limit: a device, a pipe or a wrong file ends in words."""

from __future__ import annotations

import errno
import os
import select
import stat
import time
from codecs import BOM_UTF16_BE, BOM_UTF16_LE
from pathlib import Path
from typing import TextIO

from tasksync import operating_system

#: what a key file, and a plan or state file, may have (bytes)
KEY, DOCUMENT = 64 * 1024, 256 * 1024 * 1024
#: how long a named pipe may say nothing; whoever writes into it may have to ask a person (s)
SILENCE = 60.0
#: how long all of what is no regular file may take: something may drip for ever (s)
WHOLE = 600.0
_PIECE = 1024 * 1024
#: how often it is looked whether somebody reads a pipe (s)
_LOOK = 0.05


def read(path: str | Path, limit: int) -> bytes:
    """Return what a file holds; raises OSError, also where it is longer than `limit`.

    A named pipe is read, since `<(command)` of a shell is one; where nobody writes into it, it is
    given up after SILENCE seconds. A regular file that is too long is not read at all.
    """
    return _closed(os.open(path, operating_system.READING), limit)


def read_stdin(limit: int) -> bytes:
    """Return what standard input holds, where it has no name; raises OSError as `read` does."""
    return _closed(os.dup(0), limit)


def _closed(handle: int, limit: int) -> bytes:
    try:
        return _all(handle, limit)
    finally:
        os.close(handle)


def write_pipe(path: str | Path, content: bytes) -> None:
    """Write into a named pipe; raises OSError where nobody reads it for SILENCE seconds.

    At Windows no file is one.
    """
    end = time.monotonic() + SILENCE
    while (handle := _reader_of(path)) is None:
        if time.monotonic() > end:
            raise _unread()
        time.sleep(_LOOK)
    asked = select.poll()
    asked.register(handle, select.POLLOUT)
    try:
        while content:
            if not asked.poll(SILENCE * 1000):
                raise _unread()
            content = content[os.write(handle, content[:_PIECE]) :]
    finally:
        os.close(handle)


def _reader_of(path: str | Path) -> int | None:
    """Open a pipe for writing; None where nobody reads it yet."""
    try:
        return os.open(path, os.O_WRONLY | os.O_NONBLOCK)
    except OSError as error:
        if error.errno == errno.ENXIO:
            return None
        raise


def _unread() -> OSError:
    return OSError(0, f"it is a pipe from which nobody read for {SILENCE:.0f} s")


def words(found: bytes) -> str:
    """Return what a small file says in UTF-8, or as Windows writes it: with a mark, in UTF-16.

    Notepad puts that mark there, and Windows PowerShell writes UTF-16 where `>` stands. Raises
    UnicodeDecodeError.
    """
    wide = found.startswith((BOM_UTF16_LE, BOM_UTF16_BE))
    return found.decode("utf-16" if wide else "utf-8-sig")


def text(stream: TextIO, limit: int) -> str:
    """Return what a stream holds; raises OSError where it is longer than `limit` characters.

    The mark that programs of Windows put before UTF-8 is no part of it.
    """
    found = stream.read(limit + 1).removeprefix("\ufeff")
    if len(found) > limit:
        raise _too_long(limit)
    return found


def key(path: str | Path) -> str:
    """Return the key that a file holds alone; raises OSError or ValueError, which `why` words."""
    found = read(path, KEY)
    try:
        return words(found).strip()
    except UnicodeDecodeError:
        msg = "it is not text"
        raise ValueError(msg) from None


def why(error: Exception) -> str:
    """Return in words why a file cannot be read."""
    return str(getattr(error, "strerror", None) or error)


def _all(handle: int, limit: int) -> bytes:
    about = os.fstat(handle)
    regular = stat.S_ISREG(about.st_mode)
    if regular and about.st_size > limit:
        raise _too_long(limit)
    if regular or stat.S_ISDIR(about.st_mode):
        operating_system.make_blocking(handle)
    end = time.monotonic() + WHOLE
    found = bytearray()
    while True:
        if not regular:
            _wait(handle, end)
        piece = os.read(handle, min(_PIECE, limit + 1 - len(found)))
        found += piece
        if len(found) > limit:
            raise _too_long(limit)
        if not piece:
            return bytes(found)


def _wait(handle: int, end: float) -> None:
    """Wait until something can be read; raises OSError where nothing comes, or it never ends.

    Windows cannot be asked about a pipe: reading it waits there, for as long as it takes.
    """
    if time.monotonic() > end:
        raise OSError(0, f"it did not end within {WHOLE:.0f} s")
    if not hasattr(select, "poll"):
        return
    asked = select.poll()
    asked.register(handle, select.POLLIN)
    if not asked.poll(SILENCE * 1000):
        raise OSError(0, f"it is a pipe or a device into which nobody wrote for {SILENCE:.0f} s")


def _too_long(limit: int) -> OSError:
    return OSError(0, f"it is longer than {_size(limit)}")


def _size(limit: int) -> str:
    return f"{limit // 1024 // 1024} MiB" if limit >= _PIECE else f"{limit // 1024} KiB"
