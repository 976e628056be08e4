"""GitLab's REST API, as far as notes on merge requests go (docs.gitlab.com/api).

`/api/notes/#merge-requests`, `/api/merge_requests/#get-single-mr`,
`/api/merge_requests/#get-single-merge-request-commits`,
`/api/commits/#list-merge-requests-associated-with-a-commit`, `/api/users/#get-the-current-user`;
tokens as `/api/rest/authentication` says.
"""

from __future__ import annotations

from collections.abc import Iterator
from urllib.parse import quote

from tasksync.errors import ForgeError, ForgeNotFound
from tasksync.forge.exchange import ForgeExchanges
from tasksync.forge.github import belongs
from tasksync.forge.shapes import (
    ForgeAccount,
    Json,
    PublishedComment,
    PullRequest,
    inner,
    text,
    whole,
)
from tasksync.value_classes import replace

#: a note may have a million characters; the page that shows so many is of no use to anybody
LONGEST = 250_000
MAY = (
    "The token needs the scope api and the role Reporter or above (a project access token has "
    "both); a job's own CI_JOB_TOKEN may not write notes."
)
_PAGE = ("per_page", 50)


def headers(token: str, *, is_job_token: bool) -> dict[str, str]:
    """Return what every request has; a job's own token goes by another name."""
    name = "JOB-TOKEN" if is_job_token else "PRIVATE-TOKEN"
    return {"Accept": "application/json", name: token}


class GitLabClient:
    """One project on a GitLab; `project` is its id, or its path."""

    longest = LONGEST

    def __init__(self, exchanges: ForgeExchanges, project: str) -> None:
        self._ask = exchanges.ask
        self._pages = exchanges.pages
        self._project = project
        self._urls: dict[int, str] = {}
        self._root = f"/projects/{quote(project, safe='')}"

    def named(self, number: int) -> str:
        """Return `!12`: merge requests are counted in each project."""
        return f"!{number}"

    def account(self) -> ForgeAccount:
        """Return whose token this is; project access tokens have accounts of their own."""
        data = self._ask("GET", "/user").data
        found = _account(data if isinstance(data, dict) else {})
        if not found.login:
            msg = "The forge does not tell whose token this is: its answer names no username."
            raise ForgeError(msg, "Is the API's address right?")
        return found

    def pull_request(self, number: int) -> PullRequest:
        """Return one, as it is now."""
        return self._read(self._ask("GET", f"{self._root}/merge_requests/{number}").data)

    def pull_requests_of(self, commit: str) -> tuple[PullRequest, ...]:
        """Return those that a commit merged, or that are open with it as their head."""
        path = f"{self._root}/repository/commits/{commit}/merge_requests"
        try:
            rows = [*self._pages(path, {}, _PAGE)]
        except ForgeNotFound:
            return ()
        ours = [self._read(one) for one in rows if self._is_here(one)]
        return tuple(found for one in ours for found in self._by(one, commit))

    def _by(self, found: PullRequest, commit: str) -> Iterator[PullRequest]:
        """Yield what a commit of GitLab's index belongs to.

        A merge train that goes by fast-forward lands commits of its own, which the index knows and
        the merge request does not tell (gitlab.com/gitlab-org/gitlab/-/merge_requests/130763): by
        such a one it is known where the commit is none of the merge request's branch.
        """
        if belongs(found, commit):
            yield found
        elif found.landed == {found.head}:
            path = f"{self._root}/merge_requests/{found.number}/commits"
            if all(one.get("id") != commit for one in self._pages(path, {}, _PAGE)):
                yield replace(found, landed=frozenset({commit}))

    def comments(self, number: int) -> Iterator[PublishedComment]:
        """Yield all notes that people and programs wrote; GitLab's own (`system`) are left out."""
        query = {"sort": "asc", "order_by": "created_at"}
        rows = self._pages(f"{self._root}/merge_requests/{number}/notes", query, _PAGE)
        yield from (
            self._note(number, one)
            for one in rows
            if whole(one, "id") is not None and one.get("system") is not True
        )

    def create(self, number: int, body: str) -> PublishedComment:
        """Write a new one."""
        path = f"{self._root}/merge_requests/{number}/notes"
        answer = self._ask("POST", path, data={"body": body}).data
        return self._note(number, answer if isinstance(answer, dict) else {})

    def update(self, number: int, comment: int, body: str) -> None:
        """Write another text into one."""
        self._ask(
            "PUT", f"{self._root}/merge_requests/{number}/notes/{comment}", data={"body": body}
        )

    def delete(self, number: int, comment: int) -> None:
        """Delete one."""
        self._ask("DELETE", f"{self._root}/merge_requests/{number}/notes/{comment}")

    def _is_here(self, merge_request: Json) -> bool:
        """Tell whether a merge request is into this project; a path is not compared with an id."""
        there = whole(merge_request, "target_project_id")
        return there is None or not self._project.isdecimal() or str(there) == self._project

    def _read(self, data: object) -> PullRequest:
        found = _merge_request(data)
        self._urls[found.number] = found.url
        return found

    def _note(self, number: int, row: Json) -> PublishedComment:
        """Return a note; its address is that of its place on the merge request's page."""
        remote = whole(row, "id") or 0
        by = _account(inner(row, "author"))
        url = self._urls.get(number, "")
        return PublishedComment(
            remote, by, text(row, "body"), f"{url}#note_{remote}" if url else f"!{number}"
        )


def _account(row: Json) -> ForgeAccount:
    return ForgeAccount(text(row, "username"), whole(row, "id"))


def _merge_request(data: object) -> PullRequest:
    """Return a merge request; raises ForgeError where it is none.

    It is known by its merge commit and by its squashed commit; where it has neither it was merged
    by fast-forward, and its head is what landed. `locked` is its state for the moment of the merge,
    and the pipeline of what that made may begin before it is over.
    """
    row = data if isinstance(data, dict) else {}
    number, head = whole(row, "iid"), text(row, "sha")
    if number is None or not head:
        msg = "The forge answers with a merge request that has no iid or no sha."
        raise ForgeError(msg, "Is the API's address right?")
    made = {text(row, "merge_commit_sha"), text(row, "squash_commit_sha")} - {""}
    is_merged = text(row, "state") == "merged" or (text(row, "state") == "locked" and bool(made))
    landed = made or {head}
    return PullRequest(
        number,
        head,
        text(row, "web_url"),
        is_open=text(row, "state") == "opened",
        landed=frozenset(landed) if is_merged else frozenset(),
        base=text(row, "target_branch"),
    )
