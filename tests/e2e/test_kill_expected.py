"""SIGKILL at every request of `apply --expect`; the retry ends as if nothing had been.

The approved changes are there once, what people changed meanwhile is theirs, and the next plan has
exactly the corrections that were left out.
"""

from __future__ import annotations

import json
import shutil
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import forking
import portal
import pytest
from portal import Json, Served, all_of, must_equal
from trips import Trip, task

from tasksync.core.expected import Approved
from tasksync.core.formats.plan_json import asked_document, loads

BASE = {f"t{n}": task(f"Task {n}", priority="normal", status="pending") for n in range(6)}
WANTED: dict[str, Json] = {
    "t0": task("Task 0", priority="high", status="pending"),
    "t1": task("Task 1", priority="normal", status="pending", responsibleId=2),
    "t2": task("Task 2", priority="normal", status="pending"),
    "t3": task("Task 3", priority="normal", status="pending"),
    "new": task("New"),
    "child": task("Child", parent="new"),
}
REMOVED = {"removed": ["t5"]}  # t4 is deleted, t5 is let go of


@dataclass
class Scene:
    """What every kill begins with: a portal's file and a state; and what must come of it."""

    folder: Path
    forker: forking.Forker
    approved: Approved = field(default_factory=lambda: Approved(""))
    world: dict[str, Json] = field(default_factory=dict)
    left: Any = None
    requests: int = 0

    def __post_init__(self) -> None:
        url = f"sqlite:{self.folder / 'state.db'}"
        with portal.served(self.folder / "portal.db") as before:
            trip = Trip(self.folder / "before", before, url).want(BASE)
            trip.apply().must(0)
            self.approved = _approved(trip.want(WANTED, **REMOVED))
            before.edit("Task 0", title="Task 0 of people")
            before.edit("Task 2", priority=2)
            before.drop("Task 3")
        with self.copied("undisturbed") as (trip, served):
            trip.apply("--expect", self.approved.digest).must(0)
            self.requests = len(served.log())
            self.world, self.left = served.world(), _changes(trip)

    @contextmanager
    def copied(self, name: str) -> Iterator[tuple[Trip, Served]]:
        """Serve a copy of the portal, with a copy of the state."""
        shutil.copy(self.folder / "portal.db", self.folder / f"{name}.portal")
        shutil.copy(self.folder / "state.db", self.folder / f"{name}.db")
        with portal.served(self.folder / f"{name}.portal") as served:
            trip = Trip(self.folder / name, served, f"sqlite:{self.folder / f'{name}.db'}")
            yield trip.want(WANTED, **REMOVED), served

    def killed_and_retried(self, moment: str, number: int) -> None:
        """Kill a run at a request, retry it, and hold the world to that of the undisturbed run."""
        with self.copied(f"{moment}_{number:02}") as (trip, served):
            expected = ("--expect", self.approved.digest)
            trip.killed_at(served, self.forker, moment, number, *expected)
            again = trip.apply("--expect", "published")
            done = again.code == 5 and "was applied already, all of it" in again.err
            assert again.code == 0 or done, again.text
            must_equal(served.world(), self.world)
            assert _changes(trip) == self.left


def _approved(trip: Trip) -> Approved:
    file = trip.folder / "approved.json"
    trip.plan("--out", str(file)).must(2)
    text = file.read_text("utf-8")
    return Approved(json.loads(text)["digest"], asked_document(loads(text)))


def _changes(trip: Trip) -> Any:
    """What a plan would do now: key, action and after-values; parents and ids are each world's."""
    planned = json.loads(trip.plan("--json").must(2).out)
    return sorted(
        (one["key"], one["change"]["actions"], json.dumps(one["change"]["after"]))
        for one in planned["resource_changes"]
    )


@pytest.fixture(scope="module")
def scene(tmp_path_factory: pytest.TempPathFactory, forker: forking.Forker) -> Scene:
    return Scene(tmp_path_factory.mktemp("kill-expected"), forker)


@pytest.mark.kill
@pytest.mark.parametrize("moment", ["before", "after"])
def test_killed_at_every_request_the_retry_does_the_rest_of_what_was_approved_and_no_more(
    scene: Scene, moment: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert [key for key, *_others in scene.left] == ["t0", "t2", "t3"]
    found = SimpleNamespace(approved_plan=lambda _project, _environment, _tell: scene.approved)
    monkeypatch.setitem(sys.modules, "tasksync.cli.published", found)
    all_of(
        {
            f"{moment} {number}": lambda number=number: scene.killed_and_retried(moment, number)
            for number in range(1, scene.requests + 1)
        }
    )
