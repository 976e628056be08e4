"""One project's run on a worker of a cluster: what it is sent, what it finds there, what it tells.

Nothing here knows which cluster it is; `Workplace` is what the worker offers.
"""

from __future__ import annotations

import shutil
import sys
import tempfile
from collections.abc import Iterator, Mapping
from contextlib import contextmanager, suppress
from hashlib import sha256
from hmac import digest
from pathlib import Path
from threading import Event, Lock, Thread
from typing import Protocol
from uuid import uuid4

from tasksync import __version__
from tasksync.core.fleet import FleetCommand, FleetProject, ProjectJob, ProjectRun, sources_of
from tasksync.errors import AuthenticationFailed, TasksyncError
from tasksync.fleet.bundle import PLACEHOLDER, Bundle, unpack
from tasksync.fleet.project_environment import project_environment
from tasksync.fleet.project_process import ProjectProcess, not_started
from tasksync.fleet.project_secrets import ProjectSecrets, known_secrets, secrets_of
from tasksync.value_classes import dataclass, field, replace

#: how often lines are sent on, and how often it is looked whether the run is still wanted (s)
_LOOK = 0.2
#: how a document begins and goes on; it comes back whole, and not as lines too
_OF_A_DOCUMENT = ("{", "}", "[", "]", " ", '"')
#: what is the cluster's own business: addresses, certificates, passwords
_CLUSTERS_OWN = "DASK_"


@dataclass(frozen=True, slots=True)
class WorkerTask:
    """What a worker is sent: no secret, and no address with one.

    `job` has the paths of the bundle; `projects` are all of the fleet, so that a worker knows where
    the keys of the others are. `known` are the digests that workers told of the project's key.
    """

    run: str
    job: ProjectJob
    bundle: Bundle
    projects: tuple[FleetProject, ...]
    salt: bytes
    known: frozenset[str]


@dataclass(frozen=True, slots=True)
class WorkerReport:
    """What came of a task on a worker; `run` is None where its key is not one that was told."""

    worker: str
    run: ProjectRun | None


@dataclass(frozen=True, slots=True)
class WorkerFacts:
    """What of a worker must be as it is here."""

    tasksync: str = __version__
    python: str = f"{sys.version_info[0]}.{sys.version_info[1]}"


class Workplace(Protocol):
    """A worker as a run sees it."""

    name: str
    env: Mapping[str, str]
    folder: str

    def tell(self, message: dict[str, object]) -> None:
        """Send something to who submitted the task; from any thread."""

    def is_wanted(self) -> bool:
        """Tell whether anybody waits for what comes of the task, and the worker goes on."""


@dataclass(slots=True)
class WorkerRuns:
    """The processes that a worker runs, and the fleets that were asked to stop."""

    _processes: dict[str, tuple[str, ProjectProcess]] = field(default_factory=dict)
    _stopped: set[str] = field(default_factory=set)
    _lock: Lock = field(default_factory=Lock)

    def ask_to_stop(self, run: str) -> None:
        """Ask the processes of one fleet's run to stop, and start no more; once is enough."""
        with self._lock:
            if run in self._stopped:
                return
            self._stopped.add(run)
            asked = [process for whose, process in self._processes.values() if whose == run]
        for process in asked:
            process.ask_to_stop()

    @contextmanager
    def running(self, run: str, process: ProjectProcess) -> Iterator[bool]:
        """Know a process while a block lasts; tell whether it may begin."""
        attempt = uuid4().hex
        with self._lock:
            begins = run not in self._stopped
            self._processes[attempt] = (run, process)
        try:
            yield begins
        finally:
            with self._lock:
                del self._processes[attempt]


def key_digest(secrets: ProjectSecrets, salt: bytes) -> str:
    """Return what tells two keys apart and tells nothing of them, for one run of a fleet."""
    return digest(salt, (secrets.key or "").encode("utf-8", "surrogateescape"), sha256).hex()


def key_digests(
    projects: tuple[FleetProject, ...], salt: bytes, env: Mapping[str, str]
) -> dict[str, str]:
    """Return the digest of each project's key that this worker has, by the project's name."""
    found = {}
    for project in projects:
        with suppress(TasksyncError):
            found[project.name] = key_digest(secrets_of(project, env, "/"), salt)
    return found


def run_task(task: WorkerTask, place: Workplace, runs: WorkerRuns) -> WorkerReport:
    """Run a project's process on this worker to its end."""
    project = task.job.project
    try:
        own = secrets_of(project, place.env, "/")
        if key_digest(own, task.salt) not in task.known:
            return WorkerReport(place.name, None)
        with _folder(place.folder) as folder:
            works_in = unpack(task.bundle, folder)
            process = ProjectProcess(task.job, _environment(task, place.env, own), str(works_in))
            with runs.running(task.run, process) as begins:
                run = _followed(task, place, process) if begins else not_started(task.job)
            run = _with_kept(run, folder, place.name)
    except AuthenticationFailed as error:
        words = f"worker {place.name} has no {_missing(project, place.env)}"
        run = _refused(task.job, error, words)
    except TasksyncError as error:
        run = _refused(task.job, error, f"on worker {place.name}: {error.message}")
    return WorkerReport(place.name, run)


def _refused(job: ProjectJob, error: TasksyncError, words: str) -> ProjectRun:
    said = f"Error: {words}\n  {error.advice}\n"
    return ProjectRun(job, error.exit_code, said=said, words=words, started=False)


def _missing(project: FleetProject, env: Mapping[str, str]) -> str:
    """Return which of a project's secrets is not here."""
    return next(
        (str(one) for one in project.sources if one.variable and not env.get(one.variable)),
        str(project.key),
    )


@contextmanager
def _folder(beside: str) -> Iterator[Path]:
    """Have a folder of a worker's own, which it clears away when it was killed before we could."""
    with tempfile.TemporaryDirectory(
        prefix="tasksync-", dir=beside or None, ignore_cleanup_errors=True
    ) as name:
        yield Path(name)


def _environment(task: WorkerTask, env: Mapping[str, str], own: ProjectSecrets) -> dict[str, str]:
    others = known_secrets(task.projects, env, "/")
    clean = {
        name: value
        for name, value in env.items()
        if not name.startswith(_CLUSTERS_OWN) and name not in {"TASKSYNC_STATE", "TASKSYNC_PORTAL"}
    }
    named = sources_of(task.projects)
    return project_environment(clean, task.job.project, own, named, others)


def _followed(task: WorkerTask, place: Workplace, process: ProjectProcess) -> ProjectRun:
    """Run a process and send its lines on; once nobody wants it any more, ask it to stop."""
    sender = _Sender(task, place)
    ended = Event()

    def watch() -> None:
        asked = False
        while not ended.wait(_LOOK):
            sender.send()
            if not asked and not place.is_wanted():
                asked = True
                process.ask_to_stop()

    watching = Thread(target=watch, daemon=True)
    watching.start()
    try:
        return process.run(sender.hear)
    finally:
        ended.set()
        watching.join()
        sender.send()


class _Sender:
    """Sends the lines of one attempt at a project, several at once."""

    def __init__(self, task: WorkerTask, place: Workplace) -> None:
        self._lock = Lock()
        self._lines: list[str] = []
        self._is_events = task.job.command is FleetCommand.APPLY
        self._place = place
        self._facts: dict[str, object] = {
            "project": task.job.project.name,
            "attempt": uuid4().hex,
            "worker": place.name,
        }
        place.tell({**self._facts, "lines": []})

    def hear(self, line: str) -> None:
        """Take a line; of a document none is sent."""
        if self._is_events or not line.startswith(_OF_A_DOCUMENT):
            with self._lock:
                self._lines.append(line)

    def send(self) -> None:
        """Send what was heard since the last time."""
        with self._lock:
            lines, self._lines = self._lines, []
        if lines:
            self._place.tell({**self._facts, "lines": lines})


def _with_kept(run: ProjectRun, folder: Path, worker: str) -> ProjectRun:
    """Keep what could not be saved in the state: it was written beside, and the folder goes."""
    unsaved = [
        path
        for path in folder.rglob("*.unsaved-*.json")
        if path.is_file() and not path.read_bytes().startswith(PLACEHOLDER)
    ]
    if not unsaved:
        return run
    kept = Path(tempfile.mkdtemp(prefix="tasksync-unsaved-"))
    for path in unsaved:
        shutil.copy(path, kept)
    words = f"what could not be saved is on worker {worker}, in {kept}"
    return replace(run, said=f"{run.said}{words[0].upper()}{words[1:]}.\n", words=words)
