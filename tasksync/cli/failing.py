"""Errors in words: what happened, and what to do next; never a traceback."""

from __future__ import annotations

import traceback

from tasksync.cli.console import Console
from tasksync.errors import ManifestInvalid, PlanRefused, TasksyncError

_MOST_PROBLEMS = 200


def told(error: TasksyncError, console: Console) -> int:
    """Tell an error on stderr; returns its exit code."""
    match error:
        case ManifestInvalid():
            for problem in error.problems[:_MOST_PROBLEMS]:
                console.tell(str(problem))
            more = len(error.problems) - _MOST_PROBLEMS
            if more > 0:
                console.tell(f"… and {more} more")
            count = len(error.problems)
            console.tell(f"Error: the manifest has {count} problem{'s' if count != 1 else ''}.")
        case PlanRefused():
            for refusal in error.refusals:
                console.tell(f"Refused: {refusal}")
        case _:
            console.tell(f"Error: {error.message}")
            if error.advice:
                console.tell(f"  {error.advice}")
    return error.exit_code


def fault(error: Exception, console: Console) -> int:
    """Tell a fault of tasksync itself; TASKSYNC_LOG=DEBUG adds the trace. Returns 1."""
    console.tell(f"Error: a fault in tasksync itself: {type(error).__name__}: {error}")
    if console.env.get("TASKSYNC_LOG", "").upper() in {"DEBUG", "TRACE"}:
        console.tell("".join(traceback.format_exception(error)))
    console.tell(
        "  What was answered is saved; run tasksync plan to see what is left. "
        "Please report this with TASKSYNC_LOG=DEBUG set."
    )
    return 1
