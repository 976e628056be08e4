"""The tables of the SQLite store that say what runs did, and the statements upon them.

Every function takes the open transaction. `histories` counts the changes of each run, so that
keeping within the bounds looks at one row a run, and a run's changes are one range of `changes`.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator, Sequence
from typing import Any

from tasksync.core.formats import history_json
from tasksync.core.formats.json_text import compact
from tasksync.core.formats.state_text import from_text
from tasksync.core.history import RecordedChange, by_run, too_old

TABLES = """
CREATE TABLE histories (
  number INTEGER PRIMARY KEY, run TEXT NOT NULL UNIQUE, changes INTEGER NOT NULL
);
CREATE TABLE changes (
  history INTEGER NOT NULL, key TEXT NOT NULL, action TEXT NOT NULL, nth INTEGER NOT NULL,
  body TEXT NOT NULL, PRIMARY KEY (history, key, action)
) WITHOUT ROWID;
"""
_BEGIN = "INSERT INTO histories (run, changes) VALUES (?, 0) ON CONFLICT DO NOTHING"
_HISTORY = "SELECT number, changes FROM histories WHERE run = ?"
_ADD = "INSERT INTO changes VALUES (?, ?, ?, ?, ?) ON CONFLICT DO NOTHING"
_MEND = "UPDATE changes SET body = ? WHERE history = ? AND key = ? AND action = ?"
_COUNT = "UPDATE histories SET changes = changes + ? WHERE number = ?"
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
        db.execute(_BEGIN, (run,))
        history, count = db.execute(_HISTORY, (run,)).fetchone()
        rows = list(_rows(history, count, done))
        fresh = db.executemany(_ADD, rows).rowcount
        if fresh < len(rows):
            db.executemany(_MEND, ((body, *named) for *named, _nth, body in rows))
        db.execute(_COUNT, (fresh, history))
    if changes:
        forget(db, too_old(_counted(db)))


def recorded(db: Any, run: str) -> tuple[RecordedChange, ...] | None:
    """Return what a run did, in the order in which it was saved; None where it is not kept."""
    bodies = (from_text(row[0], "a row of it") for row in db.execute(_DONE, (run,)).fetchall())
    return tuple(history_json.decode_change(run, body) for body in bodies) or None


def forget(db: Any, runs: Collection[str]) -> None:
    """Take away what these runs did."""
    for sql in _FORGET if runs else ():
        db.executemany(sql, ((run,) for run in runs))


def forget_all_but(db: Any, runs: Collection[str]) -> None:
    """Take away what all other runs did."""
    forget(db, _counted(db).keys() - set(runs))


def _rows(
    history: int, count: int, done: Iterable[RecordedChange]
) -> Iterator[tuple[int, str, str, int, str]]:
    for nth, one in enumerate(done, count):
        yield history, one.key, one.action, nth, compact(history_json.encode_change(one))


def _counted(db: Any) -> dict[str, int]:
    return dict(db.execute("SELECT run, changes FROM histories ORDER BY number").fetchall())
