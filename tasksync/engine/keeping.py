"""Holding the lease and saving through it: who may write, until when, and what if not."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass

from tasksync.core.events import LockWaited
from tasksync.core.ports import Clock, Listener, StateStore
from tasksync.core.state import Holder, Lease, State, StateDelta
from tasksync.errors import StateError, StateLocked, StateMoved, StateNotSaved

LEASE_SECONDS = 60.0
_POLL_SECONDS = 2.0
_BEATS_PER_LEASE = 4


@dataclass(frozen=True, slots=True)
class Patience:
    """How long to wait for a lock (seconds), and how long a lease lasts without a heartbeat."""

    timeout: float = 0.0
    ttl: float = LEASE_SECONDS


class Keeper:
    """The lease of one run, and the one way in which the run saves.

    After the lease was lost nothing is committed and nothing may be sent: `check` and `commit`
    raise StateMoved. What could not be saved is handed to `rescue`, which writes it beside and
    returns where.
    """

    def __init__(
        self,
        store: StateStore,
        lease: Lease,
        clock: Clock,
        rescue: Callable[[StateDelta], str],
    ) -> None:
        self._store = store
        self._lease = lease
        self._clock = clock
        self._rescue = rescue
        self._beaten = clock.monotonic()
        self._lost: StateError | None = None

    @property
    def lease(self) -> Lease:
        """The lease as last renewed."""
        return self._lease

    def load(self) -> State:
        """The state as last committed."""
        return self._store.load()

    def check(self) -> None:
        """Raise StateMoved when the lease was lost, or may have run out: then nothing is sent."""
        self._must_hold()
        if self._clock.monotonic() - self._beaten > self._lease.ttl:
            raise StateMoved(
                "The lock's lease ran out before it could be renewed; nothing more is sent.",
                "Run tasksync apply again: it finds what this run has done.",
            )

    def may_send(self) -> bool:
        """Tell, from any thread and at once, whether the lease is held now."""
        return self._lost is None and self._clock.monotonic() - self._beaten <= self._lease.ttl

    def commit(self, delta: StateDelta) -> None:
        """Save durably, or raise StateMoved or StateNotSaved; an empty delta saves nothing."""
        if not delta:
            return
        self._must_hold()
        try:
            self._store.commit(delta, self._lease)
        except StateMoved as moved:
            self._lost = moved
            raise
        except StateError as error:
            raise StateNotSaved(
                f"THE STATE COULD NOT BE SAVED: {error.message}",
                f"What this run did is written to {self._rescue(delta)}; nothing more is sent. "
                "Mend the storage, then run tasksync apply again: creates are found by their "
                "marker, and no task is made twice.",
            ) from error

    def _must_hold(self) -> None:
        if self._lost is not None:
            raise StateMoved(self._lost.message, self._lost.advice)

    def replace(self, state: State) -> None:
        """Put a whole state in the place of what is there."""
        self.check()
        self._store.replace(state, self._lease)

    def beat(self) -> None:
        """Renew the lease once; a lost lease is remembered, a passing fault is left to the next."""
        try:
            began = self._clock.monotonic()  # the machine may sleep before the answer is here
            self._lease = self._store.renew(self._lease)
            self._beaten = began
        except StateMoved as moved:
            self._lost = moved
        except StateError:
            return

    def release(self) -> None:
        """Give the lease back; a fault here harms nobody, the lease runs out by itself."""
        try:
            self._store.release(self._lease)
        except StateError:
            return


@contextmanager
def kept(
    store: StateStore,
    who: Holder,
    patience: Patience,
    *,
    clock: Clock,
    listener: Listener,
    rescue: Callable[[StateDelta], str],
) -> Iterator[Keeper]:
    """Hold the lease for the length of a block, with a heartbeat; raises StateLocked."""
    lease = acquire(store, who, patience, clock, listener)
    keeper = Keeper(store, lease, clock, rescue)
    ended = threading.Event()
    heart = threading.Thread(
        target=_beat, args=(keeper, ended, patience.ttl / _BEATS_PER_LEASE), daemon=True
    )
    heart.start()
    try:
        yield keeper
    finally:
        ended.set()
        heart.join(timeout=patience.ttl)
        keeper.release()


def acquire(
    store: StateStore, who: Holder, patience: Patience, clock: Clock, listener: Listener
) -> Lease:
    """Take the lease, waiting up to the time-out; raises StateLocked with the holder."""
    end = clock.monotonic() + patience.timeout
    told = False
    while True:
        try:
            return store.acquire(who, patience.ttl)
        except StateLocked as locked:
            left = end - clock.monotonic()
            if left <= 0:
                raise
            if not told and isinstance(locked.holder, Holder):
                listener(LockWaited(locked.holder, left))
                told = True
            clock.sleep(min(_POLL_SECONDS, left))


def _beat(keeper: Keeper, ended: threading.Event, seconds: float) -> None:
    while not ended.wait(seconds):
        keeper.beat()
