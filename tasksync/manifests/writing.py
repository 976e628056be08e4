"""Manifests written by tasksync: tasks as YAML, added to a file or as a file of their own.

What `import` in each of its forms, and whatever else writes tasks, needs in one place: the text
(`written_tasks`), the adding of it (`adding`), and here the file.
"""

from __future__ import annotations

import errno
import os
import stat
import tempfile
from collections.abc import Iterable
from contextlib import ExitStack
from pathlib import Path
from typing import Final

from tasksync import file_limits, operating_system
from tasksync.errors import SettingsError
from tasksync.manifests.adding import added_to, takes_more
from tasksync.manifests.written_tasks import (
    WrittenTask,
    document_pieces,
    key_of,
    new_document,
    scalar,
    tasks_text,
)

__all__ = [
    "WrittenTask",
    "added_to",
    "content_before",
    "document_pieces",
    "key_of",
    "must_be_writable",
    "new_document",
    "scalar",
    "takes_more",
    "tasks_text",
    "write_atomically",
]

_MAY_WRITE: Final = stat.S_IWUSR | stat.S_IWGRP | stat.S_IWOTH


def content_before(path: str | Path) -> bytes | None:
    """Return what a file holds that is to be written, None where there is none; raises OSError.

    A device or a pipe is not read: it has no end, and cannot be put into the place of.
    """
    try:
        mode = Path(path).stat().st_mode
        if not stat.S_ISREG(mode):
            raise _no_file(mode)
        return file_limits.read(path, file_limits.DOCUMENT)
    except FileNotFoundError:
        return None


def must_be_writable(path: str | Path) -> None:
    """Refuse a file that nobody is to write, though its folder would let it be replaced.

    root may write what no mode lets anybody write; the mode is still what a person said.
    """
    target = Path(path)
    if not (target.stat().st_mode & _MAY_WRITE and os.access(target, os.W_OK)):
        raise SettingsError(
            f"{path} is read-only: nothing was written.",
            "Let it be written (chmod u+w; at Windows attrib -r), and run it again.",
        )


def _no_file(mode: int) -> OSError:
    if stat.S_ISDIR(mode):
        return OSError(errno.EISDIR, os.strerror(errno.EISDIR))
    return OSError(0, "it is a device or a pipe, and no file")


def write_atomically(
    path: str, content: bytes | Iterable[bytes], expected_before: bytes | None
) -> None:
    """Put a file in the place of what is there, whole or not at all, and durably.

    The content may come in pieces, which are asked for one by one.
    `expected_before` is what was read there, None where there was nothing: where it is another by
    now, SettingsError is raised and nothing is written. The file keeps its mode,
    and where that is allowed its owner; a link stays one, and a read-only file is left alone.
    """
    try:
        if content_before(path) != expected_before:
            raise _moved(path, expected_before)
        if expected_before is not None:
            must_be_writable(path)
        target = Path(path).resolve()
        target.parent.mkdir(parents=True, exist_ok=True)
        handle, aside = tempfile.mkstemp(dir=target.parent, prefix=f".{target.name[:80]}.")
        with ExitStack() as failing:  # a full disk, or Ctrl-C: half a manifest asks for deletes
            failing.callback(Path(aside).unlink, missing_ok=True)
            with os.fdopen(handle, "wb") as stream:
                stream.writelines((content,) if isinstance(content, bytes) else content)
                stream.flush()
                operating_system.keep_access(stream.fileno(), target)
                os.fsync(stream.fileno())
            if content_before(target) != expected_before:  # an editor may have saved meanwhile
                raise _moved(path, expected_before)
            if expected_before is None:
                operating_system.put_new(aside, target)  # fails where something came between
            else:
                operating_system.replace(aside, target)
                failing.pop_all()
        operating_system.made_durable(target.parent)
    except FileExistsError as error:
        raise _moved(path, expected_before) from error
    except OSError as error:
        raise SettingsError(
            f"{path} cannot be written: {error.strerror or error}.", "Choose another file."
        ) from error


def _moved(path: str, expected_before: bytes | None) -> SettingsError:
    if expected_before is None:
        what = f"{path} is there already."
    else:
        what = f"{path} changed while this ran: it is left as it is."
    return SettingsError(f"{what} Nothing was written.", "Run it again.")
