"""Files that people name, read up to a limit: a device, a pipe or a wrong file ends in words."""

from __future__ import annotations

import os
import select
import stat
from pathlib import Path
from typing import TextIO

#: what a key file, and a plan or state file, may have (bytes)
KEY, DOCUMENT = 64 * 1024, 256 * 1024 * 1024
#: how long a named pipe may say nothing; whoever writes into it may have to ask a person (s)
SILENCE = 60.0
_PIECE = 1024 * 1024


def read(path: str | Path, limit: int) -> bytes:
    """Return what a file holds; raises OSError, also where it is longer than `limit`.

    A named pipe is read, since `<(command)` of a shell is one; where nobody writes into it, it is
    given up after SILENCE seconds.
    """
    handle = os.open(path, os.O_RDONLY | os.O_NONBLOCK | os.O_CLOEXEC)
    try:
        return _all(handle, limit)
    finally:
        os.close(handle)


def text(stream: TextIO, limit: int) -> str:
    """Return what a stream holds; raises OSError where it is longer than `limit` characters."""
    found = stream.read(limit + 1)
    if len(found) > limit:
        raise OSError(0, f"it is longer than {_size(limit)}")
    return found


def why(error: Exception) -> str:
    """Return in words why a file cannot be read."""
    return str(getattr(error, "strerror", None) or error)


def _all(handle: int, limit: int) -> bytes:
    piped = stat.S_ISFIFO(os.fstat(handle).st_mode)
    if not piped:
        os.set_blocking(handle, True)
    found = bytearray()
    while True:
        if piped and not _speaks(handle):
            raise OSError(0, f"it is a pipe into which nobody wrote for {SILENCE:.0f} s")
        piece = os.read(handle, min(_PIECE, limit + 1 - len(found)))
        found += piece
        if len(found) > limit:
            raise OSError(0, f"it is longer than {_size(limit)}")
        if not piece:
            return bytes(found)


def _speaks(handle: int) -> bool:
    asked = select.poll()
    asked.register(handle, select.POLLIN)
    return bool(asked.poll(SILENCE * 1000))


def _size(limit: int) -> str:
    return f"{limit // 1024 // 1024} MiB" if limit >= _PIECE else f"{limit // 1024} KiB"
