"""Undo, case by case: what later runs did, what a field was left as, what hangs on what."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime

import pytest
from casefiles import BLANK, MARKER, live_task
from ideal import IdealWorld
from undone import inverse

from tasksync.core.change import Action, Change, Reason
from tasksync.core.fields import KeyRef, RemoteId, TaskKey, Value
from tasksync.core.history import RecordedChange, RecordedField
from tasksync.core.later_runs import Since, run_to_undo, since
from tasksync.core.state import Entry, Run
from tasksync.core.task import FieldPolicy, Options
from tasksync.errors import UsageError

A, B = TaskKey("a"), TaskKey("b")
AT = datetime(2026, 11, 27, tzinfo=UTC)


def run(name: str, undoes: str = "", outcome: str = "complete", **facts: object) -> Run:
    told = {"by": "anna@host", "counts": {"update": 1}, **facts}
    return Run(name, AT, outcome, undoes=undoes, **told)  # type: ignore[arg-type]


def changed(name: str) -> list[RecordedChange]:
    return [RecordedChange(name, A, "update", RemoteId(1))]


def recorded(action: Action, *fields: tuple[str, Value, Value], **more: object) -> RecordedChange:
    told = tuple(RecordedField(*one) for one in fields)
    return RecordedChange("run", A, action.value, RemoteId(1), "A", told, **more)  # type: ignore[arg-type]


def world(asked: dict[str, Value], there: dict[str, Value], **more: object) -> IdealWorld:
    """One task under the key a: what its entry asks, and what the portal has."""
    asked = {"title": "A", "responsibleId": 1, **asked}
    entry = Entry(A, RemoteId(1), asked, **more)  # type: ignore[arg-type]
    live = live_task(1, {**BLANK, "title": "A", **there}, markers=(MARKER,))
    return IdealWorld([entry], [live])


def only(made: IdealWorld, one: RecordedChange, more: Since = Since()) -> Change:  # noqa: B008
    undoing = inverse(made, [one], more)
    assert undoing.cannot == {}
    (change,) = undoing.plan.changes
    return change


@pytest.mark.parametrize(
    ("later", "taken_back", "by"),
    [
        ([], False, ""),
        ([("b", "")], False, "b"),
        ([("u", "run")], True, ""),
        ([("u", "run"), ("v", "u")], False, ""),
        ([("u", "run"), ("v", "u"), ("w", "v")], True, ""),
        ([("u", "run"), ("b", "")], True, ""),
        ([("b", ""), ("u", "b")], False, ""),
        ([("b", ""), ("u", "b"), ("v", "u")], False, "b"),
        ([("b", ""), ("c", ""), ("u", "c")], False, "b"),
        ([("u", "older")], False, "u"),
    ],
)
def test_a_later_change_that_was_undone_is_none(
    later: list[tuple[str, str]], *, taken_back: bool, by: str
) -> None:
    found = since(run("run"), [(run(name, undoes), changed(name)) for name, undoes in later])
    assert (A in found.taken_back) is taken_back
    assert (found.changed[A].id if A in found.changed else "") == by


def test_the_run_to_undo_is_the_last_that_changed_something_or_may_have() -> None:
    nothing = run("n", counts={})
    kept = {"a": changed("a")}
    assert run_to_undo("", [run("a"), nothing], kept.get).id == "a"
    cut_off = run("c", outcome="started", counts={})
    assert run_to_undo("last", [run("a"), cut_off], kept.get).id == "c"
    half = run("u", "a", "partial")
    assert run_to_undo("", [run("a"), half], kept.get).id == "a"
    assert run_to_undo("u", [run("a"), half], kept.get).id == "u"
    assert run_to_undo("", [run("a"), replace(half, outcome="complete")], kept.get).id == "u"
    with pytest.raises(UsageError, match="No run is remembered that changed anything"):
        run_to_undo("", [nothing], kept.get)


@pytest.mark.parametrize(
    ("there", "policy", "before"),
    [
        (4, None, 4),  # what the portal makes of completed
        (4, FieldPolicy.ACCEPT, 4),
        (7, None, 5),  # people's: the plan says what the run left, and is stale
    ],
)
def test_a_known_turn_of_a_value_is_what_the_run_left(
    there: int, policy: FieldPolicy | None, before: int
) -> None:
    options = Options(field_policy=(("status", policy),) if policy else ())
    made = world({"status": 5}, {"status": there}, options=options)
    (one,) = only(made, recorded(Action.UPDATE, ("status", 3, 5))).fields
    assert (one.before, one.after) == (before, 3)


@pytest.mark.parametrize(("policy", "before"), [(None, 0), (FieldPolicy.ACCEPT, 2)])
def test_what_is_remembered_is_the_run_s_but_where_a_policy_lets_people_s_stand(
    policy: FieldPolicy | None, before: int
) -> None:
    options = Options(field_policy=(("priority", policy),) if policy else ())
    made = world({"priority": 2}, {"priority": 0}, normalised={"priority": 0}, options=options)
    (one,) = only(made, recorded(Action.UPDATE, ("priority", 1, 2))).fields
    assert one.before == before


def test_a_responsible_goes_back_with_the_status_that_is_there() -> None:
    made = world({"responsibleId": 7, "status": 2}, {"responsibleId": 7, "status": 5})
    change = only(made, recorded(Action.UPDATE, ("responsibleId", 1, 7), ("status", 2, 2)))
    assert change.sent_together == {"status": 5}
    assert change.entry(RemoteId(1)).asked["status"] == 2


def test_planned_dates_go_back_as_a_pair() -> None:
    early, late = "2026-05-19T18:00:00+03:00", "2026-05-23T18:00:00+03:00"
    asked: dict[str, Value] = {"startDatePlan": early, "endDatePlan": late}
    change = only(world(asked, asked), recorded(Action.UPDATE, ("startDatePlan", None, early)))
    assert change.sent_together == {"endDatePlan": late}


def test_what_was_not_known_cannot_be_put_back() -> None:
    undoing = inverse(world({}, {}), [recorded(Action.UPDATE, ("title", None, "A"))])
    assert undoing.cannot == {A: "what its title was is not known"}


def test_what_the_state_asks_otherwise_since_is_named() -> None:
    made = world({"priority": 0}, {"priority": 0})
    undoing = inverse(made, [recorded(Action.UPDATE, ("priority", 1, 2))])
    assert undoing.cannot == {A: "the state asks another priority since"}


def test_a_task_hangs_under_the_new_task_of_its_parent() -> None:
    asked: dict[str, Value] = {"parentId": KeyRef(B), "status": 2}
    made = world(asked, {"status": 6}, deferred=True, normalised={"parentId": 9})
    parent = RecordedChange(
        "run", B, "delete", RemoteId(9), "B", read={"title": "B", "responsibleId": 1}
    )
    undoing = inverse(made, [parent, recorded(Action.DEFER, ("status", 2, 6))])
    (above,), (below,) = undoing.plan.levels
    assert (above.action, above.reason) == (Action.CREATE, Reason.REMADE)
    assert below.unresolved == (B,)


@pytest.mark.parametrize("parent", [77, KeyRef(B)])
def test_a_parent_that_is_gone_is_said(parent: Value) -> None:
    read: dict[str, Value] = {"title": "A", "responsibleId": 1, "parentId": parent}
    undoing = inverse(IdealWorld(), [recorded(Action.DELETE, read=read)])
    if isinstance(parent, KeyRef):
        assert undoing.cannot == {A: "its parent b has no task any more"}
    else:
        assert undoing.without_parent == (A,)
        assert "parentId" not in next(undoing.plan.changes).asked


def test_a_task_that_is_not_shown_is_not_deleted() -> None:
    entry = Entry(A, RemoteId(1), {"title": "A", "responsibleId": 1}, hidden=True)
    undoing = inverse(IdealWorld([entry]), [recorded(Action.CREATE, ("title", None, "A"))])
    assert "does not show it" in undoing.cannot[A]


def test_a_task_of_another_number_is_not_touched() -> None:
    entry = Entry(A, RemoteId(2), {"title": "A", "responsibleId": 1})
    made = IdealWorld([entry], [live_task(2, {"title": "A"}, markers=(MARKER,))])
    one = recorded(Action.UPDATE, ("title", "Old", "A"))
    assert inverse(made, [one]).cannot == {A: "its task is 2 now, and was 1"}
    back = since(run("run"), [(run("b"), changed("b")), (run("u", "b"), changed("u"))])
    assert only(made, one, back).id == 2
