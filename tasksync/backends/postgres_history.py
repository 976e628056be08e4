"""The tables of the PostgreSQL store that say what runs did, and the statements upon them.

Every function takes the open transaction. What one commit saves of a run is one row of `changes`,
and one round trip. `histories` counts the changes of each run, so that it is known when the bounds
are reached.
"""

from __future__ import annotations

from collections.abc import Collection, Sequence
from typing import Any

from tasksync.backends.history_rows import packed
from tasksync.core.history import KEPT_CHANGES, KEPT_HISTORY_RUNS, RecordedChange, by_run

TABLES = """
CREATE TABLE IF NOT EXISTS tasksync.histories (
  project text NOT NULL, run text NOT NULL, number bigint GENERATED ALWAYS AS IDENTITY,
  changes integer NOT NULL, PRIMARY KEY (project, run)
);
CREATE TABLE IF NOT EXISTS tasksync.changes (
  project text NOT NULL, run text NOT NULL, nth bigint GENERATED ALWAYS AS IDENTITY,
  body bytea NOT NULL, PRIMARY KEY (project, run, nth)
);
"""
#: a statement sees the rows as they were before it: this tells what there was, in all, of the run
_ADD = """
WITH added AS (INSERT INTO tasksync.changes (project, run, body) VALUES (%s, %s, %b)),
counted AS (
  INSERT INTO tasksync.histories (project, run, changes) VALUES (%s, %s, %s)
  ON CONFLICT (project, run) DO UPDATE SET changes = histories.changes + excluded.changes
)
SELECT coalesce(sum(changes), 0), count(*) FILTER (WHERE run = %s)
FROM tasksync.histories WHERE project = %s
"""
_TRIM = """
WITH old AS (
  DELETE FROM tasksync.histories WHERE project = %s AND run IN (
    SELECT run FROM (
      SELECT run, row_number() OVER newest AS place, sum(changes) OVER newest AS total
      FROM tasksync.histories WHERE project = %s WINDOW newest AS (ORDER BY number DESC)
    ) AS counted WHERE place > 1 AND (place > %s OR total > %s)
  ) RETURNING run
)
DELETE FROM tasksync.changes WHERE project = %s AND run IN (SELECT run FROM old)
"""
_DONE = "SELECT body FROM tasksync.changes WHERE project = %s AND run = %s ORDER BY nth"
_FORGET_ALL_BUT = (
    "DELETE FROM tasksync.changes WHERE project = %s AND run <> ALL(%s)",
    "DELETE FROM tasksync.histories WHERE project = %s AND run <> ALL(%s)",
)


def record(db: Any, project: str, changes: Sequence[RecordedChange]) -> None:
    """Remember what runs did, and let the oldest runs go where that is too much."""
    for run, done in by_run(changes).items():
        row = (project, run, packed(done), project, run, len(done), run, project)
        total, known = db.execute(_ADD, row).fetchone()
        if not known or total + len(done) > KEPT_CHANGES:
            db.execute(_TRIM, (project, project, KEPT_HISTORY_RUNS, KEPT_CHANGES, project))


def recorded(db: Any, project: str, run: str) -> list[bytes]:
    """Return the rows of what a run did, in the order in which they were saved."""
    return [row[0] for row in db.execute(_DONE, (project, run), binary=True).fetchall()]


def forget_all_but(db: Any, project: str, runs: Collection[str]) -> None:
    """Take away what all other runs of the project did."""
    for sql in _FORGET_ALL_BUT:
        db.execute(sql, (project, list(runs)))
