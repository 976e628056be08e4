"""A folder given to -f is read, and nothing outside it."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING

import pytest

from tasksync.manifests.sources import PIPE_LIMIT, find

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
    assert [f"more than {PIPE_LIMIT >> 20} MiB" in one.what for one in problems] == [True]
