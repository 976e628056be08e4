"""One process at a time: an exclusive lock on an open file, which ends with the handle.

By portalocker, which locks a handle that we hold (flock; msvcrt.locking at Windows), so that a
killed process leaves nothing to take away. It waits for ever, as the holder lives for milliseconds.
The library is imported when something is locked first: it takes as long as half a plan.
"""

from __future__ import annotations

import sys
import time
from io import FileIO

#: whether the system waits for a lock by itself; that of Windows gives up after ten seconds
WAITS = sys.platform != "win32"
_PAUSE = 0.005


def lock(file: FileIO) -> None:
    """Wait until nobody else has the lock, and take it; raises OSError where there are no locks."""
    import portalocker
    from portalocker.exceptions import AlreadyLocked, LockException

    kind = portalocker.LockFlags.EXCLUSIVE
    flags = kind if WAITS else kind | portalocker.LockFlags.NON_BLOCKING
    while True:
        try:
            portalocker.lock(file, flags)
        except AlreadyLocked:
            time.sleep(_PAUSE)
        except LockException as error:
            raise _what_the_system_said(error) from None
        else:
            return


def unlock(file: FileIO) -> None:
    """Give the lock back; raises OSError."""
    import portalocker
    from portalocker.exceptions import LockException

    try:
        portalocker.unlock(file)
    except LockException as error:
        raise _what_the_system_said(error) from None


def _what_the_system_said(error: Exception) -> OSError:
    cause = error.__cause__
    return cause if isinstance(cause, OSError) else OSError(0, str(error))
