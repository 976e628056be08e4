"""SIGKILL at every request of an apply; the next apply ends as if nothing had been.

A real process over a real socket, forked from one that has done its imports; it is killed

before  the portal did the deed of request k
after   the portal did the deed of request k, and before the answer
answer  after the answer to request k, and before it could be saved: the test holds the state's lock
"""

from __future__ import annotations

import contextlib
import shutil
import sqlite3
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import TypeAlias

import forking
import portal
import postgres
import psycopg
import pytest
from batching import small_batches
from portal import Json, all_of, must_equal
from trips import Ended, Trip, task, until_it_came

from tasksync.portal import batches

STRANGER = "Update 003"  # a title that we want too
Tell: TypeAlias = Callable[[str, object], None]
MOMENTS = ("before", "after", "answer")
HELD = 0.25


def _each() -> range:
    """Number what fills two batches, and one request more."""
    return range(2 * batches.FULL + 1)


def _base() -> dict[str, Json]:
    updates = {f"u{n:03}": task(f"Update {n:03}", description="old") for n in _each()}
    return updates | {f"d{n:03}": task(f"Delete {n:03}") for n in _each()}


def _wanted() -> dict[str, Json]:
    updates = {
        f"u{n:03}": task(f"Update {n:03}", description="new", priority="high") for n in _each()
    }
    some = range(batches.FULL * 6 // 5)
    above = {f"p{n:03}": task(f"Parent {n:03}", tags=["a", "b"]) for n in some}
    below = {f"c{n:03}": task(f"Child {n:03}", parent=f"p{n:03}") for n in some}
    return {**below, **updates, **above}


POLICIES: Json = {"priority": "accept", "description": "seed", "deadline": "ratchet"}


def _shared() -> range:
    return range(batches.FULL * 6 // 5)


def _shared_base() -> dict[str, Json]:
    """Tasks whose fields people may change, each field by a policy of its own."""
    fields: Json = {"description": "ours", "deadline": "2027-03-01T18:00:00+03:00"}
    return {
        f"s{n:03}": task(f"Shared {n:03}", **fields, priority="low", fieldPolicy=POLICIES)
        for n in _shared()
    }


def _shared_wanted() -> dict[str, Json]:
    """Edits of what people changed, of what they did not, and of fields that stand."""
    wanted = _shared_base()
    for number, one in enumerate(wanted.values()):
        one["title"] += " again"
        one["description"] = "ours, and said anew"  # seed: not sent
        if number % 2:
            one["priority"] = "high"  # accept: sent over what people chose
        if number % 3 == 0:
            one["deadline"] = "2027-03-20T18:00:00+03:00"  # ratchet: further than people went
        elif number % 3 == 1:
            one["deadline"] = "2027-03-05T18:00:00+03:00"  # ratchet: people went further
    new = {
        f"n{n:03}": task(f"New {n:03}", parent=f"s{n:03}", priority="low", fieldPolicy=POLICIES)
        for n in _shared()
    }
    return wanted | new


def _people_work(served: portal.Portal) -> None:
    """Change what the policies leave to people."""
    for number in _shared()[::2]:
        served.edit(
            f"Shared {number:03}",
            priority=1 if number % 4 else 2,
            description="people's",
            deadline="2027-03-10T18:00:00+03:00",
        )


def _nobody_works(_served: portal.Portal) -> None:
    """Leave the tasks as they were made."""


@dataclass
class Scene:
    """What every kill begins with: a portal's file and a state, and the world that must come."""

    folder: Path
    forker: forking.Forker
    base: Callable[[], dict[str, Json]] = _base
    wanted: Callable[[], dict[str, Json]] = _wanted
    people: Callable[[portal.Portal], None] = _nobody_works
    database: str = ""  # the URL of the database that others are copied from
    server: str = ""
    world: dict[str, Json] = field(default_factory=dict)
    requests: int = 0
    writing: int = 0
    _lock: threading.Lock = field(default_factory=threading.Lock)

    def copied(self, name: str) -> str:
        """Return the URL of a state as it was at the beginning."""
        if not self.server:
            shutil.copy(self.folder / "state.db", self.folder / f"{name}.db")
            return f"sqlite:{self.folder / f'{name}.db'}"
        with self._lock:
            return postgres.database(self.server, name, self.database.rpartition("/")[2])


def _begin(scene: Scene) -> Scene:
    """Make the beginning, and see how an undisturbed apply ends."""
    url = scene.database or f"sqlite:{scene.folder / 'state.db'}"
    with portal.served(scene.folder / "portal.db") as before:
        Trip(scene.folder / "before", before, url).want(scene.base()).apply().must(0)
        scene.people(before)
        before.by_hand(STRANGER)
    shutil.rmtree(scene.folder / "before")
    with _copy(scene, "undisturbed") as (trip, served):
        trip.apply().must(0)
        scene.requests, scene.writing = len(served.log()), len(served.writing())
        trip.plan().must(0)
        served.drop_strangers()
        scene.world = served.world()
    return scene


class Watched(portal.Served):
    """A portal with a stranger's task that must not change."""

    def drop_strangers(self) -> None:
        """Take the stranger away, after a look that nobody touched it."""
        found = [t for t in self.tasks() if t["title"] == STRANGER and not t["tags"]]
        assert len(found) == 1, "the stranger's task is gone, or marked"
        assert found[0]["description"] == ""
        self.control("DELETE", f"tasks/{found[0]['id']}")


@contextmanager
def _copy(scene: Scene, name: str) -> Iterator[tuple[Trip, Watched]]:
    data = scene.folder / f"{name}.portal"
    shutil.copy(scene.folder / "portal.db", data)
    with portal.served(data) as running:
        served = Watched(running.running)
        trip = Trip(scene.folder / name, served, scene.copied(name)).want(scene.wanted())
        yield trip, served


@contextmanager
def _locked_state(trip: Trip) -> Iterator[None]:
    """Hold the state's lock, so that a commit waits."""
    if trip.state.startswith("sqlite"):
        with contextlib.closing(_connected(trip.file)) as db:
            db.execute("BEGIN IMMEDIATE")
            yield
            db.execute("ROLLBACK")
    else:
        with psycopg.connect(trip.state) as pg:
            pg.execute("LOCK TABLE tasksync.leases IN EXCLUSIVE MODE")
            yield
            pg.rollback()


def _connected(file: Path) -> sqlite3.Connection:
    return sqlite3.connect(file, timeout=60, isolation_level=None, check_same_thread=False)


def _killed(scene: Scene, trip: Trip, served: Watched, moment: str, number: int) -> None:
    """Start an apply and kill it at request `number`."""
    if moment == "answer":
        _killed_in_commit(scene, trip, served, number)
        return
    trip.killed_at(served, scene.forker, moment, number)


def _killed_in_commit(scene: Scene, trip: Trip, served: Watched, number: int) -> None:
    with contextlib.ExitStack() as held:
        came = served.at_request(number, lambda: held.enter_context(_locked_state(trip)))
        with trip.forked(scene.forker) as worker:
            until_it_came(came.is_set, worker, served, number)
            assert came.fault is None, came.fault
            time.sleep(HELD)
            worker.kill()


def _kill_and_heal(scene: Scene, moment: str, number: int) -> None:
    with _copy(scene, f"{moment}_{number:02}") as (trip, served):
        _killed(scene, trip, served, moment, number)
        again: Ended = trip.apply()
        assert again.code == 0, f"exit {again.code}:\n{again.text[-1500:]}"
        left = trip.plan()
        assert left.code == 0, f"the plan is not empty:\n{left.text[-1500:]}"
        served.drop_strangers()
        must_equal(served.world(), scene.world)


@pytest.fixture(autouse=True, scope="module")
def batch_size(request: pytest.FixtureRequest) -> Iterator[None]:
    """Batches as large as the vendor takes them where there is time."""
    with contextlib.nullcontext() if request.config.getoption("--long") else small_batches():
        yield


@pytest.fixture(scope="module")
def on_sqlite(tmp_path_factory: pytest.TempPathFactory, forker: forking.Forker) -> Scene:
    return _begin(Scene(tmp_path_factory.mktemp("kill-sqlite"), forker))


@pytest.fixture(scope="module")
def on_postgres(
    tmp_path_factory: pytest.TempPathFactory, forker: forking.Forker, postgres_url: str
) -> Scene:
    base = postgres.database(postgres_url, "kill_base")
    folder = tmp_path_factory.mktemp("kill-pg")
    return _begin(Scene(folder, forker, database=base, server=postgres_url))


@pytest.fixture(scope="module")
def on_policies(tmp_path_factory: pytest.TempPathFactory, forker: forking.Forker) -> Scene:
    folder = tmp_path_factory.mktemp("kill-policies")
    return _begin(Scene(folder, forker, _shared_base, _shared_wanted, _people_work))


@pytest.mark.kill
@pytest.mark.parametrize("store", ["sqlite", "postgres"])
@pytest.mark.parametrize("moment", MOMENTS)
def test_killed_at_every_request_the_next_apply_ends_in_the_same_world(
    request: pytest.FixtureRequest, store: str, moment: str, record_property: Tell
) -> None:
    """SIGKILL at request k: apply again, and nothing is there twice, lost or touched in vain."""
    scene: Scene = request.getfixturevalue(f"on_{store}")
    assert scene.writing >= 10
    all_of(
        {
            f"{moment} {number}": lambda number=number: _kill_and_heal(scene, moment, number)
            for number in range(1, scene.requests + 1)
        }
    )
    record_property(f"kill points, state in {store}", scene.requests)


@pytest.mark.kill
@pytest.mark.parametrize("moment", MOMENTS)
def test_what_people_own_is_theirs_whenever_the_apply_was_killed(
    on_policies: Scene, moment: str, record_property: Tell
) -> None:
    """Policies of all kinds: what stood stands, what was sent is sent once, nothing is drift."""
    world = on_policies.world
    deadlines = {str(one["deadline"])[:10] for one in world.values() if one["deadline"]}
    assert deadlines >= {"2027-03-20", "2027-03-10", "2027-03-05"}
    assert {one["description"] for one in world.values()} >= {"ours", "people's"}
    assert on_policies.writing >= 3
    all_of(
        {
            f"{moment} {number}": lambda number=number: _kill_and_heal(on_policies, moment, number)
            for number in range(1, on_policies.requests + 1)
        }
    )
    record_property("kill points with policies", on_policies.requests)
