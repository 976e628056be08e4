"""The exit codes: what each means, and the errors that end with it."""

from __future__ import annotations

import argparse
import re
from collections.abc import Iterator, Mapping

from regions import Untrue, code, plain, table

from tasksync.errors import TasksyncError

#: what a code means; that there are these and no others is held to the help and to the errors
_MEANS: Mapping[int, str] = {
    0: "done",
    1: "error",
    2: "there are changes, or there is drift (`plan` and `drift` with `--detailed-exitcode` only)",
    3: "partial: some operations failed, are in doubt or were not started",
    4: "refused by a safety guard; `plan` too, for what apply would refuse",
    5: "stale plan",
    6: "lock not obtained",
    7: "authentication or permission",
    64: "usage",
    130: "interrupted, state saved",
}


def exit_codes(whole: argparse.ArgumentParser) -> str:
    """Return the table, and below it the errors of each code."""
    errors = list(_below(TasksyncError))
    helped = {int(number) for number in re.findall(r"\b(\d+) [a-z]", str(whole.epilog))}
    known = {0, 2, 3, 130} | {one.exit_code for one in errors}
    if not helped == known == set(_MEANS):
        raise Untrue(f"exit codes: help has {helped}, errors have {known}, here are {set(_MEANS)}")
    codes = table(("exit", "means"), [(str(number), told) for number, told in _MEANS.items()])
    rows = [
        (code(one.__name__), str(one.exit_code), plain((one.__doc__ or "").split("\n")[0]))
        for one in sorted(errors, key=lambda one: (one.exit_code, one.__name__))
    ]
    words = "Every error that ends a run, with its mend, is in "
    page = "[when something went wrong](../guides/when-something-went-wrong.md):"
    return f"{codes}\n\n{words}{page}\n\n{table(('error', 'exit', 'what it is'), rows)}"


def _below(error: type[TasksyncError]) -> Iterator[type[TasksyncError]]:
    for one in error.__subclasses__():
        if one.__module__ == TasksyncError.__module__:
            yield one
            yield from _below(one)
