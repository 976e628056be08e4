"""A first plan from a bare Python: what is installed for it, and how long that takes."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
import venv
from collections.abc import Callable, Mapping
from pathlib import Path

from benchmarks import manifests, others
from benchmarks.measuring import Run, Subject, costs, environment, ratio, run, turns
from benchmarks.places import CHECKOUT, PEERS, WORK
from benchmarks.results import Outcome
from benchmarks.venvs import OCTODNS, TASKSYNC, UV

#: the last commit before packages were counted: 23 of them, extras apart
BEFORE = "938bcf3"
_TASKS = 1_000
_HERE = WORK / "install"
#: where a machine keeps its certificates, which uv does not look for by itself
_OURS = {name: os.environ[name] for name in ("SSL_CERT_FILE",) if name in os.environ}


def installing(pairs: int) -> Outcome:
    """Install and plan, turn by turn: this checkout, the one before, octoDNS; by pip and by uv."""
    shutil.rmtree(_HERE, ignore_errors=True)
    wheels = {"tasksync": _wheel("HEAD"), "before": _wheel(BEFORE)}
    figures: dict[str, float] = {}
    found: dict[str, list[Run]] = {}
    for tool in ("pip", "uv"):
        subjects = [_plan_of(name, wheel, tool) for name, wheel in wheels.items()]
        runs = turns((*subjects, _octodns(tool)), pairs)
        ours, before, theirs = runs.values()
        figures[f"{tool}: ratio to {BEFORE}"] = ratio(ours, before)
        figures[f"{tool}: CPU ratio to {BEFORE}"] = cpu_ratio(ours, before)
        figures[f"{tool}: ratio to octoDNS"] = ratio(ours, theirs)
        found |= runs
    trees = {name: _tree(_HERE / f"pip-{name}") for name in wheels}
    figures["packages"] = len(trees["tasksync"]) - 1  # itself
    table = _table(trees["tasksync"], trees["before"])
    return Outcome(figures, costs(found), text=table)


def cpu_ratio(ours: list[Run], theirs: list[Run]) -> float:
    """Return the median of the ratios of CPU time, pair by pair."""
    found = sorted(a.cpu / b.cpu for a, b in zip(ours, theirs, strict=True))
    return found[len(found) // 2]


def _wheel(commit: str) -> Path:
    """Build the wheel of a commit of this repository."""
    source, out = _HERE / f"source-{commit}", _HERE / f"wheel-{commit}"
    shutil.rmtree(source, ignore_errors=True)
    shutil.rmtree(out, ignore_errors=True)
    source.mkdir(parents=True)
    archive = subprocess.run(
        ["git", "-C", str(CHECKOUT), "archive", commit], check=True, capture_output=True
    ).stdout
    subprocess.run(["tar", "-x", "-C", str(source)], input=archive, check=True)
    pip = [TASKSYNC.ready().python, "-m", "pip", "wheel", "-q", "--no-deps", "-w", str(out)]
    subprocess.run([*pip, str(source)], check=True, capture_output=True)
    (found,) = out.glob("*.whl")
    return found


def _plan_of(name: str, wheel: Path, tool: str) -> Subject:
    folder = _HERE / f"{tool}-{name}"
    manifest = manifests.write(_HERE / "manifests", _TASKS)
    plan = ["bin/tasksync", "plan", "-f", str(manifest), "--portal", "sandbox:"]
    return _subject(f"{tool}: {name}", folder, tool, str(wheel), plan, f"{_TASKS} to add")


def _octodns(tool: str) -> Subject:
    plan = others.octodns(_TASKS, new=True)
    words = ["bin/octodns-sync", *plan.command[1:]]
    folder = _HERE / f"{tool}-octodns"
    return _subject(f"{tool}: octoDNS", folder, tool, OCTODNS.wants[0], words, plan.expect)


def _subject(
    name: str, folder: Path, tool: str, wanted: str, plan: list[str], expect: str
) -> Subject:
    python = str(folder / "bin" / "python")
    by_uv = [UV.ready().program("uv"), "pip", "install", "-q", "--no-cache", "--python", python]
    by_pip = [python, "-m", "pip", "install", "-q", "--no-cache-dir"]
    install = [*(by_uv if tool == "uv" else by_pip), wanted]
    script = str(PEERS / "install_and_plan.py")
    command = [sys.executable, script, str(folder), json.dumps(install), json.dumps(plan)]
    bare = _bare(folder, with_pip=tool == "pip")
    return Subject(name, command, expect, env=_OURS, cwd=WORK, before=bare)


def _bare(folder: Path, *, with_pip: bool) -> Callable[[], None]:
    def make() -> None:
        venv.create(folder, clear=True, with_pip=with_pip, symlinks=True)

    return make


def starting(pairs: int) -> Outcome:
    """Plan new tasks, turn by turn: this checkout and the one before, whole processes by CPU."""
    figures: dict[str, float] = {}
    found: dict[str, list[Run]] = {}
    folders = {"tasksync": installed("HEAD"), "before": installed(BEFORE)}
    for count in (1, 100, _TASKS):
        for words in ((), ("--no-refresh",)):
            what = " ".join((f"{count} new", *words))
            subjects = [_start_of(name, folders[name], count, what, words) for name in folders]
            runs = turns(subjects, pairs)
            figures[f"{what}: CPU ratio"] = cpu_ratio(*runs.values())
            found |= runs
    return Outcome(figures, costs(found))


def _start_of(name: str, folder: Path, count: int, what: str, words: tuple[str, ...]) -> Subject:
    manifest = manifests.write(_HERE.with_name(f"new-{count}"), count)
    here = _HERE.with_name(f"start-{name}")

    def fresh() -> None:
        shutil.rmtree(here, ignore_errors=True)
        here.mkdir(parents=True)

    command = [str(folder / "bin" / "tasksync"), "plan", "-f", str(manifest)]
    command += ["--portal", "sandbox:", *words]
    expect = f"{count} to add"
    return Subject(f"{what}: {name}", command, expect, cwd=here, before=fresh)


def installed(commit: str) -> Path:
    """Return the environment in which a commit is installed, made where it is missing."""
    folder = _HERE.with_name(f"venv-of-{commit}")
    wheel = _wheel(commit)
    if commit == "HEAD" or not folder.exists():
        venv.create(folder, with_pip=True, symlinks=True, clear=True)
        python = str(folder / "bin" / "python")
        run(Subject("pip", [python, "-m", "pip", "install", "-q", str(wheel)]))
    return folder


def _tree(folder: Path) -> Mapping[str, Mapping[str, object]]:
    """Return what an environment has: package -> version, megabytes, files of Python, needed by."""
    python = str(folder / "bin" / "python")
    asked = subprocess.run(
        [python, str(PEERS / "tree.py"), "tasksync"],
        check=True,
        capture_output=True,
        env=environment(),
    )
    found: dict[str, dict[str, object]] = json.loads(asked.stdout)
    return found


def _table(
    ours: Mapping[str, Mapping[str, object]], before: Mapping[str, Mapping[str, object]]
) -> str:
    lines = ["| package | version | needed by | MB on disk | .py files |", "|---|---|---|---|---|"]
    for name, one in ours.items():
        lines.append(
            f"| {name} | {one['version']} | {one['for']} | {one['megabytes']} | {one['files']} |"
        )
    lines.append(_total("**all**", ours))
    lines.append(_total(f"all of {BEFORE}", before))
    gone = [name for name in before if name not in ours]
    return "\n".join([*lines, "", f"Needed no more: {', '.join(gone) or 'nothing'}."])


def _total(name: str, tree: Mapping[str, Mapping[str, object]]) -> str:
    megabytes = sum(float(str(one["megabytes"])) for one in tree.values())
    files = sum(int(str(one["files"])) for one in tree.values())
    return f"| {name} | | | {megabytes:.1f} | {files} |"
