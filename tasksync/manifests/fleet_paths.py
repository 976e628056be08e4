"""The manifests of a fleet's projects: whether they are there, and which projects they name."""

from __future__ import annotations

import os
import re
import stat
from collections.abc import Iterator
from mmap import ACCESS_READ, mmap
from pathlib import Path

from tasksync.core.quoting import shortened
from tasksync.late_patterns import pattern_of
from tasksync.manifests import files
from tasksync.manifests.hints import shown
from tasksync.manifests.unplaced import BadValue

#: at the margin, as tasksync and its guides write it
_PROJECT = pattern_of(rb"^project[ \t]*:[ \t]*[\"']?([a-z0-9][a-z0-9-]{0,39})\b", re.MULTILINE)
_SHOWN = 120
_MEND = "paths are relative to the folder of the fleet's file"


def paths_of(value: object) -> tuple[str, ...]:
    """Return what `path` names: one, or a list of them."""
    return tuple(map(str, value)) if isinstance(value, list) else (str(value),)


def faults(value: object, root: str) -> Iterator[BadValue]:
    """Yield what is wrong with `path`; each knows which item of a list it is about."""
    listed = isinstance(value, list)
    if listed and not value:
        yield BadValue("path is empty", "name the project's folder, as path: clients/acme")
    for number, one in enumerate(value if isinstance(value, list) else [value]):
        try:
            _check(one, root)
        except BadValue as bad:
            bad.path = (number,) if listed else ()
            yield bad


def _check(value: object, root: str) -> None:
    if not isinstance(value, str):
        what = f"path must be text or a list of texts, not {shown(value)}"
        raise BadValue(what, "write path: clients/acme, or path: [clients/acme, templates]")
    if not value.strip() or not value.isprintable():
        raise BadValue(f"path {shown(value)} names nothing", "write it as clients/acme")
    if value.startswith("-"):
        raise BadValue(f"path {shown(value)} looks like a flag", f"write ./{value}")
    try:
        kind = os.stat(os.path.join(root, value)).st_mode  # noqa: PTH116, PTH118 - as typed
    except OSError as error:
        what = f"{shortened(value, _SHOWN)} cannot be read: {error.strerror or error}"
        raise BadValue(what, _MEND) from error
    if not stat.S_ISDIR(kind) and not stat.S_ISREG(kind):
        what = f"{shortened(value, _SHOWN)} is neither a file nor a folder"
        raise BadValue(what, _MEND)


def documents(root: str, path: str) -> tuple[str, ...]:
    """Return the names of the projects whose documents stand under a path.

    Looked for at the margin alone, without reading YAML: what is written otherwise is found by
    tasksync when it reads the manifest, and refused there by the state.
    """
    found, _problems = files.find([os.path.join(root, path)])  # noqa: PTH118 - as typed
    return tuple(dict.fromkeys(name for source in found for name in _projects_in(source.path)))


def _projects_in(path: Path) -> list[str]:
    try:
        with path.open("rb") as file, mmap(file.fileno(), 0, access=ACCESS_READ) as content:
            return [name.decode() for name in _PROJECT.findall(content)]
    except (OSError, ValueError):  # it cannot be read, or is empty: its own project tells
        return []
