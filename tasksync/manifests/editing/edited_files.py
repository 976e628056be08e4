"""Edits of several files: all are made and proved before the first file is replaced."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Final

from tasksync.core.task import Problem
from tasksync.errors import ManifestInvalid, SettingsError
from tasksync.manifests.editing.editing import edited
from tasksync.manifests.editing.edits import Edit
from tasksync.manifests.reader import YamlUnreadable
from tasksync.manifests.writing import content_before, must_be_writable, write_atomically
from tasksync.value_classes import dataclass

_AGAIN: Final = "Run it again."


@dataclass(frozen=True, slots=True)
class FileEdit:
    """A file as it was read, and as it is to be; `refused` are the edits that were not made."""

    name: str
    before: bytes
    after: bytes
    refused: tuple[tuple[Edit, Problem], ...] = ()


def edit_files(edits: Mapping[str, Sequence[Edit]]) -> list[FileEdit]:
    """Read these files and make the edits, by the name of the file; nothing is written.

    Raises ManifestInvalid with every file that cannot be read.
    """
    found: list[FileEdit] = []
    problems: list[Problem] = []
    for name, wanted in edits.items():
        try:
            before = content_before(name)
            if before is None:
                told = f"{name} is gone since it was read: nothing was written."
                raise SettingsError(told, _AGAIN)
            made = edited(before, name, wanted)
        except YamlUnreadable as broken:
            problems.append(broken.problem)
        except OSError as error:
            raise SettingsError(f"{name} cannot be read: {error.strerror or error}.") from error
        else:
            found.append(FileEdit(name, before, made.content, made.refused))
    if problems:
        raise ManifestInvalid(tuple(problems))
    return found


def write_files(files: Sequence[FileEdit]) -> None:
    """Replace the files that differ, each whole or not at all, with its mode.

    None is replaced where one of them is no longer as it was read, or may not be written:
    SettingsError. Where writing itself fails, the error names the files that are written already,
    and so does KeyboardInterrupt.
    """
    wanted = [one for one in files if one.after != one.before]
    for one in wanted:
        if _content(one.name) != one.before:
            raise SettingsError(f"{one.name} changed while this ran: nothing was written.", _AGAIN)
        must_be_writable(one.name)
    try:
        for one in wanted:
            write_atomically(one.name, one.after, one.before)
    except SettingsError as error:
        done = _written(wanted)
        told = f" Written already: {done}." if done else ""
        raise SettingsError(f"{error.message}{told}", _AGAIN if done else error.advice) from error
    except KeyboardInterrupt as interrupt:
        if done := _written(wanted):
            raise KeyboardInterrupt(f"Written already: {done}. {_AGAIN}") from interrupt
        raise


def _written(wanted: Sequence[FileEdit]) -> str:
    """Return the names of the files that are as they were to be."""
    return ", ".join(one.name for one in wanted if _content(one.name) == one.after)


def _content(name: str) -> bytes | None:
    try:
        return content_before(name)
    except OSError:
        return None
