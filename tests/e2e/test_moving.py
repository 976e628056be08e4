"""Tasks go from project to project, by `removed` and `adopt` and by `moved … project`.

A move is killed at every request, before and after its deed and in the commit behind it; whoever
applies next, the same world comes of it: no task twice, none deleted, each in one state.
"""

from __future__ import annotations

import contextlib
import json
import shutil
import sqlite3
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import forking
import portal
import postgres
import psycopg
import pytest
from batching import small_batches
from portal import Json, all_of, until_it_goes_on_no_more
from trips import Ended, Trip, task
from wrapping import unwrapped

NEW, OLD = "anew", "old"  # so that the locks are taken in the order of neither need
MOMENTS = ("before", "after", "answer")
HELD = 0.25
COUNT = 12  # more than one batch, see batch_size
OLDS: dict[str, Json] = {
    "top": task("Top", tags=["ours"]),
    **{f"t{n:02}": task(f"Task {n:02}", parent="top") for n in range(COUNT)},
    "stays": task("Stays"),
}
NEWS: dict[str, Json] = {
    "above": task("Top", tags=["ours"]),
    **{f"n{n:02}": task(f"Task {n:02}", parent="above", priority="high") for n in range(COUNT)},
    "own": task("New here"),
}
MOVED = [
    {"from": "top", "to": "above", "project": OLD},
    *({"from": f"t{n:02}", "to": f"n{n:02}", "project": OLD} for n in range(COUNT)),
]


@pytest.fixture(autouse=True, scope="module")
def batch_size() -> Iterator[None]:
    with small_batches():
        yield


def pair(folder: Path, served: portal.Portal, state: str = "") -> tuple[Trip, Trip]:
    """Return the old project and the new one, with their states in one store."""
    old, new = (
        Trip(folder / name, served, state or f"sqlite:{folder / f'{name}.db'}")
        for name in (OLD, NEW)
    )
    return old.want(OLDS, project=OLD), new.want(NEWS, project=NEW, moved=MOVED)


def kept(trip: Trip) -> dict[str, str]:
    """Return key and id of what a state holds and has not handed over."""
    shown = trip.run("state", "pull", "--project", trip.header["project"]).must(0).out

    entries = json.loads(shown)["entries"]
    return {key: one["id"] for key, one in entries.items() if "movedTo" not in one}


def worked_on(served: portal.Portal) -> dict[str, int]:
    """Have people comment on every task and tag it; return the ids by title."""
    ids = {one["title"]: one["id"] for one in served.tasks()}
    for title, remote in ids.items():
        said = {"author": 7, "message": f"On {title}"}
        served.control("POST", f"tasks/{remote}/comments", said)
        served.edit(title, tags=[*served.task(title)["tags"], "people"])
    return ids


def must_be_untouched(served: portal.Portal, ids: dict[str, int], markers: dict[str, str]) -> None:
    """Fail unless every task is the one it was, with its comment, and marked as told."""
    found = {one["title"]: one for one in served.tasks()}
    assert len(served.tasks()) == len(found), "a title twice"
    for title, remote in ids.items():
        assert found[title]["id"] == remote
        assert [note["message"] for note in found[title]["comments"]] == [f"On {title}"]
        assert "people" in found[title]["tags"]
    for title, project in markers.items():
        ours = [one for one in found[title]["tags"] if one.startswith("tasksync:")]
        assert ours == ([f"tasksync:{project}"] if project else [])


def is_done(trip: Trip) -> None:
    """Fail unless nothing is left to do."""
    assert "No changes." in trip.plan().must(0).out


def test_all_tasks_of_a_project_go_to_another_by_both_ways(
    served: portal.Served, tmp_path: Path
) -> None:
    """From two projects to one: half by `removed` and `adopt`, half by `moved`."""
    olds = {key: task(key.title()) for key in ("a", "b", "c", "d")}
    old, new = pair(tmp_path, served)
    old.want({**olds, "stays": task("Stays")}).apply().must(0)
    new.want({"own": task("Own")}, moved=[]).apply().must(0)
    ids = worked_on(served)
    served.edit("A", status=5)

    old.want({"c": olds["c"], "d": olds["d"], "stays": task("Stays")}, removed=["a", "b"])
    assert "free for people and other projects" in unwrapped(old.plan().must(2).out)
    old.apply().must(0)
    must_be_untouched(served, ids, {"A": "", "B": "", "C": OLD})
    adopted = {key: {**olds[key], "adopt": {"id": ids[key.title()]}} for key in ("a", "b")}
    new.want({"own": task("Own"), **adopted}).apply().must(0)
    is_done(old)
    is_done(new)

    moved = [{"from": key, "to": key, "project": OLD} for key in ("c", "d")]
    new.want({"own": task("Own"), **adopted, "c": olds["c"], "d": olds["d"]}, moved=moved)
    told = new.plan().must(2).out
    assert "moved here: it was c of project old" in told
    assert "0 to add, 0 to change, 0 to destroy. Also 2 to adopt." in told
    new.apply().must(0)
    told = old.plan().must(0).out
    assert "is c of project anew now" in told
    old.want({"stays": task("Stays")}).apply().must(0)
    is_done(old)
    is_done(new)
    markers = {**dict.fromkeys(("A", "B", "C", "D", "Own"), NEW), "Stays": OLD}
    must_be_untouched(served, ids, markers)
    assert served.task("A")["status"] == 5
    assert set(kept(old)) == {"stays"}
    assert set(kept(new)) == {"own", "a", "b", "c", "d"}


def test_what_moved_away_is_never_made_again_while_its_key_stands(
    served: portal.Served, tmp_path: Path
) -> None:
    old, new = pair(tmp_path, served)
    old.apply().must(0)
    new.apply().must(0)
    count = len(served.tasks())
    listed = old.run("state", "list", "--project", OLD).must(0).out
    assert "(moved to n00 of project anew)" in listed
    old.apply().must(0)
    old.want({**OLDS, "t00": task("Edited")}).apply().must(0)
    assert len(served.tasks()) == count
    assert "Edited" not in served.titles()
    old.apply("--no-refresh").must(0)
    assert len(served.tasks()) == count


def test_a_move_goes_back_once_the_key_was_dropped(served: portal.Served, tmp_path: Path) -> None:
    old, new = pair(tmp_path, served)
    old.want({"x": task("X"), "stays": task("Stays")}).apply().must(0)
    new.want({"y": task("X"), "own": task("Own")}, moved=[{"from": "x", "to": "y", "project": OLD}])
    new.apply().must(0)
    back = [{"from": "y", "to": "x", "project": NEW}]
    refused = old.want({"x": task("X"), "stays": task("Stays")}, moved=back).apply().must(4)
    assert "What moved away cannot come back yet" in refused.text
    assert "y" in kept(new), "it does not go to and fro while both manifests want it"
    old.want({"stays": task("Stays")}, moved=[]).apply().must(0)
    old.want({"x": task("X"), "stays": task("Stays")}, moved=back).apply().must(0)
    assert (set(kept(old)), set(kept(new))) == ({"x", "stays"}, {"own"})
    new.want({"own": task("Own")}, moved=[]).apply().must(0)
    is_done(old)
    is_done(new)
    assert served.titles() == ["Own", "Stays", "X"]


def test_a_saved_plan_moves_and_is_stale_where_the_other_project_moved(
    served: portal.Served, tmp_path: Path
) -> None:
    old, new = pair(tmp_path, served)
    old.apply().must(0)
    file = str(tmp_path / "plan.json")
    new.plan("--out", file).must(2)
    old.run("state", "rm", "t00", "--project", OLD).must(0)
    stale = new.run("apply", file, "-f", str(new.manifest)).must(5)
    assert "no such task there" in stale.text
    left = new.run("apply", file, "-f", str(new.manifest), "--skip-stale")
    left.must(3)
    assert "n00" not in kept(new)
    assert len(kept(new)) == COUNT + 1


def test_what_is_not_there_is_refused_and_nothing_is_made(
    served: portal.Served, tmp_path: Path
) -> None:
    _old, new = pair(tmp_path, served)
    told = new.apply().must(4).text
    assert "to move here cannot be taken over" in told
    assert served.tasks() == []
    assert not (tmp_path / f"{OLD}.db").exists(), "no state is made for the other project"


def test_an_address_that_holds_one_project_is_refused_in_words(
    served: portal.Served, tmp_path: Path
) -> None:
    _old, new = pair(tmp_path, served, f"sqlite:{tmp_path / 'state.db'}")
    told = new.apply().must(1).text
    assert "does not name the project anew" in told
    assert "removed: [key] in the manifest of old" in told


def test_a_run_of_the_other_project_holds_a_move_back(
    served: portal.Served, tmp_path: Path
) -> None:
    """Exit 6 with the holder; nothing was written by then."""
    old, new = pair(tmp_path, served)
    old.apply().must(0)
    served.faults({"kind": "hang", "on": {"path": "^/v1/"}, "seconds": 60, "times": 1})
    with old.process() as worker:
        portal.until(served.struck, "the other project's apply has the lock")
        assert f"pid {worker.pid}" in new.apply().must(6).text
        worker.kill()
    served.faults()
    new.apply().must(0)


@dataclass
class Scene:
    """Where every kill begins: the old project has its tasks, the new one is to take them."""

    folder: Path
    forker: forking.Forker
    database: str = ""
    server: str = ""
    requests: int = 0
    first_write: int = 0
    lock: threading.Lock = None  # type: ignore[assignment]

    def __post_init__(self) -> None:
        self.lock = threading.Lock()

    @contextmanager
    def copied(self, name: str) -> Iterator[tuple[Trip, Trip, portal.Served]]:
        """Have a copy of the beginning."""
        folder, state = self.folder / name, ""
        folder.mkdir()
        if self.server:
            with self.lock:
                base = self.database.rpartition("/")[2]
                state = postgres.database(self.server, f"moving_{name}", base)
        else:
            shutil.copy(self.folder / f"{OLD}.db", folder / f"{OLD}.db")
        shutil.copy(self.folder / "portal.db", folder / "portal.db")
        with portal.served(folder / "portal.db") as running:
            served = portal.Served(running.running)
            yield (*pair(folder, served, state), served)


def begun(scene: Scene) -> Scene:
    with portal.served(scene.folder / "portal.db") as before:
        old, _new = pair(scene.folder, before, scene.database)
        old.apply().must(0)
    with scene.copied("undisturbed") as (_old, new, served):
        new.apply().must(0)
        log = served.log()
        scene.requests = len(log)
        scene.first_write = 1 + log.index(served.writing()[0])
    return scene


@contextmanager
def locked(scene: Scene, trip: Trip) -> Iterator[None]:
    """Hold a state's lock, so that a commit waits."""
    if scene.server:
        with psycopg.connect(trip.state) as pg:
            pg.execute("LOCK TABLE tasksync.leases IN EXCLUSIVE MODE")
            yield
            pg.rollback()
    else:
        db = sqlite3.connect(trip.file, timeout=60, isolation_level=None, check_same_thread=False)
        with contextlib.closing(db):
            db.execute("BEGIN IMMEDIATE")
            yield
            db.execute("ROLLBACK")


def killed(scene: Scene, new: Trip, served: portal.Served, moment: str, number: int) -> None:
    with contextlib.ExitStack() as held:
        came: Callable[[], object] = served.struck
        if moment == "answer":
            came = served.at_request(number, lambda: held.enter_context(locked(scene, new))).is_set
        else:
            rule = {"kind": "hang", "on": {"nth": number, "path": "^/v1/"}, "seconds": 60}
            served.faults({**rule, "deed": moment == "after", "times": 1})
        with new.forked(scene.forker) as worker:
            until_it_goes_on_no_more(
                lambda: came() or worker.ended(), served.answered, f"request {number} came"
            )
            if moment == "answer":
                time.sleep(HELD)
            worker.kill()
    served.faults()


def heals(scene: Scene, moment: str, number: int, between: str) -> None:
    """Kill the move, let the other project apply, and apply again: each task is in one state."""
    with scene.copied(f"{moment}_{number}_{between}") as (old, new, served):
        titles = {one["id"]: one["title"] for one in served.tasks()}
        killed(scene, new, served, moment, number)
        left = {key: one for key, one in OLDS.items() if key == "stays"}
        if between == "kept":
            old.apply("--lock-timeout", "90s").must(0)
        elif between == "dropped":
            taken = _at_least_begun(old)
            gone = {key: one for key, one in OLDS.items() if key not in taken and key != "top"}
            top = {"top": OLDS["top"]}  # its children are there
            old.want({**gone, **top}).apply("--lock-timeout", "90s").must(0)
        again: Ended = new.apply("--lock-timeout", "90s")
        again.must(0)
        is_done(new)
        old.want(left).apply("--lock-timeout", "90s").must(0)
        is_done(old)
        is_done(new)
        found = {one["id"]: one["title"] for one in served.tasks()}
        assert len(set(found.values())) == len(found) == len(titles) + 1
        assert titles.items() <= found.items(), "no task was made anew"
        assert set(kept(old)) == {"stays"}
        assert kept(new).keys() == NEWS.keys()
        marks = {
            one["title"]: [tag for tag in one["tags"] if tag.startswith("tasksync:")]
            for one in served.tasks()
        }
        assert marks == {title: [f"tasksync:{OLD if title == 'Stays' else NEW}"] for title in marks}


def _at_least_begun(old: Trip) -> set[str]:
    """Return the keys whose hand-over has begun: no other may be dropped before the move."""
    return OLDS.keys() - kept(old).keys()


@pytest.fixture(scope="module")
def on_sqlite(tmp_path_factory: pytest.TempPathFactory, forker: forking.Forker) -> Scene:
    return begun(Scene(tmp_path_factory.mktemp("moving-sqlite"), forker))


@pytest.fixture(scope="module")
def on_postgres(
    tmp_path_factory: pytest.TempPathFactory, forker: forking.Forker, postgres_url: str
) -> Scene:
    base = postgres.database(postgres_url, "moving_base")
    return begun(Scene(tmp_path_factory.mktemp("moving-pg"), forker, base, postgres_url))


@pytest.mark.kill
@pytest.mark.parametrize("store", ["sqlite", "postgres"])
@pytest.mark.parametrize("between", ["nobody", "kept", "dropped"])
def test_killed_at_every_request_a_move_ends_in_the_same_world(
    request: pytest.FixtureRequest, store: str, between: str
) -> None:
    """Whoever applies in between, and whether the old manifest names the keys or not.

    Before the first write nothing has moved, and the other project's apply is any other.
    """
    scene: Scene = request.getfixturevalue(f"on_{store}")
    assert scene.requests >= 5
    first = 1 if between == "nobody" else scene.first_write
    assert first < scene.requests
    all_of(
        {
            f"{moment} {number}": lambda moment=moment, number=number: heals(
                scene, moment, number, between
            )
            for moment in MOMENTS
            for number in range(first, scene.requests + 1)
        }
    )


def test_two_projects_that_take_from_each_other_at_once_do_not_wait_for_ever(
    served: portal.Served, tmp_path: Path
) -> None:
    """The locks are taken in one order, whoever asks."""
    old, new = pair(tmp_path, served)
    old.want({"x": task("X"), "stays": task("Stays")}, moved=[]).apply().must(0)
    new.want({"y": task("Y"), "own": task("Own")}, moved=[]).apply().must(0)
    to_new = [{"from": "x", "to": "x", "project": OLD}]
    to_old = [{"from": "y", "to": "y", "project": NEW}]
    new.want({"x": task("X"), "own": task("Own")}, moved=to_new, policy={"onRemove": "forget"})
    old.want({"y": task("Y"), "stays": task("Stays")}, moved=to_old, policy={"onRemove": "forget"})
    both = [one.process("--lock-timeout", "60s") for one in (old, new)]
    for worker in both:
        with worker:
            out, err = worker.communicate(timeout=120)
        assert worker.returncode in {0, 4}, f"{out}\n{err}"
    assert served.titles() == ["Own", "Stays", "X", "Y"]
