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


def test_a_lost_state_is_found_again_by_the_marker(trip: Trip) -> None:
    """Delete the state file, apply: every task is adopted, none is made, the plan is empty."""
    trip.want(_TASKS).apply().must(0)
    before = trip.portal.tasks()
    _lose(trip)
    told = trip.apply().must(0)
    assert f"{len(_TASKS)} to adopt" in told.out
    assert trip.portal.tasks() == before
    trip.plan().must(0)


def test_a_lost_state_with_edits_on_both_sides_makes_nothing_twice(trip: Trip) -> None:
    """What agrees in its title alone may be another repository's: refused, and then rebuilt."""
    trip.want(_TASKS).apply().must(0)
    count = len(trip.portal.tasks())
    _lose(trip)
    trip.portal.edit("Report", description="by hand", status=3)
    trip.portal.edit("Task 03", responsibleId=2)
    edited = {**_TASKS, "t04": task("Task 04", parent="report", description="edited")}
    told = trip.want(edited).apply().must(4)
    assert "Task 03" in told.text
    assert "--match title" in told.text
    assert len(trip.portal.tasks()) == count
    trip.run(
        *("state", "rebuild", "-f", str(trip.manifest), "--match", "title"),
        *("--yes", "--settle", "0.2"),
    ).must(0)
    trip.apply().must(0)
    assert len(trip.portal.tasks()) == count
    assert trip.portal.task("Report")["description"] == "one\ntwo"
    assert trip.portal.task("Task 04")["description"] == "edited"
    trip.plan().must(0)


def test_a_lost_state_with_titles_that_match_no_more_is_refused(trip: Trip) -> None:
    """A title edited while the state was lost: nothing is guessed, exit 4, the tasks are named."""
    trip.want(_TASKS).apply().must(0)
    before = trip.portal.tasks()
    _lose(trip)
    trip.want({**_TASKS, "t04": task("Quite another title", parent="report")})
    told = trip.apply().must(4)
    assert "Task 04" in told.text
    assert "state rebuild" in told.text
    assert trip.portal.tasks() == before
    stray = trip.portal.task("Task 04")["id"]
    trip.tasks["t04"]["adopt"] = {"id": stray}
    trip.want(trip.tasks).apply().must(0)
    assert len(trip.portal.tasks()) == len(before)
    trip.plan().must(0)


def test_a_stranger_of_the_same_title_is_never_taken_over(trip: Trip) -> None:
    """Without our marker nothing is ours, whatever its title: with a state and without one."""
    strangers = [trip.portal.by_hand("Report", description="theirs") for _ in range(2)]
    strangers.append(trip.portal.by_hand("Task 01", tags=["tasksync:another"]))
    trip.want(_TASKS).apply().must(0)
    before = {one["id"]: one for one in trip.portal.tasks()}
    _lose(trip)
    trip.apply().must(0)
    trip.plan().must(0)
    trip.apply("--destroy").must(0)
    left = trip.portal.tasks()
    assert [one["id"] for one in left] == strangers
    assert left == [before[one] for one in strangers]


def test_a_state_is_rebuilt_from_manifest_and_portal(trip: Trip) -> None:
    """`state rebuild` remembers what can be matched, writes nothing, and lists the rest."""
    trip.want(_TASKS).apply().must(0)
    before = trip.portal.tasks()
    _lose(trip)
    renamed = {key: value for key, value in _TASKS.items() if key != "t05"}
    trip.want({**renamed, "other": task("Not there yet")})
    told = trip.run(
        *("state", "rebuild", "-f", str(trip.manifest), "--yes", "--settle", "0.2")
    ).must(0)
    assert f"Remembered {len(_TASKS) - 1} tasks" in told.out
    assert "Task 05" in told.out
    assert "other" in told.out
    assert trip.portal.tasks() == before
    trip.want(_TASKS).apply().must(0)
    assert trip.portal.tasks() == before
    trip.plan().must(0)


def test_a_state_lost_in_the_middle_of_an_apply_makes_nothing_twice(trip: Trip) -> None:
    """The answer lost, and then the state with its intents: the marker is enough."""
    on = {"path": "^/v1/batch$", "nth": 1}
    trip.portal.faults({"kind": "lost", "on": on, "times": 1})
    trip.want(_TASKS).apply("--max-requests", "1")
    _lose(trip)
    trip.healed()
    assert len(trip.portal.tasks()) == len(_TASKS)


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


def test_an_older_copy_of_the_state_makes_nothing_twice(trip: Trip, tmp_path: Path) -> None:
    """A backup put back: what was made since is found by its marker and adopted."""
    trip.want({"report": _TASKS["report"]}).apply().must(0)
    shutil.copy(trip.file, tmp_path / "backup.db")
    trip.want(_TASKS).apply().must(0)
    shutil.copy(tmp_path / "backup.db", trip.file)
    trip.apply().must(0)
    assert len(trip.portal.tasks()) == len(_TASKS)
    trip.plan().must(0)
    assert len(_mine(trip)) == len(_TASKS)
