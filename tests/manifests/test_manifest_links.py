"""A folder given to -f is read, and nothing outside it."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING

import pytest

from tasksync import file_limits
from tasksync.manifests import files
from tasksync.manifests.files import PIPE_LIMIT, find

if TYPE_CHECKING:
    from pathlib import Path


def test_links_out_of_the_folder_are_named_and_not_followed(tmp_path: Path) -> None:
    (tmp_path / "key.txt").write_text("TOPSECRET\n")
    (tmp_path / "other").mkdir()
    (tmp_path / "other" / "o.yaml").write_text("TOPSECRET\n")
    folder = tmp_path / "m"
    folder.mkdir()
    (folder / "a.yaml").write_text("tasks: {}\n")
    (folder / "inner.yaml").symlink_to("a.yaml")
    (folder / "key.yaml").symlink_to("../key.txt")
    (folder / "sub").symlink_to("../other")
    found, problems = find([str(folder)])
    assert [source.name for source in found] == [str(folder / "a.yaml")]
    told = [str(problem) for problem in problems]
    assert [line.split(",")[0] for line in told] == [
        f"{folder}/key.yaml: this link leads out of the folder",
        f"{folder}/sub: this link leads out of the folder",
    ]
    assert f"to {tmp_path}/key.txt" in told[0]
    assert "TOPSECRET" not in "".join(told)


def test_a_pipe_in_a_folder_is_named_and_not_opened(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "f.yaml")
    (tmp_path / "a.yaml").write_text("tasks: {}\n")
    _found, problems = find([str(tmp_path)])
    assert [problem.what for problem in problems] == ["this is no regular file"]


@pytest.mark.skipif(not os.path.exists("/dev/zero"), reason="no /dev/zero")  # noqa: PTH110
def test_what_never_ends_is_one_problem() -> None:
    found, problems = find(["/dev/zero"])
    assert not found
    assert [f"longer than {PIPE_LIMIT >> 20} MiB" in one.what for one in problems] == [True]


def test_a_pipe_into_which_nobody_writes_is_given_up(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Opening it waited for a writer, for ever."""
    monkeypatch.setattr(file_limits, "SILENCE", 0.05)
    os.mkfifo(tmp_path / "pipe")
    found, problems = find([str(tmp_path / "pipe")])
    assert not found
    assert "nobody wrote for" in problems[0].what


def test_a_pipe_that_never_ends_is_given_up(monkeypatch: pytest.MonkeyPatch) -> None:
    """Never silent for long, and never done."""
    monkeypatch.setattr(file_limits, "WHOLE", -1.0)
    reading, writing = os.pipe()
    os.write(writing, b"tasks: {}\n")
    found, problems = find([f"/dev/fd/{reading}"])
    os.close(reading)
    os.close(writing)
    assert not found
    assert "did not end within" in problems[0].what


def test_a_file_that_is_too_long_is_not_read(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Its length is known before its first byte is."""
    (tmp_path / "long.yaml").write_text("tasks: {}\n")
    monkeypatch.setattr(files, "SIZE_LIMIT", 5)
    monkeypatch.setattr(files, "look", lambda _source: pytest.fail("it was read"))
    found, problems = find([str(tmp_path / "long.yaml")])
    assert not found
    assert problems[0].what.startswith("the file has more than")
