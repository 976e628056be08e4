"""What differs and is left as it is: a status that people moved on, another creator."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from command import Done, Tasksync
from hand import by_hand, world_of

HEAD = "apiVersion: tasksync/v1\nproject: standing\ndefaults: {responsibleId: 1}\ntasks:\n"


class Project:
    """One task, applied; people work on it by hand."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.tasksync = Tasksync(folder)
        self.write("status: pending")
        assert self.apply().code == 0

    def write(self, words: str) -> None:
        self.tasksync.manifest(f"{HEAD}  a: {{title: Close the books, {words}}}\n")

    def run(self, command: str, *words: str) -> Done:
        return self.tasksync(command, "-f", self.folder / "tasksync.yaml", *words)

    def apply(self, *words: str) -> Done:
        return self.run("apply", "--yes", *words)

    def by_hand(self, body: dict[str, object]) -> None:
        by_hand(self.folder, "PATCH", f"tasks/{self.task()['id']}", body)

    def task(self) -> dict[str, object]:
        (task,) = world_of(self.folder)
        return task


@pytest.fixture
def project(tmp_path: Path) -> Project:
    return Project(tmp_path)


def test_a_status_that_people_moved_on_stands_and_is_named(project: Project) -> None:
    project.by_hand({"status": 5})
    for _ in range(2):
        planned = project.run("plan", "--detailed-exitcode")
        assert (planned.code, "No changes." in planned.out) == (0, True)
        assert "status completed stands, asked was pending" in planned.out
        assert "a (task " in planned.words
        done = project.apply()
        assert (done.code, "No changes." in done.out) == (0, True)
        assert project.task()["status"] == 5
    document = json.loads(project.run("plan", "--json").out)
    (one,) = document["standing"]
    assert (one["key"], one["field"], one["wanted"], one["found"]) == ("a", "status", 2, 5)
    assert "completed stands" in project.run("plan", "--format", "markdown").out
    assert "completed stands" in project.run("plan", "--format", "html").out


def test_an_edited_status_of_what_people_completed_needs_reopen(project: Project) -> None:
    project.by_hand({"status": 5})
    project.write("status: inProgress")
    refused = project.apply()
    assert refused.code == 4
    assert "People moved 1 task on" in refused.err
    assert "a" in refused.err
    assert "--dangerous-reopen" in refused.err
    assert "completed -> inProgress" in refused.out
    assert project.task()["status"] == 5
    assert project.apply("--dangerous-reopen").code == 0
    assert project.task()["status"] == 3
    assert "No changes." in project.apply().out


def test_a_status_that_people_completed_outlives_a_new_responsible(project: Project) -> None:
    project.by_hand({"status": 5})
    project.write("status: pending, responsibleId: 7")
    assert project.apply().code == 0
    assert (project.task()["responsibleId"], project.task()["status"]) == (7, 5)
    assert "completed stands" in project.run("plan").out


def test_a_lost_state_reopens_nothing(project: Project) -> None:
    project.by_hand({"status": 5})
    (project.folder / "state.db").unlink()
    done = project.apply()
    assert done.code == 0
    assert "completed stands" in done.out
    assert project.task()["status"] == 5
    assert "completed stands" in project.run("plan").out


def test_another_creator_is_named_with_what_it_would_take(project: Project) -> None:
    was = project.task()["createdBy"]
    project.write("status: pending, createdBy: 22")
    for _ in range(2):
        planned = project.run("plan", "--detailed-exitcode")
        assert (planned.code, "No changes." in planned.out) == (0, True)
        assert "createdBy" in planned.out
        assert "deleting the task and creating it anew" in planned.out
        done = project.apply()
        assert (done.code, "creating it anew" in done.out) == (0, True)
        assert project.task()["createdBy"] == was
