"""One process at a time: an exclusive lock on an open file, which ends with the handle.

By portalocker, which locks a handle that we hold (flock; msvcrt.locking at Windows), so that a
killed process leaves nothing to take away. It waits for ever, as the holder lives for milliseconds.
"""

from __future__ import annotations

import sys
import time
from collections.abc import Callable
from io import FileIO

import portalocker
from portalocker.exceptions import AlreadyLocked, LockException

#: whether the system waits for a lock by itself; that of Windows gives up after ten seconds
WAITS = sys.platform != "win32"
_PAUSE = 0.005


def lock(file: FileIO) -> None:
    """Wait until nobody else has the lock, and take it; raises OSError where there are no locks."""
    kind = portalocker.LockFlags.EXCLUSIVE
    flags = kind if WAITS else kind | portalocker.LockFlags.NON_BLOCKING
    while True:
        try:
            _as_the_system_says(lambda: portalocker.lock(file, flags))
        except AlreadyLocked:
            time.sleep(_PAUSE)
        else:
            return


def unlock(file: FileIO) -> None:
    """Give the lock back; raises OSError."""
    _as_the_system_says(lambda: portalocker.unlock(file))


def _as_the_system_says(deed: Callable[[], None]) -> None:
    """Raise what the system said instead of what the library makes of it."""
    try:
        deed()
    except AlreadyLocked:
        raise
    except LockException as error:
        if isinstance(error.__cause__, OSError):
            raise error.__cause__ from None
        raise OSError(0, str(error)) from error
