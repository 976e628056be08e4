"""Two runs on one state: one writes, the other waits or is told who writes."""

from __future__ import annotations

import os
import signal
import threading
import time
from datetime import datetime, timedelta

import pytest
from portal import until
from trips import PROJECT, Trip, ended, task

from tasksync.backends.processes import this_process
from tasksync.backends.registry import open_store
from tasksync.cli.signals import Stop, SystemClock
from tasksync.core.ports import StateStore
from tasksync.core.state import Holder, Lease, StateDelta
from tasksync.errors import StateLocked, StateMoved

_TASKS = {f"t{n:02}": task(f"Task {n:02}") for n in range(8)}
_HANG = {"kind": "hang", "seconds": 60, "on": {"path": "^/v1/batch$"}, "times": 1}
_SLOW = {"kind": "slow", "seconds": 1.0, "on": {"path": "^/v1/batch$"}, "times": 1}
_ELSEWHERE = Holder("boris", "runner-7", 412, "boot/ns/7", "https://ci.example/jobs/7")


def _store(trip: Trip, who: Holder) -> StateStore:
    ids = iter(f"lease-{who.pid}-{n}" for n in range(100))
    return open_store(trip.state, PROJECT, SystemClock(Stop()), lambda: next(ids), who, {})


def test_a_second_apply_is_told_who_holds_the_lock(team_anywhere: Trip) -> None:
    """Exit 6 names user, host, process and the run's URL, and the first run is not disturbed."""
    team_anywhere.want(_TASKS)
    team_anywhere.portal.faults(_SLOW)
    with team_anywhere.process(TASKSYNC_RUN_URL="https://ci.example/jobs/1") as first:
        until(team_anywhere.portal.struck, "the first run writes")
        told = team_anywhere.apply().must(6)
        assert f"pid {first.pid}" in told.err
        assert "https://ci.example/jobs/1" in told.err
        assert "--lock-timeout" in told.err
        ended(first).must(0)
    assert len(team_anywhere.portal.world()) == len(_TASKS)
    team_anywhere.plan().must(0)


def test_two_applies_at_once_both_succeed_when_they_wait(team: Trip) -> None:
    """With --lock-timeout they go one after the other, and no task is made twice."""
    team.want(_TASKS)
    team.portal.faults(_SLOW)
    workers = [team.process("--lock-timeout", "60s") for _ in range(3)]
    for worker in workers:
        with worker:
            ended(worker).must(0)
    assert len(team.portal.world()) == len(_TASKS)
    assert len(team.portal.writing()) == 1
    team.plan().must(0)


def test_a_plan_needs_no_lock_and_waits_for_nobody(team: Trip) -> None:
    """While a run writes, plan looks at the state as it was last saved."""
    team.want(_TASKS)
    team.portal.faults(_SLOW)
    with team.process() as first:
        until(team.portal.struck, "the first run writes")
        team.plan().must(0, 2)
        ended(first).must(0)


def test_a_dead_holder_on_this_host_holds_nobody_up(team_anywhere: Trip) -> None:
    """Killed: the next run takes the lease at once, for the process is gone."""
    team_anywhere.want(_TASKS)
    team_anywhere.portal.faults(_HANG)
    with team_anywhere.process() as first:
        until(team_anywhere.portal.struck, "the first run writes")
        first.send_signal(signal.SIGKILL)
    began = time.monotonic()
    team_anywhere.apply().must(0)
    assert time.monotonic() - began < 20
    assert len(team_anywhere.portal.world()) == len(_TASKS)


def test_a_stopped_holder_on_this_host_is_alive(team: Trip) -> None:
    """A process that stands still has not ended: its lock is respected."""
    team.want(_TASKS)
    team.portal.faults(_HANG)
    with team.process() as first:
        until(team.portal.struck, "the first run writes")
        first.send_signal(signal.SIGSTOP)
        team.apply().must(6)
        first.send_signal(signal.SIGKILL)
    team.apply().must(0)
    assert len(team.portal.world()) == len(_TASKS)


def test_a_holder_on_another_host_is_waited_for_until_its_lease_runs_out(team: Trip) -> None:
    """Nobody can look into another host: the lease ends by time, and what it sends is fenced."""
    team.want(_TASKS)
    other = _store(team, _ELSEWHERE)
    lease = other.acquire(_ELSEWHERE, 2.0)
    told = team.apply().must(6)
    assert "boris@runner-7" in told.err
    assert "https://ci.example/jobs/7" in told.err
    team.apply("--lock-timeout", "20s").must(0)
    with pytest.raises(StateMoved):
        other.commit(StateDelta(files=("a",)), lease)
    other.close()
    assert len(team.portal.world()) == len(_TASKS)


def test_a_lock_is_taken_away_only_when_its_heart_has_stopped(team: Trip) -> None:
    """`state unlock ID` watches a holder elsewhere: refused when its heart beats, done when not."""
    team.want(_TASKS)
    other = _store(team, _ELSEWHERE)
    lease = other.acquire(_ELSEWHERE, 3.0)
    words = ("state", "unlock", lease.id, "-f", str(team.manifest))
    ended, beats = threading.Event(), threading.Thread(target=lambda: _beat(other, lease, ended))
    beats.start()
    refused = team.run(*words).must(6)
    ended.set()
    beats.join()
    assert "alive" in refused.err
    assert "is alive" in refused.err
    assert "taken away" not in team.run("state", "unlock", "nonsense", *words[3:]).must(6).text
    watched = team.run(*words).must(0)
    assert "Watching for 3 s" in watched.err
    other.close()
    team.apply().must(0)
    assert "not locked" in team.run(*words).must(1).err


def _beat(store: StateStore, lease: Lease, ended: threading.Event) -> None:
    while not ended.wait(0.2):
        store.renew(lease)


@pytest.mark.parametrize("skew", [-600, 120])
def test_another_host_s_clock_takes_no_living_holder_s_lock(team: Trip, skew: int) -> None:
    """The lease of a living process stays its own, whatever the wall clocks say."""
    team.want(_TASKS)
    team.portal.faults(_SLOW)
    with team.process() as first:
        until(team.portal.struck, "the first run writes")
        other = open_store(
            team.state, PROJECT, _Skewed(skew), lambda: "skewed", this_process({}), {}
        )
        with pytest.raises(StateLocked, match=f"pid {first.pid}"):
            other.acquire(_ELSEWHERE, 60.0)
        other.close()
        ended(first).must(0)
    assert len(team.portal.writing()) == 1


class _Skewed(SystemClock):
    def __init__(self, seconds: float) -> None:
        super().__init__(Stop())
        self.seconds = seconds

    def now(self) -> datetime:
        """The wall clock, wrong."""
        return super().now() + timedelta(seconds=self.seconds)


def test_a_run_that_lost_its_lock_sends_nothing_more(team: Trip) -> None:
    """Somebody took the lease over while a run hung: it commits nothing, sends nothing, says so."""
    team.want({**_TASKS, "child": task("Child", parent="t00")})
    team.portal.faults({**_SLOW, "seconds": 2.0})
    with team.process() as first:
        until(team.portal.struck, "the first run writes")
        first.send_signal(signal.SIGSTOP)
        _take_over(team)
        first.send_signal(signal.SIGCONT)
        told = ended(first)
    assert told.code != 0
    assert "lock" in told.err
    assert "Apply incomplete." in told.out
    assert ": 0 done, 9 left.\nApply incomplete." in told.out
    assert len(team.portal.writing()) == 1
    team.apply().must(0)
    assert len(team.portal.world()) == len(_TASKS) + 1


def _take_over(team: Trip) -> None:
    """Take the lease as another host does once it ran out, and give it back."""
    import contextlib
    import sqlite3

    import psycopg

    if team.state.startswith("sqlite"):
        with contextlib.closing(sqlite3.connect(team.file)) as db, db:
            db.execute("DELETE FROM lease")
    else:
        with psycopg.connect(team.state) as pg:
            pg.execute("DELETE FROM tasksync.leases")
    thief = Holder("carla", "host-9", os.getpid())
    store = _store(team, thief)
    store.release(store.acquire(thief, 60.0))
    store.close()
