"""The example of a replaced person shows what tasksync prints today."""

from __future__ import annotations

import re
from pathlib import Path

from command import Tasksync

HERE = Path(__file__).parents[2] / "examples" / "replaced-person"
README = (HERE / "README.md").read_text(encoding="utf-8")
BEFORE, AFTER = "hr-lead: petrova@example.com", "hr-lead: grace@example.com"


def changes_in(text: str) -> str:
    """Return a plan from its first change to the line that counts them."""
    found = re.search(r"^  ~ .*^Plan: [^.]*\.", text, re.MULTILINE | re.DOTALL)
    assert found is not None, text
    return re.sub(r"  \S*tasksync\.yaml:", "  tasksync.yaml:", found[0])


def test_the_plan_of_a_replaced_person_is_the_one_that_is_shown(tmp_path: Path) -> None:
    """Twelve tasks, one line: word for word, but for the file's name."""
    text = (HERE / "tasksync.yaml").read_text(encoding="utf-8")
    tasksync = Tasksync.of(tmp_path, text)
    assert "12 added" in tasksync("apply", "--yes").out
    assert text.count(BEFORE) == 1
    (tmp_path / "m.yaml").write_text(text.replace(BEFORE, AFTER), encoding="utf-8")
    done = tasksync("plan")
    assert changes_in(done.out.replace("m.yaml", "tasksync.yaml")) == changes_in(README)
    assert tasksync("apply", "--yes").code == 0
    assert "No changes." in tasksync("plan").out
