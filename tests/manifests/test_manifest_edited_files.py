"""Files that are edited: all or none, in one piece, with the mode that they had."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from tasksync.errors import ManifestInvalid, SettingsError
from tasksync.manifests.editing import edited_files
from tasksync.manifests.editing.edited_files import edit_files, write_files
from tasksync.manifests.editing.edits import Edit
from tasksync.manifests.writing import write_atomically

TEXT = "apiVersion: tasksync/v1\ntasks:\n  {key}:\n    title: T\n"


def two_files(folder: Path) -> dict[str, list[Edit]]:
    """Write two manifests and return an edit of each."""
    edits = {}
    for key in ("a", "b"):
        path = folder / f"{key}.yaml"
        path.write_text(TEXT.format(key=key), encoding="utf-8")
        edits[str(path)] = [Edit(("tasks", key, "adopt"), {"id": 7})]
    return edits


def test_both_are_written_with_their_modes(tmp_path: Path) -> None:
    edits = two_files(tmp_path)
    (tmp_path / "a.yaml").chmod(0o640)
    files = edit_files(edits)
    assert (tmp_path / "a.yaml").read_text(encoding="utf-8") == TEXT.format(key="a")
    write_files(files)
    for key in ("a", "b"):
        expected = TEXT.format(key=key) + "    adopt: {id: 7}\n"
        assert (tmp_path / f"{key}.yaml").read_text(encoding="utf-8") == expected
    assert (tmp_path / "a.yaml").stat().st_mode & 0o777 == 0o640
    assert sorted(os.listdir(tmp_path)) == ["a.yaml", "b.yaml"]  # noqa: PTH208 - hidden ones too


@pytest.mark.parametrize("changed", ["a.yaml", "b.yaml"])
def test_none_is_written_when_one_changed_meanwhile(tmp_path: Path, changed: str) -> None:
    files = edit_files(two_files(tmp_path))
    (tmp_path / changed).write_text("another: text\n", encoding="utf-8")
    before = {path.name: path.read_bytes() for path in tmp_path.iterdir()}
    with pytest.raises(SettingsError, match=f"{changed} changed while this ran"):
        write_files(files)
    assert {path.name: path.read_bytes() for path in tmp_path.iterdir()} == before


def test_a_file_that_is_gone_meanwhile_is_not_made_again(tmp_path: Path) -> None:
    files = edit_files(two_files(tmp_path))
    (tmp_path / "b.yaml").unlink()
    with pytest.raises(SettingsError, match="nothing was written"):
        write_files(files)
    assert [path.name for path in tmp_path.iterdir()] == ["a.yaml"]


def test_all_files_that_cannot_be_read_are_named(tmp_path: Path) -> None:
    edits = two_files(tmp_path)
    for path in tmp_path.iterdir():
        path.write_text("a: [", encoding="utf-8")
    with pytest.raises(ManifestInvalid) as told:
        edit_files(edits)
    assert len(told.value.problems) == len(edits)


def test_a_link_stays_one(tmp_path: Path) -> None:
    edits = two_files(tmp_path)
    (tmp_path / "real").mkdir()
    real = (tmp_path / "a.yaml").rename(tmp_path / "real" / "a.yaml")
    (tmp_path / "a.yaml").symlink_to(real)
    write_files(edit_files(edits))
    assert (tmp_path / "a.yaml").is_symlink()
    assert b"adopt" in real.read_bytes()


@pytest.mark.parametrize("locked", ["a.yaml", "b.yaml"])
def test_none_is_written_when_one_is_read_only(tmp_path: Path, locked: str) -> None:
    """A folder lets a file be replaced that its mode lets nobody write, root included."""
    files = edit_files(two_files(tmp_path))
    (tmp_path / locked).chmod(0o444)
    before = {path.name: path.read_bytes() for path in tmp_path.iterdir()}
    with pytest.raises(SettingsError, match=f"{locked} is read-only: nothing was written"):
        write_files(files)
    assert {path.name: path.read_bytes() for path in tmp_path.iterdir()} == before


@pytest.mark.parametrize("stops", [KeyboardInterrupt(), SettingsError("The disk is full.")])
def test_what_is_written_already_is_named_when_the_second_file_is_not(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, stops: BaseException
) -> None:
    """Ctrl-C between two files must not say that nothing was being written."""

    def writes(name: str, after: bytes, before: bytes) -> None:
        if name.endswith("b.yaml"):
            raise stops
        write_atomically(name, after, before)

    files = edit_files(two_files(tmp_path))
    monkeypatch.setattr(edited_files, "write_atomically", writes)
    with pytest.raises(type(stops), match=r"Written already: \S*a\.yaml\.") as told:
        write_files(files)
    assert "b.yaml" not in str(told.value)
    assert b"adopt" in (tmp_path / "a.yaml").read_bytes()


def test_a_file_keeps_its_owner(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A container's root writes files that are of somebody outside, who edits them after."""
    given: list[tuple[int, int]] = []
    monkeypatch.setattr(os, "fchown", lambda _handle, *owner: given.append(owner))
    edits = two_files(tmp_path)
    write_files(edit_files(edits))
    there = (tmp_path / "a.yaml").stat()
    assert given == [(there.st_uid, there.st_gid)] * len(edits)
