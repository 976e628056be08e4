"""A fleet's file that is at fault: no command starts anything, and no stream shows a secret."""

from __future__ import annotations

from pathlib import Path

import pytest
from command import Tasksync

CASES = sorted((Path(__file__).parents[1] / "broken_fleets").glob("*.yaml"))
PLANTED = ("hunter22", "vibe_api_0f7a91c2d4")


@pytest.mark.parametrize("case", CASES, ids=lambda case: case.stem)
def test_a_broken_fleet_is_told_by_the_command_without_its_secrets(
    case: Path, tmp_path: Path
) -> None:
    """With everything logged, too; and nothing is written."""
    tasksync = Tasksync(tmp_path)
    done = tasksync("fleet", "plan", case, TASKSYNC_LOG="TRACE")
    assert (done.code, done.out) == (1, "")
    assert done.err.splitlines()[-1].endswith("in the fleet's file.")
    assert [one for one in (*PLANTED, "Traceback") if one in done.err] == []
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize("command", ["plan", "validate", "status", "drift"])
def test_a_fleets_file_that_is_given_to_another_command_says_which_one_takes_it(
    command: str, tmp_path: Path
) -> None:
    file = tmp_path / "fleet.yaml"
    file.write_text(
        "apiVersion: tasksync/v1\nfleet: clients\nprojects: {acme: {path: a, key: vibe_api_1}}\n"
    )
    done = Tasksync(tmp_path)(command, "-f", file)
    assert done.code == 1
    assert f"tasksync fleet plan {file} plans all its projects" in done.err
    assert "vibe_api_1" not in done.out + done.err
