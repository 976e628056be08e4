"""Which plan counts as approved for a run: that for its pull request's commit, by our account."""

from __future__ import annotations

import pytest
from support.forges import Gitea
from support.publishing import Publishing

from tasksync.cli.published import approved_plan
from tasksync.core.expected import Approved
from tasksync.core.formats.plan_digest import digest_of_document
from tasksync.errors import ForgeDenied, ForgeError, PlanStale, TasksyncError

WAYS = ["merge", "squash", "rebase", "fast-forward"]


def approved(env: dict[str, str], project: str = "chores") -> Approved:
    """What counts as approved in that environment."""
    return approved_plan(project, env)


def refused(env: dict[str, str], project: str = "chores") -> TasksyncError:
    """Why nothing does."""
    with pytest.raises(TasksyncError) as caught:
        approved(env, project)
    return caught.value


@pytest.fixture
def published(at: Publishing) -> Publishing:
    """A pull request whose plan was published."""
    at.forge.push(7)
    done = at.publish(at.plan("First"))
    assert done.code == 0, done.err
    return at


def digest_in(body: str) -> str:
    """The digest that a comment's first line names."""
    return "sha256:" + body.partition("sha256:")[2][:64]


def test_before_the_merge_it_is_what_was_published_for_the_head(published: Publishing) -> None:
    found = approved(published.environment())
    assert found.digest == digest_in(published.bodies()[0])
    assert found.document is not None
    assert digest_of_document(found.document) == found.digest
    assert found.where


@pytest.mark.parametrize("how", WAYS)
def test_after_the_merge_it_is_found_by_the_merged_commit(published: Publishing, how: str) -> None:
    at = published
    if (at.forge.name, how) == ("gitlab", "rebase"):  # there a rebase is a push of its own
        at.forge.rewrite(7)
        assert at.publish(at.plan("First")).code == 0
        how = "fast-forward"
    merged = at.forge.merge(7, how=how)
    found = approved(at.forge.environment_of_push(merged))
    assert found.digest == digest_in(at.bodies()[0])


@pytest.mark.parametrize("how", WAYS)
def test_a_merge_of_many_commits_is_found_and_an_earlier_commit_of_it_is_not(
    at: Publishing, how: str
) -> None:
    early = at.forge.repository.pulls[7].head
    for _ in range(3):
        at.forge.push(7)
    if (at.forge.name, how) == ("gitlab", "rebase"):
        at.forge.rewrite(7)
        how = "fast-forward"
    assert at.publish(at.plan("First")).code == 0
    merged = at.forge.merge(7, how=how)
    assert approved(at.forge.environment_of_push(merged)).digest
    assert isinstance(refused(at.forge.environment_of_push(early)), PlanStale)


def test_a_rebase_of_gitlab_that_nobody_planned_anew_is_refused(on_gitlab: Publishing) -> None:
    at = on_gitlab
    assert at.publish(at.plan()).code == 0
    merged = at.forge.merge(7, how="rebase")
    assert isinstance(refused(at.forge.environment_of_push(merged)), PlanStale)


def test_a_train_of_gitlab_that_lands_commits_of_its_own_is_found(on_gitlab: Publishing) -> None:
    """By fast-forward: its commit is in the index, and in no field of the merge request."""
    at = on_gitlab
    early = at.forge.repository.pulls[7].head
    at.forge.push(7)
    assert at.publish(at.plan("First")).code == 0
    merged = at.forge.merge(7, how="train")
    assert approved(at.forge.environment_of_push(merged)).digest == digest_in(at.bodies()[0])
    assert isinstance(refused(at.forge.environment_of_push(early)), PlanStale)


def test_a_comment_for_an_older_head_is_refused_before_and_after_the_merge(
    published: Publishing,
) -> None:
    at = published
    at.forge.push(7)
    before = refused(at.environment())
    merged = at.forge.merge(7)
    after = refused(at.forge.environment_of_push(merged))
    for fault in (before, after):
        assert isinstance(fault, PlanStale)
        assert fault.exit_code == 5


def test_a_commit_that_no_pull_request_brought_is_refused(published: Publishing) -> None:
    at = published
    at.forge.merge(7)
    pushed = at.forge.push_to_base()
    fault = refused(at.forge.environment_of_push(pushed))
    assert (type(fault), fault.exit_code) == (PlanStale, 5)


def test_an_unmerged_pull_request_counts_for_its_own_head_alone(published: Publishing) -> None:
    at = published
    at.forge.close_unmerged(7)
    pushed = at.forge.push_to_base()
    assert refused(at.forge.environment_of_push(pushed)).exit_code == 5
    head = at.forge.repository.pulls[7].head
    assert refused(at.forge.environment_of_push(head)).exit_code == 5


def test_of_two_pull_requests_that_one_commit_merged_none_is_guessed(
    published: Publishing,
) -> None:
    """Gitea names one of them, and both have that head: what was published for it is the plan."""
    at = published
    head = at.forge.repository.pulls[7].head
    at.forge.open_pull_request(8, head, head_ref="the-same")
    at.forge.merge(7, how="fast-forward")
    at.forge.merge(8, how="fast-forward")
    if at.forge.name == "gitea":
        assert approved(at.forge.environment_of_push(head)).digest == digest_in(at.bodies()[0])
        return
    fault = refused(at.forge.environment_of_push(head))
    assert fault.exit_code == 5, fault


def test_the_one_that_was_merged_is_taken_where_another_is_open_with_that_head(
    published: Publishing,
) -> None:
    at = published
    head = at.forge.repository.pulls[7].head
    at.forge.open_pull_request(8, head, base="release", head_ref="the-same")
    at.forge.merge(7, how="fast-forward")
    found = approved(at.forge.environment_of_push(head))
    assert found.digest == digest_in(at.bodies()[0])


def test_a_merge_into_another_branch_approves_nothing_for_this_one(published: Publishing) -> None:
    """That branch may ask for no review: whoever may push would approve by himself."""
    at = published
    at.forge.repository.pulls[7].base = "release"
    merged = at.forge.merge(7, how="fast-forward")
    at.forge.push_to_base(merged)
    env = at.forge.environment_of_push(merged)
    for told in (env, {**env, "TASKSYNC_PULL_REQUEST": "7"}):
        fault = refused(told)
        assert (type(fault), fault.exit_code) == (PlanStale, 5)
        assert f"{merged[:12]} into main" in fault.message
    at.forge.repository.pulls[7].base = "main"
    assert approved({**env, "TASKSYNC_PULL_REQUEST": "7"}).digest


@pytest.mark.parametrize("text", ["0", "-7", "²", "\u0667", "seven", "7" * 5000])
def test_what_is_no_number_of_a_pull_request_is_told(on_github: Publishing, text: str) -> None:
    fault = refused({**on_github.environment(), "TASKSYNC_PULL_REQUEST": text})
    assert (fault.exit_code, fault.message.startswith("TASKSYNC_PULL_REQUEST is")) == (64, True)


def test_another_projects_comment_is_refused(published: Publishing) -> None:
    fault = refused(published.environment(), "shop")
    assert (type(fault), fault.exit_code) == (PlanStale, 5)


@pytest.mark.parametrize("who", ["other", "user"])
def test_a_forged_comment_by_somebody_else_approves_nothing(at: Publishing, who: str) -> None:
    assert at.publish(at.plan("First")).code == 0
    ours = at.forge.comments(7)[0]
    at.forge.delete_comment(ours.number)
    at.forge.write_comment(7, who, ours.body)
    fault = refused(at.environment())
    assert (type(fault), fault.exit_code) == (PlanStale, 5)


def test_a_forged_comment_beside_ours_changes_nothing(published: Publishing) -> None:
    at = published
    ours = at.bodies()[0]
    digest = digest_in(ours)
    for who in ("other", "user"):
        at.forge.write_comment(7, who, ours.replace(digest, "sha256:" + "0" * 64))
    assert approved(at.environment()).digest == digest


def test_a_hidden_line_further_down_approves_nothing(at: Publishing) -> None:
    assert at.publish(at.plan("First")).code == 0
    ours = at.forge.comments(7)[0]
    at.forge.delete_comment(ours.number)
    for before in ("Title\n", "\n", "> ", "`"):
        at.forge.write_comment(7, at.usual, before + ours.body)
    assert refused(at.environment()).exit_code == 5


def test_a_system_line_of_gitlab_approves_nothing(on_gitlab: Publishing) -> None:
    at = on_gitlab
    assert at.publish(at.plan("First")).code == 0
    ours = at.forge.comments(7)[0]
    at.forge.delete_comment(ours.number)
    bot = at.forge.tokens["project"].account
    at.forge.system_note(7, bot, ours.body)  # type: ignore[union-attr]
    assert refused(at.environment()).exit_code == 5


@pytest.mark.parametrize("edited", ["document", "digest"])
def test_a_comment_whose_two_lines_do_not_agree_approves_nothing(
    published: Publishing, edited: str
) -> None:
    """Whoever may edit it changed what is applied, and not what is shown."""
    at = published
    assert at.publish(at.plan("Other", "chores")).code == 0
    other = at.bodies()[0].splitlines()
    assert at.publish(at.plan("First")).code == 0
    comment = at.forge.comments(7)[0]
    line, document, *rest = comment.body.splitlines()
    changed = [line, other[1]] if edited == "document" else [other[0], document]
    comment.body = "\n".join([*changed, *rest])
    found = refused(at.environment())
    assert (found.exit_code, "edited after it was published" in found.message) == (5, True)
    comment.body = "\n".join([line, "<!-- tasksync:asked AAAA -->", *rest])  # it is left out
    assert approved(at.environment()).digest == digest_in(line)


def test_two_own_comments_with_two_plans_for_one_head_are_not_guessed_between(
    published: Publishing,
) -> None:
    at = published
    first = at.forge.comments(7)[0].body
    assert at.publish(at.plan("Second")).code == 0
    at.forge.write_comment(7, at.usual, first)
    assert refused(at.environment()).exit_code == 5


def test_our_comment_counts_on_the_last_page_too(at: Publishing) -> None:
    for number in range(299):
        at.clock.time += 1
        at.forge.write_comment(7, "other", f"talk {number}")
    assert at.publish(at.plan()).code == 0
    at.forge.write_comment(7, "other", "and more")
    assert approved(at.environment()).digest == digest_in(at.bodies()[299])


def test_a_token_without_rights_is_7_and_a_forge_that_is_silent_1(published: Publishing) -> None:
    at = published
    fault = refused(at.environment("stranger"))
    assert (type(fault).__mro__.index(ForgeDenied) >= 0, fault.exit_code) == (True, 7)
    name = "CI_API_V4_URL" if at.forge.name == "gitlab" else "GITHUB_API_URL"
    silent = {**at.environment(), name: "http://127.0.0.1:9"}
    fault = refused(silent)
    assert (isinstance(fault, ForgeError), fault.exit_code) == (True, 1)


def test_a_job_token_of_gitlab_cannot_tell_whose_comments_count(on_gitlab: Publishing) -> None:
    at = on_gitlab
    assert at.publish(at.plan()).code == 0
    job = at.forge.tokens["job"].secret
    fault = refused({**at.environment(None), "GITLAB_TOKEN": job})
    assert fault.exit_code == 7


def test_versions_of_gitea_that_name_a_pull_request_for_any_commit_are_not_believed(
    on_gitea: Publishing,
) -> None:
    at = on_gitea
    assert isinstance(at.forge, Gitea)
    assert at.publish(at.plan()).code == 0
    at.forge.answers_any_commit = True
    pushed = at.forge.push_to_base()
    assert refused(at.forge.environment_of_push(pushed)).exit_code == 5
    at.forge.merge(7)
    assert refused(at.forge.environment_of_push(pushed)).exit_code == 5


def test_the_test_merge_of_github_is_no_merge(on_github: Publishing) -> None:
    at = on_github
    assert at.publish(at.plan()).code == 0
    fault = refused(at.forge.environment_of_push(at.forge.repository.pulls[7].test_merge))
    assert fault.exit_code == 5


def test_an_app_that_is_named_has_its_own_comments_and_nobody_elses(on_github: Publishing) -> None:
    at = on_github
    named = {"TASKSYNC_FORGE_ACCOUNT": "tasksync-plans[bot]"}
    env = {**at.environment("app"), **named}
    plan = at.plan()
    assert at.publish(plan).code == 0
    assert refused(env).exit_code == 5
    assert at.publish(plan, env=env).code == 0
    assert approved(env).digest == digest_in(at.bodies()[1])
    at.forge.delete_comment(at.forge.comments(7)[1].number)
    assert refused(env).exit_code == 5


@pytest.mark.parametrize("whose", ["olga", "github-actions[bot]"])
def test_no_variable_lets_anothers_comment_count_where_the_forge_tells_whose_token_it_is(
    at: Publishing, whose: str
) -> None:
    assert at.publish(at.plan("First")).code == 0
    ours = at.forge.comments(7)[0]
    at.forge.delete_comment(ours.number)
    at.forge.write_comment(7, "other", ours.body)
    env = {**at.environment("user"), "TASKSYNC_FORGE_ACCOUNT": whose}
    assert refused(env).exit_code != 0


@pytest.mark.parametrize("how", WAYS)
def test_a_merge_that_github_has_not_indexed_yet_is_found(on_github: Publishing, how: str) -> None:
    at = on_github
    assert at.publish(at.plan()).code == 0
    for number in range(8, 128):
        at.forge.open_pull_request(number)
        at.forge.merge(number)
    at.clock.time += 60
    merged = at.forge.merge(7, how=how)
    pushed = at.forge.push_to_base()
    at.forge.not_indexed |= {merged, pushed}  # type: ignore[union-attr]
    assert approved(at.forge.environment_of_push(merged)).digest == digest_in(at.bodies()[0])
    assert refused(at.forge.environment_of_push(pushed)).exit_code == 5


@pytest.mark.parametrize("how", ["merge", "squash"])
def test_a_merge_that_gitlab_is_about_to_end_is_one(on_gitlab: Publishing, how: str) -> None:
    """Its commit is there, and its pipeline begun, while the merge request is still locked."""
    at = on_gitlab
    assert at.publish(at.plan()).code == 0
    merged = at.forge.merge(7, how=how)
    at.forge.repository.pulls[7].state = "locked"
    assert approved(at.forge.environment_of_push(merged)).digest == digest_in(at.bodies()[0])


def test_a_merge_that_gitlab_has_not_made_yet_is_none(on_gitlab: Publishing) -> None:
    at = on_gitlab
    assert at.publish(at.plan()).code == 0
    at.forge.repository.pulls[7].state = "locked"
    head = at.forge.repository.pulls[7].head
    assert refused(at.forge.environment_of_push(head)).exit_code == 5
