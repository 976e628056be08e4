"""Fill one project of a store with entries, then load it as a plan does; prints both.

usage: load_state.py URL PROJECT ENTRIES; runs in tasksync's environment. Prints {"fill", "load"}.
"""

import json
import sys
import time
from statistics import median
from uuid import uuid4

from storing import CLOCK, FIELDS

from tasksync.backends.registry import open_store
from tasksync.core.fields import RemoteId, TaskKey
from tasksync.core.state import Entry, Holder, StateDelta

ROWS = 5_000


def entry(number: int) -> Entry:
    """Return an entry of nine fields."""
    fields = {**FIELDS, "title": f"Check the rollout of release {number} in a region"}
    return Entry(TaskKey(f"rollout-{number:07d}"), RemoteId(number + 1), fields)


def main(url: str, project: str, count: str) -> None:
    """Fill, load five times, and tell."""
    me = Holder("bench", "bench", 1)

    def opened() -> object:
        return open_store(url, project, CLOCK, lambda: uuid4().hex, me, {})

    store = opened()
    lease = store.acquire(me, 3_600.0)
    begun = time.perf_counter()
    for first in range(0, int(count), ROWS):
        rows = range(first, min(first + ROWS, int(count)))
        store.commit(StateDelta(put=tuple(map(entry, rows))), lease)
    filled = time.perf_counter() - begun
    store.release(lease)
    store.close()
    taken = []
    for _ in range(5):
        begun = time.perf_counter()
        store = opened()
        assert len(store.load().index) == int(count)
        store.close()
        taken.append(time.perf_counter() - begun)
    print(json.dumps({"fill": filled, "load": median(taken)}))


main(*sys.argv[1:])
