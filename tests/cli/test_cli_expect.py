"""apply --expect does what was approved, and nothing else: corrections are left out and named."""

from __future__ import annotations

import json
from pathlib import Path

import jsonschema
import pytest
from approvals import Project
from hand import by_hand, ids_of

SCHEMA = json.loads((Path(__file__).parents[2] / "schemas/events.schema.json").read_text("utf-8"))


@pytest.fixture
def project(tmp_path: Path) -> Project:
    return Project(tmp_path)


def test_the_digest_is_the_yes_and_the_run_remembers_it(project: Project) -> None:
    project.applied({"a": "priority: normal", "gone": ""})
    approved = project.approve({"a": "priority: high", "new": ""})
    done = project.expect(approved)
    assert (done.code, "Tasks: 1 added, 1 changed, 1 destroyed." in done.out) == (0, True), done
    assert "Left out" not in done.out
    assert project.changes() == {}
    assert (project.runs()[-1]["plan"], project.runs()[-1]["outcome"]) == (
        approved.digest,
        "complete",
    )


def test_corrections_are_left_out_and_named_and_the_next_plan_has_them(project: Project) -> None:
    tasks = dict.fromkeys("abcd", "priority: normal, deadline: 2027-03-01T18:00:00+03:00")
    project.applied(tasks)
    approved = project.approve(tasks | {"a": f"{tasks['a']}, description: new"})
    assert "--expect DIGEST does this, and nothing else)" in project.tasksync("plan").out
    project.edit("a", priority=2)
    project.edit("b", priority=2, title="people's")
    project.edit("c", tags=[])  # our marker is off
    project.delete("d")
    assert "DIGEST does this without the corrections of drift)" in project.tasksync("plan").out
    done = project.expect(approved)
    assert (done.code, "Tasks: 0 added, 1 changed, 0 destroyed." in done.out) == (0, True), done
    for line in (
        "Left out: 4 corrections of what moved on the portal; an approval covers none.",
        'title  "people\'s" -> "b"',
        "priority  high -> normal",
        "our marker  put back",
        "make it again (vanished)",
    ):
        assert line in done.out
    assert (project.live("a")["priority"], project.live("a")["description"]) == (2, "new")
    assert project.changes() == {
        "a": {"action": "update", "priority": 1},
        "b": {"action": "update", "title": "b", "priority": 1},
        "c": {"action": "update"},
        "d": {"action": "create", **project.changes()["d"]},
    }
    assert project.tasksync("apply", "--yes").code == 0
    assert project.changes() == {}


def test_nothing_approved_is_nothing_done_whatever_moved(project: Project) -> None:
    project.applied({"a": ""})
    approved = project.approve()
    project.edit("a", title="people's")
    done = project.expect(approved)
    assert done.code == 0
    assert "No changes. What was approved asks for none." in done.out
    assert project.live("people's")


def test_what_people_took_up_is_not_deferred_again(project: Project) -> None:
    policy = "policy: {onRemove: defer}\n"
    project.applied({"a": "", "b": ""}, policy)
    project.applied({"a": ""}, policy)
    approved = project.approve({"a": "description: x"}, policy)
    project.edit("b", status=3)
    done = project.expect(approved)
    assert (done.code, "defer it again" in done.out) == (0, True), done
    assert project.live("b")["status"] == 3
    assert project.changes()["b"]["action"] == "defer"


def test_an_approved_field_that_people_moved_is_exit_5_and_nothing_is_written(
    project: Project,
) -> None:
    project.applied({"a": "priority: normal", "b": ""})
    approved = project.approve({"a": "priority: high", "b": "", "c": ""})
    project.edit("a", priority=0)
    before = project.world()
    done = project.expect(approved)
    assert done.code == 5
    assert "a: priority: approved high, now the portal has low, it was normal" in done.err
    assert project.world() == before


def test_a_conflict_ends_by_what_its_advice_says(project: Project) -> None:
    """Approving the same manifest again is no way out: it is the same digest."""
    project.applied({"a": "priority: normal", "b": ""})
    approved = project.approve({"a": "priority: high", "b": ""})
    project.edit("a", priority=0)
    done = project.expect(approved)
    assert (done.code, "tasksync accept KEY.FIELD" in done.err) == (5, True), done
    assert project.approve().digest == approved.digest
    assert project.expect(approved).code == 5
    assert project.tasksync("accept", "a.priority", "--yes").code == 0
    taken = project.approve()
    assert (project.expect(taken).code, project.live("a")["priority"]) == (0, 0)
    assert project.changes() == {}


def test_what_is_not_told_one_by_one_is_counted(project: Project) -> None:
    base = {f"t{number}": "priority: normal" for number in range(53)}
    project.applied(base)
    approved = project.approve(base | {"t0": "priority: high"})
    for key in base:
        project.edit(key, description="of people", title=f"{key} of people")
    done = project.expect(approved)
    assert "Left out: 53 corrections" in done.out
    assert "\n  … and 3 more\n" in done.out


def test_a_field_that_people_moved_to_what_was_approved_is_no_conflict(project: Project) -> None:
    project.applied({"a": "priority: normal"})
    approved = project.approve({"a": "priority: high"})
    project.edit("a", priority=2)
    assert project.expect(approved).code == 0
    assert project.changes() == {}


def test_an_approved_edit_that_a_ratchet_now_holds_back_is_exit_5(project: Project) -> None:
    ratchet = "fieldPolicy: {deadline: ratchet}, deadline: 2027-03-"
    project.applied({"a": f"{ratchet}01T18:00:00+03:00"})
    approved = project.approve({"a": f"{ratchet}05T18:00:00+03:00"})
    project.edit("a", deadline="2027-03-10T18:00:00+03:00")
    done = project.expect(approved)
    assert (done.code, "a: deadline: approved 2027-03-05" in done.err) == (5, True), done


def test_a_child_of_a_parent_that_is_gone_is_exit_5_and_says_what_to_do(project: Project) -> None:
    project.applied({"a": ""})
    approved = project.approve({"a": "", "child": "parent: a"})
    project.delete("a")
    done = project.expect(approved)
    assert done.code == 5
    assert "child: its parent a is gone, and is not made again here" in done.err
    assert "apply without --expect" in done.err
    assert project.world() == []
    assert project.tasksync("apply", "--yes").code == 0


def test_a_move_under_a_parent_that_is_gone_is_exit_5(project: Project) -> None:
    project.applied({"a": "", "b": ""})
    approved = project.approve({"a": "", "b": "parent: a"})
    project.delete("a")
    done = project.expect(approved)
    assert (done.code, "b: its parent a is gone" in done.err) == (5, True), done


def test_children_of_what_vanished_stay_until_it_is_made_again(project: Project) -> None:
    tasks = {"a": "", "b": "parent: a"}
    project.applied(tasks)
    approved = project.approve({"a": "", "b": "parent: a, priority: high"})
    project.delete("a")
    done = project.expect(approved)
    assert (done.code, "make it again (vanished)" in done.out) == (0, True), done
    assert project.tasksync("apply", "--yes").code == 0
    assert project.live("b")["parentId"] == project.live("a")["id"]
    assert project.changes() == {}


def test_a_create_that_happened_already_is_adopted_by_its_marker(project: Project) -> None:
    project.applied({"a": ""})
    approved = project.approve({"a": "", "new": "priority: high"})
    made = {"title": "new", "responsibleId": 1, "tags": ["tasksync:approved"]}
    by_hand(project.folder, "POST", "tasks", made)
    done = project.expect(approved)
    assert (done.code, "1 adopted" in done.out) == (0, True), done
    assert project.live("new")["priority"] == 2
    assert project.changes() == {}


@pytest.mark.parametrize(
    ("fields", "more"),
    [("", ""), ("onRemove: defer", ""), ("", "removed: [b]\n")],
    ids=["as the policy says", "as the task says", "as removed says"],
)
def test_what_was_dropped_and_is_gone_by_now_is_forgotten(
    project: Project, fields: str, more: str
) -> None:
    project.applied({"a": "", "b": fields})
    approved = project.approve({"a": ""}, more)
    project.delete("b")
    done = project.expect(approved)
    assert (done.code, "1 forgotten" in done.out) == (0, True), done
    assert "b" not in ids_of(project.tasksync)


def test_a_new_responsible_keeps_the_status_that_people_set(project: Project) -> None:
    status = "status: pending, fieldPolicy: {status: enforce}"
    project.applied({"a": status})
    approved = project.approve({"a": f"{status}, responsibleId: 2"})
    project.edit("a", status=3)
    assert project.expect(approved).code == 0
    assert (project.live("a")["responsibleId"], project.live("a")["status"]) == (2, 3)
    assert project.changes() == {"a": {"action": "update", "status": 2}}


def test_a_responsible_that_people_set_stays_beside_an_approved_status(project: Project) -> None:
    project.applied({"a": "status: pending"})
    approved = project.approve({"a": "status: inProgress"})
    project.edit("a", responsibleId=2, status=2)
    assert project.expect(approved).code == 0
    assert (project.live("a")["responsibleId"], project.live("a")["status"]) == (2, 3)
    assert project.changes()["a"]["responsibleId"] == 1


PLANNED = "startDatePlan: 2027-03-0{}T09:00:00+03:00, endDatePlan: 2027-03-08T18:00:00+03:00"


def test_the_planned_date_that_people_set_is_sent_as_it_is(project: Project) -> None:
    project.applied({"a": PLANNED.format(1)})
    approved = project.approve({"a": PLANNED.format(3)})
    project.edit("a", endDatePlan="2027-03-09T18:00:00+03:00")
    done = project.expect(approved)
    assert done.code == 0, done
    assert project.live("a")["startDatePlan"].startswith("2027-03-03")
    assert project.live("a")["endDatePlan"].startswith("2027-03-09")
    after = project.changes()["a"]
    assert after["endDatePlan"].startswith("2027-03-08")
    assert "startDatePlan" not in after


def test_planned_dates_that_exclude_each_other_by_now_are_exit_5(project: Project) -> None:
    project.applied({"a": PLANNED.format(1)})
    approved = project.approve({"a": PLANNED.format(5)})
    project.edit("a", endDatePlan="2027-03-04T18:00:00+03:00")
    done = project.expect(approved)
    assert (done.code, "people set endDatePlan to" in done.err) == (5, True), done


def test_a_moved_key_moves_though_its_correction_waits(project: Project) -> None:
    project.applied({"old": "title: T, priority: normal"})
    approved = project.approve(
        {"new": "title: T, priority: normal"}, "moved: [{from: old, to: new}]\n"
    )
    project.edit("old", priority=2)
    assert project.expect(approved).code == 0
    assert list(ids_of(project.tasksync)) == ["new"]
    assert project.live("T")["priority"] == 2
    assert project.changes() == {"new": {"action": "update", "priority": 1}}


def test_an_option_and_a_field_let_go_are_remembered_though_the_correction_waits(
    project: Project,
) -> None:
    project.applied({"a": "priority: normal, description: d"})
    approved = project.approve({"a": "priority: normal, protect: true"})
    project.edit("a", priority=2)
    assert project.expect(approved).code == 0
    shown = project.tasksync("state", "show", "a").out
    assert ("protected" in shown, "description" in shown) == (True, False)
    assert project.changes() == {"a": {"action": "update", "priority": 1}}


def test_a_stricter_policy_that_was_approved_puts_right_what_the_other_let_stand(
    project: Project,
) -> None:
    project.applied({"a": "priority: normal, fieldPolicy: {priority: accept}"})
    project.edit("a", priority=2)
    assert project.tasksync("apply", "--yes").code == 0
    approved = project.approve({"a": "priority: normal"})
    done = project.expect(approved)
    assert (done.code, project.live("a")["priority"]) == (0, 1), done
    assert project.changes() == {}


def test_what_comes_back_from_deferring_is_approved_and_a_status_of_people_is_a_conflict(
    project: Project,
) -> None:
    policy, tasks = "policy: {onRemove: defer}\n", {"a": "", "b": "status: pending"}
    project.applied(tasks, policy)
    project.applied({"a": ""}, policy)
    approved = project.approve(tasks, policy)
    project.edit("b", status=3)
    done = project.expect(approved)
    assert (done.code, "b: status: approved pending" in done.err) == (5, True), done
    project.edit("b", status=6)
    assert project.expect(approved).code == 0
    assert project.live("b")["status"] == 2


def test_guards_hold_what_was_approved_too(project: Project) -> None:
    tasks = {f"t{n:02}": "" for n in range(12)}
    project.applied(tasks)
    approved = project.approve({f"t{n:02}": "" for n in range(6)})
    before = project.world()
    assert project.expect(approved).code == 4
    assert project.world() == before
    allowed = project.approve(None, "")
    assert project.expect(allowed, "--max-delete", "50%").code == 0


def test_creates_that_are_left_out_need_no_guard(project: Project) -> None:
    tasks = {f"t{n:02}": "" for n in range(12)}
    project.applied(tasks)
    approved = project.approve(tasks | {"new": ""})
    for key in list(tasks)[:6]:
        project.delete(key)
    assert project.tasksync("apply", "--yes").code == 4
    done = project.expect(approved)
    assert (done.code, "Tasks: 1 added" in done.out) == (0, True), done


def test_the_events_name_what_is_left_out(project: Project) -> None:
    project.applied({"a": "", "b": ""})
    approved = project.approve({"a": "description: x", "b": ""})
    project.edit("a", priority=2)
    project.edit("b", title="people's", tags=[])
    done = project.expect(approved, "--json")
    lines = [json.loads(line) for line in done.out.splitlines()]
    for line in lines:
        jsonschema.Draft202012Validator(SCHEMA).validate(line)
    left = [line["change"] for line in lines if line["type"] == "change_left_out"]
    assert [(one["resource"]["resource_name"], one["fields"], one["marker"]) for one in left] == [
        ("b", ["title"], True)
    ]
    assert (done.code, lines[-1]["changes"]["change"]) == (0, 1)
