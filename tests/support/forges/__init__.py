"""Forges on loopback, built from the forges' public API documents and never from our client.

    with GitHub() as forge:
        forge.open_pull_request(7, head_sha, "main")
        environment = forge.environment_of_pull_request(7)   # for one run of a CI job
        ...
        merged = forge.merge(7, merge_sha, "squash")
        environment = forge.environment_of_push(merged)
        forge.comments(7), forge.what_was_asked(), forge.faults_of_callers

`checkout=` takes the directory of a real git repository: its commits are then a pull request's.
"""

from __future__ import annotations

from support.forges import troubles
from support.forges.gitea import Gitea
from support.forges.github import GitHub
from support.forges.gitlab import GitLab
from support.forges.serving import Forge

FORGES: dict[str, type[GitHub | GitLab | Gitea]] = {
    "github": GitHub,
    "gitlab": GitLab,
    "gitea": Gitea,
}

__all__ = ["FORGES", "Forge", "GitHub", "GitLab", "Gitea", "troubles"]
