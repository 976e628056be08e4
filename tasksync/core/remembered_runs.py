"""The runs that a state remembers: which one somebody means, and why its changes are not kept.

Pure. What a run did is asked of the store (`StateStore.recorded`).
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from enum import StrEnum

from tasksync.core.history import KEPT_CHANGES, KEPT_HISTORY_RUNS
from tasksync.core.quoting import quoted
from tasksync.core.state import Run
from tasksync.errors import UsageError

#: what somebody writes for the newest run
LAST = "last"
#: so much of a run's id is shown
ID_SHOWN = 8
#: how a run ended that did not, or not yet
STARTED = "started"
_NAMED = 5
_LIST = "tasksync history lists the runs."


class Keeping(StrEnum):
    """How a state keeps what its runs did."""

    TABLES = "tables"  # saved with each entry: SQLite, PostgreSQL
    OBJECTS = "objects"  # one object a run, once it has ended: S3
    DOCUMENT = "document"  # in the document, of the last run alone: http


def short(run: str) -> str:
    """Return as much of a run's id as people need."""
    return run[:ID_SHOWN]


def undone_by(runs: Sequence[Run]) -> Mapping[str, tuple[Run, ...]]:
    """Return, by id, the runs that took a run back, oldest first."""
    found: dict[str, tuple[Run, ...]] = {}
    for run in runs:
        if run.undoes:
            found[run.undoes] = (*found.get(run.undoes, ()), run)
    return found


def run_called(word: str, runs: Sequence[Run]) -> Run:
    """Return the run that somebody names: its id, the beginning of one, or `last`.

    Raises UsageError, with what is near, where no run, or more than one, is meant.
    """
    if not runs:
        raise UsageError("No run is remembered.", "A run is remembered once apply changed a task.")
    if word == LAST:
        return runs[-1]
    asked = word.lower()
    fitting = [run for run in runs if run.id.lower().startswith(asked)] if asked else []
    exact = [run for run in fitting if run.id.lower() == asked]
    if len(exact or fitting) == 1:
        return (exact or fitting)[0]
    if fitting:
        some = ", ".join(run.id[: len(asked) + ID_SHOWN] for run in fitting[: -_NAMED - 1 : -1])
        raise UsageError(
            f"{len(fitting)} runs begin with {quoted(word)}: {some}.", "Write more of its id."
        )
    from difflib import get_close_matches  # something is wrong

    near = get_close_matches(asked, [run.id[: max(len(asked), ID_SHOWN)] for run in runs], n=1)
    meant = f"Did you mean {near[0]}? {_LIST}" if near else _LIST
    raise UsageError(f"No run that is remembered begins with {quoted(word)}.", meant)


def why_not_kept(run: Run, runs: Sequence[Run], keeping: Keeping) -> str:
    """Return why nothing is kept of what a run did; the words end no sentence."""
    newer = len(runs) - 1 - [one.id for one in runs].index(run.id)
    tables, began = keeping is Keeping.TABLES, run.outcome == STARTED
    whys = (
        (not run.by, "it was done by a version of tasksync that kept none"),
        (
            began and not tables,
            "it did not end, and this state keeps what a run did once it has ended",
        ),
        (not began and not run.counts, "it changed no task"),
        (
            keeping is Keeping.DOCUMENT and newer > 0,
            "a state behind http keeps those of the last run alone",
        ),
        (
            keeping is Keeping.DOCUMENT,
            "they were more than a state behind http takes (1 MiB)",
        ),
        (newer >= KEPT_HISTORY_RUNS, f"it is older than the last {KEPT_HISTORY_RUNS} runs"),
        (keeping is Keeping.OBJECTS, "the object that held them is not there"),
        (began, "it was cut off before it had saved any"),
    )
    more = f"there were more since than are kept ({KEPT_CHANGES})"
    return next((words for holds, words in whys if holds), more)
