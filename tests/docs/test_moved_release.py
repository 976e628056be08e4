"""The example of a moved release shows what tasksync prints today."""

from __future__ import annotations

import re
from pathlib import Path

from command import Tasksync

HERE = Path(__file__).parents[2] / "examples" / "moved-release"
README = (HERE / "README.md").read_text(encoding="utf-8")
FRONT = (HERE.parents[1] / "README.md").read_text(encoding="utf-8")
BEFORE, AFTER = "release: 2026-10-01T10:00 ", "release: 2026-10-08T10:00 "


def changes_in(text: str) -> str:
    """Return a plan from its first change to the line that counts them."""
    found = re.search(r"^  ~ .*^Plan: [^.]*\.", text, re.MULTILINE | re.DOTALL)
    assert found is not None, text
    return re.sub(r"  \S*tasksync\.yaml:", "  tasksync.yaml:", found[0])


def moved(tmp_path: Path) -> Tasksync:
    """Return the example after its apply, with the release moved by a week: one line."""
    text = (HERE / "tasksync.yaml").read_text(encoding="utf-8")
    tasksync = Tasksync.of(tmp_path, text)
    assert tasksync("apply", "--yes").code == 0
    assert text.count(BEFORE) == 1
    (tmp_path / "m.yaml").write_text(text.replace(BEFORE, AFTER), encoding="utf-8")
    return tasksync


def test_the_plan_of_a_moved_release_is_the_one_that_is_shown(tmp_path: Path) -> None:
    """Word for word, but for the file's name."""
    done = moved(tmp_path)("plan")
    assert changes_in(done.out.replace("m.yaml", "tasksync.yaml")) == changes_in(README)
    (shown,) = re.findall(r"^      deadline .* -> .*\(freeze - 2wd.*$", FRONT, re.MULTILINE)
    assert shown in README.split("\n")


def test_a_moved_release_says_why_in_every_format_and_in_a_saved_plan(tmp_path: Path) -> None:
    """What was written stands beside the instant, with what it came to before."""
    tasksync, why = moved(tmp_path), "freeze - 2wd at 12:00 was 2026-09-14T12:00:00+02:00"
    for form in ("text", "json", "markdown", "html"):
        told = tasksync("plan", "--format", form).out
        assert why in told, form
        assert "2026-09-22T12:00:00+02:00" in told, form
    plan = tmp_path / "plan.json"
    assert tasksync("plan", "--out", plan).code == 0
    assert why in tasksync("show", plan).out
    assert tasksync("apply", plan).code == 0
    assert (
        "2026-09-22T12:00:00+02:00 (freeze - 2wd at 12:00)"
        in tasksync("state", "show", "freeze").out
    )
    again = tasksync("plan", "--detailed-exitcode")
    assert (again.code, "No changes." in again.out) == (0, True)
