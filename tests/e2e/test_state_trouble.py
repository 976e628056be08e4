"""Where the state lives is ill: away, full, too small, kept busy by another program."""

from __future__ import annotations

import contextlib
import re
import signal
import sqlite3
import threading
import time
from collections.abc import Iterator
from pathlib import Path

import httpstate
import pytest
from portal import Served, until
from trips import Trip, ended, task

_TASKS = {f"t{n:03}": task(f"Task {n:03}") for n in range(120)}
_SLOW = {"kind": "slow", "seconds": 1.0, "on": {"path": "^/v1/batch$"}, "times": 1}
_HANG = {"kind": "hang", "seconds": 60, "on": {"path": "^/v1/batch$"}, "times": 1}


@pytest.fixture
def server() -> Iterator[httpstate.Server]:
    with httpstate.Server() as running:
        yield running


@pytest.fixture
def away(server: httpstate.Server, served: Served, tmp_path: Path) -> Trip:
    """A project whose state is behind http."""
    return Trip(tmp_path / "project", served, server.url)


def _unsaved(trip: Trip) -> list[Path]:
    return sorted((trip.folder / ".tasksync").glob("*.unsaved-*.json"))


def test_a_store_that_is_away_in_the_middle_of_an_apply_is_waited_for(
    away: Trip, server: httpstate.Server
) -> None:
    """For as long as the lease lasts, and it is said; before, a run gave up after 3.5 s."""
    away.want({key: _TASKS[key] for key in list(_TASKS)[:8]})
    away.portal.faults(_SLOW)
    with away.process() as first:
        until(away.portal.struck, "the first run writes")
        with server.states.lock:
            server.states.faults = [503] * 5
        told = ended(first).must(0)
    assert "Asking again, for up to" in told.err
    assert len(away.portal.world()) == 8
    away.plan().must(0)


def test_a_state_that_is_too_large_for_its_server_says_where_to_keep_it(
    away: Trip, server: httpstate.Server
) -> None:
    """The store's own advice is told, how far it came, and where the rest was written."""
    away.want(_TASKS)
    server.states.always[413] = 10_000
    told = away.run("apply", "-f", str(away.manifest), "--yes", "--settle", "0.5")
    assert told.code == 1
    assert "STATE COULD NOT BE SAVED" in told.err
    assert "keep it in PostgreSQL" in told.err
    assert "120/120" not in told.err
    assert "not started" in told.err
    came = r"\nIn e2e on \S+: (\d+) done, (\d+) left\.\nApply incomplete\. Tasks: (\d+) added"
    end = re.search(came, told.out)
    assert end is not None, told.out
    assert end[1] == end[3]
    assert int(end[1]) + int(end[2]) == len(_TASKS)
    (beside,) = _unsaved(away)
    assert beside.stat().st_mode & 0o777 == 0o600
    assert str(beside) in told.err
    strangers = beside.with_name("other.unsaved-0123abcd.json")
    strangers.write_text("{}")
    server.states.always.clear()
    away.healed()
    assert [strangers] == _unsaved(away), "all of it is saved now, and only our own is taken away"
    assert len(away.portal.world()) == len(_TASKS)


@pytest.mark.parametrize("tells", ["nothing", "text", "lower"])
def test_a_dead_holder_of_a_lock_without_info_holds_nobody_up(
    away: Trip, server: httpstate.Server, tells: str
) -> None:
    """The server tells nothing of the lock: the document does, and the process is gone."""
    server.states.tells = tells
    away.want({key: _TASKS[key] for key in list(_TASKS)[:4]})
    away.portal.faults(_HANG)
    with away.process() as first:
        until(away.portal.struck, "the first run writes")
        told = away.apply().must(6)
        assert f"pid {first.pid}" in told.err
        assert "unlock unknown" not in told.err
        first.send_signal(signal.SIGKILL)
    began = time.monotonic()
    away.apply().must(0)
    assert time.monotonic() - began < 20
    assert len(away.portal.world()) == 4


def test_a_state_file_that_another_program_keeps_busy_is_waited_for_like_a_lock(
    trip: Trip,
) -> None:
    """Exit 6 with words, and --lock-timeout is honoured."""
    trip.want({"a": task("A")})
    trip.apply().must(0)
    trip.want({"a": task("A"), "b": task("B")})
    other = sqlite3.connect(trip.file, isolation_level=None, check_same_thread=False)
    with contextlib.closing(other):
        other.execute("BEGIN IMMEDIATE")
        told = trip.apply().must(6)
        assert "busy by another program" in told.err
        assert "--lock-timeout" in told.err
        freeing = threading.Timer(3.0, lambda: other.execute("ROLLBACK"))
        freeing.start()
        trip.apply("--lock-timeout", "60s").must(0)
        freeing.join()
    assert len(trip.portal.world()) == 2
