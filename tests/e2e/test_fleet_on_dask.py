"""A fleet on a Dask cluster: ends as on this machine, keys stay where they are, faults are said."""

from __future__ import annotations

import json
import pickle
import signal
import subprocess
import threading
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import dask
import pytest
from dask_fleets import COUNT, NAMES, SECRETS, DaskFleet, children, dask_fleet, keys_of_clients
from dask_here import DaskHere, dask_here
from portal import must_equal, until

from tasksync.fleet import dask_cluster

QUICK = {"distributed.comm.timeouts.connect": "4s"}


@pytest.fixture(scope="module", autouse=True)
def keys() -> Iterator[None]:
    with keys_of_clients(), dask.config.set(QUICK):
        yield


@pytest.fixture(scope="module")
def cluster(tmp_path_factory: pytest.TempPathFactory) -> Iterator[DaskHere]:
    """Two workers that have the keys."""
    with dask_here(tmp_path_factory.mktemp("dask"), 2, **SECRETS) as made:
        yield made


@pytest.fixture
def fleet(tmp_path: Path, new_database: Callable[[], str]) -> Iterator[DaskFleet]:
    with dask_fleet(tmp_path / "fleet", new_database()) as made:
        yield made


def test_an_apply_ends_as_on_this_machine_and_then_there_is_nothing_to_do(
    fleet: DaskFleet, cluster: DaskHere, tmp_path: Path, new_database: Callable[[], str]
) -> None:
    done = fleet.report("apply", "--yes", "--on", cluster.on)
    assert {one["name"]: one["exit_code"] for one in done["projects"]} == dict.fromkeys(NAMES, 0)
    with dask_fleet(tmp_path / "here", new_database()) as here:
        assert here("apply", "--yes", **SECRETS).code == 0
        for name, world in here.worlds().items():
            must_equal(fleet.worlds()[name], world)
    before = {name: len(one.log()) for name, one in fleet.portals.items()}
    assert fleet.codes("plan", "--detailed-exitcode", "--on", cluster.on) == dict.fromkeys(NAMES, 0)
    assert {name: len(one.log()) for name, one in fleet.portals.items()} != before
    for command in ("status", "drift"):
        assert fleet(command, "--on", cluster.on).code == 0


def test_progress_comes_back_while_the_projects_run(fleet: DaskFleet, cluster: DaskHere) -> None:
    slow = {"kind": "slow", "seconds": 3, "on": {"path": "^/v1/batch$", "nth": 2}, "times": 1}
    fleet.portals["acme"].faults(slow)
    heard: list[tuple[float, str]] = []
    from tasksync.core.fleet import FleetCommand, ProjectJob
    from tasksync.fleet.clusters import cluster_runs
    from tasksync.manifests.fleet_file import read_fleet

    read = read_fleet(str(fleet.folder / "fleet.yaml"))
    runs = cluster_runs(
        cluster.on, read, {}, limit=None, note=print, stop=lambda: False, masked=str,
        told=lambda job, line: heard.append((time.monotonic(), f"{job.project.name} {line}")),
    )  # fmt: skip
    jobs = [ProjectJob(one, FleetCommand.APPLY, ("--yes",)) for one in read.projects]
    ended = {run.job.project.name: (run, time.monotonic()) for run in runs.run(jobs)}
    run, at = ended["acme"]
    assert (run.exit_code, run.job) == (0, jobs[0])
    assert [line for when, line in heard if line.startswith("acme {") and when < at - 1]
    lines = [line.partition(" ")[2] for _, line in heard if line.startswith("acme {")]
    assert "".join(lines) == run.out, "each line came once, in its order"


def test_no_key_is_in_what_is_sent_and_no_other_key_in_a_projects_process(
    fleet: DaskFleet, cluster: DaskHere, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Not even where this machine has the keys too: they are the workers' business."""
    sent: list[bytes] = []
    genuine = dask_cluster.DaskCluster.submit

    def submit(self: Any, task: Any) -> None:
        sent.append(pickle.dumps(task))
        genuine(self, task)

    monkeypatch.setattr(dask_cluster.DaskCluster, "submit", submit)
    slow = {"kind": "slow", "seconds": 1.5, "on": {"path": "^/v1/batch$", "nth": 1}, "times": 1}
    for one in fleet.portals.values():
        one.faults(slow)
    seen: dict[int, dict[str, str]] = {}
    over = threading.Event()

    def look() -> None:
        while not over.wait(0.02):
            seen.update(children(cluster))

    looking = threading.Thread(target=look)
    looking.start()
    done = fleet("apply", "--yes", "--on", cluster.on, **SECRETS)
    over.set()
    looking.join()
    assert done.code == 0, done
    assert len(sent) == 3
    assert all(b"--lock-timeout=5m" in bytes_ for bytes_ in sent), "else a rerun is refused (6)"
    keys = set(SECRETS.values())
    assert not [key for key in keys for bytes_ in sent if key.encode() in bytes_]
    assert not [key for key in keys if key in done.out + done.err]
    assert {env["TASKSYNC_API_KEY"] for env in seen.values()} == keys
    for env in seen.values():
        held = {key for key in keys for value in env.values() if key in value}
        assert held == {env["TASKSYNC_API_KEY"]}
        assert not [name for name in env if name in SECRETS or name.startswith("DASK_")]
    logs = "".join(path.read_text("utf-8", "replace") for path in cluster.folder.glob("*.log"))
    assert not [key for key in keys if key in logs]


def test_projects_on_one_key_run_one_after_another(fleet: DaskFleet, tmp_path: Path) -> None:
    """Whether two keys are one is seen by digests that tell nothing of them."""
    same = {**SECRETS, "GLOBEX_KEY": SECRETS["ACME_KEY"]}
    with dask_here(tmp_path, 3, **same) as cluster:
        most: list[int] = []
        over = threading.Event()

        def look() -> None:
            while not over.wait(0.02):
                running = [env["TASKSYNC_API_KEY"] for env in children(cluster).values()]
                most.append(running.count(SECRETS["ACME_KEY"]))

        looking = threading.Thread(target=look)
        looking.start()
        codes = fleet.codes("plan", "--on", cluster.on)
        over.set()
        looking.join()
    assert codes == dict.fromkeys(NAMES, 0)
    assert max(most) == 1


def test_a_key_that_a_worker_does_not_have_holds_up_its_project_alone(
    fleet: DaskFleet, tmp_path: Path
) -> None:
    some = {name: key for name, key in SECRETS.items() if name != "GLOBEX_KEY"}
    with dask_here(tmp_path, 1, **some) as cluster:
        report = fleet.report("plan", "--on", cluster.on, **SECRETS)
    codes = {one["name"]: one["exit_code"] for one in report["projects"]}
    assert codes == {"acme": 0, "globex": 7, "initech": 0}
    assert report["exit_code"] == 7
    (words,) = [one["words"] for one in report["projects"] if one["name"] == "globex"]
    assert "worker tcp://127.0.0.1:" in words
    assert "has no GLOBEX_KEY" in words


@pytest.mark.parametrize(
    ("state", "acme", "words"),
    [
        ("", {}, "acme, globex, initech: no state is named"),
        ("sqlite:here.db", {}, "acme, globex, initech: the state is a file"),
        ("postgresql://u:pw-4711@db/x", {}, "initech: the state's address postgresql://u:***@db/x"),
        (None, {"portal": "sandbox:world.db"}, "acme: the portal is a sandbox"),
        (None, {"key": "file:keys/acme"}, "acme: the file keys/acme is relative"),
    ],
)
def test_what_cannot_run_on_a_cluster_is_said_before_anything_runs(
    fleet: DaskFleet, state: str | None, acme: dict[str, str], words: str
) -> None:
    env = {} if state is None else {"TASKSYNC_STATE": state}
    fleet.state = fleet.state if state is None else ""
    fleet.write(acme=acme)
    done = fleet("apply", "--yes", "--on", "dask:tcp://127.0.0.1:9", **env)
    assert done.code == 1, done
    assert words in done.err
    assert "pw-4711" not in done.out + done.err
    assert not [one for one in fleet.portals.values() if one.log()]


@pytest.mark.parametrize(
    ("on", "words"),
    [
        ("dask:tcp://127.0.0.1:9", "No Dask scheduler answers at tcp://127.0.0.1:9"),
        ("dask:tls://127.0.0.1:9", "No Dask scheduler answers at tls://127.0.0.1:9"),
        ("dask:http://127.0.0.1:9", "is no cluster that is known"),
        ("ray://127.0.0.1", "is no cluster that is known"),
    ],
)
def test_an_address_where_no_scheduler_is_is_named(fleet: DaskFleet, on: str, words: str) -> None:
    with dask.config.set({"distributed.comm.timeouts.connect": "0.5s"}):
        done = fleet("plan", "--on", on)
    assert (done.code, words in done.err) == (1, True), done


@pytest.mark.parametrize("times", [2, 3])
def test_a_greeting_that_is_not_alone_is_said_again(
    fleet: DaskFleet, cluster: DaskHere, monkeypatch: pytest.MonkeyPatch, times: int
) -> None:
    """Where the scheduler told all clients something meanwhile, distributed asserts."""
    genuine, tries = dask_cluster.Client, iter(range(times))

    def client(*args: Any, **named: Any) -> Any:
        if next(tries, None) is not None:
            raise AssertionError
        return genuine(*args, **named)

    monkeypatch.setattr(dask_cluster, "Client", client)
    done = fleet("plan", "--on", cluster.on)
    if times == 2:
        assert done.code == 0, done
    else:
        assert done.code == 1
        assert f"No Dask scheduler answers at {cluster.address}: it hung up." in done.err


def test_a_scheduler_without_workers_is_named(fleet: DaskFleet, tmp_path: Path) -> None:
    with (
        dask.config.set({"distributed.comm.timeouts.connect": "1s"}),
        dask_here(tmp_path, 0) as cluster,
    ):
        done = fleet("plan", "--on", cluster.on)
    assert done.code == 1, done
    assert f"The Dask scheduler at {cluster.address} has no workers" in done.err
    assert f"dask worker {cluster.address}" in done.err


def test_a_worker_of_another_version_is_named(fleet: DaskFleet, tmp_path: Path) -> None:
    other = tmp_path / "other" / "tasksync"
    other.mkdir(parents=True)
    (other / "__init__.py").write_text("__version__ = '0.0.1'\n", "utf-8")
    with dask_here(tmp_path, 1, PYTHONPATH=str(other.parent)) as cluster:
        done = fleet("plan", "--on", cluster.on)
    assert (done.code, "no tasksync that knows fleets" in done.err) == (1, True), done
    assert "Install tasksync[fleet]==" in done.err


def test_without_the_extra_it_is_said_what_to_install(
    fleet: DaskFleet, monkeypatch: pytest.MonkeyPatch
) -> None:
    import sys

    monkeypatch.setitem(sys.modules, "tasksync.fleet.dask_cluster", None)
    done = fleet("plan", "--on", "dask:tcp://127.0.0.1:9")
    assert (done.code, "pip install 'tasksync[fleet]'" in done.err) == (1, True), done


def certificates(folder: Path) -> dict[str, str]:
    """Make a certificate for loopback; return Dask's settings that name it."""
    command = (
        *("openssl", "req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256"),
        *("-nodes", "-days", "2", "-subj", "/CN=localhost"),
        *("-addext", "subjectAltName=DNS:localhost,IP:127.0.0.1"),
        *("-keyout", str(folder / "key.pem"), "-out", str(folder / "cert.pem")),
    )
    subprocess.run(command, check=True, capture_output=True)
    tls = {"ca-file": str(folder / "cert.pem")}
    for role in ("scheduler", "worker", "client"):
        tls |= {f"{role}.cert": str(folder / "cert.pem"), f"{role}.key": str(folder / "key.pem")}
    return {f"distributed.comm.tls.{name}": value for name, value in tls.items()}


def test_tls_is_as_dask_is_told(
    fleet: DaskFleet, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Dask's own settings, from its files or variables; without them it is said what is missing."""
    tls = certificates(tmp_path)
    names = {
        f"DASK_{key.upper().replace('.', '__').replace('-', '_')}": v for key, v in tls.items()
    }
    cluster = DaskHere(tmp_path, {**SECRETS, **names}, protocol="tls")
    try:
        cluster.start(1)
        assert cluster.address.startswith("tls://")
        with dask.config.set(tls):
            assert fleet.codes("plan", "--on", cluster.on) == dict.fromkeys(NAMES, 0)
        monkeypatch.setattr(dask_cluster, "_patience", lambda: 0.5)
        done = fleet("plan", "--on", cluster.on)
        assert (done.code, "No Dask scheduler answers at tls://" in done.err) == (1, True), done
        assert "DASK_DISTRIBUTED__COMM__TLS__" in done.err, done
        plain = fleet("plan", "--on", cluster.on.replace("tls:", "tcp:"))
        assert (plain.code, "No Dask scheduler answers at tcp://" in plain.err) == (1, True), plain
        other = tmp_path / "other"
        other.mkdir()
        with dask.config.set(certificates(other)):
            strange = fleet("plan", "--on", cluster.on)
        assert (strange.code, "certificate" in strange.err) == (1, True), strange
    finally:
        cluster.stop()


_SLOW = {"kind": "slow", "seconds": 1.5, "on": {"path": "^/v1/batch$"}, "times": 4}
#: what a slow batch does when nobody waits for its answer any more comes within this
_SETTLED = "2s"


def _finish(fleet: DaskFleet, cluster: DaskHere) -> None:
    for one in fleet.portals.values():
        one.faults()
    words = ("--yes", "--settle", _SETTLED, "--on", cluster.on)
    assert fleet.codes("apply", *words) == dict.fromkeys(NAMES, 0)
    assert all(len(world) == 2 * COUNT for world in fleet.worlds().values())
    fleet.nothing_is_left()


def test_ctrl_c_stops_what_runs_on_workers_and_begins_no_more(
    fleet: DaskFleet, cluster: DaskHere
) -> None:
    """What was answered is saved, each project says how far it came, nothing is left running."""
    acme = fleet.portals["acme"]
    acme.faults(_SLOW)
    with fleet.process("apply", "--yes", "--json", "--jobs", "1", "--on", cluster.on) as command:
        until(acme.struck, "acme's first batch is on its way")
        command.send_signal(signal.SIGINT)
        out, err = command.communicate(timeout=60)
    assert command.returncode == 130, err
    told = {one["name"]: one for one in json.loads(out)["projects"]}
    assert told["acme"]["exit_code"] == 130, told
    assert {told[name]["exit_code"] for name in ("globex", "initech")} == {None}
    assert "not started" in told["globex"]["words"]
    assert 0 < len(acme.tasks()) < 2 * COUNT
    assert not children(cluster)
    assert not fleet.portals["globex"].log()
    _finish(fleet, cluster)


@pytest.mark.parametrize("way", ["Ctrl-C twice", "SIGKILL"])
def test_when_the_command_is_gone_its_runs_on_workers_stop_with_all_saved(
    fleet: DaskFleet, cluster: DaskHere, way: str
) -> None:
    """Nobody waits for them any more: they must not go on for hours."""
    acme = fleet.portals["acme"]
    acme.faults(_SLOW)
    with fleet.process("apply", "--yes", "--on", cluster.on) as command:
        until(acme.struck, "acme's first batch is on its way")
        if way == "SIGKILL":
            command.kill()
        else:
            command.send_signal(signal.SIGINT)
            time.sleep(0.2)
            command.send_signal(signal.SIGINT)
        began = time.monotonic()
        err = command.communicate(timeout=60)[1]
        assert time.monotonic() - began < 10, err
    assert command.returncode == (-9 if way == "SIGKILL" else 130), err
    until(lambda: not children(cluster), "the runs on the workers ended")
    assert len(acme.tasks()) < 2 * COUNT
    _finish(fleet, cluster)
