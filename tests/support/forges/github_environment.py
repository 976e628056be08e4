"""What GitHub Actions hands to a job: variables and the event file, as its documents name them.

On `pull_request` GITHUB_SHA is the commit of the test merge, GITHUB_REF refs/pull/N/merge; the
head commit is in the event file alone.
"""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

from support.forges import github_shapes as shapes
from support.forges.world import PullRequest, made_up_sha

if TYPE_CHECKING:
    from support.forges.github import GitHub


def of_pull_request(forge: GitHub, pull: PullRequest, secret: str | None) -> dict[str, str]:
    event = {
        "action": "synchronize" if len(pull.commits) > 1 else "opened",
        "number": pull.number,
        "pull_request": {**shapes.pull(forge, pull), **shapes.merged(forge, pull)},
        "repository": shapes.repository(forge),
        "sender": shapes.account(forge, pull.author),
    }
    return {
        **_common(forge, event, secret, "pull_request"),
        "GITHUB_SHA": pull.test_merge,
        "GITHUB_REF": f"refs/pull/{pull.number}/merge",
        "GITHUB_REF_NAME": f"{pull.number}/merge",
        "GITHUB_REF_TYPE": "branch",
        "GITHUB_HEAD_REF": pull.head_ref,
        "GITHUB_BASE_REF": pull.base,
    }


def of_push(forge: GitHub, sha: str, secret: str | None) -> dict[str, str]:
    branch = forge.repository.default_branch
    event = {
        "ref": f"refs/heads/{branch}",
        "before": made_up_sha("before"),
        "after": sha,
        "created": False,
        "deleted": False,
        "forced": False,
        "commits": [{"id": sha, "message": "Change the tasks", "distinct": True}],
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


def of_workflow_run(forge: GitHub, pull: PullRequest, secret: str | None) -> dict[str, str]:
    """What a workflow on `workflow_run` finds after one on that pull request has ended.

    It stands on the default branch; for a fork's pull request the event lists none.
    """
    branch = forge.repository.default_branch
    ours = {"number": pull.number, "head": {"ref": pull.head_ref, "sha": pull.head}}
    event = {
        "action": "completed",
        "workflow_run": {
            "id": next(forge.numbers),
            "event": "pull_request",
            "head_branch": pull.head_ref,
            "head_sha": pull.head,
            "pull_requests": [] if pull.fork else [ours],
        },
        "repository": shapes.repository(forge),
        "sender": shapes.account(forge, pull.author),
    }
    return {
        **_common(forge, event, secret, "workflow_run"),
        "GITHUB_SHA": made_up_sha("the default branch"),
        "GITHUB_REF": f"refs/heads/{branch}",
        "GITHUB_REF_NAME": branch,
        "GITHUB_REF_TYPE": "branch",
    }


def of_comment(forge: GitHub, pull: PullRequest, secret: str | None) -> dict[str, str]:
    """What a workflow on `issue_comment` finds: it stands on the default branch, too."""
    branch = forge.repository.default_branch
    page = f"{forge.url}/{forge.repository.full_name}/pull/{pull.number}"
    event = {
        "action": "created",
        "issue": {"number": pull.number, "pull_request": {"html_url": page}},
        "comment": {"id": next(forge.numbers), "body": "/apply"},
        "repository": shapes.repository(forge),
        "sender": shapes.account(forge, pull.author),
    }
    return {
        **_common(forge, event, secret, "issue_comment"),
        "GITHUB_SHA": made_up_sha("the default branch"),
        "GITHUB_REF": f"refs/heads/{branch}",
        "GITHUB_REF_NAME": branch,
        "GITHUB_REF_TYPE": "branch",
    }


def _common(forge: GitHub, event: Any, secret: str | None, name: str) -> dict[str, str]:
    run = next(forge.numbers)
    event_file = forge.directory / f"event-{run}.json"
    event_file.write_text(json.dumps(event), encoding="utf-8")
    summary, output = forge.directory / f"summary-{run}.md", forge.directory / f"output-{run}"
    summary.touch()
    output.touch()
    return {
        "CI": "true",
        "GITHUB_ACTIONS": "true",
        "GITHUB_ACTOR": forge.developer.login,
        "GITHUB_API_URL": forge.api_url,
        "GITHUB_EVENT_NAME": name,
        "GITHUB_EVENT_PATH": str(event_file),
        "GITHUB_JOB": "tasks",
        "GITHUB_OUTPUT": str(output),
        "GITHUB_REPOSITORY": forge.repository.full_name,
        "GITHUB_REPOSITORY_ID": str(forge.repository.number),
        "GITHUB_REPOSITORY_OWNER": forge.repository.owner,
        "GITHUB_RUN_ATTEMPT": "1",
        "GITHUB_RUN_ID": str(run),
        "GITHUB_RUN_NUMBER": str(run),
        "GITHUB_SERVER_URL": forge.url,
        "GITHUB_STEP_SUMMARY": str(summary),
        "GITHUB_WORKFLOW": "tasks",
        "RUNNER_OS": "Linux",
        **({} if secret is None else {"GITHUB_TOKEN": secret}),
    }
