"""The state in PostgreSQL: for teams, for many projects in one database, and for size.

Tables in the schema `tasksync`, each row with its project. Leases are rows, not session locks,
and nothing outlives a transaction (no prepared statements, no session settings), so that a
pooler in between is fine. Expiry goes by the database's clock. Every change locks the project's
row first. Each change leaves its id in that row: after a connection that was lost inside COMMIT
the change is tried again, finds its own id there, and is done.
"""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime
from json import loads
from threading import RLock
from typing import Any, TypeAlias, TypeVar

import psycopg
from psycopg import Connection
from psycopg.conninfo import conninfo_to_dict

from tasksync.backends import leases
from tasksync.backends import postgres_tables as tables
from tasksync.backends.leases import Gone
from tasksync.backends.masking import masked, scrubbed, secrets_of
from tasksync.backends.postgres_tables import ProjectRow
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
from tasksync.core.statefile import from_text, reading
from tasksync.errors import SettingsError, StateError

Database: TypeAlias = "Connection[tuple[Any, ...]]"
#: changes the rows; takes the project's row as it was, returns the serial and lineage to go by
Change: TypeAlias = Callable[[Database, ProjectRow], tuple[int, str]]
T = TypeVar("T")

TRIES = 4  # connections tried for one change
PAUSE = 0.5  # seconds before the second try, doubled each time
CHUNK = 20_000  # heads per fetch
AHEAD = 500  # entries read at once when they are looked at in order
NEAR = 16  # rows that such a look may skip
#: libpq's own limits, so that nothing hangs for ever on a network that went away
NETWORK = {
    "connect_timeout": 10,
    "keepalives": 1,
    "keepalives_idle": 20,
    "keepalives_interval": 5,
    "keepalives_count": 4,
    "tcp_user_timeout": 60_000,
    "application_name": "tasksync",
}


class PostgresStore:
    """A StateStore in a database; one connection, behind one lock, made again when lost."""

    def __init__(
        self,
        url: str,
        project: str,
        *,
        clock: Clock,
        ids: Callable[[], str],
        gone: Gone = lambda _holder: False,
        password: str | None = None,
    ) -> None:
        self._url = url
        self._project = project
        self._clock = clock
        self._ids = ids
        self._gone = gone
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
            tables.lay(db, self._project, delta)
            return was.serial, was.lineage

        self._change(change, lease)

    def replace(self, state: State, lease: Lease) -> None:
        """Put a whole state in the place of what is there, its serial above both."""
        if state.project != self._project:
            raise statefile.foreign(state.project, self._project)
        delta = StateDelta(
            put=tuple(state.entries.values()),
            open=state.intents,
            files=state.files,
            released=state.released,
        )

        def change(db: Database, was: ProjectRow) -> tuple[int, str]:
            tables.clear(db, self._project)
            tables.lay(db, self._project, delta)
            tables.put_runs(db, self._project, state.runs[-KEPT_RUNS:])
            tables.put_identity(db, self._project, state.identity)
            return max(was.serial, state.serial), state.lineage

        self._change(change, lease)

    def acquire(self, who: Holder, ttl: float) -> Lease:
        """Take the lease, making the tables if there are none, or raise StateLocked."""
        lease_id = self._ids()

        def take(db: Database) -> Lease:
            row = self._made_row(db)
            held, now = tables.lease(db, self._project), _now(db)
            if held and held.id == lease_id:  # an earlier try, whose answer was lost
                return held
            if held and not self._stale(held, now):
                raise leases.locked(held, now)
            lease = leases.granted(lease_id, who, row.fence, now, ttl)
            tables.put_lease(db, self._project, lease)
            return lease

        return self._trying("lock", _in_transaction(take))

    def renew(self, lease: Lease) -> Lease:
        """Beat the heart."""

        def beat(db: Database) -> Lease:
            self._row(db)
            return self._beat(db, lease)

        return self._trying("lock", _in_transaction(beat))

    def release(self, lease: Lease) -> None:
        """Give the lease back."""

        def give(db: Database) -> None:
            if self._has_tables(db):
                tables.drop_lease(db, self._project, lease.id)

        self._trying("unlock", _in_transaction(give))

    def holder(self) -> Lease | None:
        """The lease in force, or None."""

        def look(db: Database) -> Lease | None:
            held = tables.lease(db, self._project) if self._has_tables(db) else None
            return None if held is None or leases.ran_out(held, _now(db)) else held

        return self._trying("read", _in_transaction(look))

    def unlock(self, lease_id: str) -> None:
        """Take a lease away; the fence stays where it rose to."""

        def take_away(db: Database) -> None:
            held = tables.lease(db, self._project) if self._row(db) else None
            now = _now(db)
            stale = held is not None and self._stale(held, now)
            leases.may_unlock(held, lease_id, now, stale=stale)
            tables.drop_lease(db, self._project, lease_id)

        self._trying("unlock", _in_transaction(take_away))

    def close(self) -> None:
        """Let go of the connection."""
        with self._lock:
            if self._connection is not None:
                self._connection.close()
            self._connection = None

    def _change(self, change: Change, lease: Lease) -> None:
        change_id = self._ids()
        lineage = self._ids()

        def once(db: Database) -> None:
            was = self._row(db)
            if was is not None and was.change == change_id:
                return  # an earlier try went through, and its answer was lost
            self._beat(db, lease)
            assert was is not None  # noqa: S101 - no lease without a row
            serial, kept = change(db, was)
            tables.count(db, self._project, change_id, kept or lineage, serial + 1)

        with self._lock:
            self._ahead.clear()
            self._trying("save", _in_transaction(once))

    def _row(self, db: Database) -> ProjectRow | None:
        """Return the project's row, locked till the end of the transaction."""
        return tables.project(db, self._project, lock=True) if self._has_tables(db) else None

    def _made_row(self, db: Database) -> ProjectRow:
        if not self._has_tables(db) or self._format != FORMAT_VERSION:
            tables.make(db)
        tables.add_project(db, self._project)
        row = tables.project(db, self._project, lock=True)
        assert row is not None  # noqa: S101 - it was added just now
        return row

    def _beat(self, db: Database, lease: Lease) -> Lease:
        held = tables.lease(db, self._project) if self._has_tables(db) else None
        current = leases.beaten(leases.mine(held, lease), _now(db))
        tables.beat(db, self._project, current.heartbeat)
        return current

    def _stale(self, lease: Lease, now: datetime) -> bool:
        return leases.ran_out(lease, now) or self._gone(lease.holder)

    def _load(self, db: Database) -> State:
        with db.transaction():
            db.execute("SET TRANSACTION ISOLATION LEVEL REPEATABLE READ READ ONLY")
            _set_limits(db)
            row = tables.project(db, self._project) if self._has_tables(db) else None
            if row is None:
                return State(self._project)
            with db.cursor("heads", binary=True) as cursor:
                heads = tables.heads(cursor, self._project, CHUNK, self._format or 0)
            intents = tables.bodies(db, "intents", self._project)
            runs = tables.bodies(db, "runs", self._project)
        self._ahead.clear()
        with reading("its table projects"):
            return State(
                self._project,
                lineage=row.lineage,
                serial=row.serial,
                identity=statefile.decode_identity(loads(row.identity)),
                heads=heads,
                entries=LazyEntries(heads, self._reader(heads)),
                intents=tuple(statefile.decode_intent(_json(body)) for body in intents),
                files=tuple(loads(row.files)),
                released=statefile.decode_released(loads(row.released)),
                runs=tuple(statefile.decode_run(_json(body)) for body in runs),
            )

    def _reader(self, heads: Heads) -> Callable[[TaskKey], Entry]:
        """Return how an entry is read: those that are looked at in order, many at once.

        A round trip for each would take minutes; reading ahead where nobody follows, as well.
        """
        order: list[TaskKey] = []
        last = -1

        def read(key: TaskKey) -> Entry:
            nonlocal last
            with self._lock:
                row = heads.rows[key]
                if key not in self._ahead:
                    order.extend(() if order else heads)
                    wanted = order[row : row + AHEAD] if 0 < row - last <= NEAR else [key]
                    self._ahead = self._trying("read", _in_transaction(self._entries_of(wanted)))
                last = row
                return self._ahead[key]

        return read

    def _entries_of(self, wanted: list[TaskKey]) -> Callable[[Database], dict[TaskKey, Entry]]:
        def look(db: Database) -> dict[TaskKey, Entry]:
            found = tables.entry_bodies(db, self._project, wanted)
            return {
                TaskKey(key): statefile.decode_entry(TaskKey(key), _json(body))
                for key, body in found
            }

        return look

    def _has_tables(self, db: Database) -> bool:
        if self._format is None or self._format < FORMAT_VERSION:
            self._format = tables.version(db)
            if self._format is not None and self._format > FORMAT_VERSION:
                raise statefile.newer(self._format, f"the state {masked(self._url)}")
        return self._format is not None

    def _trying(self, doing: str, work: Callable[[Database], T]) -> T:
        with self._lock:
            for again in range(TRIES):
                try:
                    return work(self._connected())
                except psycopg.Error as error:
                    lost = self._connection is None or self._connection.broken
                    if not (lost and isinstance(error, psycopg.OperationalError)):
                        raise self._error(doing, error) from error
                    self.close()
                    if again + 1 == TRIES:
                        raise self._error(doing, error) from error
                self._clock.sleep(PAUSE * 2**again)
        raise AssertionError

    def _connected(self) -> Database:
        if self._connection is None or self._connection.closed:
            self._connection = psycopg.connect(
                autocommit=True, prepare_threshold=None, **{**NETWORK, **self._settings}
            )
        return self._connection

    def _parsed(self, url: str, password: str | None) -> dict[str, Any]:
        try:
            settings = conninfo_to_dict(url)
        except psycopg.Error:
            raise SettingsError(  # without the cause: it quotes the whole URL
                f"The state {masked(url)!r} is not a URL of PostgreSQL.",
                "It is written postgresql://user@host:5432/database; quote odd signs as %XX.",
            ) from None
        if password and not settings.get("password"):
            settings["password"] = password
        return settings

    def _error(self, doing: str, error: psycopg.Error) -> StateError:
        words = scrubbed(str(error).strip() or type(error).__name__, self._secrets)
        advice = next((text for kind, text in _ADVICE if isinstance(error, kind)), "")
        first = " ".join(words.split("\n")[0].split())
        return StateError(f"Could not {doing} the state {masked(self._url)}: {first}", advice)


_ADVICE: tuple[tuple[type[psycopg.Error], str], ...] = (
    (
        psycopg.errors.InsufficientPrivilege,
        "Grant this user the right to create the schema `tasksync` once, or to use its tables.",
    ),
    (psycopg.errors.DiskFull, "The server's disk is full; what was saved before is whole."),
    (
        psycopg.errors.ReadOnlySqlTransaction,
        "This server is a read-only standby: name the primary.",
    ),
    (psycopg.errors.LockNotAvailable, "Another transaction keeps the project's row: run again."),
    (psycopg.errors.QueryCanceled, "The server took too long: run again when it is less busy."),
    (
        psycopg.OperationalError,
        "Is the server there, are user, database and password right (PGPASSWORD, ~/.pgpass)?",
    ),
)


def _in_transaction(work: Callable[[Database], T]) -> Callable[[Database], T]:
    def run(db: Database) -> T:
        with db.transaction():
            _set_limits(db)
            return work(db)

    return run


def _set_limits(db: Database) -> None:
    # per transaction: behind a pooler the session is not ours
    db.execute(_LIMITS)


#: nothing waits for ever, and a commit is on the disk before it returns
_LIMITS = """
SELECT set_config('statement_timeout', '120s', true), set_config('lock_timeout', '30s', true),
       set_config('idle_in_transaction_session_timeout', '60s', true),
       set_config('synchronous_commit', CASE current_setting('synchronous_commit')
         WHEN 'off' THEN 'on' ELSE current_setting('synchronous_commit') END, true)
"""


def _now(db: Database) -> datetime:
    row = db.execute("SELECT clock_timestamp()").fetchone()
    assert row is not None  # noqa: S101 - a SELECT without FROM has one row
    at: datetime = row[0]
    return at


def _json(text: str) -> Any:
    return from_text(text, "a row of it")
