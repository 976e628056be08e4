"""One runner against a shared PostgreSQL: batch after batch of its own project.

usage: runner.py URL PROJECT START SECONDS PER-SECOND; runs in tasksync's environment. Each batch is
two durable transactions, 50 intents and the 50 entries that they become, as apply commits them.
PER-SECOND 0 is as fast as it goes. Prints {"batches", "ms": [...], "cpu"}.
"""

import json
import sys
import time
from datetime import UTC, datetime
from uuid import uuid4

from storing import CLOCK, FIELDS

from tasksync.backends.registry import open_store
from tasksync.core.fields import RemoteId, TaskKey
from tasksync.core.state import Holder, Intent, StateDelta


def main(url: str, project: str, start: str, seconds: str, per_second: str) -> None:
    """Commit until the time is over."""
    me = Holder("bench", "bench", 1)
    store = open_store(url, project, CLOCK, lambda: uuid4().hex, me, {})
    lease = store.acquire(me, 3_600.0)
    pause = 1 / float(per_second) if float(per_second) else 0.0
    time.sleep(max(float(start) - time.time(), 0))
    begun, cpu, taken = time.perf_counter(), time.process_time(), []
    while (now := time.perf_counter()) < begun + float(seconds):
        first = len(taken) * 50
        keys = [TaskKey(f"rollout-{first + one:07d}") for one in range(50)]
        at = datetime.now(UTC)
        intents = tuple(Intent(key, FIELDS, FIELDS, RemoteId(1), at, "run") for key in keys)
        store.commit(StateDelta(open=intents), lease)
        entries = tuple(one.entry(RemoteId(first + n)) for n, one in enumerate(intents, 1))
        store.commit(StateDelta(put=entries, close=tuple(keys)), lease)
        taken.append(time.perf_counter() - now)
        time.sleep(max(begun + len(taken) * pause - time.perf_counter(), 0))
    cpu = time.process_time() - cpu
    store.release(lease)
    store.close()
    ms = [round(one * 1_000, 2) for one in taken]
    print(json.dumps({"batches": len(taken), "ms": ms, "cpu": cpu}))


main(*sys.argv[1:])
