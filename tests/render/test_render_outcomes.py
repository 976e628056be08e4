"""The end of an apply, and errors, in words."""

from __future__ import annotations

import pytest

from tasksync.core.change import Action, Change, Outcome, Reason, Status
from tasksync.core.events import ValueMissing, ValueNormalised
from tasksync.core.fields import RemoteId, TaskKey
from tasksync.core.plan import Refusal
from tasksync.core.task import Place, Problem
from tasksync.errors import ManifestInvalid, PlanRefused, PortalRejected
from tasksync.render.error_text import error_text, unexpected_text
from tasksync.render.outcomes import apply_counts, apply_text


def outcome(key: str, action: Action, status: Status = Status.DONE, **other: str) -> Outcome:
    return Outcome(Change(TaskKey(key), action, Reason.NEW, RemoteId(7)), status, **other)


ALL_DONE = tuple(outcome(action.value, action) for action in Action if action is not Action.NOOP)


def test_all_done_is_complete():
    assert apply_text(ALL_DONE) == (
        "Apply complete! Tasks: 1 added, 1 changed, 1 destroyed. "
        "Also 1 adopted, 1 deferred, 1 forgotten.\n"
    )


def test_nothing_done_is_complete_too():
    assert apply_text(()) == "Apply complete! Tasks: 0 added, 0 changed, 0 destroyed.\n"


def test_failures_are_named_with_code_message_and_advice(golden):
    outcomes = (
        *ALL_DONE,
        outcome(
            "parent",
            Action.CREATE,
            Status.FAILED,
            code="BITRIX_ERROR",
            message="Assignee not specified\x1b[2J",
            advice="name a responsibleId that this portal has",
        ),
        outcome("child", Action.CREATE, Status.SKIPPED, message="its parent failed"),
        outcome("lost", Action.CREATE, Status.IN_DOUBT, message="the connection was lost"),
        outcome("late", Action.UPDATE, Status.NOT_STARTED),
    )
    told = (ValueNormalised(TaskKey("normalised"), RemoteId(7), "status", 5, 4),)
    more = "tasksync apply --resume plan.json does the rest."
    golden("apply-incomplete.txt", apply_text(outcomes, told=told, more=more))
    assert apply_counts(outcomes).not_started == 2


def test_a_value_that_was_not_written_makes_an_apply_incomplete():
    told = (ValueMissing(TaskKey("k"), RemoteId(7), "deadline", "2026-05-19T18:00:00+03:00", None),)
    text = apply_text(ALL_DONE, told=told)
    assert "deadline was not written: (none), asked was 2026-05-19T18:00:00+03:00." in text
    assert "Apply incomplete. Tasks: 1 added" in text


@pytest.mark.parametrize(
    ("error", "text"),
    [
        (
            PortalRejected("it will\x1b not", "ask again"),
            "Error: it will\\u001b not\n  ask again\n",
        ),
        (
            ManifestInvalid((Problem(Place("a.yaml", 3, 5), "no title", "say one"),)),
            "a.yaml:3:5: no title (say one)\n1 problem in the manifest.\n",
        ),
        (
            PlanRefused((Refusal("maxDelete", "too many", "--max-delete 9"),)),
            "\nRefused: too many\n  --max-delete 9\n",
        ),
    ],
)
def test_an_error_says_what_to_do(error, text):
    assert error_text(error) == text


def test_a_fault_of_ours_says_where_the_trace_is():
    text = unexpected_text(ValueError("x"), "see trace.txt")
    assert text == "Error: tasksync itself failed: ValueError: x\n  see trace.txt\n"


def test_the_end_says_whose_tasks_and_how_far_it_came():
    where = "finance-q2 on acme.bitrix24.com"
    said, end = apply_text(ALL_DONE, where=where).splitlines()
    assert said == f"In {where}."
    assert end.startswith("Apply complete! Tasks: 1 added")
    many = [
        Outcome(Change(TaskKey(f"k{n}"), Action.CREATE, Reason.NEW), status)
        for n, status in enumerate([Status.DONE] * 9 + [Status.NOT_STARTED] * 41)
    ]
    lines = apply_text(many, where=where).splitlines()
    assert lines[0] == "41 changes not started:"
    assert lines[-3] == "  and 21 more; tasksync plan --full shows them"
    assert lines[-2] == f"In {where}: 9 done, 41 left."
    assert lines[-1].startswith("Apply incomplete. Tasks: 9 added")
