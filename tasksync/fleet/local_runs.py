"""The processes of a fleet on this machine: so many at once, and never two on one key."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from queue import Empty, SimpleQueue
from threading import Thread

from tasksync.core.fleet import Fleet, ProjectJob, ProjectRun, sources_of
from tasksync.errors import TasksyncError
from tasksync.fleet.project_environment import project_environment
from tasksync.fleet.project_process import ProjectProcess, not_started
from tasksync.fleet.project_secrets import ProjectSecrets, secrets_of

#: how often it is looked whether somebody asked to stop (s)
_LOOK = 0.1


class LocalRuns:
    """Runs jobs of a fleet; for one run.

    `env` is the environment that we were given, `told` hears each line that a process writes and
    is called from several threads, `stop` tells whether somebody asked to stop.
    """

    def __init__(
        self,
        fleet: Fleet,
        env: Mapping[str, str],
        *,
        limit: int,
        told: Callable[[ProjectJob, str], object],
        stop: Callable[[], bool],
    ) -> None:
        self._fleet = fleet
        self._env = env
        self._limit = limit
        self._told = told
        self._stop = stop
        self._secrets: dict[str, ProjectSecrets] = {}
        self._broken: dict[str, TasksyncError] = {}
        for project in fleet.projects:
            try:
                self._secrets[project.name] = secrets_of(project, env, fleet.root)
            except TasksyncError as error:
                self._broken[project.name] = error
        self._done: SimpleQueue[ProjectRun] = SimpleQueue()
        self._running: dict[str, ProjectProcess] = {}

    @property
    def secrets(self) -> frozenset[str]:
        """All that must not be shown of the fleet's secrets."""
        return frozenset().union(*(one.texts for one in self._secrets.values()))

    def run(self, jobs: Sequence[ProjectJob]) -> Iterator[ProjectRun]:
        """Yield what came of each job, as soon as it is known.

        A project whose key is missing holds up no other. After somebody asked to stop those that
        run are asked too, and nothing more is started.
        """
        for job in jobs:
            if (error := self._broken.get(job.project.name)) is not None:
                yield refused(job, error)
        waiting = [job for job in jobs if job.project.name not in self._broken]
        asked = False
        while waiting or self._running:
            if self._stop():
                if not asked:
                    asked = True
                    for process in self._running.values():
                        process.ask_to_stop()
                yield from map(not_started, waiting)
                waiting = []
            while (chosen := self._next(waiting)) is not None:
                waiting.remove(chosen)
                yield from self._begin(chosen)
            try:
                run = self._done.get(timeout=_LOOK)
            except Empty:
                continue
            del self._running[run.job.project.name]
            yield run

    def _next(self, waiting: Sequence[ProjectJob]) -> ProjectJob | None:
        """Return the first job that may begin now."""
        if len(self._running) >= self._limit:
            return None
        busy = {self._secrets[name].key for name in self._running} - {None}
        return next((job for job in waiting if self._key(job) not in busy), None)

    def _key(self, job: ProjectJob) -> str | None:
        return self._secrets[job.project.name].key

    def _begin(self, job: ProjectJob) -> tuple[ProjectRun, ...]:
        """Start a job; returns what came of it where it cannot begin."""
        name = job.project.name
        try:
            env = project_environment(
                self._env,
                job.project,
                self._secrets[name],
                sources_of(self._fleet.projects),
                self.secrets,
            )
        except TasksyncError as error:
            return (refused(job, error),)
        process = self._running[name] = ProjectProcess(job, env, self._fleet.root)

        def work() -> None:
            run = ProjectRun(job, None, words="tasksync itself failed: nobody knows how it ended")
            try:
                run = process.run(lambda line: self._told(job, line))
            finally:  # else it would be waited for for ever
                self._done.put(run)

        Thread(target=work, daemon=True).start()
        return ()


def refused(job: ProjectJob, error: TasksyncError) -> ProjectRun:
    """Return what came of a job that could not begin, as its process would have said it."""
    return ProjectRun(
        job, error.exit_code, said=f"Error: {error}\n", words=error.message, started=False
    )
