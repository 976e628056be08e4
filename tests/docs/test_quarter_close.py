"""The example of a year of closings shows what tasksync prints today."""

from __future__ import annotations

from pathlib import Path

from shown_plans import Shown

HERE = Shown("quarter-close")
BEFORE, AFTER = "deadline: end of ${quarter} + 5wd", "deadline: end of ${quarter} + 4wd"


def test_the_plan_of_an_earlier_report_is_the_one_that_is_shown(tmp_path: Path) -> None:
    """One line: a task of each closing."""
    HERE.shows(tmp_path, BEFORE, AFTER)


def test_a_year_of_closings_is_forty_lines(tmp_path: Path) -> None:
    """Written out it is what the README counts, and asks for the same."""
    tasksync = HERE.applied(tmp_path)
    written = HERE.text().splitlines()
    expanded = tasksync("validate", "--expand").out
    tasks = len(tasksync("state", "list").out.splitlines())
    assert len(written) <= 40
    told = f"{len(written)} lines for {tasks} tasks, which are {len(expanded.splitlines())} lines"
    assert told in HERE.readme
    (tmp_path / "all.yaml").write_text(expanded, encoding="utf-8")
    again = tasksync("plan", "--detailed-exitcode", TASKSYNC_FILE=str(tmp_path / "all.yaml"))
    assert again.code == 0, again


def test_another_year_of_closings_is_a_longer_range(tmp_path: Path) -> None:
    """The closings that were keep their keys."""
    tasksync = HERE.applied(tmp_path)
    assert "`2028-Q1..2029-Q4`" in HERE.readme
    HERE.edit(tmp_path, "2028-Q1..2028-Q4", "2028-Q1..2029-Q4")
    assert "Plan: 16 to add, 0 to change, 0 to destroy." in tasksync("plan").out
