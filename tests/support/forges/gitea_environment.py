"""What Gitea Actions hands to a job: GitHub's names, with GITEA_ACTIONS beside them.

On `pull_request` GITHUB_REF is refs/pull/N/head and GITHUB_SHA the head commit, other than on
GitHub; the event calls a push to the branch "synchronized".
"""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

from support.forges import gitea_shapes as shapes
from support.forges.world import PullRequest, made_up_sha

if TYPE_CHECKING:
    from support.forges.gitea import Gitea


def of_pull_request(forge: Gitea, pull: PullRequest, secret: str | None) -> dict[str, str]:
    event = {
        "action": "synchronized" if len(pull.commits) > 1 else "opened",
        "number": pull.number,
        "pull_request": shapes.pull(forge, pull),
        "repository": shapes.repository(forge),
        "sender": shapes.account(forge, pull.author),
    }
    return {
        **_common(forge, event, secret, "pull_request"),
        "GITHUB_SHA": pull.head,
        "GITHUB_REF": f"refs/pull/{pull.number}/head",
        "GITHUB_REF_NAME": f"{pull.number}/head",
        "GITHUB_REF_TYPE": "branch",
        "GITHUB_HEAD_REF": pull.head_ref,
        "GITHUB_BASE_REF": pull.base,
    }


def of_push(forge: Gitea, sha: str, secret: str | None) -> dict[str, str]:
    branch = forge.repository.default_branch
    event = {
        "ref": f"refs/heads/{branch}",
        "before": made_up_sha("before"),
        "after": sha,
        "commits": [{"id": sha, "message": "Change the tasks"}],
        "head_commit": {"id": sha, "message": "Change the tasks"},
        "repository": shapes.repository(forge),
        "sender": shapes.account(forge, forge.developer),
    }
    return {
        **_common(forge, event, secret, "push"),
        "GITHUB_SHA": sha,
        "GITHUB_REF": f"refs/heads/{branch}",
        "GITHUB_REF_NAME": branch,
        "GITHUB_REF_TYPE": "branch",
        "GITHUB_HEAD_REF": "",
        "GITHUB_BASE_REF": "",
    }


def _common(forge: Gitea, event: Any, secret: str | None, name: str) -> dict[str, str]:
    run = next(forge.numbers)
    event_file = forge.directory / f"event-{run}.json"
    event_file.write_text(json.dumps(event), encoding="utf-8")
    summary = forge.directory / f"summary-{run}.md"
    summary.touch()
    return {
        "CI": "true",
        "GITEA_ACTIONS": "true",
        **({"FORGEJO_ACTIONS": "true"} if forge.brand == "forgejo" else {}),
        "GITHUB_ACTIONS": "true",
        "GITHUB_ACTOR": forge.developer.login,
        "GITHUB_API_URL": forge.api_url,
        "GITHUB_EVENT_NAME": name,
        "GITHUB_EVENT_PATH": str(event_file),
        "GITHUB_JOB": "tasks",
        "GITHUB_REPOSITORY": forge.repository.full_name,
        "GITHUB_REPOSITORY_OWNER": forge.repository.owner,
        "GITHUB_RUN_ID": str(run),
        "GITHUB_RUN_NUMBER": str(run),
        "GITHUB_SERVER_URL": forge.url,
        "GITHUB_STEP_SUMMARY": str(summary),
        "GITHUB_WORKFLOW": "tasks",
        **({} if secret is None else {"GITHUB_TOKEN": secret}),
    }
