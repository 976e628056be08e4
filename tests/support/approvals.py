"""A project whose plan was approved, and a portal on which people go on meanwhile."""

from __future__ import annotations

import json
import sys
from collections.abc import Mapping
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest
from command import Done, Tasksync
from hand import by_hand, ids_of, world_of

from tasksync.core.expected import Approved
from tasksync.core.formats.plan_json import asked_document, loads

HEAD = "apiVersion: tasksync/v1\nproject: approved\ndefaults: {responsibleId: 1}\n"


class Project:
    """One project in a folder; `tasks` are the flow mappings of its tasks by key."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.tasksync = Tasksync.of(folder, HEAD + "tasks: {}\n")

    def write(self, tasks: Mapping[str, str], more: str = "") -> None:
        """Put these tasks into the manifest; a task without a title is titled by its key."""
        lines = "".join(f"  {key}: {{{_block(key, said)}}}\n" for key, said in tasks.items())
        self.tasksync.manifest(f"{HEAD}{more}tasks:\n{lines}", "m.yaml")

    def applied(self, tasks: Mapping[str, str], more: str = "") -> Project:
        """Write these tasks and apply them."""
        self.write(tasks, more)
        done = self.tasksync("apply", "--yes")
        assert done.code == 0, done
        return self

    def approve(self, tasks: Mapping[str, str] | None = None, more: str = "") -> Approved:
        """Write these tasks, plan, and return what somebody approves then."""
        if tasks is not None:
            self.write(tasks, more)
        name = self.folder / "approved.json"
        done = self.tasksync("plan", "--out", name)
        assert done.code in {0, 4}, done
        text = name.read_text("utf-8")
        document = asked_document(loads(text))
        return Approved(json.loads(text)["digest"], document, "https://git.example/pull/7#note-1")

    def expect(self, approved: Approved, *words: str, **env: str) -> Done:
        """Apply what was approved, in a CI without anybody to ask."""
        return self.tasksync("apply", "--expect", approved.digest, *words, CI="true", **env)

    def edit(self, key: str, **fields: object) -> None:
        """Change a task as people do, on the portal."""
        by_hand(self.folder, "PATCH", f"tasks/{ids_of(self.tasksync)[key]}", fields)

    def delete(self, key: str) -> None:
        """Delete a task as people do, on the portal."""
        by_hand(self.folder, "DELETE", f"tasks/{ids_of(self.tasksync)[key]}")

    def live(self, title: str) -> dict[str, Any]:
        """The one task of this title on the portal."""
        (found,) = (row for row in world_of(self.folder) if row["title"] == title)
        return found

    def world(self) -> list[dict[str, Any]]:
        """Every task of the portal."""
        return world_of(self.folder)

    def changes(self) -> dict[str, dict[str, Any]]:
        """What a plan would do now: by key, action and after-values of its fields."""
        planned = json.loads(self.tasksync("plan", "--json").out)
        return {
            one["key"]: {"action": one["change"]["actions"][0], **(one["change"]["after"] or {})}
            for one in planned["resource_changes"]
        }

    def runs(self) -> list[dict[str, Any]]:
        """The runs that the state remembers."""
        return list(json.loads(self.tasksync("state", "pull").out)["runs"])


def _block(key: str, said: str) -> str:
    return said if "title:" in said else ", ".join(filter(None, (f"title: {key}", said)))


def publish(monkeypatch: pytest.MonkeyPatch, approved: Approved) -> None:
    """Let `published` find this, as if a forge told it."""
    found = SimpleNamespace(approved_plan=lambda _project, _environment, _tell: approved)
    monkeypatch.setitem(sys.modules, "tasksync.cli.published", found)
