"""GitHub's REST API, as far as comments on pull requests go (docs.github.com/rest, 2022-11-28).

`/rest/issues/comments`, `/rest/pulls/pulls` (get one, list),
`/rest/commits/commits#list-pull-requests-associated-with-a-commit`,
`/rest/users/users#get-the-authenticated-user`.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from urllib.parse import quote

from tasksync.errors import ForgeDenied, ForgeError, ForgeNotFound
from tasksync.forge.exchange import MISSING, ForgeExchanges
from tasksync.forge.shapes import (
    ForgeAccount,
    Json,
    PublishedComment,
    PullRequest,
    inner,
    text,
    whole,
)

#: a comment's body has at most 65 536 characters ("Body is too long")
LONGEST = 65_000
MAY = (
    "The job needs permissions: pull-requests: write to publish (read to apply what was "
    "published) and contents: read; a personal token the same. A fork's pull request never gets "
    "more than to read: publish --optional."
)
#: whose comments a job's own token writes (docs.github.com/actions/concepts/security/github_token)
JOB_ACCOUNT = ForgeAccount("github-actions[bot]", guessed=True)
_PAGE = ("per_page", 100)
_LATELY_CLOSED = {"state": "closed", "sort": "updated", "direction": "desc", "per_page": "100"}
#: of a commit that is not in the repository it says that it cannot be processed
_NO_COMMIT = MISSING | {422}


def headers(token: str) -> dict[str, str]:
    """Return what every request has (/rest/using-the-rest-api/getting-started)."""
    return {
        "Accept": "application/vnd.github+json",
        "X-GitHub-Api-Version": "2022-11-28",
        "Authorization": f"Bearer {token}",
    }


class IssueComments:
    """One repository of a forge that keeps a pull request's comments as an issue's.

    So do GitHub and Gitea. `account` is whose token this is where the forge does not tell; "" is a
    job's own.
    """

    longest = LONGEST
    job_account = JOB_ACCOUNT

    def __init__(self, exchanges: ForgeExchanges, repository: str, account: str = "") -> None:
        self._unasked = ForgeAccount(account, guessed=True) if account else self.job_account
        owner, _, name = repository.partition("/")
        self._ask = exchanges.ask
        self._pages = exchanges.pages
        self._repository = repository
        self._root = f"/repos/{quote(owner, safe='')}/{quote(name, safe='')}"

    def named(self, number: int) -> str:
        """Return `owner/name#12`."""
        return f"{self._repository}#{number}"

    def pull_request(self, number: int) -> PullRequest:
        """Return one, as it is now."""
        return pull_request_of(self._ask("GET", f"{self._root}/pulls/{number}").data)

    def create(self, number: int, body: str) -> PublishedComment:
        """Write a new one."""
        path = f"{self._root}/issues/{number}/comments"
        return comment_of(self._ask("POST", path, data={"body": body}).data)

    def update(self, number: int, comment: int, body: str) -> None:  # noqa: ARG002 - GitLab's way
        """Write another text into one."""
        self._ask("PATCH", f"{self._root}/issues/comments/{comment}", data={"body": body})

    def delete(self, number: int, comment: int) -> None:  # noqa: ARG002 - GitLab's way
        """Delete one."""
        self._ask("DELETE", f"{self._root}/issues/comments/{comment}")


class GitHubClient(IssueComments):
    """One repository on GitHub, or on a GitHub Enterprise Server."""

    def account(self) -> ForgeAccount:
        """Return whose token this is.

        A job's own token, and any other of an app's installation, may not ask (403).
        """
        try:
            answer = self._ask("GET", "/user")
        except ForgeNotFound:
            raise
        except ForgeDenied as denied:
            if denied.is_unknown:
                raise
            return self._unasked
        return account_of(answer.data)

    def pull_requests_of(self, commit: str) -> tuple[PullRequest, ...]:
        """Return those that a commit merged, or that are open with it as their head.

        Before the merge GitHub's `merge_commit_sha` is that of a test merge: what is not merged
        landed nowhere. Its index of a commit's pull requests lags behind a merge
        (github.com/release-drafter/release-drafter/pull/1604), when the run of the merge commit
        asks; the list of pull requests does not.
        """
        path = f"{self._root}/commits/{commit}/pulls"
        try:
            found = self._of(commit, [*self._pages(path, {}, _PAGE, missing=_NO_COMMIT)])
        except ForgeNotFound:
            found = ()
        if any(not one.is_open for one in found):
            return found
        answer = self._ask("GET", f"{self._root}/pulls", query=_LATELY_CLOSED)
        closed = answer.data if isinstance(answer.data, list) else []
        return (*found, *self._of(commit, closed))

    def _of(self, commit: str, rows: Iterable[Json]) -> tuple[PullRequest, ...]:
        ours = (one for one in rows if self._is_here(one))
        return tuple(one for one in map(pull_request_of, ours) if belongs(one, commit))

    def comments(self, number: int) -> Iterator[PublishedComment]:
        """Yield all comments of the conversation, whoever wrote them."""
        rows = self._pages(f"{self._root}/issues/{number}/comments", {}, _PAGE)
        yield from (comment_of(one) for one in rows if whole(one, "id") is not None)

    def _is_here(self, pull: Json) -> bool:
        """Tell whether a pull request is into this repository, and not a fork's own."""
        name = text(inner(inner(pull, "base"), "repo"), "full_name")
        return not name or name.lower() == self._repository.lower()


def belongs(pull: PullRequest, commit: str) -> bool:
    """Tell whether a commit is what a pull request landed as, or the head of one still open."""
    return pull.head == commit if pull.is_open else commit in pull.landed


def account_of(data: object) -> ForgeAccount:
    """Return an account, as GitHub and Gitea show it; raises ForgeError where it is none."""
    row = data if isinstance(data, dict) else {}
    found = ForgeAccount(text(row, "login"), whole(row, "id"))
    if not found.login:
        msg = "The forge does not tell whose token this is: its answer names no login."
        raise ForgeError(msg, "Is the API's address right?")
    return found


def comment_of(data: object) -> PublishedComment:
    """Return a comment, as GitHub and Gitea show it."""
    row = data if isinstance(data, dict) else {}
    user = inner(row, "user")
    by = ForgeAccount(text(user, "login"), whole(user, "id"))
    return PublishedComment(whole(row, "id") or 0, by, text(row, "body"), text(row, "html_url"))


def pull_request_of(data: object) -> PullRequest:
    """Return a pull request, as GitHub and Gitea show it; raises ForgeError where it is none.

    By its merge commit it is known, which is the squashed one, or the last of those rebased. After
    a fast-forward Gitea names the head itself.
    """
    row = data if isinstance(data, dict) else {}
    number, head = whole(row, "number"), text(inner(row, "head"), "sha")
    if number is None or not head:
        msg = "The forge answers with a pull request that has no number or no head."
        raise ForgeError(msg, "Is the API's address right?")
    is_merged = row.get("merged") is True or bool(row.get("merged_at"))
    merged_as = text(row, "merge_commit_sha") or head
    return PullRequest(
        number,
        head,
        text(row, "html_url"),
        is_open=text(row, "state") == "open" and not is_merged,
        landed=frozenset({merged_as}) if is_merged else frozenset(),
        base=text(inner(row, "base"), "ref"),
    )
