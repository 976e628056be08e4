"""The state in one SQLite file: the default, beside the manifest.

WAL with synchronous FULL: what was committed survives a power cut. On network file systems,
where WAL cannot work, a rollback journal. How the file is made and looked at, `sqlite_file` says.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from threading import RLock
from typing import TypeVar

from tasksync.backends import leases, sqlite_history
from tasksync.backends import sqlite_tables as tables
from tasksync.backends.leases import Alive, Gone, Watch
from tasksync.backends.patience import Tell, Waiting, in_silence
from tasksync.backends.sqlite_file import Database, StateFile, transaction
from tasksync.core.fields import TaskKey
from tasksync.core.formats import state_text
from tasksync.core.history import RecordedChange
from tasksync.core.ports import Clock
from tasksync.core.state import Entry, Holder, Lease, State, StateDelta
from tasksync.errors import StateBusy, StateError

T = TypeVar("T")

PATIENCE = 10.0  # seconds that one transaction waits for another, where no lease says how long


class SqliteStore:
    """A StateStore in the file `path`; one connection, behind one lock."""

    def __init__(
        self,
        path: Path,
        project: str,
        *,
        clock: Clock,
        ids: Callable[[], str],
        gone: Gone = leases.nobody,
        alive: Alive = leases.nobody,
        tell: Tell = in_silence,
        patience: float = 0.0,
    ) -> None:
        self._file = StateFile(path, project, ids)
        self._project = project
        self._clock = clock
        self._ids = ids
        self._watch = Watch(clock, gone, alive)
        self._waiting = Waiting(clock, tell, patience)
        self._lock = RLock()

    def load(self) -> State:
        """The state as last committed; the index at once, entries when somebody looks."""

        def look() -> State:
            if not self._file.exists():
                return State(self._project)
            db = self._file.reading()
            with transaction(db, "DEFERRED"):
                return tables.state(db, self._project, self._entry)

        return self._patiently("read", look)

    def commit(self, delta: StateDelta, lease: Lease) -> None:
        """Make a delta durable in one transaction."""

        def apply(db: Database) -> None:
            was = tables.meta(db)
            tables.apply_delta(db, delta)
            self._count(db, int(was["serial"]), was["lineage"])

        self._change(apply, lease)

    def recorded(self, run: str) -> tuple[RecordedChange, ...] | None:
        """What a run did; None where it is not kept."""
        return self._patiently(
            "read",
            lambda: tables.recorded(self._file.reading(), run) if self._file.exists() else None,
        )

    def replace(self, state: State, lease: Lease) -> None:
        """Put a whole state in the place of what is there, its serial above both."""
        if state.project != self._project:
            raise state_text.foreign(state.project, self._project)
        everything = tables.everything(state)  # before the tables go: it may be read from them

        def apply(db: Database) -> None:
            was = tables.meta(db)
            tables.clear(db)
            tables.apply_delta(db, everything)
            tables.put_runs(db, state.runs)
            sqlite_history.forget_all_but(db, {run.id for run in state.runs})
            tables.put_identity(db, state.identity)
            self._count(db, max(int(was["serial"]), state.serial), state.lineage)

        self._change(apply, lease)

    def acquire(self, who: Holder, ttl: float) -> Lease:
        """Take the lease, making the file if there is none, or raise StateLocked.

        A file that another program keeps busy is waited for by asking again, as a lock is.
        """
        with self._lock, self._naming_the_holder(), self._file.translated("lock"):
            return self._take(who, ttl)

    @contextmanager
    def _naming_the_holder(self) -> Iterator[None]:
        """Raise StateLocked for a file that is busy while a lease is in force: it may be its."""
        try:
            yield
        except StateBusy as busy:
            held = None
            with suppress(StateError), self._file.translated("read"):
                held = tables.lease(self._file.reading()) if self._file.exists() else None
            if held and (left := self._watch.left(held)) != 0:
                raise leases.locked(held, self._clock.now(), left) from busy
            raise

    def _take(self, who: Holder, ttl: float) -> Lease:
        began = self._clock.monotonic()
        db = self._file.writing()
        with transaction(db):
            held, now = tables.lease(db), self._clock.now()
            if held and (left := self._watch.left(held)) != 0:
                raise leases.locked(held, now, left)
            fence = int(tables.meta(db)["fence"])
            lease = leases.granted(self._ids(), who, fence, now, ttl)
            tables.put(db, "fence", str(lease.fence))
            tables.put_lease(db, lease)
        self._waiting.holds(began, ttl)
        return lease

    def renew(self, lease: Lease) -> Lease:
        """Beat the heart."""
        return self._writing_to("lock", lambda db: self._beat(db, lease), lease)

    def release(self, lease: Lease) -> None:
        """Give the lease back."""

        def give(db: Database) -> None:
            if leases.is_same(tables.lease(db), lease):
                db.execute("DELETE FROM lease")

        with self._lock:
            if self._file.exists():
                self._writing_to("unlock", give)
            self._waiting.lets_go()

    def holder(self) -> Lease | None:
        """The lease that was given out last and not given back; it may be dead."""
        return self._patiently(
            "read", lambda: tables.lease(self._file.reading()) if self._file.exists() else None
        )

    def unlock(self, lease_id: str) -> None:
        """Take a lease away; the fence stays where it rose to."""

        def take_away(db: Database) -> None:
            held = tables.lease(db)
            left = self._watch.left(held) if held else None
            leases.may_unlock(held, lease_id, self._clock.now(), left)
            db.execute("DELETE FROM lease")

        with self._lock, self._naming_the_holder():
            if not self._file.exists():
                leases.may_unlock(None, lease_id, self._clock.now(), None)
            self._writing_to("unlock", take_away)

    def close(self) -> None:
        """Let go of the file; with the last one to leave go -wal and -shm."""
        with self._lock:
            self._file.close()

    def _beat(self, db: Database, lease: Lease) -> Lease:
        current = leases.beaten(leases.mine(tables.lease(db), lease), self._clock.now())
        tables.put_lease(db, current)
        return current

    def _change(self, change: Callable[[Database], None], lease: Lease) -> None:
        def once(db: Database) -> None:
            self._beat(db, lease)
            change(db)

        self._writing_to("save", once, lease)

    def _writing_to(
        self, doing: str, work: Callable[[Database], T], lease: Lease | None = None
    ) -> T:
        """Do it in one transaction; it was a heartbeat if a lease is named."""

        def once() -> T:
            began = self._clock.monotonic()
            db = self._file.writing()
            with transaction(db):
                done = work(db)
            if lease is not None:
                self._waiting.holds(began, lease.ttl)
            return done

        return self._patiently(doing, once)

    def _patiently(self, doing: str, work: Callable[[], T]) -> T:
        """Do it, again while another program keeps the file busy, as long as our lease lasts."""
        with self._lock:
            attempt = self._waiting.busy(PATIENCE)
            while True:
                try:
                    with self._file.translated(doing):
                        return work()
                except StateBusy as busy:
                    if not attempt.again(busy):
                        raise

    def _count(self, db: Database, serial: int, lineage: str) -> None:
        tables.put(db, "serial", str(serial + 1))
        tables.put(db, "lineage", lineage or self._ids())

    def _entry(self, key: TaskKey) -> Entry:
        return self._patiently("read", lambda: tables.entry(self._file.reading(), key))
