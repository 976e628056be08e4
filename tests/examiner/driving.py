"""Runs tasksync against the examiner's portal, in this process or as one of its own."""

from __future__ import annotations

import io
import os
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from examiner.portal import ExaminerPortal

from tasksync.cli.console import Console
from tasksync.cli.main import run

PROJECT = "exam"
PROGRAM = (sys.executable, "-m", "tasksync")


@dataclass(frozen=True, slots=True)
class Run:
    """What one run said, and how it ended."""

    code: int
    out: str
    err: str


@dataclass(slots=True)
class Driver:
    """A project folder, a state and a portal; runs commands there."""

    portal: ExaminerPortal
    folder: Path
    key: str = ""

    def env(self, **more: str) -> dict[str, str]:
        """Give the environment of a run: nothing of the caller's settings."""
        env = {n: v for n, v in os.environ.items() if not n.startswith(("TASKSYNC_", "CI", "GIT"))}
        env["TASKSYNC_PORTAL"] = self.portal.url
        env["TASKSYNC_API_KEY"] = self.key or self.portal.office["key"]
        env["TASKSYNC_STATE"] = f"sqlite:{self.folder}/state.db"
        env["NO_COLOR"] = "1"
        return env | more

    def write(self, text: str, name: str = "tasksync.yaml") -> Path:
        """Write the manifest."""
        path = self.folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text, encoding="utf-8")
        return path

    def run(self, *words: str, answer: str | None = None, **env: str) -> Run:
        """Run one command in this process; a traceback or the key in its words is a failure."""
        out, err = io.StringIO(), io.StringIO()
        settings = self.env(**env)
        source = io.StringIO(answer or "")
        code = run([self.here(word) for word in words], Console(source, out, err, settings))
        return checked(Run(code, out.getvalue(), err.getvalue()), settings)

    def here(self, word: str) -> str:
        """Give a file of the folder by its whole path; other words as they are."""
        return str(self.folder / word) if word.endswith((".yaml", ".json")) else word

    def process(self, *words: str, wait: float = 60, **env: str) -> Run:
        """Run one command as a process of its own, to its end."""
        settings = self.env(**env)
        done = subprocess.run(
            [*PROGRAM, *words],
            cwd=self.folder,
            env=settings,
            stdin=subprocess.DEVNULL,
            capture_output=True,
            text=True,
            timeout=wait,
            check=False,
        )
        return checked(Run(done.returncode, done.stdout, done.stderr), settings)

    def shell(self, line: str) -> Run:
        """Run a line of shell; TASKSYNC in it is the program."""
        done = subprocess.run(
            ["bash", "-o", "pipefail", "-c", line.replace("TASKSYNC ", " ".join(PROGRAM) + " ")],
            cwd=self.folder,
            env=self.env(),
            capture_output=True,
            text=True,
            timeout=60,
            check=False,
        )
        return checked(Run(done.returncode, done.stdout, done.stderr), self.env())

    def start(self, *words: str, **env: str) -> subprocess.Popen[str]:
        """Start a command that the test will kill."""
        return subprocess.Popen(
            [*PROGRAM, *words],
            cwd=self.folder,
            env=self.env(**env),
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
        )

    def plan(self, *words: str) -> Run:
        """Run plan with an exit code that tells of changes."""
        return self.run("plan", "-f", "tasksync.yaml", "--detailed-exitcode", *words)

    def apply(self, *words: str) -> Run:
        """Run apply without asking; creates in doubt are waited for a second."""
        return self.run("apply", "-f", "tasksync.yaml", "--yes", "--settle", "1", *words)

    def heal(self, times: int = 4) -> list[int]:
        """Apply until it is done; the exit codes on the way."""
        codes: list[int] = []
        while len(codes) < times and codes[-1:] != [0]:
            codes.append(self.apply().code)
        return codes

    def task(self, title: str) -> dict[str, Any]:
        """Give the one task of ours with a title, as the portal keeps it."""
        (found,) = [t for t in self.portal.office.marked(PROJECT) if t["title"].strip() == title]
        return found

    def titles(self) -> list[str]:
        """Give the titles of our tasks on the portal, sorted."""
        return sorted(task["title"].strip() for task in self.portal.office.marked(PROJECT))


def checked(done: Run, settings: dict[str, str]) -> Run:
    """Hold a run to what every run must keep: no traceback, no key, no fault of its own."""
    said = done.out + done.err
    assert "Traceback" not in said, said
    assert "tasksync itself failed" not in said, said
    assert "Exception ignored" not in said, said
    assert not settings["TASKSYNC_API_KEY"] or settings["TASKSYNC_API_KEY"] not in said
    return done
