"""`python -m benchmarks.simulate`: many runners against one PostgreSQL, for docs/scale.md.

Measures commits a second and load time on a real server with its default durability, works out
the portals' time from the vendor's limits, and writes the tables between the marks of the page.
"""

from __future__ import annotations

import argparse
import json
import subprocess
import sys
import time
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from statistics import median, quantiles

from benchmarks.applying import BATCH, allowed
from benchmarks.databases import postgres
from benchmarks.measuring import environment
from benchmarks.places import CHECKOUT, PEERS
from benchmarks.results import kept, machine
from benchmarks.venvs import TASKSYNC

PAGE = CHECKOUT / "docs" / "scale.md"
BEGIN, END = "<!-- measured: begin -->", "<!-- measured: end -->"
#: what one portal's key allows: 300 requests a minute
BATCHES_A_SECOND = 5.0
TASKS_EACH, PORTALS = 10_000, 100
#: batches of creates begin at 10: so many requests more than fifties alone
GROWING = 2
#: what the cloud lets one method work in ten minutes, and how many requests run at once
WORKING, TEN_MINUTES, AT_ONCE = 480.0, 600.0, 2


@dataclass(frozen=True, slots=True)
class Crowd:
    """So many runners at once: what they committed in all, and how long a batch took (ms)."""

    runners: int
    paced: bool
    batches_a_second: float
    middle: float
    slow: float
    cpu: float


def crowd(url: str, runners: int, seconds: float, *, paced: bool) -> Crowd:
    """Let runners commit at the same time, each its own project, one process each."""
    start = time.time() + 3 + runners * 0.35
    rate = BATCHES_A_SECOND if paced else 0
    words = [TASKSYNC.python, str(PEERS / "runner.py"), url]
    tail = [str(start), str(seconds), str(rate)]
    name = f"{'paced' if paced else 'free'}-{runners}"
    children = [
        subprocess.Popen(
            [*words, f"{name}-{number}", *tail], stdout=subprocess.PIPE, env=environment()
        )
        for number in range(runners)
    ]
    told = [json.loads(child.communicate()[0]) for child in children]
    took = [one for each in told for one in each["ms"]]
    return Crowd(
        runners,
        paced,
        sum(each["batches"] for each in told) / seconds,
        median(took),
        quantiles(took, n=20)[-1],
        sum(each["cpu"] for each in told) / seconds,
    )


def loading(url: str, entries: int) -> float:
    """Return the seconds in which a plan has the index of so many entries."""
    words = [TASKSYNC.python, str(PEERS / "load_state.py"), url, f"load-{entries}", str(entries)]
    told = subprocess.run(words, check=True, capture_output=True, env=environment())
    return float(json.loads(told.stdout)["load"])


def measured(seconds: float, most: int) -> Iterator[str]:
    """Yield the lines of the measured part of the page."""
    with postgres() as url:
        free = [crowd(url, n, seconds, paced=False) for n in (1, 4, 16) if n <= most]
        paced = [crowd(url, n, seconds, paced=True) for n in (25, 50, 100) if n <= most]
        loads = [(count, loading(url, count)) for count in (1_000, 10_000, 100_000)]
    today = datetime.now(UTC).strftime("%Y-%m-%d")
    yield f"Measured on {today} by `python -m benchmarks.simulate` on {machine()}. The runners,"
    yield "the server and its disk share this one machine, so both are slower than apart."
    yield ""
    yield (
        "| runners at once, one PostgreSQL | batches a second | tasks a second | median batch | "
        "95 % within | runners' CPU |"
    )
    yield "|---|---|---|---|---|---|"
    for one in (*free, *paced):
        how = "at the portals' pace (5 a second each)" if one.paced else "as fast as it goes"
        yield (
            f"| {one.runners}, {how} | {one.batches_a_second:.0f} | "
            f"{one.batches_a_second * BATCH:.0f} | {one.middle:.1f} ms | {one.slow:.1f} ms | "
            f"{one.cpu:.2f} cores |"
        )
    best = max(one.batches_a_second for one in (*free, *paced))
    whole = PORTALS * TASKS_EACH / BATCH
    yield ""
    yield "A batch is 50 creates: two durable transactions, intents before, entries after. At the"
    took = f"{whole:.0f} batches of a first million take {whole / best:.0f} s."
    yield f"best of these rates the {took}"
    yield ""
    yield "| a project's state is loaded for a plan | seconds |"
    yield "|---|---|"
    for count, took in loads:
        yield f"| {count:,} entries |".replace(",", " ") + f" {took:.3f} |"
    yield ""
    yield from _portals()


def _portals() -> Iterator[str]:
    """Yield the portals' time: worked out from the limits, not measured."""
    yield "| work on a portal | requests | at the limits, at least |"
    yield "|---|---|---|"
    for what, tasks in (
        ("plan of 10 000 tasks, nothing changed", 0),
        ("1 % of 10 000 tasks changed", 100),
        ("10 000 creates: the first roll-out", TASKS_EACH),
        ("1 000 000 creates on one portal", TASKS_EACH * PORTALS),
    ):
        reads = -(-max(TASKS_EACH, tasks) // 5_000) + 2
        requests = -(-tasks // BATCH) + (reads if not tasks else 2 * reads)
        requests += GROWING if tasks >= TASKS_EACH else 0
        asked = f"{requests:,}".replace(",", " ")
        yield f"| {what} | {asked} | {_time(allowed(requests))} |"
    yield ""
    yield from cloud_table()
    plan = kept().get("cold-plan-10k")
    if plan:
        cpu = next(row[2] for row in plan["table"] if row[0] == "tasksync")
        yield ""
        yield (
            f"One cold plan of 10 000 tasks with a live refresh costs {cpu:.2f} s of CPU "
            f"(`python -m benchmarks cold-plan-10k`), so a hundred of them {cpu * 100:.0f} s."
        )


def cloud_table() -> Iterator[str]:
    """Yield what the cloud's limit on a method's working time makes of creates: worked out."""
    yield "| creates on one portal | 0.02 s each | 0.1 s each | 1 s each (a busy portal) |"
    yield "|---|---|---|---|"
    for tasks in (100, 1_000, TASKS_EACH, TASKS_EACH * PORTALS):
        took = " | ".join(_time(in_the_cloud(tasks, each)) for each in (0.02, 0.1, 1.0))
        yield f"| {tasks:,} | {took} |".replace(",", " ")


def in_the_cloud(creates: int, each: float) -> float:
    """Return the seconds that creates take, at least, where a method may work so long.

    480 s in any ten minutes is the documented example (api-contract 5.2 and 6.1). What is allowed
    is used up by two requests at once; then nothing is done until the ten minutes are over.
    """
    requests = -(-creates // BATCH) + (GROWING if creates >= BATCH else 0)
    windows, rest = divmod(creates * each, WORKING)
    if not rest and windows:
        windows, rest = windows - 1, WORKING
    return max(allowed(requests), windows * TEN_MINUTES + rest / AT_ONCE)


def _time(seconds: float) -> str:
    if seconds < 120:
        return f"{seconds:.1f} s"
    hours, days = seconds / 3600, seconds / 86_400
    if hours < 3:
        return f"{seconds / 60:.0f} min"
    return f"{hours:.1f} h" if days < 3 else f"{days:.0f} days"


def put(page: Path, lines: Sequence[str], marks: tuple[str, str] = (BEGIN, END)) -> None:
    """Write lines between the marks of a page."""
    begin, end = marks
    text = page.read_text(encoding="utf-8")
    head, _, rest = text.partition(begin)
    tail = rest.partition(end)[2]
    body = "\n".join(lines)
    page.write_text(f"{head}{begin}\n{body}\n{end}{tail}", encoding="utf-8")


def main(argv: Sequence[str]) -> int:
    """Measure, and write the page's tables."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks.simulate", description=__doc__)
    parser.add_argument("--seconds", type=float, default=8.0, help="how long a crowd commits")
    parser.add_argument("--most", type=int, default=100, help="the largest crowd (default: 100)")
    args = parser.parse_args(argv)
    TASKSYNC.ready()
    lines = list(measured(args.seconds, args.most))
    put(PAGE, lines)
    print("\n".join(lines))
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
