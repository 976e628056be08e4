"""Extra fields, from the manifest to the portal and back (design 17)."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from command import Done, Tasksync
from hand import by_hand, world_of

HEAD = (
    "apiVersion: tasksync/v1\nproject: extra\n"
    'defaults: {responsibleId: 1, fields: {UF_COST_CENTER: "4711"}}\ntasks:\n'
)
ALL = (
    "UF_CRM_TASK: [D_12, D_11], UF_STORY_POINTS: 5, UF_BUDGET: 12.50, UF_REVIEWED: false, "
    "UF_REVIEW_AT: 2026-05-19T18:00:00+02:00, UF_RISK: 45"
)


class Project:
    """A project of one task with extra fields, in a sandbox of its own."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.tasksync = Tasksync(folder)

    def write(self, fields: str, *, more: str = "") -> None:
        self.tasksync.manifest(
            f"{HEAD}  a: {{title: A, fields: {{{fields}}}{more}}}\n  b: {{title: B}}\n"
        )

    def run(self, command: str, *words: str) -> Done:
        return self.tasksync(command, "-f", self.folder / "tasksync.yaml", *words)

    def apply(self, *words: str) -> Done:
        return self.run("apply", "--yes", *words)

    def row(self) -> dict[str, object]:
        return next(row for row in world_of(self.folder) if row["title"] == "A")

    def by_hand(self, **body: object) -> None:
        by_hand(self.folder, "PATCH", f"tasks/{self.row()['id']}", body)


@pytest.fixture
def project(tmp_path: Path) -> Project:
    project = Project(tmp_path)
    project.write(ALL)
    done = project.apply()
    assert (done.code, "Verified 2 tasks" in done.err) == (0, True)
    return project


def test_values_of_every_type_arrive_and_the_next_plan_is_empty(project: Project) -> None:
    row = project.row()
    assert row["ufCrmTask"] == ["D_11", "D_12"]
    assert (row["ufStoryPoints"], row["ufBudget"], row["ufReviewed"]) == ("5", "12.5", "0")
    assert (row["ufReviewAt"], row["ufRisk"]) == ("2026-05-19T19:00:00+03:00", "45")
    assert row["ufCostCenter"] == "4711"
    again = project.run("plan", "--detailed-exitcode")
    assert (again.code, "No changes." in again.out) == (0, True)


def test_only_the_fields_that_differ_are_sent(project: Project) -> None:
    project.write(ALL.replace("12.50", "13"))
    document = json.loads(project.run("plan", "--json").out)
    (change,) = document["resource_changes"]
    assert change["request"]["body"] == {"UF_BUDGET": 13}
    assert change["change"]["before"] == {"UF_BUDGET": 12.5}
    for form in ("text", "markdown", "html"):
        assert "UF_BUDGET" in project.run("plan", "--format", form).out
    project.run("plan", "--out", str(project.folder / "p.json"))
    assert project.tasksync("apply", project.folder / "p.json").code == 0
    assert project.row()["ufBudget"] == "13"
    assert "No changes." in project.run("plan").out


def test_what_people_change_is_drift_and_put_right(project: Project) -> None:
    project.by_hand(UF_STORY_POINTS=8, ufCrmTask=["D_12"])
    planned = project.run("plan").out
    assert "UF_STORY_POINTS  8 -> 5   (changed on the portal)" in planned
    assert project.apply().code == 0
    assert (project.row()["ufStoryPoints"], project.row()["ufCrmTask"]) == ("5", ["D_11", "D_12"])


def test_an_extra_field_has_a_policy_too(project: Project) -> None:
    project.write(ALL, more=", fieldPolicy: {UF_RISK: accept, UF_STORY_POINTS: seed}")
    project.by_hand(UF_RISK=47, UF_STORY_POINTS=8)
    planned = project.run("plan", "--detailed-exitcode")
    assert (planned.code, "UF_RISK accepted as people set it" in planned.out) == (0, True)
    assert project.apply().code == 0
    assert (project.row()["ufRisk"], project.row()["ufStoryPoints"]) == ("47", "8")
    assert "accepted" not in project.run("plan").out


def test_null_clears_and_what_is_no_longer_named_is_released(project: Project) -> None:
    project.write("UF_CRM_TASK: [], UF_REVIEW_AT: null, UF_COST_CENTER: null")
    assert project.apply().code == 0
    row = project.row()
    assert (row["ufCrmTask"], row["ufReviewAt"], row["ufCostCenter"]) == ([], None, None)
    assert row["ufRisk"] == "45"
    assert "No changes." in project.run("plan").out


def test_a_lost_state_finds_the_fields_again(project: Project) -> None:
    project.by_hand(UF_RISK=47)
    (project.folder / "state.db").unlink()
    assert project.apply().code == 0
    assert project.row()["ufRisk"] == "45"
    assert "No changes." in project.run("plan").out


def test_what_the_portal_does_not_take_is_told_before_anything_is_written(tmp_path: Path) -> None:
    project = Project(tmp_path)
    project.write("UF_CRM_TASKS: [D_12], UF_SYNC_ID: x, UF_STORY_POINTS: many")
    refused = project.apply()
    assert refused.code == 1
    told = [line.partition("tasksync.yaml:")[2] for line in refused.err.splitlines()]
    assert "5:26: the portal lists no field UF_CRM_TASKS (did you mean UF_CRM_TASK?)" in told
    assert "5:48: UF_SYNC_ID is read-only (leave it out: the portal sets it)" in told
    assert '5:80: UF_STORY_POINTS is of type integer (it takes a whole number, not "many")' in told
    assert world_of(project.folder) == []


def test_a_field_of_a_template_is_told_at_its_line_with_the_row(tmp_path: Path) -> None:
    """One that all instances have is told once; one of `defaults` at the task that has it."""
    project = Project(tmp_path)
    project.tasksync.manifest(
        "apiVersion: tasksync/v1\nproject: extra\n"
        "defaults: {responsibleId: 1, fields: {UF_RISC: 1}}\n"
        "templates:\n  t:\n    parameters: {risk: text}\n    tasks:\n"
        "      a:\n        title: A\n        fields:\n          UF_RISC: null\n"
        "          UF_RISK: ${risk}\n          UF_RISKS: 5\n"
        "use:\n  - template: t\n    forEach: [{key: k, risk: high}, {key: l, risk: low}]\n"
        "tasks:\n  b: {title: B}\n"
    )
    told = [line.partition("tasksync.yaml:")[2] for line in project.apply().err.splitlines()]
    assert any(one.startswith("13:11: the portal lists no field UF_RISKS; in k (") for one in told)
    assert any("UF_RISKS" in one and "16:15) and 1 more" in one for one in told)
    high = [one for one in told if one.startswith("12:20: UF_RISK is of type enumeration; in k (")]
    assert 'it takes a number from the portal\'s list, not "high"' in high[0]
    assert "18:3: the portal lists no field UF_RISC (did you mean UF_RISK?)" in told
    assert world_of(project.folder) == []


def test_a_saved_plan_is_held_against_the_fields_that_there_are(project: Project) -> None:
    project.write(ALL.replace("UF_RISK: 45", "UF_RISK: 46"))
    project.run("plan", "--out", str(project.folder / "p.json"))
    project.by_hand(UF_RISK=47)
    stale = project.tasksync("apply", project.folder / "p.json")
    assert (stale.code, "UF_RISK" in stale.err) == (5, True)


def test_a_project_without_extra_fields_does_not_ask_for_them(tmp_path: Path) -> None:
    project = Project(tmp_path)
    plain = HEAD.replace(', fields: {UF_COST_CENTER: "4711"}', "")
    project.tasksync.manifest(f"{plain}  a: {{title: A}}\n")
    assert project.apply().code == 0
    assert "in 3 requests" in project.run("plan").out
