"""Windows: a process that has only what Windows has, and where files behave as they do there.

What that process cannot be given is said in docs/guides/on-windows.md: it was never tried.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest
from windows_session import LikeWindows

from tasksync.sandbox.model.world import World

HEAD = "apiVersion: tasksync/v1\nproject: at-windows\ntimezone: Europe/Moscow\n"
PLANS = {
    "a.yaml": HEAD
    + "defaults: {responsibleId: 1}\n"
    + "tasks:\n  first:\n    title: Первая\n    description: |\n      one\n      two\n",
    "b.yaml": "apiVersion: tasksync/v1\ntasks:\n  second:\n    title: Second\n    parent: first\n"
    "    deadline: 2030-04-01 18:00\n",
    "deep/c.yaml": "apiVersion: tasksync/v1\nuse:\n- template: row\n  forEach: rows.csv\n"
    "templates:\n  row:\n    parameters: {note: {type: text}}\n    tasks:\n"
    '      it: {title: Row, responsibleId: 1, description: "${note}"}\n',
}
ROWS = 'key;note\none;"a\nb"\ntwo;plain\n'


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder as Windows has them, with blanks and letters of no Latin script."""
    made = tmp_path_factory.mktemp("windows") / "Мои задачи (1)"
    for name, text in {**PLANS, "deep/rows.csv": ROWS}.items():
        file = made / "plans" / name
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_bytes(text.encode())
    return made


@pytest.fixture(scope="module")
def windows(folder: Path) -> Iterator[LikeWindows]:
    session = LikeWindows(
        folder,
        TASKSYNC_PORTAL=f"sandbox:{folder / 'world.db'}",
        TASKSYNC_SETTLE="0.2s",
        TASKSYNC_STATE=f"sqlite:{folder / 'my states' / 'state.db'}",
    )
    yield session
    session.end()


@pytest.fixture(scope="module")
def applied(windows: LikeWindows) -> LikeWindows:
    done = windows("apply", "-f", "plans", "--yes")
    assert done.code == 0, done.err
    return windows


def test_nothing_that_windows_lacks_is_imported(windows: LikeWindows) -> None:
    """Not by any module: what has no driver there would be a wall for all the others."""
    assert windows.modules > 300


def test_a_project_is_begun_and_read_from_standard_input(windows: LikeWindows) -> None:
    done = windows("init", "--project", "begun", "--timezone", "Asia/Novosibirsk")
    assert (done.code, "Wrote tasksync.yaml" in done.out) == (0, True), done.err
    given = HEAD + "tasks:\n  one: {title: Из трубы, responsibleId: 1}\n"
    done = windows("validate", "-f", "-", given=given)
    assert "project at-windows, 1 file, 1 task." in done.out, done.err


def test_every_manifest_of_a_folder_is_read(windows: LikeWindows) -> None:
    """What Windows lists has no numbers by which one file is told from another."""
    assert "3 files, 4 tasks" in windows("validate", "-f", "plans").out


def test_a_pattern_that_no_shell_expanded_is_expanded(windows: LikeWindows) -> None:
    assert "2 files, 2 tasks" in windows("validate", "-f", "plans/*.yaml").out
    assert "3 files, 4 tasks" in windows("validate", "-f", "plans/**/*.yaml").out
    done = windows("validate", "-f", "plans/*.yml")
    assert (done.code, "plans/*.yml" in done.err) == (1, True)


def test_what_was_applied_is_there_and_stays_so(applied: LikeWindows) -> None:
    assert "No changes." in applied("plan", "-f", "plans").out
    keys = applied("state", "list", "--project", "at-windows").out.split()
    assert {"first", "second", "one", "two"} <= set(re.split(r"[\s/.]+", " ".join(keys)))


def test_a_saved_plan_is_written_over_and_applied(applied: LikeWindows, folder: Path) -> None:
    file = folder / "plans" / "b.yaml"
    file.write_bytes(file.read_bytes().replace(b"title: Second", b"title: Later"))
    for _ in range(2):
        done = applied("plan", "-f", "plans", "--out", "plan.json")
        assert (done.code, "1 to change" in done.out) == (0, True), done.err
    assert b"\r" not in (folder / "plan.json").read_bytes()
    assert applied("apply", "plan.json").code == 0
    assert "No changes." in applied("plan", "-f", "plans").out


def test_lines_that_end_otherwise_change_nothing_and_stay_so_when_written(
    applied: LikeWindows, folder: Path
) -> None:
    """Git at Windows checks texts out with CR LF: quoted cells and block texts too."""
    files = [one for one in (folder / "plans").rglob("*.*") if one.is_file()]
    for file in files:
        file.write_bytes(file.read_bytes().replace(b"\n", b"\r\n"))
    assert len(files) == 4
    assert "No changes." in applied("plan", "-f", "plans").out
    assert "No changes." in applied("plan", "-f", "plans", "--no-refresh").out


def test_what_people_changed_is_accepted_into_a_text_of_cr_lf(
    applied: LikeWindows, folder: Path
) -> None:
    file = folder / "plans" / "a.yaml"
    before = file.read_bytes().replace(b"\r\n", b"\n").replace(b"\n", b"\r\n")
    file.write_bytes(before)
    renamed(folder / "world.db", "Первая", "Другая")
    assert "1 to change" in applied("plan", "-f", "plans").out
    done = applied("accept", "-f", "plans", "--all", "--yes")
    assert done.code == 0, done.err
    assert file.read_bytes() == before.replace("Первая".encode(), "Другая".encode())
    assert "No changes." in applied("plan", "-f", "plans").out


def renamed(world: Path, title: str, new: str) -> None:
    """Rename a task as a person does, in a sandbox that another process has open."""
    opened = World.open(world)
    with opened.writing() as tasks:
        [task] = [one for one in tasks if one.title == title]
        opened.put(replace(task, title=new))
    opened.close()
