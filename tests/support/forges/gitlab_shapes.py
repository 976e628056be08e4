"""How GitLab's documents show accounts, projects, merge requests and notes.

A merge by fast-forward has no `merge_commit_sha`; a squash that is fast-forwarded has a
`squash_commit_sha` alone.
"""

from __future__ import annotations

from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

from support.forges.world import Account, Comment, PullRequest

if TYPE_CHECKING:
    from support.forges.gitlab import GitLab

Json = dict[str, Any]


def moment(seconds: float | None) -> str | None:
    """A time as GitLab writes it, with milliseconds."""
    if seconds is None:
        return None
    whole = datetime.fromtimestamp(seconds, UTC)
    return whole.strftime("%Y-%m-%dT%H:%M:%S.") + f"{whole.microsecond // 1000:03d}Z"


def account(forge: GitLab, who: Account) -> Json:
    return {
        "id": who.number,
        "username": who.login,
        "name": who.login.title(),
        "state": "active",
        "avatar_url": None,
        "web_url": f"{forge.url}/{who.login}",
    }


def project(forge: GitLab) -> Json:
    here = forge.repository
    return {
        "id": here.number,
        "name": here.name,
        "path": here.name,
        "path_with_namespace": here.full_name,
        "default_branch": here.default_branch,
        "visibility": "private" if here.private else "public",
        "web_url": f"{forge.url}/{here.full_name}",
    }


def state(one: PullRequest) -> str:
    return "opened" if one.state == "open" else one.state


def merge_commits(one: PullRequest) -> set[str | None]:
    """The commits by which GitLab finds what was merged.

    They stand in `merge_commit_sha` and `squash_commit_sha`; that of a train that goes by
    fast-forward is kept (gitlab.com/gitlab-org/gitlab/-/merge_requests/130763) and not told.
    """
    return {one.merge_sha} if one.how in ("merge", "squash", "train") else set()


def request(forge: GitLab, one: PullRequest) -> Json:
    here = forge.repository
    source = here.number if one.fork is None else here.number + 1
    return {
        "id": 8000 + one.number,
        "iid": one.number,
        "project_id": here.number,
        "title": one.title,
        "description": "",
        "state": state(one),
        "created_at": moment(one.created),
        "updated_at": moment(one.created),
        "merged_at": moment(one.merged_at),
        "target_branch": one.base,
        "source_branch": one.head_ref,
        "author": account(forge, one.author),
        "source_project_id": source,
        "target_project_id": here.number,
        "draft": False,
        "sha": one.head,
        "merge_commit_sha": one.merge_sha if one.how == "merge" else None,
        "squash_commit_sha": one.merge_sha if one.how == "squash" else None,
        "squash": one.how == "squash",
        "discussion_locked": None,
        "web_url": f"{forge.url}/{here.full_name}/-/merge_requests/{one.number}",
    }


def note(forge: GitLab, pull: PullRequest, one: Comment) -> Json:
    return {
        "id": one.number,
        "type": None,
        "body": one.body,
        "attachment": None,
        "author": account(forge, one.author),
        "created_at": moment(one.created),
        "updated_at": moment(one.updated),
        "system": one.system,
        "noteable_id": 8000 + pull.number,
        "noteable_type": "MergeRequest",
        "project_id": forge.repository.number,
        "noteable_iid": pull.number,
        "resolvable": False,
        "confidential": False,
        "internal": False,
        "imported": False,
        "imported_from": "none",
    }
