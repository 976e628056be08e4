"""The state in one SQLite file: the default, beside the manifest.

WAL with synchronous FULL: what was committed survives a power cut. On network file systems,
where WAL cannot work, a rollback journal. A file is made aside and put in its place when it is
whole, so that a file which is empty or cut off is never ours in the making: it is refused, as is
one that is not ours, of a newer format or of another project, and none of its bytes change.
Reading needs no right to write, and makes no file.
"""

from __future__ import annotations

import os
import sqlite3
from array import array
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager, suppress
from json import loads
from pathlib import Path
from threading import RLock
from typing import Any

from tasksync.backends import leases
from tasksync.backends.leases import Gone
from tasksync.backends.mounts import is_remote
from tasksync.core import statefile
from tasksync.core.fields import TaskKey
from tasksync.core.ports import Clock
from tasksync.core.state import (
    FORMAT_VERSION,
    KEPT_RUNS,
    Entry,
    Heads,
    Holder,
    LazyEntries,
    Lease,
    State,
    StateDelta,
)
from tasksync.core.statefile import from_text, reading, to_text
from tasksync.errors import StateError, StateUnreadable

#: "tsyn": tells our files from others' (PRAGMA application_id, byte 68 of the file)
APPLICATION_ID = 0x7473796E
PATIENCE = 10.0  # seconds that one transaction waits for another
PAGE = 4096  # bytes

_TABLES = """
CREATE TABLE meta (name TEXT PRIMARY KEY, value TEXT NOT NULL) WITHOUT ROWID;
CREATE TABLE entries (
  key TEXT PRIMARY KEY, id INTEGER NOT NULL, asked BLOB NOT NULL, found BLOB NOT NULL,
  mask INTEGER NOT NULL, deferred INTEGER NOT NULL, body TEXT NOT NULL
) WITHOUT ROWID;
CREATE TABLE intents (seq INTEGER PRIMARY KEY, key TEXT NOT NULL UNIQUE, body TEXT NOT NULL);
CREATE TABLE runs (seq INTEGER PRIMARY KEY, id TEXT NOT NULL UNIQUE, body TEXT NOT NULL);
CREATE TABLE lease (one INTEGER PRIMARY KEY CHECK (one = 1), body TEXT NOT NULL);
"""
# SQLite joins the columns itself: twice as fast as 100 000 rows handed to Python. Keys hold no
# control characters (design 2), and a table without rowids is read in the order of its keys.
_HEADS = """
SELECT group_concat(key, x'0a'), group_concat(id), group_concat(asked || found, ''),
       group_concat(mask), group_concat(deferred, '') FROM entries
"""
_PUT = """
INSERT INTO entries VALUES (?, ?, ?, ?, ?, ?, ?) ON CONFLICT (key) DO UPDATE SET
  id = excluded.id, asked = excluded.asked, found = excluded.found, mask = excluded.mask,
  deferred = excluded.deferred, body = excluded.body
"""
_UPSERT_INTENT = """
INSERT INTO intents (key, body) VALUES (?, ?) ON CONFLICT (key) DO UPDATE SET body = excluded.body
"""
_UPSERT_RUN = """
INSERT INTO runs (id, body) VALUES (?, ?) ON CONFLICT (id) DO UPDATE SET body = excluded.body
"""
_TRIM_RUNS = "DELETE FROM runs WHERE seq NOT IN (SELECT seq FROM runs ORDER BY seq DESC LIMIT ?)"
_FLAGS = bytes.maketrans(b"01", b"\0\1")
_SET = "INSERT INTO meta VALUES (?, ?) ON CONFLICT (name) DO UPDATE SET value = excluded.value"


class SqliteStore:
    """A StateStore in the file `path`; one connection, behind one lock."""

    def __init__(
        self,
        path: Path,
        project: str,
        *,
        clock: Clock,
        ids: Callable[[], str],
        gone: Gone = lambda _holder: False,
    ) -> None:
        self._path = path
        self._project = project
        self._clock = clock
        self._ids = ids
        self._gone = gone
        self._lock = RLock()
        self._connection: sqlite3.Connection | None = None
        self._writable = False

    def load(self) -> State:
        """The state as last committed; heads at once, entries when somebody looks."""
        with self._lock, self._translated("read"):
            if not self._exists():
                return State(self._project)
            db = self._reading()
            with _transaction(db, "DEFERRED"):
                return self._state(db)

    def commit(self, delta: StateDelta, lease: Lease) -> None:
        """Make a delta durable in one transaction."""
        with self._changing(lease) as db:
            _lay(db, delta)
            self._count(db, _meta(db))

    def replace(self, state: State, lease: Lease) -> None:
        """Put a whole state in the place of what is there, its serial above both."""
        if state.project != self._project:
            raise statefile.foreign(state.project, self._project)
        everything = _whole(state)  # before the tables go: it may be read from them
        with self._changing(lease) as db:
            for table in ("entries", "intents", "runs"):
                db.execute(f"DELETE FROM {table}")  # noqa: S608 - names from the line above
            meta = _meta(db)
            meta["serial"] = str(max(int(meta["serial"]), state.serial))
            meta["lineage"] = state.lineage
            _lay(db, everything)
            for run in state.runs:
                db.execute(_UPSERT_RUN, (run.id, to_text(statefile.encode_run(run))))
            db.execute(_SET, ("identity", to_text(statefile.encode_identity(state.identity))))
            self._count(db, meta)

    def acquire(self, who: Holder, ttl: float) -> Lease:
        """Take the lease, making the file if there is none, or raise StateLocked."""
        with self._lock, self._translated("lock"):
            db = self._writing()
            with _transaction(db):
                held, now = _lease(db), self._clock.now()
                if held and not self._stale(held):
                    raise leases.locked(held, now)
                fence = int(_meta(db)["fence"])
                lease = leases.granted(self._ids(), who, fence, now, ttl)
                db.execute(_SET, ("fence", str(lease.fence)))
                _keep(db, lease)
            return lease

    def renew(self, lease: Lease) -> Lease:
        """Beat the heart."""
        with self._lock, self._translated("lock"):
            db = self._writing()
            with _transaction(db):
                return self._beat(db, lease)

    def release(self, lease: Lease) -> None:
        """Give the lease back."""
        with self._lock, self._translated("unlock"):
            if not self._exists():
                return
            db = self._writing()
            with _transaction(db):
                if leases.is_same(_lease(db), lease):
                    db.execute("DELETE FROM lease")

    def holder(self) -> Lease | None:
        """The lease in force, or None."""
        with self._lock, self._translated("read"):
            held = _lease(self._reading()) if self._exists() else None
            return None if held is None or leases.ran_out(held, self._clock.now()) else held

    def unlock(self, lease_id: str) -> None:
        """Take a lease away; the fence stays where it rose to."""
        with self._lock, self._translated("unlock"):
            if not self._exists():
                leases.may_unlock(None, lease_id, self._clock.now(), stale=True)
            db = self._writing()
            with _transaction(db):
                held = _lease(db)
                stale = held is not None and self._stale(held)
                leases.may_unlock(held, lease_id, self._clock.now(), stale=stale)
                db.execute("DELETE FROM lease")

    def close(self) -> None:
        """Let go of the file; the last one to leave takes -wal and -shm along."""
        with self._lock:
            if self._connection is not None:
                self._connection.close()
            self._connection, self._writable = None, False

    def _stale(self, lease: Lease) -> bool:
        return leases.ran_out(lease, self._clock.now()) or self._gone(lease.holder)

    def _beat(self, db: sqlite3.Connection, lease: Lease) -> Lease:
        current = leases.beaten(leases.mine(_lease(db), lease), self._clock.now())
        _keep(db, current)
        return current

    @contextmanager
    def _changing(self, lease: Lease) -> Iterator[sqlite3.Connection]:
        with self._lock, self._translated("save"):
            db = self._writing()
            with _transaction(db):
                self._beat(db, lease)
                yield db

    def _count(self, db: sqlite3.Connection, meta: dict[str, str]) -> None:
        db.execute(_SET, ("serial", str(int(meta["serial"]) + 1)))
        db.execute(_SET, ("lineage", meta["lineage"] or self._ids()))

    def _state(self, db: sqlite3.Connection) -> State:
        meta, heads = _meta(db), _heads(db)
        intents = db.execute("SELECT body FROM intents ORDER BY seq").fetchall()
        runs = db.execute("SELECT body FROM runs ORDER BY seq").fetchall()
        with reading("its table meta"):
            return State(
                self._project,
                lineage=meta["lineage"],
                serial=int(meta["serial"]),
                identity=statefile.decode_identity(loads(meta["identity"])),
                heads=heads,
                entries=LazyEntries(heads, self._entry),
                intents=tuple(statefile.decode_intent(_json(row[0])) for row in intents),
                files=tuple(loads(meta["files"])),
                runs=tuple(statefile.decode_run(_json(row[0])) for row in runs),
            )

    def _entry(self, key: TaskKey) -> Entry:
        with self._lock, self._translated("read"):
            sql = "SELECT body FROM entries WHERE key = ?"
            row = self._reading().execute(sql, (key,)).fetchone()
        if row is None:
            raise KeyError(key)
        return statefile.decode_entry(key, _json(row[0]))

    def _exists(self) -> bool:
        return self._connection is not None or self._path.exists()

    def _reading(self) -> sqlite3.Connection:
        if self._connection is None:
            self._connection = self._checked(self._open_to_read())
        return self._connection

    def _writing(self) -> sqlite3.Connection:
        if self._connection is None or not self._writable:
            if not self._exists():
                self._create()
            self._sniff()
            self.close()
            self._connection = self._checked(self._open("rw"))
            mode = "DELETE" if is_remote(self._path) else "WAL"
            self._connection.execute(f"PRAGMA journal_mode = {mode}")
            self._writable = True
        return self._connection

    def _open(self, mode: str, more: str = "") -> sqlite3.Connection:
        db = sqlite3.connect(
            f"{self._path.absolute().as_uri()}?mode={mode}{more}",
            uri=True,
            timeout=PATIENCE,
            isolation_level=None,
            check_same_thread=False,
        )
        db.execute("PRAGMA synchronous = FULL")
        return db

    def _open_to_read(self) -> sqlite3.Connection:
        # A reader that may write opens so: only then does the last one to close remove -wal.
        self._sniff()
        if _may_write(self._path) and _may_write(self._path.parent):
            db = self._open("rw")
            db.execute("PRAGMA query_only = ON")
            return db
        if self._has_log():
            return self._open("ro")
        # Nobody is writing (no log), and without a right to the folder WAL could not be joined.
        return self._open("ro", "&immutable=1")

    def _sniff(self) -> None:
        """Refuse what is not ours or torn, from its first page and its length, changing nothing.

        Through SQLite, never through a file handle of our own: to close one would drop the locks
        that other connections of this process hold. While a log lies beside (a run is at work, or
        died) the file itself may be behind, and `_checked` asks SQLite instead.
        """
        db = self._open("ro", "&immutable=1")
        try:
            size = self._path.stat().st_size
            ours, version, pages, page = (
                db.execute(f"PRAGMA {name}").fetchone()[0]
                for name in ("application_id", "user_version", "page_count", "page_size")
            )
        except sqlite3.DatabaseError:
            if self._has_log():
                return
            raise
        finally:
            db.close()
        if size == 0:
            raise self._unreadable("it is empty: it was cut off")
        if version > FORMAT_VERSION and ours == APPLICATION_ID:
            raise statefile.newer(version, self._where())
        if ours != APPLICATION_ID:
            raise self._unreadable("it is not a tasksync state")
        if size != pages * page and not self._has_log():
            raise self._unreadable(f"it was cut off ({size} of {pages * page} bytes)")

    def _checked(self, db: sqlite3.Connection) -> sqlite3.Connection:
        with ExitStack() as refusing:
            refusing.callback(db.close)
            self._examine(db)
            refusing.pop_all()
        return db

    def _examine(self, db: sqlite3.Connection) -> None:
        (ours,) = db.execute("PRAGMA application_id").fetchone()
        if ours != APPLICATION_ID:
            raise self._unreadable("it is not a tasksync state")
        fault = db.execute("PRAGMA quick_check(1)").fetchone() if self._has_log() else ("ok",)
        if fault[0] != "ok":
            raise self._unreadable(str(fault[0]))
        project = _meta(db).get("project", "")
        if project != self._project:
            raise statefile.foreign(project, self._project)

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
            return StateError(f"Could not {doing} {self._where()}: {error.strerror or error}")
        name = getattr(error, "sqlite_errorname", "")
        if name.startswith(("SQLITE_CORRUPT", "SQLITE_NOTADB")):
            return self._unreadable(str(error))
        for start, advice in _ADVICE.items():
            if name.startswith(start):
                return StateError(f"Could not {doing} {self._where()}: {error}.", advice)
        return StateError(f"Could not {doing} {self._where()}: {error} ({name or 'SQLite'}).")

    def _unreadable(self, what: str) -> StateUnreadable:
        return statefile.unreadable(what, self._where())

    def _where(self) -> str:
        return f"the state file {self._path}"


_ADVICE = {
    "SQLITE_FULL": "The disk is full: make room and run again; what was saved before is whole.",
    "SQLITE_READONLY": "The file or its folder may only be read: look at their owner and rights.",
    "SQLITE_CANTOPEN": "The file or its folder cannot be opened: look at their owner and rights.",
    "SQLITE_PERM": "Look at the file's owner and rights.",
    "SQLITE_BUSY": "Another program keeps the file busy: end it and run again.",
    "SQLITE_IOERR": "The disk failed or is full; what was saved before is whole.",
}


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
        db.execute(f"PRAGMA application_id = {APPLICATION_ID}")
        db.execute(f"PRAGMA user_version = {FORMAT_VERSION}")
        db.executescript(f"BEGIN; {_TABLES}")
        first = {"project": project, "lineage": "", "serial": "0", "fence": "0"}
        db.executemany(_SET, {**first, "identity": "null", "files": "[]"}.items())
        db.execute("COMMIT")
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


def _meta(db: sqlite3.Connection) -> dict[str, str]:
    return dict(db.execute("SELECT name, value FROM meta").fetchall())


def _heads(db: sqlite3.Connection) -> Heads:
    db.text_factory = bytes
    try:
        keys, ids, digests, masks, deferred = db.execute(_HEADS).fetchone()
    finally:
        db.text_factory = str
    heads = Heads()
    if keys is not None:
        with reading("its table entries"):
            heads.fill(
                keys.decode().split("\n"),
                ids=array("q", loads(b"[%b]" % ids)),
                digests=digests,
                masks=array("H", loads(b"[%b]" % masks)),
                deferred=deferred.translate(_FLAGS),
            )
    return heads


def _lease(db: sqlite3.Connection) -> Lease | None:
    row = db.execute("SELECT body FROM lease").fetchone()
    return None if row is None else statefile.decode_lease(_json(row[0]))


def _keep(db: sqlite3.Connection, lease: Lease) -> None:
    body = to_text(statefile.encode_lease(lease))
    db.execute("INSERT OR REPLACE INTO lease VALUES (1, ?)", (body,))


def _json(text: str) -> Any:
    return from_text(text, "a row of it")


def _row(entry: Entry) -> tuple[object, ...]:
    head = entry.head()
    body = to_text(statefile.encode_entry(entry))
    return (*(head.key, head.id, head.asked, head.found, head.mask, head.deferred), body)


def _whole(state: State) -> StateDelta:
    entries = tuple(state.entries.values())
    return StateDelta(put=entries, open=state.intents, files=state.files)


def _lay(db: sqlite3.Connection, delta: StateDelta) -> None:
    db.executemany(_PUT, map(_row, delta.put))
    db.executemany("DELETE FROM entries WHERE key = ?", ((key,) for key in delta.drop))
    opened = ((i.key, to_text(statefile.encode_intent(i))) for i in delta.open)
    db.executemany(_UPSERT_INTENT, opened)
    db.executemany("DELETE FROM intents WHERE key = ?", ((key,) for key in delta.close))
    if delta.run:
        db.execute(_UPSERT_RUN, (delta.run.id, to_text(statefile.encode_run(delta.run))))
        db.execute(_TRIM_RUNS, (KEPT_RUNS,))
    if delta.identity is not None:
        db.execute(_SET, ("identity", to_text(statefile.encode_identity(delta.identity))))
    if delta.files is not None:
        db.execute(_SET, ("files", to_text(list(delta.files))))
