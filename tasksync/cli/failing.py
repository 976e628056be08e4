"""Errors in words: what happened, and what to do next; never a traceback."""

from __future__ import annotations

import tempfile
import traceback

from tasksync.cli.console import Console
from tasksync.errors import TasksyncError


def told(error: TasksyncError, console: Console) -> int:
    """Tell an error on stderr; returns its exit code."""
    from tasksync.render.faults import error_text
    from tasksync.render.style import PLAIN, colours

    console.tell(error_text(error, colours() if console.coloured(console.err) else PLAIN))
    return error.exit_code


def fault(error: Exception, console: Console) -> int:
    """Tell a fault of tasksync itself; the trace goes to a file. Returns 1."""
    from tasksync.render.faults import unexpected_text

    trace = "".join(traceback.format_exception(error))
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
