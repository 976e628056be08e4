"""policy.allow is a budget that the state counts down; what nobody can tell may be held back."""

from __future__ import annotations

import json
from collections.abc import Iterable
from pathlib import Path

import pytest
from command import Done, Tasksync

HEAD = "apiVersion: tasksync/v1\nproject: budgets\ndefaults: {responsibleId: 1}\n"
TWENTY = range(1, 21)


class Project:
    """A project of twenty tasks that were applied."""

    def __init__(self, folder: Path) -> None:
        self.tasksync = Tasksync(folder)
        self.path = folder / "tasksync.yaml"
        self.write("", TWENTY)
        assert self.apply().code == 0

    def write(self, policy: str, tasks: Iterable[int], more: str = "") -> None:
        blocks = "".join(f"  t{n}: {{title: Task {n}{more}}}\n" for n in tasks)
        head = f"{HEAD}policy: {{{policy}}}\n" if policy else HEAD
        self.tasksync.manifest(f"{head}tasks:\n{blocks}" if blocks else f"{head}tasks: {{}}\n")

    def apply(self, *words: str | Path) -> Done:
        return self.tasksync("apply", "-f", self.path, "--yes", *words)

    def plan(self, *words: str | Path) -> Done:
        return self.tasksync("plan", "-f", self.path, *words)


@pytest.fixture
def project(tmp_path: Path) -> Project:
    return Project(tmp_path)


def test_an_allowance_is_used_up_and_does_not_allow_a_later_mistake(project: Project) -> None:
    project.write("allow: {delete: 10, reason: PR-1}", range(11, 21))
    shown = project.plan().words
    assert "policy.allow: {delete: 10, reason: PR-1} has 10 left; this plan removes 10" in shown
    assert project.apply().code == 0
    project.write("allow: {delete: 10, reason: PR-1}", [11, 12])
    refused = project.apply()
    assert refused.code == 4
    assert "there is 0 left: runs before used 10" in refused.err
    assert "another number or reason is a new budget" in refused.err.lower()


@pytest.mark.parametrize("fresh", ["{delete: 10, reason: PR-2}", "{delete: 11, reason: PR-1}"])
def test_another_number_or_reason_is_a_new_budget(project: Project, fresh: str) -> None:
    for allow, left in (("{delete: 10, reason: PR-1}", range(11, 21)), (fresh, [11, 12])):
        project.write(f"allow: {allow}", left)
        assert project.apply().code == 0


def test_a_budget_that_comes_back_is_still_used_up(project: Project) -> None:
    for allow, left in (("{delete: 8}", range(9, 21)), ("{delete: 1, reason: b}", range(10, 21))):
        project.write(f"allow: {allow}", left)
        assert project.apply().code == 0
    project.write("allow: {delete: 8}", [20])
    assert project.apply().code == 4


def test_an_empty_manifest_is_not_let_through_by_a_budget_that_is_used_up(project: Project) -> None:
    project.write("allow: {delete: 10}", range(11, 21))
    assert project.apply().code == 0
    project.write("allow: {delete: 10}", [])
    refused = project.apply()
    assert (refused.code, "wants no task at all" in refused.err) == (4, True)


def test_a_run_that_was_cut_off_goes_on_under_its_budget(project: Project) -> None:
    """Two of three batches leave, then the requests are used up; the third is still allowed."""
    project.write("allow: {delete: 120, reason: PR-1}", range(1, 131))
    assert project.apply().code == 0
    project.write("allow: {delete: 120, reason: PR-1}", range(121, 131))
    cut = project.apply("--max-requests", "2", "--no-verify")
    assert cut.code == 3
    assert "100 destroyed" in cut.out
    assert "has 20 left; this plan removes 20" in project.plan().words
    assert project.apply().code == 0
    project.write("allow: {delete: 120, reason: PR-1}", [])
    assert project.apply().code == 4


def test_deferring_uses_the_budget_too(project: Project) -> None:
    project.write("onRemove: defer, allow: {delete: 10}", range(11, 21))
    assert project.apply().code == 0
    project.write("onRemove: defer, allow: {delete: 10}", [])
    assert project.apply().code == 4


def test_a_saved_plan_carries_the_budget_and_what_was_used_since(
    project: Project, tmp_path: Path
) -> None:
    project.write("allow: {delete: 10, reason: PR-1}", range(11, 21))
    assert project.plan("--out", tmp_path / "p.json").code == 0
    saved = json.loads((tmp_path / "p.json").read_text())
    assert (saved["policy"]["allowDelete"], saved["policy"]["allowReason"]) == (10, "PR-1")
    project.write("allow: {delete: 10, reason: PR-1}", [*range(1, 11), *range(14, 21)])
    assert project.apply().code == 0
    refused = project.tasksync("apply", tmp_path / "p.json")
    assert (refused.code, "there is 7 left: runs before used 3" in refused.err) == (4, True)


def test_what_was_used_outlives_a_hundred_runs_and_a_pull_and_push(
    project: Project, tmp_path: Path
) -> None:
    project.write("allow: {delete: 10}", range(11, 21))
    assert project.apply().code == 0
    pulled = tmp_path / "pulled.json"
    pulled.write_text(project.tasksync("state", "pull", "-f", project.path).out, encoding="utf-8")
    runs = json.loads(pulled.read_text())["runs"]
    assert runs[-1]["allowances"] == {"{delete: 10}": 10}
    project.write("allow: {delete: 10}", range(11, 21), ", priority: high")
    assert project.apply().code == 0
    told = json.loads(project.tasksync("state", "pull", "-f", project.path).out)
    assert told["runs"][-1]["allowances"] == {"{delete: 10}": 10}
    assert project.tasksync("state", "push", pulled, "-f", project.path, "--force").code == 0
    project.write("allow: {delete: 10}", [])
    assert project.apply().code == 4


@pytest.mark.parametrize("form", ["text", "markdown", "html", "json"])
def test_unknown_activity_is_said_on_each_delete_and_held_back_where_asked(
    project: Project, form: str
) -> None:
    """Without a refresh nobody told whether people worked on it."""
    project.write("", range(2, 21))
    told = project.plan("--no-refresh", "--format", form).out
    assert ("does not tell whether people worked on it" in told) is (form != "json")
    if form == "json":
        (change,) = json.loads(told)["resource_changes"]
        assert change["activity"] is None
    assert project.apply("--no-refresh").code == 0
    project.write("unknownActivity: hold", range(3, 21))
    refused = project.apply("--no-refresh")
    assert refused.code == 4
    assert "policy.unknownActivity: hold" in refused.err
    assert project.apply().code == 0  # where the portal tells, nothing is held back


@pytest.mark.parametrize(
    ("policy", "told"),
    [
        ("unknownActivity: keep", "unknownActivity"),
        ("allow: {delete: 3, reason: 12}", "reason"),
        ("allow: {delete: 3, reason: ''}", "reason"),
    ],
)
def test_a_policy_that_cannot_be_is_said(project: Project, policy: str, told: str) -> None:
    project.write(policy, TWENTY)
    done = project.tasksync("validate", "-f", project.path)
    assert (done.code, told in done.err) == (1, True)
