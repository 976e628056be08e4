"""Processes of tasksync that are forked from one that has done its imports.

Each is a process of its own with a memory of its own, and SIGKILL ends it like any other; it only
does not spend a third of a second on starting Python. How a process starts from nothing is held by
`Trip.process`, which the runs that are stopped by signals and those of two at once go on using.
"""

from __future__ import annotations

import contextlib
import json
import os
import select
import signal
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from threading import Lock
from typing import NoReturn, Self

#: the variable that makes batches of such a process smaller, see `batching`
CALLS = "CALLS_A_BATCH"


@dataclass
class Forked:
    """A running tasksync; leaving the block waits until it has ended, which a fault hastens."""

    _process: int | None
    _said: Path

    def ended(self) -> bool:
        """Whether it has ended."""
        return self._process is None or _readable(self._process, 0)

    def kill(self) -> None:
        """Send it SIGKILL."""
        if self._process is not None:
            with contextlib.suppress(ProcessLookupError):
                signal.pidfd_send_signal(self._process, signal.SIGKILL)

    def said(self) -> str:
        """What it has said so far."""
        return self._said.read_text("utf-8")

    def __enter__(self) -> Self:
        return self

    def __exit__(self, kind: type[BaseException] | None, *_: object) -> None:
        if kind is not None:  # it may wait for a lock of the test that has failed
            self.kill()
        if self._process is not None:
            _readable(self._process)
            os.close(self._process)


def _readable(process: int, milliseconds: int | None = None) -> bool:
    """Whether a process ends within that time; `select` refuses the numbers of many open files."""
    look = select.poll()
    look.register(process, select.POLLIN)
    return bool(look.poll(milliseconds))


class Forker:
    """Starts them. Threads may share one."""

    def __init__(self, worker: subprocess.Popen[str]) -> None:
        self._worker = worker
        self._lock = Lock()

    def start(self, words: list[str], env: dict[str, str], said: Path) -> Forked:
        """Run tasksync with these arguments and this environment; what it says goes to a file."""
        assert self._worker.stdin is not None
        assert self._worker.stdout is not None
        said.touch()
        with self._lock:
            self._worker.stdin.write(json.dumps([words, env, str(said)]) + "\n")
            self._worker.stdin.flush()
            number = int(self._worker.stdout.readline())
        try:
            return Forked(os.pidfd_open(number), said)
        except ProcessLookupError:
            return Forked(None, said)


@contextmanager
def forker() -> Iterator[Forker]:
    """Have one ready; what it has started ends before it."""
    with subprocess.Popen(
        [sys.executable, __file__],
        env={"PATH": os.defpath},
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
    ) as worker:
        yield Forker(worker)


def imported() -> None:
    """Do the imports of any command."""
    import importlib
    import pkgutil

    import portalocker
    import psycopg
    import requests

    import tasksync

    assert portalocker
    assert psycopg
    assert requests
    for module in pkgutil.walk_packages(tasksync.__path__, "tasksync."):
        if module.name != "tasksync.__main__":
            importlib.import_module(module.name)


def _serve() -> None:
    imported()
    signal.signal(signal.SIGCHLD, signal.SIG_IGN)  # the dead are gone at once
    for line in sys.stdin:
        words, env, said = json.loads(line)
        number = os.fork()
        if not number:
            _become(words, env, said)
        sys.stdout.write(f"{number}\n")
        sys.stdout.flush()


def _become(words: list[str], env: dict[str, str], said: str) -> NoReturn:
    from tasksync.__main__ import main
    from tasksync.portal import batches

    batches.FULL = int(env.pop(CALLS, batches.FULL))
    signal.signal(signal.SIGCHLD, signal.SIG_DFL)
    os.dup2(os.open(os.devnull, os.O_RDONLY), 0)
    out = os.open(said, os.O_WRONLY | os.O_APPEND)
    os.dup2(out, 1)
    os.dup2(out, 2)
    os.environ.clear()
    os.environ.update(env)
    sys.argv = ["tasksync", *words]
    code = 1
    try:
        main()
    except SystemExit as leaving:
        code = int(leaving.code or 0)
    finally:
        sys.stdout.flush()
        sys.stderr.flush()
        os._exit(code)


if __name__ == "__main__":
    _serve()
