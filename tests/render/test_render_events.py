"""`--json` speaks Terraform's names, and a closed pipe does not kill an apply."""

from __future__ import annotations

import errno
import io
import json
from datetime import UTC, datetime, timedelta
from pathlib import Path

import jsonschema
import pytest

from tasksync.core import events
from tasksync.core.change import Action, Change, FieldChange, Outcome, Reason, Status
from tasksync.core.fields import RemoteId, TaskKey
from tasksync.core.plan import Drift, Plan, Refusal, Summary
from tasksync.core.state import Holder
from tasksync.core.task import Place, Problem
from tasksync.errors import ManifestInvalid, PlanRefused, PortalRejected
from tasksync.render.event_lines import EventLines
from tasksync.render.event_text import said

SCHEMA = json.loads((Path(__file__).parents[2] / "schemas/events.schema.json").read_text("utf-8"))
VALIDATOR = jsonschema.Draft202012Validator(SCHEMA)
KEY, ID = TaskKey("audit"), RemoteId(3871)
CHANGE = Change(KEY, Action.UPDATE, Reason.EDITED, ID, (FieldChange("status", 2, 5),))
HOLDER = Holder("anna", "runner-7", 412, run_url="https://ci/991")
EVERY_EVENT: tuple[events.Event, ...] = (
    events.LockWaited(HOLDER, 4.2),
    events.ReadProgress(100, 1),
    events.ReadProgress(5000, 2),
    events.IntentsFound((KEY,)),
    events.IntentResolved(KEY, ID),
    events.IntentResolved(KEY, None),
    events.Settling((KEY,), 12.0),
    events.ApplyStarted(Summary(change=1), 1, 1),
    events.ChangesSent((CHANGE,)),
    events.ChangeEnded(Outcome(CHANGE, Status.DONE, ID)),
    events.ChangeEnded(Outcome(CHANGE, Status.FAILED, code="BITRIX_ERROR", message="no\x1b[2J")),
    events.ChangeEnded(Outcome(CHANGE, Status.IN_DOUBT)),
    events.ChangeEnded(Outcome(CHANGE, Status.SKIPPED, message="its parent failed")),
    events.ValueNormalised(KEY, ID, "status", 5, 4),
    events.ValueMissing(KEY, ID, "deadline", "2026-05-19T18:00:00+03:00", None),
    events.Verified(1, 1),
    events.Paced(10.0, 300, 0.25),
    events.Note("the key's owner changed"),
)


class Ticks:
    """A clock that moves a second at each look."""

    def __init__(self) -> None:
        self.time = datetime(2026, 5, 12, tzinfo=UTC)

    def __call__(self) -> datetime:
        """The next second."""
        self.time += timedelta(seconds=1)
        return self.time


def lines_of(stream: io.StringIO) -> list[dict[str, object]]:
    return [json.loads(line) for line in stream.getvalue().splitlines()]


def heard(*some: events.Event) -> list[dict[str, object]]:
    stream = io.StringIO()
    lines = EventLines(stream, Ticks(), "0.1.0")
    for event in some:
        lines(event)
    return lines_of(stream)


def test_the_schema_is_itself_valid():
    jsonschema.Draft202012Validator.check_schema(SCHEMA)


def test_every_event_is_a_line_that_the_schema_knows():
    lines = heard(*EVERY_EVENT)
    for line in lines:
        VALIDATOR.validate(line)
    assert [line["type"] for line in lines] == [
        "version",
        "apply_progress",
        "refresh_start",
        "apply_progress",
        *["log"] * 3,
        "apply_progress",
        "log",
        "apply_start",
        "apply_complete",
        *["apply_errored"] * 3,
        *["diagnostic"] * 2,
        "refresh_complete",
        "apply_progress",
        "log",
    ]


def test_a_complete_change_names_its_task_and_how_long_it_took():
    _version, _start, line = heard(
        events.ChangesSent((CHANGE,)), events.ChangeEnded(Outcome(CHANGE, Status.DONE, ID))
    )
    assert line["hook"] == {
        "resource": {"addr": 'task["audit"]', "resource_type": "task", "resource_name": "audit"},
        "action": "update",
        "elapsed_seconds": 2.0,
        "id_key": "id",
        "id_value": "3871",
    }


def test_plan_and_end_are_summed_up():
    stream = io.StringIO()
    lines = EventLines(stream, Ticks(), "0.1.0")
    lines(events.ReadProgress(1, 1))
    drift = (Drift(KEY, ID, "status", 2, 3), Drift(KEY, ID, "title", "a", "b"))
    lines.planned(Plan("p", "portal", "l", 1, ((CHANGE,),), drift=drift))
    lines.ended(Plan("p", "portal", "l", 1), (Outcome(CHANGE, Status.FAILED),), stale=2)
    seen = lines_of(stream)
    for line in seen:
        VALIDATOR.validate(line)
    assert [line["type"] for line in seen[2:]] == [
        "refresh_complete",
        "planned_change",
        "resource_drift",
        "change_summary",
        "change_summary",
    ]
    assert str(seen[-2]["@message"]).startswith("Plan: 0 to add, 1 to change, 0 to destroy.")
    assert seen[-1]["changes"]["failed"] == 1


@pytest.mark.parametrize(
    ("error", "summaries"),
    [
        (PortalRejected("it will not", "ask again"), ["it will not"]),
        (PlanRefused((Refusal("maxDelete", "too many", "--max-delete"),)), ["too many"]),
        (ManifestInvalid((Problem(Place("a.yaml", 3, 5), "no title"),)), ["a.yaml:3:5: no title"]),
    ],
)
def test_an_error_is_a_diagnostic(error, summaries):
    stream = io.StringIO()
    EventLines(stream, Ticks(), "0.1.0").failed(error)
    lines = lines_of(stream)[1:]
    for line in lines:
        VALIDATOR.validate(line)
    assert [line["diagnostic"]["summary"] for line in lines] == summaries


class Broken(io.StringIO):
    """A pipe whose reader has gone."""

    def write(self, _text: str) -> int:
        """Nobody reads."""
        raise BrokenPipeError(errno.EPIPE, "Broken pipe")


def test_a_closed_pipe_is_silence():
    for stream in (Broken(), io.StringIO()):
        lines = EventLines(stream, Ticks(), "0.1.0")
        stream.close()
        for event in EVERY_EVENT:
            lines(event)


class Full(io.StringIO):
    """A file on a full disk."""

    def write(self, _text: str) -> int:
        """There is no room."""
        raise OSError(errno.ENOSPC, "No space left on device")


@pytest.mark.parametrize(("stream", "told"), [(Broken(), 1), (Full(), 0), (io.StringIO(), 0)])
def test_that_nobody_reads_any_more_is_told_once(stream, told):
    unread: list[None] = []
    lines = EventLines(stream, Ticks(), "0.1.0", lambda: unread.append(None))
    for event in EVERY_EVENT:
        lines(event)
    assert len(unread) == told


@pytest.mark.parametrize("event", EVERY_EVENT, ids=lambda one: type(one).__name__)
def test_every_event_has_a_line_for_people_that_cannot_steer_a_terminal(event):
    line = said(event)
    assert line
    assert line.replace("\t", " ").isprintable()
