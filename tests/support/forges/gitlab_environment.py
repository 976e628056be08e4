"""What GitLab CI hands to a job, by its reference of predefined variables.

CI_MERGE_REQUEST_SOURCE_BRANCH_SHA is empty but in a merged results pipeline, whose CI_COMMIT_SHA
is no commit of the branch. A fork's pipeline runs in the fork: CI_PROJECT_ID is the fork's then.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from support.forges.world import PullRequest, made_up_sha

if TYPE_CHECKING:
    from support.forges.gitlab import GitLab


def of_request(
    forge: GitLab, pull: PullRequest, secret: str | None, *, merged_result: bool
) -> dict[str, str]:
    here = forge.repository
    number = here.number if pull.fork is None else here.number + 1
    sha = pull.test_merge if merged_result else pull.head
    path = pull.fork or here.full_name
    return {
        **_common(forge, secret, number, path),
        "CI_COMMIT_SHA": sha,
        "CI_COMMIT_SHORT_SHA": sha[:8],
        "CI_COMMIT_REF_NAME": pull.head_ref,
        "CI_COMMIT_BEFORE_SHA": "0" * 40,
        "CI_PIPELINE_SOURCE": "merge_request_event",
        "CI_MERGE_REQUEST_ID": str(8000 + pull.number),
        "CI_MERGE_REQUEST_IID": str(pull.number),
        "CI_MERGE_REQUEST_EVENT_TYPE": "merged_result" if merged_result else "detached",
        "CI_MERGE_REQUEST_PROJECT_ID": str(here.number),
        "CI_MERGE_REQUEST_PROJECT_PATH": here.full_name,
        "CI_MERGE_REQUEST_PROJECT_URL": f"{forge.url}/{here.full_name}",
        "CI_MERGE_REQUEST_REF_PATH": f"refs/merge-requests/{pull.number}/head",
        "CI_MERGE_REQUEST_SOURCE_BRANCH_NAME": pull.head_ref,
        "CI_MERGE_REQUEST_SOURCE_BRANCH_SHA": pull.head if merged_result else "",
        "CI_MERGE_REQUEST_SOURCE_PROJECT_ID": str(number),
        "CI_MERGE_REQUEST_SOURCE_PROJECT_PATH": path,
        "CI_MERGE_REQUEST_TARGET_BRANCH_NAME": pull.base,
        "CI_MERGE_REQUEST_TITLE": pull.title,
    }


def of_push(forge: GitLab, sha: str, secret: str | None) -> dict[str, str]:
    here = forge.repository
    return {
        **_common(forge, secret, here.number, here.full_name),
        "CI_COMMIT_SHA": sha,
        "CI_COMMIT_SHORT_SHA": sha[:8],
        "CI_COMMIT_BRANCH": here.default_branch,
        "CI_COMMIT_REF_NAME": here.default_branch,
        "CI_COMMIT_BEFORE_SHA": made_up_sha("before"),
        "CI_PIPELINE_SOURCE": "push",
    }


def _common(forge: GitLab, secret: str | None, number: int, path: str) -> dict[str, str]:
    run = next(forge.numbers)
    return {
        "CI": "true",
        "GITLAB_CI": "true",
        "CI_API_V4_URL": forge.api_url,
        "CI_DEFAULT_BRANCH": forge.repository.default_branch,
        "CI_JOB_ID": str(run),
        "CI_JOB_NAME": "tasks",
        "CI_JOB_TOKEN": forge.tokens["job"].secret,
        "CI_PIPELINE_ID": str(run),
        "CI_PROJECT_ID": str(number),
        "CI_PROJECT_NAME": path.rpartition("/")[2],
        "CI_PROJECT_NAMESPACE": path.rpartition("/")[0],
        "CI_PROJECT_PATH": path,
        "CI_PROJECT_URL": f"{forge.url}/{path}",
        "CI_SERVER_URL": forge.url,
        "GITLAB_USER_LOGIN": forge.developer.login,
        **({} if secret is None else {"GITLAB_TOKEN": secret}),
    }
