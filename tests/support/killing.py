"""A process that commits batch after batch until somebody kills it, and what must be left."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from pathlib import Path

from stores import ANNA, HandClock, batch, chance, counted_ids, keys

from tasksync.backends.registry import open_store
from tasksync.core.ports import StateStore
from tasksync.core.state import State, StateDelta

SIZE = 50


def commit_for_ever(url: str) -> None:
    """Take the lease, say so, and commit one batch after the other, telling the serial."""
    store = open_store(url, "finance-q2", HandClock(), counted_ids(f"k{os.getpid()}"), ANNA, {})
    lease = store.acquire(ANNA, 0.0)
    number = store.load().serial
    while True:
        number += 1
        dropped = tuple(entry.key for entry in batch(number - 3, SIZE) if number % 3 == 0)
        store.commit(StateDelta(put=tuple(batch(number, SIZE)), drop=dropped), lease)
        sys.stdout.write(f"{number}\n")
        sys.stdout.flush()


def kill_in_the_middle(url: str, seed: int) -> int:
    """Start such a process, SIGKILL it at some moment; return the last serial that it told."""
    here = Path(__file__).parent
    code = f"import sys; sys.path.insert(0, {str(here)!r}); import killing; "
    worker = subprocess.Popen(
        [sys.executable, "-c", f"{code}killing.commit_for_ever({url!r})"], stdout=subprocess.PIPE
    )
    assert worker.stdout is not None
    moments = chance(seed)
    told = 0
    for _ in range(moments.randint(1, 6)):
        told = int(worker.stdout.readline())
    try:
        worker.wait(moments.random() * 0.01)
    except subprocess.TimeoutExpired:
        worker.send_signal(signal.SIGKILL)
    worker.wait()
    rest = worker.stdout.read().split()
    worker.stdout.close()
    return int(rest[-1]) if rest else told


def expected_keys(serial: int) -> list[str]:
    """Return the keys that are left after exactly this many whole commits."""
    left: set[str] = set()
    for number in range(1, serial + 1):
        left |= {entry.key for entry in batch(number, SIZE)}
        if number % 3 == 0:
            left -= {entry.key for entry in batch(number - 3, SIZE)}
    return sorted(left)


def check_prefix(store: StateStore, told: int) -> State:
    """Hold a state against the commits: all that were told, at most one more, none by halves."""
    state = store.load()
    assert told <= state.serial <= told + 1
    assert keys(state) == expected_keys(state.serial)
    for key in state.entries:
        assert state.entries[key].key == key
    return state
