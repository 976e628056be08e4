"""The rows about apply: at the vendor's limits, the state's share, and one batch by size."""

from __future__ import annotations

import json
from pathlib import Path
from statistics import median

from benchmarks.measuring import Run, Subject, costs, run
from benchmarks.places import PEERS, WORK
from benchmarks.portals import sandbox
from benchmarks.results import Outcome
from benchmarks.scenes import Scene
from benchmarks.venvs import TASKSYNC

PER_SECOND, PER_MINUTE, BATCH = 10, 300, 50
_COUNT = 10_000


def allowed(requests: int) -> float:
    """Return the seconds that so many requests take at the vendor's limits, at least.

    300 at 10 a second, and so again from each minute on: 300 in any 60 s.
    """
    whole, rest = divmod(max(requests - 1, 0), PER_MINUTE)
    return whole * 60.0 + rest / PER_SECOND


def at_the_limits(pairs: int) -> Outcome:
    """Apply 10 000 creates to a sandbox with the vendor's limits, over a socket."""
    scene = Scene(_COUNT)
    runs: list[Run] = []
    ratios, strict, sums = [], [], []
    for _ in range(pairs):
        with sandbox(limits="vendor") as portal:
            once = run(scene.apply(portal, _fresh("limits")))[0]
            told = portal.stats()
        runs.append(once)
        sums.append(told)
        ratios.append(once.wall / allowed(told["requests"]))
        strict.append(once.wall / allowed(-(-_COUNT // BATCH)))
    figures = {
        "ratio": median(ratios),
        "ratio to the writing requests alone": median(strict),
        "throttled answers": float(max(one["throttled"] for one in sums)),
        "writing requests": float(max(one["writes"] for one in sums)),
        "requests": float(max(one["requests"] for one in sums)),
        "limits allow, s": allowed(max(one["requests"] for one in sums)),
    }
    note = (
        "What the limits allow: the first 300 requests at 10 a second, then 300 in any 60 s, for "
        "the requests that the server counted; start-up, reading and proof are in the wall time."
    )
    return Outcome(figures, costs({"tasksync apply": runs}), [note])


def durable_share(pairs: int) -> Outcome:
    """Apply 10 000 creates over a socket; count the CPU that is spent inside the store."""
    scene = Scene(_COUNT)
    runs: list[Run] = []
    shares, commits = [], []
    script = str(PEERS / "counted_apply.py")
    for _ in range(pairs):
        with sandbox() as portal:
            subject = scene.apply(portal, _fresh("durable"))
            words = [TASKSYNC.python, script, *subject.command[1:]]
            once, told = run(Subject(subject.name, words, subject.expect, env=portal.env))
        counted = json.loads(told[told.rindex('{"store"') :])
        runs.append(once)
        shares.append(counted["store"] / once.cpu)
        commits.append(counted["commits"])
    note = (
        "The store that the CLI opened is wrapped by one that passes every call on and adds up the "
        "thread's CPU time inside (encoding of entries and intents included); divided by all CPU "
        "of the process, start-up and reading of the manifest too. The wall time is the pace's."
    )
    figures = {"share": median(shares), "commits": median(commits)}
    return Outcome(figures, costs({"tasksync apply": runs}), [note])


def one_batch(pairs: int) -> Outcome:
    """Commit batches of 50 to copies of two states, turn by turn, in one process."""
    small, big = (Scene(count).ready() for count in (1_000, 100_000))
    script = str(PEERS / "one_batch.py")
    files = [f"{scene.count}={scene.copy_of_state('batch')}" for scene in (small, big)]
    _once, told = run(
        Subject("one batch", [TASKSYNC.python, script, str(40 * pairs), *files], '{"ratio"')
    )
    found = json.loads(told[told.rindex('{"ratio"') :])
    return Outcome(
        {
            "ratio": found["ratio"],
            "ms at 1 000": found["ms"][0],
            "ms at 100 000": found["ms"][1],
        },
        notes=["Two durable transactions a batch: 50 intents, then 50 entries that close them."],
    )


def _fresh(name: str) -> Path:
    """Return the path of a state that is not there yet."""
    folder = WORK / "copies"
    folder.mkdir(parents=True, exist_ok=True)
    for path in folder.glob(f"{name}-apply.db*"):
        path.unlink()
    return folder / f"{name}-apply.db"
