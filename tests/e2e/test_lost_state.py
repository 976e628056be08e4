"""The state lost, cut off, foreign: what is adopted, what is refused, and what is never touched."""

from __future__ import annotations

import shutil
from pathlib import Path

import portal
import pytest
from portal import Json
from trips import Trip, task

_TASKS = {
    "report": task("Report", description="one\ntwo", deadline="2026-05-19T18:00:00Z"),
    **{f"t{n:02}": task(f"Task {n:02}", parent="report", tags=["q2"]) for n in range(8)},
    "same-1": task("The same title", description="first"),
    "same-2": task("The same title", description="second"),
}


def _lose(trip: Trip) -> None:
    for file in trip.folder.glob("state.db*"):
        file.unlink()


def _mine(trip: Trip) -> list[Json]:
    return [one for one in trip.portal.tasks() if one["tags"]]


def test_a_lost_state_is_found_again_by_the_marker(anywhere: Trip) -> None:
    """Delete the state file, apply: every task is adopted, none is made, the plan is empty."""
    anywhere.want(_TASKS).apply().must(0)
    before = anywhere.portal.tasks()
    _lose(anywhere)
    told = anywhere.apply().must(0)
    assert f"{len(_TASKS)} to adopt" in told.out
    assert anywhere.portal.tasks() == before
    anywhere.plan().must(0)


def test_a_lost_state_with_edits_on_both_sides_makes_nothing_twice(anywhere: Trip) -> None:
    """What agrees in its title alone may be another repository's: refused, and then rebuilt."""
    anywhere.want(_TASKS).apply().must(0)
    count = len(anywhere.portal.tasks())
    _lose(anywhere)
    anywhere.portal.edit("Report", description="by hand", status=3)
    anywhere.portal.edit("Task 03", responsibleId=2)
    edited = {**_TASKS, "t04": task("Task 04", parent="report", description="edited")}
    told = anywhere.want(edited).apply().must(4)
    assert "Task 03" in told.text
    assert "--match title" in told.text
    assert len(anywhere.portal.tasks()) == count
    anywhere.run(
        *("state", "rebuild", "-f", str(anywhere.manifest), "--match", "title"),
        *("--yes", "--settle", "0.2"),
    ).must(0)
    anywhere.apply().must(0)
    assert len(anywhere.portal.tasks()) == count
    assert anywhere.portal.task("Report")["description"] == "one\ntwo"
    assert anywhere.portal.task("Task 04")["description"] == "edited"
    anywhere.plan().must(0)


def test_a_lost_state_with_titles_that_match_no_more_is_refused(anywhere: Trip) -> None:
    """A title edited while the state was lost: nothing is guessed, exit 4, the tasks are named."""
    anywhere.want(_TASKS).apply().must(0)
    before = anywhere.portal.tasks()
    _lose(anywhere)
    anywhere.want({**_TASKS, "t04": task("Quite another title", parent="report")})
    told = anywhere.apply().must(4)
    assert "Task 04" in told.text
    assert "state rebuild" in told.text
    assert anywhere.portal.tasks() == before
    orphan = anywhere.portal.task("Task 04")["id"]
    anywhere.tasks["t04"]["adopt"] = {"id": orphan}
    anywhere.want(anywhere.tasks).apply().must(0)
    assert len(anywhere.portal.tasks()) == len(before)
    anywhere.plan().must(0)


def test_a_stranger_of_the_same_title_is_never_taken_over(anywhere: Trip) -> None:
    """Without our marker nothing is ours, whatever its title: with a state and without one."""
    strangers = [anywhere.portal.by_hand("Report", description="theirs") for _ in range(2)]
    strangers.append(anywhere.portal.by_hand("Task 01", tags=["tasksync:another"]))
    anywhere.want(_TASKS).apply().must(0)
    before = {one["id"]: one for one in anywhere.portal.tasks()}
    _lose(anywhere)
    anywhere.apply().must(0)
    anywhere.plan().must(0)
    anywhere.apply("--destroy").must(0)
    left = anywhere.portal.tasks()
    assert [one["id"] for one in left] == strangers
    assert left == [before[one] for one in strangers]


def test_a_state_is_rebuilt_from_manifest_and_portal(anywhere: Trip) -> None:
    """`state rebuild` remembers what can be matched, writes nothing, and lists the rest."""
    anywhere.want(_TASKS).apply().must(0)
    before = anywhere.portal.tasks()
    _lose(anywhere)
    renamed = {key: value for key, value in _TASKS.items() if key != "t05"}
    anywhere.want({**renamed, "other": task("Not there yet")})
    told = anywhere.run(
        *("state", "rebuild", "-f", str(anywhere.manifest), "--yes", "--settle", "0.2")
    ).must(0)
    assert f"Remembered {len(_TASKS) - 1} tasks" in told.out
    assert "Task 05" in told.out
    assert "other" in told.out
    assert anywhere.portal.tasks() == before
    anywhere.want(_TASKS).apply().must(0)
    assert anywhere.portal.tasks() == before
    anywhere.plan().must(0)


def test_a_state_lost_in_the_middle_of_an_apply_makes_nothing_twice(anywhere: Trip) -> None:
    """The answer lost, and then the state with its intents: the marker is enough."""
    on = {"path": "^/v1/batch$", "nth": 1}
    anywhere.portal.faults({"kind": "lost", "on": on, "times": 1})
    anywhere.want(_TASKS).apply("--max-requests", "1")
    _lose(anywhere)
    anywhere.healed()
    assert len(anywhere.portal.tasks()) == len(_TASKS)


@pytest.mark.parametrize("kept", [0, 1, 90, 4095, 4096, 9000, -1])
def test_a_state_file_cut_off_is_refused_and_not_overwritten(trip: Trip, kept: int) -> None:
    """Whatever is left of it: an error that says what to do, and not a byte changes."""
    trip.want(_TASKS).apply().must(0)
    assert not list(trip.folder.glob("state.db-*")), "the file is whole without a log"
    whole = trip.file.read_bytes()
    part = whole[:kept]
    assert len(part) < len(whole)
    trip.file.write_bytes(part)
    before = trip.portal.tasks()
    for command in ("plan", "apply"):
        told = trip.do(command)
        assert told.code == 1, told.text
        assert str(trip.file) in told.err
        assert trip.file.read_bytes() == part
    assert trip.portal.tasks() == before
    trip.file.write_bytes(whole)
    trip.plan().must(0)


def test_the_state_of_another_project_is_refused(trip: Trip) -> None:
    """A state URL copied from another repository cannot delete that project's tasks."""
    trip.want(_TASKS).apply().must(0)
    other = Trip(trip.folder.parent / "other", trip.portal, trip.state)
    other.want({"x": task("X")}, project="another")
    before = trip.portal.tasks()
    told = other.apply().must(1)
    assert "e2e" in told.err
    assert "another" in told.err
    assert trip.portal.tasks() == before
    trip.plan().must(0)


def test_the_state_of_another_portal_is_refused_before_any_task_is_read(trip: Trip) -> None:
    """The right state against the wrong portal would make every task again."""
    from tasksync.sandbox.web.server import SandboxSettings, start

    trip.want(_TASKS).apply().must(0)
    with start(SandboxSettings(port=0, limits="none", portal="other.bitrix24.example")) as running:
        elsewhere = portal.Served(running)
        trip.portal = elsewhere
        for command in ("plan", "apply"):
            told = trip.do(command).must(1)
            assert "other.bitrix24.example" in told.err
        assert {one["path"] for one in elsewhere.log()} == {"/v1/me"}


def test_an_older_copy_of_the_state_makes_nothing_twice(anywhere: Trip, tmp_path: Path) -> None:
    """A backup put back: what was made since is found by its marker and adopted."""
    anywhere.want({"report": _TASKS["report"]}).apply().must(0)
    shutil.copy(anywhere.file, tmp_path / "backup.db")
    anywhere.want(_TASKS).apply().must(0)
    shutil.copy(tmp_path / "backup.db", anywhere.file)
    anywhere.apply().must(0)
    assert len(anywhere.portal.tasks()) == len(_TASKS)
    anywhere.plan().must(0)
    assert len(_mine(anywhere)) == len(_TASKS)
