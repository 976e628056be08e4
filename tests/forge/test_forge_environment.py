"""What a CI's environment tells: forge, repository, pull request, head, token."""

from __future__ import annotations

from typing import Any

import pytest

from tasksync.errors import ForgeDenied, SettingsError, TasksyncError
from tasksync.forge.environment import CiRun, ForgeKind, run_of

HEAD, TEST_MERGE, TIP = "a" * 40, "b" * 40, "c" * 40
GITHUB = {
    "GITHUB_ACTIONS": "true",
    "GITHUB_API_URL": "https://api.github.com",
    "GITHUB_REPOSITORY": "acme/tasks",
    "GITHUB_SHA": TEST_MERGE,
    "GITHUB_REF": "refs/pull/7/merge",
    "GITHUB_TOKEN": "ghs_one",
}
GITLAB = {
    "GITLAB_CI": "true",
    "CI_API_V4_URL": "https://git.example/gitlab/api/v4",
    "CI_PROJECT_ID": "42",
    "CI_COMMIT_SHA": HEAD,
    "CI_MERGE_REQUEST_IID": "7",
    "GITLAB_TOKEN": "glpat-one",
}
PULL = {"pull_request": {"number": 7, "head": {"sha": HEAD}}}


def read(env: dict[str, str], event: dict[str, Any] | None = None, **more: Any) -> CiRun:
    return run_of(env, event or {}, **more)


def test_the_head_is_the_events_and_never_the_test_merge() -> None:
    run = read(GITHUB, PULL)
    assert (run.kind, run.number, run.head) == (ForgeKind.GITHUB, 7, HEAD)
    assert (run.repository, run.api) == ("acme/tasks", "https://api.github.com")


def test_without_an_event_the_ref_tells_the_number_and_nothing_the_head() -> None:
    run = read(GITHUB)
    assert (run.number, run.head, run.commit) == (7, None, TEST_MERGE)


def test_a_push_has_a_commit_alone() -> None:
    run = read({**GITHUB, "GITHUB_REF": "refs/heads/main", "GITHUB_SHA": TIP}, {"after": TIP})
    assert (run.number, run.head, run.commit) == (None, None, TIP)


@pytest.mark.parametrize("event", ["schedule", "push"])
def test_a_run_by_the_clock_belongs_to_no_change(event: str) -> None:
    env = {**GITHUB, "GITHUB_REF": "refs/heads/main", "GITHUB_EVENT_NAME": event}
    assert read(env).on_the_clock is (event == "schedule")
    lab = {**GITLAB, "CI_PIPELINE_SOURCE": event}
    assert read(lab).on_the_clock is (event == "schedule")


def test_the_branch_is_that_of_the_commit() -> None:
    main = {**GITHUB, "GITHUB_REF": "refs/heads/a/b"}
    assert read(main).branch == "a/b"
    assert read(GITHUB, PULL).branch == ""
    tag, told = {**GITHUB, "GITHUB_REF": "refs/tags/v1"}, {"repository": {"default_branch": "main"}}
    assert (read(tag).branch, read(tag, told).branch) == ("", "main")
    lab = {**GITLAB, "CI_COMMIT_TAG": "v1", "CI_DEFAULT_BRANCH": "main"}
    assert read(lab).branch == "main"
    assert read(main, {"workflow_run": {"head_sha": HEAD, "head_branch": "c"}}).branch == "c"
    assert (read(GITLAB).branch, read({**GITLAB, "CI_COMMIT_BRANCH": "d"}).branch) == ("", "d")


def test_a_run_of_a_row_to_be_merged_is_known() -> None:
    assert read({**GITHUB, "GITHUB_EVENT_NAME": "merge_group"}).on_a_train
    assert read({**GITLAB, "CI_MERGE_REQUEST_EVENT_TYPE": "merge_train"}).on_a_train
    assert not read({**GITLAB, "CI_MERGE_REQUEST_EVENT_TYPE": "merged_result"}).on_a_train


@pytest.mark.parametrize(
    ("issue", "number"), [({"number": 9, "pull_request": {"url": "u"}}, 9), ({"number": 9}, None)]
)
def test_a_comment_on_a_pull_request_names_it_and_one_on_an_issue_names_none(
    issue: dict[str, object], number: int | None
) -> None:
    run = read({**GITHUB, "GITHUB_REF": "refs/heads/main"}, {"issue": issue})
    assert (run.number, run.head) == (number, None)


def test_a_run_after_another_belongs_to_what_that_one_stood_on() -> None:
    """GITHUB_SHA is the default branch's there."""
    pulls: list[dict[str, Any]] = [{"number": 7, "head": {"sha": HEAD}}]
    first: dict[str, Any] = {"workflow_run": {"head_sha": HEAD, "pull_requests": pulls}}
    env = {**GITHUB, "GITHUB_REF": "refs/heads/main", "GITHUB_SHA": TIP}
    run = read(env, first)
    assert (run.number, run.head, run.commit) == (7, HEAD, HEAD)
    pulls.append({"number": 8, "head": {"sha": HEAD}})
    assert read(env, first).number is None
    pulls[0]["base"], pulls[1]["base"] = {"repo": {"id": 12}}, {"repo": {"id": 11}}
    assert read(env, {**first, "repository": {"id": 11}}).number == 8  # 7 is another one's number
    first["workflow_run"]["pull_requests"] = []  # a fork's
    assert (read(env, first).number, read(env, first).commit) == (None, HEAD)


@pytest.mark.parametrize(
    "event",
    [
        {"pull_request": "7"},
        {"pull_request": {"number": "seven", "head": []}},
        {"pull_request": {"number": True, "head": {"sha": "HEAD"}}},
        {"pull_request": {"number": -7, "head": {"sha": 7}}},
        {"workflow_run": [], "issue": None},
    ],
)
def test_an_event_of_another_shape_tells_nothing(event: dict[str, object]) -> None:
    run = read({**GITHUB, "GITHUB_REF": ""}, event)
    assert (run.number, run.head) == (None, None)


def test_in_merged_results_the_commit_is_not_the_head() -> None:
    env = {**GITLAB, "CI_COMMIT_SHA": TEST_MERGE, "CI_MERGE_REQUEST_SOURCE_BRANCH_SHA": HEAD}
    run = read(env)
    assert (run.kind, run.number, run.head) == (ForgeKind.GITLAB, 7, HEAD)
    env["CI_MERGE_REQUEST_SOURCE_BRANCH_SHA"] = ""
    assert read(env).head == TEST_MERGE


def test_a_merge_request_is_the_target_projects_not_the_forks() -> None:
    assert read({**GITLAB, "CI_MERGE_REQUEST_PROJECT_ID": "41"}).repository == "41"
    assert read(GITLAB).repository == "42"


def test_gitlabs_push_has_no_head() -> None:
    env = {name: value for name, value in GITLAB.items() if name != "CI_MERGE_REQUEST_IID"}
    assert (read(env).number, read(env).head, read(env).commit) == (None, None, HEAD)


@pytest.mark.parametrize("sign", ["GITEA_ACTIONS", "FORGEJO_ACTIONS"])
def test_gitea_sets_githubs_names_too(sign: str) -> None:
    env = {**GITHUB, sign: "true", "GITHUB_API_URL": "https://git.example/api/v1/"}
    run = read(env, PULL)
    assert (run.kind, run.api, run.head) == (ForgeKind.GITEA, "https://git.example/api/v1", HEAD)
    assert read(env, PULL, to="github").kind is ForgeKind.GITHUB


def test_a_named_pull_request_has_the_head_that_the_forge_tells() -> None:
    run = read(GITHUB, PULL, pull_request=9)
    assert (run.number, run.head) == (9, None)
    assert read(GITHUB, PULL, pull_request=7).head == HEAD


@pytest.mark.parametrize(
    ("env", "told", "name"),
    [
        (GITHUB, {}, "GITHUB_TOKEN"),
        (GITHUB, {"TASKSYNC_FORGE_TOKEN": " ours "}, "TASKSYNC_FORGE_TOKEN"),
        (GITHUB, {"TASKSYNC_FORGE_TOKEN": ""}, "GITHUB_TOKEN"),
        (GITLAB, {"GITHUB_TOKEN": "ghs_one"}, "GITLAB_TOKEN"),
        ({**GITHUB, "GITEA_ACTIONS": "true"}, {"GITEA_TOKEN": "two"}, "GITEA_TOKEN"),
    ],
)
def test_each_forge_is_shown_its_own_token(
    env: dict[str, str], told: dict[str, str], name: str
) -> None:
    run = read({**env, **told})
    assert run.token_name == name
    assert run.token == {**env, **told}[name].strip()
    assert run.token not in repr(run)


@pytest.mark.parametrize("env", [GITHUB, GITLAB, {**GITHUB, "GITEA_ACTIONS": "true"}])
@pytest.mark.parametrize("token", ["", "  ", "two words", "schlüssel", "line\nbreak"])
def test_no_token_is_a_missing_right(env: dict[str, str], token: str) -> None:
    broken = {**env, "GITHUB_TOKEN": token, "GITLAB_TOKEN": token}
    other = "GITHUB_TOKEN" if "GITLAB_CI" in env else "GITLAB_TOKEN"
    broken[other] = "another-forges"
    with pytest.raises(ForgeDenied) as caught:
        read(broken)
    assert caught.value.exit_code == 7
    assert "another-forges" not in str(caught.value)


def test_a_jobs_own_token_of_gitlab_is_known_by_its_value() -> None:
    assert not read({**GITLAB, "CI_JOB_TOKEN": "glcbt-1"}).is_job_token
    assert read({**GITLAB, "CI_JOB_TOKEN": "glcbt-1", "GITLAB_TOKEN": "glcbt-1"}).is_job_token


@pytest.mark.parametrize(
    "url",
    [
        "https://git.example:8443/deep/api/v3",
        "http://127.0.0.1:8080",
        "http://[::1]:8080/api/v3",
        "http://localhost:1",
    ],
)
def test_a_token_travels_encrypted_or_not_at_all_beyond_this_machine(url: str) -> None:
    assert read({**GITHUB, "GITHUB_API_URL": url}).api == url


@pytest.mark.parametrize(
    "url",
    [
        "http://git.example/api/v3",
        "http://127.0.0.1.example/api/v3",
        "http://localhost.example",
        "ftp://git.example",
        "git.example",
        "https://",
        "https://git.example:0",
        "https://git.example:99999999",
        "https://me:secret@git.example/api/v3",
        "https://git.example/?a=b",
        "https://git.example/a b",
        "https://[::1",
    ],
)
def test_an_address_that_is_open_or_cannot_be_is_refused(url: str) -> None:
    with pytest.raises(SettingsError) as caught:
        read({**GITHUB, "GITHUB_API_URL": url})
    assert "GITHUB_API_URL" in str(caught.value)
    assert "secret" not in str(caught.value)


@pytest.mark.parametrize(
    ("env", "names"),
    [
        ({}, "--to"),
        ({"CI": "true", "GITHUB_TOKEN": "t"}, "GITHUB_ACTIONS"),
        ({**GITHUB, "GITHUB_REPOSITORY": ""}, "GITHUB_REPOSITORY"),
        ({**GITHUB, "GITHUB_REPOSITORY": "acme"}, "GITHUB_REPOSITORY"),
        ({**GITHUB, "GITHUB_REPOSITORY": "acme/../x/y"}, "GITHUB_REPOSITORY"),
        ({**GITLAB, "CI_PROJECT_ID": ""}, "CI_PROJECT_ID"),
        ({**GITLAB, "CI_API_V4_URL": ""}, "CI_API_V4_URL"),
        ({**GITHUB, "GITEA_ACTIONS": "1", "GITHUB_API_URL": ""}, "GITHUB_API_URL"),
    ],
)
def test_what_is_not_set_is_told_by_its_name(env: dict[str, str], names: str) -> None:
    with pytest.raises(TasksyncError) as caught:
        read(env)
    assert names in str(caught.value)
