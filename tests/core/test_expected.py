"""Which part of a plan an approval covers: the rows that whole runs reach least."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
import yaml
from casefiles import MARKER, read

from tasksync.core.change import Action, Change
from tasksync.core.expected import ApprovedPart, approved_part
from tasksync.core.fields import RemoteId, TaskKey
from tasksync.core.planning.build import build_plan

THIRD = "tasksync:third"


def part_of(folder: Path, **case: Any) -> ApprovedPart:
    """Read a case as tests/plan_cases has them, and divide its plan."""
    file = folder / "case.yaml"
    file.write_text(yaml.safe_dump({"expect": {}, **case}, sort_keys=False), "utf-8")
    told = read(file)
    plan = build_plan(told.manifest, told.state, told.live, told.scope, told.sources)
    return approved_part(plan, told.state)


def done(part: ApprovedPart) -> dict[str, Change]:
    return {one.key: one for one in part.plan.changes}


def left(part: ApprovedPart) -> dict[str, list[str]]:
    return {one.change.key: [each.name for each in one.change.fields] for one in part.left_out}


def moving_here(folder: Path, wanted: dict[str, Any], found: dict[str, Any]) -> ApprovedPart:
    """Move a task here from another project, that remembers it as normal and tagged t."""
    return part_of(
        folder,
        wanted={"a": {"priority": 1, "tags": ["t"], **wanted}},
        moved=[{"from": "x", "to": "a", "project": "third"}],
        sources={"third": {"x": {"id": 9, "asked": {"title": "a", "priority": 1, "tags": ["t"]}}}},
        found=[{"id": 9, "title": "a", "priority": 1, "tags": ["t"], "markers": [THIRD], **found}],
    )


def test_what_people_changed_waits_though_the_task_moves_here(tmp_path: Path) -> None:
    part = moving_here(tmp_path, {}, {"priority": 2, "tags": ["t", "of people"]})
    change = done(part)["a"]
    assert (change.action, change.fields) == (Action.ADOPT, ())
    assert change.sent(MARKER) == {"tags": ["of people", "t", MARKER]}
    assert left(part) == {"a": ["priority", "tags"]}
    entry = change.entry(change.id)  # type: ignore[arg-type]
    assert (entry.found["priority"], entry.found["tags"]) == (1, ("t",))
    assert part.conflicts == ()


def test_a_field_that_was_edited_as_the_task_moves_here_and_that_people_moved_is_a_conflict(
    tmp_path: Path,
) -> None:
    part = moving_here(tmp_path, {"priority": 0}, {"priority": 2})
    assert [(one.name, one.approved, one.found) for one in part.conflicts] == [("priority", 0, 2)]


def test_what_moves_here_as_it_is_is_done_whole(tmp_path: Path) -> None:
    part = moving_here(tmp_path, {"priority": 0}, {})
    assert (left(part), part.conflicts) == ({}, ())
    assert [one.name for one in done(part)["a"].fields] == ["priority"]


def test_a_task_that_takes_a_vanished_ones_place_is_taken_and_not_corrected(
    tmp_path: Path,
) -> None:
    part = part_of(
        tmp_path,
        wanted={"a": {"priority": 1}},
        remembered={"a": {"id": 9}},
        found=[{"id": 12, "title": "a", "priority": 2, "markers": [MARKER]}],
    )
    change = done(part)["a"]
    assert (change.action, change.id, change.fields, change.writes) == (
        Action.ADOPT,
        12,
        (),
        False,
    )
    assert left(part) == {"a": ["priority"]}


@pytest.mark.parametrize(
    ("state", "follows"),
    [({}, True), ({"p": {"id": 5}}, False)],
    ids=["the parent is approved to be made", "the parent vanished"],
)
def test_a_child_follows_a_parent_that_was_approved_to_be_made(
    tmp_path: Path, state: dict[str, Any], *, follows: bool
) -> None:
    part = part_of(
        tmp_path,
        wanted={"p": {}, "c": {"parent": "p"}},
        remembered={"c": {"id": 9, "made": {"parentId": 5}}, **state},
        found=[{"id": 9}],
    )
    assert part.conflicts == ()
    if follows:
        assert (set(done(part)), left(part)) == ({"p", "c"}, {})
    else:
        assert (set(done(part)), set(left(part))) == (set(), {"p", "c"})


def test_a_value_that_is_written_once_more_since_it_came_back_otherwise_waits(
    tmp_path: Path,
) -> None:
    part = part_of(
        tmp_path,
        wanted={"a": {"description": "x", "priority": 2}},
        remembered={
            "a": {
                "id": 9,
                "asked": {"description": "x", "priority": 1},
                "unproved": {"description": "X"},
            }
        },
        found=[{"id": 9, "description": "X"}],
    )
    change = done(part)[TaskKey("a")]
    assert ([one.name for one in change.fields], left(part)) == (
        ["priority"],
        {"a": ["description"]},
    )
    assert change.entry(RemoteId(9)).unproved == {"description": "X"}
    assert change.entry(RemoteId(9), {}, {"priority": 1}).unproved == {
        "description": "X",
        "priority": 1,
    }


def test_what_waits_for_its_second_time_goes_on_waiting_beside_an_option(tmp_path: Path) -> None:
    part = part_of(
        tmp_path,
        wanted={"a": {"description": "x", "protect": True}},
        remembered={
            "a": {"id": 9, "asked": {"description": "x"}, "unproved": {"description": "X"},
                  "protect": False}
        },
        found=[{"id": 9, "description": "X"}],
    )  # fmt: skip
    (change,) = part.plan.state_only
    assert left(part) == {"a": ["description"]}
    assert change.entry(RemoteId(9)).unproved == {"description": "X"}


def test_a_marker_that_is_off_is_not_looked_for_where_no_tags_are_written(tmp_path: Path) -> None:
    part = part_of(
        tmp_path,
        wanted={"a": {"priority": 2, "tags": ["t"]}},
        remembered={"a": {"id": 9, "asked": {"priority": 1, "tags": ["t"]}}},
        found=[{"id": 9, "priority": 1, "tags": [], "markers": []}],
    )
    change = done(part)["a"]
    assert (change.sent(MARKER), change.markers) == ({"priority": 2}, ())
    assert left(part) == {"a": ["tags"]}


def test_planned_dates_are_sent_as_a_pair_and_people_keep_theirs(tmp_path: Path) -> None:
    start, end = "2027-03-01T09:00:00+03:00", "2027-03-08T18:00:00+03:00"
    later, of_people = "2027-03-02T09:00:00+03:00", "2027-03-09T18:00:00+03:00"
    part = part_of(
        tmp_path,
        wanted={"a": {"startDatePlan": later, "endDatePlan": end}},
        remembered={"a": {"id": 9, "asked": {"startDatePlan": start, "endDatePlan": end}}},
        found=[{"id": 9, "startDatePlan": start, "endDatePlan": of_people}],
    )
    change = done(part)["a"]
    assert change.body == {"startDatePlan": later, "endDatePlan": of_people}
    entry = change.entry(change.id)  # type: ignore[arg-type]
    assert (entry.found["startDatePlan"], entry.found["endDatePlan"]) == (later, end)
    assert left(part) == {"a": ["endDatePlan"]}


def test_what_is_left_out_is_remembered_as_the_portal_made_it(tmp_path: Path) -> None:
    part = part_of(
        tmp_path,
        wanted={"a": {"status": 5, "priority": 2, "fieldPolicy": {"status": "enforce"}}},
        remembered={
            "a": {"id": 9, "asked": {"status": 5, "priority": 1}, "made": {"status": 4}},
        },
        found=[{"id": 9, "status": 3, "priority": 1}],
    )
    change = done(part)["a"]
    assert [one.name for one in change.fields] == ["priority"]
    assert change.entry(change.id).found["status"] == 4  # type: ignore[arg-type]


def test_what_another_project_knew_of_the_portals_form_is_remembered_here(tmp_path: Path) -> None:
    enforce = {"fieldPolicy": {"status": "enforce"}}
    part = part_of(
        tmp_path,
        wanted={"a": {"status": 5, **enforce}},
        moved=[{"from": "x", "to": "a", "project": "third"}],
        sources={
            "third": {
                "x": {
                    "id": 9,
                    "asked": {"title": "a", "status": 5},
                    "made": {"status": 4},
                    **enforce,
                }
            }
        },
        found=[{"id": 9, "title": "a", "status": 3, "markers": [THIRD]}],
    )
    change = done(part)["a"]
    assert left(part) == {"a": ["status"]}
    assert change.entry(change.id).found["status"] == 4  # type: ignore[arg-type]
