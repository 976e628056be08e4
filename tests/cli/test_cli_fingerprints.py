"""The state comes to know the text of every task, whatever way it was applied."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from command import Tasksync
from hand import ids_of

HEAD = "apiVersion: tasksync/v1\nproject: known\ndefaults: {responsibleId: 1}\ntasks:\n"
TEXT = (
    HEAD
    + '  a:\n    title: " First "\n    status: new\n'
    + "  b:\n    title: Second\n    parent: a\n"
    + "  c:\n    title: Third\n    protect: true\n"
)


@pytest.fixture
def tasksync(tmp_path: Path) -> Tasksync:
    return Tasksync.of(tmp_path, TEXT)


def known(tasksync: Tasksync) -> set[str]:
    state = json.loads(tasksync("state", "pull").out)
    return {key for key, entry in state["entries"].items() if "block" in entry}


def test_after_an_apply_nothing_is_parsed_until_it_is_edited(
    tasksync: Tasksync, parsed: list[str]
) -> None:
    """Also where the portal makes something else of what was asked."""
    assert tasksync("apply", "--yes").code == 0
    assert known(tasksync) == {"a", "b", "c"}
    parsed.clear()
    assert tasksync("plan", "--detailed-exitcode").code == 0
    assert tasksync("plan", "--detailed-exitcode", "--no-refresh").code == 0
    assert not parsed
    tasksync.manifest(TEXT.replace("Second", "Other"), "m.yaml")
    assert "1 to change" in tasksync("plan").out
    assert parsed == ["b"]
    assert tasksync("apply", "--yes").code == 0
    parsed.clear()
    assert tasksync("plan", "--detailed-exitcode").code == 0
    tasksync.manifest(TEXT, "m.yaml")
    assert "1 to change" in tasksync("plan").out
    assert parsed == ["b"]


def test_a_saved_plan_carries_the_text_that_it_was_made_from(
    tasksync: Tasksync, parsed: list[str], tmp_path: Path
) -> None:
    """Another text that lies there when it is applied is not taken for it."""
    file = tmp_path / "plan.json"
    assert tasksync("plan", "--out", file).code == 0
    tasksync.manifest(TEXT.replace("Second", "Later"), "m.yaml")
    assert tasksync("apply", file).code == 0
    assert known(tasksync) == {"a", "b", "c"}
    parsed.clear()
    assert "1 to change" in tasksync("plan").out
    assert parsed == ["b"]


def test_what_was_adopted_or_only_reworded_becomes_known_beside_another_change(
    tasksync: Tasksync, parsed: list[str], tmp_path: Path
) -> None:
    assert tasksync("apply", "--yes").code == 0
    ids = ids_of(tasksync)
    (tmp_path / "state.db").unlink()
    reworded = TEXT.replace("title: Third", "title:   Third  # the same")
    tasksync.manifest(reworded, "m.yaml")
    assert tasksync("apply", "--yes").code == 0
    assert (ids_of(tasksync), known(tasksync)) == (ids, {"a", "b", "c"})
    tasksync.manifest(reworded.replace("Third  # the same", "Third"), "m.yaml")
    assert "No changes." in tasksync("apply", "--yes").out
    parsed.clear()
    tasksync("plan")
    assert parsed == ["c"]
    tasksync.manifest(TEXT.replace("Second", "Other"), "m.yaml")
    assert tasksync("apply", "--yes").code == 0
    parsed.clear()
    assert tasksync("plan", "--detailed-exitcode").code == 0
    assert not parsed


def test_what_target_left_out_is_not_known_by_its_new_text(tasksync: Tasksync) -> None:
    assert tasksync("apply", "--yes").code == 0
    tasksync.manifest(TEXT.replace("Second", "2nd").replace("Third", "3rd"), "m.yaml")
    assert tasksync("apply", "--yes", "--target", "c").code == 0
    for more in ([], ["--no-refresh"]):
        assert "1 to change" in tasksync("plan", *more).out


DATED = TEXT.replace("defaults:", "timezone: UTC\ndates: {go: 2026-05-19T18:00}\ndefaults:")


def test_words_that_came_to_the_same_are_remembered_beside_another_change(
    tasksync: Tasksync,
) -> None:
    """Later they say why what hangs on them moved."""
    tasksync.manifest(DATED + "    deadline: 2026-05-19T18:00\n", "m.yaml")
    assert tasksync("apply", "--yes").code == 0
    worded = DATED + "    deadline: go\n"
    tasksync.manifest(worded, "m.yaml")
    assert "No changes." in tasksync("plan").out
    tasksync.manifest(worded.replace("Second", "Other"), "m.yaml")
    assert "1 changed" in tasksync("apply", "--yes").out
    assert "2026-05-19T18:00:00+00:00 (go)" in tasksync("state", "show", "c").out
    tasksync.manifest(worded.replace("Second", "Other").replace("05-19", "05-20"), "m.yaml")
    assert "(go was 2026-05-19 18:00)" in tasksync("plan").words
    plain = DATED.replace("Second", "Third one") + "    deadline: 2026-05-19T18:00\n"
    tasksync.manifest(plain, "m.yaml")
    assert "1 changed" in tasksync("apply", "--yes").out
    assert "2026-05-19T18:00:00+00:00\n" in tasksync("state", "show", "c").out
