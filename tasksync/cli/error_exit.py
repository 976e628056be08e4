"""Errors in words: what happened, and what to do next; never a traceback."""

from __future__ import annotations

import errno
import tempfile
import traceback

from tasksync.cli.console import Console
from tasksync.errors import SettingsError, TasksyncError

#: what a write to a full, limited or broken disk answers
_FULL = {errno.ENOSPC, errno.EDQUOT, errno.EFBIG, errno.EIO}


def told(error: TasksyncError, console: Console) -> int:
    """Tell an error on stderr; returns its exit code."""
    from tasksync.render.error_text import error_text
    from tasksync.render.style import PLAIN, colours

    console.tell(error_text(error, colours() if console.coloured(console.err) else PLAIN))
    return error.exit_code


def unwritable(error: OSError, console: Console) -> int:
    """Tell that a disk is full or failing, which is no fault of tasksync; 0 if it is not that."""
    if error.errno not in _FULL:
        return 0
    what = f"The output cannot be written: {error.strerror}."
    advice = "Make room, then run it again; what the portal answered so far is saved."
    return told(SettingsError(what, advice), console)


def is_closed_pipe(error: OSError, console: Console) -> bool:
    """Tell that nobody reads the output any more, which Windows calls an invalid argument."""
    from tasksync import operating_system

    return (
        operating_system.WINDOWS
        and error.errno == errno.EINVAL
        and error.filename is None
        and not console.out.isatty()
    )


def fault(error: Exception, console: Console) -> int:
    """Tell a fault of tasksync itself; the trace goes to a file. Returns 1."""
    from tasksync.render.error_text import unexpected_text

    trace = "".join(traceback.format_exception(error))
    if console.hidden is not None:
        trace = console.hidden.secrets.redact(trace)
    if console.env.get("TASKSYNC_LOG", "").upper() in {"DEBUG", "TRACE"}:
        console.tell(trace)
        where = "Please report it with the trace above; what was answered so far is saved."
    else:
        try:
            with tempfile.NamedTemporaryFile(
                "w", prefix="tasksync-fault-", suffix=".log", delete=False, encoding="utf-8"
            ) as file:
                file.write(trace)
            where = f"Please report it with {file.name}; what was answered so far is saved."
        except OSError:
            where = "Please report it with TASKSYNC_LOG=DEBUG; what was answered is saved."
    console.tell(unexpected_text(error, where))
    return 1
