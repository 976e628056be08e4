"""SIGKILL of workers in the middle of fleet applies, and of the scheduler; the worlds stay whole.

A kill comes at a request of the project that the worker runs: after what it asks was done, and
before its answer leaves. Each second one takes the project's own process with it, as the end of a
container does; else that process finds its pipe closed.
"""

from __future__ import annotations

import json
import random
import signal
import threading
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, TypeAlias

import dask
import pytest
from dask_fleets import COUNT, NAMES, SECRETS, DaskFleet, dask_fleet, keys_of_clients, killed
from dask_here import DaskHere, dask_here
from portal import must_equal, until
from stores import chance

from tasksync.core.fleet import FleetCommand, ProjectJob, ProjectRun

Tell: TypeAlias = Callable[[str, object], None]
ROUNDS, MANY_ROUNDS = 7, 20
SEED = 18


@pytest.fixture(scope="module", autouse=True)
def keys() -> Iterator[None]:
    with keys_of_clients(), dask.config.set({"distributed.comm.timeouts.connect": "4s"}):
        yield


@dataclass
class Undisturbed:
    """How an apply of the fleet ends that nobody disturbs, and how many requests it takes."""

    worlds: dict[str, dict[str, Any]]
    requests: dict[str, int]


@pytest.fixture(scope="module")
def undisturbed(tmp_path_factory: pytest.TempPathFactory, postgres_url: str) -> Undisturbed:
    import postgres

    state = postgres.database(postgres_url, "undisturbed")
    with dask_fleet(tmp_path_factory.mktemp("undisturbed"), state) as fleet:
        assert fleet("apply", "--yes", **SECRETS).code == 0
        assert all(len(world) == 2 * COUNT for world in fleet.worlds().values())
        return Undisturbed(
            fleet.worlds(), {name: len(one.log()) for name, one in fleet.portals.items()}
        )


@pytest.fixture
def fleet(tmp_path: Path, new_database: Callable[[], str]) -> Iterator[DaskFleet]:
    with dask_fleet(tmp_path / "fleet", new_database()) as made:
        yield made


@dataclass
class Kills:
    """Kills the worker that runs a project, at requests that chance has chosen."""

    cluster: DaskHere
    chance: random.Random
    done: list[str] = field(default_factory=list)
    _lock: threading.Lock = field(default_factory=threading.Lock)

    def plan(self, fleet: DaskFleet, most: dict[str, int]) -> None:
        """Choose one request of each project."""
        for name, one in fleet.portals.items():
            number = self.chance.randint(1, most[name])
            child_too = self.chance.random() < 0.5
            one.at_request(
                number,
                lambda name=name, url=one.url, number=number, child_too=child_too: self._kill(  # type: ignore[misc]
                    f"{name}, request {number}", url, child_too=child_too
                ),
            )

    def _kill(self, words: str, url: str, *, child_too: bool) -> None:
        with self._lock:
            if killed(self.cluster, url, child_too=child_too):
                self.done.append(f"{words}{', its process too' if child_too else ''}")
                self.cluster.worker(**SECRETS)


@pytest.mark.kill
def test_killed_workers_leave_the_worlds_that_nobody_disturbed(
    tmp_path: Path,
    undisturbed: Undisturbed,
    new_database: Callable[[], str],
    record_property: Tell,
    *,
    long: bool,
) -> None:
    """A project whose worker died runs again elsewhere: nothing is there twice, nothing is lost."""
    kills: list[str] = []
    with dask_here(tmp_path, 4, DASK_DISTRIBUTED__SCHEDULER__ALLOWED_FAILURES="1", **SECRETS) as on:
        for number in range(MANY_ROUNDS if long else ROUNDS):
            with dask_fleet(tmp_path / f"fleet-{number}", new_database()) as fleet:
                chosen = Kills(on, chance(SEED * 100 + number))
                chosen.plan(fleet, undisturbed.requests)
                report = fleet.report("apply", "--yes", "--on", on.on)
                assert report["exit_code"] == 0, (chosen.done, report)
                for name, world in undisturbed.worlds.items():
                    must_equal(fleet.worlds()[name], world)
                fleet.nothing_is_left()
                kills += chosen.done
    assert len(kills) >= 20, kills
    assert len({"process" in words for words in kills}) == 2, kills
    record_property("kills of Dask workers", len(kills))


def test_killed_with_its_worker_too_often_for_dask_a_project_is_sent_again(
    fleet: DaskFleet, undisturbed: Undisturbed, tmp_path: Path
) -> None:
    """Dask gives a task up whose workers die; here the first death is one too many for it.

    The workers are begun anew by their nannies, as they are where nobody says otherwise.
    """
    with dask_here(
        tmp_path, 2, "--nanny", DASK_DISTRIBUTED__SCHEDULER__ALLOWED_FAILURES="0", **SECRETS
    ) as on:
        chosen = Kills(on, chance(SEED))
        url = fleet.portals["acme"].url
        fleet.portals["acme"].at_request(
            6, lambda: chosen._kill("acme, request 6", url, child_too=True)
        )
        report = fleet.report("apply", "--yes", "--on", on.on)
    assert chosen.done == ["acme, request 6, its process too"]
    assert report["exit_code"] == 0, report
    assert "1 worker died while it ran; it is sent again" in report["said"]
    assert "it runs again on tcp://127.0.0.1:" in report["said"]
    must_equal(fleet.worlds()["acme"], undisturbed.worlds["acme"])


def test_killed_scheduler_what_is_known_is_said_and_the_next_apply_ends_in_the_same_world(
    fleet: DaskFleet, undisturbed: Undisturbed, tmp_path: Path
) -> None:
    """Nothing hangs: the runs on the workers end with all saved, or are fenced by the next one."""
    (tmp_path / "first").mkdir()
    (tmp_path / "second").mkdir()
    with dask_here(tmp_path / "first", 2, **SECRETS) as on:
        assert on.scheduler is not None
        scheduler = on.scheduler
        came = fleet.portals["globex"].at_request(6, scheduler.kill)
        with fleet.process("apply", "--yes", "--json", "--on", on.on) as command:
            out, err = command.communicate(timeout=120)
        assert came.is_set()
        report = json.loads(out)
        assert command.returncode == report["exit_code"] == 3, report
        assert not [word for word in ("Traceback", "distributed", "asyncio") if word in err], err
        until(lambda: all(one.poll() is not None for one in on.workers), "the workers ended")
    told = {one["name"]: one for one in report["projects"]}
    assert "the scheduler at tcp://127.0.0.1:" in told["globex"]["words"]
    assert "run the same command again" in told["globex"]["words"]
    assert told["globex"]["exit_code"] is None
    with dask_here(tmp_path / "second", 2, **SECRETS) as on:
        assert fleet.codes("apply", "--yes", "--on", on.on) == dict.fromkeys(NAMES, 0)
    for name, world in undisturbed.worlds.items():
        must_equal(fleet.worlds()[name], world)
    fleet.nothing_is_left()


def test_no_worker_left_is_not_waited_for_for_ever(
    fleet: DaskFleet, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    from tasksync.fleet import cluster_runs

    monkeypatch.setattr(cluster_runs, "_PATIENCE", 2.0)
    with dask_here(tmp_path, 1, **SECRETS) as on:
        fleet.portals["acme"].at_request(4, on.workers[0].kill)
        report = fleet.report("apply", "--yes", "--on", on.on)
    assert report["exit_code"] == 3
    told = {one["name"]: one["words"] for one in report["projects"]}
    assert "has no workers any more while it ran on tcp://" in told["acme"]
    assert told["globex"].startswith("not started: the scheduler at ")


@pytest.mark.parametrize("request_number", [6, 9])
def test_a_plan_that_was_shown_is_done_by_the_next_worker_when_the_first_dies(
    fleet: DaskFleet, undisturbed: Undisturbed, tmp_path: Path, request_number: int
) -> None:
    """A saved plan that is half done, or all done, is refused; what was approved is not."""
    from tasksync.fleet.clusters import cluster_runs
    from tasksync.manifests.fleet_file import read_fleet

    with dask_here(tmp_path, 2, **SECRETS) as on:
        read = read_fleet(str(fleet.folder / "fleet.yaml"))
        notes: list[str] = []

        def run(command: FleetCommand, plan: str = "", *words: str) -> ProjectRun:
            runs = cluster_runs(
                on.on, read, {}, limit=None, stop=lambda: False, masked=str,
                told=lambda *_: None, note=notes.append,
            )  # fmt: skip
            job = ProjectJob(
                read.projects[0], command, words, plan=plan, keeps_plan=command is FleetCommand.PLAN
            )
            (ended,) = runs.run([job])
            return ended

        plan = run(FleetCommand.PLAN).plan
        assert plan
        chosen = Kills(on, chance(SEED))
        acme = fleet.portals["acme"]
        acme.forget_log()
        acme.at_request(
            request_number, lambda: chosen._kill("acme", acme.url, child_too=request_number == 9)
        )
        ended = run(FleetCommand.APPLY, plan, "--settle=0.5")
    assert chosen.done
    assert (ended.exit_code, ended.words) == (0, ""), ended
    assert "it runs again on tcp://" in "".join(notes)
    assert ended.said.startswith("Worker tcp://"), ended.said
    must_equal(acme.world(), undisturbed.worlds["acme"])


def test_a_scheduler_that_is_stuck_is_not_waited_for_for_ever(
    fleet: DaskFleet, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """It takes what is sent and answers nothing; the network sees no fault."""
    from tasksync.fleet import dask_cluster

    monkeypatch.setattr(dask_cluster, "_SILENT", 3.0)
    with dask_here(tmp_path, 1, **SECRETS) as on:
        scheduler = on.scheduler
        assert scheduler is not None
        fleet.portals["acme"].at_request(4, lambda: scheduler.send_signal(signal.SIGSTOP))
        report = fleet.report("apply", "--yes", "--on", on.on)
    assert report["exit_code"] == 3
    told = {one["name"]: one["words"] for one in report["projects"]}
    assert "the scheduler at tcp://127.0.0.1:" in told["acme"]
