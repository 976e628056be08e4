"""Whose a field is (design 12), as people see it: in every format, run after run."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from command import Done, Tasksync
from hand import by_hand, world_of

HEAD = (
    "apiVersion: tasksync/v1\nproject: whose\n"
    "defaults: {responsibleId: 1, fieldPolicy: {status: accept}}\ntasks:\n"
)
EARLY, LATE, LATEST = (f"2026-0{month}-01T18:00:00+03:00" for month in (5, 6, 7))


class Project:
    """One task with a deadline and a status, applied; people work on it by hand."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.tasksync = Tasksync(folder)

    def write(self, policy: str, deadline: str = EARLY, status: str = "pending") -> None:
        self.tasksync.manifest(
            f"{HEAD}  a: {{title: Close, status: {status}, deadline: {deadline}, {policy}}}\n"
        )

    def run(self, command: str, *words: str) -> Done:
        return self.tasksync(command, "-f", self.folder / "tasksync.yaml", *words)

    def apply(self, *words: str) -> Done:
        return self.run("apply", "--yes", *words)

    def by_hand(self, **body: object) -> None:
        by_hand(self.folder, "PATCH", f"tasks/{self.task()['id']}", body)

    def task(self) -> dict[str, object]:
        (task,) = world_of(self.folder)
        return task


@pytest.fixture
def project(tmp_path: Path) -> Project:
    project = Project(tmp_path)
    project.write("fieldPolicy: {deadline: accept}")
    assert project.apply().code == 0
    return project


def test_what_people_changed_is_accepted_and_said_in_every_format(project: Project) -> None:
    project.by_hand(deadline=LATE, status=5)
    planned = project.run("plan", "--detailed-exitcode")
    assert (planned.code, "No changes." in planned.out) == (0, True)
    assert (
        f"deadline accepted as people set it: a (task 3871) {LATE}, asked {EARLY}" in planned.words
    )
    assert (
        "status accepted as people set it: a (task 3871) completed, asked pending" in planned.words
    )
    for form in ("markdown", "html"):
        assert "accepted as people set it" in project.run("plan", "--format", form).out
    document = json.loads(project.run("plan", "--json").out)
    assert [(one["field"], one["why"]) for one in document["standing"]] == [
        ("deadline", "accepted"),
        ("status", "accepted"),
    ]
    assert project.apply().code == 0
    assert (project.task()["deadline"], project.task()["status"]) == (LATE, 5)
    assert "accepted" not in project.run("plan").out


def test_an_edit_says_what_of_peoples_it_replaces(project: Project) -> None:
    project.by_hand(deadline=LATE)
    assert project.apply().code == 0
    project.write("fieldPolicy: {deadline: accept}", LATEST)
    assert "(replaces what people set)" in project.run("plan").out
    assert "replaces what people set" in project.run("plan", "--format", "markdown").out
    assert "replaces what people set" in project.run("plan", "--format", "html").out
    document = json.loads(project.run("plan", "--json").out)
    assert document["resource_changes"][0]["replaces"] == ["deadline"]
    assert project.apply().code == 0
    assert project.task()["deadline"] == LATEST
    assert "No changes." in project.apply().out


def test_a_ratchet_goes_forward_only(project: Project) -> None:
    ratchet = "fieldPolicy: {deadline: ratchet, status: ratchet}"
    project.write(ratchet)
    project.by_hand(deadline=LATE, status=3)
    planned = project.run("plan", "--detailed-exitcode")
    assert (planned.code, "No changes." in planned.out) == (0, True)
    assert (
        f"deadline stands, further than asked: a (task 3871) {LATE}, asked {EARLY}" in planned.words
    )
    assert project.apply().code == 0
    project.by_hand(deadline="2026-04-01T18:00:00+03:00")
    assert project.apply().code == 0
    assert (project.task()["deadline"], project.task()["status"]) == (EARLY, 3)


def test_an_edit_that_a_ratchet_does_not_send_is_a_warning(project: Project) -> None:
    ratchet = "fieldPolicy: {deadline: ratchet}"
    project.write(ratchet, LATE)
    assert project.apply().code == 0
    project.write(ratchet, EARLY)
    planned = project.run("plan", "--detailed-exitcode")
    assert (planned.code, "No changes." in planned.out) == (0, True)
    assert "Warning: the edit of deadline is not sent, since it would go back" in planned.out
    assert "Warning: the edit" in project.run("plan", "--format", "markdown").out
    assert project.apply().code == 0
    assert project.task()["deadline"] == LATE


def test_a_status_that_is_enforced_is_held_back_by_reopen(project: Project) -> None:
    project.write("fieldPolicy: {status: enforce}")
    project.by_hand(status=5)
    refused = project.apply()
    assert (refused.code, "--dangerous-reopen" in refused.err) == (4, True)
    assert "completed -> pending" in refused.out
    assert project.task()["status"] == 5
    assert project.apply("--dangerous-reopen").code == 0
    assert project.task()["status"] == 2
    assert "No changes." in project.apply().out


def test_an_accepted_status_is_edited_with_reopen_only(project: Project) -> None:
    project.by_hand(status=5)
    assert project.apply().code == 0
    project.write("fieldPolicy: {deadline: accept}", status="inProgress")
    assert project.apply().code == 4
    assert project.apply("--dangerous-reopen").code == 0
    assert project.task()["status"] == 3


def test_a_lost_state_takes_nothing_of_peoples_back(project: Project) -> None:
    project.by_hand(deadline=LATE, status=5)
    assert project.apply().code == 0
    (project.folder / "state.db").unlink()
    done = project.apply()
    assert (done.code, "accepted as people set it" in done.out) == (0, True)
    assert (project.task()["deadline"], project.task()["status"]) == (LATE, 5)
    assert "No changes." in project.apply().out


def test_the_state_shows_the_policies_of_a_task(project: Project) -> None:
    file = project.folder / "tasksync.yaml"
    shown = project.tasksync("state", "show", "a", "-f", file).out
    assert "(fieldPolicy: deadline accept, status accept)" in shown
