"""The lease of a run: who waits, who is fenced off, what happens to what cannot be saved."""

from __future__ import annotations

import threading
from contextlib import AbstractContextManager
from dataclasses import replace

import pytest
from scripted import Bench, LoggedStore, bench
from stores import ANNA, BORIS

from tasksync.core.events import LockWaited
from tasksync.core.fields import TaskKey
from tasksync.core.state import Run, StateDelta
from tasksync.engine.lease import LeaseHolder, Patience, acquire, hold_lease
from tasksync.errors import StateError, StateLocked, StateMoved, StateNotSaved, StateUnreadable

DELTA = StateDelta(drop=(TaskKey("x"),))


def test_a_lock_is_refused_at_once_by_default() -> None:
    here = bench()
    here.store.acquire(BORIS, 60.0)
    with pytest.raises(StateLocked) as refused:
        acquire(here.new_store(), ANNA, Patience(), here.clock, here.events.append)
    assert refused.value.holder == BORIS
    assert here.of(LockWaited) == []


def test_waiting_ends_when_the_lock_is_free_and_is_told_once() -> None:
    here = bench()
    lease = here.store.acquire(BORIS, 600.0)
    sleep = here.clock.sleep

    def pass_time(seconds: float) -> None:
        sleep(seconds)
        if here.clock.monotonic() > 1010:
            here.store.release(lease)

    here.clock.sleep = pass_time  # type: ignore[method-assign]
    taken = acquire(here.new_store(), ANNA, Patience(300.0), here.clock, here.events.append)
    assert taken.holder == ANNA
    assert [one.holder for one in here.of(LockWaited)] == [BORIS]


def test_waiting_gives_up_when_the_patience_is_over() -> None:
    here = bench()
    here.store.acquire(BORIS, 600.0)
    began = here.clock.monotonic()
    with pytest.raises(StateLocked):
        acquire(here.new_store(), ANNA, Patience(5.0), here.clock, here.events.append)
    assert here.clock.monotonic() - began == pytest.approx(5.0)


def test_a_dead_holders_lease_runs_out() -> None:
    here = bench()
    here.store.acquire(BORIS, 60.0)
    taken = acquire(here.new_store(), ANNA, Patience(120.0), here.clock, here.events.append)
    assert taken.fence == 2


def test_nothing_is_committed_for_an_empty_delta() -> None:
    here = bench()
    here.lease_holder().commit(StateDelta())
    assert here.store.deltas == []


def test_a_lost_lease_is_noticed_by_the_heart_and_ends_everything() -> None:
    here = bench()
    lease_holder = here.lease_holder()
    here.shared.lease = None
    lease_holder.beat()
    with pytest.raises(StateMoved):
        lease_holder.check()
    with pytest.raises(StateMoved) as moved:
        lease_holder.commit(DELTA)
    assert "lost its lock" in moved.value.message
    assert "run it again" in moved.value.advice
    assert here.store.deltas == []


def test_a_lost_lease_is_noticed_by_a_commit() -> None:
    here = bench()
    lease_holder = here.lease_holder()
    here.shared.lease = None
    here.store.acquire(BORIS, 60.0)
    with pytest.raises(StateMoved):
        lease_holder.commit(DELTA)
    assert here.dumped == [], "what another run owns is not written beside"
    with pytest.raises(StateMoved):
        lease_holder.check()


def test_a_heart_that_beats_keeps_the_lease() -> None:
    here = bench()
    lease_holder = here.lease_holder()
    for _ in range(4):
        here.clock.sleep(50.0)
        lease_holder.beat()
        lease_holder.check()
    assert lease_holder.lease.heartbeat == here.clock.now()
    here.clock.sleep(61.0)
    with pytest.raises(StateMoved, match="ran out"):
        lease_holder.check()


def test_the_heart_does_not_beat_again_just_after_a_commit() -> None:
    here = bench()
    lease_holder = here.lease_holder()
    here.clock.sleep(15.0)
    assert not lease_holder.is_fresh
    lease_holder.commit(DELTA)
    assert lease_holder.is_fresh
    here.clock.sleep(10.0)
    assert not lease_holder.is_fresh


class Ailing(LoggedStore):
    """A store that cannot be reached."""

    def renew(self, lease):  # noqa: ARG002
        raise StateUnreadable("no route")

    def release(self, lease):  # noqa: ARG002
        raise StateUnreadable("no route")


def test_a_short_fault_of_a_heartbeat_is_left_to_the_next_one() -> None:
    here = bench()
    store = Ailing("finance", clock=here.clock, ids=here.ids, shared=here.shared)
    store.deltas, store.fail = [], lambda _delta: False
    lease_holder = LeaseHolder(store, store.acquire(ANNA, 60.0), here.clock, lambda _delta: "")
    lease_holder.beat()
    lease_holder.check()
    lease_holder.commit(DELTA)
    lease_holder.release()


def test_what_cannot_be_saved_is_dumped() -> None:
    here = bench()
    here.fail = lambda _delta: True
    with pytest.raises(StateNotSaved) as lost:
        here.lease_holder().commit(DELTA)
    assert "the disk is full" in lost.value.message
    assert "beside.json" in lost.value.advice
    assert here.dumped == [DELTA]


def _spoil(here: Bench, holding: AbstractContextManager[LeaseHolder]) -> None:
    with holding as lease_holder:
        lease_holder.commit(StateDelta(run=Run("r", here.clock.now())))
        assert lease_holder.load().serial == 1
        raise ZeroDivisionError


def test_the_lease_is_given_back_even_after_an_error() -> None:
    here = bench()
    beating = threading.active_count()
    holding = hold_lease(
        here.store,
        ANNA,
        Patience(),
        clock=here.clock,
        listener=here.events.append,
        dump_unsaved=lambda _delta: "",
    )
    with pytest.raises(ZeroDivisionError):
        _spoil(here, holding)
    assert here.shared.lease is None
    assert threading.active_count() == beating


def test_a_whole_state_is_put_in_place_only_under_the_lease() -> None:
    here = bench()
    lease_holder = here.lease_holder()
    lease_holder.replace(replace(here.state, serial=9))
    assert here.state.serial == 10
    here.clock.sleep(61.0)
    with pytest.raises(StateMoved):
        lease_holder.replace(here.state)


def test_may_send_says_no_once_the_lease_may_have_run_out_or_is_lost() -> None:
    """Asked by the sending threads just before a first byte; it never raises."""
    here = bench()
    lease_holder = here.lease_holder()
    assert lease_holder.may_send()
    here.clock.sleep(60.5)
    assert not lease_holder.may_send()
    other = here.lease_holder()
    here.shared.lease = None
    other.beat()
    assert not other.may_send()


def test_a_renewal_counts_from_when_it_was_asked_for() -> None:
    """The machine may sleep between the store's yes and our hearing of it."""
    here = bench()
    lease_holder = here.lease_holder()
    renew = here.store.renew

    def and_sleep(lease):
        renewed = renew(lease)
        here.clock.sleep(300.0)
        return renewed

    here.store.renew = and_sleep  # type: ignore[method-assign]
    lease_holder.beat()
    assert not lease_holder.may_send()
    with pytest.raises(StateMoved, match="ran out"):
        lease_holder.check()


class Away(LoggedStore):
    """A store that is away for so many seconds, and takes them to answer."""

    seconds = 0.0

    def commit(self, delta, lease):
        self._wait()
        super().commit(delta, lease)

    def renew(self, lease):
        self._wait()
        return super().renew(lease)

    def _wait(self):
        seconds, self.seconds = self.seconds, 0.0
        self._clock.sleep(seconds)


@pytest.mark.parametrize("doing", ["commit", "beat"])
def test_a_store_that_was_away_leaves_a_lease_that_is_known_to_be_fresh(doing: str) -> None:
    """What was waited for was a heartbeat somewhere in that time: one more tells when."""
    here = bench()
    store = Away("finance", clock=here.clock, ids=here.ids, shared=here.shared)
    store.deltas, store.fail = [], lambda _delta: False
    lease_holder = LeaseHolder(store, store.acquire(ANNA, 60.0), here.clock, lambda _delta: "")
    here.clock.sleep(15.0)
    store.seconds = 44.0
    if doing == "commit":
        lease_holder.commit(DELTA)
    else:
        lease_holder.beat()
    here.clock.sleep(50.0)
    lease_holder.check()
    here.clock.sleep(11.0)
    with pytest.raises(StateMoved):
        lease_holder.check()


def test_the_store_s_own_advice_stands_beside_a_state_that_was_not_saved() -> None:
    here = bench()
    store = Full("finance", clock=here.clock, ids=here.ids, shared=here.shared)
    lease_holder = LeaseHolder(
        store, store.acquire(ANNA, 60.0), here.clock, lambda _delta: "beside.json"
    )
    with pytest.raises(StateNotSaved) as lost:
        lease_holder.commit(DELTA)
    assert "keep it in PostgreSQL" in lost.value.advice
    assert "beside.json" in lost.value.advice


class Full(LoggedStore):
    """A store that has its own advice."""

    def commit(self, _delta, _lease):
        raise StateError("HTTP 413", "The state is too large: keep it in PostgreSQL.")


def test_a_lease_counts_from_when_it_was_asked_for() -> None:
    """The machine sleeps while the store says yes: who wakes may find another in its place."""
    here = bench()
    store = here.new_store()
    taken = store.acquire

    def and_sleep(who, ttl):
        lease = taken(who, ttl)
        here.clock.sleep(300.0)
        return lease

    store.acquire = and_sleep  # type: ignore[method-assign]
    with hold_lease(
        store, ANNA, Patience(), clock=here.clock, listener=here.events.append,
        dump_unsaved=lambda _delta: "",
    ) as lease_holder:  # fmt: skip
        assert not lease_holder.may_send()
