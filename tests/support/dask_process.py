"""Processes of a Dask cluster, forked from one that has imported Dask: that takes a second of each.

This module imports nothing of tasksync: they find theirs by PYTHONPATH.
"""

from __future__ import annotations

import multiprocessing
import os
import signal
import sys
from contextlib import suppress
from pathlib import Path

_FORKS = multiprocessing.get_context("forkserver")
_FORKS.set_forkserver_preload([f"distributed.cli.dask_{role}" for role in ("scheduler", "worker")])


class Running:
    """A process of the cluster, in a process group of its own."""

    def __init__(self, role: str, words: list[str], env: dict[str, str], log: Path) -> None:
        folder = log.parent
        log.touch()
        self._process = _FORKS.Process(target=_become, args=(role, words, env, folder, log))
        self._process.start()

    @property
    def pid(self) -> int:
        """Its number."""
        assert self._process.pid is not None
        return self._process.pid

    def poll(self) -> int | None:
        """How it ended; None while it runs."""
        return self._process.exitcode

    def send_signal(self, number: int) -> None:
        """Send it a signal."""
        os.kill(self.pid, number)

    def kill(self) -> None:
        """SIGKILL it and its group, and wait until it has ended."""
        for kill in (os.killpg, os.kill):  # it may not have its group yet
            with suppress(ProcessLookupError):
                kill(self.pid, signal.SIGKILL)
        self._process.join()


def _become(role: str, words: list[str], env: dict[str, str], folder: Path, log: Path) -> None:
    """Be what `python -m distributed.cli.dask_ROLE` is, with this environment."""
    import importlib

    os.setsid()
    os.chdir(folder)
    out = os.open(log, os.O_WRONLY | os.O_CREAT | os.O_TRUNC)
    for number in (1, 2):
        os.dup2(out, number)
    os.environ.clear()
    os.environ.update(env)
    import dask

    dask.config.refresh()
    sys.path[:0] = env["PYTHONPATH"].split(os.pathsep)
    sys.argv = [f"dask-{role}", *words]
    importlib.import_module(f"distributed.cli.dask_{role}").main()
