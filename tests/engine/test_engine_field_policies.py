"""Field policies over whole lives: edits, people's hands, changed policies, a lost state."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field, replace
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from memory_store import SharedMemory
from scripted import Bench, bench

from tasksync.core.fields import FIELDS, FieldKind, RemoteId, TaskKey, Value, same

EARLY, MIDDLE, LATE = (f"2026-05-{day}T18:00:00+03:00" for day in ("11", "15", "19"))
VALUES: dict[str, list[Value]] = {
    "description": ["", "one", "two"],
    "status": [2, 3, 4, 5, 6, 7],
    "priority": [0, 1, 2],
    "deadline": [None, EARLY, MIDDLE, LATE],
    "tags": [(), ("a",), ("a", "b")],
}
POLICIES = ["enforce", "accept", "seed", "ratchet"]


def rank(value: Value) -> str:
    """How far a value is; written apart from the code that is tested."""
    return {6: "8", 7: "8", None: ""}.get(value, str(value))  # type: ignore[arg-type]


@dataclass
class Life:
    """One task, and beside it what should be there by the table alone."""

    here: Bench = field(default_factory=bench)
    asked: dict[str, Value] = field(default_factory=dict)
    there: dict[str, Value] = field(default_factory=dict)

    def people(self, name: str, value: Value) -> None:
        (task,) = self.here.portal.live.values()
        self.here.portal.live[task.id] = replace(task, fields={**task.fields, name: value})
        self.there[name] = value

    def lose(self) -> None:
        self.here.shared = SharedMemory()
        self.here.new_store()
        self.asked.clear()

    def apply(self, wanted: dict[str, Value], policies: dict[str, str]) -> None:
        for name, value in wanted.items():
            if name not in self.there or self._sends(name, value, policies[name]):
                self.there[name] = value
        self.asked = dict(wanted)
        blocks = {"a": {**_plain(wanted), "fieldPolicy": policies}}
        report = self.here.apply(self.here.manifest(blocks))
        assert report.complete
        assert self.here.verify(report).missing == ()
        self._is_settled(blocks)

    def _sends(self, name: str, value: Value, policy: str) -> bool:
        match policy:
            case "accept":
                return name in self.asked and not same(name, self.asked[name], value)
            case "seed":
                return False
            case "ratchet":
                return rank(value) > rank(self.there[name])
        return True

    def _is_settled(self, blocks: Any) -> None:
        (task,) = self.here.portal.live.values()
        assert {name: task.fields[name] for name in self.there} == self.there
        sent = len(self.here.portal.done)
        plan = self.here.plan(self.here.manifest(blocks))
        assert (list(plan.changes), plan.drift, plan.standing) == ([], (), ())
        assert self.here.apply(self.here.manifest(blocks)).complete
        assert len(self.here.portal.done) == sent


def _plain(values: dict[str, Value]) -> dict[str, object]:
    return {n: list(value) if isinstance(value, tuple) else value for n, value in values.items()}


def _policies(draw: st.DrawFn) -> dict[str, str]:
    """A ratchet only where there is a direction; the status always has a written policy."""
    directed = {FieldKind.STATUS, FieldKind.PRIORITY, FieldKind.INSTANT}
    return {
        name: draw(st.sampled_from(POLICIES[: 4 if FIELDS[name].kind in directed else 3]))
        for name in VALUES
    }


@st.composite
def lives(draw: st.DrawFn) -> list[Callable[[Life], None]]:
    wanted = {name: draw(st.sampled_from(values)) for name, values in VALUES.items()}
    policies = _policies(draw)
    steps: list[Callable[[Life], None]] = [
        lambda life, w=dict(wanted), p=policies: life.apply(w, p)  # type: ignore[misc]
    ]
    for _ in range(draw(st.integers(1, 5))):
        for name in draw(st.lists(st.sampled_from(sorted(VALUES)), max_size=3, unique=True)):
            value = draw(st.sampled_from(VALUES[name]))
            steps.append(lambda life, n=name, v=value: life.people(n, v))  # type: ignore[misc]
        if draw(st.integers(0, 4)) == 0:
            steps.append(Life.lose)
        for name in draw(st.lists(st.sampled_from(sorted(VALUES)), max_size=3, unique=True)):
            wanted[name] = draw(st.sampled_from(VALUES[name]))
        if draw(st.booleans()):
            policies = _policies(draw)
        steps.append(lambda life, w=dict(wanted), p=policies: life.apply(w, p))  # type: ignore[misc]
    return steps


@settings(max_examples=150, deadline=None)
@given(lives())
def test_after_each_apply_every_field_is_whose_the_table_says(
    steps: list[Callable[[Life], None]],
) -> None:
    life = Life()
    for step in steps:
        step(life)


@pytest.mark.parametrize("memory", [True, False])
def test_a_status_that_people_took_back_as_a_portal_may_is_put_right_by_enforce(
    memory: bool,  # noqa: FBT001
) -> None:
    life = Life()
    others = {name: values[0] for name, values in VALUES.items()} | {"status": 5}
    accept = dict.fromkeys(VALUES, "accept")
    life.apply(others, accept)
    life.people("status", 4)
    if not memory:
        life.lose()
    life.apply(others, accept)
    assert life.there["status"] == 4
    life.apply(others, accept | {"status": "enforce"})
    assert life.there["status"] == 5


def test_a_saved_plan_over_an_accepted_value_is_stale_once_people_move_it_again() -> None:
    here = bench()
    policy = {"fieldPolicy": {"deadline": "accept"}}
    here.apply_and_see(here.manifest({"a": {"deadline": EARLY, **policy}}))
    (task,) = here.portal.live.values()
    here.portal.live[task.id] = replace(task, fields={**task.fields, "deadline": MIDDLE})
    plan = here.plan(here.manifest({"a": {"deadline": LATE, **policy}}))
    (change,) = plan.changes
    assert (change.fields[0].before, change.fields[0].replaces) == (MIDDLE, True)
    assert not here.check(plan).stale
    here.portal.live[task.id] = replace(task, fields={**task.fields, "deadline": None})
    ((stale,),) = here.check(plan).stale.values()
    assert (stale.name, stale.saw, stale.there) == ("deadline", MIDDLE, None)


@pytest.mark.parametrize("policy", ["accept", "ratchet"])
def test_a_saved_plan_takes_nothing_back_that_is_sent_together(policy: str) -> None:
    here = bench()
    told = {"fieldPolicy": {"status": policy}}
    here.apply_and_see(here.manifest({"a": {"status": 2, **told}}))
    (task,) = here.portal.live.values()
    here.portal.live[task.id] = replace(task, fields={**task.fields, "status": 3})
    plan = here.plan(here.manifest({"a": {"status": 2, "responsibleId": 5, **told}}))
    (change,) = plan.changes
    assert change.sent_together == {"status": 3}
    here.portal.live[task.id] = replace(task, fields={**task.fields, "status": 5})
    assert [one.name for one in here.check(plan).stale[TaskKey("a")]] == ["status"]


def test_a_saved_plan_with_policies_is_done_and_resumed() -> None:
    here = bench(size=1)
    told = {"fieldPolicy": {"deadline": "accept", "priority": "ratchet", "status": "enforce"}}
    blocks = {key: {"deadline": EARLY, "priority": 1, "status": 2, **told} for key in "abc"}
    here.apply_and_see(here.manifest(blocks))
    for task in list(here.portal.live.values()):
        moved = {**task.fields, "deadline": LATE, "priority": 2, "status": 3}
        here.portal.live[task.id] = replace(task, fields=moved)
    plan = here.plan(here.manifest(blocks))
    assert [[one.name for one in change.fields] for change in plan.changes] == [["status"]] * 3
    assert here.resume(plan).complete
    again = here.plan(here.manifest(blocks))
    assert (list(again.changes), again.state_only, again.standing) == ([], (), ())
    assert here.check(plan).plan.summary.change == 0
    entry = here.state.entries[TaskKey("a")]
    assert (entry.found["deadline"], entry.found["priority"]) == (LATE, 2)
    assert entry.asked["deadline"] == EARLY
    assert entry.id == RemoteId(min(here.portal.live))
