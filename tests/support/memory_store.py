"""The state in memory: the contract in its shortest form, for tests and for comparing."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field, replace
from threading import RLock

from tasksync.backends import leases
from tasksync.backends.leases import Alive, Gone, Watch
from tasksync.core.fields import TaskKey
from tasksync.core.formats import state_text
from tasksync.core.history import RecordedChange, too_old
from tasksync.core.ports import Clock
from tasksync.core.state import Holder, Lease, State, StateDelta


@dataclass(slots=True)
class SharedMemory:
    """What several MemoryStores share, as several runs share a database."""

    state: State | None = None
    lease: Lease | None = None
    fence: int = 0
    changes: dict[str, dict[tuple[TaskKey, str], RecordedChange]] = field(default_factory=dict)
    lock: RLock = field(default_factory=RLock)


class MemoryStore:
    """A StateStore that forgets; stores on one shared see one another."""

    def __init__(
        self,
        project: str,
        *,
        clock: Clock,
        ids: Callable[[], str],
        gone: Gone = leases.nobody,
        alive: Alive = leases.nobody,
        shared: SharedMemory | None = None,
    ) -> None:
        self._project = project
        self._clock = clock
        self._ids = ids
        self._watch = Watch(clock, gone, alive)
        self._shared = shared or SharedMemory()

    def load(self) -> State:
        """The state as last committed."""
        return self._shared.state or State(self._project)

    def commit(self, delta: StateDelta, lease: Lease) -> None:
        """Apply a delta to the state."""
        with self._shared.lock:
            self._beat(lease)
            state = self.load()
            self._save(replace(state, lineage=state.lineage or self._ids()).after(delta))
            self._record(delta.recorded)

    def recorded(self, run: str) -> tuple[RecordedChange, ...] | None:
        """What a run did."""
        return tuple(self._shared.changes.get(run, {}).values()) or None

    def replace(self, state: State, lease: Lease) -> None:
        """Put a whole state in the place of what is there."""
        if state.project != self._project:
            raise state_text.foreign(state.project, self._project)
        with self._shared.lock:
            self._beat(lease)
            serial = max(state.serial, self.load().serial) + 1
            self._save(replace(state, lineage=state.lineage or self._ids(), serial=serial))
            for run in self._shared.changes.keys() - {run.id for run in state.runs}:
                del self._shared.changes[run]

    def acquire(self, who: Holder, ttl: float) -> Lease:
        """Take the lease, or raise StateLocked."""
        with self._shared.lock:
            now, held = self._clock.now(), self._shared.lease
            if held and (left := self._watch.left(held)) != 0:
                raise leases.locked(held, now, left)
            lease = leases.granted(self._ids(), who, self._shared.fence, now, ttl)
            self._shared.lease, self._shared.fence = lease, lease.fence
            return lease

    def renew(self, lease: Lease) -> Lease:
        """Beat the heart."""
        with self._shared.lock:
            return self._beat(lease)

    def release(self, lease: Lease) -> None:
        """Give the lease back."""
        with self._shared.lock:
            if leases.is_same(self._shared.lease, lease):
                self._shared.lease = None

    def holder(self) -> Lease | None:
        """The lease that was given out last and not given back; it may be dead."""
        return self._shared.lease

    def unlock(self, lease_id: str) -> None:
        """Take a lease away."""
        with self._shared.lock:
            now, held = self._clock.now(), self._shared.lease
            left = self._watch.left(held) if held else None
            leases.may_unlock(held, lease_id, now, left)
            self._shared.lease = None

    def close(self) -> None:
        """Nothing to let go of."""

    def _beat(self, lease: Lease) -> Lease:
        current = leases.mine(self._shared.lease, lease)
        self._shared.lease = leases.beaten(current, self._clock.now())
        return self._shared.lease

    def _record(self, recorded: tuple[RecordedChange, ...]) -> None:
        runs = self._shared.changes
        for one in recorded:
            runs.setdefault(one.run, {})[one.key, one.action] = one
        for run in too_old({run: len(done) for run, done in runs.items()}):
            del runs[run]

    def _save(self, state: State) -> None:
        self._shared.state = state
