"""The connection to a PostgreSQL server: made again when lost, bounded, its errors put in words.

Nothing outlives a transaction (no prepared statements, no session settings), so that a pooler in
between is fine. How the server, the database or the role are configured (isolation, DateStyle,
quoting of backslashes, time zone, encoding, search path) is not believed: each transaction says
what it depends on, and bytes and instants travel binary.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from contextlib import suppress
from datetime import datetime
from threading import RLock
from typing import Any, TypeAlias, TypeVar

import psycopg
from psycopg import Connection, IsolationLevel
from psycopg.conninfo import conninfo_to_dict

from tasksync.backends import leases
from tasksync.backends.bounds import cut_after
from tasksync.backends.masking import masked, scrubbed, secrets_of
from tasksync.backends.patience import Waiting
from tasksync.core.quoting import quoted
from tasksync.errors import SettingsError, StateError
from tasksync.late_patterns import pattern_of

Database: TypeAlias = "Connection[tuple[Any, ...]]"
T = TypeVar("T")

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


class PostgresConnection:
    """One connection, behind one lock."""

    def __init__(self, url: str, password: str | None, waiting: Waiting) -> None:
        self.lock = RLock()
        self._url = url
        self._waiting = waiting
        self._secrets = (*secrets_of(url), *([password] if password else []))
        self._settings = _parsed(url, password)
        self._connection: Database | None = None

    def close(self) -> None:
        """Let go of the connection."""
        with self.lock:
            if self._connection is not None:
                self._connection.close()
            self._connection = None

    def run(self, doing: str, work: Callable[[Database], T], *, makes: bool = False) -> T:
        """Do it, again while that may help; raises StateError, and StateBusy for a row in use.

        `makes`: it makes the tables, which another may be making at the same time.
        """
        with self.lock:
            attempt = self._waiting.attempt()
            while True:
                try:
                    with cut_after(WHOLE, self._handle):
                        return work(self._connected())
                except psycopg.Error as error:
                    told = self._error(doing, error)
                    if not self._may_try_again(error, doing, makes=makes):
                        raise told from error
                    if not attempt.again(told):
                        raise told from error

    def _may_try_again(self, error: psycopg.Error, doing: str, *, makes: bool) -> bool:
        if isinstance(error, _CONFLICTS) or (makes and isinstance(error, _ALREADY_THERE)):
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

    def _error(self, doing: str, error: psycopg.Error) -> StateError:
        words = scrubbed(str(error).strip() or type(error).__name__, self._secrets)
        first = " ".join(words.split("\n")[0].split())
        if isinstance(error, psycopg.errors.LockNotAvailable):
            return leases.busy(f"The state {masked(self._url)}", first)
        worded = (text for said, text in _TLS if said.search(first))
        advice = next(worded, "") or next((t for kind, t in _ADVICE if isinstance(error, kind)), "")
        if isinstance(error, psycopg.errors.ReadOnlySqlTransaction):
            advice = _STANDBY if self._is_standby() else _READ_ONLY
        return StateError(f"Could not {doing} the state {masked(self._url)}: {first}", advice)

    def _is_standby(self) -> bool:
        try:
            row = self._connected().execute("SELECT pg_catalog.pg_is_in_recovery()").fetchone()
        except psycopg.Error:
            return False
        return row == (True,)


def _parsed(url: str, password: str | None) -> dict[str, Any]:
    try:
        settings = conninfo_to_dict(url)
    except psycopg.Error:
        raise SettingsError(  # without the cause: it quotes the whole URL
            f"The state {quoted(masked(url))} is not a URL of PostgreSQL.",
            "It is written postgresql://user@host:5432/database; special characters as %XX.",
        ) from None
    if password and not settings.get("password"):
        settings["password"] = password
    return settings


_TRUST = (
    "Name the file of the authority that signed the server's certificate in PGSSLROOTCERT; of "
    "public ones it is /etc/ssl/certs/ca-certificates.crt on Debian and Ubuntu. The host in the "
    "URL has to be the certificate's."
)
_NO_TLS = (
    "This server has no TLS: have it switched on; on a network that is yours alone, leave sslmode "
    "out."
)
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
#: what TLS fails for -> what helps. `sslrootcert=system` is not named: the OpenSSL that psycopg's
#: wheels bring looks for the system's authorities in a folder that no system has
_TLS: tuple[tuple[re.Pattern[str], str], ...] = (
    (pattern_of(r"certificate", re.IGNORECASE), _TRUST),
    (
        pattern_of(r"no pg_hba\.conf entry .*no encryption"),
        "This server takes nobody without TLS: add ?sslmode=verify-full to the URL.",
    ),
    (pattern_of(r"server does not support SSL"), _NO_TLS),
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
_NOT_NOW = pattern_of(
    r"starting up|shutting down|recovery|not yet accepting|too many|slots are reserved"
    r"|no more connections|server_login_retry|server login|query_wait_timeout|login timeout"
    r"|server conn crashed|pgbouncer cannot connect|terminating connection"
    r"|closed the connection unexpectedly|timeout expired|Connection re(fused|set)",
    re.IGNORECASE,
)
_WRONG = pattern_of(r"authentication failed|no password|password is", re.IGNORECASE)


def _is_refused(error: psycopg.Error) -> bool:
    """Tell that a server let nobody in, for good: a second wrong password may lock the account."""
    words, wire = str(error), getattr(error, "pgconn", None)
    if _WRONG.search(words) or any(said.search(words) for said, _advice in _TLS):
        return True
    if _NOT_NOW.search(words):
        return False
    asked = wire is not None and (wire.used_password or wire.needs_password)
    return bool(asked) or "FATAL" in words


def in_transaction(work: Callable[[Database], T]) -> Callable[[Database], T]:
    """Return what does the work in a transaction of its own, its limits set."""

    def run(db: Database) -> T:
        with db.transaction():
            set_limits(db)
            return work(db)

    return run


def set_limits(db: Database) -> None:
    """Say what this transaction depends on: behind a pooler the session is not ours."""
    db.execute(_LIMITS)


def wait_shortly(db: Database) -> None:
    """Have this transaction wait for rows in use for a moment: asking again is how one waits."""
    db.execute(_SOON)


def now(db: Database) -> datetime:
    """Return the server's time, within this very transaction."""
    row = db.execute("SELECT clock_timestamp()", binary=True).fetchone()
    assert row is not None  # noqa: S101 - a SELECT without FROM has one row
    at: datetime = row[0]
    return at


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
_SOON = "SELECT set_config('lock_timeout', '2s', true)"
