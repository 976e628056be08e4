"""What runs did as JSON: `schemas/history.schema.json`."""

from __future__ import annotations

from collections.abc import Sequence

from tasksync.core.fields import plain
from tasksync.core.formats.json_text import indented
from tasksync.core.formats.values_json import encode_values
from tasksync.core.history import RecordedChange
from tasksync.core.remembered_runs import undone_by
from tasksync.core.state import Run, State
from tasksync.render.runs_words import DONE

FORMAT_VERSION = "1.0"
Json = dict[str, object]


def runs_json(state: State, *, version: str) -> str:
    """Return the runs that a state remembers, the newest first."""
    undone = undone_by(state.runs)
    runs = [_run(run, undone.get(run.id, ())) for run in reversed(state.runs)]
    return indented({**_head(state, version), "runs": runs}) + "\n"


def run_json(
    run: Run, changes: Sequence[RecordedChange] | None, why: str, state: State, *, version: str
) -> str:
    """Return one run with its changes; `why` says why none are kept."""
    told: Json = {
        **_head(state, version),
        "run": _run(run, undone_by(state.runs).get(run.id, ())),
        "changes": None if changes is None else [_change(one) for one in changes],
        "not_kept": why or None,
    }
    return indented(told) + "\n"


def _head(state: State, version: str) -> Json:
    return {
        "format_version": FORMAT_VERSION,
        "tasksync_version": version,
        "project": state.project,
        "portal": state.identity.portal if state.identity else "",
    }


def _run(run: Run, undone: Sequence[Run]) -> Json:
    return {
        "id": run.id,
        "at": run.at.isoformat(),
        "by": run.by,
        "ci": run.ci or None,
        "command": run.command,
        "digest": run.digest or None,
        "outcome": run.outcome,
        "counts": {action: run.counts[action] for action in DONE if action in run.counts},
        "undoes": run.undoes or None,
        "undone_by": [one.id for one in undone],
    }


def _change(change: RecordedChange) -> Json:
    return {
        "key": change.key,
        "id": str(change.id),
        "action": change.action,
        "title": change.title,
        "fields": [
            {"field": one.name, "before": plain(one.before), "after": plain(one.after)}
            for one in change.fields
        ],
        "read": encode_values(change.read),
    }
