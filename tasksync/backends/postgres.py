"""The state in PostgreSQL: for teams, for many projects in one database, and for size.

Tables in the schema `tasksync`, each row with its project. Leases are rows, not session locks,
and nothing outlives a transaction (no prepared statements, no session settings), so that a
pooler in between is fine. How the server, the database or the role are configured (isolation,
DateStyle, quoting of backslashes, time zone, encoding, search path) is not believed: each
transaction says what it depends on, and bytes and instants travel binary. Every change locks the
project's row first. Each change leaves its id in that row: after a connection that was lost inside
COMMIT the change is tried again, finds its own id there, and is done.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from datetime import datetime
from json import loads
from threading import RLock
from typing import Any, TypeAlias, TypeVar

import psycopg
from psycopg import Connection, IsolationLevel
from psycopg.conninfo import conninfo_to_dict

from tasksync.backends import leases
from tasksync.backends import postgres_tables as tables
from tasksync.backends.bounds import cut_after
from tasksync.backends.leases import Alive, Gone, Watch
from tasksync.backends.masking import masked, scrubbed, secrets_of
from tasksync.backends.patience import Tell, Waiting, in_silence
from tasksync.backends.postgres_tables import ProjectRow
from tasksync.core.fields import TaskKey
from tasksync.core.formats import state_json, state_text
from tasksync.core.formats.state_text import from_text, reading
from tasksync.core.ports import Clock
from tasksync.core.state import (
    FORMAT_VERSION,
    KEPT_RUNS,
    Entry,
    EntryIndex,
    Holder,
    LazyEntries,
    Lease,
    State,
    StateDelta,
)
from tasksync.errors import SettingsError, StateBusy, StateError

Database: TypeAlias = "Connection[tuple[Any, ...]]"
#: changes the rows; takes the project's row as it was, returns the serial and lineage to go by
Change: TypeAlias = Callable[[Database, ProjectRow], tuple[int, str]]
T = TypeVar("T")

CHUNK = 20_000  # entries of the index per fetch
AHEAD = 500  # entries read at once when they are looked at in order
NEAR = 16  # rows that such a look may skip
#: libpq's own limits, so that nothing hangs for ever on a network that went away
NETWORK = {
    "connect_timeout": 10,
    "keepalives": 1,
    "keepalives_idle": 10,
    "keepalives_interval": 5,
    "keepalives_count": 3,
    "tcp_user_timeout": 20_000,
    "application_name": "tasksync",
}
#: seconds of one transaction as a whole, above what `_LIMITS` allows each of its statements: a
#: server that is stopped keeps its connections, and says nothing of its own limits
WHOLE = 300.0
#: whatever the URL says
MUST = {"client_encoding": "UTF8"}


class PostgresStore:
    """A StateStore in a database; one connection, behind one lock, made again when lost."""

    def __init__(
        self,
        url: str,
        project: str,
        *,
        clock: Clock,
        ids: Callable[[], str],
        gone: Gone = leases.nobody,
        alive: Alive = leases.nobody,
        tell: Tell = in_silence,
        password: str | None = None,
    ) -> None:
        self._url = url
        self._project = project
        self._clock = clock
        self._ids = ids
        self._watch = Watch(clock, gone, alive)
        self._waiting = Waiting(clock, tell)
        self._secrets = (*secrets_of(url), *([password] if password else []))
        self._settings = self._parsed(url, password)
        self._lock = RLock()
        self._connection: Database | None = None
        self._format: int | None = None
        self._ahead: dict[TaskKey, Entry] = {}

    def load(self) -> State:
        """The state as last committed, from one snapshot; entries when somebody looks."""
        return self._trying("read", self._load)

    def commit(self, delta: StateDelta, lease: Lease) -> None:
        """Make a delta durable in one transaction, exactly once."""

        def change(db: Database, was: ProjectRow) -> tuple[int, str]:
            tables.apply_delta(db, self._project, delta)
            return was.serial, was.lineage

        self._change(change, lease)

    def replace(self, state: State, lease: Lease) -> None:
        """Put a whole state in the place of what is there, its serial above both."""
        if state.project != self._project:
            raise state_text.foreign(state.project, self._project)
        delta = StateDelta(
            put=tuple(state.entries.values()),
            open=state.intents,
            files=state.files,
            released=state.released,
        )

        def change(db: Database, was: ProjectRow) -> tuple[int, str]:
            tables.clear(db, self._project)
            tables.apply_delta(db, self._project, delta)
            tables.put_runs(db, self._project, state.runs[-KEPT_RUNS:])
            tables.put_identity(db, self._project, state.identity)
            return max(was.serial, state.serial), state.lineage

        self._change(change, lease)

    def acquire(self, who: Holder, ttl: float) -> Lease:
        """Take the lease, making the tables if there are none, or raise StateLocked.

        A row that another transaction keeps is waited for by asking again, as a lock is.
        """
        lease_id = self._ids()

        def take(db: Database) -> Lease:
            db.execute(_SOON)
            row = self._added_row(db)
            held, now = tables.lease(db, self._project), _now(db)
            if held and held.id == lease_id:  # an earlier try, whose answer was lost
                return held
            if held and (left := self._watch.left(held)) != 0:
                raise leases.locked(held, now, left)
            lease = leases.granted(lease_id, who, row.fence, now, ttl)
            tables.put_lease(db, self._project, lease)
            return lease

        with self._lock, self._naming_the_holder():
            self._trying("lock", _in_transaction(self._make))
            return self._holding(_in_transaction(take), "lock", ttl)

    def renew(self, lease: Lease) -> Lease:
        """Beat the heart."""

        def beat(db: Database) -> Lease:
            self._row(db)
            return self._beat(db, lease)

        return self._holding(_in_transaction(beat), "lock", lease.ttl)

    def release(self, lease: Lease) -> None:
        """Give the lease back."""

        def give(db: Database) -> None:
            if self._has_tables(db):
                tables.drop_lease(db, self._project, lease.id)

        self._trying("unlock", _in_transaction(give))
        self._waiting.lets_go()

    def holder(self) -> Lease | None:
        """The lease that was given out last and not given back; it may be dead."""

        def look(db: Database) -> Lease | None:
            return tables.lease(db, self._project) if self._has_tables(db) else None

        return self._trying("read", _in_transaction(look))

    def unlock(self, lease_id: str) -> None:
        """Take a lease away; the fence stays where it rose to."""

        def take_away(db: Database) -> None:
            held = tables.lease(db, self._project) if self._row(db) else None
            left = self._watch.left(held) if held else None
            leases.may_unlock(held, lease_id, _now(db), left)
            tables.drop_lease(db, self._project, lease_id)

        with self._naming_the_holder():
            self._trying("unlock", _in_transaction(take_away))

    def close(self) -> None:
        """Let go of the connection."""
        with self._lock:
            if self._connection is not None:
                self._connection.close()
            self._connection = None

    @contextmanager
    def _naming_the_holder(self) -> Iterator[None]:
        """Raise StateLocked for rows that are busy while a lease is in force: it may be its."""
        try:
            yield
        except StateBusy as busy:
            held = self.holder()
            if held and (left := self._watch.left(held)) != 0:
                raise leases.locked(held, self._clock.now(), left) from busy
            raise

    def _change(self, change: Change, lease: Lease) -> None:
        change_id = self._ids()
        lineage = self._ids()

        def once(db: Database) -> None:
            was = self._row(db)
            if was is not None and was.change == change_id:
                return  # an earlier try went through, and its answer was lost
            self._beat(db, lease)
            assert was is not None  # noqa: S101 - no lease without a row
            serial, named = change(db, was)
            tables.count(db, self._project, change_id, named or lineage, serial + 1)

        with self._lock:
            self._ahead.clear()
            self._holding(_in_transaction(once), "save", lease.ttl)

    def _row(self, db: Database) -> ProjectRow | None:
        """Return the project's row, locked till the end of the transaction."""
        return tables.project(db, self._project, lock=True) if self._has_tables(db) else None

    def _make(self, db: Database) -> None:
        if not self._has_tables(db) or self._format != FORMAT_VERSION:
            tables.make(db)

    def _added_row(self, db: Database) -> ProjectRow:
        tables.add_project(db, self._project)
        row = tables.project(db, self._project, lock=True)
        assert row is not None  # noqa: S101 - it was added just now
        return row

    def _beat(self, db: Database, lease: Lease) -> Lease:
        held = tables.lease(db, self._project) if self._has_tables(db) else None
        current = leases.beaten(leases.mine(held, lease), _now(db))
        tables.beat(db, self._project, current.heartbeat)
        return current

    def _load(self, db: Database) -> State:
        with db.transaction():
            db.execute("SET TRANSACTION ISOLATION LEVEL REPEATABLE READ READ ONLY")
            _set_limits(db)
            row = tables.project(db, self._project) if self._has_tables(db) else None
            if row is None:
                return State(self._project)
            with db.cursor("entry_index", binary=True) as cursor:
                index = tables.index(cursor, self._project, CHUNK, self._format or 0)
            intents = tables.bodies(db, "intents", self._project)
            runs = tables.bodies(db, "runs", self._project)
        self._ahead.clear()
        with reading("its table projects"):
            return State(
                self._project,
                lineage=row.lineage,
                serial=row.serial,
                identity=state_json.decode_identity(loads(row.identity)),
                index=index,
                entries=LazyEntries(index, self._reader(index)),
                intents=tuple(state_json.decode_intent(_json(body)) for body in intents),
                files=tuple(loads(row.files)),
                released=state_json.decode_released(loads(row.released)),
                runs=tuple(state_json.decode_run(_json(body)) for body in runs),
            )

    def _reader(self, index: EntryIndex) -> Callable[[TaskKey], Entry]:
        """Return how an entry is read: those that are looked at in order, many at once.

        A round trip for each would take minutes; reading ahead where nobody follows, as well.
        """
        order: list[TaskKey] = []
        last = -1

        def read(key: TaskKey) -> Entry:
            nonlocal last
            with self._lock:
                row = index.rows[key]
                if key not in self._ahead:
                    order.extend(() if order else index)
                    wanted = order[row : row + AHEAD] if 0 < row - last <= NEAR else [key]
                    self._ahead = self._trying("read", _in_transaction(self._entries_of(wanted)))
                last = row
                return self._ahead[key]

        return read

    def _entries_of(self, wanted: list[TaskKey]) -> Callable[[Database], dict[TaskKey, Entry]]:
        def look(db: Database) -> dict[TaskKey, Entry]:
            found = tables.entry_bodies(db, self._project, wanted)
            return {
                TaskKey(key): state_json.decode_entry(TaskKey(key), _json(body))
                for key, body in found
            }

        return look

    def _has_tables(self, db: Database) -> bool:
        if self._format is None or self._format < FORMAT_VERSION:
            found = tables.version(db)
            if found is not None and found > FORMAT_VERSION:
                raise state_text.newer(found, f"the state {masked(self._url)}")
            self._format = found
        return self._format is not None

    def _holding(self, work: Callable[[Database], T], doing: str, ttl: float) -> T:
        """Do what is a heartbeat of our lease too."""

        def once(db: Database) -> tuple[T, float]:
            began = self._clock.monotonic()
            return work(db), began

        with self._lock:
            done, began = self._trying(doing, once)
            self._waiting.holds(began, ttl)
            return done

    def _trying(self, doing: str, work: Callable[[Database], T]) -> T:
        with self._lock:
            attempt = self._waiting.attempt()
            while True:
                try:
                    with cut_after(WHOLE, self._handle):
                        return work(self._connected())
                except psycopg.Error as error:
                    told = self._error(doing, error)
                    if not self._may_try_again(error, doing):
                        raise told from error
                    if not attempt.again(told):
                        raise told from error

    def _may_try_again(self, error: psycopg.Error, doing: str) -> bool:
        if isinstance(error, _CONFLICTS) or (
            isinstance(error, _ALREADY_THERE) and self._format != FORMAT_VERSION
        ):
            return True
        if isinstance(error, psycopg.errors.LockNotAvailable):
            return doing != "lock"  # who takes the lease waits by asking again
        unconnected = self._connection is None or self._connection.broken
        if not (unconnected and isinstance(error, psycopg.OperationalError)):
            return False
        refused = (
            _is_refused(error) if self._connection is None else bool(_WRONG.search(str(error)))
        )
        self.close()
        return not refused

    def _handle(self) -> int | None:
        connection = self._connection
        if connection is None or connection.closed:
            return None
        with suppress(psycopg.Error):
            return connection.fileno()
        return None

    def _connected(self) -> Database:
        if self._connection is None or self._connection.closed:
            self._connection = None
            made = psycopg.connect(
                autocommit=True, prepare_threshold=None, **{**NETWORK, **self._settings, **MUST}
            )
            made.isolation_level = IsolationLevel.READ_COMMITTED  # said with each BEGIN
            self._connection = made
        return self._connection

    def _parsed(self, url: str, password: str | None) -> dict[str, Any]:
        try:
            settings = conninfo_to_dict(url)
        except psycopg.Error:
            raise SettingsError(  # without the cause: it quotes the whole URL
                f"The state {masked(url)!r} is not a URL of PostgreSQL.",
                "It is written postgresql://user@host:5432/database; special characters as %XX.",
            ) from None
        if password and not settings.get("password"):
            settings["password"] = password
        return settings

    def _error(self, doing: str, error: psycopg.Error) -> StateError:
        words = scrubbed(str(error).strip() or type(error).__name__, self._secrets)
        first = " ".join(words.split("\n")[0].split())
        if isinstance(error, psycopg.errors.LockNotAvailable):
            return leases.busy(f"The state {masked(self._url)}", first)
        advice = next((text for kind, text in _ADVICE if isinstance(error, kind)), "")
        if isinstance(error, psycopg.errors.ReadOnlySqlTransaction):
            advice = _STANDBY if self._is_standby() else _READ_ONLY
        return StateError(f"Could not {doing} the state {masked(self._url)}: {first}", advice)

    def _is_standby(self) -> bool:
        try:
            row = self._connected().execute("SELECT pg_catalog.pg_is_in_recovery()").fetchone()
        except psycopg.Error:
            return False
        return row == (True,)


_STANDBY = "This server is a read-only standby: name the primary."
_READ_ONLY = (
    "This role, database or server is set to read only (default_transaction_read_only): use "
    "another role, or see why it was set (some providers do it when the disk is full)."
)
_ADVICE: tuple[tuple[type[psycopg.Error], str], ...] = (
    (
        psycopg.errors.InsufficientPrivilege,
        "Grant this user the right to create the schema `tasksync` once, or to use its tables.",
    ),
    (psycopg.errors.DiskFull, "The server's disk is full; what was saved before is whole."),
    (psycopg.errors.QueryCanceled, "The server took too long: run again when it is less busy."),
    (
        psycopg.OperationalError,
        "Is the server there, are user, database and password right (PGPASSWORD, ~/.pgpass)?",
    ),
)
#: another transaction was quicker: the same again, from the start, is all it needs
_CONFLICTS = (
    psycopg.errors.SerializationFailure,
    psycopg.errors.DeadlockDetected,
)
#: another made the tables at the same time
_ALREADY_THERE = (
    psycopg.errors.DuplicateSchema,
    psycopg.errors.DuplicateTable,
    psycopg.errors.DuplicateObject,
    psycopg.errors.UniqueViolation,
)
#: a server or pooler that lives and cannot take anybody just now; all else that it says is final
_NOT_NOW = re.compile(
    r"starting up|shutting down|recovery|not yet accepting|too many|slots are reserved"
    r"|no more connections|server_login_retry|server login|query_wait_timeout|login timeout"
    r"|server conn crashed|pgbouncer cannot connect|terminating connection"
    r"|closed the connection unexpectedly|timeout expired|Connection re(fused|set)",
    re.IGNORECASE,
)
_WRONG = re.compile(r"authentication failed|no password|password is", re.IGNORECASE)


def _is_refused(error: psycopg.Error) -> bool:
    """Tell that a server let nobody in, for good: a second wrong password may lock the account."""
    words, wire = str(error), getattr(error, "pgconn", None)
    if _WRONG.search(words):
        return True
    if _NOT_NOW.search(words):
        return False
    asked = wire is not None and (wire.used_password or wire.needs_password)
    return bool(asked) or "FATAL" in words


def _in_transaction(work: Callable[[Database], T]) -> Callable[[Database], T]:
    def run(db: Database) -> T:
        with db.transaction():
            _set_limits(db)
            return work(db)

    return run


def _set_limits(db: Database) -> None:
    # per transaction: behind a pooler the session is not ours
    db.execute(_LIMITS)


#: nothing waits for ever, a commit is on the disk before it returns, and what we say and read
#: means the same whatever the server, the database or the role were set to
_LIMITS = """
SELECT set_config(name, value, true) FROM (VALUES
  ('statement_timeout', '120s'), ('lock_timeout', '30s'),
  ('idle_in_transaction_session_timeout', '60s'),
  ('standard_conforming_strings', 'on'), ('DateStyle', 'ISO, YMD'), ('TimeZone', 'UTC'),
  ('bytea_output', 'hex'), ('extra_float_digits', '1'), ('search_path', 'pg_catalog'),
  ('synchronous_commit', CASE current_setting('synchronous_commit')
     WHEN 'off' THEN 'on' ELSE current_setting('synchronous_commit') END)
) AS wanted (name, value)
"""
#: where asking again is how one waits
_SOON = "SELECT set_config('lock_timeout', '2s', true)"


def _now(db: Database) -> datetime:
    row = db.execute("SELECT clock_timestamp()", binary=True).fetchone()
    assert row is not None  # noqa: S101 - a SELECT without FROM has one row
    at: datetime = row[0]
    return at


def _json(text: str) -> Any:
    return from_text(text, "a row of it")
