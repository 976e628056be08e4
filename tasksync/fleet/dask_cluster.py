"""A Dask cluster (`dask.distributed`, extra `fleet`): connect, send tasks, hear what they tell.

TLS, time-outs and the rest are Dask's own settings: its files, and DASK_DISTRIBUTED__… variables.
"""

from __future__ import annotations

import asyncio
import logging
import os
import warnings
from collections.abc import Iterator, Mapping
from concurrent.futures import CancelledError
from contextlib import suppress
from queue import Empty, SimpleQueue
from threading import Event, Thread
from time import monotonic
from typing import TYPE_CHECKING, TypeAlias

import dask
from distributed import Client, Future, KilledWorker, Status, get_worker

from tasksync.core.fleet import FleetProject
from tasksync.errors import SettingsError
from tasksync.fleet.cluster_runs import NOT_KNOWN, Lost
from tasksync.fleet.worker_run import (
    WorkerFacts,
    WorkerReport,
    WorkerRuns,
    WorkerTask,
    key_digests,
    run_task,
)
from tasksync.late_patterns import pattern_of

if TYPE_CHECKING:
    from distributed import Worker

SCHEME = "dask:"
_SECURE = ("tls://", "wss://")
_KINDS = ("tcp://", "ws://", *_SECURE)
#: how long a report may take to come here from its worker, and how long we take leave (s)
_GATHERED, _LEAVES = 10.0, 3.0
#: how often the scheduler is asked for its workers, and for how long it may say nothing (s)
_ASKED, _SILENT = 1.0, 60.0
#: what of an error's words is for programmers, and how many of the others are shown
_OF_PYTHON = pattern_of(r"in <[^>]*>: |\[Errno -?\d+\] |\b\w*Error: |\(_ssl\.c:\d+\)")
_LONGEST = 200
#: states of a task that a worker is doing, or has been asked for again
_WANTED = frozenset({"executing", "long-running", "resumed"})
#: where a worker keeps our WorkerRuns
_RUNS = "tasksync_runs"
#: how often a scheduler is greeted, before it counts as none
_GREETINGS = 3

Told: TypeAlias = tuple[str, Mapping[str, object] | Future]


class DaskCluster:
    """One connection for one run of a fleet; raises SettingsError where there is none to be had."""

    def __init__(self, address: str, run: str) -> None:
        self.address = address.removeprefix(SCHEME)
        self._run = run
        self._queue: SimpleQueue[Told] = SimpleQueue()
        self._futures: dict[str, Future] = {}
        self._sent = 0
        self._is_gone = False
        self._closed = Event()
        self._workers: Mapping[str, int] = {}
        self._answered = monotonic()
        if not address.startswith(SCHEME) or not self.address.startswith(_KINDS):
            raise SettingsError(
                f"--on {address} is no cluster that is known.",
                "Write --on dask:tcp://HOST:PORT, or dask:tls://HOST:PORT.",
            )
        _be_silent()
        self._client = self._connected()
        self._client.subscribe_topic(_topic(run), self._hear)
        try:
            self._client.wait_for_workers(1, timeout=_patience())
        except OSError as error:
            self.close()
            raise SettingsError(
                f"The Dask scheduler at {self.address} has no workers.",
                f"Start some: dask worker {self.address}",
            ) from error
        self._workers = dict(self._client.nthreads())
        Thread(target=self._watch, daemon=True).start()

    def _connected(self) -> Client:
        tries = 0
        while True:
            try:
                return Client(
                    self.address, timeout=_patience(), set_as_default=False, name="tasksync-fleet"
                )
            except AssertionError as error:
                # distributed takes it for a fault of its own where a scheduler tells all its
                # clients something in the moment in which it greets this one
                tries += 1
                if tries == _GREETINGS:
                    raise self._unreachable(error) from error
            except (OSError, ValueError, TypeError, RuntimeError, ImportError) as error:
                raise self._unreachable(error) from error

    def _unreachable(self, error: Exception) -> SettingsError:
        why = _plain(error.__cause__ or error) or "it hung up"
        where = (
            "the address, and the certificates that DASK_DISTRIBUTED__COMM__TLS__… name"
            if self.address.startswith(_SECURE)
            else "the address: one with certificates is dask:tls://HOST:PORT"
        )
        return SettingsError(
            f"No Dask scheduler answers at {self.address}: {why}.",
            f"Start one with dask scheduler, or look at {where}.",
        )

    def workers(self) -> Mapping[str, int]:
        """Return the workers and their threads, as the scheduler told a moment ago."""
        return self._workers

    def _watch(self) -> None:
        """Ask the scheduler again and again, apart from all else: a stuck one never answers."""
        going = (OSError, AttributeError, RuntimeError, CancelledError, asyncio.CancelledError)
        while not self._closed.is_set():
            with suppress(*going):
                self._workers = dict(self._client.nthreads())
                self._answered = monotonic()
            self._closed.wait(_ASKED)

    def facts(self) -> Mapping[str, WorkerFacts | None]:
        """Return what each worker is; None where tasksync cannot be imported there."""
        told = self._asked(WorkerFacts)
        return {
            worker: one if isinstance(one, WorkerFacts) else None for worker, one in told.items()
        }

    def key_digests(
        self, projects: tuple[FleetProject, ...], salt: bytes
    ) -> Mapping[str, Mapping[str, str]]:
        """Ask each worker for the digests of the keys that it has."""
        told = self._asked(_digests_here, projects, salt)
        return {worker: one for worker, one in told.items() if isinstance(one, dict)}

    def _asked(self, what: object, *words: object) -> dict[str, object]:
        """Ask all workers; of one that cannot answer, what went wrong there."""
        try:
            return dict(self._client.run(what, *words, on_error="return"))
        except (OSError, CancelledError) as error:
            raise self._unreachable(error) from error

    def submit(self, task: WorkerTask) -> None:
        """Send a task; what comes of it is told by `events`."""
        name = task.job.project.name
        self._sent += 1
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # Dask warns of bundles that have 10 MiB
            future = self._client.submit(
                _run_here, task, key=f"tasksync-{self._run}-{name}-{self._sent}", pure=False
            )
        self._futures[name] = future
        future.add_done_callback(lambda done: self._queue.put((name, done)))

    def _hear(self, event: tuple[object, Mapping[str, object]]) -> None:
        message = event[1]
        self._queue.put((str(message["project"]), message))

    def events(
        self, seconds: float
    ) -> Iterator[tuple[str, Mapping[str, object] | WorkerReport | Lost]]:
        """Wait for what workers tell; yield the project's name and a message, report or loss."""
        with suppress(Empty):
            told = self._queue.get(timeout=seconds)
            while True:
                name, what = told
                if not isinstance(what, Future):
                    yield name, what
                elif what is self._futures.get(name) and (ended := self._ended(what)) is not None:
                    del self._futures[name]
                    yield name, ended
                told = self._queue.get_nowait()

    def _ended(self, future: Future) -> WorkerReport | Lost | None:
        """Return what came of a task; None where its report has yet to be made again."""
        try:
            if (fault := future.exception(timeout=_GATHERED)) is not None:
                return _lost(fault)
            report = future.result(timeout=_GATHERED)
        except TimeoutError:
            # its worker died with the report; Dask has it done again, and tells when it is
            future.add_done_callback(lambda done: self._queue.put((_name(done), done)))
            return None
        except (CancelledError, asyncio.CancelledError):
            self._is_gone = self.is_lost()
            # of a scheduler that is gone nothing comes, even where another is there at once
            return None if self._is_gone else Lost(f"it was taken back on the cluster: {NOT_KNOWN}")
        except OSError as error:
            return Lost(f"its report did not come: {_plain(error)}", again=True)
        return report if isinstance(report, WorkerReport) else Lost("its report cannot be read")

    def is_lost(self) -> bool:
        """Tell whether the scheduler is gone, or has said nothing for a minute."""
        silent = monotonic() - self._answered > _SILENT
        return self._is_gone or silent or str(self._client.status) != "running"

    def ask_to_stop(self, run: str) -> None:
        """Ask every worker to stop what it does of a run; returns at once."""

        def ask() -> None:
            with suppress(OSError, CancelledError, RuntimeError):
                self._client.run(_stop_here, run, on_error="ignore")

        Thread(target=ask, daemon=True).start()

    def close(self) -> None:
        """Let go of the connection, within seconds."""
        self._closed.set()
        with suppress(OSError, RuntimeError, AssertionError):
            self._client.close(timeout=_LEAVES)


def _plain(error: BaseException) -> str:
    """Return the words of an error that are for people."""
    return _OF_PYTHON.sub("", " ".join(str(error).split()))[:_LONGEST].rstrip(". ")


def _lost(fault: BaseException) -> Lost:
    """Return what the cluster said of a task that raised, or that it gave up."""
    if isinstance(fault, KilledWorker):
        died = fault.allowed_failures + 1
        workers = "1 worker" if died == 1 else f"{died} workers"
        return Lost(f"{workers} died while it ran", again=True)
    return Lost(f"its task failed on the worker ({type(fault).__name__}): {_plain(fault)}")


def _be_silent() -> None:
    """Keep Dask's own words and traces off the terminal: what went wrong is said by us."""
    for name in list(logging.root.manager.loggerDict):
        if name.partition(".")[0] in {"distributed", "tornado"}:
            logging.getLogger(name).setLevel(logging.CRITICAL + 1)


def _name(future: Future) -> str:
    return str(future.key).split("-", 2)[2].rpartition("-")[0]


def _topic(run: str) -> str:
    return f"tasksync-{run}"


def _patience() -> float:
    """Return how long a scheduler and its first worker may take to answer (s): Dask's setting."""
    from dask.utils import parse_timedelta

    told = dask.config.get("distributed.comm.timeouts.connect", "30s")
    return float(parse_timedelta(told, "s"))


# What follows runs on a worker.


def _digests_here(projects: tuple[FleetProject, ...], salt: bytes) -> dict[str, str]:
    return key_digests(projects, salt, os.environ)


def _stop_here(run: str, dask_worker: Worker) -> None:
    _runs_of(dask_worker).ask_to_stop(run)


def _runs_of(worker: Worker) -> WorkerRuns:
    """Return what this worker runs of fleets; there is one for as long as it lives."""
    runs: WorkerRuns = worker.__dict__.setdefault(_RUNS, WorkerRuns())
    return runs


def _run_here(task: WorkerTask) -> WorkerReport:
    worker = get_worker()
    return run_task(task, _DaskWorkplace(worker, task.run), _runs_of(worker))


class _DaskWorkplace:
    """A Dask worker as a run sees it."""

    def __init__(self, worker: Worker, run: str) -> None:
        self.name = str(worker.address)
        self.env: Mapping[str, str] = os.environ
        self.folder = str(worker.local_directory)
        self._worker = worker
        self._topic = _topic(run)
        self._key = worker.get_current_task()

    def tell(self, message: dict[str, object]) -> None:
        """Send something to who submitted the task, by way of the scheduler."""
        self._worker.log_event(self._topic, message)

    def is_wanted(self) -> bool:
        """Tell whether the task was not taken back, as it is when who submitted it has gone."""
        task = self._worker.state.tasks.get(self._key)
        goes_on = self._worker.status in {Status.running, Status.paused, Status.closing_gracefully}
        return goes_on and task is not None and task.state in _WANTED
