"""`--json` on apply: one JSON line an event, with Terraform's names (`schemas/events.schema.json`).

A listener never raises. When nobody reads the stream any more, whoever started the apply is gone:
that is told once, and the command stops as it does when it is asked to.
"""

from __future__ import annotations

import errno
import json
from collections.abc import Callable, Iterable, Mapping
from datetime import datetime
from typing import TextIO, TypeAlias

from tasksync.core import events
from tasksync.core.change import Action, Change, Outcome, Status
from tasksync.core.expected import Correction
from tasksync.core.fields import TaskKey
from tasksync.core.plan import Plan, Refusal
from tasksync.core.unseen import all_seen
from tasksync.errors import ManifestInvalid, PlanRefused, TasksyncError
from tasksync.render.event_text import said
from tasksync.render.expected_text import correction_words
from tasksync.render.outcomes import DONE_WORDS, apply_counts
from tasksync.render.visible import disarmed
from tasksync.render.wording import clean, left_out, notes, planned, stale_left_out
from tasksync.value_classes import asdict

Json: TypeAlias = dict[str, object]
FORMAT_VERSION = "1.0"
#: what a pipe answers that nobody reads; Windows calls it an invalid argument
_CLOSED = frozenset({errno.EPIPE, errno.EINVAL})


class EventLines:
    """Writes events, and what stands before and after them, as JSON lines.

    `unread` is called once, when nobody reads them any more; from whichever thread wrote.
    """

    def __init__(
        self,
        stream: TextIO,
        now: Callable[[], datetime],
        version: str,
        unread: Callable[[], object] = lambda: None,
    ) -> None:
        self._stream = stream
        self._now = now
        self._unread = unread
        self._open = True
        self._reading = False
        self._sent: dict[TaskKey, datetime] = {}
        facts: Json = {"tasksync": version, "ui": FORMAT_VERSION}
        self._write("version", f"tasksync {version}", facts)

    def __call__(self, event: events.Event, /) -> None:
        """Hear one event and write its line or lines."""
        match event:
            case events.ChangesSent(changes):
                for change in changes:
                    self._start(change)
            case events.ChangeEnded(outcome):
                self._end(outcome)
            case events.ReadProgress():
                self._read(event)
            case events.Verified(tasks, requests):
                self._write("refresh_complete", said(event), {"hook": _read_of(tasks, requests)})
            case events.ValueNormalised():
                self._diagnose("warning", said(event))
            case events.ValueMissing():
                self._diagnose("error", said(event))
            case events.Settling() | events.Paced() | events.LockWaited():
                self._write("apply_progress", said(event), {"hook": _waiting(event)})
            case _:
                self._write("log", said(event))

    def close(self) -> None:
        """Nothing to clear up: every line was flushed."""

    def planned(self, plan: Plan, corrections: Iterable[Correction] = ()) -> None:
        """Write what is planned: every change, every drift, what to know of it, and how many.

        `corrections` are what `apply --expect` leaves out.
        """
        if self._reading:
            self._write("refresh_complete", "The portal was read")
            self._reading = False
        for change in plan.changes:
            facts: Json = {**_hook(change), "reason": change.reason.value}
            message = f"{clean(change.key)}: plan to {change.action.value}"
            self._write("planned_change", message, {"change": facts})
        for key in dict.fromkeys(one.key for one in plan.drift):
            moved: Json = {"resource": _resource(key), "action": "update"}
            message = f"{clean(key)}: changed on the portal"
            self._write("resource_drift", message, {"change": moved})
        for one in corrections:
            self._left_out(one)
        for note in notes(plan):
            self._write("log", note)
        changes = {
            **asdict(plan.summary),
            "unchanged": plan.unchanged,
            **_scope(plan),
            "operation": "plan",
        }
        said_left = f" {left}" if (left := left_out(plan)) else ""
        self._write("change_summary", planned(plan.summary) + said_left, {"changes": changes})

    def ended(self, plan: Plan, outcomes: Iterable[Outcome], *, stale: int = 0) -> None:
        """Write how it all ended; `stale` changes of a saved plan were not tried."""
        result = apply_counts(outcomes)
        changes: Json = {
            "add": result.added,
            "change": result.changed,
            "remove": result.destroyed,
            "adopt": result.adopted,
            "defer": result.deferred,
            "forget": result.forgotten,
            "failed": result.failed,
            "not_started": result.not_started,
            "in_doubt": result.in_doubt,
            "stale": stale,
            **_scope(plan),
            "operation": "apply",
        }
        first = "Apply complete!" if result.complete and not stale else "Apply incomplete."
        words = (first, result.line, stale_left_out(stale), left_out(plan))
        self._write("change_summary", " ".join(filter(None, words)), {"changes": changes})

    def failed(self, error: TasksyncError) -> None:
        """Write an error: one diagnostic for each thing that is wrong."""
        match error:
            case PlanRefused(refusals=several) | ManifestInvalid(problems=several):
                for one in several:
                    advice = one.advice if isinstance(one, Refusal) else ""
                    what = one.what if isinstance(one, Refusal) else str(one)
                    self._diagnose("error", what, advice)
            case _:
                self._diagnose("error", error.message, error.advice)

    def _left_out(self, correction: Correction) -> None:
        change = correction.change
        facts: Json = {
            **_hook(change),
            "reason": change.reason.value,
            "fields": [] if change.action is Action.CREATE else [one.name for one in change.fields],
            "marker": correction.marker,
        }
        message = f"{clean(change.key)}: not approved, left out: {correction_words(correction)}"
        self._write("change_left_out", message, {"change": facts})

    def _start(self, change: Change) -> None:
        self._sent[change.key] = self._now()
        message = f"{clean(change.key)}: {change.action.value} sent"
        self._write("apply_start", message, {"hook": _hook(change)})

    def _end(self, outcome: Outcome) -> None:
        change, now = outcome.change, self._now()
        took = (now - self._sent.pop(change.key, now)).total_seconds()
        hook: Json = {**_hook(change), "elapsed_seconds": round(took, 3)}
        remote = outcome.id or change.id
        if remote:
            hook |= {"id_key": "id", "id_value": str(remote)}
        if outcome.status is Status.DONE:
            message = f"{clean(change.key)}: {DONE_WORDS[change.action]}"
            self._write("apply_complete", message, {"hook": hook})
            return
        hook |= {"became": outcome.status.value, "code": outcome.code, "advice": outcome.advice}
        message = clean(f"{change.key}: {outcome.status.value}: {outcome.message}".rstrip(": "))
        self._write("apply_errored", message, {"hook": hook}, level="error")

    def _read(self, event: events.ReadProgress) -> None:
        kind = "apply_progress" if self._reading else "refresh_start"
        self._reading = True
        self._write(kind, said(event), {"hook": _read_of(event.tasks, event.requests)})

    def _diagnose(self, severity: str, summary: str, detail: str = "") -> None:
        facts = {"severity": severity, "summary": summary, "detail": detail}
        level = "warn" if severity == "warning" else "error"
        first = summary.split("\n", 1)[0]
        message = clean(f"{severity.capitalize()}: {first}")
        self._write("diagnostic", message, {"diagnostic": facts}, level=level)

    def _write(
        self,
        kind: str,
        message: str,
        facts: Mapping[str, object] | None = None,
        *,
        level: str = "info",
    ) -> None:
        if not self._open:
            return
        line = {
            "@level": level,
            "@message": message,
            "@module": "tasksync.ui",
            "@timestamp": self._now().isoformat(),
            "type": kind,
            **(facts or {}),
        }
        try:
            self._stream.write(disarmed(all_seen(json.dumps(line))) + "\n")
            self._stream.flush()
        except (OSError, ValueError) as error:
            self._open = False
            # a full disk is no reason to stop: there may be somebody who reads
            if isinstance(error, OSError) and error.errno in _CLOSED:
                self._unread()


def _scope(plan: Plan) -> Json:
    """Return what a plan is of, and what it leaves out, as `plan --format json` names it."""
    return {
        "project": plan.project,
        "portal": plan.portal,
        "narrowed": list(plan.narrowed),
        "left_out": plan.left_out,
    }


def _resource(key: str) -> Json:
    return {"addr": f"task[{json.dumps(key)}]", "resource_type": "task", "resource_name": key}


def _hook(change: Change) -> Json:
    return {"resource": _resource(change.key), "action": change.action.value}


def _read_of(tasks: int, requests: int) -> Json:
    return {"tasks": tasks, "requests": requests}


def _waiting(event: events.Settling | events.Paced | events.LockWaited) -> Json:
    match event:
        case events.Paced():
            return {
                "per_second": event.per_second,
                "per_minute": event.per_minute,
                "wait": event.wait,
            }
        case events.Settling():
            return {"keys": list(event.keys), "left": event.left}
        case events.LockWaited():
            return {"left": event.left}
