"""Where the files of a run are read: the forge's address of the very commit, or none at all."""

from __future__ import annotations

from pathlib import PurePosixPath

import pytest

from tasksync.forge.file_links import file_links

SHA = "0a" * 20
GITHUB = {
    "GITHUB_ACTIONS": "true",
    "GITHUB_SERVER_URL": "https://github.com",
    "GITHUB_REPOSITORY": "acme/tasks",
    "GITHUB_SHA": SHA,
    "GITHUB_WORKSPACE": "/home/runner/work/tasks/tasks",
}
GITLAB = {
    "GITLAB_CI": "true",
    "CI_PROJECT_URL": "https://gitlab.acme.example/team/tasks",
    "CI_COMMIT_SHA": SHA,
    "CI_PROJECT_DIR": "/builds/team/tasks",
}


@pytest.mark.parametrize(
    ("env", "file", "address"),
    [
        (GITHUB, "a b.yaml", f"https://github.com/acme/tasks/blob/{SHA}/a%20b.yaml"),
        (
            {**GITHUB, "GITEA_ACTIONS": "true", "GITHUB_SERVER_URL": "https://git.acme.example/"},
            "teams/x#1.yaml",
            f"https://git.acme.example/acme/tasks/src/commit/{SHA}/teams/x%231.yaml",
        ),
        (GITLAB, "t.yaml", f"https://gitlab.acme.example/team/tasks/-/blob/{SHA}/t.yaml"),
    ],
)
def test_each_forge_has_an_address_of_a_commits_file(
    env: dict[str, str], file: str, address: str
) -> None:
    links = file_links(env)
    assert links is not None
    assert links.of(PurePosixPath(links.root) / file) == address


@pytest.mark.parametrize(
    "file", ["/etc/tasks.yaml", "/builds/team/tasks/../other/t.yaml", "t.yaml"]
)
def test_a_file_outside_of_the_commit_has_none(file: str) -> None:
    links = file_links(GITLAB)
    assert links is not None
    assert links.of(PurePosixPath(file)) == ""


@pytest.mark.parametrize(
    "env",
    [
        {},
        {**GITHUB, "GITHUB_SHA": "main"},
        {**GITHUB, "GITHUB_SERVER_URL": "javascript:alert(1)"},
        {**GITHUB, "GITHUB_SERVER_URL": "http://github.com"},
        {**GITHUB, "GITHUB_SERVER_URL": "https://github.com/?x="},
        {**GITHUB, "GITHUB_REPOSITORY": "acme"},
        {**GITHUB, "GITHUB_WORKSPACE": ""},
        {**GITLAB, "CI_PROJECT_URL": ""},
        {**GITLAB, "CI_COMMIT_SHA": ""},
    ],
)
def test_where_the_environment_does_not_tell_there_is_none(env: dict[str, str]) -> None:
    assert file_links(env) is None
