"""A manifest read by half deletes nothing, from whichever folder and by whichever name."""

from __future__ import annotations

import os
import shutil
from collections.abc import Callable
from pathlib import Path

import pytest
from command import Tasksync

A = """\
apiVersion: tasksync/v1
project: halves
policy: {maxDelete: 100%}
defaults: {responsibleId: 1}
tasks:
  a: {title: First}
"""
B = "apiVersion: tasksync/v1\ndefaults: {responsibleId: 1}\ntasks:\n  b: {title: Second}\n"

Name = Callable[[Path], str]
#: how a.yaml alone is named: the working directory, and what stands behind -f
WAYS: dict[str, tuple[Name, Name]] = {
    "beside": (lambda repo: f"{repo}", lambda _repo: "tasks/a.yaml"),
    "inside": (lambda repo: f"{repo}/tasks", lambda _repo: "a.yaml"),
    "dot": (lambda repo: f"{repo}/tasks", lambda _repo: "./a.yaml"),
    "above": (lambda repo: f"{repo}/other", lambda _repo: "../tasks/a.yaml"),
    "absolute": (lambda _repo: "/", lambda repo: f"{repo}/tasks/a.yaml"),
    "linked folder": (lambda repo: f"{repo}/other", lambda _repo: "link/a.yaml"),
}
#: how the whole folder was named by the apply before
FIRST: dict[str, tuple[Name, Name]] = {
    "beside": (lambda repo: f"{repo}", lambda _repo: "tasks"),
    "inside": (lambda repo: f"{repo}/tasks", lambda _repo: "."),
    "absolute": (lambda _repo: "/", lambda repo: f"{repo}/tasks"),
    "linked folder": (lambda repo: f"{repo}/other", lambda _repo: "link"),
}


@pytest.fixture
def repo(tmp_path: Path) -> Path:
    made = tmp_path / "repo"
    for name, text in (("a.yaml", A), ("b.yaml", B)):
        path = made / "tasks" / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text, encoding="utf-8")
    (made / "other").mkdir()
    (made / "other" / "link").symlink_to(made / "tasks", target_is_directory=True)
    return made


@pytest.fixture
def tasksync(tmp_path: Path) -> Tasksync:
    where = {
        "TASKSYNC_STATE": f"sqlite:{tmp_path}/s.db",
        "TASKSYNC_PORTAL": f"sandbox:{tmp_path}/w",
    }
    return Tasksync(tmp_path, where)


@pytest.mark.parametrize("first", FIRST)
@pytest.mark.parametrize("way", WAYS)
def test_half_read_from_another_folder_is_refused(
    tasksync: Tasksync, repo: Path, monkeypatch: pytest.MonkeyPatch, first: str, way: str
) -> None:
    folder, name = FIRST[first]
    monkeypatch.chdir(folder(repo))
    assert tasksync("apply", "-f", name(repo), "--yes").code == 0
    folder, name = WAYS[way]
    monkeypatch.chdir(folder(repo))
    refused = tasksync("apply", "-f", name(repo), "--yes")
    assert (refused.code, "b.yaml was read by the last apply" in refused.err) == (4, True), refused


@pytest.mark.parametrize("first", FIRST)
def test_what_was_deleted_with_its_file_goes(
    tasksync: Tasksync, repo: Path, monkeypatch: pytest.MonkeyPatch, first: str
) -> None:
    folder, name = FIRST[first]
    monkeypatch.chdir(folder(repo))
    assert tasksync("apply", "-f", name(repo), "--yes").code == 0
    (repo / "tasks" / "b.yaml").unlink()
    monkeypatch.chdir(repo)
    done = tasksync("apply", "-f", "tasks", "--yes")
    assert (done.code, "1 destroyed" in done.out) == (0, True), done


def test_half_read_in_a_checkout_elsewhere_is_refused(
    tasksync: Tasksync, repo: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The next job checks out into another folder, and the first is gone."""
    assert tasksync("apply", "-f", repo / "tasks", "--yes").code == 0
    moved = repo.parent / "elsewhere" / "deep"
    shutil.copytree(repo / "tasks", moved)
    shutil.rmtree(repo)
    monkeypatch.chdir(moved)
    assert tasksync("apply", "-f", "a.yaml", "--yes").code == 4
    assert tasksync("plan", "-f", ".", "--detailed-exitcode").code == 0


def test_a_state_of_before_that_knows_names_from_elsewhere_still_holds(
    tasksync: Tasksync, repo: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Earlier versions remembered files as they were named, relative to nobody knows what."""
    monkeypatch.chdir(repo)
    assert tasksync("apply", "-f", "tasks", "--yes").code == 0
    pulled = repo.parent / "pulled.json"
    told = tasksync("state", "pull", "-f", "tasks").out
    assert '"b.yaml"' in told
    for old in ("tasks/b.yaml", f"{repo}/tasks/b.yaml", "../tasks/b.yaml"):
        pulled.write_text(told.replace('"b.yaml"', f'"{old}"'), encoding="utf-8")
        assert tasksync("state", "push", pulled, "-f", "tasks", "--force").code == 0
        for folder in (repo, repo / "tasks", repo / "other"):
            monkeypatch.chdir(folder)
            name = os.path.relpath(repo / "tasks" / "a.yaml", folder)
            refused = tasksync("apply", "-f", name, "--yes")
            assert (refused.code, "b.yaml was read" in refused.err) == (4, True), (old, refused)
        monkeypatch.chdir(repo)


def test_a_project_document_that_moved_keeps_the_guard(
    tasksync: Tasksync, repo: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(repo)
    assert tasksync("apply", "-f", "tasks", "--yes").code == 0
    (repo / "tasks" / "a.yaml").rename(repo / "tasksync.yaml")
    (repo / "tasks" / "c.yaml").write_text(B.replace("b:", "c:"), encoding="utf-8")
    refused = tasksync("apply", "-f", "tasksync.yaml", "-f", "tasks/c.yaml", "--yes")
    assert (refused.code, "tasks/b.yaml was read" in refused.err) == (4, True), refused


def test_a_saved_plan_remembers_the_files_that_it_read(
    tasksync: Tasksync, repo: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(repo)
    assert tasksync("plan", "-f", "tasks", "--out", "p.json").code == 0
    monkeypatch.chdir(repo / "other")
    assert tasksync("apply", "../p.json").code == 0
    assert tasksync("apply", "-f", "../tasks/a.yaml", "--yes").code == 4


def test_places_are_shown_as_the_person_named_them(
    tasksync: Tasksync, repo: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(repo / "other")
    assert " ../tasks/b.yaml:4" in tasksync("plan", "-f", "../tasks").out
