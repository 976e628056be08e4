"""A process from which all is hidden that Windows lacks, where files behave as they do there.

`python like_windows.py` reads commands of tasksync, one JSON list a line, and answers each with its
exit code and what it said. What cannot be had here: paths with backslashes, consoles, other users'
rights, the real `LockFileEx` (`msvcrt.locking` is played by flock).
"""

# ruff: noqa: PTH110, PTH112
# what pathlib and all others call is replaced here

from __future__ import annotations

import errno
import fcntl
import importlib
import io
import json
import os
import pathlib
import pkgutil
import platform
import signal
import subprocess
import sys
import tempfile
from collections.abc import Callable, Iterator
from itertools import chain
from types import ModuleType
from typing import Any

from windows_api import LACKING, LACKING_MODULES, Kernel32

#: what has a form of its own for Windows, and is imported before all is hidden
THEIRS = ("boto3", "jsonschema", "jsonschema_rs", "psycopg", "requests", "yaml")
HIDDEN_PATHS = ("/proc", "/dev/stdin", "/dev/stdout", "/dev/fd", "/etc", "/usr/share/zoneinfo")


def _denied(path: object) -> PermissionError:
    return PermissionError(errno.EACCES, "Access is denied", str(path))


def _open_here(path: object) -> bool:
    """Tell whether this process has a file open: Windows neither replaces nor removes it then."""
    whole = os.path.realpath(os.fspath(path))  # type: ignore[call-overload]
    for number in _LISTED("/proc/self/fd"):
        try:
            if _READLINK(f"/proc/self/fd/{number}") == whole:
                return True
        except OSError:
            continue
    return False


_LISTED, _READLINK, _STAT, _OPEN = os.listdir, os.readlink, os.stat, os.open
_REPLACE, _RENAME, _UNLINK, _SCANDIR = os.replace, os.rename, os.unlink, os.scandir


def _is_hidden(path: object) -> bool:
    return isinstance(path, str | os.PathLike) and str(path).startswith(HIDDEN_PATHS)


def _stat(path: Any, *more: Any, **named: Any) -> os.stat_result:
    if _is_hidden(path):
        raise FileNotFoundError(errno.ENOENT, "No such file or directory", str(path))
    return _STAT(path, *more, **named)


def _open(path: Any, *more: Any, **named: Any) -> int:
    if os.path.isdir(path):
        raise _denied(path)
    return _OPEN(path, *more, **named)


def _moved(move: Callable[..., None], *, over: bool) -> Callable[..., None]:
    def moved(source: Any, target: Any) -> None:
        if _open_here(source) or (os.path.exists(target) and _open_here(target)):
            raise _denied(target)
        if not over and os.path.lexists(target):
            raise FileExistsError(errno.EEXIST, "Cannot create a file that exists", str(target))
        move(source, target)

    return moved


def _unlink(path: Any, **named: Any) -> None:
    if not named and os.path.lexists(path) and _open_here(path):
        raise _denied(path)
    _UNLINK(path, **named)


class _Entry:
    """One of a folder: what Windows tells of it while listing has neither device nor number."""

    def __init__(self, entry: os.DirEntry[str]) -> None:
        self.name, self.path, self._entry = entry.name, entry.path, entry

    def stat(self, **named: Any) -> os.stat_result:
        found = list(self._entry.stat(**named))
        found[1:4] = [0, 0, 0]
        return os.stat_result(found)

    def __getattr__(self, name: str) -> Any:
        return getattr(self._entry, name)

    def __fspath__(self) -> str:
        return self.path


class _Scanned:
    """A listing that can be iterated and used as a context, as the real one."""

    def __init__(self, path: Any = ".") -> None:
        self._entries = [_Entry(entry) for entry in _SCANDIR(path)]

    def __iter__(self) -> Iterator[_Entry]:
        return iter(self._entries)

    def __enter__(self) -> Iterator[_Entry]:
        return iter(self._entries)

    def __exit__(self, *_: object) -> None:
        pass


def _locking(handle: int, mode: int, _bytes: int) -> None:
    if mode == 0:
        fcntl.flock(handle, fcntl.LOCK_UN)
        return
    try:
        fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except OSError:
        raise OSError(errno.EACCES, "Permission denied") from None


def _refused(*_: object) -> None:
    raise AssertionError("at Windows this ends the process")


def _have_imported() -> None:
    """Import what has a form of its own for Windows, and have the machine's name asked for."""
    import getpass
    import glob
    import logging
    import shutil
    import sqlite3

    assert all((getpass, glob, logging, shutil, sqlite3, subprocess, tempfile))
    for name in THEIRS:
        importlib.import_module(name)
    platform.uname()  # it is remembered; else a program would be started, in another way there


def hide() -> None:
    """Make this process one that has only what Windows has; before tasksync is imported."""
    _have_imported()
    msvcrt = ModuleType("msvcrt")
    vars(msvcrt).update(locking=_locking, get_osfhandle=int, LK_UNLCK=0, LK_LOCK=1, LK_NBLCK=2)
    sys.modules["msvcrt"] = msvcrt
    paths = sys.modules.get("pathlib._local", pathlib)
    theirs, paths.WindowsPath = paths.WindowsPath, pathlib.PosixPath  # type: ignore[attr-defined]
    os.name = "nt"
    locks = importlib.import_module("portalocker.portalocker")
    assert locks.LOCKER.__name__ == "MsvcrtLocker" or "Msvcrt" in repr(locks.LOCKER)
    os.name = "posix"  # pathlib would make paths that cannot be here
    paths.WindowsPath = theirs  # type: ignore[attr-defined]
    for name in LACKING_MODULES:
        sys.modules[name] = None  # type: ignore[assignment]
    for owner, names in LACKING.items():
        module = importlib.import_module(owner)
        for name in names.split():
            if hasattr(module, name):
                delattr(module, name)
    os.supports_effective_ids.clear()
    os.kill = _refused  # type: ignore[assignment]
    os.O_BINARY = 0  # type: ignore[attr-defined]
    signal.SIGBREAK = signal.SIGUSR1  # type: ignore[attr-defined]
    os.stat, os.open, os.scandir = _stat, _open, _Scanned  # type: ignore[assignment]
    os.replace, os.rename = _moved(_REPLACE, over=True), _moved(_RENAME, over=False)
    os.unlink = os.remove = _unlink
    sys.addaudithook(_audit)
    sys.platform = "win32"
    from tasksync import windows_calls

    own = Kernel32({os.getpid(): 1})
    windows_calls._kernel32 = lambda: own


def _audit(event: str, found: tuple[Any, ...]) -> None:
    if event == "open" and _is_hidden(found[0]):
        raise FileNotFoundError(errno.ENOENT, "No such file or directory", str(found[0]))


#: what stands on psutil, which looks at the machine itself; `--on` alone imports it
ASKS_THE_MACHINE = {"tasksync.fleet.dask_cluster"}


def imported() -> list[str]:
    """Import every module of tasksync; return their names."""
    import tasksync

    names = [one.name for one in pkgutil.walk_packages(tasksync.__path__, "tasksync.")]
    for name in names:
        if name not in ASKS_THE_MACHINE:
            importlib.import_module(name)
    return names


def answer(words: list[str], given: str | None) -> dict[str, Any]:
    """Run one command of tasksync; `given` is its standard input."""
    from tasksync.cli.console import Console
    from tasksync.cli.main import run

    if given is not None:
        ends, begins = os.pipe()
        os.write(begins, given.encode())
        os.close(begins)
        os.dup2(ends, 0)
    out, err = io.StringIO(), io.StringIO()
    code = run(words, Console(io.StringIO(), out, err, os.environ))
    return {"code": code, "out": out.getvalue(), "err": err.getvalue()}


def main() -> None:
    told, asked = os.fdopen(os.dup(1), "w"), os.fdopen(os.dup(0))
    hide()
    replies = chain([len(imported())], (answer(**json.loads(line)) for line in asked))
    for reply in replies:
        told.write(json.dumps(reply) + "\n")
        told.flush()


if __name__ == "__main__":
    main()
