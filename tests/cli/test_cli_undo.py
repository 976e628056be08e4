"""`undo`: a run taken back through the guards, the engine and saved plans, and what cannot be."""

from __future__ import annotations

import json
import sqlite3
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest
from approvals import Project
from command import Done
from hand import by_hand, ids_of

from tasksync.cli.other_projects import held

BEFORE = {
    "a": "title: A, deadline: 2026-05-01T10:00:00+00:00, status: inProgress",
    "b": "title: B, tags: [x, y], auditors: [2, 7]",
    "c": "title: C, parent: a, timeEstimate: 2h",
    "d": "title: D, description: kept, priority: high, parent: a",
    "same": "title: Same",
}
AFTER = {
    "a": "title: A2, deadline: 2026-06-01T10:00:00+00:00, status: completed",
    "b": "title: B, tags: [y, z], auditors: []",
    "c": "title: C, parent: same, timeEstimate: 2h",
    "e": "title: E, parent: a",
    "f": "title: F, parent: e",
    "same": "title: Same",
}
#: what the portal writes by itself
_ITS_OWN = {
    "id",
    "createdDate",
    "changedDate",
    "closedDate",
    "statusChangedDate",
    "activityDate",
    "changedBy",
}


def shown(project: Project) -> list[dict[str, Any]]:
    """Return the portal's tasks, parents by their titles, without what it writes by itself."""
    rows = project.world()
    titles = {row["id"]: row["title"] for row in rows}
    return sorted(
        (
            {name: value for name, value in row.items() if name not in _ITS_OWN}
            | {"parentId": titles.get(row["parentId"])}
            for row in rows
        ),
        key=lambda row: str(row["title"]),
    )


def undone(project: Project, *words: str | Path, code: int = 0, **env: str) -> Done:
    """Undo, and hold it to its exit code."""
    done = project.tasksync("undo", "--yes", *words, **env)
    assert done.code == code, done
    return done


def last(project: Project, back: int = 1) -> dict[str, Any]:
    """Return one of the last runs."""
    return {"command": "apply", **project.runs()[-back]}


@pytest.fixture
def project(tmp_path: Path) -> Project:
    """A project after one more apply; what it was like before is in `was`."""
    return Project(tmp_path).applied(BEFORE)


def test_an_undo_gives_the_world_back_and_an_undo_of_it_gives_it_back_again(
    project: Project,
) -> None:
    was = shown(project)
    project.applied(AFTER)
    now, applied = shown(project), last(project)["id"]
    said = undone(project).err
    assert "asks otherwise of 6 tasks, which the next apply changes again: a, b, c, d, e, f" in said
    assert shown(project) == was
    assert (last(project)["command"], last(project)["undoes"]) == ("undo", applied)
    project.write(BEFORE)
    assert "No changes." in project.tasksync("plan").out
    undone(project, "last")
    assert shown(project) == now
    project.write(AFTER)
    assert "No changes." in project.tasksync("plan").out


def test_what_is_made_again_is_said_to_be_another_task_before_anything_is_written(
    project: Project,
) -> None:
    project.applied(AFTER)
    number = ids_of(project.tasksync)["a"]
    done = project.tasksync("undo", answer="no", terminal=True)
    assert (done.code, "Undo 6 changes of run" in done.err) == (1, True)
    said = " ".join(done.out.split())
    assert "a new task and number; comments and time are gone" in said
    assert project.live("A2")["id"] == number
    assert last(project)["command"] == "apply"
    assert undone(project).code == 0
    restored = project.live("D")
    assert (restored["description"], restored["priority"], restored["parentId"]) == (
        "kept", 2, number,
    )  # fmt: skip


def test_what_moved_on_the_portal_is_stale_and_named_and_the_rest_can_be_done(
    project: Project,
) -> None:
    project.applied(AFTER)
    project.edit("b", tags=["people's", "tasksync:approved"])
    project.edit("f", title="F, and more")
    at_first = shown(project)
    done = undone(project, code=5)
    assert "  b: tags: the run left y, z, now it is people's" in done.err
    assert '  f: title: the run left "F", now it is "F, and more"' in done.err
    assert shown(project) == at_first
    assert undone(project, "--skip-stale", code=3).out.count("stale") == 1
    assert project.live("A")["deadline"].startswith("2026-05-01")
    assert project.live("F, and more")
    assert last(project)["outcome"] == "partial"
    again = undone(project, code=5)
    assert "Nothing else of that run is left to take back." in again.err
    project.edit("b", tags=["y", "z", "tasksync:approved"])
    project.edit("f", title="F")
    assert undone(project).code == 0
    assert not {"E", "F"} & {row["title"] for row in project.world()}
    assert undone(project, str(last(project)["undoes"])[:6], code=5).err.count("undone already")


def test_what_a_later_run_changed_again_is_named_with_that_run(project: Project) -> None:
    project.applied(AFTER)
    run = last(project)["id"]
    project.applied({**AFTER, "a": "title: A3", "e": "title: E, parent: a, priority: low"})
    later = last(project)["id"][:8]
    done = undone(project, run, code=5)
    assert f"  a: run {later} (apply) changed it again" in done.err
    assert f"  e: run {later} (apply) changed it again" in done.err
    undone(project)  # the later one: what was changed again is not any more
    assert undone(project, run).code == 0
    assert {row["title"] for row in project.world()} == {"A", "B", "C", "D", "Same"}


def test_a_run_is_undone_once(project: Project) -> None:
    project.applied(AFTER)
    run = last(project)["id"]
    undone(project)
    by = last(project)["id"]
    done = undone(project, run, code=5)
    assert "was undone already" in done.err
    assert f"tasksync undo {by[:8]}" in done.err
    undone(project, by)
    done = undone(project, run, code=5)
    assert (
        f"That was undone too. To take it back, undo that: tasksync undo {last(project)['id'][:8]}"
        in done.err
    )


def test_what_people_worked_on_is_not_deleted(project: Project) -> None:
    project.applied(AFTER)
    remote = ids_of(project.tasksync)["f"]
    by_hand(project.folder, "POST", f"tasks/{remote}/comments", {"author": 7, "message": "On it"})
    assert "People worked on 1 task" in undone(project, code=4).err
    assert project.live("A2")
    assert undone(project, "--dangerous-delete-active").code == 0
    assert "F" not in {row["title"] for row in project.world()}


def test_what_people_moved_on_is_not_deleted_though_the_run_asked_no_status(
    project: Project,
) -> None:
    """Nobody may have written a comment on a task that is done."""
    project.applied({**BEFORE, "done": "title: Done", "begun": "title: Begun"})
    project.edit("done", status=5)
    project.edit("begun", status=3)
    done = undone(project, code=5)
    assert "  done: status: the run left pending, now it is completed" in done.err
    assert "begun: status" not in done.err
    plan = project.folder / "undo.json"
    project.edit("done", status=2)
    assert project.tasksync("undo", "--out", plan).code == 0
    project.edit("done", status=5)
    assert project.tasksync("apply", plan).code == 5
    assert project.live("Done")["status"] == 5


SECRET = "hunter2-hunter2-hunter2"


@pytest.mark.parametrize(
    "then",
    [
        {"a": "title: A, description: new"},
        {"a": "title: A, tags: [t], description: new"},
        {},
    ],
    ids=["changed", "with another field", "deleted"],
)
def test_what_was_saved_without_a_secret_is_not_written_with_stars(
    tmp_path: Path, then: Mapping[str, str]
) -> None:
    """What the portal said is kept without our secrets, and what stood there is gone."""
    project = Project(tmp_path).applied({"a": "title: A, description: old", "b": "title: B"})
    project.edit("a", description=f"The door: {SECRET}")
    project.write({**then, "b": "title: B2"})
    assert project.tasksync("apply", "--yes", TASKSYNC_HTTP_PASSWORD=SECRET).code == 0
    done = undone(project, code=5)
    assert "  a: what its description was is kept with *** in it" in done.err
    undone(project, "--skip-stale", code=3)
    assert project.live("B")
    assert not [row for row in project.world() if "***" in str(row["description"])]


def test_of_two_that_undo_the_last_run_at_once_one_does(
    project: Project, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The second waits for the lock; it does not take the first one's undo back."""
    was = shown(project)
    project.applied(AFTER)
    run, first = last(project)["id"], iter([True])

    @contextmanager
    def late(*words: Any) -> Iterator[Any]:
        if next(first, False):
            undone(project)
        with held(*words) as what:
            yield what

    monkeypatch.setattr("tasksync.cli.undo_flow.held", late)
    done = undone(project, code=5)
    assert f"this began to undo run {run[:8]} (apply" in done.err
    assert f"would now undo run {last(project)['id'][:8]} (undo" in done.err
    assert shown(project) == was
    assert undone(project).code == 0  # begun after the other had ended, it is meant


def test_the_guards_of_deleting_and_updating_hold(tmp_path: Path) -> None:
    many = {f"t{n:02}": f"title: T {n}" for n in range(12)}
    project = Project(tmp_path).applied(many)
    assert "12 of 12 tracked tasks" in undone(project, code=4).err
    assert len(project.world()) == 12
    project.applied({**many, "t00": "title: T 0 again, protect: true", "new": "protect: true"})
    assert (
        "1 protected task would be removed: new"
        in undone(project, "--max-delete", "100%", code=4).err
    )
    project.applied({**many, "t00": "title: T 0 again", "new": "protect: false"})
    assert "would be changed" in undone(project, "--max-update", "0", code=4).err


def test_all_of_a_first_apply_can_be_taken_back(tmp_path: Path) -> None:
    project = Project(tmp_path).applied(BEFORE)
    assert undone(project).code == 0
    assert project.world() == []
    assert undone(project).code == 0
    assert {row["title"] for row in project.world()} == {"A", "B", "C", "D", "Same"}


def test_a_saved_undo_is_what_apply_does(project: Project, tmp_path: Path) -> None:
    was = shown(project)
    project.applied(AFTER)
    run, plan = last(project)["id"], tmp_path / "undo.json"
    done = project.tasksync("undo", "--out", plan)
    assert (done.code, last(project)["id"]) == (0, run)
    assert json.loads(plan.read_text())["undoes"] == run
    told = project.tasksync("show", plan).out
    assert "undone" in told
    assert "--expect" not in told  # that plans the manifest
    project.edit("b", tags=["people's", "tasksync:approved"])
    stale = project.tasksync("apply", plan)
    assert (stale.code, "b: tags:" in stale.err) == (5, True)
    project.edit("b", tags=["y", "z", "tasksync:approved"])
    assert project.tasksync("apply", plan).code == 0
    assert shown(project) == was
    assert (last(project)["command"], last(project)["undoes"]) == ("undo", run)
    assert project.tasksync("apply", plan).code == 5
    assert undone(project, run, code=5).err.count("undone already") == 1
    project.write(BEFORE)
    assert "No changes." in project.tasksync("plan").out


def test_what_was_adopted_is_let_go_with_its_fields_put_back(project: Project) -> None:
    made = by_hand(project.folder, "POST", "tasks", {"title": "Theirs", "responsibleId": 7})
    number = int(made["id"] if "id" in made else made["task"]["id"])
    theirs = shown(project)
    taken = {**BEFORE, "t": f"title: Ours, adopt: {{id: {number}}}, tags: [q]"}
    project.applied(taken)
    ours = shown(project)
    plan = project.folder / "undo.json"  # as a saved plan: a FORGET that writes fields too
    assert "its marker comes off" in project.tasksync("undo", "--out", plan).out
    assert project.tasksync("apply", plan).code == 0
    assert shown(project) == theirs
    assert "t" not in ids_of(project.tasksync)
    undone(project)
    assert shown(project) == ours
    assert ids_of(project.tasksync)["t"] == number
    assert "No changes." in project.tasksync("plan").out


def test_what_was_adopted_by_its_marker_keeps_it_and_is_found_again(project: Project) -> None:
    was = shown(project)
    (project.folder / "state.db").unlink()
    assert "Also 5 adopted" in project.tasksync("apply", "--yes").out
    undone(project)
    assert (ids_of(project.tasksync), shown(project)) == ({}, was)
    planned = project.tasksync("plan").out
    assert "0 to add, 0 to change, 0 to destroy. Also 5 to adopt" in " ".join(planned.split())


def test_an_undo_that_was_cut_off_is_gone_on_with(project: Project) -> None:
    was = shown(project)
    project.applied(AFTER)
    assert undone(project, "--max-requests", "2", code=3)
    assert last(project)["outcome"] == "partial"
    assert shown(project) != was
    done = undone(project)  # without a word it is the run, and not its undo
    assert "taken back already" in done.err
    assert shown(project) == was


def test_what_was_let_go_is_taken_over_again_by_its_number(project: Project) -> None:
    number, was = ids_of(project.tasksync)["d"], shown(project)
    rest = {key: said for key, said in BEFORE.items() if key != "d"}
    project.applied(rest, "removed: [d]\n")
    assert project.live("D")["tags"] == []
    undone(project)
    assert (ids_of(project.tasksync)["d"], shown(project)) == (number, was)
    project.write(BEFORE)
    assert "No changes." in project.tasksync("plan").out
    undone(project)
    assert project.live("D")["tags"] == []


def test_one_that_was_let_go_and_cannot_be_told_any_more_is_not_taken_over(
    project: Project,
) -> None:
    number = ids_of(project.tasksync)["d"]
    project.applied({key: said for key, said in BEFORE.items() if key != "d"}, "removed: [d]\n")
    by_hand(project.folder, "PATCH", f"tasks/{number}", {"title": "Somebody's"})
    done = undone(project, code=5)
    assert f"  d: whether task {number} is still the one cannot be told" in done.err
    by_hand(project.folder, "DELETE", f"tasks/{number}")
    assert f"  d: task {number} is gone from the portal" in undone(project, code=5).err


def test_what_was_deferred_is_taken_up_and_deferred_again(project: Project) -> None:
    rest = {key: said for key, said in BEFORE.items() if key != "a"}
    rest |= {"c": "title: C", "d": "title: D, description: kept, priority: high"}
    was = shown(project)
    policy = "policy: {onRemove: defer}\n"
    project.applied(rest, policy)
    now = shown(project)
    assert project.live("A")["status"] == 6
    undone(project)
    assert shown(project) == was
    project.write(BEFORE, policy)
    assert "No changes." in project.tasksync("plan").out
    undone(project)
    assert shown(project) == now
    project.write(rest, policy)
    assert "No changes." in project.tasksync("plan").out


def test_a_status_that_the_run_wrote_is_no_reopening(project: Project) -> None:
    project.applied({**BEFORE, "a": "title: A, status: completed"})
    assert project.live("A")["status"] == 5
    undone(project)
    assert project.live("A")["status"] == 3
    project.applied({**BEFORE, "a": "title: A, status: declined"})
    project.edit("a", status=5)
    done = undone(project, code=5)
    assert "a: status: the run left declined, now it is completed" in done.err


def test_another_responsible_goes_back_and_the_status_stays(project: Project) -> None:
    project.applied({**BEFORE, "same": "title: Same, responsibleId: 7"})
    project.edit("same", status=4)
    undone(project)
    row = project.live("Same")
    assert (row["responsibleId"], row["status"]) == (1, 4)


def test_a_task_that_is_gone_is_named(project: Project) -> None:
    project.applied(AFTER)
    number = ids_of(project.tasksync)["b"]
    project.delete("b")
    project.delete("f")
    done = undone(project, code=5)
    assert f"  b: task {number} is gone from the portal, or hidden from this key" in done.err
    assert "  f:" not in done.err  # it was to go
    undone(project, "--skip-stale", code=3)
    assert "f" not in ids_of(project.tasksync)


def test_a_key_that_moved_since_is_named(project: Project) -> None:
    project.applied(AFTER)
    for before, after in (("a", "alpha"), ("f", "phi")):
        assert project.tasksync("state", "mv", before, after).code == 0
    done = undone(project, code=5)
    assert "  a: its key is alpha now" in done.err
    assert "  f: its key is phi now" in done.err


def test_a_key_that_has_a_task_again_is_named(project: Project) -> None:
    project.applied(AFTER)
    project.applied({**AFTER, "d": "title: Another D"})
    run = last(project, 2)["id"]
    assert "  d: run" in undone(project, run, code=5).err


def test_of_what_is_not_kept_nothing_is_taken_back(project: Project) -> None:
    project.applied(AFTER)
    with sqlite3.connect(project.folder / "state.db") as db:
        for table in ("changes", "histories"):
            db.execute(f"DELETE FROM {table}")  # noqa: S608
    done = undone(project, code=1)
    assert "is not kept in this state: there were more since" in done.err
    assert "git revert" in done.err


@pytest.mark.parametrize(
    ("word", "code", "said"),
    [
        ("nope", 64, "No run that is remembered begins with"),
        ("", 0, "No changes."),
        ("last", 0, "No changes."),
    ],
)
def test_a_run_is_named_by_the_beginning_of_its_id(
    project: Project, word: str, code: int, said: str
) -> None:
    project.applied(AFTER)
    done = undone(project, word, code=code) if word else undone(project)
    assert said in done.out + done.err or code == 0
    assert code or last(project)["command"] == "undo"


def test_without_a_run_that_changed_anything_it_says_so(tmp_path: Path) -> None:
    project = Project(tmp_path)
    assert "No run is remembered that changed anything." in undone(project, code=64).err


def test_it_asks_and_without_anybody_to_ask_it_is_an_error(project: Project) -> None:
    done = project.tasksync("undo")
    assert (done.code, "Use --yes, or undo --out FILE" in done.err) == (64, True)
    assert last(project)["command"] == "apply"
    was = len(project.runs())
    project.applied(AFTER)
    assert project.tasksync("undo", answer="yes", terminal=True).code == 0
    assert len(project.runs()) == was + 2


def test_without_a_manifest_the_project_is_named(project: Project) -> None:
    was = shown(project)
    project.applied(AFTER)
    (project.folder / "m.yaml").unlink()
    assert "m.yaml" in undone(project, code=1).err
    (project.folder / "m.yaml").mkdir()  # a folder without manifests
    assert undone(project, code=1).out == ""
    done = undone(project, "--project", "approved")
    assert "The manifest was not read" in done.err
    assert shown(project) == was


def test_a_manifest_with_faults_holds_no_undo_up(project: Project) -> None:
    was = shown(project)
    project.applied(AFTER)
    project.write({**AFTER, "a": "title: 12"})
    done = undone(project)
    assert "The manifest was not read (" in done.err
    assert shown(project) == was


def test_what_people_own_is_not_taken_for_what_the_run_wrote(tmp_path: Path) -> None:
    said = "title: {}, priority: {}, fieldPolicy: {{priority: accept}}"
    project = Project(tmp_path).applied({"a": said.format("A", "low")})
    project.applied({"a": said.format("A", "high")})
    run = last(project)["id"]
    project.edit("a", priority=1)
    assert project.tasksync("apply", "--yes").code == 0  # accepted: remembered
    done = undone(project, run, code=5)
    assert "a: priority: the run left high, now it is normal" in done.err


def test_what_the_portal_makes_of_a_value_is_no_staleness(tmp_path: Path) -> None:
    project = Project(tmp_path).applied({"a": "title: A &amp; B"})
    project.applied({"a": "title: 'A #one', tags: [x]"})
    project.edit("a", tags=["x", "one", "tasksync:approved"])
    undone(project)
    assert project.live("A &amp; B")["tags"] == ["tasksync:approved"]


def test_json_tells_the_events_of_apply(project: Project) -> None:
    project.applied(AFTER)
    lines = [json.loads(line) for line in undone(project, "--json").out.splitlines()]
    planned = [one["change"] for one in lines if one["type"] == "planned_change"]
    actions: Mapping[str, str] = {one["resource"]["addr"]: one["action"] for one in planned}
    assert set(actions.values()) == {"update", "create", "delete"}
