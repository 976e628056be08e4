"""The example of a release train shows what tasksync prints today."""

from __future__ import annotations

import re
from pathlib import Path

from shown_plans import Shown

HERE = Shown("release-train")
BEFORE, AFTER = "ships: train + 6w", "ships: train + 7w"


def test_the_plan_of_a_release_that_slips_is_the_one_that_is_shown(tmp_path: Path) -> None:
    """One row: the tasks of one release, and no other."""
    HERE.shows(tmp_path, BEFORE, AFTER)


def test_a_train_that_slips_moves_all_releases_and_is_held_back(tmp_path: Path) -> None:
    """The guard of the README, word for word, and the flag that it names."""
    tasksync = HERE.applied(tmp_path)
    HERE.edit(tmp_path, "train: 2028-03-07T12:00", "train: 2028-03-14T12:00")
    told = tasksync("plan")
    (refused,) = re.findall(r"^Refused: .*?\.$", told.out, re.MULTILINE | re.DOTALL)
    assert told.code == 4
    assert f"\n{refused}\n" in HERE.readme
    assert "~ fair" not in told.out
    assert "--max-update 19" in HERE.readme
    assert tasksync("apply", "--yes", "--max-update", "19").code == 0
    assert "No changes." in tasksync("plan").out


def test_another_release_is_one_row(tmp_path: Path) -> None:
    """The row of the README makes a release beside the others."""
    tasksync = HERE.applied(tmp_path)
    (row,) = (line for line in HERE.readme.splitlines() if "key: r2028.4" in line)
    text = HERE.text()
    tasks = text.index("tasks:\n  fair")
    path = tmp_path / HERE.name / "tasksync.yaml"
    path.write_text(f"{text[:tasks]}{row}\n{text[tasks:]}", encoding="utf-8")
    assert "Plan: 6 to add, 0 to change, 0 to destroy." in tasksync("plan").out


def test_a_renamed_row_is_the_move_of_the_readme(tmp_path: Path) -> None:
    """Though its release is protected: nothing is removed."""
    tasksync = HERE.applied(tmp_path)
    (moved,) = re.findall(r"`(moved: \[.*\])`", HERE.readme)
    HERE.edit(tmp_path, "key: r2028.3,", "key: r2028.summer,")
    path = tmp_path / HERE.name / "tasksync.yaml"
    path.write_text(f"{path.read_text(encoding='utf-8')}{moved}\n", encoding="utf-8")
    told = tasksync("plan").out
    assert "r2028.3/guide has moved to r2028.summer/guide" in told
    assert "No changes." in told
    assert tasksync("apply", "--yes").code == 0
    assert "r2028.3/" not in tasksync("state", "list").out
