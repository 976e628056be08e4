"""How Gitea's documents show accounts, repositories, comments and pull requests.

Times are in the server's own zone, two hours before UTC here. A list says `merged` too; before the
merge there is no `merge_commit_sha`.
"""

from __future__ import annotations

from datetime import UTC, datetime, timedelta, timezone
from typing import TYPE_CHECKING, Any

from support.forges.world import Account, Comment, PullRequest, made_up_sha

if TYPE_CHECKING:
    from support.forges.gitea import Gitea

Json = dict[str, Any]
_ZONE = timezone(timedelta(hours=2))


def moment(seconds: float | None) -> str | None:
    """A time as Gitea writes it."""
    if seconds is None:
        return None
    return datetime.fromtimestamp(int(seconds), UTC).astimezone(_ZONE).isoformat()


def account(forge: Gitea, who: Account) -> Json:
    return {
        "id": who.number,
        "login": who.login,
        "login_name": "",
        "full_name": who.login.title(),
        "email": f"{who.login}@noreply.localhost",
        "is_admin": False,
        "active": True,
        "html_url": f"{forge.url}/{who.login}",
        "username": who.login,
    }


def repository(forge: Gitea, full_name: str | None = None) -> Json:
    here = forge.repository
    said = full_name or here.full_name
    owner, _, name = said.partition("/")
    return {
        "id": here.number if full_name is None else here.number + 1,
        "owner": account(forge, Account(7, owner)),
        "name": name,
        "full_name": said,
        "private": here.private,
        "fork": full_name is not None,
        "html_url": f"{forge.url}/{said}",
        "default_branch": here.default_branch,
    }


def comment(forge: Gitea, pull: PullRequest, one: Comment) -> Json:
    page = f"{forge.url}/{forge.repository.full_name}/pulls/{pull.number}"
    return {
        "id": one.number,
        "html_url": f"{page}#issuecomment-{one.number}",
        "pull_request_url": page,
        "issue_url": "",
        "user": account(forge, one.author),
        "original_author": "",
        "original_author_id": 0,
        "body": one.body,
        "assets": [],
        "created_at": moment(one.created),
        "updated_at": moment(one.updated),
    }


def state(pull: PullRequest) -> str:
    return "open" if pull.state == "open" else "closed"


def pull(forge: Gitea, one: PullRequest) -> Json:
    here, merged = forge.repository, one.state == "merged"
    head_repo = repository(forge, one.fork)
    branch = {"label": one.head_ref, "ref": one.head_ref, "sha": one.head}
    base = {"label": one.base, "ref": one.base, "sha": made_up_sha(f"base of {one.number}")}
    return {
        "id": 9000 + one.number,
        "url": f"{forge.url}/{here.full_name}/pulls/{one.number}",
        "number": one.number,
        "user": account(forge, one.author),
        "title": one.title,
        "body": "",
        "state": state(one),
        "is_locked": one.locked,
        "comments": len(one.comments),
        "html_url": f"{forge.url}/{here.full_name}/pulls/{one.number}",
        "mergeable": not merged,
        "merged": merged,
        "merged_at": moment(one.merged_at),
        "merge_commit_sha": one.merge_sha,
        "merged_by": account(forge, one.author) if merged else None,
        "base": {**base, "repo_id": here.number, "repo": repository(forge)},
        "head": {**branch, "repo_id": head_repo["id"], "repo": head_repo},
        "merge_base": made_up_sha(f"base of {one.number}"),
        "created_at": moment(one.created),
        "updated_at": moment(one.created),
    }
