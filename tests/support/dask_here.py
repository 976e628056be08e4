"""A Dask cluster of the tests' own: a scheduler and workers as processes on loopback."""

from __future__ import annotations

import json
import os
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path

from dask_process import Running
from portal import until

#: short, since tests wait for what has died, and no dashboards
QUICK = {
    "DASK_DISTRIBUTED__COMM__TIMEOUTS__CONNECT": "4s",
    "DASK_DISTRIBUTED__COMM__TIMEOUTS__TCP": "12s",
    "DASK_DISTRIBUTED__COMM__RETRY__COUNT": "0",
    "DASK_DISTRIBUTED__SCHEDULER__WORKER_TTL": "5s",
    "DASK_DISTRIBUTED__DIAGNOSTICS__NVML": "False",
}
_BEGIN = 60.0
_HERE = Path(__file__).parents[2]


@dataclass
class DaskHere:
    """A running cluster; `env` is what its workers find beside PATH."""

    folder: Path
    env: dict[str, str] = field(default_factory=dict)
    options: tuple[str, ...] = ("--no-nanny",)
    protocol: str = "tcp"
    address: str = ""
    scheduler: Running | None = None
    workers: list[Running] = field(default_factory=list)

    @property
    def on(self) -> str:
        """What --on says."""
        return f"dask:{self.address}"

    def start(self, workers: int = 2, **env: str) -> DaskHere:
        """Start a scheduler, and so many workers with one thread each."""
        file = self.folder / "scheduler.json"
        file.unlink(missing_ok=True)
        words = ["--host", "127.0.0.1", "--port", "0", "--no-dashboard", "--no-jupyter"]
        words += ["--scheduler-file", str(file), "--protocol", self.protocol]
        self.scheduler = self._process("scheduler", "scheduler", words, _of_dask(self.env))
        until(
            lambda: file.exists() and b"address" in file.read_bytes(), "the scheduler began", _BEGIN
        )
        self.address = json.loads(file.read_text("utf-8"))["address"]
        for _ in range(workers):
            self.worker(**env)
        self.until_there(workers)
        return self

    def worker(self, **env: str) -> Running:
        """Start one more worker, in a process group of its own."""
        number = len(self.workers)
        words = [self.address, "--nthreads", "1", "--no-dashboard"]
        words += ["--local-directory", str(self.folder / f"worker-{number}"), *self.options]
        made = self._process("worker", f"worker-{number}", words, {**self.env, **env})
        self.workers.append(made)
        return made

    def until_there(self, count: int) -> None:
        """Wait until so many workers have said that they are there."""
        until(
            lambda: sum("Registered to" in self.said(n) for n in self._numbers()) >= count,
            "workers",
            _BEGIN,
        )

    def _numbers(self) -> range:
        return range(len(self.workers))

    def said(self, number: int) -> str:
        """What a worker wrote so far."""
        return (self.folder / f"worker-{number}.log").read_text("utf-8", "replace")

    def _process(self, role: str, name: str, words: list[str], env: Mapping[str, str]) -> Running:
        fixed = {"PATH": os.defpath, "HOME": str(self.folder), "PYTHONPATH": str(_HERE)}
        return Running(role, words, {**fixed, **QUICK, **env}, self.folder / f"{name}.log")

    def stop(self) -> None:
        """End all of it at once."""
        for process in (self.scheduler, *self.workers):
            if process is not None:
                process.kill()


def _of_dask(env: Mapping[str, str]) -> dict[str, str]:
    """What a scheduler may have of what workers have: no keys."""
    return {name: value for name, value in env.items() if name.startswith("DASK_")}


@contextmanager
def dask_here(folder: Path, workers: int = 2, *options: str, **env: str) -> Iterator[DaskHere]:
    """Have a cluster while a block lasts; `options` are those of its workers."""
    made = DaskHere(folder, dict(env), options or ("--no-nanny",))
    try:
        yield made.start(workers)
    finally:
        made.stop()
