"""Whose a value is that differs, and whether two plans differ in more than was taken over."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest
from casefiles import MARKER, live_task, manifest_of, wanted_task
from ideal import IdealWorld

from tasksync.core.fields import TaskKey
from tasksync.core.peoples_changes import Whose, changed_otherwise, differing_values
from tasksync.core.plan import Plan
from tasksync.core.planning.build import build_plan

A = TaskKey("a")


class Lived:
    """One task, applied; then people and the manifest go on."""

    def __init__(self, **block: Any) -> None:
        self.world = IdealWorld()
        self.block = block
        self.world.apply(self.plan())

    def plan(self, **edited: Any) -> Plan:
        task = wanted_task("a", {**self.block, **edited}, 1)
        return build_plan(manifest_of([task]), self.world.state, self.world.tasks)

    def people(self, name: str, value: Any) -> None:
        self.world.change(self.world.entries[A].id, name, value)


@pytest.mark.parametrize(
    ("policy", "found", "edited", "whose"),
    [
        ({}, {"priority": 2}, {}, Whose.PEOPLES),
        ({}, {"priority": 2}, {"priority": 1}, Whose.BOTH),
        ({}, {}, {"priority": 1}, Whose.OURS),
        ({}, {"status": 5}, {}, Whose.LEFT),
        ({"fieldPolicy": {"priority": "accept"}}, {"priority": 2}, {}, Whose.LET),
        ({"fieldPolicy": {"priority": "ratchet"}}, {"priority": 2}, {}, Whose.LET),
        (
            {"fieldPolicy": {"priority": "ratchet"}, "priority": 1},
            {"priority": 0},
            {},
            Whose.PEOPLES,
        ),
    ],
)
def test_whose_a_value_is(
    policy: dict[str, Any], found: dict[str, Any], edited: dict[str, Any], whose: Whose
) -> None:
    lived = Lived(**{"priority": 0, "status": 2, **policy})
    for name, value in found.items():
        lived.people(name, value)
    told = list(differing_values(lived.plan(**edited)))
    assert [one.whose for one in told] == [whose]


def test_of_a_task_that_is_taken_over_nobody_knows() -> None:
    live = live_task(7, {"title": "a", "priority": 2})
    task = wanted_task("a", {"adopt": 7, "priority": 1}, 1)
    plan = build_plan(manifest_of([task]), IdealWorld().state, [live])
    assert [(one.name, one.whose) for one in differing_values(plan)] == [
        ("priority", Whose.NOBODYS)
    ]


def test_a_plan_that_lacks_what_was_taken_over_is_no_other() -> None:
    lived = Lived(priority=0, tags=["x"])
    lived.people("priority", 2)
    lived.people("tags", ("y",))
    before, after = lived.plan(), lived.plan(priority=2)
    assert changed_otherwise(before, after, {A: {"priority"}}) == set()
    assert changed_otherwise(before, after, {}) == {A}
    assert changed_otherwise(before, before, {A: {"priority"}}) == {A}
    both = lived.plan(priority=2, tags=["y"])
    assert changed_otherwise(before, both, {A: {"priority", "tags"}}) == set()
    assert changed_otherwise(before, both, {A: {"tags"}}) == {A}


def test_a_marker_that_is_put_back_is_no_other_change() -> None:
    """Alone it is an update of no field; beside others it goes with them."""
    lived = Lived(priority=0)
    remote = lived.world.entries[A].id
    lived.world.live[remote] = replace(lived.world.live[remote], markers=())
    lived.people("priority", 2)
    before, after = lived.plan(), lived.plan(priority=2)
    assert [change.markers for change in after.changes] == [(MARKER,)]
    assert changed_otherwise(before, after, {A: {"priority"}}) == set()
