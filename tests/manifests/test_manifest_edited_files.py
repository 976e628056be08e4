"""Files that are edited: all or none, in one piece, with the mode that they had."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from tasksync.errors import ManifestInvalid, SettingsError
from tasksync.manifests.editing.edited_files import edit_files, write_files
from tasksync.manifests.editing.edits import Edit

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
