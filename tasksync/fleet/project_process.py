"""One project's process: `tasksync COMMAND`, what it writes, and how it is asked to stop."""

from __future__ import annotations

import subprocess
import sys
import tempfile
from collections.abc import Callable, Mapping
from contextlib import suppress
from pathlib import Path
from signal import SIGINT
from threading import Lock, Thread
from time import monotonic
from typing import IO

from tasksync.core.fleet import INTERRUPTED, FleetCommand, ProjectJob, ProjectRun
from tasksync.operating_system import ask_to_stop, held_back, own_group
from tasksync.value_classes import replace

#: what asks each command for facts instead of words
_FORMAT: Mapping[FleetCommand, tuple[str, ...]] = {
    FleetCommand.PLAN: ("--format", "json"),
    FleetCommand.APPLY: ("--json",),
    FleetCommand.STATUS: ("--format", "json"),
    FleetCommand.DRIFT: ("--format", "json"),
}


def command_of(job: ProjectJob, plan: Path) -> list[str]:
    """Return the words of the process; no module of the working directory is taken for ours.

    `plan` is the file of a saved plan, which is done or written.
    """
    files = [word for path in job.project.paths for word in ("-f", path)]
    saved = [str(plan)] if job.plan or job.keeps_plan else []
    flag = ["--resume"] if job.resumes else ["--out"] if job.keeps_plan else []
    words = [job.command.value, *files, *_FORMAT[job.command], *job.arguments, *flag, *saved]
    return [sys.executable, "-P", "-m", "tasksync", *words]


class ProjectProcess:
    """A project's process, for one run. Its output goes through pipes.

    So it ends at its next event, with all saved, when whoever started it is gone.
    """

    def __init__(self, job: ProjectJob, env: Mapping[str, str], folder: str) -> None:
        self._job = job
        self._env = env
        self._folder = folder
        self._lock = Lock()
        self._process: subprocess.Popen[str] | None = None
        self._asked = False

    def run(self, heard: Callable[[str], object]) -> ProjectRun:
        """Run it to its end; `heard` is called with each line that it writes, from two threads."""
        try:
            place = tempfile.TemporaryDirectory(
                prefix="tasksync-fleet-", ignore_cleanup_errors=True
            )
        except OSError as error:
            return self._unstarted(error)
        with place as folder:
            plan = Path(folder, "plan.json")
            try:
                if self._job.plan:
                    plan.write_text(self._job.plan, encoding="utf-8", newline="\n")
                process = self._started(plan)
            except OSError as error:
                return self._unstarted(error)
            if process is None:
                return not_started(self._job)
            ended = self._followed(process, heard)
            with suppress(FileNotFoundError):  # it failed before there was a plan
                if self._job.keeps_plan:
                    return replace(ended, plan=plan.read_text(encoding="utf-8"))
            return ended

    def _unstarted(self, error: OSError) -> ProjectRun:
        words = f"its process could not be started: {error.strerror or error}"
        return ProjectRun(self._job, None, words=words, started=False)

    def _followed(
        self, process: subprocess.Popen[str], heard: Callable[[str], object]
    ) -> ProjectRun:
        begun = monotonic()
        said: list[str] = []
        reading = Thread(target=_lines, args=(process.stderr, said, heard), daemon=True)
        reading.start()
        out: list[str] = []
        _lines(process.stdout, out, heard)
        code = process.wait()
        if self._asked and code == -SIGINT:  # it was asked before it had begun
            code = INTERRUPTED
        reading.join()
        for stream in (process.stdout, process.stderr):
            if stream is not None:
                stream.close()
        words = f"its process was ended by signal {-code}" if code < 0 else ""
        return ProjectRun(
            self._job, code, "".join(out), "".join(said), monotonic() - begun, words=words
        )

    def ask_to_stop(self) -> None:
        """Ask it to stop as Ctrl-C does; before it was started, it is not."""
        with self._lock:
            self._asked = True
            process = self._process
        if process is not None:
            with suppress(OSError):  # it has ended already
                ask_to_stop(process)

    def _started(self, plan: Path) -> subprocess.Popen[str] | None:
        with self._lock:
            if self._asked:
                return None
            with held_back(SIGINT):
                self._process = subprocess.Popen(  # noqa: S603 - ourselves, with words of our own
                    command_of(self._job, plan),
                    cwd=self._folder,
                    env=dict(self._env),
                    stdin=subprocess.DEVNULL,
                    stdout=subprocess.PIPE,
                    stderr=subprocess.PIPE,
                    text=True,
                    encoding="utf-8",
                    errors="replace",
                    **own_group(),
                )
            return self._process


def not_started(job: ProjectJob, words: str = "not started: interrupted") -> ProjectRun:
    """Return what came of a project whose process was not started."""
    return ProjectRun(job, None, words=words, started=False)


def _lines(stream: IO[str] | None, kept: list[str], heard: Callable[[str], object]) -> None:
    if stream is None:
        return
    try:
        for line in stream:
            kept.append(line)
            heard(line)
    finally:  # whatever befalls who hears it: a process that nobody reads would wait for ever
        kept.extend(stream)
