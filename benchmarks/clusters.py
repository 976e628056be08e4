"""A Dask cluster on loopback for the length of a block: a scheduler, and workers with threads."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import time
from collections.abc import Iterator, Mapping
from contextlib import ExitStack, contextmanager, suppress
from pathlib import Path

from benchmarks.measuring import Unfit, environment
from benchmarks.venvs import FLEET

_PATIENCE = 120.0


@contextmanager
def cluster(
    folder: Path, workers: int, threads: int, env: Mapping[str, str]
) -> Iterator[tuple[str, tuple[int, ...]]]:
    """Yield the scheduler's address and the processes; `env` is what a worker finds there."""
    shutil.rmtree(folder, ignore_errors=True)
    folder.mkdir(parents=True)
    file = folder / "scheduler.json"
    with ExitStack() as stack:
        words = ["--host", "127.0.0.1", "--port", "0", "--no-dashboard", "--no-jupyter"]
        pids = [_begun(stack, folder, "scheduler", [*words, "--scheduler-file", str(file)], {})]
        address = str(_read(file)["address"])
        for number in range(workers):
            words = [address, "--nthreads", str(threads), "--no-nanny", "--no-dashboard"]
            words += ["--local-directory", str(folder / f"worker-{number}")]
            pids.append(_begun(stack, folder, "worker", words, env))
        _there(folder, workers)
        yield address, tuple(pids)


def _begun(
    stack: ExitStack, folder: Path, what: str, words: list[str], env: Mapping[str, str]
) -> int:
    log = stack.enter_context((folder / f"{what}-{time.monotonic_ns()}.log").open("wb"))
    child = subprocess.Popen(
        [FLEET.python, "-m", f"distributed.cli.dask_{what}", *words],
        stdin=subprocess.DEVNULL,
        stdout=log,
        stderr=subprocess.STDOUT,
        env=environment({"PATH": _path(), **env}),
        cwd=folder,
    )
    stack.callback(_ended, child)
    return child.pid


def _path() -> str:
    return os.pathsep.join((str(Path(FLEET.python).parent), os.defpath))


def _ended(child: subprocess.Popen[bytes]) -> None:
    child.terminate()
    try:
        child.wait(20)
    except subprocess.TimeoutExpired:
        child.kill()
        child.wait()


def _read(file: Path) -> dict[str, object]:
    end = time.monotonic() + _PATIENCE
    while time.monotonic() < end:
        with suppress(OSError, ValueError):
            found: dict[str, object] = json.loads(file.read_text(encoding="utf-8"))
            return found
        time.sleep(0.1)
    raise Unfit("the Dask scheduler did not start")


def _there(folder: Path, workers: int) -> None:
    end = time.monotonic() + _PATIENCE
    while time.monotonic() < end:
        logs = (path.read_text("utf-8", "replace") for path in folder.glob("worker-*.log"))
        if sum("Registered to" in log for log in logs) >= workers:
            return
        time.sleep(0.1)
    raise Unfit("the Dask workers did not start")
