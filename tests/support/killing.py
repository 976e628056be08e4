"""A process that commits batch after batch until somebody kills it, and what must be left."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from pathlib import Path

from stores import ANNA, TTL, HandClock, batch, chance, change, counted_ids, keys

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
        put = tuple(batch(number, SIZE))
        recorded = tuple(change(f"run-{number}", entry.key) for entry in put)
        store.commit(StateDelta(put=put, drop=dropped, recorded=recorded), lease)
        sys.stdout.write(f"{number}\n")
        sys.stdout.flush()


def come_and_go(url: str, times: int) -> None:
    """Open the state, commit one batch and close it again, so many times."""
    for number in range(1, times + 1):
        ids = counted_ids(f"c{number}")
        store = open_store(url, "finance-q2", HandClock(), ids, ANNA, {})
        lease = store.acquire(ANNA, TTL)
        store.commit(StateDelta(put=tuple(batch(number, SIZE))), lease)
        store.release(lease)
        store.close()


def worker(call: str) -> subprocess.Popen[bytes]:
    """Start a process that calls one of these functions."""
    here = str(Path(__file__).parent)
    code = f"import sys; sys.path.insert(0, {here!r}); import killing; killing.{call}"
    return subprocess.Popen([sys.executable, "-c", code], stdout=subprocess.PIPE)


def kill_in_the_middle(url: str, seed: int) -> int:
    """Start such a process, SIGKILL it at some moment; return the last serial that it told."""
    process = worker(f"commit_for_ever({url!r})")
    assert process.stdout is not None
    moments = chance(seed)
    told = 0
    for _ in range(moments.randint(1, 6)):
        told = int(process.stdout.readline())
    try:
        process.wait(moments.random() * 0.01)
    except subprocess.TimeoutExpired:
        process.send_signal(signal.SIGKILL)
    process.wait()
    rest = process.stdout.read().split()
    process.stdout.close()
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
    assert [len(store.recorded(f"run-{state.serial + n}") or ()) for n in (0, 1)] == [SIZE, 0]
    return state
