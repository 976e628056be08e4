"""What was measured, kept in .work/results.json so that partial runs add up to one report."""

from __future__ import annotations

import json
import os
import platform
from dataclasses import asdict, dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from benchmarks.places import KEPT


@dataclass(frozen=True, slots=True)
class Goal:
    """One thing to be reached: `value` of the row's figures is to be at most `most`."""

    figure: str
    most: float
    words: str


#: subject, wall seconds, CPU seconds of the process, peak MB
Cost = tuple[str, float, float, float]


@dataclass(slots=True)
class Outcome:
    """What one row measured.

    `figures` are single numbers by name; `table` rows of (subject, wall s, CPU s, peak MB); `notes`
    says in words what a reader has to know of this run.
    """

    figures: dict[str, float]
    table: list[Cost] = field(default_factory=list)
    notes: list[str] = field(default_factory=list)
    text: str = ""


def machine() -> str:
    """Return processor, cores, memory and system in one line."""
    model, memory = platform.machine(), 0
    for line in _lines("/proc/cpuinfo"):
        if line.startswith("model name"):
            model = line.partition(":")[2].strip()
            break
    for line in _lines("/proc/meminfo"):
        if line.startswith("MemTotal"):
            memory = round(int(line.split()[1]) / 1024**2)
    return (
        f"{os.cpu_count()} x {model}, {memory} GiB, {platform.system()} {platform.release()}, "
        f"CPython {platform.python_version()}"
    )


def _lines(path: str) -> list[str]:
    try:
        return Path(path).read_text(encoding="utf-8").splitlines()
    except OSError:
        return []


def keep(row: str, outcome: Outcome, pairs: int, versions: dict[str, str]) -> None:
    """Write a row's outcome beside those of earlier runs."""
    everything = kept()
    everything[row] = {
        **asdict(outcome),
        "pairs": pairs,
        "versions": versions,
        "machine": machine(),
        "date": datetime.now(UTC).strftime("%Y-%m-%d"),
        "load": round(os.getloadavg()[0], 2),
    }
    KEPT.parent.mkdir(parents=True, exist_ok=True)
    aside = KEPT.with_suffix(".new")
    aside.write_text(json.dumps(everything, indent=1), encoding="utf-8")
    aside.replace(KEPT)


def kept() -> dict[str, Any]:
    """Return every row's last outcome."""
    if not KEPT.exists():
        return {}
    found: dict[str, Any] = json.loads(KEPT.read_text(encoding="utf-8"))
    return found
