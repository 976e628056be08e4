"""The tables of the SQLite store that say what runs did, and the statements upon them.

Every function takes the open transaction. What one commit saves of a run is one row of
`changes`. `histories` counts the changes of each run, so that keeping within the bounds looks at
one row a run.
"""

from __future__ import annotations

from collections.abc import Collection, Sequence
from typing import Any

from tasksync.backends.history_rows import packed, unpacked
from tasksync.core.history import RecordedChange, by_run, too_old

TABLES = """
CREATE TABLE histories (
  number INTEGER PRIMARY KEY, run TEXT NOT NULL UNIQUE, changes INTEGER NOT NULL
);
CREATE TABLE changes (
  history INTEGER NOT NULL, nth INTEGER NOT NULL, body BLOB NOT NULL, PRIMARY KEY (history, nth)
) WITHOUT ROWID;
"""
_COUNT = """
INSERT INTO histories (run, changes) VALUES (?, ?)
ON CONFLICT (run) DO UPDATE SET changes = changes + excluded.changes RETURNING number, changes
"""
_ADD = "INSERT INTO changes VALUES (?, ?, ?)"
_DONE = """
SELECT body FROM changes JOIN histories ON history = number WHERE run = ? ORDER BY nth
"""
_FORGET = (
    "DELETE FROM changes WHERE history = (SELECT number FROM histories WHERE run = ?)",
    "DELETE FROM histories WHERE run = ?",
)


def record(db: Any, changes: Sequence[RecordedChange]) -> None:
    """Remember what runs did, and let the oldest runs go where that is too much."""
    for run, done in by_run(changes).items():
        history, nth = db.execute(_COUNT, (run, len(done))).fetchone()
        db.execute(_ADD, (history, nth, packed(done)))
    if changes:
        forget(db, too_old(_counted(db)))


def recorded(db: Any, run: str) -> tuple[RecordedChange, ...] | None:
    """Return what a run did, in the order in which it was saved; None where it is not kept."""
    return unpacked(run, (row[0] for row in db.execute(_DONE, (run,)).fetchall()))


def forget(db: Any, runs: Collection[str]) -> None:
    """Take away what these runs did."""
    for sql in _FORGET if runs else ():
        db.executemany(sql, ((run,) for run in runs))


def forget_all_but(db: Any, runs: Collection[str]) -> None:
    """Take away what all other runs did."""
    forget(db, _counted(db).keys() - set(runs))


def _counted(db: Any) -> dict[str, int]:
    return dict(db.execute("SELECT run, changes FROM histories ORDER BY number").fetchall())
