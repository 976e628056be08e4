"""What runs write down for saved plans that are done in part, and what a resumed plan leaves."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest

from tasksync.core.change import Action, Change, Reason
from tasksync.core.fields import TaskKey
from tasksync.core.formats.state_json import decode_run, encode_run
from tasksync.core.plan import Plan
from tasksync.core.staleness import KEYS_KEPT, is_forgotten, touched_by, touched_since
from tasksync.core.state import EVERY_KEY, KEPT_RUNS, Run

AT = datetime(2026, 5, 1, tzinfo=UTC)
MINE = ("sha256:mine", 4)
OTHER = ("sha256:other", 4)


def plan_of(*keys: str, moved: tuple[tuple[str, str], ...] = ()) -> Plan:
    changes = tuple(Change(TaskKey(key), Action.CREATE, Reason.NEW) for key in keys)
    pairs = tuple((TaskKey(before), TaskKey(after)) for before, after in moved)
    return Plan("p", "portal", "l", 4, (changes,), moved=pairs)


def run(
    plan: tuple[str, int] = ("", 0), outcome: str = "partial", touched: tuple[str, ...] = ()
) -> Run:
    digest, serial = plan
    return Run("id", AT, outcome, digest, serial, touched=tuple(map(TaskKey, touched)))


@pytest.mark.parametrize(
    ("runs", "touched"),
    [
        ([], ()),
        ([run(outcome="complete")], ()),
        ([run(MINE)], ("a", "b", "old")),
        ([run(MINE, "started")], ("a", "b", "old")),
        ([run(MINE), run(), run(MINE, "complete")], ()),
        ([run(MINE, "complete"), run(("sha256:mine", 5))], ("a", "b", "old")),
    ],
)
def test_a_run_writes_down_what_it_touches_only_beside_a_plan_done_in_part(
    runs: list[Run], touched: tuple[str, ...]
) -> None:
    assert touched_by(plan_of("b", "a", moved=(("old", "b"),)), runs, ("", 9)) == touched


def test_a_run_of_the_plan_itself_writes_nothing_down() -> None:
    assert touched_by(plan_of("a"), [run(MINE)], MINE) == ()
    assert touched_by(plan_of("a"), [run(MINE), run(OTHER)], MINE) == ("a",)


def test_a_very_large_run_says_that_it_is_all() -> None:
    many = [f"k{number}" for number in range(KEYS_KEPT + 1)]
    assert touched_by(plan_of(*many), [run(MINE)], ("", 9)) == (EVERY_KEY,)
    later = [run(MINE), run(touched=(EVERY_KEY,))]
    assert touched_since(plan_of("a", "b"), later, MINE) == {"a", "b"}


def test_only_what_came_after_the_plan_was_begun_and_is_in_it_counts() -> None:
    runs = [
        run(touched=("a",)),
        run(MINE),
        run(touched=("b", "stranger")),
        run(MINE, touched=("c",)),
    ]
    assert touched_since(plan_of("a", "b", "c"), runs, MINE) == {"b"}
    assert touched_since(plan_of("a", "b", "c"), runs, OTHER) == set()


def test_a_plan_older_than_all_the_runs_that_are_remembered_is_forgotten() -> None:
    plan = plan_of("a")
    assert is_forgotten(plan, [run(("", 5))] * KEPT_RUNS)
    assert not is_forgotten(plan, [run(("", 5))] * (KEPT_RUNS - 1))
    assert not is_forgotten(plan, [run(("", 4)), *[run(("", 9))] * (KEPT_RUNS - 1)])


def test_a_run_is_read_as_it_was_written_and_one_of_before_too() -> None:
    full = Run("id", AT, "partial", "sha256:x", 3, began=True, touched=(TaskKey("a"),))
    assert decode_run(encode_run(full)) == full
    plain = encode_run(Run("id", AT))
    assert not plain.keys() & {"began", "touched"}
    assert decode_run(plain) == Run("id", AT)
