"""How GitHub's REST documents show accounts, repositories, comments and pull requests.

Only fields that the documents name. A pull request in a list has no `merged`; before the merge
`merge_commit_sha` is the commit of the test merge.
"""

from __future__ import annotations

from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

from support.forges.world import Account, Comment, PullRequest, made_up_sha

if TYPE_CHECKING:
    from support.forges.github import GitHub

Json = dict[str, Any]


def moment(seconds: float | None) -> str | None:
    """A time as GitHub writes it, whole seconds in UTC."""
    if seconds is None:
        return None
    return datetime.fromtimestamp(int(seconds), UTC).strftime("%Y-%m-%dT%H:%M:%SZ")


def account(forge: GitHub, who: Account) -> Json:
    name = who.login.replace("[", "%5B").replace("]", "%5D")
    return {
        "login": who.login,
        "id": who.number,
        "url": f"{forge.api_url}/users/{name}",
        "html_url": f"{forge.url}/{who.login.removesuffix('[bot]')}",
        "type": "Bot" if who.bot else "User",
        "site_admin": False,
    }


def repository(forge: GitHub, full_name: str | None = None) -> Json:
    here = forge.repository
    said = full_name or here.full_name
    owner, _, name = said.partition("/")
    return {
        "id": here.number if full_name is None else here.number + 1,
        "name": name,
        "full_name": said,
        "private": here.private,
        "owner": account(forge, Account(7, owner)),
        "html_url": f"{forge.url}/{said}",
        "fork": full_name is not None,
        "url": f"{forge.api_url}/repos/{said}",
        "default_branch": here.default_branch,
    }


def comment(forge: GitHub, pull: PullRequest, one: Comment) -> Json:
    here = f"{forge.api_url}/repos/{forge.repository.full_name}/issues"
    page = f"{forge.url}/{forge.repository.full_name}/pull/{pull.number}"
    return {
        "id": one.number,
        "node_id": f"IC_{one.number}",
        "url": f"{here}/comments/{one.number}",
        "html_url": f"{page}#issuecomment-{one.number}",
        "body": one.body,
        "user": account(forge, one.author),
        "created_at": moment(one.created),
        "updated_at": moment(one.updated),
        "issue_url": f"{here}/{pull.number}",
        "author_association": "NONE" if one.author.bot else "MEMBER",
    }


def state(pull: PullRequest) -> str:
    return "open" if pull.state == "open" else "closed"


def head_label(forge: GitHub, pull: PullRequest) -> str:
    """`owner:branch`, as the filter `head` of the list takes it."""
    owner = (pull.fork or forge.repository.full_name).partition("/")[0]
    return f"{owner}:{pull.head_ref}"


def pull(forge: GitHub, one: PullRequest) -> Json:
    here = forge.repository
    base = {"ref": one.base, "sha": made_up_sha(f"base of {one.number}")}
    head = {"ref": one.head_ref, "sha": one.head, "repo": repository(forge, one.fork)}
    closed = one.merged_at if one.state == "merged" else one.created
    return {
        "url": f"{forge.api_url}/repos/{here.full_name}/pulls/{one.number}",
        "id": 9000 + one.number,
        "html_url": f"{forge.url}/{here.full_name}/pull/{one.number}",
        "number": one.number,
        "state": state(one),
        "locked": one.locked,
        "title": one.title,
        "user": account(forge, one.author),
        "body": None,
        "created_at": moment(one.created),
        "updated_at": moment(one.changed),
        "closed_at": None if one.state == "open" else moment(closed),
        "merged_at": moment(one.merged_at),
        "merge_commit_sha": one.test_merge if one.merge_sha is None else one.merge_sha,
        "draft": False,
        "head": {**head, "label": head_label(forge, one)},
        "base": {
            **base,
            "label": f"{here.owner}:{one.base}",
            "repo": repository(forge),
        },
    }


def merged(forge: GitHub, one: PullRequest) -> Json:
    """What only the answer about a single pull request says."""
    return {
        "merged": one.state == "merged",
        "mergeable": None if one.state == "merged" else True,
        "merged_by": account(forge, one.author) if one.state == "merged" else None,
        "comments": len(one.comments),
        "commits": len(one.commits),
    }
