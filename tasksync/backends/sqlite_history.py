"""The tables of the SQLite store that say what runs did, and the statements upon them.

Every function takes the open transaction. `histories` counts the changes of each run, so that
keeping within the bounds costs nothing: no change is counted twice.
"""

from __future__ import annotations

from collections.abc import Collection, Sequence
from typing import Any

from tasksync.core.formats import history_json
from tasksync.core.formats.json_text import compact
from tasksync.core.formats.state_text import from_text
from tasksync.core.history import RecordedChange, by_run, too_old

TABLES = """
CREATE TABLE changes (
  seq INTEGER PRIMARY KEY, run TEXT NOT NULL, key TEXT NOT NULL, action TEXT NOT NULL,
  body TEXT NOT NULL, UNIQUE (run, key, action)
);
CREATE TABLE histories (
  seq INTEGER PRIMARY KEY, run TEXT NOT NULL UNIQUE, changes INTEGER NOT NULL
);
"""
_ADD = """
INSERT INTO changes (run, key, action, body) VALUES (?, ?, ?, ?) ON CONFLICT DO NOTHING
"""
_MEND = "UPDATE changes SET body = ? WHERE run = ? AND key = ? AND action = ?"
_COUNT = """
INSERT INTO histories (run, changes) VALUES (?, ?)
ON CONFLICT (run) DO UPDATE SET changes = changes + excluded.changes
"""
_FORGET = ("DELETE FROM changes WHERE run = ?", "DELETE FROM histories WHERE run = ?")


def record(db: Any, changes: Sequence[RecordedChange]) -> None:
    """Remember what runs did, and let the oldest runs go where that is too much."""
    if not changes:
        return
    for run, done in by_run(changes).items():
        rows = [
            (run, one.key, one.action, compact(history_json.encode_change(one))) for one in done
        ]
        fresh = db.executemany(_ADD, rows).rowcount
        if fresh < len(rows):
            db.executemany(_MEND, ((body, *named) for *named, body in rows))
        db.execute(_COUNT, (run, fresh))
    forget(db, too_old(_counted(db)))


def recorded(db: Any, run: str) -> tuple[RecordedChange, ...] | None:
    """Return what a run did, in the order in which it was saved; None where it is not kept."""
    rows = db.execute("SELECT body FROM changes WHERE run = ? ORDER BY seq", (run,)).fetchall()
    return (
        tuple(history_json.decode_change(run, from_text(row[0], "a row of it")) for row in rows)
        or None
    )


def forget(db: Any, runs: Collection[str]) -> None:
    """Take away what these runs did."""
    for sql in _FORGET:
        db.executemany(sql, ((run,) for run in runs))


def forget_all_but(db: Any, runs: Collection[str]) -> None:
    """Take away what all other runs did."""
    forget(db, _counted(db).keys() - set(runs))


def _counted(db: Any) -> dict[str, int]:
    return dict(db.execute("SELECT run, changes FROM histories ORDER BY seq").fetchall())
