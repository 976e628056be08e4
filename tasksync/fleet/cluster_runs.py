"""The projects of a fleet on the workers of a cluster, seen from where the command was given.

The manifests travel, keys do not: each worker finds them where the fleet's file says. What a worker
does when it dies in the middle is done again on another one, which waits for the state's lock.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from secrets import token_bytes, token_hex
from time import monotonic
from typing import Protocol

from tasksync.core.fleet import (
    INTERRUPTED,
    Fleet,
    FleetCommand,
    FleetProject,
    ProjectJob,
    ProjectRun,
    sources_of,
)
from tasksync.errors import TasksyncError
from tasksync.fleet.bundle import Bundle, bundle_of
from tasksync.fleet.cluster_checks import must_be_remote, must_fit
from tasksync.fleet.local_runs import refused
from tasksync.fleet.project_process import not_started
from tasksync.fleet.project_secrets import known_secrets
from tasksync.fleet.worker_run import WorkerFacts, WorkerReport, WorkerTask
from tasksync.value_classes import dataclass, field, replace

#: how often the cluster and whoever may ask to stop are looked at, and the workers again (s)
_LOOK, _AGAIN = 0.1, 2.0
#: how often one project is sent again after it took several workers with it
_MOST_SENT = 3
#: how long a project that ran may be without any worker before it is given up (s)
_PATIENCE = 60.0
#: how long a run elsewhere waits for the lock of the one whose worker died
_LOCK_TIMEOUT = "--lock-timeout=5m"
#: exit code of a saved plan of which something moved, or was done
_STALE = 5
#: what stands in the line of each change that is done
_COMPLETE = '"type": "apply_complete"'


NOT_KNOWN = (
    "how it ended is not known here. Its worker ends it with all saved; run the same command again"
)


@dataclass(frozen=True, slots=True)
class Lost:
    """A task of which no report comes: its workers died, it failed there, or the scheduler went.

    `again`: it may be sent once more.
    """

    words: str
    again: bool = False


class Cluster(Protocol):
    """A connection to a cluster; every question may raise SettingsError."""

    address: str

    def workers(self) -> Mapping[str, int]:
        """Return the workers, and how many tasks each takes at once; {} where it does not say."""

    def facts(self) -> Mapping[str, WorkerFacts | None]:
        """Return what each worker is; None where tasksync cannot be imported there."""

    def key_digests(
        self, projects: tuple[FleetProject, ...], salt: bytes
    ) -> Mapping[str, Mapping[str, str]]:
        """Ask each worker for the digests of the keys that it has."""

    def submit(self, task: WorkerTask) -> None:
        """Send a task; what comes of it is told by `events`."""

    def events(
        self, seconds: float
    ) -> Iterator[tuple[str, Mapping[str, object] | WorkerReport | Lost]]:
        """Wait for what workers tell; yield the project's name and a message, report or loss."""

    def is_lost(self) -> bool:
        """Tell whether the scheduler is gone."""

    def ask_to_stop(self, run: str) -> None:
        """Ask every worker to stop what it does of a run; returns at once."""

    def close(self) -> None:
        """Let go of the connection; what runs is asked to stop by its worker."""


@dataclass(slots=True)
class _Running:
    """A project that a worker was sent, and what is known of it."""

    job: ProjectJob
    task: WorkerTask
    sent: int = 1
    attempt: object = None
    began: bool = False
    died: int = 0
    worker: str = ""
    lines: list[str] = field(default_factory=list)
    notes: list[str] = field(default_factory=list)
    before: list[str] = field(default_factory=list)
    asks_what_is_left: ProjectRun | None = None


class _Look:
    """Looks at a cluster, its workers now and then."""

    def __init__(self, cluster: Cluster) -> None:
        self._cluster = cluster
        self._looked = self._stopped = self._seen = monotonic()
        self._asks = False
        self.workers = cluster.workers()

    def at(self) -> str | None:
        """Look; return in words why nothing can be expected of the cluster any more, or None."""
        now = monotonic()
        if self._cluster.is_lost():
            return f"the scheduler at {self._cluster.address} went away"
        if now - self._looked > _AGAIN:
            self._looked = now
            self.workers = self._cluster.workers()
        if self.workers:
            self._seen = now
        if now - self._seen > _PATIENCE:
            return f"the scheduler at {self._cluster.address} has no workers any more"
        return None

    def ask_to_stop(self, run: str) -> None:
        """Ask all workers, and after a while again: one may have come."""
        if not self._asks or monotonic() - self._stopped > _AGAIN:
            self._asks, self._stopped = True, monotonic()
            self._cluster.ask_to_stop(run)


class ClusterRuns:
    """Runs jobs of a fleet on a cluster; for one run.

    `connect` is given a name for the run. `limit` is how many run at once, None: as many as the
    workers have threads. `told` hears each line that a process writes while it runs, from the
    thread that iterates, `note` what a person should know of the cluster. `stop` tells whether
    somebody asked to stop; `masked` returns an address without what is secret in it.
    """

    def __init__(
        self,
        connect: Callable[[str], Cluster],
        fleet: Fleet,
        env: Mapping[str, str],
        *,
        limit: int | None,
        told: Callable[[ProjectJob, str], object],
        note: Callable[[str], object],
        stop: Callable[[], bool],
        masked: Callable[[str], str],
    ) -> None:
        self._connect = connect
        self._fleet = fleet
        self._env = env
        self._limit = limit
        self._told = told
        self._note = note
        self._stop = stop
        self._masked = masked
        self._run = token_hex(8)
        self._salt = token_bytes(32)
        self._digests: dict[str, set[str]] = {}
        self._asked: set[str] = set()
        self._running: dict[str, _Running] = {}

    @property
    def secrets(self) -> frozenset[str]:
        """All that must not be shown of the fleet's secrets, as far as they are known here."""
        return known_secrets(self._fleet.projects, self._env, self._fleet.root)

    def run(self, jobs: Sequence[ProjectJob]) -> Iterator[ProjectRun]:
        """Yield what came of each job, as soon as it is known.

        Raises SettingsError before anything runs where a state or a cluster cannot be used so.
        """
        here = [self._with_addresses(job) for job in jobs]
        must_be_remote([job.project for job in here], self._masked)
        bundles, broken = self._bundles(here)
        cluster = self._connect(self._run)
        try:
            must_fit(cluster.facts())
            self._ask(cluster)
        except TasksyncError:
            cluster.close()
            raise
        return self._runs(cluster, jobs, here, bundles, broken)

    def _with_addresses(self, job: ProjectJob) -> ProjectJob:
        """Return a job whose project says where its state and its portal are."""
        project = job.project
        state = project.state or self._env.get("TASKSYNC_STATE")
        portal = project.portal or self._env.get("TASKSYNC_PORTAL")
        return replace(job, project=replace(project, state=state or None, portal=portal or None))

    def _bundles(
        self, jobs: Sequence[ProjectJob]
    ) -> tuple[dict[str, Bundle], dict[str, TasksyncError]]:
        secret = [source.file for source in sources_of(self._fleet.projects) if source.file]
        bundles: dict[str, Bundle] = {}
        broken: dict[str, TasksyncError] = {}
        for job in jobs:
            try:
                bundles[job.project.name] = bundle_of(job.project, self._fleet.root, secret)
            except TasksyncError as error:
                broken[job.project.name] = error
        return bundles, broken

    def _ask(self, cluster: Cluster) -> None:
        """Learn which projects share a key, from all workers: none is told what the keys are."""
        told = cluster.key_digests(self._fleet.projects, self._salt)
        self._asked |= told.keys() | cluster.workers().keys()
        for found in told.values():
            for name, one in found.items():
                self._digests.setdefault(name, set()).add(one)

    def _runs(
        self,
        cluster: Cluster,
        jobs: Sequence[ProjectJob],
        here: Sequence[ProjectJob],
        bundles: Mapping[str, Bundle],
        broken: Mapping[str, TasksyncError],
    ) -> Iterator[ProjectRun]:
        """Yield each run with the job as it was given."""
        given = {job.project.name: job for job in jobs}
        waiting = [job for job in here if job.project.name in bundles]
        try:
            for name, error in broken.items():
                yield refused(given[name], error)
            for run in self._loop(cluster, waiting, bundles):
                yield replace(run, job=given[run.job.project.name])
        finally:
            cluster.close()

    def _loop(
        self, cluster: Cluster, waiting: list[ProjectJob], bundles: Mapping[str, Bundle]
    ) -> Iterator[ProjectRun]:
        look = _Look(cluster)
        while waiting or self._running:
            if (gone := look.at()) is not None:
                yield from self._all_lost(gone, waiting)
                return
            if self._stop():
                yield from map(not_started, waiting)
                waiting.clear()
                look.ask_to_stop(self._run)
            if waiting and look.workers.keys() - self._asked:
                self._ask(cluster)
            while self._has_room(look.workers) and (job := self._next(waiting)) is not None:
                waiting.remove(job)
                self._send(cluster, job, bundles[job.project.name])
            for name, event in cluster.events(_LOOK):
                if (run := self._heard(cluster, name, event)) is not None:
                    del self._running[name]
                    yield run

    def _has_room(self, workers: Mapping[str, int]) -> bool:
        threads = sum(workers.values())
        most = threads if self._limit is None else min(self._limit, threads)
        return len(self._running) < most

    def _next(self, waiting: Sequence[ProjectJob]) -> ProjectJob | None:
        """Return the first job whose key nobody uses now."""
        busy = {one for name in self._running for one in self._digests.get(name, ())}
        return next(
            (job for job in waiting if not busy & self._digests.get(job.project.name, set())), None
        )

    def _send(self, cluster: Cluster, job: ProjectJob, bundle: Bundle) -> None:
        project = replace(job.project, paths=bundle.paths)
        words = job.arguments
        if job.command is FleetCommand.APPLY and not any(
            word.startswith("--lock-timeout") for word in words
        ):
            words = (*words, _LOCK_TIMEOUT)
        task = WorkerTask(
            self._run,
            replace(job, project=project, arguments=words),
            bundle,
            self._fleet.projects,
            self._salt,
            frozenset(self._digests.get(project.name, ())),
        )
        self._running[project.name] = _Running(job, task)
        cluster.submit(task)

    def _heard(
        self, cluster: Cluster, name: str, event: Mapping[str, object] | WorkerReport | Lost
    ) -> ProjectRun | None:
        """Take in what a worker told; return what came of the project once that is known."""
        running = self._running.get(name)
        if running is None:
            return None  # the last lines of what has ended
        match event:
            case WorkerReport(run=None):
                return self._asked_again(cluster, running)
            case WorkerReport(run=ProjectRun() as run):
                return self._ended(cluster, running, run)
            case Lost():
                return self._lost(cluster, running, event)
            case Mapping():
                self._line(running, event)
        return None

    def _asked_again(self, cluster: Cluster, running: _Running) -> ProjectRun | None:
        """Send a project again whose worker was not there when keys were compared."""
        self._ask(cluster)
        if running.sent >= _MOST_SENT:
            return self._unknown(running, "its key changes on the workers while it runs")
        known = frozenset(self._digests.get(running.job.project.name, ()))
        self._send_again(cluster, running, replace(running.task, known=known))
        return None

    def _lost(self, cluster: Cluster, running: _Running, lost: Lost) -> ProjectRun | None:
        if not lost.again or self._stop() or running.sent >= _MOST_SENT:
            return self._unknown(running, lost.words)
        self._note(f"{running.job.project.name}: {lost.words}; it is sent again.")
        self._send_again(cluster, running, running.task)
        return None

    def _ended(self, cluster: Cluster, running: _Running, run: ProjectRun) -> ProjectRun | None:
        """Return what a worker reported, once a plan that another one left half done is done.

        Such a plan is refused as stale. What is left of it was approved, so it is resumed; where
        that is refused too, the plan was done to its end if nothing is left to do.
        """
        if running.asks_what_is_left:
            stale = running.asks_what_is_left
            if run.exit_code != 0:
                return stale
            out = "".join(running.before)
            return replace(stale, exit_code=0, out=out, said="".join(running.notes))
        if run.exit_code == _STALE and running.died:
            job = self._resuming(running, run)
            if job is not None:
                running.attempt = None  # the next one is another errand
                self._send_again(cluster, running, replace(running.task, job=job))
                return None
        if run.exit_code == INTERRUPTED and not self._stop():
            words = f"worker {running.worker} was shut down while it ran"
            return self._lost(cluster, running, Lost(words, again=True))
        if run.exit_code is None and not run.started and running.began:
            return self._unknown(running, "its worker went away, and nobody began it again")
        return replace(run, said="".join((*running.notes, run.said)))

    def _resuming(self, running: _Running, stale: ProjectRun) -> ProjectJob | None:
        """Return what to do about a plan that was begun by a worker which died."""
        job = running.task.job
        plan = job.plan or job.approved
        if not plan:
            return None
        if not job.resumes:
            words = tuple(word for word in job.arguments if not word.startswith("--expect"))
            return replace(job, plan=plan, resumes=True, approved="", arguments=words)
        running.asks_what_is_left = stale
        return ProjectJob(job.project, FleetCommand.PLAN, ("--detailed-exitcode",))

    def _send_again(self, cluster: Cluster, running: _Running, task: WorkerTask) -> None:
        """Send a project once more; nothing is known of it yet."""
        running.sent += 1
        running.task = task
        cluster.submit(task)

    def _line(self, running: _Running, message: Mapping[str, object]) -> None:
        """Hear lines of a process; a second attempt begins them anew."""
        worker, lines = str(message["worker"]), message["lines"]
        if message["attempt"] != running.attempt:
            if running.attempt is not None:
                self._went_away(running, worker)
            running.attempt, running.began = message["attempt"], True
            running.worker, running.lines = worker, []
        for line in lines if isinstance(lines, list | tuple) else ():
            running.lines.append(str(line))
            self._told(running.job, str(line))

    def _went_away(self, running: _Running, worker: str) -> None:
        """Say that a worker died, and how far it came."""
        running.died += 1
        running.before = running.lines
        done = sum(_COMPLETE in line for line in running.lines)
        words = f"Worker {running.worker} went away after {done} changes"
        running.notes.append(f"{words}; this run, on {worker}, did the rest.\n")
        self._note(f"{running.job.project.name}: {words}; it runs again on {worker}.")

    def _unknown(self, running: _Running, words: str) -> ProjectRun:
        """Return what is known of a project of which no report comes."""
        if not running.began:
            return ProjectRun(running.job, None, words=words, started=False)
        out = running.lines if running.job.command is FleetCommand.APPLY else []
        events = [line for line in out if line.startswith("{")]
        said = [line for line in running.lines if not line.startswith("{")]
        return ProjectRun(running.job, None, "".join(events), "".join(said), words=words)

    def _all_lost(self, gone: str, waiting: Sequence[ProjectJob]) -> Iterator[ProjectRun]:
        """Yield what is known of every project when nobody can be asked any more."""
        for running in self._running.values():
            where = f" while it ran on {running.worker}" if running.worker else ""
            yield self._unknown(
                running,
                f"{gone}{where}: {NOT_KNOWN}",
            )
        self._running.clear()
        for job in waiting:
            yield not_started(job, f"not started: {gone}")
