"""What processes that serve have used of the CPU, with all that they began."""

from __future__ import annotations

import os
from collections.abc import Iterable, Iterator
from pathlib import Path

_TICKS = os.sysconf("SC_CLK_TCK")


def cpu(pids: Iterable[int]) -> float:
    """Return the seconds of CPU of these processes and of their children, ended ones included."""
    below: dict[int, list[int]] = {}
    times: dict[int, float] = {}
    for pid, parent, seconds in _all():
        below.setdefault(parent, []).append(pid)
        times[pid] = seconds
    found, waiting = 0.0, [pid for pid in pids if pid]
    while waiting:
        pid = waiting.pop()
        found += times.get(pid, 0.0)
        waiting += below.get(pid, ())
    return found


def of_command(*words: str) -> int:
    """Return the first process whose command line holds these words one after another; 0: none."""
    wanted = b"\0".join(word.encode() for word in words)
    for path in Path("/proc").glob("[0-9]*/cmdline"):
        try:
            if wanted in path.read_bytes():
                return int(path.parent.name)
        except OSError:
            continue
    return 0


def _all() -> Iterator[tuple[int, int, float]]:
    for path in Path("/proc").glob("[0-9]*/stat"):
        try:
            text = path.read_text(encoding="utf-8", errors="replace")
        except OSError:
            continue
        words = text.rpartition(")")[2].split()  # from the state on: proc(5) counts it as 3
        yield int(path.parent.name), int(words[1]), sum(map(int, words[11:15])) / _TICKS
