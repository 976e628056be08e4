"""One comment a project: found again among all others, written in place, nobody else's taken."""

from __future__ import annotations

from pathlib import Path

import pytest
from support.forges import GitLab
from support.publishing import Publishing


def test_the_first_push_writes_a_comment_and_the_second_writes_into_it(at: Publishing) -> None:
    first = at.publish(at.plan("First"))
    assert (first.code, len(at.bodies())) == (0, 1), first.err
    number = at.forge.comments(7)[0].number
    at.forge.push(7)
    second = at.publish(at.plan("Second"))
    assert second.code == 0, second.err
    (comment,) = at.forge.comments(7)
    assert comment.number == number
    assert "Second" in comment.body
    assert "First" not in comment.body
    assert at.forge.repository.pulls[7].head in comment.body.splitlines()[0]


def test_the_hidden_line_names_the_head_and_not_what_the_job_stands_on(at: Publishing) -> None:
    at.forge.push(7)
    assert at.publish(at.plan()).code == 0
    pull = at.forge.repository.pulls[7]
    first = at.bodies()[0].splitlines()[0]
    assert first.startswith("<!-- tasksync:")
    assert first.endswith("-->")
    assert pull.head in first
    assert pull.test_merge not in at.bodies()[0]


def test_another_plan_for_the_same_commit_is_told(at: Publishing) -> None:
    """What was approved before is not what stands there now, and no forge takes that back."""
    assert "Note:" not in at.publish(at.plan("First")).err
    again = at.publish(at.plan("Second"))
    assert (again.code, "has not seen this one" in again.err) == (0, True), again.err
    assert "Note:" not in at.publish(at.plan("Second")).err
    at.forge.push(7)
    assert "Note:" not in at.publish(at.plan("Third")).err


def test_what_is_published_already_is_left_as_it_is(at: Publishing) -> None:
    plan = at.plan()
    assert at.publish(plan).code == 0
    before = at.writes()
    again = at.publish(plan)
    assert (again.code, at.writes()) == (0, before), again.err


def test_a_comment_that_was_deleted_by_hand_is_written_again(at: Publishing) -> None:
    plan = at.plan()
    assert at.publish(plan).code == 0
    at.forge.delete_comment(at.forge.comments(7)[0].number)
    assert at.publish(plan).code == 0
    assert len(at.bodies()) == 1


def test_a_comment_that_is_deleted_while_it_is_written_is_written_again(at: Publishing) -> None:
    assert at.publish(at.plan("First")).code == 0
    number = at.forge.comments(7)[0].number
    at.forge.push(7)
    change = "PUT" if at.forge.name == "gitlab" else "PATCH"

    def deleted_first(_: object, go_on: object) -> object:
        at.forge.delete_comment(number)
        return go_on()  # type: ignore[operator]

    at.forge.trouble(deleted_first, change)  # type: ignore[arg-type]
    done = at.publish(at.plan("Second"))
    assert (done.code, len(at.bodies())) == (0, 1), done.err
    assert "Second" in at.bodies()[0]


def test_two_projects_in_one_pull_request_have_a_comment_each(at: Publishing) -> None:
    assert at.publish(at.plan("Sweep", "chores")).code == 0
    assert at.publish(at.plan("Sell", "shop")).code == 0
    at.forge.push(7)
    assert at.publish(at.plan("Mop", "chores")).code == 0
    assert at.publish(at.plan("Buy", "shop")).code == 0
    chores, shop = at.bodies()
    assert "Mop" in chores
    assert "Buy" in shop


def test_a_file_has_a_comment_for_each_name_and_none_of_a_plan(
    at: Publishing, tmp_path: Path
) -> None:
    report = tmp_path / "report.md"
    report.write_text("Drift: none\n", encoding="utf-8")
    assert at.publish(at.plan()).code == 0
    assert at.publish(report, "--name", "drift").code == 0
    assert at.publish(report, "--name", "chores").code == 0
    report.write_text("Drift: much\n", encoding="utf-8")
    assert at.publish(report, "--name", "drift").code == 0
    assert len(at.bodies()) == 3
    assert [("none" in one, "much" in one) for one in at.bodies()[1:]] == [
        (False, True),
        (True, False),
    ]


@pytest.mark.parametrize("who", ["other", "user"])
def test_a_forged_comment_by_somebody_else_is_not_written_into(at: Publishing, who: str) -> None:
    plan = at.plan("First")
    assert at.publish(plan).code == 0
    ours = at.forge.comments(7)[0]
    at.forge.delete_comment(ours.number)
    forged = at.forge.write_comment(7, who, ours.body)
    again = at.publish(plan)
    assert (again.code, f"by {forged.author.login} looks like this one" in again.err) == (0, True)
    first, second = at.forge.comments(7)
    assert (first.number, first.body) == (forged.number, ours.body)
    assert second.author == at.forge.tokens[at.usual].account


def test_whoever_has_a_new_token_is_told_whose_comment_stays(at: Publishing) -> None:
    """No token may write into another account's comment, and people might read that one."""
    first = at.publish(at.plan("First"))
    assert (first.code, "looks like" in first.err) == (0, False)
    before = at.forge.comments(7)[0]
    for title in ("Second", "Second"):
        done = at.publish(at.plan(title), who="user")
        assert (done.code, len(at.bodies())) == (0, 2)
        assert f"a comment by {before.author.login} looks like this one" in done.err
    assert at.forge.comments(7)[0].body == before.body
    assert at.publish(at.plan("Sell", "shop"), who="user").err.count("looks like") == 0


def test_a_hidden_line_counts_in_the_first_line_alone(at: Publishing) -> None:
    plan = at.plan("First")
    assert at.publish(plan).code == 0
    line = at.bodies()[0].splitlines()[0]
    at.forge.delete_comment(at.forge.comments(7)[0].number)
    texts = [f"About it:\n{line}\n", f"> {line}", f" {line}", f"\n{line}", f"{line} or so"]
    for text in texts:
        at.forge.write_comment(7, at.usual, text)
    assert at.publish(plan).code == 0
    assert at.bodies()[:-1] == texts
    assert len(at.bodies()) == len(texts) + 1


def test_a_line_of_the_forges_own_is_no_comment(on_gitlab: Publishing) -> None:
    at, forge = on_gitlab, on_gitlab.forge
    assert isinstance(forge, GitLab)
    plan = at.plan()
    assert at.publish(plan).code == 0
    ours = forge.comments(7)[0]
    forge.delete_comment(ours.number)
    forge.system_note(7, forge.tokens["project"].account, ours.body)
    assert at.publish(plan).code == 0
    assert len(at.bodies()) == 1


@pytest.mark.parametrize("place", [0, 250])
def test_our_comment_is_found_among_three_hundred(at: Publishing, place: int) -> None:
    plan = at.plan("First")
    for number in range(300):
        at.clock.time += 1
        if number == place:
            assert at.publish(plan).code == 0
        at.forge.write_comment(7, "other", f"talk {number}")
    assert len(at.bodies()) == 301
    at.forge.push(7)
    done = at.publish(at.plan("Second"))
    assert done.code == 0, done.err
    assert len(at.bodies()) == 301
    assert "Second" in at.bodies()[place]


def test_an_app_that_may_not_ask_who_it_is_has_one_comment_too(on_github: Publishing) -> None:
    at = on_github
    at.forge.write_comment(7, "job", "a comment of another workflow")
    for title in ("First", "Second", "Third"):
        done = at.publish(at.plan(title), who="app")
        assert done.code == 0, done.err
        at.forge.push(7)
    first, ours = at.bodies()
    assert first == "a comment of another workflow"
    assert "Third" in ours


def test_no_title_is_a_command_to_gitlab(on_gitlab: Publishing, tmp_path: Path) -> None:
    at, forge = on_gitlab, on_gitlab.forge
    assert isinstance(forge, GitLab)
    assert at.publish(at.plan("/close")).code == 0
    report = tmp_path / "report.md"
    report.write_text("Report\n/merge\n  /close\n\n```\ncode\n```\n/approve\n", encoding="utf-8")
    assert at.publish(report, "--name", "report").code == 0
    assert forge.quick_actions == []


def test_a_merged_results_pipeline_publishes_for_the_branch(on_gitlab: Publishing) -> None:
    at = on_gitlab
    done = at.publish(at.plan(), env=at.environment(merged_result=True))
    assert done.code == 0, done.err
    assert at.forge.repository.pulls[7].head in at.bodies()[0].splitlines()[0]


def test_the_step_summary_holds_the_plan(at: Publishing) -> None:
    env = at.environment()
    assert at.publish(at.plan("Wash up"), env=env).code == 0
    if at.forge.name != "gitlab":
        assert "Wash up" in Path(env["GITHUB_STEP_SUMMARY"]).read_text("utf-8")
