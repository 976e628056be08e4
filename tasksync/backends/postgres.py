"""The state in PostgreSQL: for teams, for many projects in one database, and for size.

Tables in the schema `tasksync`, each row with its project. Leases are rows, not session locks, so
that a pooler in between is fine. Every change locks the project's row first. Each change leaves its
id in that row: after a connection that was lost inside COMMIT the change is tried again, finds its
own id there, and is done.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from json import loads
from typing import Any, TypeAlias, TypeVar

from tasksync.backends import leases, postgres_history
from tasksync.backends import postgres_tables as tables
from tasksync.backends.history_rows import unpacked
from tasksync.backends.leases import Alive, Gone, Watch
from tasksync.backends.masking import masked
from tasksync.backends.patience import Tell, Waiting, in_silence
from tasksync.backends.postgres_connection import (
    Database,
    PostgresConnection,
    in_transaction,
    now,
    set_limits,
    wait_shortly,
)
from tasksync.backends.postgres_tables import ProjectRow
from tasksync.core.fields import TaskKey
from tasksync.core.formats import state_json, state_text
from tasksync.core.formats.state_text import from_text, reading
from tasksync.core.history import RecordedChange
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
from tasksync.errors import StateBusy

#: changes the rows; takes the project's row as it was, returns the serial and lineage to go by
Change: TypeAlias = Callable[[Database, ProjectRow], tuple[int, str]]
T = TypeVar("T")

CHUNK = 20_000  # entries of the index per fetch
AHEAD = 500  # entries read at once when they are looked at in order
NEAR = 16  # rows that such a look may skip


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
        self._server = PostgresConnection(url, password, self._waiting)
        self._lock = self._server.lock
        self._format: int | None = None
        self._ahead: dict[TaskKey, Entry] = {}

    def load(self) -> State:
        """The state as last committed, from one snapshot; entries when somebody looks."""
        return self._server.run("read", self._load)

    def commit(self, delta: StateDelta, lease: Lease) -> None:
        """Make a delta durable in one transaction, exactly once."""

        def change(db: Database, was: ProjectRow) -> tuple[int, str]:
            tables.apply_delta(db, self._project, delta)
            return was.serial, was.lineage

        self._change(change, lease)

    def recorded(self, run: str) -> tuple[RecordedChange, ...] | None:
        """What a run did; None where it is not kept, as in tables of an older format."""

        def look(db: Database) -> list[bytes]:
            if not self._has_tables(db) or (self._format or 0) < tables.WITH_HISTORY:
                return []
            return postgres_history.recorded(db, self._project, run)

        return unpacked(run, self._server.run("read", in_transaction(look)))

    def replace(self, state: State, lease: Lease) -> None:
        """Put a whole state in the place of what is there, its serial above both."""
        if state.project != self._project:
            raise state_text.foreign(state.project, self._project)
        delta = StateDelta(
            put=tuple(state.entries.values()),
            open=state.intents,
            files=state.files,
            released=state.released,
            directory=state.directory,
        )

        def change(db: Database, was: ProjectRow) -> tuple[int, str]:
            tables.clear(db, self._project)
            tables.apply_delta(db, self._project, delta)
            tables.put_runs(db, self._project, state.runs[-KEPT_RUNS:])
            postgres_history.forget_all_but(db, self._project, {run.id for run in state.runs})
            tables.put_identity(db, self._project, state.identity)
            return max(was.serial, state.serial), state.lineage

        self._change(change, lease)

    def acquire(self, who: Holder, ttl: float) -> Lease:
        """Take the lease, making the tables if there are none, or raise StateLocked.

        A row that another transaction keeps is waited for by asking again, as a lock is.
        """
        lease_id = self._ids()

        def take(db: Database) -> Lease:
            wait_shortly(db)
            row = self._added_row(db)
            held, at = tables.lease(db, self._project), now(db)
            if held and held.id == lease_id:  # an earlier try, whose answer was lost
                return held
            if held and (left := self._watch.left(held)) != 0:
                raise leases.locked(held, at, left)
            lease = leases.granted(lease_id, who, row.fence, at, ttl)
            tables.put_lease(db, self._project, lease)
            return lease

        with self._lock, self._naming_the_holder():
            self._server.run("lock", in_transaction(self._make), makes=True)
            return self._holding(in_transaction(take), "lock", ttl)

    def renew(self, lease: Lease) -> Lease:
        """Beat the heart."""

        def beat(db: Database) -> Lease:
            self._row(db)
            return self._beat(db, lease)

        return self._holding(in_transaction(beat), "lock", lease.ttl)

    def release(self, lease: Lease) -> None:
        """Give the lease back."""

        def give(db: Database) -> None:
            if self._has_tables(db):
                tables.drop_lease(db, self._project, lease.id)

        self._server.run("unlock", in_transaction(give))
        self._waiting.lets_go()

    def holder(self) -> Lease | None:
        """The lease that was given out last and not given back; it may be dead."""

        def look(db: Database) -> Lease | None:
            return tables.lease(db, self._project) if self._has_tables(db) else None

        return self._server.run("read", in_transaction(look))

    def unlock(self, lease_id: str) -> None:
        """Take a lease away; the fence stays where it rose to."""

        def take_away(db: Database) -> None:
            held = tables.lease(db, self._project) if self._row(db) else None
            left = self._watch.left(held) if held else None
            leases.may_unlock(held, lease_id, now(db), left)
            tables.drop_lease(db, self._project, lease_id)

        with self._naming_the_holder():
            self._server.run("unlock", in_transaction(take_away))

    def close(self) -> None:
        """Let go of the connection."""
        self._server.close()

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
            self._holding(in_transaction(once), "save", lease.ttl)

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
        current = leases.beaten(leases.mine(held, lease), now(db))
        tables.beat(db, self._project, current.heartbeat)
        return current

    def _load(self, db: Database) -> State:
        with db.transaction():
            db.execute("SET TRANSACTION ISOLATION LEVEL REPEATABLE READ READ ONLY")
            set_limits(db)
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
                directory=state_json.decode_directory(loads(row.directory or "{}")),
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
                    self._ahead = self._server.run("read", in_transaction(self._entries_of(wanted)))
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
            done, began = self._server.run(doing, once)
            self._waiting.holds(began, ttl)
            return done


def _json(text: str) -> Any:
    return from_text(text, "a row of it")
