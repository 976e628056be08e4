"""What a worker does with a project: its own key, its own folder, and what it tells."""

from __future__ import annotations

import json
import sys
import time
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

import pytest

from tasksync.core.fleet import FleetCommand, FleetProject, ProjectJob, SecretSource
from tasksync.fleet import project_process
from tasksync.fleet.bundle import bundle_of
from tasksync.fleet.project_secrets import ProjectSecrets
from tasksync.fleet.worker_run import (
    WorkerRuns,
    WorkerTask,
    key_digest,
    key_digests,
    run_task,
)

SALT = b"salt"
ACME = FleetProject(
    "acme", ("acme",), SecretSource("ACME_KEY"), state="postgresql://db/x", portal="https://a.b"
)
GLOBEX = FleetProject("globex", ("globex",), SecretSource(file="/nowhere/globex"))


@dataclass
class Here:
    """A worker of the test's own."""

    folder: str
    env: Mapping[str, str]
    name: str = "tcp://worker:1"
    told: list[dict[str, object]] = field(default_factory=list)
    wanted: bool = True

    def tell(self, message: dict[str, object]) -> None:
        self.told.append(message)

    def is_wanted(self) -> bool:
        return self.wanted

    @property
    def lines(self) -> list[str]:
        return [line for one in self.told for line in one["lines"]]  # type: ignore[attr-defined]


@pytest.fixture
def here(tmp_path: Path) -> Here:
    (tmp_path / "worker").mkdir()
    env = {"PATH": "/bin", "ACME_KEY": "vibe_api_acme", "DASK_X": "y", "TASKSYNC_STATE": "sqlite:w"}
    return Here(str(tmp_path / "worker"), env)


@pytest.fixture
def task(tmp_path: Path) -> WorkerTask:
    folder = tmp_path / "fleet" / "acme"
    folder.mkdir(parents=True)
    (folder / "t.yaml").write_text("tasks: {}", "utf-8")
    known = frozenset({key_digest(ProjectSecrets("vibe_api_acme"), SALT)})
    job = ProjectJob(ACME, FleetCommand.APPLY, ("--yes",))
    bundle = bundle_of(ACME, str(folder.parent))
    return WorkerTask("run", job, bundle, (ACME, GLOBEX), SALT, known)


def does(monkeypatch: pytest.MonkeyPatch, script: str) -> None:
    """Have a process of a project do this in tasksync's place."""
    monkeypatch.setattr(project_process, "command_of", lambda *_: [sys.executable, "-c", script])


def test_a_process_works_in_the_bundle_with_its_own_key_and_says_so_while_it_runs(
    here: Here, task: WorkerTask, monkeypatch: pytest.MonkeyPatch
) -> None:
    does(
        monkeypatch,
        "import os, json; print(json.dumps([sorted(os.listdir('.')), dict(os.environ)]))",
    )
    report = run_task(task, here, WorkerRuns())
    assert report.run is not None
    assert (report.worker, report.run.exit_code) == (here.name, 0)
    files, env = json.loads(report.run.out)
    assert files == ["acme"]
    env.pop("LC_CTYPE", None)
    assert env == {
        "PATH": "/bin",
        "TASKSYNC_API_KEY": "vibe_api_acme",
        "TASKSYNC_STATE": "postgresql://db/x",
        "TASKSYNC_PORTAL": "https://a.b",
    }
    assert "".join(here.lines) == report.run.out
    assert len({one["attempt"] for one in here.told}) == 1
    assert not list(Path(here.folder).iterdir()), "nothing is left of the bundle"


def test_a_document_is_not_sent_twice(
    here: Here, task: WorkerTask, monkeypatch: pytest.MonkeyPatch
) -> None:
    does(monkeypatch, "import sys; print('{\\n  \"a\": 1\\n}'); print('Reading', file=sys.stderr)")
    report = run_task(
        replace(task, job=replace(task.job, command=FleetCommand.PLAN)), here, WorkerRuns()
    )
    assert report.run is not None
    assert (report.run.out, here.lines) == ('{\n  "a": 1\n}\n', ["Reading\n"])


@pytest.mark.parametrize("key", [None, ""])
def test_a_worker_without_the_key_says_which(here: Here, task: WorkerTask, key: str | None) -> None:
    here.env = {"PATH": "/bin"} | ({} if key is None else {"ACME_KEY": key})
    run = run_task(task, here, WorkerRuns()).run
    assert run is not None
    assert (run.exit_code, run.started) == (7, False)
    assert run.words == "worker tcp://worker:1 has no ACME_KEY"
    lost = replace(task, job=replace(task.job, project=replace(GLOBEX, paths=("acme",))))
    run = run_task(lost, here, WorkerRuns()).run
    assert run is not None
    assert (run.exit_code, run.started) == (1, False)
    assert "on worker tcp://worker:1: The file /nowhere/globex" in run.words


def test_a_key_that_was_not_compared_is_not_used(here: Here, task: WorkerTask) -> None:
    here.env = {**here.env, "ACME_KEY": "another"}
    assert run_task(task, here, WorkerRuns()).run is None


def test_digests_tell_keys_apart_in_one_run_alone(here: Here) -> None:
    found = key_digests((ACME, GLOBEX), SALT, here.env)
    assert found.keys() == {"acme"}, "what is not here has none"
    assert "vibe" not in str(found)
    again = replace(ACME, name="again")
    assert key_digests((again,), SALT, here.env)["again"] == found["acme"]
    assert key_digests((ACME,), b"another run", here.env) != found


_WAITS = (
    "import signal, time; signal.signal(2, lambda *_: exit(130)); "
    "signal.pthread_sigmask(signal.SIG_UNBLOCK, (2,)); "
    "print('{}', flush=True); time.sleep(60)"
)


def test_what_nobody_wants_any_more_is_asked_to_stop(
    here: Here, task: WorkerTask, monkeypatch: pytest.MonkeyPatch
) -> None:
    does(monkeypatch, _WAITS)
    genuine = here.tell

    def tell(message: dict[str, Any]) -> None:
        genuine(message)
        here.wanted = not message["lines"]

    monkeypatch.setattr(here, "tell", tell)
    began = time.monotonic()
    run = run_task(task, here, WorkerRuns()).run
    assert run is not None
    assert (run.exit_code, time.monotonic() - began < 30) == (130, True)


def test_a_run_that_was_asked_to_stop_begins_no_more_and_others_do(
    here: Here, task: WorkerTask, monkeypatch: pytest.MonkeyPatch
) -> None:
    does(monkeypatch, _WAITS)
    runs = WorkerRuns()
    genuine = here.tell

    def tell(message: dict[str, Any]) -> None:
        genuine(message)
        if message["lines"]:
            runs.ask_to_stop("another")
            runs.ask_to_stop("run")
            runs.ask_to_stop("run")

    monkeypatch.setattr(here, "tell", tell)
    run = run_task(task, here, runs).run
    assert run is not None
    assert run.exit_code == 130
    run = run_task(task, here, runs).run
    assert run is not None
    assert (run.exit_code, run.started) == (None, False)
    does(monkeypatch, "print(1)")
    run = run_task(replace(task, run="a third"), here, runs).run
    assert run is not None
    assert run.exit_code == 0


def test_what_could_not_be_saved_outlives_the_folder_and_is_named(
    here: Here, task: WorkerTask, monkeypatch: pytest.MonkeyPatch
) -> None:
    """It is written beside the manifest, and that folder goes; no task may be lost with it."""
    does(
        monkeypatch,
        "import os; os.mkdir('acme/.tasksync'); "
        "open('acme/.tasksync/acme.unsaved-1a2b3c4d-5e6f7a8b.json', 'w').write('{}')",
    )
    run = run_task(task, here, WorkerRuns()).run
    assert run is not None
    assert run.words.startswith("what could not be saved is on worker tcp://worker:1, in ")
    kept = Path(run.words.rpartition(" in ")[2])
    assert [file.read_text("utf-8") for file in kept.iterdir()] == ["{}"]
