"""What a refusal says: how much, of what, which tasks, and every way to override it."""

from __future__ import annotations

from typing import Any

import pytest

from tasksync.core.change import Action, Change, Reason
from tasksync.core.fields import TaskKey
from tasksync.core.guards import Overrides, check
from tasksync.core.manifest import Policy, Threshold
from tasksync.core.plan import Orphan, Plan, Refusal
from tasksync.core.task import Activity, Options


def change(key: str, action: Action, reason: Reason = Reason.DROPPED, **more: Any) -> Change:
    return Change(TaskKey(key), action, reason, title=key, **more)


def plan(*changes: Change, **more: Any) -> Plan:
    facts: dict[str, Any] = {"tracked": 20, "wanted": 5, **more}
    return Plan("finance", "portal", "line", 1, (changes,), **facts)


def only(refusals: tuple[Refusal, ...]) -> Refusal:
    (refusal,) = refusals
    assert refusal.keys
    assert str(refusal) == f"{refusal.what}\n  {refusal.advice}"
    return refusal


MANY = [change(f"t{n}", Action.DELETE) for n in range(7)]


def test_the_share_is_told_with_the_limit_and_both_ways_to_override_it() -> None:
    refusal = only(check(plan(*MANY)))
    assert refusal.what == (
        "7 of 20 tracked tasks (35%) would be removed; policy.maxDelete allows 30%."
    )
    assert "policy.allow: {delete: 7}" in refusal.advice
    assert "--max-delete 7" in refusal.advice
    assert check(plan(*MANY), Overrides(max_delete=Threshold(number=7))) == ()


def test_updates_are_told_likewise() -> None:
    some = [change(f"t{n}", Action.UPDATE, Reason.EDITED) for n in range(3)]
    refusal = only(check(plan(*some, policy=Policy(max_update=Threshold(number=2)))))
    assert (
        "3 of 20 tracked tasks (15%) would be changed; policy.maxUpdate allows 2." in refusal.what
    )
    assert "--max-update 3" in refusal.advice


def test_vanished_tasks_hint_at_the_keys_rights() -> None:
    some = [change(f"t{n}", Action.CREATE, Reason.VANISHED) for n in range(7)]
    refusal = only(check(plan(*some)))
    assert "A key with fewer rights sees fewer tasks." in refusal.what
    assert "tasksync whoami" in refusal.advice
    assert "--dangerous-recreate-vanished" in refusal.advice


def test_activity_says_how_much_would_be_lost() -> None:
    some = [
        change("a", Action.DELETE, activity=Activity(2, 3600)),
        change("b", Action.DELETE, activity=Activity(1, 5400)),
        change("c", Action.DELETE, activity=Activity(0, 0)),
        change("d", Action.DELETE),
    ]
    refusal = only(check(plan(*some)))
    assert refusal.what == (
        "People worked on 2 tasks that would be deleted: a, b; 3 comments and 2 h 30 min of "
        "logged time would be lost for ever."
    )
    assert "--dangerous-delete-active" in refusal.advice
    assert refusal.keys == ("a", "b")


def test_of_what_people_did_nothing_of_nothing_is_said() -> None:
    for done, said in (
        (Activity(1, 0), "1 comment"),
        (Activity(0, 60), "0 h 1 min of logged time"),
    ):
        refusal = only(check(plan(change("a", Action.DELETE, activity=done))))
        assert refusal.what.endswith(f"deleted: a; {said} would be lost for ever.")


def test_protection_has_no_flag() -> None:
    refusal = only(check(plan(change("a", Action.DELETE, protected=True))))
    assert refusal.what == "1 protected task would be removed: a."
    assert "--" not in refusal.advice
    assert "protect: false" in refusal.advice


def test_an_empty_manifest_says_three_ways() -> None:
    refusal = only(check(plan(change("a", Action.DELETE), wanted=0)))
    assert refusal.what.startswith("The manifest wants no task at all")
    for way in ("--destroy", "--dangerous-allow-empty", "policy.allow: {delete: 1}"):
        assert way in refusal.advice


def test_a_half_read_manifest_names_the_file() -> None:
    refusal = only(check(plan(change("a", Action.FORGET), unread=("tasks/b.yaml",))))
    assert "tasks/b.yaml" in refusal.what
    assert "-f" in refusal.advice


def test_renames_are_shown_as_they_have_to_be_written() -> None:
    pairs = tuple((TaskKey(f"o{n}"), TaskKey(f"n{n}")) for n in range(7))
    refusal = only(check(plan(change("o0", Action.DELETE), renames=pairs)))
    assert "moved:\n    - {from: o0, to: n0}\n    - {from: o1, to: n1}" in refusal.advice
    assert "and 2 more" in refusal.advice
    assert check(plan(change("o0", Action.DELETE), renames=pairs), Overrides(renamed=True)) == ()


def test_renames_of_an_instance_are_one_move() -> None:
    """The row of a template has another key: nobody writes a move for each of its tasks."""
    names = ("anna/desk", "anna/it/laptop", "bob/desk", "zoe")
    pairs = tuple((TaskKey(one), TaskKey(one.replace("anna/", "anne/"))) for one in names[:2])
    pairs += (TaskKey(names[2]), TaskKey("rob/desk")), (TaskKey(names[3]), TaskKey("zoë"))
    refusal = only(check(plan(change("anna/desk", Action.DELETE), renames=pairs)))
    told = refusal.advice.partition("moved:\n")[2].partition("\n  or")[0]
    assert told.split("\n") == [
        "    - {from: anna/, to: anne/}",
        "    - {from: bob/desk, to: rob/desk}",
        "    - {from: zoe, to: zoë}",
    ]


def test_orphans_are_named_with_what_helps() -> None:
    some = change("a", Action.CREATE, Reason.NEW)
    refusal = only(check(plan(some, orphans=(Orphan(9, "Else", 3),))))
    assert '9 "Else" (responsible 3)' in refusal.what
    for word in ("state rebuild", "adopt: {id: N}", "take its tag off"):
        assert word in refusal.advice


def test_a_state_without_entries_names_both_cases() -> None:
    """A lost state, and another repository of the same name."""
    some = change("a", Action.CREATE, Reason.NEW)
    refusal = only(check(plan(some, tracked=0, orphans=(Orphan(9, "Else", 3),))))
    assert refusal.guard == "whose"
    assert '9 "Else" (responsible 3)' in refusal.what
    assert "state rebuild --match title" in refusal.advice
    assert "another project" in refusal.advice


def test_what_cannot_be_adopted_is_named() -> None:
    some = change("a", Action.CREATE, Reason.NEW, options=Options(adopt=9))
    refusal = only(check(plan(some)))
    assert "a -> 9" in refusal.what


@pytest.mark.parametrize("tracked", [1, 5, 9])
def test_below_ten_tracked_tasks_no_limit_holds(tracked: int) -> None:
    some = [change(f"t{n}", Action.DELETE) for n in range(tracked)]
    assert check(plan(*some, tracked=tracked)) == ()


def test_every_refusal_is_told_at_once() -> None:
    some = [
        *MANY,
        change("p", Action.DELETE, protected=True),
        change("q", Action.DELETE, activity=Activity(1, 0)),
    ]
    guards = [one.guard for one in check(plan(*some, unread=("b.yaml",), wanted=0))]
    assert guards == ["empty", "half-read", "max-delete", "protect", "activity"]
