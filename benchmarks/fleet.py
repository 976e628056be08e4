"""`python -m benchmarks.fleet`: a fleet of portals on this machine, for docs/scale.md.

So many sandboxes with the vendor's limits on loopback, each with a key of its own, one PostgreSQL
for all states: the first roll-out and a plan without change, by `tasksync fleet` with several
--jobs, then on Dask workers. `--portals 4 --tasks 200 --jobs 2 --workers 1` is a quick look.
"""

from __future__ import annotations

import argparse
import json
import os
import subprocess
import sys
from collections.abc import Iterator, Mapping, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from pathlib import Path
from statistics import median
from tempfile import TemporaryDirectory
from typing import Any

from benchmarks import manifests, processes
from benchmarks.applying import allowed
from benchmarks.clusters import cluster
from benchmarks.databases import postgres
from benchmarks.measuring import Subject, Unfit, environment, run
from benchmarks.places import CHECKOUT, PEERS, WORK
from benchmarks.portals import Sandbox
from benchmarks.results import machine
from benchmarks.simulate import put
from benchmarks.venvs import FLEET

PAGE = CHECKOUT / "docs" / "scale.md"
MARKS = ("<!-- fleet: begin -->", "<!-- fleet: end -->")
PORTALS, TASKS = 20, 2_000
#: projects at once of one Dask worker
THREADS = 2


@dataclass(frozen=True, slots=True)
class Round:
    """One command over the whole fleet; `bound` is what the limits allow with so many at once.

    CPU seconds are of the projects' processes with the command itself, of all portals, and of the
    database; `seconds` is the median of one project's process.
    """

    where: str
    at_once: int
    verb: str
    wall: float
    bound: float
    seconds: float
    cpu: float
    portals: float
    database: float
    requests: int
    throttled: int
    load: float


@dataclass(frozen=True, slots=True)
class Machine:
    """Where the fleet is: its portals and its database, all on this machine."""

    portals: tuple[Sandbox, ...]
    serving: tuple[int, ...]
    url: str
    tasks: int
    folder: Path

    @property
    def env(self) -> dict[str, str]:
        """The keys under the names that the fleet's file tells."""
        return {f"P{number:02}_KEY": one.key for number, one in enumerate(self.portals)}

    def database_cpu(self) -> float:
        """Return what the database has used so far."""
        port = self.url.rpartition(":")[2].partition("/")[0]
        return processes.cpu([processes.of_command("-p", port)])

    def written(self, name: str) -> Path:
        """Write a fleet of projects that no state knows yet; returns the file."""
        folder = self.folder / name
        lines = [
            "apiVersion: tasksync/v1",
            "fleet: measured",
            f"defaults: {{state: '{self.url}'}}",
            "projects:",
        ]
        for number, portal in enumerate(self.portals):
            project = f"p{number:02}"
            manifests.write(folder / project, self.tasks, name=f"r{name}-{project}")
            lines.append(
                f"  {project}: {{path: {project}, key: P{number:02}_KEY, portal: '{portal.url}'}}"
            )
        file = folder / "fleet.yaml"
        file.write_text("\n".join([*lines, ""]), encoding="utf-8")
        return file


@contextmanager
def machine_of(portals: int, tasks: int) -> Iterator[Machine]:
    """Have so many portals and a database for the length of a block."""
    with ExitStack() as stack, postgres() as url:
        children = []
        found = []
        for number in range(portals):
            key = f"vibe_api_measured_{number:02}"
            child = subprocess.Popen(
                [FLEET.python, str(PEERS / "portal.py"), key],
                stdout=subprocess.PIPE,
                env=environment(),
                text=True,
            )
            stack.callback(_ended, child)
            children.append(child)
            found.append((child, key))
        served = tuple(Sandbox(_url(child), key) for child, key in found)
        # outside of the checkout: a bundle for a worker tells the names of all that is beside it
        folder = Path(stack.enter_context(TemporaryDirectory(prefix="tasksync-fleet-")))
        yield Machine(served, tuple(child.pid for child in children), url, tasks, folder)


def _url(child: subprocess.Popen[str]) -> str:
    line = child.stdout.readline().strip() if child.stdout is not None else ""
    if not line:
        raise Unfit("a portal did not start")
    return line


def _ended(child: subprocess.Popen[str]) -> None:
    child.terminate()
    child.wait(60)
    if child.stdout is not None:
        child.stdout.close()


def rounds(here: Machine, where: str, words: Sequence[str], at_once: int) -> Iterator[Round]:
    """Yield the first roll-out of all portals, empty before, and then a plan without change."""
    for portal in here.portals:
        portal.clear()
    file = here.written(where.replace(" ", "-").lower())
    for verb in ("apply", "plan"):
        yield measured(here, file, verb, words, where, min(at_once, len(here.portals)))


def measured(
    here: Machine, file: Path, verb: str, words: Sequence[str], where: str, at_once: int
) -> Round:
    """Run a command over the fleet once; raises Unfit where a project did not do its work."""
    for portal in here.portals:
        portal.forget()
    command = [FLEET.program("tasksync"), "fleet", verb, str(file), *words]
    command += ["--yes"] if verb == "apply" else []
    command += ["--format", "json", "--out", str(file.parent)]
    serving, database = processes.cpu(here.serving), here.database_cpu()
    took, _told = run(Subject("fleet", command, env=here.env))
    report = json.loads((file.parent / "report.json").read_text(encoding="utf-8"))
    projects = report["projects"]
    _hold(projects, verb, here.tasks)
    stats = [portal.stats() for portal in here.portals]
    return Round(
        where,
        at_once,
        verb,
        took.wall,
        bound([allowed(one["requests"]) for one in stats], at_once),
        median(one["seconds"] for one in projects),
        took.cpu,
        processes.cpu(here.serving) - serving,
        here.database_cpu() - database,
        sum(one["requests"] for one in stats),
        sum(one["throttled"] for one in stats),
        os.getloadavg()[0],
    )


def _hold(projects: Sequence[Mapping[str, Any]], verb: str, tasks: int) -> None:
    for one in projects:
        added = tasks if verb == "apply" else 0
        if one["exit_code"] != 0 or one["counts"].get("add", 0) != added:
            raise Unfit(f"{one['name']}: exit {one['exit_code']}, {one['words']}, {one['counts']}")


def bound(each: Sequence[float], at_once: int) -> float:
    """Return the seconds of all projects where each takes so long and so many run at once."""
    ends = [0.0] * max(at_once, 1)
    for seconds in each:
        first = ends.index(min(ends))
        ends[first] += seconds
    return max(ends)


def _lines(args: argparse.Namespace, found: Sequence[Round]) -> Iterator[str]:
    """Yield the measured part of the page."""
    today = datetime.now(UTC).strftime("%Y-%m-%d")
    tasks = f"{args.tasks:,}".replace(",", " ")
    loads = [one.load for one in found]
    yield f"Measured on {today} by `python -m benchmarks.fleet` on {machine()}:"
    yield f"{args.portals} portals with {tasks} tasks each. Portals, PostgreSQL and projects"
    yield "share this one machine, on which others worked as well: its load average was"
    yield f"{min(loads):.0f} to {max(loads):.0f}, and *cores used* is what all of this got of it."
    for verb, what in (("apply", "First roll-out"), ("plan", "Plan without a change")):
        yield ""
        yield f"{what}:"
        yield ""
        yield (
            "| projects at once | wall | the limits allow | CPU: projects | CPU: portals | "
            "CPU: PostgreSQL | cores used | one project |"
        )
        yield "|---|---|---|---|---|---|---|---|"
        for one in found:
            if one.verb == verb:
                yield _row(one)
    asked = [one.requests for one in found if one.verb == "apply"]
    throttled = sum(one.throttled for one in found)
    yield ""
    yield f"A roll-out was {min(asked)} to {max(asked)} requests; {throttled} were throttled."


def _row(one: Round) -> str:
    cores = (one.cpu + one.portals + one.database) / one.wall
    return (
        f"| {one.where} | {one.wall:.1f} s | {one.bound:.1f} s | {one.cpu:.1f} s | "
        f"{one.portals:.1f} s | {one.database:.1f} s | {cores:.2f} | {one.seconds:.1f} s |"
    )


def _arguments() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="python -m benchmarks.fleet", description=__doc__)
    add = parser.add_argument
    add("--portals", type=int, default=PORTALS, help=f"how many (default: {PORTALS})")
    add("--tasks", type=int, default=TASKS, help=f"of each portal (default: {TASKS})")
    add("--jobs", type=int, nargs="*", default=[1, 4, 8], help="on this machine (default: 1 4 8)")
    add("--workers", type=int, nargs="*", default=[1, 2, 4], help="of Dask (default: 1 2 4)")
    add("--write", action="store_true", help="write the page's part")
    return parser


def _cluster_rounds(here: Machine, workers: int) -> Iterator[Round]:
    with cluster(WORK / "dask", workers, THREADS, here.env) as (address, pids):
        on = ("--on", f"dask:{address}")
        before = processes.cpu(pids)
        for one in rounds(here, f"{workers} of Dask", on, workers * THREADS):
            now = processes.cpu(pids)
            many = "worker" if workers == 1 else "workers"
            where = f"{one.at_once} on {workers} Dask {many}"
            yield replace(one, where=where, cpu=one.cpu + now - before)
            before = now


def main(argv: Sequence[str]) -> int:
    """Measure, and write the page's part."""
    args = _arguments().parse_args(argv)
    FLEET.ready()
    found: list[Round] = []
    with machine_of(args.portals, args.tasks) as here:
        for jobs in args.jobs:
            for one in rounds(here, f"{jobs}", ("--jobs", str(jobs)), jobs):
                found.append(one)
                print(one, flush=True)
        for workers in args.workers:
            for one in _cluster_rounds(here, workers):
                found.append(one)
                print(one, flush=True)
    lines = list(_lines(args, found))
    print("\n".join(lines))
    if args.write:
        put(PAGE, lines, MARKS)
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
