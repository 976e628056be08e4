"""The tables of the SQLite store and the statements upon them; no connection, no driver.

Every function takes the open transaction.
"""

from __future__ import annotations

from array import array
from collections.abc import Callable
from typing import Any

from orjson import loads

from tasksync.backends import sqlite_history
from tasksync.core.fields import TaskKey
from tasksync.core.formats import lease_json, state_json
from tasksync.core.formats.json_text import compact
from tasksync.core.formats.state_text import from_text, reading
from tasksync.core.formats.values_json import encode_directory
from tasksync.core.history import RecordedChange
from tasksync.core.state import (
    FORMAT_VERSION,
    KEPT_RUNS,
    NO_DATE,
    Entry,
    EntryIndex,
    LazyEntries,
    Lease,
    PortalIdentity,
    Run,
    State,
    StateDelta,
)

#: "tsyn": tells our files from others' (PRAGMA application_id, byte 68 of the file)
APPLICATION_ID = 0x7473796E

_TABLES = """
CREATE TABLE meta (name TEXT PRIMARY KEY, value TEXT NOT NULL) WITHOUT ROWID;
CREATE TABLE entries (
  key TEXT PRIMARY KEY, id INTEGER NOT NULL, asked BLOB NOT NULL, found BLOB NOT NULL,
  block BLOB NOT NULL, mask INTEGER NOT NULL, deferred INTEGER NOT NULL, body TEXT NOT NULL,
  created INTEGER NOT NULL DEFAULT 1
) WITHOUT ROWID;
CREATE TABLE intents (seq INTEGER PRIMARY KEY, key TEXT NOT NULL UNIQUE, body TEXT NOT NULL);
CREATE TABLE runs (seq INTEGER PRIMARY KEY, id TEXT NOT NULL UNIQUE, body TEXT NOT NULL);
CREATE TABLE lease (one INTEGER PRIMARY KEY CHECK (one = 1), body TEXT NOT NULL);
"""
# SQLite joins the columns itself: twice as fast as 100 000 rows handed to Python. Keys hold no
# control characters (design 2), and a table without rowids is read in the order of its keys.
_INDEX = """
SELECT group_concat(key, x'0a'), group_concat(id), group_concat(asked || found || block, ''),
       group_concat(mask), group_concat(deferred, ''), group_concat({created}) FROM entries
"""
#: what the states of each format before this one lack
_UPGRADES = {
    1: f"ALTER TABLE entries ADD COLUMN created INTEGER NOT NULL DEFAULT {NO_DATE}",
    2: sqlite_history.TABLES,
}
#: the formats that brought the column `created`, and the tables of what runs did
_WITH_CREATED, _WITH_HISTORY = 2, 3
_PUT = """
INSERT INTO entries VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?) ON CONFLICT (key) DO UPDATE SET
  id = excluded.id, asked = excluded.asked, found = excluded.found, block = excluded.block,
  mask = excluded.mask, deferred = excluded.deferred, body = excluded.body,
  created = excluded.created
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


def make(db: Any, project: str) -> None:
    """Make the tables of a new state, in one transaction."""
    db.execute(f"PRAGMA application_id = {APPLICATION_ID}")
    db.execute(f"PRAGMA user_version = {FORMAT_VERSION}")
    db.executescript(f"BEGIN; {_TABLES} {sqlite_history.TABLES}")
    first = {"project": project, "lineage": "", "serial": "0", "fence": "0"}
    db.executemany(_SET, {**first, "identity": "null", "files": "[]", "released": "[]"}.items())
    db.execute("COMMIT")


def upgrade(db: Any) -> None:
    """Bring the tables of an older format to this one, in the open transaction."""
    if (version := _version(db)) == FORMAT_VERSION:
        return
    for statement in ";".join(_UPGRADES[old] for old in _UPGRADES if old >= version).split(";"):
        db.execute(statement)
    db.execute(f"PRAGMA user_version = {FORMAT_VERSION}")


def _version(db: Any) -> int:
    return int(db.execute("PRAGMA user_version").fetchone()[0])


def meta(db: Any) -> dict[str, str]:
    """Return what the state says apart from its rows, as texts by name."""
    return dict(db.execute("SELECT name, value FROM meta").fetchall())


def index(db: Any) -> EntryIndex:
    """Return the index of all entries in the order of their keys."""
    sql = _INDEX.format(created="created" if _version(db) >= _WITH_CREATED else NO_DATE)
    db.text_factory = bytes
    try:
        keys, ids, digests, masks, deferred, created = db.execute(sql).fetchone()
    finally:
        db.text_factory = str
    found = EntryIndex()
    if keys is not None:
        with reading("its table entries"):
            found.fill(
                _keys(db, keys.decode().split("\n"), ids.count(b",") + 1),
                ids=array("q", loads(b"[%b]" % ids)),
                digests=digests,
                masks=array("H", loads(b"[%b]" % masks)),
                created=array("q", loads(b"[%b]" % created)),
                deferred=deferred.translate(_FLAGS),
            )
    return found


def _keys(db: Any, joined: list[str], count: int) -> list[TaskKey]:
    """Return the keys of all rows; one by one where a key of an earlier version breaks a line."""
    if len(joined) == count:
        return joined  # type: ignore[return-value]  # 100 000 texts are not made anew
    return [TaskKey(row[0]) for row in db.execute("SELECT key FROM entries").fetchall()]


def lease(db: Any) -> Lease | None:
    """Return the lease that was given out last and not given back."""
    row = db.execute("SELECT body FROM lease").fetchone()
    return None if row is None else lease_json.decode_lease(_json(row[0]))


def put_lease(db: Any, lease: Lease) -> None:
    """Give the lease out, in the place of any other."""
    body = compact(lease_json.encode_lease(lease))
    db.execute("INSERT OR REPLACE INTO lease VALUES (1, ?)", (body,))


def _json(text: str) -> Any:
    return from_text(text, "a row of it")


def _row(entry: Entry) -> tuple[object, ...]:
    summary = entry.summary()
    body = compact(state_json.encode_entry(entry))
    digests = (summary.asked, summary.found, summary.source)
    return (
        summary.key,
        summary.id,
        *digests,
        summary.mask,
        summary.deferred,
        body,
        summary.created,
    )


def everything(state: State) -> StateDelta:
    """Return what makes a whole state out of an empty one, but for its runs and identity."""
    entries = tuple(state.entries.values())
    return StateDelta(
        put=entries,
        open=state.intents,
        files=state.files,
        released=state.released,
        directory=state.directory,
    )


def apply_delta(db: Any, delta: StateDelta) -> None:
    """Apply a delta to the rows."""
    db.executemany(_PUT, map(_row, delta.put))
    db.executemany("DELETE FROM entries WHERE key = ?", ((key,) for key in delta.drop))
    opened = ((i.key, compact(state_json.encode_intent(i))) for i in delta.open)
    db.executemany(_UPSERT_INTENT, opened)
    db.executemany("DELETE FROM intents WHERE key = ?", ((key,) for key in delta.close))
    if delta.run:
        put_runs(db, (delta.run,))
    sqlite_history.record(db, delta.recorded)
    if delta.identity is not None:
        put_identity(db, delta.identity)
    if delta.files is not None:
        put(db, "files", compact(list(delta.files)))
    if delta.released is not None:
        put(db, "released", compact(list(delta.released)))
    if delta.directory is not None:
        put(db, "directory", compact(encode_directory(delta.directory)))


def clear(db: Any) -> None:
    """Take away all entries, intents and runs."""
    for sql in ("DELETE FROM entries", "DELETE FROM intents", "DELETE FROM runs"):
        db.execute(sql)


def recorded(db: Any, run: str) -> tuple[RecordedChange, ...] | None:
    """Return what a run did; None where it is not kept, as in a file of an older format."""
    return sqlite_history.recorded(db, run) if _version(db) >= _WITH_HISTORY else None


def put_runs(db: Any, runs: tuple[Run, ...]) -> None:
    """Remember these runs, and no more than KEPT_RUNS in all."""
    rows = ((run.id, compact(state_json.encode_run(run))) for run in runs)
    db.executemany(_UPSERT_RUN, rows)
    db.execute(_TRIM_RUNS, (KEPT_RUNS,))


def put_identity(db: Any, identity: PortalIdentity | None) -> None:
    """Bind the state to a portal, or to none."""
    put(db, "identity", compact(state_json.encode_identity(identity)))


def put(db: Any, name: str, value: str) -> None:
    """Set one of the texts that `meta` returns."""
    db.execute(_SET, (name, value))


def state(db: Any, project: str, read: Callable[[TaskKey], Entry]) -> State:
    """Return the state of one snapshot; `read` gives an entry when somebody looks."""
    texts, entries = meta(db), index(db)
    intents = db.execute("SELECT body FROM intents ORDER BY seq").fetchall()
    runs = db.execute("SELECT body FROM runs ORDER BY seq").fetchall()
    with reading("its table meta"):
        return State(
            project,
            lineage=texts["lineage"],
            serial=int(texts["serial"]),
            identity=state_json.decode_identity(loads(texts["identity"])),
            index=entries,
            entries=LazyEntries(entries, read),
            intents=tuple(state_json.decode_intent(_json(row[0])) for row in intents),
            files=tuple(loads(texts["files"])),
            released=state_json.decode_released(loads(texts["released"])),
            runs=tuple(state_json.decode_run(_json(row[0])) for row in runs),
            directory=state_json.decode_directory(loads(texts.get("directory", "{}"))),
        )


def entry(db: Any, key: TaskKey) -> Entry:
    """Return one entry; raises KeyError when it is not there."""
    row = db.execute("SELECT body FROM entries WHERE key = ?", (key,)).fetchone()
    if row is None:
        raise KeyError(key)
    return state_json.decode_entry(key, _json(row[0]))
