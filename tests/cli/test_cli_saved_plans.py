"""Saved plans: exactly what was approved, stale by themselves, resumed after any fault."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from command import Tasksync
from hand import by_hand, ids_of, world_of

from tasksync.sandbox.web.server import SandboxSettings, start

HEAD = "apiVersion: tasksync/v1\nproject: saved\ndefaults: {responsibleId: 1}\ntasks:\n"
BEFORE = HEAD + "".join(f"  t{n}: {{title: Task {n}, priority: normal}}\n" for n in range(6))
AFTER = (
    HEAD
    + "".join(f"  t{n}: {{title: Task {n}, priority: high}}\n" for n in range(4))
    + "  parent: {title: New parent}\n  child: {title: New child, parent: parent}\n"
    + "  t4: {title: Task 4, priority: normal}\n"
)


@pytest.fixture
def tasksync(tmp_path: Path) -> Tasksync:
    made = Tasksync.of(tmp_path, BEFORE)
    assert made("apply", "--yes").code == 0
    made.manifest(AFTER, "m.yaml")
    assert made("plan", "--out", tmp_path / "plan.json").code == 0
    return made


def test_a_saved_plan_is_done_without_asking_and_only_once(
    tasksync: Tasksync, tmp_path: Path
) -> None:
    done = tasksync("apply", tmp_path / "plan.json")
    assert (done.code, "2 added, 4 changed, 1 destroyed" in done.out) == (0, True)
    for words in (["apply", "plan"], ["apply", "--resume", "plan"]):
        again = tasksync(*[str(tmp_path / "plan.json") if w == "plan" else w for w in words])
        assert (again.code, "applied already" in again.err) == (5, True)
    assert "No changes." in tasksync("plan").out


def test_the_same_plan_has_the_same_digest_and_show_prints_what_plan_printed(
    tasksync: Tasksync, tmp_path: Path
) -> None:
    tasksync("plan", "--out", tmp_path / "again.json")
    first, again = (
        json.loads((tmp_path / name).read_text())["digest"] for name in ("plan.json", "again.json")
    )
    assert first == again
    planned = tasksync("plan").out.split("Symbols:")[1]
    assert tasksync("show", tmp_path / "plan.json").out.split("Symbols:")[1] == planned


def test_what_moved_is_stale_by_itself_and_named_before_anything_is_written(
    tasksync: Tasksync, tmp_path: Path
) -> None:
    ids = ids_of(tasksync)
    by_hand(tmp_path, "PATCH", f"tasks/{ids['t1']}", {"priority": 0})
    stale = tasksync("apply", tmp_path / "plan.json")
    assert stale.code == 5
    assert "t1: priority" in stale.err
    assert "t2" not in stale.err
    assert "New parent" not in {row["title"] for row in world_of(tmp_path)}
    rest = tasksync("apply", tmp_path / "plan.json", "--skip-stale")
    assert rest.code == 3
    assert "Apply incomplete. Tasks: 2 added, 3 changed, 1 destroyed." in rest.out
    assert "1 stale change was left out." in rest.out


def test_a_stale_change_that_is_left_out_is_counted_in_the_json_too(
    tasksync: Tasksync, tmp_path: Path
) -> None:
    by_hand(tmp_path, "PATCH", f"tasks/{ids_of(tasksync)['t1']}", {"priority": 0})
    rest = tasksync("apply", tmp_path / "plan.json", "--skip-stale", "--json")
    end = json.loads(rest.out.splitlines()[-1])
    assert (rest.code, end["type"], end["changes"]["stale"]) == (3, "change_summary", 1)
    assert end["@message"].startswith("Apply incomplete. Tasks: 2 added, 3 changed, 1 destroyed.")
    assert end["@message"].endswith("1 stale change was left out.")


def test_an_entry_that_another_apply_moved_makes_its_change_stale(
    tasksync: Tasksync, tmp_path: Path
) -> None:
    tasksync.manifest(
        BEFORE.replace("t1: {title: Task 1, priority: normal", "t1: {title: Moved"), "m.yaml"
    )
    assert tasksync("apply", "--yes").code == 0
    stale = tasksync("apply", tmp_path / "plan.json")
    assert (stale.code, "t1" in stale.err) == (5, True)


def test_a_newer_serial_alone_refuses_nothing(tasksync: Tasksync, tmp_path: Path) -> None:
    other = BEFORE + "  other: {title: Another}\n"
    tasksync.manifest(other, "m.yaml")
    assert tasksync("apply", "--yes").code == 0
    assert tasksync("apply", tmp_path / "plan.json").code == 0


def test_a_plan_changed_by_hand_is_refused(tasksync: Tasksync, tmp_path: Path) -> None:
    plan = tmp_path / "plan.json"
    plan.write_text(plan.read_text().replace("New child", "Nude child"))
    done = tasksync("apply", plan)
    assert done.code == 1
    assert "digest" in done.err


def test_a_plan_of_another_portal_is_refused(tasksync: Tasksync, tmp_path: Path) -> None:
    with start(SandboxSettings(port=0, limits="none", portal="other.example")) as other:
        done = tasksync(
            "apply",
            tmp_path / "plan.json",
            TASKSYNC_PORTAL=other.url,
            TASKSYNC_API_KEY="vibe_api_sandbox",
            TASKSYNC_STATE=f"sqlite:{tmp_path / 'fresh.db'}",
        )
    assert done.code == 1
    assert "made for the portal sandbox.bitrix24.example, and this is other.example" in done.err


def test_guards_hold_a_saved_plan_too(tasksync: Tasksync, tmp_path: Path) -> None:
    ids = ids_of(tasksync)
    comment = {"author": 7, "message": "Wait"}
    by_hand(tmp_path, "POST", f"tasks/{ids['t5']}/comments", comment)
    tasksync("plan", "--out", tmp_path / "plan.json")
    done = tasksync("apply", tmp_path / "plan.json")
    assert (done.code, "People worked on" in done.err) == (4, True)


def test_a_comment_that_came_after_the_plan_makes_its_delete_stale(
    tasksync: Tasksync, tmp_path: Path
) -> None:
    ids = ids_of(tasksync)
    by_hand(tmp_path, "POST", f"tasks/{ids['t5']}/comments", {"author": 7, "message": "Wait"})
    for flags in ((), ("--dangerous-delete-active",)):
        done = tasksync("apply", tmp_path / "plan.json", *flags)
        assert (done.code, "t5: activity: the plan saw 0 comments" in done.err) == (5, True)
    left = tasksync("apply", tmp_path / "plan.json", "--skip-stale")
    assert left.code == 3
    assert ids_of(tasksync)["t5"] == ids["t5"]


@pytest.mark.parametrize("budget", range(1, 12))
def test_a_plan_cut_short_anywhere_is_resumed_to_exactly_what_was_approved(
    tasksync: Tasksync, tmp_path: Path, budget: int
) -> None:
    plan = tmp_path / "plan.json"
    first = tasksync("apply", plan, "--max-requests", budget and str(budget))
    assert first.code in {0, 3}, first
    if first.code == 3:
        again = tasksync("apply", plan)
        assert again.code == 5, again
        assert "--resume" in again.err
        rest = tasksync("apply", "--resume", plan)
        assert rest.code == 0, rest
    titles = [row["title"] for row in world_of(tmp_path)]
    assert sorted(titles) == [
        "New child",
        "New parent",
        "Task 0",
        "Task 1",
        "Task 2",
        "Task 3",
        "Task 4",
    ]
    assert "No changes." in tasksync("plan").out


def test_target_and_exclude_choose_keys_and_take_their_parents_too(tasksync: Tasksync) -> None:
    shown = tasksync("plan", "--target", "child").out
    assert "Plan: 2 to add, 0 to change, 0 to destroy." in shown
    shown = tasksync("plan", "--exclude", "parent").out
    assert "Plan: 0 to add, 4 to change, 1 to destroy." in shown
    shown = tasksync("plan", "--target", "t[01]").out
    assert "Plan: 0 to add, 2 to change, 0 to destroy." in shown


def test_the_same_change_may_be_saved_and_applied_again_later(
    tasksync: Tasksync, tmp_path: Path
) -> None:
    """Drift that comes back is put right each time; an old file is still only done once."""
    assert tasksync("apply", tmp_path / "plan.json").code == 0
    for number in range(3):
        file = tmp_path / f"drift{number}.json"
        by_hand(tmp_path, "PATCH", f"tasks/{ids_of(tasksync)['t4']}", {"priority": 0})
        assert tasksync("plan", "--out", file).code == 0
        assert tasksync("apply", file).code == 0, number
        assert tasksync("plan", "--detailed-exitcode").code == 0
        assert "applied already" in tasksync("apply", file).err


def test_a_plan_whose_stale_part_was_left_out_is_not_applied_whole(
    tasksync: Tasksync, tmp_path: Path
) -> None:
    by_hand(tmp_path, "PATCH", f"tasks/{ids_of(tasksync)['t0']}", {"priority": 0})
    left = tasksync("apply", tmp_path / "plan.json", "--skip-stale")
    assert left.code == 3
    again = tasksync("apply", tmp_path / "plan.json")
    assert (again.code, "applied in part" in again.err) == (5, True)


@pytest.mark.parametrize("command", ["show", "apply"])
def test_what_is_no_plan_is_named_with_what_to_do(
    tasksync: Tasksync, tmp_path: Path, command: str
) -> None:
    (tmp_path / "words.txt").write_text("some words")
    done = tasksync(command, tmp_path / "words.txt")
    assert done.code == 1
    assert f"{tmp_path / 'words.txt'}: this is not a plan of tasksync: it is no JSON." in done.err
    assert "Make one: tasksync plan --out FILE." in done.err


def test_a_manifest_that_is_to_be_shown_is_to_be_planned(
    tasksync: Tasksync, tmp_path: Path
) -> None:
    (tmp_path / "some.yaml").write_text("apiVersion: tasksync/v1")
    done = tasksync("show", tmp_path / "some.yaml")
    assert f"A manifest is planned: tasksync plan -f {tmp_path / 'some.yaml'}" in done.err
