"""The tables of the PostgreSQL store that say what runs did, and the statements upon them.

Every function takes the open transaction. `histories` counts the changes of each run, so that
keeping within the bounds looks at one row a run; a batch of changes is two round trips.
"""

from __future__ import annotations

from collections.abc import Collection, Sequence
from typing import Any

from tasksync.core.formats import history_json
from tasksync.core.formats.json_text import compact
from tasksync.core.formats.state_text import from_text
from tasksync.core.history import KEPT_CHANGES, KEPT_HISTORY_RUNS, RecordedChange, by_run

TABLES = """
CREATE TABLE IF NOT EXISTS tasksync.histories (
  project text NOT NULL, run text NOT NULL, number bigint GENERATED ALWAYS AS IDENTITY,
  changes integer NOT NULL, PRIMARY KEY (project, run)
);
CREATE TABLE IF NOT EXISTS tasksync.changes (
  project text NOT NULL, run text NOT NULL, key text COLLATE "C" NOT NULL, action text NOT NULL,
  nth bigint GENERATED ALWAYS AS IDENTITY, body text NOT NULL,
  PRIMARY KEY (project, run, key, action)
);
"""
#: xmax is 0 in a row that was not there before: only such a row counts
_ADD = """
WITH told AS (
  INSERT INTO tasksync.changes (project, run, key, action, body)
  SELECT %s, run, key, action, body
  FROM unnest(%s::text[], %s::text[], %s::text[], %s::text[])
    WITH ORDINALITY AS new (run, key, action, body, nth)
  ORDER BY nth
  ON CONFLICT (project, run, key, action) DO UPDATE SET body = excluded.body
  RETURNING run, xmax = 0 AS fresh
)
INSERT INTO tasksync.histories (project, run, changes)
SELECT %s, run, count(*) FILTER (WHERE fresh) FROM told GROUP BY run
ON CONFLICT (project, run) DO UPDATE SET changes = histories.changes + excluded.changes
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
    if not changes:
        return
    done = [one for of_run in by_run(changes).values() for one in of_run]
    columns = (
        [one.run for one in done],
        [one.key for one in done],
        [one.action for one in done],
        [compact(history_json.encode_change(one)) for one in done],
    )
    db.execute(_ADD, (project, *columns, project))
    db.execute(_TRIM, (project, project, KEPT_HISTORY_RUNS, KEPT_CHANGES, project))


def recorded(db: Any, project: str, run: str) -> list[str]:
    """Return the bodies of what a run did, in the order in which it was saved."""
    return [row[0] for row in db.execute(_DONE, (project, run)).fetchall()]


def decoded(run: str, bodies: Sequence[str]) -> tuple[RecordedChange, ...] | None:
    """Return what `recorded` returned; None where nothing is kept."""
    data = (from_text(body, "a row of it") for body in bodies)
    return tuple(history_json.decode_change(run, one) for one in data) or None


def forget_all_but(db: Any, project: str, runs: Collection[str]) -> None:
    """Take away what all other runs of the project did."""
    for sql in _FORGET_ALL_BUT:
        db.execute(sql, (project, list(runs)))
