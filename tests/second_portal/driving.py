"""Runs tasksync against the second portal, in this process or as one of its own."""

from __future__ import annotations

import io
import os
import re
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import chdir, contextmanager, nullcontext
from dataclasses import dataclass
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any
from unittest.mock import patch

from second_portal.hours import Hours
from second_portal.portal import SecondPortal

from tasksync.cli.console import Console
from tasksync.cli.main import run
from tasksync.cli.signals import SystemClock
from tasksync.engine import lease
from tasksync.engine.lease import LeaseHolder

PROJECT = "exam"
#: of a driven sleep so much is real, for the answers that are on their way (seconds)
GLANCE = 0.002
#: the hours go on in steps, between which hearts beat (seconds)
SLICE = 5.0
#: a Python object as it prints itself
REPR = re.compile(r"object at 0x|\b[A-Z]\w*\(\w+=|\b[A-Z]\w*(?:Error|Exception)\(|\[Errno -?\d+\]")
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

    portal: SecondPortal
    folder: Path
    key: str = ""
    driven: bool = False  # runs in this process live by the portal's hours, and wait for nothing
    skew: Callable[[], float] = float  # what this host's wall clock is ahead of the others'

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

    def run(self, *words: str, source: io.StringIO | None = None, at: str = "", **env: str) -> Run:
        """Run one command in this process, from the folder `at` where one is said.

        A traceback or the key in its words is a failure.
        """
        out, err = io.StringIO(), io.StringIO()
        settings = self.env(**env)
        told = list(words) if at else [self.here(word) for word in words]
        console = Console(source or io.StringIO(), out, err, settings)
        hours = driven(self.portal.office.hours, self.skew) if self.driven else nullcontext()
        with hours, chdir(self.folder / at):
            code = run(told, console)
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
        """Run apply without asking; in real time, creates in doubt are waited for a second."""
        settle = () if self.driven else ("--settle", "1")
        return self.run("apply", "-f", "tasksync.yaml", "--yes", *settle, *words)

    def heal(self, times: int = 4) -> list[int]:
        """Apply until it is done; the exit codes on the way."""
        codes: list[int] = []
        while len(codes) < times and codes[-1:] != [0]:
            codes.append(self.apply().code)
        return codes

    def lose_state(self) -> None:
        """Forget everything, as a fresh runner does."""
        for path in self.folder.glob("state.db*"):
            path.unlink()

    def keep_state(self) -> dict[str, bytes]:
        """Copy the state, for `put_state`."""
        return {path.name: path.read_bytes() for path in self.folder.glob("state.db*")}

    def put_state(self, kept: dict[str, bytes]) -> None:
        """Put a copy of the state back."""
        self.lose_state()
        for name, text in kept.items():
            (self.folder / name).write_bytes(text)

    def made(self) -> int:
        """Count the creates that the portal has done."""
        return sum(what == "create" for what, _, _ in self.portal.writes())

    def task(self, title: str) -> dict[str, Any]:
        """Give the one task of ours with a title, as the portal keeps it."""
        (found,) = [t for t in self.portal.office.marked(PROJECT) if t["title"].strip() == title]
        return found

    def titles(self) -> list[str]:
        """Give the titles of our tasks on the portal, sorted."""
        return sorted(task["title"].strip() for task in self.portal.office.marked(PROJECT))


class Asked(io.StringIO):
    """A terminal where somebody thinks for a while before the `yes`."""

    def __init__(self, meanwhile: Callable[[], object]) -> None:
        super().__init__("yes\n")
        self.meanwhile = meanwhile

    def isatty(self) -> bool:
        """Seem a terminal."""
        return True

    def readline(self, size: int | None = -1, /) -> str:
        """Answer, after what happened meanwhile."""
        self.meanwhile()
        return super().readline(size)


@contextmanager
def driven(hours: Hours, skew: Callable[[], float] = float) -> Iterator[None]:
    """Let runs of this process live by these hours: whoever sleeps moves them on.

    The heart that renews the lease beats on the way, as it would in so much time.
    """
    now, monotonic = SystemClock.now, SystemClock.monotonic
    hearts: list[Heart] = []

    def later(clock: SystemClock) -> datetime:
        return now(clock) + timedelta(seconds=hours.ahead + skew())

    def counted(clock: SystemClock) -> float:
        return monotonic(clock) + hours.ahead

    def sleep(_clock: SystemClock, seconds: float) -> None:
        time.sleep(min(max(seconds, 0.0), GLANCE))
        while seconds > 0:
            hours.advance(min(seconds, SLICE))
            seconds -= SLICE
            for heart in tuple(hearts):
                heart.beat(hours.monotonic())

    def beating(lease_holder: LeaseHolder, ended: threading.Event, seconds: float) -> None:
        heart = Heart(lease_holder, seconds, hours.monotonic())
        hearts.append(heart)
        ended.wait()
        hearts.remove(heart)

    with (
        patch.multiple(SystemClock, now=later, monotonic=counted, sleep=sleep),
        patch.object(lease, "_beat", beating),
    ):
        yield


@dataclass(slots=True)
class Heart:
    """What renews a lease every so many seconds of the hours."""

    lease_holder: LeaseHolder
    seconds: float
    last: float

    def beat(self, now: float) -> None:
        """Renew the lease if it is time."""
        if now - self.last >= self.seconds:
            self.last = now
            self.lease_holder.beat()


def checked(done: Run, settings: dict[str, str]) -> Run:
    """Hold a run to what every run must keep: no traceback, no key, no fault of its own."""
    said = done.out + done.err
    assert "Traceback" not in said, said
    assert "tasksync itself failed" not in said, said
    assert "Exception ignored" not in said, said
    assert not REPR.search(said), said
    assert not settings["TASKSYNC_API_KEY"] or settings["TASKSYNC_API_KEY"] not in said
    return done
