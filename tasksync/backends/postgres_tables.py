"""The tables of the PostgreSQL store and the statements upon them; no connection, no driver.

Every function takes the open transaction. Many rows travel as arrays, so that a batch costs one
round trip and a pooler sees only plain statements.
"""

from __future__ import annotations

from array import array
from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime
from typing import Any, NamedTuple

from tasksync.backends import postgres_history
from tasksync.core.address_book import RememberedNumbers
from tasksync.core.fields import TaskKey
from tasksync.core.formats import lease_json, state_json, state_text
from tasksync.core.formats.json_text import compact
from tasksync.core.formats.values_json import encode_directory
from tasksync.core.state import (
    FORMAT_VERSION,
    KEPT_RUNS,
    NO_DATE,
    Entry,
    EntryIndex,
    Intent,
    Lease,
    PortalIdentity,
    Run,
    StateDelta,
)

#: held while the tables are made, so that many first runs at once make them once
MAKING = 0x7473796E

#: the formats that brought the column `created`, and the tables of what runs did
_WITH_CREATED, WITH_HISTORY = 2, 3
_HAS_SCHEMA = "SELECT FROM pg_catalog.pg_namespace WHERE nspname = 'tasksync'"
_MAKE = """
CREATE TABLE IF NOT EXISTS tasksync.format (version integer NOT NULL);
CREATE TABLE IF NOT EXISTS tasksync.projects (
  project text PRIMARY KEY, lineage text NOT NULL DEFAULT '', serial bigint NOT NULL DEFAULT 0,
  fence bigint NOT NULL DEFAULT 0, change text NOT NULL DEFAULT '',
  identity text NOT NULL DEFAULT 'null', files text NOT NULL DEFAULT '[]',
  released text NOT NULL DEFAULT '[]', directory text NOT NULL DEFAULT '{}'
);
CREATE TABLE IF NOT EXISTS tasksync.entries (
  project text NOT NULL, key text COLLATE "C" NOT NULL, id bigint NOT NULL,
  asked bytea NOT NULL, found bytea NOT NULL, block bytea NOT NULL, mask integer NOT NULL,
  deferred boolean NOT NULL, body text NOT NULL, created bigint NOT NULL DEFAULT 1,
  PRIMARY KEY (project, key)
);
ALTER TABLE tasksync.entries ADD COLUMN IF NOT EXISTS created bigint NOT NULL DEFAULT 1;
CREATE TABLE IF NOT EXISTS tasksync.intents (
  project text NOT NULL, key text COLLATE "C" NOT NULL,
  seq bigint GENERATED ALWAYS AS IDENTITY, body text NOT NULL, PRIMARY KEY (project, key)
);
CREATE TABLE IF NOT EXISTS tasksync.runs (
  project text NOT NULL, id text NOT NULL,
  seq bigint GENERATED ALWAYS AS IDENTITY, body text NOT NULL, PRIMARY KEY (project, id)
);
CREATE TABLE IF NOT EXISTS tasksync.leases (
  project text PRIMARY KEY, id text NOT NULL, fence bigint NOT NULL, holder text NOT NULL,
  since timestamptz NOT NULL, heartbeat timestamptz NOT NULL, ttl double precision NOT NULL
);
"""
#: an older tasksync reads these tables by the names of its columns: one more does it no harm
_HAS_DIRECTORY = """
SELECT EXISTS (SELECT FROM pg_catalog.pg_attribute WHERE attname = 'directory'
  AND attrelid = 'tasksync.projects'::regclass AND NOT attisdropped)
"""
_ADD_DIRECTORY = """
ALTER TABLE tasksync.projects ADD COLUMN IF NOT EXISTS directory text NOT NULL DEFAULT '{}'
"""
_FORMAT = "INSERT INTO tasksync.format SELECT %s WHERE NOT EXISTS (SELECT FROM tasksync.format)"
_UPGRADED = "UPDATE tasksync.format SET version = %s WHERE version < %s"
_PUT_ENTRIES = """
INSERT INTO tasksync.entries
  (project, key, id, asked, found, block, mask, deferred, body, created)
SELECT %s, * FROM unnest(%s::text[], %s::bigint[], %b::bytea[], %b::bytea[], %b::bytea[],
                         %s::integer[], %s::boolean[], %s::text[], %s::bigint[])
ON CONFLICT (project, key) DO UPDATE SET
  id = excluded.id, asked = excluded.asked, found = excluded.found, block = excluded.block,
  mask = excluded.mask, deferred = excluded.deferred, body = excluded.body,
  created = excluded.created
"""
_PUT_INTENTS = """
INSERT INTO tasksync.intents (project, key, body)
SELECT %s, key, body FROM unnest(%s::text[], %s::text[]) WITH ORDINALITY AS new (key, body, nth)
ORDER BY nth
ON CONFLICT (project, key) DO UPDATE SET body = excluded.body
"""
_PUT_RUNS = """
INSERT INTO tasksync.runs (project, id, body)
SELECT %s, id, body FROM unnest(%s::text[], %s::text[]) WITH ORDINALITY AS new (id, body, nth)
ORDER BY nth
ON CONFLICT (project, id) DO UPDATE SET body = excluded.body
"""
_TRIM_RUNS = """
DELETE FROM tasksync.runs WHERE project = %s AND seq NOT IN
  (SELECT seq FROM tasksync.runs WHERE project = %s ORDER BY seq DESC LIMIT %s)
"""
_PUT_LEASE = """
INSERT INTO tasksync.leases VALUES (%s, %s, %s, %s, %b, %b, %s)
ON CONFLICT (project) DO UPDATE SET id = excluded.id, fence = excluded.fence,
  holder = excluded.holder, since = excluded.since, heartbeat = excluded.heartbeat,
  ttl = excluded.ttl
"""
_INDEX = """
SELECT key, id, asked || found || block, mask, deferred, {created} FROM tasksync.entries
WHERE project = %s ORDER BY key
"""
_LEASE = """
SELECT id, fence, holder, since, heartbeat, ttl FROM tasksync.leases WHERE project = %s
"""
_BODIES: Mapping[str, str] = {
    "intents": "SELECT body FROM tasksync.intents WHERE project = %s ORDER BY seq",
    "runs": "SELECT body FROM tasksync.runs WHERE project = %s ORDER BY seq",
}
_FORGET = (
    "DELETE FROM tasksync.entries WHERE project = %s",
    "DELETE FROM tasksync.intents WHERE project = %s",
    "DELETE FROM tasksync.runs WHERE project = %s",
)


class ProjectRow(NamedTuple):
    """What the state says apart from its rows; `change` is the id of the last change."""

    lineage: str
    serial: int
    fence: int
    change: str
    identity: str
    files: str
    released: str
    directory: str | None  # None in tables of before that column


def version(db: Any) -> int | None:
    """Return the format of the tables, or None where there are none."""
    if db.execute("SELECT to_regclass('tasksync.format')").fetchone()[0] is None:
        return None
    row = db.execute("SELECT version FROM tasksync.format").fetchone()
    return None if row is None else int(row[0])


def make(db: Any) -> None:
    """Make the tables, or bring those of an older format to this one, however many ask.

    The lock ends with the transaction, so that it holds behind a pooler too. A connection that has
    looked for the schema before remembers that there was none, also when another has made it
    meanwhile: only a look at the table of schemas tells, and who collides with another all the same
    begins again.
    """
    db.execute("SELECT pg_advisory_xact_lock(%s)", (MAKING,))
    if db.execute(_HAS_SCHEMA).fetchone() is None:
        db.execute("CREATE SCHEMA IF NOT EXISTS tasksync")
    db.execute(_MAKE)
    db.execute(postgres_history.TABLES)
    db.execute(_FORMAT, (FORMAT_VERSION,))
    db.execute(_UPGRADED, (FORMAT_VERSION, FORMAT_VERSION))


def add_project(db: Any, project: str) -> None:
    """Make the project's row if it is not there yet."""
    db.execute(
        "INSERT INTO tasksync.projects (project) VALUES (%s) ON CONFLICT DO NOTHING", (project,)
    )


def project(db: Any, name: str, *, lock: bool = False) -> ProjectRow | None:
    """Return the project's row, or None; `lock` keeps all other changes waiting."""
    sql = (
        "SELECT lineage, serial, fence, change, identity, files, released,"
        " to_jsonb(projects) ->> 'directory' FROM tasksync.projects WHERE project = %s"
    )
    row = db.execute(f"{sql} FOR UPDATE" if lock else sql, (name,)).fetchone()
    return None if row is None else ProjectRow(*row)


def index(cursor: Any, name: str, chunk: int, format_: int = FORMAT_VERSION) -> EntryIndex:
    """Return the index of all entries, by key; `cursor` is the server's, and binary.

    `format_` is that of the tables: an older one is read as it is.
    """
    created = "created" if format_ >= _WITH_CREATED else f"{NO_DATE}::bigint"
    cursor.execute(_INDEX.format(created=created), (name,))
    found = EntryIndex()
    while rows := cursor.fetchmany(chunk):
        keys, ids, digests, masks, deferred, dates = zip(*rows, strict=True)
        found.fill(
            keys,
            ids=array("q", ids),
            digests=b"".join(digests),
            masks=array("H", masks),
            created=array("q", dates),
            deferred=deferred,
        )
    return found


def bodies(db: Any, table: str, name: str) -> list[str]:
    """Return the bodies of `intents` or `runs`, oldest first."""
    return [row[0] for row in db.execute(_BODIES[table], (name,)).fetchall()]


def entry_bodies(db: Any, name: str, keys: Sequence[TaskKey]) -> list[tuple[str, str]]:
    """Return key and body of those of these entries that are there."""
    sql = "SELECT key, body FROM tasksync.entries WHERE project = %s AND key = ANY(%s)"
    return [(row[0], row[1]) for row in db.execute(sql, (name, list(keys))).fetchall()]


def apply_delta(db: Any, name: str, delta: StateDelta) -> None:
    """Apply a delta to the project's rows."""
    _put_entries(db, name, delta.put)
    _drop(db, "DELETE FROM tasksync.entries WHERE project = %s AND key = ANY(%s)", name, delta.drop)
    _put_intents(db, name, delta.open)
    _drop(
        db, "DELETE FROM tasksync.intents WHERE project = %s AND key = ANY(%s)", name, delta.close
    )
    if delta.run:
        put_runs(db, name, (delta.run,))
        db.execute(_TRIM_RUNS, (name, name, KEPT_RUNS))
    postgres_history.record(db, name, delta.recorded)
    if delta.identity is not None:
        put_identity(db, name, delta.identity)
    if delta.files is not None:
        sql = "UPDATE tasksync.projects SET files = %s WHERE project = %s"
        db.execute(sql, (compact(list(delta.files)), name))
    if delta.released is not None:
        sql = "UPDATE tasksync.projects SET released = %s WHERE project = %s"
        db.execute(sql, (compact(list(delta.released)), name))
    if delta.directory is not None:
        _put_directory(db, name, delta.directory)


def _put_directory(db: Any, name: str, numbers: RememberedNumbers) -> None:
    """Set the directory; tables of before get the column when something is to be remembered."""
    if not db.execute(_HAS_DIRECTORY).fetchone()[0]:
        if not numbers:
            return
        db.execute(_ADD_DIRECTORY)
    sql = "UPDATE tasksync.projects SET directory = %s WHERE project = %s"
    db.execute(sql, (compact(encode_directory(numbers)), name))


def clear(db: Any, name: str) -> None:
    """Take away all entries, intents and runs of a project."""
    for sql in _FORGET:
        db.execute(sql, (name,))


def count(db: Any, name: str, change: str, lineage: str, serial: int) -> None:
    """Say that the project was changed once more, to this serial, by this change."""
    db.execute(
        "UPDATE tasksync.projects SET serial = %s, lineage = %s, change = %s WHERE project = %s",
        (serial, lineage, change, name),
    )


def put_identity(db: Any, name: str, identity: PortalIdentity | None) -> None:
    """Bind the project to a portal, or to none."""
    text = compact(state_json.encode_identity(identity))
    db.execute("UPDATE tasksync.projects SET identity = %s WHERE project = %s", (text, name))


def put_runs(db: Any, name: str, runs: Sequence[Run]) -> None:
    """Remember these runs."""
    if runs:
        texts = [compact(state_json.encode_run(run)) for run in runs]
        db.execute(_PUT_RUNS, (name, [run.id for run in runs], texts))


def lease(db: Any, name: str) -> Lease | None:
    """Return the lease that was given out last and not given back."""
    row = db.execute(_LEASE, (name,), binary=True).fetchone()
    if row is None:
        return None
    lease_id, fence, holder, since, heartbeat, ttl = row
    who = lease_json.decode_holder(state_text.from_text(holder, "the holder of the lock"))
    return Lease(lease_id, who, fence, since, heartbeat, ttl)


def put_lease(db: Any, name: str, lease: Lease) -> None:
    """Give the lease out, and raise the project's fence to its."""
    holder = compact(lease_json.encode_holder(lease.holder))
    row = (lease.id, lease.fence, holder, lease.since, lease.heartbeat, lease.ttl)
    db.execute(_PUT_LEASE, (name, *row))
    db.execute("UPDATE tasksync.projects SET fence = %s WHERE project = %s", (lease.fence, name))


def beat(db: Any, name: str, at: datetime) -> None:
    """Set the heartbeat of the lease."""
    db.execute("UPDATE tasksync.leases SET heartbeat = %b WHERE project = %s", (at, name))


def drop_lease(db: Any, name: str, lease_id: str) -> None:
    """Take this lease away if it is still the one."""
    db.execute("DELETE FROM tasksync.leases WHERE project = %s AND id = %s", (name, lease_id))


def _put_entries(db: Any, name: str, entries: Iterable[Entry]) -> None:
    # the last of two entries with one key counts, as in State.after
    last = {entry.key: entry for entry in entries}
    if not last:
        return
    summaries = [entry.summary() for entry in last.values()]
    columns = (
        [one.key for one in summaries],
        [one.id for one in summaries],
        [one.asked for one in summaries],
        [one.found for one in summaries],
        [one.source for one in summaries],
        [one.mask for one in summaries],
        [one.deferred for one in summaries],
        [compact(state_json.encode_entry(entry)) for entry in last.values()],
        [one.created for one in summaries],
    )
    db.execute(_PUT_ENTRIES, (name, *columns))


def _put_intents(db: Any, name: str, intents: Iterable[Intent]) -> None:
    last = {intent.key: compact(state_json.encode_intent(intent)) for intent in intents}
    if last:
        db.execute(_PUT_INTENTS, (name, list(last), list(last.values())))


def _drop(db: Any, sql: str, name: str, keys: Sequence[TaskKey]) -> None:
    if keys:
        db.execute(sql, (name, list(keys)))
