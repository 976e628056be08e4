"""The example of a moved release shows what tasksync prints today."""

from __future__ import annotations

import re
from pathlib import Path

from command import Tasksync
from shown_plans import EXAMPLES, Shown, changes_in

HERE = Shown("moved-release")
FRONT = (EXAMPLES.parent / "docs" / "reference" / "manifest.md").read_text(encoding="utf-8")
BEFORE, AFTER = "release: 2028-10-05T10:00 ", "release: 2028-10-12T10:00 "


def moved(tmp_path: Path) -> Tasksync:
    """Return the example after its apply, with the release moved by a week: one line."""
    tasksync = HERE.applied(tmp_path)
    HERE.edit(tmp_path, BEFORE, AFTER)
    return tasksync


def test_the_plan_of_a_moved_release_is_the_one_that_is_shown(tmp_path: Path) -> None:
    """Word for word, but for the file's name."""
    assert HERE.planned(tmp_path, moved(tmp_path)) == changes_in(HERE.readme)
    (shown,) = re.findall(r"^  ~ freeze .*?(?=^```$)", FRONT, re.MULTILINE | re.DOTALL)
    assert shown in HERE.readme


def test_a_moved_release_says_why_in_every_format_and_in_a_saved_plan(tmp_path: Path) -> None:
    """What was written stands beside the instant, with what it came to before."""
    tasksync, why = moved(tmp_path), "freeze - 2wd at 12:00 was 2028-09-18T12:00:00+02:00"
    for form in ("json", "markdown", "html"):
        told = tasksync("plan", "--format", form).out
        assert why in told, form
        assert "2028-09-26T12:00:00+02:00" in told, form
    why = "freeze - 2wd at 12:00 was 2028-09-18 12:00"  # all are of one zone, which is told once
    told = tasksync("plan").out
    for words in (why, "2028-09-26 12:00", "Dates are in Europe/Berlin."):
        assert words in told
    plan = tmp_path / "plan.json"
    assert tasksync("plan", "--out", plan).code == 0
    assert why in tasksync("show", plan).out
    assert tasksync("apply", plan).code == 0
    assert (
        "2028-09-26T12:00:00+02:00 (freeze - 2wd at 12:00)"
        in tasksync("state", "show", "freeze").out
    )
    again = tasksync("plan", "--detailed-exitcode")
    assert (again.code, "No changes." in again.out) == (0, True)
