"""Two plans' documents against each other: only what differs is looked into, and not all of it."""

from __future__ import annotations

from typing import Any

import pytest

from tasksync.core import asked_differences as module
from tasksync.core.asked_differences import asked_differences, is_part_of, items_of
from tasksync.core.diff import steps
from tasksync.core.formats.plan_digest import digest_of_document
from tasksync.errors import PlanUnusable


def document(count: int, priority: int = 1, **other: object) -> dict[str, Any]:
    changes = [
        {"key": f"t{n:05}", "action": "update", "after": {"priority": priority}, "options": []}
        for n in range(count)
    ]
    policy = {"maxDelete": "30%"}
    whole = {"project": "p", "portal": "x", "marker": None, "policy": policy, "moved": []}
    return {**whole, "changes": changes, **other}


def test_of_ten_thousand_changes_as_many_are_compared_as_are_shown(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    asked: list[object] = []

    def counted(left: object, right: object, *, depth: int) -> tuple[tuple[str | int, ...], ...]:
        asked.append(left)
        return steps(left, right, depth=depth)

    monkeypatch.setattr(module, "steps", counted)
    found = asked_differences(document(10_000), document(10_000, priority=2), 50)
    assert (len(found.shown), found.more, len(asked)) == (50, 9950, 51)
    assert [(one.key, one.name, one.approved, one.now) for one in found.shown[:1]] == [
        ("t00000", "priority", 1, 2)
    ]


def test_equal_documents_do_not_differ() -> None:
    found = asked_differences(document(3), document(3), 50)
    assert (found.shown, found.more) == ((), 0)


def test_a_rest_is_part_of_what_was_approved_and_another_value_or_policy_is_not() -> None:
    assert is_part_of(document(2), document(3))
    assert is_part_of(document(0), document(3))
    assert not is_part_of(document(3), document(2))
    assert not is_part_of(document(2, priority=2), document(3))
    assert not is_part_of(document(2, policy={"maxDelete": "100%"}), document(3))
    assert not is_part_of(document(2, portal="y"), document(3))
    assert is_part_of(document(2), document(3, moved=[["a", "b"]]))
    assert not is_part_of(document(2, moved=[["a", "b"]]), document(3))


@pytest.mark.parametrize(
    ("approved", "now"), [(True, 1), (0, False), (1.0, 1), (None, {"unmanaged": True})]
)
def test_what_a_digest_tells_apart_is_named_and_is_no_part(approved: object, now: object) -> None:
    """To Python 1 is True, and 1.0 too: what is compared is what is hashed."""
    before, after = document(1), document(1)
    before["changes"][0]["after"]["UF_A"], after["changes"][0]["after"]["UF_A"] = approved, now
    assert digest_of_document(before) != digest_of_document(after)
    (found,) = asked_differences(before, after, 50).shown
    assert (found.key, found.name, found.approved, found.now) == ("t00000", "UF_A", approved, now)
    assert not is_part_of(after, before)


def test_what_deepdiff_takes_for_equal_is_told_as_a_whole() -> None:
    before, after = document(1), document(1)
    before["changes"][0]["after"]["UF_A"], after["changes"][0]["after"]["UF_A"] = [1], [True]
    (found,) = asked_differences(before, after, 50).shown
    assert (found.key, found.name) == ("t00000", "")
    assert not is_part_of(after, before)


@pytest.mark.parametrize("name", ["project", "policy", "again", "of a later tasksync"])
def test_nothing_that_a_digest_covers_differs_without_a_name(name: str) -> None:
    before, after = document(1, **{name: "a"}), document(1)
    (found,) = asked_differences(before, after, 50).shown
    assert (found.key, found.name, found.approved) == ("", name, "a")
    assert is_part_of(after, before) == (name == "again")  # the rest of a plan is asked once


@pytest.mark.parametrize(
    "changes", [None, {}, [1], [{}], [{"key": 1}], [{"key": "a"}, {"key": "a"}]]
)
def test_what_is_no_document_is_said_so(changes: object) -> None:
    with pytest.raises(PlanUnusable):
        items_of({"changes": changes})
