"""Two plans' documents against each other: only what differs is looked into, and not all of it."""

from __future__ import annotations

from typing import Any

import pytest

from tasksync.core import asked_differences as module
from tasksync.core.asked_differences import asked_differences, is_part_of, items_of
from tasksync.core.diff import steps
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
    "changes", [None, {}, [1], [{}], [{"key": 1}], [{"key": "a"}, {"key": "a"}]]
)
def test_what_is_no_document_is_said_so(changes: object) -> None:
    with pytest.raises(PlanUnusable):
        items_of({"changes": changes})
