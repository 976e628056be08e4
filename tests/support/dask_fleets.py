"""A fleet of three projects on portals of their own, run on a Dask cluster of the tests' own."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Iterator, Mapping
from contextlib import ExitStack, contextmanager, suppress
from pathlib import Path
from typing import Any

import portal
import psutil
from command import Done, Tasksync
from dask_here import QUICK, DaskHere
from portal import Served

from tasksync.sandbox.web.api_keys import KEYS, ApiKey

NAMES = ("acme", "globex", "initech")
SECRETS: Mapping[str, str] = {f"{name.upper()}_KEY": f"vibe_api_{name}_5d20c4" for name in NAMES}
COUNT = 25


@contextmanager
def keys_of_clients() -> Iterator[None]:
    """Let the portals of this process take the keys of the three projects."""
    for key in SECRETS.values():
        KEYS[key] = ApiKey(key)
    try:
        yield
    finally:
        for key in SECRETS.values():
            del KEYS[key]


class DaskFleet:
    """Three projects with a portal each, their states in one database; calling it runs a command.

    Nothing here has a key but the workers.
    """

    def __init__(self, folder: Path, portals: Mapping[str, Served], state: str) -> None:
        self.folder = folder
        self.portals = portals
        self.state = state
        for name in NAMES:
            self.want(name)
        self.write()

    def want(self, name: str, count: int = COUNT, **fields: object) -> None:
        """Write a project's manifest: parents and children."""
        tasks = {f"p{n}": {"title": f"{name} parent {n}", **fields} for n in range(count)}
        tasks |= {f"c{n}": {"title": f"{name} child {n}", "parent": f"p{n}"} for n in range(count)}
        document = {
            "apiVersion": "tasksync/v1",
            "project": name,
            "defaults": {"responsibleId": 1},
            "tasks": tasks,
        }
        file = self.folder / "clients" / name / "tasksync.yaml"
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_text(json.dumps(document), "utf-8")

    def write(self, **more: Mapping[str, object]) -> None:
        """Write the fleet's file; `more` are words of one project."""
        projects = {
            name: {
                "path": f"clients/{name}",
                "key": f"{name.upper()}_KEY",
                "portal": self.portals[name].url,
                **more.get(name, {}),
            }
            for name in NAMES
        }
        document = {
            "apiVersion": "tasksync/v1",
            "fleet": "clients",
            "defaults": {"state": self.state} if self.state else {},
            "projects": projects,
        }
        (self.folder / "fleet.yaml").write_text(json.dumps(document), "utf-8")

    def __call__(self, command: str, *words: str, **env: str) -> Done:
        run = Tasksync(self.folder, {})
        run.env = {"PATH": os.environ["PATH"], **env}
        settle = ("--settle", "0.5") if command == "apply" else ()
        file = str(self.folder / "fleet.yaml")
        return run("fleet", command, file, *settle, *words)

    def process(self, command: str, *words: str) -> subprocess.Popen[str]:
        """Start it as a process of its own."""
        file = str(self.folder / "fleet.yaml")
        return subprocess.Popen(
            [sys.executable, "-m", "tasksync", "fleet", command, file, "--settle", "0.5", *words],
            env={"PATH": os.defpath, "HOME": str(self.folder), **QUICK},
            cwd=Path(__file__).parents[2],
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
        )

    def report(self, command: str, *words: str, **env: str) -> dict[str, Any]:
        """Run it, and return its report as the published document."""
        done = self(command, "--json", *words, **env)
        assert done.out, done
        found: dict[str, Any] = json.loads(done.out)
        assert found["exit_code"] == done.code
        return found | {"said": done.err}

    def codes(self, command: str, *words: str, **env: str) -> dict[str, int | None]:
        """Run it, and return the exit code of each project."""
        found = self.report(command, *words, **env)
        return {one["name"]: one["exit_code"] for one in found["projects"]}

    def nothing_is_left(self) -> None:
        """Fail unless each project, planned here, has nothing to do."""
        for name, one in self.portals.items():
            run = Tasksync(self.folder, {})
            run.env = {
                "TASKSYNC_STATE": self.state,
                "TASKSYNC_PORTAL": one.url,
                "TASKSYNC_API_KEY": SECRETS[f"{name.upper()}_KEY"],
            }
            planned = run("plan", "-f", self.folder / "clients" / name, "--detailed-exitcode")
            assert planned.code == 0, planned

    def worlds(self) -> dict[str, dict[str, Any]]:
        """What is on each portal, comparable between runs; fails where a task is there twice."""
        return {name: one.world() for name, one in self.portals.items()}


@contextmanager
def dask_fleet(folder: Path, state: str) -> Iterator[DaskFleet]:
    """Have such a fleet, its portals new."""
    folder.mkdir(parents=True, exist_ok=True)
    with ExitStack() as stack:
        portals = {name: stack.enter_context(portal.served()) for name in NAMES}
        yield DaskFleet(folder, portals, state)


def children(cluster: DaskHere) -> dict[int, dict[str, str]]:
    """The environments of the processes that the workers run now, by their numbers."""
    found = {}
    for worker in cluster.workers:
        if worker.poll() is None:
            for child in _below(worker.pid):
                with suppress(psutil.Error, OSError):
                    if "tasksync" in child.cmdline():
                        found[child.pid] = child.environ()
    return found


def _below(number: int) -> list[psutil.Process]:
    with suppress(psutil.Error):
        return list(psutil.Process(number).children(recursive=True))
    return []


def killed(cluster: DaskHere, portal_url: str, *, child_too: bool) -> bool:
    """SIGKILL the worker that runs the project of a portal; its project's process too, or not."""
    for worker in cluster.workers:
        for child in _below(worker.pid):
            with suppress(psutil.Error, OSError):
                if child.environ().get("TASKSYNC_PORTAL") == portal_url:
                    child.parent().kill()
                    if child_too:
                        child.kill()
                    return True
    return False
