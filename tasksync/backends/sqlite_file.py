"""One SQLite file that holds a state, and the connection to it: made, opened, examined, refused.

A file is made aside and put in its place when it is whole, so that a file which is empty or cut
off is never ours in the making: it is refused, as is one that is not ours, of a newer format or of
another project, and none of its bytes change. Reading needs no right to write, and makes no file.
"""

from __future__ import annotations

import errno
import os
import sqlite3
import stat
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager, suppress
from pathlib import Path, PurePath
from typing import TypeAlias

from tasksync import operating_system
from tasksync.backends import leases
from tasksync.backends import sqlite_tables as tables
from tasksync.backends.mounts import is_remote
from tasksync.core.formats import state_text
from tasksync.core.state import FORMAT_VERSION
from tasksync.errors import StateError, StateUnreadable

Database: TypeAlias = sqlite3.Connection

STEP = 2.0  # seconds that one statement waits for another program's transaction
PAGE = 4096  # bytes


class StateFile:
    """The file `path` of one project, and one connection to it; the caller has the lock."""

    def __init__(self, path: Path, project: str, ids: Callable[[], str]) -> None:
        self.path = path
        self.connection: Database | None = None
        self._project = project
        self._ids = ids
        self._writable = False

    def exists(self) -> bool:
        """Tell whether there is a file; raises StateError for what is no regular one."""
        if self.connection is not None:
            return True
        self._must_be_a_file()
        return self.path.exists()

    def reading(self) -> Database:
        """Return a connection that need not write; raises what `translated` makes errors of."""
        if self.connection is None:
            # A reader that may write opens so: only then does the last one to close remove -wal.
            if _may_write(self.path) and _may_write(self.path.parent):
                self.connection = self._open_to_write()
                self.connection.execute("PRAGMA query_only = ON")
            elif self._has_log():
                self.connection = self._checked("ro")
            else:  # nobody is at work, and without a right to the folder a log cannot be joined
                self.connection = self._checked("ro", "&immutable=1")
        return self.connection

    def writing(self) -> Database:
        """Return a connection that writes; the file is made, or brought to this format."""
        if self.connection is None or not self._writable:
            if not self.exists():
                self._create()
            self.close()
            db = self._open_to_write()
            db.execute("PRAGMA synchronous = FULL")
            db.execute(f"PRAGMA journal_mode = {'DELETE' if is_remote(self.path) else 'WAL'}")
            with transaction(db):
                tables.upgrade(db)
            self.connection, self._writable = db, True
        return self.connection

    def close(self) -> None:
        """Let go of the file; with the last one to leave go -wal and -shm."""
        if self.connection is not None:
            self.connection.close()
        self.connection, self._writable = None, False

    def _open_to_write(self) -> Database:
        # Who may write moves the log into the file when leaving: a file that will be refused is
        # looked at without that right first. A hot journal cannot be read so; SQLite plays it back.
        if self._has_log():
            try:
                self._checked("ro").close()
            except sqlite3.OperationalError as error:
                if not error.sqlite_errorname.startswith("SQLITE_READONLY"):
                    raise
        return self._checked("rw")

    def _open(self, mode: str, more: str = "") -> Database:
        return sqlite3.connect(
            f"{uri_of(self.path.absolute())}?mode={mode}{more}",
            uri=True,
            timeout=STEP,
            isolation_level=None,
            check_same_thread=False,
        )

    def _must_be_a_file(self) -> None:
        """Refuse a device, a pipe or a folder before SQLite opens it: one may never end."""
        with suppress(FileNotFoundError):
            kind = self.path.stat().st_mode
            if not stat.S_ISREG(kind):
                what = "a folder" if stat.S_ISDIR(kind) else "a device or a pipe"
                raise StateError(
                    f"The state cannot be kept in {self.path}: that is {what}, and no file.",
                    "Name a file: --state sqlite:PATH (TASKSYNC_STATE).",
                )

    def _checked(self, mode: str, more: str = "") -> Database:
        with ExitStack() as refusing:
            db = self._open(mode, more)
            refusing.callback(db.close)
            self._examine(db)
            refusing.pop_all()
        return db

    def _examine(self, db: Database) -> None:
        """Refuse what is not ours, newer, torn or of another project; nothing is changed.

        Through SQLite, never through a file handle of our own: to close one would drop the locks
        that other connections of this process hold. While a log lies beside (a run is at work, or
        died) the file itself may be behind, and only SQLite knows whether they are whole together.
        """
        ours, version, pages, page = (
            db.execute(f"PRAGMA {name}").fetchone()[0]
            for name in ("application_id", "user_version", "page_count", "page_size")
        )
        size = self.path.stat().st_size
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
                if Path(f"{self.path}{tail}").stat().st_size:
                    return True
        return False

    def _create(self) -> None:
        self.path.parent.mkdir(parents=True, exist_ok=True)
        ignore = self.path.parent / ".gitignore"
        if self.path.parent.name == ".tasksync" and not ignore.exists():
            ignore.write_text("*\n", encoding="ascii")
        aside = self.path.with_name(f"{self.path.name}.new-{self._ids()}")
        try:
            os.close(os.open(aside, os.O_CREAT | os.O_EXCL | os.O_WRONLY, 0o600))
            _fill(aside, self._project)
            _put_in_place(aside, self.path)
        finally:
            aside.unlink(missing_ok=True)

    @contextmanager
    def translated(self, doing: str) -> Iterator[None]:
        """Raise StateError for what SQLite and the system raise; StateBusy for a file in use."""
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
        return f"the state file {self.path}"


_ADVICE = {
    "SQLITE_FULL": "The disk is full: make room and run again; what was saved before is whole.",
    "SQLITE_READONLY": "The file or its folder may only be read: look at their owner and rights.",
    "SQLITE_CANTOPEN": "The file or its folder cannot be opened: look at their owner and rights.",
    "SQLITE_PERM": "Look at the file's owner and rights.",
    "SQLITE_IOERR": "The disk failed or is full; what was saved before is whole.",
}


_BUSY = ("SQLITE_BUSY", "SQLITE_LOCKED")


@contextmanager
def transaction(db: Database, kind: str = "IMMEDIATE") -> Iterator[None]:
    """Commit what the block does, or roll it back when something is raised."""
    db.execute(f"BEGIN {kind}")
    with db:
        yield


def uri_of(path: PurePath) -> str:
    """Return a path as SQLite reads it: a share of Windows has four slashes there, and no host."""
    uri = path.as_uri()
    return uri if uri.startswith("file:///") else f"file:////{uri.removeprefix('file://')}"


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
    with suppress(FileExistsError):
        operating_system.put_new(aside, path)
        operating_system.made_durable(path.parent)
