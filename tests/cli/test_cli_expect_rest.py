"""What is left of an approved plan, by the runs that the state remembers."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime

import pytest
from casefiles import MARKER, live_task, manifest_of

from tasksync.cli.expecting import must_be_approved
from tasksync.core.expected import Approved
from tasksync.core.fields import RemoteId, TaskKey
from tasksync.core.formats.plan_digest import digest_of_document
from tasksync.core.formats.plan_json import asked_document
from tasksync.core.plan import Plan
from tasksync.core.planning.build import build_plan
from tasksync.core.state import Entry, Run, State, state_of
from tasksync.errors import PlanStale

AT = datetime(2027, 3, 1, 18, 30, tzinfo=UTC)
KEYS = ("a", "b")


def scene(*left: str) -> tuple[Plan, State, Approved]:
    """A project that lets go of a and b, by an approved plan; the state still has those left."""

    def planned(keys: tuple[str, ...]) -> tuple[Plan, State]:
        entries = [
            Entry(TaskKey(key), RemoteId(n), {"title": key, "responsibleId": 1})
            for n, key in enumerate(keys, 1)
        ]
        live = [live_task(one.id, one.asked, markers=(MARKER,)) for one in entries]
        manifest = manifest_of([], removed=KEYS)
        state = state_of("finance", entries, lineage="line", serial=3)
        return build_plan(manifest, state, live), state

    document = asked_document(planned(KEYS)[0])
    plan, state = planned(left)
    return plan, state, Approved(digest_of_document(document), document)


def run_of(plan: str, outcome: str) -> Run:
    return Run("0123456789", AT, outcome, plan, 3)


@pytest.mark.parametrize("outcome", ["started", "partial", "complete"])
def test_the_rest_of_a_run_that_was_the_last_is_done(outcome: str) -> None:
    """Complete too: what it let go of is forgotten only once the read-back has shown it."""
    plan, state, approved = scene("a")
    state = replace(state, runs=(run_of(approved.digest, outcome),))
    expected = must_be_approved(plan, state, approved)
    assert expected.note == (
        "The run 01234567 of 2027-03-01 18:30 UTC was cut off: 1 of 2 approved changes left, and "
        "this run does the rest."
    )
    assert [one.key for one in expected.plan.changes] == ["a"]


def test_a_part_of_what_was_done_before_other_runs_is_not_done_again() -> None:
    plan, state, approved = scene("a")
    runs = (run_of(approved.digest, "complete"), run_of("", "complete"))
    with pytest.raises(PlanStale, match="was applied already, by the run 01234567"):
        must_be_approved(plan, replace(state, runs=runs), approved)


def test_a_rest_that_no_run_here_began_is_another_plan() -> None:
    plan, state, approved = scene("a")
    with pytest.raises(PlanStale, match="b: approved to forget: it is done already"):
        must_be_approved(plan, state, approved)


@pytest.mark.parametrize("known", [True, False])
def test_where_nothing_is_left_of_a_run_that_was_cut_off_it_is_done(*, known: bool) -> None:
    plan, state, approved = scene()
    state = replace(state, runs=(run_of(approved.digest, "started"),))
    approved = approved if known else Approved(approved.digest)
    assert "Nothing is left of the approved plan" in must_be_approved(plan, state, approved).note


def test_without_the_document_the_rest_is_told_and_not_done() -> None:
    plan, state, approved = scene("a")
    state = replace(state, runs=(run_of(approved.digest, "started"),))
    with pytest.raises(PlanStale, match="what is left is\n  a: forget"):
        must_be_approved(plan, state, Approved(approved.digest))
