"""What operating systems do differently, in one place: signals, clocks, waiting and files.

What Windows lacks is not asked for when this is imported; each function says what it does there.
"""

from __future__ import annotations

import os
import signal
import stat
import sys
import time
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from threading import Event, main_thread
from typing import TYPE_CHECKING, Any, Final

if TYPE_CHECKING:
    from subprocess import Popen

WINDOWS = sys.platform == "win32"

#: what asks a run to stop: Ctrl-C; what others send; Ctrl-Break, which only Windows has. Windows
#: delivers no SIGTERM: whoever ends a process there ends it at once, as SIGKILL does elsewhere.
SIGNALS: Final = tuple(
    signal.Signals(getattr(signal, name))
    for name in ("SIGINT", "SIGTERM", "SIGBREAK")
    if hasattr(signal, name)
)

#: a thread of Windows that waits hears no Ctrl-C until it wakes (s)
_SLICE: Final = 0.1
#: how long a file that somebody else has open at Windows is tried again: scanners of viruses and
#: search indexes let go of it soon (s)
_TRIED: Final = 2.0
_PAUSE: Final = 0.05

#: as bytes, without waiting for who writes into a pipe, and not handed on to what we start
READING: Final = (
    os.O_RDONLY
    | getattr(os, "O_NONBLOCK", 0)
    | getattr(os, "O_CLOEXEC", 0)
    | getattr(os, "O_BINARY", 0)
)


def monotonic() -> float:
    """Return seconds that never go back, and count the time that the machine slept too.

    A lease that others see run out meanwhile must have run out here too (design 7). Linux has a
    clock of its own for that; those that Python reads at macOS and Windows count it by themselves.
    """
    read = getattr(time, "clock_gettime", None)
    if read is None:
        return time.monotonic()
    return float(read(getattr(time, "CLOCK_BOOTTIME", time.CLOCK_MONOTONIC)))


def wait(event: Event, seconds: float) -> None:
    """Wait for an event, so that Ctrl-C is heard meanwhile at Windows too."""
    if not WINDOWS:
        event.wait(seconds)
        return
    end = time.monotonic() + seconds
    while not event.is_set() and (left := end - time.monotonic()) > 0:
        event.wait(min(left, _SLICE))


def replace(
    aside: str | Path, target: str | Path, sleep: Callable[[float], None] = time.sleep
) -> None:
    """Put a file in the place of another, whole or not at all; raises OSError.

    At Windows a file that somebody has open cannot be replaced: it is tried for two seconds.
    """
    tries = int(_TRIED / _PAUSE) if WINDOWS else 1
    for left in reversed(range(tries)):
        try:
            Path(aside).replace(target)
        except PermissionError:
            if not left:
                raise
            sleep(_PAUSE)
        else:
            return


def put_new(aside: str | Path, target: str | Path) -> None:
    """Give a whole file its name; raises FileExistsError where something has that name.

    Where files have but one name (FAT, some shares) it is renamed: Windows refuses to rename over
    another, elsewhere it is looked at before. `aside` may be there still.
    """
    try:
        os.link(aside, target)
    except FileExistsError:
        raise
    except OSError:
        if not WINDOWS and os.path.lexists(target):
            raise FileExistsError(target) from None
        Path(aside).rename(target)


def made_durable(folder: Path) -> None:
    """Have the names in a folder on the disk; Windows lets nobody ask for that, and keeps a log."""
    if hasattr(os, "O_DIRECTORY"):
        handle = os.open(folder, os.O_RDONLY | os.O_DIRECTORY)
        try:
            os.fsync(handle)
        finally:
            os.close(handle)


def keep_access(handle: int, target: Path) -> None:
    """Give an open file the owner and the mode of `target`, else what a new one has.

    At Windows the rights come from the folder, for both alike, and there is nothing to do.
    """
    if not hasattr(os, "fchown"):
        return
    try:
        there = target.stat()
    except FileNotFoundError:
        mask = os.umask(0)
        os.umask(mask)
        os.fchmod(handle, 0o666 & ~mask)
        return
    with suppress(OSError):  # only root may; a container's root must not take files for itself
        os.fchown(handle, there.st_uid, there.st_gid)
    os.fchmod(handle, stat.S_IMODE(there.st_mode))


def make_blocking(handle: int) -> None:
    """Have reading wait again, where READING asked for the opposite."""
    if hasattr(os, "O_NONBLOCK"):
        os.set_blocking(handle, True)


def expanded(paths: Iterable[str]) -> tuple[str, ...]:
    """Return paths with every pattern like `plans/*.yaml` in its files' place, sorted.

    A shell does that before we see it; those of Windows do not. What is there under this very name,
    or fits no file, stays as it is.
    """
    from glob import glob, has_magic

    found: list[str] = []
    for path in paths:
        fits = has_magic(path) and not os.path.lexists(path)
        # names stay as typed, which those of pathlib do not
        found += (sorted(glob(path, recursive=True)) if fits else []) or [path]  # noqa: PTH207
    return tuple(found)


def quoted(word: str) -> str:
    """Return one word of a command as this system's shell reads it: sh, or cmd and PowerShell."""
    if WINDOWS:
        from subprocess import list2cmdline

        return list2cmdline([word])
    from shlex import quote

    return quote(word)


def own_group() -> dict[str, Any]:
    """Return how a process is started that a Ctrl-C at our terminal does not reach by itself."""
    if WINDOWS:
        return {"creationflags": 0x00000200}  # CREATE_NEW_PROCESS_GROUP
    return {"start_new_session": True}


def ask_to_stop(process: Popen[Any]) -> None:
    """Ask a process that was started by `own_group` to stop, as Ctrl-C asks us; raises OSError.

    In a group of its own a process of Windows hears Ctrl-Break alone.
    """
    process.send_signal(getattr(signal, "CTRL_BREAK_EVENT", signal.SIGINT))


@contextmanager
def held_back(number: int) -> Iterator[None]:
    """Have processes that are started here hear a signal once they let it through, and not before.

    While Python begins it may lose one. Windows holds nothing back.
    """
    if not hasattr(signal, "pthread_sigmask"):
        yield
        return
    before = signal.pthread_sigmask(signal.SIG_BLOCK, (number,))
    try:
        yield
    finally:
        signal.pthread_sigmask(signal.SIG_SETMASK, before)


def signal_main_thread(number: int) -> None:
    """Send our main thread a signal, from another; what it waits for is interrupted by that."""
    if hasattr(signal, "pthread_kill"):
        signal.pthread_kill(main_thread().ident or 0, number)
    else:
        signal.raise_signal(number)
