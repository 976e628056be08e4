"""The example of a replaced person shows what tasksync prints today."""

from __future__ import annotations

from pathlib import Path

from shown_plans import Shown, changes_in

HERE = Shown("replaced-person")
BEFORE, AFTER = "hr-lead: petrova@example.com", "hr-lead: grace@example.com"


def test_the_plan_of_a_replaced_person_is_the_one_that_is_shown(tmp_path: Path) -> None:
    """Twelve tasks, one line: word for word, but for the file's name."""
    tasksync = HERE.applied(tmp_path)
    assert len(tasksync("state", "list").out.splitlines()) == 12
    HERE.edit(tmp_path, BEFORE, AFTER)
    assert HERE.planned(tmp_path, tasksync) == changes_in(HERE.readme)
    assert tasksync("apply", "--yes").code == 0
    assert "No changes." in tasksync("plan").out
