"""How the files of a manifest are named for readers: from here, and on the forge of a CI's run."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from os.path import normpath, relpath
from pathlib import Path, PurePath

from tasksync.forge.file_links import file_links


def nearest(file: str) -> str:
    """Return a file's name as it is shortest from the current folder."""
    if not PurePath(file).is_absolute():
        return file
    try:
        here = relpath(file)
    except ValueError:  # another drive
        return file
    return here if len(here) < len(file) else file


def address_in(env: Mapping[str, str]) -> Callable[[str], str]:
    """Return what tells at which address others read a file; "" outside of a CI that is known."""
    links = file_links(env)

    def address(file: str) -> str:
        if links is None or not Path(file).is_file():  # a saved plan names files of elsewhere
            return ""
        return links.of(PurePath(normpath(Path(file).absolute())))

    return address
