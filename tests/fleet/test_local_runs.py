"""The processes of a fleet on this machine: real ones, against sandboxes and a silent portal."""

from __future__ import annotations

import json
import os
import signal
import sys
import time
from collections.abc import Iterator
from pathlib import Path
from threading import Event, Thread

import pytest
from fleet_commands import SilentPortal
from portal import until

from tasksync.core.fleet import (
    Fleet,
    FleetCommand,
    FleetProject,
    ProjectJob,
    ProjectRun,
    SecretSource,
)
from tasksync.fleet.local_runs import LocalRuns
from tasksync.fleet.project_process import ProjectProcess, command_of
from tasksync.value_classes import replace

MANIFEST = """\
apiVersion: tasksync/v1
project: {name}
tasks:
  one: {{title: One of {name}, responsibleId: 1}}
"""
PLAN, APPLY = FleetCommand.PLAN, FleetCommand.APPLY


def project_in(folder: Path, name: str, portal: str = "", key: str = "") -> FleetProject:
    folder.joinpath(f"{name}.yaml").write_text(MANIFEST.format(name=name))
    return FleetProject(
        name,
        (f"{name}.yaml",),
        SecretSource(key or f"{name.upper()}_KEY"),
        portal=portal or f"sandbox:{name}-world.db",
        state=f"sqlite:{name}.db",
    )


def runs_of(
    folder: Path,
    projects: list[FleetProject],
    stop: Event | None = None,
    limit: int = 4,
    **env: str,
) -> LocalRuns:
    return LocalRuns(
        Fleet("clients", str(folder), tuple(projects)),
        {**os.environ, **env},
        limit=limit,
        told=lambda _job, _line: None,
        stop=(stop or Event()).is_set,
    )


def by_name(runs: Iterator[ProjectRun]) -> dict[str, ProjectRun]:
    return {run.job.project.name: run for run in runs}


def test_each_project_is_applied_and_planned_by_a_process_of_its_own(tmp_path: Path) -> None:
    projects = [project_in(tmp_path, name) for name in ("acme", "globex")]
    runs = runs_of(tmp_path, projects)
    done = by_name(runs.run([ProjectJob(one, APPLY, ("--yes",)) for one in projects]))
    assert {name: run.exit_code for name, run in done.items()} == {"acme": 0, "globex": 0}
    events = [json.loads(line) for line in done["acme"].out.splitlines()]
    assert events[-1]["changes"]["add"] == 1
    again = by_name(runs_of(tmp_path, projects).run([ProjectJob(projects[0], PLAN)]))
    assert json.loads(again["acme"].out)["unchanged"] == 1


def test_a_saved_plan_is_kept_and_done_exactly(tmp_path: Path) -> None:
    project = project_in(tmp_path, "acme")
    (planned,) = runs_of(tmp_path, [project]).run([ProjectJob(project, PLAN, keeps_plan=True)])
    assert planned.exit_code == 0
    assert json.loads(planned.plan)["summary"]["add"] == 1
    tmp_path.joinpath("acme.yaml").unlink()  # the manifest of today is not asked
    (done,) = runs_of(tmp_path, [project]).run([ProjectJob(project, APPLY, plan=planned.plan)])
    assert (done.exit_code, done.plan) == (0, "")


def test_one_that_fails_holds_up_no_other(tmp_path: Path) -> None:
    projects = [
        project_in(tmp_path, "acme"),
        project_in(tmp_path, "broken"),
        project_in(tmp_path, "keyless", portal="https://127.0.0.1:1"),
    ]
    tmp_path.joinpath("broken.yaml").write_text("tasks: [")
    done = by_name(runs_of(tmp_path, projects).run([ProjectJob(one, PLAN) for one in projects]))
    assert {name: run.exit_code for name, run in done.items()} == {
        "acme": 0,
        "broken": 1,
        "keyless": 7,
    }
    assert "broken.yaml:2:1" in done["broken"].said
    assert "KEYLESS_KEY is not set" in done["keyless"].words
    assert not done["keyless"].started


@pytest.mark.skipif(sys.platform != "linux", reason="reads /proc")
def test_no_process_has_another_s_key_in_its_environment_or_words(tmp_path: Path) -> None:
    """As `ps e` shows it, while they all run."""
    keys = {name: f"the-secret-of-{name}-7f3a" for name in ("acme", "globex", "initech")}
    stop = Event()
    with SilentPortal() as portal:
        projects = [project_in(tmp_path, name, portal.url) for name in keys]
        runs = runs_of(
            tmp_path, projects, stop, **{f"{name.upper()}_KEY": key for name, key in keys.items()}
        )
        found: list[ProjectRun] = []
        jobs = [ProjectJob(one, PLAN) for one in projects]
        working = Thread(target=lambda: found.extend(runs.run(jobs)))
        working.start()
        seen = processes_of(3)
        stop.set()
        working.join(30)
    assert len(seen) == 3
    assert {own_keys(one, keys) for one in seen} == {(name,) for name in keys}
    assert {run.exit_code for run in found} == {130}
    assert not any(key in run.out + run.said for key in keys.values() for run in found)


def own_keys(seen: bytes, keys: dict[str, str]) -> tuple[str, ...]:
    return tuple(name for name, key in keys.items() if key.encode() in seen)


def processes_of(many: int) -> list[bytes]:
    """What the environments and words of our tasksync processes hold, once there are so many."""
    end = time.monotonic() + 30
    while time.monotonic() < end:
        found = [text for text in map(of_process, children()) if b"-P\0-m\0tasksync" in text[1]]
        if len(found) == many:
            return [b"".join(text) for text in found]
        time.sleep(0.02)
    return []


def children() -> list[str]:
    lists = Path(f"/proc/{os.getpid()}/task").glob("*/children")
    return [pid for one in lists for pid in one.read_text().split()]


def of_process(pid: str) -> tuple[bytes, bytes]:
    place = Path("/proc", pid)
    try:
        words = place.joinpath(
            "cmdline"
        ).read_bytes()  # first: they tell that it is no fork any more
        return place.joinpath("environ").read_bytes(), words
    except OSError:  # it has ended meanwhile
        return b"", b""


def test_two_projects_on_one_key_run_one_after_the_other(tmp_path: Path) -> None:
    """The names differ, the keys are the same; the third has another and does not wait."""
    order: list[tuple[str, str]] = []
    with SilentPortal():
        projects = [project_in(tmp_path, name, "sandbox:one.db") for name in ("a", "b", "c")]
        runs = LocalRuns(
            Fleet("clients", str(tmp_path), tuple(projects)),
            {**os.environ, "A_KEY": "same-key-1", "B_KEY": "same-key-1", "C_KEY": "other-key"},
            limit=3,
            told=lambda job, _line: order.append((job.project.name, "line")),
            stop=lambda: False,
        )
        begun: list[str] = []
        whole = runs._begin

        def begin(job: ProjectJob) -> tuple[ProjectRun, ...]:
            begun.append(job.project.name)
            assert not {"a", "b"} <= {job.project.name, *runs._running}
            return whole(job)

        runs._begin = begin  # type: ignore[method-assign]
        done = list(runs.run([ProjectJob(one, PLAN) for one in projects]))
    assert begun == ["a", "c", "b"]
    assert {run.exit_code for run in done} == {0}


def test_no_more_run_at_once_than_were_asked_for(tmp_path: Path) -> None:
    stop = Event()
    with SilentPortal(by=2) as portal:
        names = ("a", "b", "c")
        projects = [project_in(tmp_path, name, portal.url) for name in names]
        env = {f"{name.upper()}_KEY": f"key-{name}-123" for name in names}
        runs = runs_of(tmp_path, projects, stop, limit=2, **env)
        found: list[ProjectRun] = []
        jobs = [ProjectJob(one, PLAN) for one in projects]
        working = Thread(target=lambda: found.extend(runs.run(jobs)))
        working.start()
        assert portal.asked.wait(30)
        assert len(runs._running) == 2
        stop.set()
        working.join(30)
    assert sorted((run.exit_code, run.started) for run in found if run.exit_code) == [
        (130, True),
        (130, True),
    ]
    (last,) = (run for run in found if run.exit_code is None)
    assert (last.started, last.words) == (False, "not started: interrupted")


def test_a_process_that_is_asked_to_stop_while_python_begins_stops(tmp_path: Path) -> None:
    """A KeyboardInterrupt that comes while Python reads its own files may be lost there."""
    began = tmp_path / "began"
    (tmp_path / "sitecustomize.py").write_text(
        "import contextlib, pathlib, time\n"
        "with contextlib.suppress(KeyboardInterrupt):\n"
        f"    pathlib.Path({str(began)!r}).touch()\n"
        "    time.sleep(0.5)\n",
        "utf-8",
    )
    stop = Event()
    with SilentPortal() as portal:
        project = project_in(tmp_path, "acme", portal.url)
        env = {"PYTHONPATH": str(tmp_path), "ACME_KEY": "key-of-acme"}
        runs = runs_of(tmp_path, [project], stop, **env)
        found: list[ProjectRun] = []
        working = Thread(target=lambda: found.extend(runs.run([ProjectJob(project, PLAN)])))
        working.start()
        until(began.exists, "Python began")
        stop.set()
        working.join(20)
        assert not portal.asked.is_set()
    assert [(run.exit_code, run.started) for run in found] == [(130, True)]


def test_a_process_that_is_killed_is_a_run_that_failed(tmp_path: Path) -> None:
    with SilentPortal() as portal:
        project = project_in(tmp_path, "acme", portal.url)
        runs = runs_of(tmp_path, [project], ACME_KEY="key-of-acme")
        found: list[ProjectRun] = []
        working = Thread(target=lambda: found.extend(runs.run([ProjectJob(project, PLAN)])))
        working.start()
        assert portal.asked.wait(30)
        runs._running["acme"]._process.send_signal(signal.SIGKILL)  # type: ignore[union-attr]
        working.join(30)
    assert (found[0].exit_code, found[0].words) == (-9, "its process was ended by signal 9")


def test_without_a_place_for_saved_plans_no_process_is_started(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """It is told; before, the thread died and the fleet waited for it for ever."""
    monkeypatch.setattr("tempfile.tempdir", str(tmp_path / "gone"))
    project = project_in(tmp_path, "acme")
    run = by_name(runs_of(tmp_path, [project]).run([ProjectJob(project, PLAN)]))["acme"]
    assert (run.exit_code, run.started) == (None, False)
    assert run.words == "its process could not be started: No such file or directory"


@pytest.mark.filterwarnings("ignore::pytest.PytestUnhandledThreadExceptionWarning")
def test_a_fault_of_ours_in_a_thread_ends_the_run(tmp_path: Path) -> None:
    """What hears the lines may be at fault; nobody waits for a thread that is gone."""

    def told(_job: ProjectJob, _line: str) -> None:
        raise RecursionError

    project = project_in(tmp_path, "acme")
    fleet = Fleet("clients", str(tmp_path), (project,))
    runs = LocalRuns(fleet, os.environ, limit=1, told=told, stop=lambda: False)
    run = by_name(runs.run([ProjectJob(project, PLAN)]))["acme"]
    assert (run.exit_code, run.words) == (
        None,
        "tasksync itself failed: nobody knows how it ended",
    )


def test_a_state_that_may_not_be_handed_on_holds_up_its_project_alone(tmp_path: Path) -> None:
    acme = replace(project_in(tmp_path, "acme"), state=None)
    globex = project_in(tmp_path, "globex")
    env = {"TASKSYNC_STATE": "sqlite:shared-of-globex.db", "GLOBEX_KEY": "shared-of-globex"}
    runs = runs_of(tmp_path, [acme, globex], **env)
    done = by_name(runs.run([ProjectJob(one, PLAN) for one in (acme, globex)]))
    assert {name: run.exit_code for name, run in done.items()} == {"acme": 1, "globex": 0}
    assert "shared" not in done["acme"].said


def test_a_folder_that_is_not_there_is_a_run_that_was_not_started(tmp_path: Path) -> None:
    job = ProjectJob(project_in(tmp_path, "acme"), PLAN)
    run = ProjectProcess(job, {}, str(tmp_path / "gone")).run(print)
    assert (run.exit_code, run.started) == (None, False)
    assert "could not be started: No such file or directory" in run.words


def test_modules_in_the_working_directory_are_not_taken_for_ours(tmp_path: Path) -> None:
    tmp_path.joinpath("yaml.py").write_text("raise SystemExit(99)")
    tmp_path.joinpath("tasksync").mkdir()
    project = project_in(tmp_path, "acme")
    (done,) = runs_of(tmp_path, [project]).run([ProjectJob(project, PLAN)])
    assert done.exit_code == 0, done.said


def test_neither_the_state_s_address_nor_the_key_is_on_the_command_line(tmp_path: Path) -> None:
    project = project_in(tmp_path, "acme")
    words = " ".join(command_of(ProjectJob(project, PLAN, ("--max-delete=5",)), Path("plan")))
    assert "acme.db" not in words
    assert "--max-delete=5" in words
