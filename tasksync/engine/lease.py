"""Holding the lease and saving through it: who may write, until when, and what if not."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager

from tasksync.core.events import LockWaited, Note
from tasksync.core.ports import Clock, Listener, StateStore
from tasksync.core.state import Holder, Lease, State, StateDelta
from tasksync.errors import StateError, StateLocked, StateMoved, StateNotSaved
from tasksync.value_classes import dataclass

LEASE_SECONDS = 60.0
_POLL_SECONDS = 2.0
_BEATS_PER_LEASE = 4
_MOMENTS_PER_LEASE = 6


@dataclass(frozen=True, slots=True)
class Patience:
    """How long to wait for a lock (seconds), and how long a lease lasts without a heartbeat."""

    timeout: float = 0.0
    ttl: float = LEASE_SECONDS


class LeaseHolder:
    """The lease of one run, and the one way in which the run saves.

    After the lease was lost nothing is committed and nothing may be sent: `check` and `commit`
    raise StateMoved. What could not be saved is handed to `dump_unsaved`, which writes it beside
    and returns where.
    """

    def __init__(
        self,
        store: StateStore,
        lease: Lease,
        clock: Clock,
        dump_unsaved: Callable[[StateDelta], str],
        since: float | None = None,
    ) -> None:
        self._store = store
        self._lease = lease
        self._clock = clock
        self._dump_unsaved = dump_unsaved
        # the machine may sleep between the store's yes and our hearing of it
        self._beaten = clock.monotonic() if since is None else since
        self._lost: StateError | None = None

    @property
    def lease(self) -> Lease:
        """The lease as last renewed."""
        return self._lease

    @property
    def is_fresh(self) -> bool:
        """Whether a commit of a moment ago was a heartbeat already.

        A document is written whole with each, and some servers keep every one as a version.
        """
        return self._clock.monotonic() - self._beaten < self._lease.ttl / _MOMENTS_PER_LEASE

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
        began = self._clock.monotonic()
        try:
            self._store.commit(delta, self._lease)
        except StateMoved as moved:
            self._lost = moved
            raise
        except StateError as error:
            mend = error.advice or "Mend the storage."
            raise StateNotSaved(
                f"THE STATE COULD NOT BE SAVED: {error.message}",
                f"{mend}\n  What this run did is written to {self._dump_unsaved(delta)}; nothing "
                "more is sent. When the state can be saved, run tasksync apply again: creates are "
                "found by their marker, and no task is made twice.",
            ) from error
        if began - self._beaten <= self._lease.ttl:
            self._beat_at(began)

    def _must_hold(self) -> None:
        if self._lost is not None:
            raise StateMoved(self._lost.message, self._lost.advice)

    def replace(self, state: State) -> None:
        """Put a whole state in the place of what is there."""
        self.check()
        self._store.replace(state, self._lease)

    def beat(self) -> None:
        """Renew the lease once; a lost lease is remembered, a short fault is left to the next."""
        began = self._clock.monotonic()  # the machine may sleep before the answer is here
        try:
            self._lease = self._store.renew(self._lease)
        except StateMoved as moved:
            self._lost = moved
        except StateError:
            return
        else:
            self._beat_at(began)

    def _beat_at(self, began: float) -> None:
        """Count what began then as a heartbeat; one that had to wait for the store, again.

        While the store was away nobody knows when in that time the heart did beat.
        """
        if self._clock.monotonic() - began <= self._lease.ttl / _BEATS_PER_LEASE:
            self._beaten = max(self._beaten, began)
            return
        began = self._clock.monotonic()
        try:
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
def hold_lease(
    store: StateStore,
    who: Holder,
    patience: Patience,
    *,
    clock: Clock,
    listener: Listener,
    dump_unsaved: Callable[[StateDelta], str],
) -> Iterator[LeaseHolder]:
    """Hold the lease for the length of a block, with a heartbeat; raises StateLocked."""
    lease, asked = _acquired(store, who, patience, clock, listener)
    lease_holder = LeaseHolder(store, lease, clock, dump_unsaved, asked)
    ended = threading.Event()
    heart = threading.Thread(
        target=_beat, args=(lease_holder, ended, patience.ttl / _BEATS_PER_LEASE), daemon=True
    )
    heart.start()
    try:
        yield lease_holder
    finally:
        ended.set()
        heart.join(timeout=patience.ttl)
        lease_holder.release()


def acquire(
    store: StateStore, who: Holder, patience: Patience, clock: Clock, listener: Listener
) -> Lease:
    """Take the lease, waiting up to the time-out; raises StateLocked with the holder.

    The store tells only by being asked again that a holder elsewhere is dead; a time-out that is
    as long as the lease finds it so.
    """
    return _acquired(store, who, patience, clock, listener)[0]


def _acquired(
    store: StateStore, who: Holder, patience: Patience, clock: Clock, listener: Listener
) -> tuple[Lease, float]:
    """Return the lease, and when it was asked for by the clock that never goes back."""
    end = clock.monotonic() + patience.timeout
    told = False
    while True:
        asked = clock.monotonic()
        try:
            return store.acquire(who, patience.ttl), asked
        except StateLocked as locked:
            left = end - clock.monotonic()
            if left <= 0 and not (patience.timeout and _is_nearly_dead(locked)):
                raise
            if not told:
                holder = locked.holder
                listener(
                    LockWaited(holder, left)
                    if isinstance(holder, Holder)
                    else Note(f"Waiting up to {left:.0f} s more: {locked.message}")
                )
                told = True
            clock.sleep(min(_POLL_SECONDS, left) if left > 0 else locked.left or 0.0)


def _is_nearly_dead(locked: StateLocked) -> bool:
    return locked.left is not None and 0 < locked.left <= _POLL_SECONDS


def unlocked(store: StateStore, lease_id: str, clock: Clock, listener: Listener) -> None:
    """Take a lease away; raises StateLocked while its holder is alive.

    A holder that cannot be looked at is watched, by our own clock that never goes back: it is dead
    when its heart stood still for as long as its lease lasts.
    """
    before: float | None = None
    while True:
        try:
            return store.unlock(lease_id)
        except StateLocked as locked:
            if not locked.left:
                raise
            if before is not None and locked.left >= before:
                raise StateLocked(
                    f"{locked.message}\n  Its heart beats: its holder is alive.",
                    locked.advice,
                    holder=locked.holder,
                ) from None
            if before is None:
                listener(
                    Note(
                        f"Watching for {locked.left:.0f} s whether the holder of the lock "
                        f"{lease_id} is alive: it cannot be looked at from here."
                    )
                )
            before = locked.left
            clock.sleep(min(_POLL_SECONDS, locked.left))


def _beat(lease_holder: LeaseHolder, ended: threading.Event, seconds: float) -> None:
    while not ended.wait(seconds):
        if not lease_holder.is_fresh:
            lease_holder.beat()
