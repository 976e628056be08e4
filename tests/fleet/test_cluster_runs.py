"""What the submitting side makes of what a cluster tells; the cluster does what a script says."""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field, replace
from pathlib import Path

import pytest

from tasksync.core.fleet import (
    Fleet,
    FleetCommand,
    FleetProject,
    ProjectJob,
    ProjectRun,
    SecretSource,
)
from tasksync.errors import SettingsError
from tasksync.fleet import cluster_runs
from tasksync.fleet.cluster_runs import ClusterRuns, Lost
from tasksync.fleet.worker_run import WorkerFacts, WorkerReport, WorkerTask
from tasksync.render.fleet_progress import FleetProgress

NAMES = ("acme", "globex", "initech")
DONE = '{"type": "apply_complete"}\n'
Event = Mapping[str, object] | WorkerReport | Lost


def began(worker: str, attempt: str, *lines: str) -> Event:
    return {"worker": worker, "attempt": attempt, "lines": lines}


@dataclass
class Scripted:
    """A cluster; `answers` are what comes of each task, in the order in which they are sent."""

    answers: dict[str, deque[list[Event]]]
    keys: dict[str, str] = field(default_factory=lambda: {name: name for name in NAMES})
    threads: dict[str, int] = field(default_factory=lambda: {"one": 2, "two": 2})
    versions: dict[str, WorkerFacts | None] = field(default_factory=dict)
    sent: list[WorkerTask] = field(default_factory=list)
    most: int = 0
    asked_to_stop: int = 0
    closed: int = 0
    lost: bool = False
    address: str = "tcp://here:8786"
    _open: dict[str, deque[Event]] = field(default_factory=dict)

    def workers(self) -> Mapping[str, int]:
        return self.threads

    def facts(self) -> Mapping[str, WorkerFacts | None]:
        return self.versions

    def key_digests(
        self, _projects: tuple[FleetProject, ...], _salt: bytes
    ) -> Mapping[str, Mapping[str, str]]:
        return dict.fromkeys(self.threads, self.keys)

    def submit(self, task: WorkerTask) -> None:
        name = task.job.project.name
        self.sent.append(task)
        script = self.answers.get(name)
        self._open[name] = deque(script.popleft() if script else [of(task.job)])
        self.most = max(self.most, len(self._open))

    def events(self, _seconds: float) -> Iterator[tuple[str, Event]]:
        for name in list(self._open):
            if self._open[name]:
                event = self._open[name].popleft()
                if not isinstance(event, dict):
                    del self._open[name]
                yield name, event
                return

    def is_lost(self) -> bool:
        return self.lost

    def ask_to_stop(self, _run: str) -> None:
        self.asked_to_stop += 1

    def close(self) -> None:
        self.closed += 1


def of(job: ProjectJob, code: int | None = 0, **more: object) -> WorkerReport:
    return WorkerReport("one", ProjectRun(job, code, **more))  # type: ignore[arg-type]


@dataclass
class Scene:
    """A fleet of three projects, and what was told."""

    root: Path
    notes: list[str] = field(default_factory=list)
    told: list[str] = field(default_factory=list)
    stop: Callable[[], bool] = lambda: False

    def job(
        self, name: str, command: FleetCommand = FleetCommand.APPLY, **more: object
    ) -> ProjectJob:
        project = FleetProject(
            name,
            (name,),
            SecretSource(f"{name}_KEY"),
            state="postgresql://db/x",
            portal="https://a.b",
        )
        return ProjectJob(project, command, **more)  # type: ignore[arg-type]

    def run(
        self, cluster: Scripted, *jobs: ProjectJob, limit: int | None = None
    ) -> list[ProjectRun]:
        fleet = Fleet("f", str(self.root), tuple(job.project for job in jobs))
        runs = ClusterRuns(
            lambda _run: cluster,
            fleet,
            {},
            limit=limit,
            told=lambda job, line: self.told.append(f"{job.project.name} {line}"),
            note=self.notes.append,
            stop=self.stop,
            masked=str,
        )
        return list(runs.run(jobs))


@pytest.fixture
def scene(tmp_path: Path) -> Scene:
    for name in NAMES:
        (tmp_path / name).mkdir()
        (tmp_path / name / "t.yaml").write_text("tasks: {}", "utf-8")
    return Scene(tmp_path)


def scripted(**answers: list[list[Event]]) -> Scripted:
    return Scripted({name: deque(several) for name, several in answers.items()})


def test_each_job_comes_back_as_it_was_given(scene: Scene) -> None:
    jobs = [scene.job(name) for name in NAMES]
    cluster = scripted()
    assert {run.job.project.name: run.job for run in scene.run(cluster, *jobs)} == {
        job.project.name: job for job in jobs
    }
    assert (cluster.most, cluster.closed) == (3, 1)


def test_so_many_at_once_as_was_said_or_as_workers_have_threads(scene: Scene) -> None:
    for limit, threads, most in ((1, 4, 1), (None, 2, 2), (9, 2, 2)):
        cluster = scripted()
        cluster.threads = {"one": threads}
        scene.run(cluster, *map(scene.job, NAMES), limit=limit)
        assert cluster.most == most


def test_projects_of_one_key_run_one_after_another_whichever_worker_told_it(scene: Scene) -> None:
    cluster = scripted()
    cluster.keys = dict.fromkeys(NAMES, "same")
    scene.run(cluster, *map(scene.job, NAMES))
    assert cluster.most == 1


def test_an_apply_waits_for_the_lock_of_one_that_died(scene: Scene) -> None:
    cluster = scripted()
    given = scene.job("globex", arguments=("--lock-timeout=1.000",))
    scene.run(cluster, scene.job("acme"), given, scene.job("initech", FleetCommand.PLAN))
    assert [task.job.arguments for task in cluster.sent] == [
        ("--lock-timeout=5m",),
        ("--lock-timeout=1.000",),
        (),
    ]


def test_a_second_attempt_is_said_and_its_lines_are_the_ones_that_count(scene: Scene) -> None:
    job = scene.job("acme")
    events = [
        began("one", "1", DONE, DONE),
        began("two", "2", DONE),
        of(job, out=DONE, said="x\n"),
    ]
    (run,) = scene.run(scripted(acme=[events]), job)
    assert scene.notes == ["acme: Worker one went away after 2 changes; it runs again on two."]
    assert run.said == "Worker one went away after 2 changes; this run, on two, did the rest.\nx\n"
    assert (run.out, scene.told) == (DONE, [f"acme {DONE}"] * 3)


def test_what_took_several_workers_with_it_is_sent_again_but_not_for_ever(scene: Scene) -> None:
    cluster = scripted(acme=[[Lost("4 workers died while it ran", again=True)]] * 5)
    (run,) = scene.run(cluster, scene.job("acme"))
    assert (run.exit_code, run.started, len(cluster.sent)) == (None, False, 3)
    assert run.words == "4 workers died while it ran"
    assert scene.notes == ["acme: 4 workers died while it ran; it is sent again."] * 2


def test_what_was_interrupted_though_nobody_asked_is_sent_again(scene: Scene) -> None:
    """Its worker was shut down, as clusters do that grow and shrink."""
    job = scene.job("acme")
    cluster = scripted(acme=[[began("one", "1", DONE), of(job, 130)], [began("two", "2"), of(job)]])
    (run,) = scene.run(cluster, job)
    assert (run.exit_code, len(cluster.sent)) == (0, 2)
    assert scene.notes[0] == "acme: worker one was shut down while it ran; it is sent again."


def test_of_what_is_lost_the_events_so_far_are_told(scene: Scene) -> None:
    events = [began("one", "1", DONE, "a note\n"), Lost("its task failed")]
    (run,) = scene.run(scripted(acme=[events]), scene.job("acme"))
    assert (run.exit_code, run.started, run.words) == (None, True, "its task failed")
    assert (run.out, run.said) == (DONE, "a note\n")


def test_a_worker_that_came_later_is_asked_for_its_keys(scene: Scene) -> None:
    """Its key is not among those that were told: what it was sent comes back, and is sent again."""
    cluster = scripted(acme=[[WorkerReport("late", None)]])
    (run,) = scene.run(cluster, scene.job("acme"))
    assert (run.exit_code, len(cluster.sent)) == (0, 2)
    cluster = scripted(acme=[[WorkerReport("late", None)]] * 9)
    (run,) = scene.run(cluster, scene.job("acme"))
    assert (run.exit_code, len(cluster.sent)) == (None, 3)
    assert "key" in run.words


@pytest.mark.parametrize("given", ["plan", "approved"])
def test_a_plan_that_a_dead_worker_left_half_done_is_resumed(scene: Scene, given: str) -> None:
    words = ("--expect=sha256:1", "--settle=1") if given == "approved" else ("--settle=1",)
    job = scene.job("acme", arguments=words, **{given: "{}"})
    half = [began("one", "1", DONE), began("two", "2"), of(job, 5, words="stale")]
    cluster = scripted(acme=[half])
    (run,) = scene.run(cluster, job)
    assert (run.exit_code, run.job) == (0, job)
    resumed = cluster.sent[1].job
    assert (resumed.plan, resumed.resumes, resumed.approved) == ("{}", True, "")
    assert resumed.arguments == ("--settle=1", "--lock-timeout=5m")


@pytest.mark.parametrize(("left", "code"), [(0, 0), (2, 5), (1, 5), (None, 5)])
def test_a_plan_that_a_dead_worker_did_to_its_end_is_done_where_nothing_is_left(
    scene: Scene, left: int | None, code: int
) -> None:
    job = scene.job("acme", plan="{}")
    half = [began("one", "1", DONE), began("two", "2"), of(job, 5)]
    cluster = scripted(
        acme=[half, [began("two", "3"), of(job, 5)], [began("two", "4"), of(job, left)]]
    )
    (run,) = scene.run(cluster, job)
    assert [task.job.command for task in cluster.sent] == ["apply", "apply", "plan"]
    assert (run.exit_code, run.job, run.plan) == (code, job, "")
    if code == 0:
        assert run.out == DONE


def test_a_stale_plan_that_no_worker_began_stays_stale(scene: Scene) -> None:
    job = scene.job("acme", plan="{}")
    cluster = scripted(acme=[[began("one", "1"), of(job, 5)]])
    (run,) = scene.run(cluster, job)
    assert (run.exit_code, len(cluster.sent)) == (5, 1)


def test_when_the_scheduler_is_gone_each_project_says_what_is_known(scene: Scene) -> None:
    cluster = scripted(acme=[[began("one", "1", DONE)]])
    cluster.threads = {"one": 1}
    seen = iter([False] * 3 + [True] * 9)
    cluster.is_lost = lambda: next(seen)  # type: ignore[method-assign]
    runs = {run.job.project.name: run for run in scene.run(cluster, *map(scene.job, NAMES))}
    assert "the scheduler at tcp://here:8786 went away while it ran on one" in runs["acme"].words
    assert (runs["acme"].exit_code, runs["acme"].out) == (None, DONE)
    for name in ("globex", "initech"):
        assert not runs[name].started
        assert runs[name].words == "not started: the scheduler at tcp://here:8786 went away"
    assert cluster.closed == 1


def test_without_any_worker_it_does_not_wait_for_ever(
    scene: Scene, monkeypatch: pytest.MonkeyPatch
) -> None:
    now = [0.0]

    def monotonic() -> float:
        now[0] += 10.0
        return now[0]

    monkeypatch.setattr(cluster_runs, "monotonic", monotonic)
    cluster = scripted()
    cluster.threads = {}
    (run,) = scene.run(cluster, scene.job("acme"))
    assert run.words == "not started: the scheduler at tcp://here:8786 has no workers any more"


def test_asked_to_stop_it_asks_the_workers_and_begins_no_more(scene: Scene) -> None:
    job = scene.job("acme")
    cluster = scripted(acme=[[began("one", "1"), of(job, 130)]])
    scene.stop = lambda: bool(cluster.sent)
    runs = {
        run.job.project.name: run for run in scene.run(cluster, job, scene.job("globex"), limit=1)
    }
    assert (runs["acme"].exit_code, runs["globex"].started) == (130, False)
    assert cluster.asked_to_stop == 1


def test_a_bundle_that_cannot_be_made_holds_up_no_other(scene: Scene) -> None:
    gone = scene.job("acme")
    gone = replace(gone, project=replace(gone.project, paths=("nowhere",)))
    runs = {run.job.project.name: run for run in scene.run(scripted(), gone, scene.job("globex"))}
    assert (runs["acme"].exit_code, runs["globex"].exit_code) == (1, 0)
    assert "no such file" in runs["acme"].words


@pytest.mark.parametrize(
    ("facts", "words"),
    [
        (None, "Worker one has no tasksync that knows fleets"),
        (WorkerFacts("9.9.9"), "Worker one has tasksync 9.9.9"),
        (WorkerFacts(python="3.99"), "Worker one runs Python 3.99"),
    ],
)
def test_a_worker_that_differs_ends_it_before_anything_runs(
    scene: Scene, facts: WorkerFacts | None, words: str
) -> None:
    cluster = scripted()
    cluster.versions = {"one": facts}
    with pytest.raises(SettingsError, match=words):
        scene.run(cluster, scene.job("acme"))
    assert (cluster.sent, cluster.closed) == ([], 1)


def test_a_project_that_begins_again_is_counted_anew() -> None:
    """Else the changes of the attempt whose worker died would count twice."""
    now = [0.0]
    progress = FleetProgress(1, lambda: now[0])
    job = ProjectJob(FleetProject("acme", ("acme",), SecretSource("K")), FleetCommand.APPLY)
    told: list[str] = []
    for _attempt in range(2):
        for kind in ("version", "planned_change", "planned_change", "apply_complete"):
            now[0] += 6
            told.append(progress.heard(job, f'{{"type": "{kind}"}}\n'))
    assert [one for one in told if one] == ["acme: 1 of 2 changes done"]
