"""The state in memory: the contract in its shortest form, for tests and for comparing."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field, replace
from threading import RLock

from tasksync.backends import leases
from tasksync.backends.leases import Alive, Gone, Watch
from tasksync.core import statefile
from tasksync.core.ports import Clock
from tasksync.core.state import Holder, Lease, State, StateDelta


@dataclass(slots=True)
class Shelf:
    """What several MemoryStores share, as several runs share a database."""

    state: State | None = None
    lease: Lease | None = None
    fence: int = 0
    lock: RLock = field(default_factory=RLock)


class MemoryStore:
    """A StateStore that forgets; stores on one shelf see one another."""

    def __init__(
        self,
        project: str,
        *,
        clock: Clock,
        ids: Callable[[], str],
        gone: Gone = leases.nobody,
        alive: Alive = leases.nobody,
        shelf: Shelf | None = None,
    ) -> None:
        self._project = project
        self._clock = clock
        self._ids = ids
        self._watch = Watch(clock, gone, alive)
        self._shelf = shelf or Shelf()

    def load(self) -> State:
        """The state as last committed."""
        return self._shelf.state or State(self._project)

    def commit(self, delta: StateDelta, lease: Lease) -> None:
        """Lay a delta over the state."""
        with self._shelf.lock:
            self._beat(lease)
            state = self.load()
            self._save(replace(state, lineage=state.lineage or self._ids()).after(delta))

    def replace(self, state: State, lease: Lease) -> None:
        """Put a whole state in the place of what is there."""
        if state.project != self._project:
            raise statefile.foreign(state.project, self._project)
        with self._shelf.lock:
            self._beat(lease)
            serial = max(state.serial, self.load().serial) + 1
            self._save(replace(state, lineage=state.lineage or self._ids(), serial=serial))

    def acquire(self, who: Holder, ttl: float) -> Lease:
        """Take the lease, or raise StateLocked."""
        with self._shelf.lock:
            now, held = self._clock.now(), self._shelf.lease
            if held and (left := self._watch.left(held)) != 0:
                raise leases.locked(held, now, left)
            lease = leases.granted(self._ids(), who, self._shelf.fence, now, ttl)
            self._shelf.lease, self._shelf.fence = lease, lease.fence
            return lease

    def renew(self, lease: Lease) -> Lease:
        """Beat the heart."""
        with self._shelf.lock:
            return self._beat(lease)

    def release(self, lease: Lease) -> None:
        """Give the lease back."""
        with self._shelf.lock:
            if leases.is_same(self._shelf.lease, lease):
                self._shelf.lease = None

    def holder(self) -> Lease | None:
        """The lease that was given out last and not given back; it may be dead."""
        return self._shelf.lease

    def unlock(self, lease_id: str) -> None:
        """Take a lease away."""
        with self._shelf.lock:
            now, held = self._clock.now(), self._shelf.lease
            left = self._watch.left(held) if held else None
            leases.may_unlock(held, lease_id, now, left)
            self._shelf.lease = None

    def close(self) -> None:
        """Nothing to let go of."""

    def _beat(self, lease: Lease) -> Lease:
        current = leases.mine(self._shelf.lease, lease)
        self._shelf.lease = leases.beaten(current, self._clock.now())
        return self._shelf.lease

    def _save(self, state: State) -> None:
        self._shelf.state = state
