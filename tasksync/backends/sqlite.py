"""The state in one SQLite file: the default, beside the manifest.

WAL with synchronous FULL: what was committed survives a power cut. On network file systems,
where WAL cannot work, a rollback journal. A file is made aside and put in its place when it is
whole, so that a file which is empty or cut off is never ours in the making: it is refused, as is
one that is not ours, of a newer format or of another project, and none of its bytes change.
Reading needs no right to write, and makes no file.
"""

from __future__ import annotations

import errno
import os
import sqlite3
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager, suppress
from pathlib import Path
from threading import RLock
from typing import TypeVar

from tasksync.backends import leases
from tasksync.backends import sqlite_tables as tables
from tasksync.backends.leases import Alive, Gone, Watch
from tasksync.backends.mounts import is_remote
from tasksync.backends.patience import Tell, Waiting, in_silence
from tasksync.core.fields import TaskKey
from tasksync.core.formats import state_text
from tasksync.core.ports import Clock
from tasksync.core.state import FORMAT_VERSION, Entry, Holder, Lease, State, StateDelta
from tasksync.errors import StateBusy, StateError, StateUnreadable

T = TypeVar("T")

PATIENCE = 10.0  # seconds that one transaction waits for another, where no lease says how long
STEP = 2.0  # seconds of it at a time, and all that taking the lease waits by itself
PAGE = 4096  # bytes


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
        self._path = path
        self._project = project
        self._clock = clock
        self._ids = ids
        self._watch = Watch(clock, gone, alive)
        self._waiting = Waiting(clock, tell, patience)
        self._lock = RLock()
        self._connection: sqlite3.Connection | None = None
        self._writable = False

    def load(self) -> State:
        """The state as last committed; the index at once, entries when somebody looks."""

        def look() -> State:
            if not self._exists():
                return State(self._project)
            db = self._reading()
            with _transaction(db, "DEFERRED"):
                return tables.state(db, self._project, self._entry)

        return self._patiently("read", look)

    def commit(self, delta: StateDelta, lease: Lease) -> None:
        """Make a delta durable in one transaction."""

        def apply(db: sqlite3.Connection) -> None:
            was = tables.meta(db)
            tables.apply_delta(db, delta)
            self._count(db, int(was["serial"]), was["lineage"])

        self._change(apply, lease)

    def replace(self, state: State, lease: Lease) -> None:
        """Put a whole state in the place of what is there, its serial above both."""
        if state.project != self._project:
            raise state_text.foreign(state.project, self._project)
        everything = tables.everything(state)  # before the tables go: it may be read from them

        def apply(db: sqlite3.Connection) -> None:
            was = tables.meta(db)
            tables.clear(db)
            tables.apply_delta(db, everything)
            tables.put_runs(db, state.runs)
            tables.put_identity(db, state.identity)
            self._count(db, max(int(was["serial"]), state.serial), state.lineage)

        self._change(apply, lease)

    def acquire(self, who: Holder, ttl: float) -> Lease:
        """Take the lease, making the file if there is none, or raise StateLocked.

        A file that another program keeps busy is waited for by asking again, as a lock is.
        """
        with self._lock, self._naming_the_holder(), self._translated("lock"):
            return self._take(who, ttl)

    @contextmanager
    def _naming_the_holder(self) -> Iterator[None]:
        """Raise StateLocked for a file that is busy while a lease is in force: it may be its."""
        try:
            yield
        except StateBusy as busy:
            held = None
            with suppress(StateError), self._translated("read"):
                held = tables.lease(self._reading()) if self._exists() else None
            if held and (left := self._watch.left(held)) != 0:
                raise leases.locked(held, self._clock.now(), left) from busy
            raise

    def _take(self, who: Holder, ttl: float) -> Lease:
        began = self._clock.monotonic()
        db = self._writing()
        with _transaction(db):
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

        def give(db: sqlite3.Connection) -> None:
            if leases.is_same(tables.lease(db), lease):
                db.execute("DELETE FROM lease")

        with self._lock:
            if self._exists():
                self._writing_to("unlock", give)
            self._waiting.lets_go()

    def holder(self) -> Lease | None:
        """The lease that was given out last and not given back; it may be dead."""
        return self._patiently(
            "read", lambda: tables.lease(self._reading()) if self._exists() else None
        )

    def unlock(self, lease_id: str) -> None:
        """Take a lease away; the fence stays where it rose to."""

        def take_away(db: sqlite3.Connection) -> None:
            held = tables.lease(db)
            left = self._watch.left(held) if held else None
            leases.may_unlock(held, lease_id, self._clock.now(), left)
            db.execute("DELETE FROM lease")

        with self._lock, self._naming_the_holder():
            if not self._exists():
                leases.may_unlock(None, lease_id, self._clock.now(), None)
            self._writing_to("unlock", take_away)

    def close(self) -> None:
        """Let go of the file; with the last one to leave go -wal and -shm."""
        with self._lock:
            if self._connection is not None:
                self._connection.close()
            self._connection, self._writable = None, False

    def _beat(self, db: sqlite3.Connection, lease: Lease) -> Lease:
        current = leases.beaten(leases.mine(tables.lease(db), lease), self._clock.now())
        tables.put_lease(db, current)
        return current

    def _change(self, change: Callable[[sqlite3.Connection], None], lease: Lease) -> None:
        def once(db: sqlite3.Connection) -> None:
            self._beat(db, lease)
            change(db)

        self._writing_to("save", once, lease)

    def _writing_to(
        self, doing: str, work: Callable[[sqlite3.Connection], T], lease: Lease | None = None
    ) -> T:
        """Do it in one transaction; it was a heartbeat if a lease is named."""

        def once() -> T:
            began = self._clock.monotonic()
            db = self._writing()
            with _transaction(db):
                done = work(db)
            if lease is not None:
                self._waiting.holds(began, lease.ttl)
            return done

        return self._patiently(doing, once)

    def _patiently(self, doing: str, work: Callable[[], T]) -> T:
        """Do it, again while another program keeps the file busy, as long as our lease lasts."""
        with self._lock, self._translated(doing):
            attempt = self._waiting.busy(PATIENCE)
            while True:
                try:
                    return work()
                except sqlite3.OperationalError as error:
                    if not _is_busy(error) or not attempt.again(self._error(doing, error)):
                        raise

    def _count(self, db: sqlite3.Connection, serial: int, lineage: str) -> None:
        tables.put(db, "serial", str(serial + 1))
        tables.put(db, "lineage", lineage or self._ids())

    def _entry(self, key: TaskKey) -> Entry:
        return self._patiently("read", lambda: tables.entry(self._reading(), key))

    def _exists(self) -> bool:
        return self._connection is not None or self._path.exists()

    def _reading(self) -> sqlite3.Connection:
        if self._connection is None:
            # A reader that may write opens so: only then does the last one to close remove -wal.
            if _may_write(self._path) and _may_write(self._path.parent):
                self._connection = self._open_to_write()
                self._connection.execute("PRAGMA query_only = ON")
            elif self._has_log():
                self._connection = self._checked("ro")
            else:  # nobody is at work, and without a right to the folder a log cannot be joined
                self._connection = self._checked("ro", "&immutable=1")
        return self._connection

    def _writing(self) -> sqlite3.Connection:
        if self._connection is None or not self._writable:
            if not self._exists():
                self._create()
            self.close()
            db = self._open_to_write()
            db.execute("PRAGMA synchronous = FULL")
            db.execute(f"PRAGMA journal_mode = {'DELETE' if is_remote(self._path) else 'WAL'}")
            with _transaction(db):
                tables.upgrade(db)
            self._connection, self._writable = db, True
        return self._connection

    def _open_to_write(self) -> sqlite3.Connection:
        # Who may write moves the log into the file when leaving: a file that will be refused is
        # looked at without that right first. A hot journal cannot be read so; SQLite plays it back.
        if self._has_log():
            try:
                self._checked("ro").close()
            except sqlite3.OperationalError as error:
                if not error.sqlite_errorname.startswith("SQLITE_READONLY"):
                    raise
        return self._checked("rw")

    def _open(self, mode: str, more: str = "") -> sqlite3.Connection:
        return sqlite3.connect(
            f"{self._path.absolute().as_uri()}?mode={mode}{more}",
            uri=True,
            timeout=min(STEP, PATIENCE),
            isolation_level=None,
            check_same_thread=False,
        )

    def _checked(self, mode: str, more: str = "") -> sqlite3.Connection:
        with ExitStack() as refusing:
            db = self._open(mode, more)
            refusing.callback(db.close)
            self._examine(db)
            refusing.pop_all()
        return db

    def _examine(self, db: sqlite3.Connection) -> None:
        """Refuse what is not ours, newer, torn or of another project; nothing is changed.

        Through SQLite, never through a file handle of our own: to close one would drop the locks
        that other connections of this process hold. While a log lies beside (a run is at work, or
        died) the file itself may be behind, and only SQLite knows whether they are whole together.
        """
        ours, version, pages, page = (
            db.execute(f"PRAGMA {name}").fetchone()[0]
            for name in ("application_id", "user_version", "page_count", "page_size")
        )
        size = self._path.stat().st_size
        if size == 0:
            raise self._unreadable("it is empty: it was cut off")
        if ours != tables.APPLICATION_ID:
            raise self._unreadable("it is not a tasksync state")
        if version > FORMAT_VERSION:
            raise state_text.newer(version, self._where())
        if self._has_log():
            fault = db.execute("PRAGMA quick_check(1)").fetchone()[0]
            if fault != "ok":
                raise self._unreadable(str(fault))
        elif size != pages * page:
            raise self._unreadable(f"it was cut off ({size} of {pages * page} bytes)")
        project = tables.meta(db).get("project", "")
        if project != self._project:
            raise state_text.foreign(project, self._project)

    def _has_log(self) -> bool:
        for tail in ("-wal", "-journal"):
            with suppress(FileNotFoundError):
                if Path(f"{self._path}{tail}").stat().st_size:
                    return True
        return False

    def _create(self) -> None:
        self._path.parent.mkdir(parents=True, exist_ok=True)
        ignore = self._path.parent / ".gitignore"
        if self._path.parent.name == ".tasksync" and not ignore.exists():
            ignore.write_text("*\n", encoding="ascii")
        aside = self._path.with_name(f"{self._path.name}.new-{self._ids()}")
        try:
            os.close(os.open(aside, os.O_CREAT | os.O_EXCL | os.O_WRONLY, 0o600))
            _fill(aside, self._project)
            _put_in_place(aside, self._path)
        finally:
            aside.unlink(missing_ok=True)

    @contextmanager
    def _translated(self, doing: str) -> Iterator[None]:
        try:
            yield
        except (sqlite3.Error, OSError) as error:
            raise self._error(doing, error) from error

    def _error(self, doing: str, error: sqlite3.Error | OSError) -> StateError:
        if isinstance(error, OSError):
            full = error.errno in {errno.ENOSPC, errno.EDQUOT}
            return StateError(
                f"Could not {doing} {self._where()}: {error.strerror or error}",
                _ADVICE["SQLITE_FULL"] if full else "",
            )
        name = getattr(error, "sqlite_errorname", "")
        if name.startswith(("SQLITE_CORRUPT", "SQLITE_NOTADB")):
            return self._unreadable(str(error))
        if name.startswith(_BUSY):
            return leases.busy(self._where(), f"{error}.")
        for start, advice in _ADVICE.items():
            if name.startswith(start):
                return StateError(f"Could not {doing} {self._where()}: {error}.", advice)
        return StateError(f"Could not {doing} {self._where()}: {error} ({name or 'SQLite'}).")

    def _unreadable(self, what: str) -> StateUnreadable:
        return state_text.unreadable(what, self._where())

    def _where(self) -> str:
        return f"the state file {self._path}"


_ADVICE = {
    "SQLITE_FULL": "The disk is full: make room and run again; what was saved before is whole.",
    "SQLITE_READONLY": "The file or its folder may only be read: look at their owner and rights.",
    "SQLITE_CANTOPEN": "The file or its folder cannot be opened: look at their owner and rights.",
    "SQLITE_PERM": "Look at the file's owner and rights.",
    "SQLITE_IOERR": "The disk failed or is full; what was saved before is whole.",
}


_BUSY = ("SQLITE_BUSY", "SQLITE_LOCKED")


def _is_busy(error: sqlite3.Error) -> bool:
    return getattr(error, "sqlite_errorname", "").startswith(_BUSY)


@contextmanager
def _transaction(db: sqlite3.Connection, kind: str = "IMMEDIATE") -> Iterator[None]:
    db.execute(f"BEGIN {kind}")
    with db:  # commits, or rolls back when something is raised
        yield


def _may_write(path: Path) -> bool:
    return os.access(path, os.W_OK, effective_ids=os.access in os.supports_effective_ids)


def _fill(path: Path, project: str) -> None:
    db = sqlite3.connect(path, isolation_level=None)
    try:
        db.execute("PRAGMA synchronous = FULL")
        db.execute(f"PRAGMA page_size = {PAGE}")
        tables.make(db, project)
        if not is_remote(path):
            db.execute("PRAGMA journal_mode = WAL")
    finally:
        db.close()


def _put_in_place(aside: Path, path: Path) -> None:
    """Give a whole file its name, unless somebody was quicker."""
    try:
        os.link(aside, path)
    except FileExistsError:
        return
    except OSError:  # a file system without hard links
        if not path.exists():
            aside.rename(path)
    if hasattr(os, "O_DIRECTORY"):
        folder = os.open(path.parent, os.O_RDONLY | os.O_DIRECTORY)
        try:
            os.fsync(folder)
        finally:
            os.close(folder)
