"""Runs commands in a process of its own and tells of each how it ended, how long, how much memory.

A line of JSON in, a line of JSON out. Sleeping is skipped: the clock of a run goes on by what it
was to sleep. All else is as a person has it: sockets, time-outs, threads.
"""

from __future__ import annotations

import io
import json
import sys
import threading
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

from tasksync.backends.http_exchange import Exchanges
from tasksync.cli.console import Console
from tasksync.cli.main import run
from tasksync.cli.signals import SystemClock
from tasksync.portal.transport import HttpTransport

_slept = 0.0
_lock = threading.Lock()
_longest = [0.0, 0.0, ""]


def _sleep(_clock: SystemClock, seconds: float) -> None:
    global _slept  # noqa: PLW0603 - one clock for the process
    with _lock:
        _slept += max(seconds, 0.0)


def _timed(work: Callable[..., Any], words: Callable[..., str]) -> Callable[..., Any]:
    def timed(*args: Any, **kwargs: Any) -> Any:
        began, worked = time.monotonic(), time.thread_time()
        try:
            return work(*args, **kwargs)
        finally:
            took, worked = time.monotonic() - began, time.thread_time() - worked
            if took > float(_longest[0]):
                _longest[:] = [took, worked, words(*args)]

    return timed


def _hurried() -> None:
    real = SystemClock.monotonic
    SystemClock.sleep = _sleep  # type: ignore[method-assign]
    SystemClock.monotonic = lambda clock: real(clock) + _slept  # type: ignore[method-assign]
    HttpTransport.__call__ = _timed(  # type: ignore[method-assign]
        HttpTransport.__call__, lambda _self, asked: f"{asked.method} {asked.path}"
    )
    Exchanges.ask = _timed(  # type: ignore[method-assign]
        Exchanges.ask, lambda _self, method, *_more: f"{method} of the state"
    )


def _kilobytes(name: str) -> int:
    lines = Path("/proc/self/status").read_text(encoding="ascii").splitlines()
    return next(int(line.split()[1]) for line in lines if line.startswith(name))


def _one(asked: dict[str, Any]) -> dict[str, Any]:
    out, err = io.StringIO(), io.StringIO()
    console = Console(io.StringIO(), out, err, asked["env"])
    _longest[:] = [0.0, 0.0, ""]
    Path("/proc/self/clear_refs").write_text("5", encoding="ascii")  # the peak begins anew
    before, began = _kilobytes("VmRSS"), time.monotonic()
    code = run(asked["words"], console)
    return {
        "code": code,
        "out": out.getvalue()[-5000:],
        "err": err.getvalue()[-5000:],
        "said": len(err.getvalue()),
        "longest": _longest,
        "took": time.monotonic() - began,
        "megabytes": (_kilobytes("VmHWM") - before) / 1024,
    }


if __name__ == "__main__":
    _hurried()
    answers = sys.stdout
    sys.stdout = sys.stderr
    for line in sys.stdin:
        answers.write(json.dumps(_one(json.loads(line))) + "\n")
        answers.flush()
