"""What a forge refuses: rights, forks, lengths, names; each told with what to do next."""

from __future__ import annotations

from pathlib import Path

import pytest
from support.forges import FORGES, troubles
from support.publishing import TOKEN, HandedClock, Publishing

#: the token of a job of a fork's pull request: it may read, and write nothing
FORK = {"github": "fork-job", "gitea": "fork-job", "gitlab": None}
#: servers whose root is not that of their host
SUBPATHS = [("gitlab", "/gitlab"), ("gitea", "/git/tea")]


def test_a_fork_without_rights_is_refused_with_7_and_by_optional_let_pass(at: Publishing) -> None:
    at.forge.repository.pulls[7].fork = "fiona/tasks"
    plan, who = at.plan(), FORK[at.forge.name]
    refused = at.publish(plan, who=who)
    assert (refused.code, at.bodies()) == (7, [])
    passed = at.publish(plan, "--optional", who=who)
    assert (passed.code, at.bodies()) == (0, [])
    assert "Note:" in passed.err


def test_a_fork_with_rights_is_published_on_the_pull_request_it_is_for(at: Publishing) -> None:
    at.forge.repository.pulls[7].fork = "fiona/tasks"
    done = at.publish(at.plan())
    assert (done.code, len(at.bodies())) == (0, 1), done.err


def test_a_job_token_of_gitlab_is_refused_by_name(on_gitlab: Publishing) -> None:
    at = on_gitlab
    job = at.forge.tokens["job"].secret
    done = at.publish(at.plan(), env={**at.environment(None), "GITLAB_TOKEN": job})
    assert done.code == 7
    assert "CI_JOB_TOKEN" in done.err


@pytest.mark.parametrize("optional", [True, False])
def test_without_a_token_nothing_is_asked(at: Publishing, *, optional: bool) -> None:
    done = at.publish(at.plan(), *["--optional"] * optional, env=at.environment(None))
    assert done.code == (0 if optional else 7)
    assert at.forge.requests == []
    assert TOKEN[at.forge.name] in done.err


def test_a_token_that_nobody_knows_is_refused_with_7(at: Publishing) -> None:
    env = {**at.environment(), TOKEN[at.forge.name]: "ghs_revoked0123456789"}
    done = at.publish(at.plan(), env=env)
    assert (done.code, at.bodies()) == (7, [])


def test_a_stranger_is_told_that_it_may_be_the_token(at: Publishing) -> None:
    done = at.publish(at.plan(), who="stranger")
    assert (done.code, at.bodies()) == (7, [])
    assert "token" in done.err


def test_a_token_that_may_read_alone_is_refused_with_7(at: Publishing) -> None:
    if at.forge.name == "github":  # there anyone who sees a conversation may write in it
        at.forge.repository.pulls[7].locked = True
    done = at.publish(at.plan(), who="reader")
    assert (done.code, at.bodies()) == (7, [])


def test_a_token_of_gitea_without_read_user_says_so_or_has_one_comment(
    on_gitea: Publishing,
) -> None:
    at = on_gitea
    for title in ("First", "Second"):
        done = at.publish(at.plan(title), who="narrow")
        assert done.code in (0, 7), done.err
        at.forge.push(7)
    assert len(at.bodies()) <= 1
    assert len(at.bodies()) == 1 or "read:user" in done.err


def test_no_pull_request_is_told_and_by_optional_let_pass(at: Publishing) -> None:
    sha = at.forge.push_to_base()
    env = at.forge.environment_of_push(sha)
    plan = at.plan()
    done = at.publish(plan, env=env)
    assert done.code == 1
    assert "pull request" in done.err
    passed = at.publish(plan, "--optional", env=env)
    assert passed.code == 0
    assert "Note:" in passed.err


def test_a_plan_is_not_published_on_what_is_merged_already(at: Publishing) -> None:
    """It would approve itself: nobody saw it before the merge."""
    plan = at.plan()
    merged = at.forge.merge(7)
    done = at.publish(plan, env=at.forge.environment_of_push(merged))
    assert (done.code, at.bodies()) == (1, [])


@pytest.mark.parametrize("words", [(), ("--optional",)])
def test_a_merge_train_leaves_the_plan_that_was_approved(
    on_gitlab: Publishing, words: tuple[str, ...]
) -> None:
    """Its plan is of all that stands before it in the row, too, and nobody would see it."""
    at = on_gitlab
    assert at.publish(at.plan("First")).code == 0
    before = at.bodies()
    env = {**at.environment(merged_result=True), "CI_MERGE_REQUEST_EVENT_TYPE": "merge_train"}
    done = at.publish(at.plan("Both"), *words, env=env)
    assert (done.code, at.bodies()) == (0 if words else 1, before)
    assert "about to be merged" in done.err


def test_a_report_of_the_apply_is_published_on_what_was_merged(
    at: Publishing, tmp_path: Path
) -> None:
    report = tmp_path / "report.md"
    report.write_text("1 added\n", encoding="utf-8")
    merged = at.forge.merge(7, how="squash")
    env = at.forge.environment_of_push(merged)
    done = at.publish(report, "--name", "apply", env=env)
    assert (done.code, len(at.bodies())) == (0, 1), done.err


def test_a_push_to_the_branch_of_an_open_pull_request_finds_it(at: Publishing) -> None:
    head = at.forge.push(7)
    env = at.forge.environment_of_push(head)
    done = at.publish(at.plan(), env=env)
    assert (done.code, len(at.bodies())) == (0, 1), done.err


def test_what_is_longer_than_a_comment_is_cut_and_says_so(at: Publishing, tmp_path: Path) -> None:
    report = tmp_path / "report.md"
    report.write_text("".join(f"- line {n} 🧹\n" for n in range(90_000)), encoding="utf-8")
    done = at.publish(report, "--name", "report")
    assert done.code == 0, done.err
    (body,) = at.bodies()
    assert len(body) < 65_536 or at.forge.name == "gitlab"
    assert "left out" in body
    again = at.publish(report, "--name", "report")
    assert (again.code, len(at.bodies())) == (0, 1)


def test_a_limit_that_nobody_knew_of_is_told_in_the_forges_words(at: Publishing) -> None:
    words = {"message": "Body is too long for this server"}
    at.forge.trouble(troubles.answer(422, words), "POST")
    done = at.publish(at.plan())
    assert (done.code, at.bodies()) == (1, [])
    assert "too long for this server" in done.err


def test_a_renamed_repository_is_told_and_no_token_sent_after_the_redirect(
    on_github: Publishing, on_gitea: Publishing
) -> None:
    for at in (on_github, on_gitea):
        env = at.environment()
        at.forge.rename("chores")
        done = at.publish(at.plan(project=f"of-{at.forge.name}"), env=env)
        assert (done.code, at.bodies()) == (1, [])
        assert "renamed" in done.err
        assert all("/repositories/" not in one.path for one in at.forge.requests)
        assert at.publish(at.plan(project=f"of-{at.forge.name}")).code == 0


def test_a_renamed_project_of_gitlab_is_found_by_its_number(on_gitlab: Publishing) -> None:
    at = on_gitlab
    env = at.environment()
    at.forge.rename("chores")
    done = at.publish(at.plan(), env=env)
    assert (done.code, len(at.bodies())) == (0, 1), done.err


@pytest.mark.parametrize(("name", "prefix"), [("github", "/api/v3"), *SUBPATHS])
def test_a_server_of_ones_own_may_stand_under_a_path(
    tmp_path: Path, clock: HandedClock, name: str, prefix: str
) -> None:
    """With more comments than a page: no link leads out of it."""
    with FORGES[name](prefix=prefix, clock=lambda: clock.time) as forge:
        forge.open_pull_request(7)
        at = Publishing(forge, tmp_path, clock)
        for number in range(120):
            forge.write_comment(7, "other", f"talk {number}")
        for title in ("First", "Second"):
            done = at.publish(at.plan(title))
            assert (done.code, len(at.bodies())) == (0, 121), done.err
        merged = forge.merge(7)
        assert at.apply(forge.environment_of_push(merged, at.usual)).code == 0
        assert at.titles() == ["Second"]
        assert not forge.faults_of_callers


def test_forgejo_is_spoken_to_as_gitea(on_gitea: Publishing) -> None:
    at = on_gitea
    at.forge.brand = "forgejo"  # type: ignore[union-attr]
    at.forge.settle()
    for title in ("First", "Second"):
        done = at.publish(at.plan(title))
        assert (done.code, len(at.bodies())) == (0, 1), done.err
    assert at.forge.comments(7)[0].author.login == "forgejo-actions"
