"""Whose token it is where the forge does not tell, and what a closed pull request is worth."""

from __future__ import annotations

import pytest
from support.publishing import Publishing

from tasksync.cli.published import approved_plan
from tasksync.errors import PlanStale, SettingsError, UsageError


@pytest.fixture
def by_app(on_github: Publishing) -> Publishing:
    """A plan that an app's installation published."""
    assert on_github.publish(on_github.plan(), who="app").code == 0
    return on_github


def test_an_apps_comment_counts_where_its_account_is_named(by_app: Publishing) -> None:
    env = by_app.environment("app")
    with pytest.raises(PlanStale, match="TASKSYNC_FORGE_ACCOUNT"):
        approved_plan("chores", env)
    env["TASKSYNC_FORGE_ACCOUNT"] = "tasksync-plans[bot]"
    assert approved_plan("chores", env).digest in by_app.bodies()[0]


def test_a_name_does_not_take_the_place_of_what_the_forge_tells(by_app: Publishing) -> None:
    """A token that may ask is whose the forge says, whoever it is said to be."""
    env = {**by_app.environment("user"), "TASKSYNC_FORGE_ACCOUNT": "tasksync-plans[bot]"}
    with pytest.raises(PlanStale, match="by release-account"):
        approved_plan("chores", env)


def test_elsewhere_the_pull_request_can_be_named(by_app: Publishing) -> None:
    env = {
        **{name: by_app.environment("app")[name] for name in ("GITHUB_API_URL", "GITHUB_TOKEN")},
        "GITHUB_REPOSITORY": "acme/tasks",
        "TASKSYNC_FORGE_ACCOUNT": "tasksync-plans[bot]",
        "TASKSYNC_PULL_REQUEST": "7",
    }
    assert approved_plan("chores", env).digest in by_app.bodies()[0]
    with pytest.raises(UsageError):
        approved_plan("chores", {**env, "TASKSYNC_PULL_REQUEST": "seven"})
    with pytest.raises(UsageError, match="github, gitlab, gitea"):
        approved_plan("chores", {**env, "TASKSYNC_TO": "gitub"})


def test_elsewhere_the_forge_can_be_named_to_apply_too(on_gitea: Publishing) -> None:
    """Gitea's variables are GitHub's: without a runner of its own nothing else tells them apart."""
    assert on_gitea.publish(on_gitea.plan()).code == 0
    env = on_gitea.environment()
    bare = {name: env[name] for name in ("GITHUB_API_URL", "GITHUB_TOKEN", "GITHUB_REPOSITORY")} | {
        "TASKSYNC_PULL_REQUEST": "7",
        "TASKSYNC_TO": "gitea",
    }
    assert approved_plan("chores", bare).digest in on_gitea.bodies()[0]


def test_what_helps_outside_of_a_ci_is_understood_by_publish_and_by_apply() -> None:
    """Apply has no --to and no --pull-request: their variables are what both read."""
    with pytest.raises(SettingsError) as refused:
        approved_plan("chores", {})
    for name in ("TASKSYNC_TO", "TASKSYNC_PULL_REQUEST", "GITHUB_REPOSITORY"):
        assert name in str(refused.value)


def test_what_was_closed_without_a_merge_was_not_approved(on_github: Publishing) -> None:
    """A run of its closing knows its number and its head, and its comment is there."""
    assert on_github.publish(on_github.plan()).code == 0
    assert approved_plan("chores", on_github.environment()).digest in on_github.bodies()[0]
    on_github.forge.close_unmerged(7)
    with pytest.raises(PlanStale, match="closed without a merge"):
        approved_plan("chores", on_github.environment())
