"""Time one batch persisted (50 intents, then 50 entries) in stores of different sizes.

usage: one_batch.py TIMES COUNT=STATE.db ...; runs in tasksync's environment.
"""

import json
import sys
from datetime import UTC, datetime
from pathlib import Path
from statistics import median
from time import perf_counter
from uuid import uuid4

from storing import CLOCK, FIELDS

from tasksync.backends.sqlite import SqliteStore
from tasksync.core.fields import RemoteId, TaskKey
from tasksync.core.state import Holder, Intent, Lease, StateDelta


def intents(turn: int) -> tuple[Intent, ...]:
    """Return the fifty intents of one turn, spread over the keys that are there."""
    keys = (f"rollout-{(turn * 50 + one) * 7919 % 10_000_019:08d}" for one in range(50))
    now = datetime.now(UTC)
    return tuple(Intent(TaskKey(key), FIELDS, FIELDS, RemoteId(1), now, "run") for key in keys)


def batch(store: SqliteStore, lease: Lease, turn: int) -> float:
    """Persist one batch; returns the seconds."""
    opened = intents(turn)
    begun = perf_counter()
    store.commit(StateDelta(open=opened), lease)
    entries = tuple(one.entry(RemoteId(10**7 + turn * 50 + n)) for n, one in enumerate(opened))
    store.commit(StateDelta(put=entries, close=tuple(one.key for one in opened)), lease)
    return perf_counter() - begun


def main(times: str, *files: str) -> None:
    """Interleave the stores, and print medians in milliseconds and the last / the first."""
    stores: list[tuple[SqliteStore, Lease]] = []
    taken: list[list[float]] = []
    for named in files:
        count, _, path = named.partition("=")
        store = SqliteStore(Path(path), f"bench-{count}", clock=CLOCK, ids=lambda: uuid4().hex)
        stores.append((store, store.acquire(Holder("bench", "bench", 1), 3_600.0)))
        taken.append([])
    for turn in range(int(times)):
        for (store, lease), seconds in zip(stores, taken, strict=True):
            seconds.append(batch(store, lease, turn))
    ratios = [last / first for first, last in zip(taken[0], taken[-1], strict=True)]
    ms = [median(seconds) * 1_000 for seconds in taken]
    print(json.dumps({"ratio": median(ratios), "ms": ms}))


main(*sys.argv[1:])
