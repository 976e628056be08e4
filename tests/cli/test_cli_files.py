"""What tasksync writes beside a manifest: for its owner alone, unseen by Git, whole or not."""

from __future__ import annotations

import errno
import os
from collections.abc import Iterator
from pathlib import Path

import pytest
from command import Tasksync

from tasksync import file_limits
from tasksync.cli.wiring import dump_unsaved
from tasksync.core.state import StateDelta
from tasksync.sandbox.web import server

MANIFEST = """\
apiVersion: tasksync/v1
project: files
tasks: {a: {title: First, responsibleId: 1}}
"""


@pytest.fixture
def tasksync(tmp_path: Path) -> Tasksync:
    return Tasksync.of(tmp_path, MANIFEST)


@pytest.fixture(autouse=True)
def _open_to_all() -> Iterator[None]:
    before = os.umask(0)
    yield
    os.umask(before)


def mode(path: Path) -> int:
    return path.stat().st_mode & 0o777


def test_what_could_not_be_saved_is_its_owners_alone_and_unseen_by_git(tmp_path: Path) -> None:
    """Also beside a manifest whose state is elsewhere, where nobody made the folder before."""
    folder = tmp_path / ".tasksync"
    file = Path(dump_unsaved([folder], "files.unsaved-1", "files", StateDelta()))
    assert (file.parent, mode(file)) == (folder, 0o600)
    assert (folder / ".gitignore").read_text() == "*\n"


def test_a_saved_plan_is_its_owners_alone_and_unseen_by_git(
    tasksync: Tasksync, tmp_path: Path
) -> None:
    """Beside another state, and in the place of a file that everybody could read."""
    folder = tmp_path / ".tasksync"
    folder.mkdir()
    plan = folder / "plan.json"
    plan.write_text("old")
    assert tasksync("plan", "--out", plan).code == 0
    assert mode(plan) == 0o600
    assert (folder / ".gitignore").read_text() == "*\n"


def test_a_folder_of_another_name_is_left_alone(tasksync: Tasksync, tmp_path: Path) -> None:
    assert tasksync("plan", "--out", tmp_path / "plan.json").code == 0
    assert not (tmp_path / ".gitignore").exists()


def test_a_sandbox_that_is_served_hides_its_folder_too(
    tasksync: Tasksync, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def busy(_settings: object) -> None:
        raise OSError(errno.EADDRINUSE, "Address already in use")

    monkeypatch.setattr(server, "start", busy)
    done = tasksync("sandbox", "--data", tmp_path / ".tasksync" / "world.db")
    assert (done.code, "Address already in use" in done.err) == (1, True)
    assert (tmp_path / ".tasksync" / ".gitignore").read_text() == "*\n"


def test_a_plan_that_cannot_be_written_leaves_nothing_behind(
    tasksync: Tasksync, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def full(_handle: int) -> None:
        raise OSError(errno.ENOSPC, "No space left on device")

    out = tmp_path / "out"
    out.mkdir()
    monkeypatch.setattr("tasksync.cli.plan_files.os.fsync", full)
    done = tasksync("plan", "--out", out / "plan.json")
    assert (done.code, "No space left on device" in done.err) == (1, True)
    assert list(out.iterdir()) == []


def test_a_plan_that_would_not_be_read_is_not_written(
    tasksync: Tasksync, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The same limit both ways: it is said before anybody relies on the file."""
    monkeypatch.setattr(file_limits, "DOCUMENT", 500)
    done = tasksync("plan", "--out", tmp_path / "plan.json")
    assert done.code == 1
    assert "could not be read again" in done.err
    assert not (tmp_path / "plan.json").exists()
