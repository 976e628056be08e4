"""Progress of a fleet: a line as each project ends, and now and then how far the others are."""

from __future__ import annotations

import json
from collections.abc import Callable

from tasksync.core.fleet import FleetCommand, ProjectJob, ProjectRun

#: a project is told of again after so many seconds
_PAUSE = 10.0
_ENDED = frozenset({"apply_complete", "apply_errored"})


class FleetProgress:
    """Makes lines of what projects write; not safe for two threads at once.

    `now` are seconds that never go back.
    """

    def __init__(self, total: int, now: Callable[[], float]) -> None:
        self._total = total
        self._now = now
        self._ended = 0
        self._done: dict[str, int] = {}
        self._planned: dict[str, int] = {}
        self._told: dict[str, float] = {}

    @property
    def standing(self) -> str:
        """How many projects have ended, and how many have not."""
        return f"{self._ended} of {self._total} projects done"

    def heard(self, job: ProjectJob, line: str) -> str:
        """Return what to tell of a line that a project's process wrote, or ""."""
        if job.command is not FleetCommand.APPLY or not self._counted(job.project.name, line):
            return ""
        name, now = job.project.name, self._now()
        if now - self._told.setdefault(name, now) < _PAUSE:
            return ""
        self._told[name] = now
        return f"{name}: {self._done.get(name, 0)} of {self._planned.get(name, 0)} changes done"

    def ended(self, run: ProjectRun, words: str) -> str:
        """Return what to tell of a project that ended; `words` are those of the report."""
        self._ended += 1
        exit_code = "" if run.exit_code is None else f" (exit {run.exit_code})"
        return f"[{self._ended}/{self._total}] {run.job.project.name}: {words}{exit_code}"

    def _counted(self, name: str, line: str) -> bool:
        """Count what an event says; tell whether it moved anything."""
        try:
            event = json.loads(line)
            kind = event["type"]
        except (ValueError, TypeError, KeyError):
            return False
        if kind == "version":  # it begins, on a cluster perhaps once more
            self._planned[name] = self._done[name] = 0
        if kind == "planned_change":
            self._planned[name] = self._planned.get(name, 0) + 1
        if kind in _ENDED:
            self._done[name] = self._done.get(name, 0) + 1
        return kind in _ENDED
