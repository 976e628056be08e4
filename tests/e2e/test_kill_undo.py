"""SIGKILL at every request of an undo; undo again ends as if nothing had been.

The run that is taken back made, changed, deleted, adopted and let go of tasks, children too.
"""

from __future__ import annotations

import json
import shutil
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import TypeAlias

import forking
import portal
import postgres
import pytest
from portal import Json, Served, all_of, must_equal
from trips import Trip, task

Tell: TypeAlias = Callable[[str, object], None]
SAYS: Json = {"description": "old", "deadline": "2027-03-01T18:00:00+03:00", "tags": ["a"]}
BASE: dict[str, Json] = {
    **{f"u{n}": task(f"Update {n}", **SAYS) for n in range(3)},
    "d0": task("Deleted above", priority="high", **SAYS),
    "d1": task("Deleted below", parent="d0"),
    "free": task("Let go of", tags=["a"]),
}
WANTED: dict[str, Json] = {
    **{f"u{n}": task(f"Update {n} anew", description="new") for n in range(2)},
    "u2": task("Update 2", parent="n0", **SAYS),
    "n0": task("New above"),
    "n1": task("New below", parent="n0"),
}


@dataclass
class Scene:
    """What every kill begins with: a portal's file and a state; and what must come of it."""

    folder: Path
    forker: forking.Forker
    server: str = ""  # of PostgreSQL, where the state is there
    run: str = ""
    requests: int = 0

    def __post_init__(self) -> None:
        with portal.served(self.folder / "portal.db") as before:
            adopted = before.by_hand("Theirs", description="theirs")
            trip = Trip(self.folder / "before", before, self._base()).want(BASE)
            trip.apply().must(0)
            self.was = _world(before)
            taken = task("Ours now", adopt={"id": adopted})
            trip.want({**WANTED, "taken": taken}, removed=["free"]).apply().must(0)
            self.run = json.loads(trip.run("state", "pull", "-f", str(trip.manifest)).out)["runs"][
                -1
            ]["id"]
        with self._copied("undisturbed") as (trip, served):
            served.forget_log()
            trip.do("undo", self.run).must(0)
            self.requests = len(served.log())
            must_equal(_world(served), self.was)
            trip.plan().must(0)

    def _base(self) -> str:
        if self.server:
            self.database = postgres.database(self.server, "kill_undo_base")
            return self.database
        return f"sqlite:{self.folder / 'state.db'}"

    @contextmanager
    def _copied(self, name: str) -> Iterator[tuple[Trip, Served]]:
        """Serve a copy of the portal, with a copy of the state and the manifest of before."""
        shutil.copy(self.folder / "portal.db", self.folder / f"{name}.portal")
        if self.server:
            url = postgres.database(self.server, f"undo_{name}", self.database.rpartition("/")[2])
        else:
            shutil.copy(self.folder / "state.db", self.folder / f"{name}.db")
            url = f"sqlite:{self.folder / f'{name}.db'}"
        with portal.served(self.folder / f"{name}.portal") as served:
            yield Trip(self.folder / name, served, url).want(BASE), served

    def killed_and_undone(self, moment: str, number: int) -> None:
        """Kill an undo at a request, undo again, and hold the world to the undisturbed one."""
        with self._copied(f"{moment}_{number:02}") as (trip, served):
            trip.killed_at(served, self.forker, moment, number, self.run, command="undo")
            again = trip.do("undo", self.run)
            whole = again.code == 5 and "was undone already" in again.err
            assert again.code == 0 or whole, again.text[-1500:]
            must_equal(_world(served), self.was)
            trip.plan().must(0)


def _world(served: Served) -> dict[str, Json]:
    """Return the world; who changed a task last is another after any undo."""
    return {
        title: {name: value for name, value in fields.items() if name != "changedBy"}
        for title, fields in served.world().items()
    }


@pytest.fixture(scope="module")
def undo_on_sqlite(tmp_path_factory: pytest.TempPathFactory, forker: forking.Forker) -> Scene:
    return Scene(tmp_path_factory.mktemp("kill-undo"), forker)


@pytest.fixture(scope="module")
def undo_on_postgres(
    tmp_path_factory: pytest.TempPathFactory, forker: forking.Forker, postgres_url: str
) -> Scene:
    return Scene(tmp_path_factory.mktemp("kill-undo-pg"), forker, postgres_url)


@pytest.mark.kill
@pytest.mark.parametrize("store", ["sqlite", "postgres"])
@pytest.mark.parametrize("moment", ["before", "after"])
def test_an_undo_killed_at_any_request_is_ended_by_the_next_undo(
    request: pytest.FixtureRequest, store: str, moment: str, record_property: Tell
) -> None:
    """SIGKILL at request k: undo again, and no task is there twice, lost, or half put back."""
    scene: Scene = request.getfixturevalue(f"undo_on_{store}")
    assert scene.requests >= 12
    all_of(
        {
            f"{moment} {number}": lambda number=number: scene.killed_and_undone(moment, number)
            for number in range(1, scene.requests + 1)
        }
    )
    record_property(f"kill points of undo, state in {store}", scene.requests)
