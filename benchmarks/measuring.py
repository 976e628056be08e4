"""One run of one program: wall time, CPU and peak memory, as the system counted them."""

from __future__ import annotations

import os
import subprocess
import tempfile
from collections.abc import Callable, Mapping, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from statistics import median
from time import perf_counter
from typing import IO

from benchmarks.places import HOME

_TOLD = 100_000  # bytes of output that are looked at


class Unfit(Exception):
    """A program did not do the work that was to be measured; says what it told."""


@dataclass(frozen=True, slots=True)
class Run:
    """Seconds on the wall, seconds of CPU, megabytes of memory at the peak (of the child alone)."""

    wall: float
    cpu: float
    peak: float

    def plain(self) -> dict[str, float]:
        """Return it for JSON."""
        return {name: round(value, 5) for name, value in asdict(self).items()}


@dataclass(frozen=True, slots=True)
class Subject:
    """A program to measure. `expect` must be in what it prints; `before` runs unmeasured."""

    name: str
    command: Sequence[str]
    expect: str = ""
    codes: tuple[int, ...] = (0,)
    env: Mapping[str, str] | None = None
    cwd: Path | None = None
    before: Callable[[], None] | None = None


def environment(extra: Mapping[str, str] | None = None) -> dict[str, str]:
    """Return a plain environment: nothing of the caller's but PATH; bytecode may be written."""
    HOME.mkdir(parents=True, exist_ok=True)
    plain = {"PATH": os.environ.get("PATH", os.defpath), "HOME": str(HOME), "LANG": "C.UTF-8"}
    return {**plain, "NO_COLOR": "1", **(extra or {})}


def run(subject: Subject) -> tuple[Run, str]:
    """Run a program once; returns its cost and what it printed. Raises Unfit."""
    if subject.before is not None:
        subject.before()
    with tempfile.TemporaryFile() as out:
        begun = perf_counter()
        child = subprocess.Popen(
            list(subject.command),
            stdin=subprocess.DEVNULL,
            stdout=out,
            stderr=subprocess.STDOUT,
            env=environment(subject.env),
            cwd=subject.cwd,
        )
        _pid, status, usage = os.wait4(child.pid, 0)
        wall = perf_counter() - begun
        child.returncode = os.waitstatus_to_exitcode(status)
        told = _tail(out)
    if child.returncode not in subject.codes or subject.expect not in told:
        tail = told[-1_500:]
        msg = f"{subject.name}: exit {child.returncode}, no {subject.expect!r}\n{tail}"
        raise Unfit(msg)
    return Run(wall, usage.ru_utime + usage.ru_stime, usage.ru_maxrss / 1024), told


def _tail(out: IO[bytes]) -> str:
    """Return the end of what was told, for a child's peak begins with the size of its parent."""
    size = out.seek(0, os.SEEK_END)
    out.seek(max(size - _TOLD, 0))
    return out.read().decode("utf-8", "replace")


def turns(subjects: Sequence[Subject], times: int) -> dict[str, list[Run]]:
    """Run programs turn by turn, the order reversed at every second turn."""
    found: dict[str, list[Run]] = {subject.name: [] for subject in subjects}
    for turn in range(times):
        for subject in subjects if turn % 2 == 0 else reversed(subjects):
            found[subject.name].append(run(subject)[0])
    return found


def ratio(ours: Sequence[Run], theirs: Sequence[Run]) -> float:
    """Return the median of the ratios of wall time, pair by pair."""
    return median(a.wall / b.wall for a, b in zip(ours, theirs, strict=True))


def wall(runs: Sequence[Run]) -> float:
    """Return the median wall time."""
    return median(one.wall for one in runs)


def peak(runs: Sequence[Run]) -> float:
    """Return the median peak memory."""
    return median(one.peak for one in runs)


def costs(found: Mapping[str, Sequence[Run]]) -> list[tuple[str, float, float, float]]:
    """Return the medians of every program: name, wall seconds, CPU seconds, peak MB."""
    return [
        (name, wall(runs), median(one.cpu for one in runs), peak(runs))
        for name, runs in found.items()
    ]
