"""A project on disk and the commands run on it: in this process, or as processes of their own."""

from __future__ import annotations

import io
import json
import os
import subprocess
import sys
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, TypeAlias

from forking import CALLS, Forked, Forker
from portal import Portal, Served, until_it_goes_on_no_more
from second import SecondByName

from tasksync.cli.console import Console
from tasksync.cli.main import run
from tasksync.portal import batches

Json: TypeAlias = dict[str, Any]

PROJECT = "e2e"
#: a scaled model of 30 s and 12 s: deeds may come this much after their answer was lost
SETTLE, LATE = 0.5, 0.2


class Worker(subprocess.Popen[str]):
    """A process that a test which fails does not leave running, nor wait for."""

    def __exit__(self, kind: type[BaseException] | None, *more: object) -> None:
        if kind is not None and self.poll() is None:
            self.kill()
        super().__exit__(kind, *more)


@dataclass(frozen=True, slots=True)
class Ended:
    """How a command ended."""

    code: int
    out: str
    err: str

    @property
    def text(self) -> str:
        """All that it said."""
        return self.out + self.err

    def must(self, *codes: int) -> Ended:
        """Return this; fail, showing what was said, when the exit code is another."""
        assert self.code in codes, f"exit {self.code}, not {codes}:\n{self.text[-3000:]}"
        return self


def until_it_came(came: Callable[[], object], worker: Forked, served: Served, number: int) -> None:
    """Wait for a request, on a busy machine as long as the run goes on."""
    until_it_goes_on_no_more(
        lambda: came() or worker.ended(), served.answered, f"request {number} came"
    )
    assert not worker.ended(), f"it ended before request {number}: {worker.said()}"


@dataclass
class Trip:
    """A manifest in a folder, a state, a portal."""

    folder: Path
    portal: Portal | SecondByName
    state: str = ""
    settle: float = SETTLE
    tasks: dict[str, Json] = field(default_factory=dict)
    header: Json = field(default_factory=dict)

    def __post_init__(self) -> None:
        self.folder.mkdir(parents=True, exist_ok=True)
        self.state = self.state or f"sqlite:{self.folder / 'state.db'}"

    @property
    def manifest(self) -> Path:
        """The one manifest file."""
        return self.folder / "tasksync.yaml"

    @property
    def file(self) -> Path:
        """The state's file, where it is SQLite's."""
        return Path(self.state.removeprefix("sqlite:"))

    def write(self, **header: object) -> None:
        """Write the manifest as it is wanted now; JSON is YAML too."""
        self.header |= header
        top = {"apiVersion": "tasksync/v1", "project": PROJECT, "timezone": "UTC", **self.header}
        whole = {**top, "defaults": {"responsibleId": 1}, "tasks": self.tasks}
        self.manifest.write_text(json.dumps(whole, indent=1), encoding="utf-8")

    def want(self, tasks: dict[str, Json], **header: object) -> Trip:
        """Want these tasks from now on."""
        self.tasks = tasks
        self.write(**header)
        return self

    def env(self) -> dict[str, str]:
        """What tells a run where portal and state are."""
        return {
            "TASKSYNC_PORTAL": self.portal.url,
            "TASKSYNC_API_KEY": self.portal.key,
            "TASKSYNC_STATE": self.state,
        }

    def words(self, command: str, *more: str) -> list[str]:
        """The command line of plan, apply and undo."""
        common = ["-f", str(self.manifest), "--settle", str(self.settle), "--quiet"]
        sure = ["--yes", "--max-delete", "100%"] if command in {"apply", "undo"} else []
        return [command, *common, *sure, *more]

    def do(self, command: str, *more: str) -> Ended:
        """Run plan or apply in this process."""
        return self.run(*self.words(command, *more))

    def run(self, *words: str) -> Ended:
        """Run any command in this process."""
        out, err = io.StringIO(), io.StringIO()
        code = run(list(words), Console(io.StringIO(), out, err, self.env()))
        return Ended(code, out.getvalue(), err.getvalue())

    def apply(self, *more: str) -> Ended:
        """Apply in this process."""
        return self.do("apply", *more)

    def plan(self, *more: str) -> Ended:
        """Plan in this process; exit 2 tells of changes."""
        return self.do("plan", "--detailed-exitcode", *more)

    def process(self, *more: str, **env: str) -> Worker:
        """Start apply as a process of its own."""
        return Worker(
            [sys.executable, "-m", "tasksync", *self.words("apply", *more)],
            env={**self._alone(), **env},
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
        )

    def forked(self, forker: Forker, *more: str, command: str = "apply") -> Forked:
        """Start apply, or undo, as a process of its own that has its imports behind it."""
        env = {**self._alone(), CALLS: str(batches.FULL)}
        return forker.start(self.words(command, *more), env, self.folder / "said")

    def killed_at(
        self,
        served: Served,
        forker: Forker,
        moment: str,
        number: int,
        *more: str,
        command: str = "apply",
    ) -> None:
        """Start it, and kill it at a request: before or after what that asks is done."""
        rule: Json = {"kind": "hang", "on": {"nth": number, "path": "^/v1/"}, "seconds": 60}
        served.faults({**rule, "deed": moment == "after", "times": 1})
        with self.forked(forker, *more, command=command) as worker:
            until_it_came(served.struck, worker, served, number)
            worker.kill()
        served.faults()

    def _alone(self) -> dict[str, str]:
        return {"PATH": os.defpath, "HOME": str(self.folder), **self.env()}

    def healed(self, most: int = 4) -> Ended:
        """Apply until it is done, at most so often; then nothing is left to do."""
        ended = self.apply()
        for _ in range(most - 1):
            if ended.code == 0:
                break
            ended = self.apply()
        ended.must(0)
        self.plan().must(0)
        return ended


def ended(process: subprocess.Popen[str], seconds: float = 60.0) -> Ended:
    """Wait for a process and take what it said."""
    out, err = process.communicate(timeout=seconds)
    return Ended(process.returncode, out, err)


def task(title: str, **fields: object) -> Json:
    """Return one wanted task."""
    return {"title": title, **fields}
