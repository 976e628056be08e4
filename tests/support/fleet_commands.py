"""A fleet of three projects on sandboxes, each with a portal, a state and a key of its own."""

from __future__ import annotations

import json
import os
import socket
from collections.abc import Mapping
from pathlib import Path
from threading import Event
from typing import Any

from command import Done, Tasksync
from listening import Listener

NAMES = ("acme", "globex", "initech")
KEYS: Mapping[str, str] = {f"{name.upper()}_KEY": f"vibe_api_{name}_7f3a91" for name in NAMES}
_MANIFEST = """\
apiVersion: tasksync/v1
project: {name}-tasks
tasks:
  one: {{title: {title} of {name}, responsibleId: 1}}
  two: {{title: Two of {name}, responsibleId: 7, deadline: "2020-01-01T10:00+00:00"}}
"""
_PROJECT = """\
  {name}:
    path: clients/{name}
    key: {upper}_KEY
    portal: {portal}
    state: sqlite:{name}.db
    labels: [{label}]
"""


class FleetOf:
    """The fleet in a folder; calling it runs `tasksync fleet` with the file of it."""

    def __init__(self, folder: Path, portals: Mapping[str, str] | None = None) -> None:
        self.folder = folder
        portals = portals or {}
        lines = ["apiVersion: tasksync/v1", "fleet: clients", "projects:"]
        text = "\n".join(lines) + "\n"
        for name in NAMES:
            self.write(name)
            text += _PROJECT.format(
                name=name,
                upper=name.upper(),
                portal=portals.get(name, f'"sandbox:{name}-world.db"'),
                label="eu" if name == "globex" else "us",
            )
        self.file = folder / "fleet.yaml"
        self.file.write_text(text)
        self._tasksync = Tasksync(folder, {"PATH": os.environ["PATH"], **KEYS})
        for name in ("TASKSYNC_PORTAL", "TASKSYNC_STATE"):
            del self._tasksync.env[name]

    def write(self, name: str, title: str = "One") -> None:
        """Write the manifest of a project."""
        file = self.folder / "clients" / name / "tasksync.yaml"
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_text(_MANIFEST.format(name=name, title=title))

    def __call__(self, command: str, *words: str, **more: Any) -> Done:
        return self._tasksync("fleet", command, str(self.file), *words, **more)

    def report(self, command: str, *words: str) -> dict[str, Any]:
        """Run it, and return its report as the published document."""
        done = self(command, "--json", *words)
        found: dict[str, Any] = json.loads(done.out)
        assert found["exit_code"] == done.code
        return found

    def codes(self, command: str, *words: str) -> dict[str, int | None]:
        """Run it, and return the exit code of each project."""
        return {one["name"]: one["exit_code"] for one in self.report(command, *words)["projects"]}


class SilentPortal(Listener):
    """Takes connections and never answers; it was `asked` when so many are open at once."""

    def __init__(self, by: int = 1) -> None:
        self.asked = Event()
        self._by = by
        self.open = 0
        self.most = 0
        super().__init__(self._keep)

    def _keep(self, connection: socket.socket) -> None:
        self.open += 1
        self.most = max(self.most, self.open)
        if self.open >= self._by:
            self.asked.set()
        with connection:
            while connection.recv(4096):
                pass
        self.open -= 1
