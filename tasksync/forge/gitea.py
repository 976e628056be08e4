"""Gitea's and Forgejo's REST API, as far as comments on pull requests go.

`docs.gitea.com/api` and `codeberg.org/api/swagger`: issueGetComments (all of them: it has no
pages), issueCreateComment, issueEditComment, issueDeleteComment, repoGetPullRequest,
repoGetCommitPullRequest (the merged one of a commit, or 404), repoListPullRequests,
userGetCurrent.
"""

from __future__ import annotations

from collections.abc import Iterator

from tasksync.errors import ForgeDenied, ForgeNotFound
from tasksync.forge.github import IssueComments, account_of, belongs, comment_of, pull_request_of
from tasksync.forge.shapes import ForgeAccount, PublishedComment, PullRequest, whole

#: as GitHub's: a server may keep longer ones, and nobody reads them
LONGEST = 65_000
MAY = (
    "The token needs to write issues and to read the repository (write:issue, read:repository); a "
    "fork's pull request does not get that: publish --optional."
)
#: whose comments a job's own token writes: an account of the server, which nobody can register
JOB_ACCOUNT = ForgeAccount("gitea-actions", -2, guessed=True)
_PAGE = ("limit", 50)


def headers(token: str) -> dict[str, str]:
    """Return what every request has (docs.gitea.com/development/api-usage: `token` before it)."""
    return {"Accept": "application/json", "Authorization": f"token {token}"}


class GiteaClient(IssueComments):
    """One repository on a Gitea or Forgejo."""

    longest = LONGEST
    job_account = JOB_ACCOUNT

    def account(self) -> ForgeAccount:
        """Return whose token this is; a job's own, or one without read:user, may not ask."""
        try:
            answer = self._ask("GET", "/user")
        except ForgeDenied as denied:
            if denied.is_unknown:
                raise
            return self._unasked
        return account_of(answer.data)

    def pull_requests_of(self, commit: str) -> tuple[PullRequest, ...]:
        """Return the one that a commit merged, else those open with it as their head."""
        try:
            answer = self._ask("GET", f"{self._root}/commits/{commit}/pull")
        except ForgeNotFound:
            pass
        else:
            merged = pull_request_of(answer.data)
            if belongs(merged, commit):
                return (merged,)
        rows = self._pages(f"{self._root}/pulls", {"state": "open"}, _PAGE)
        return tuple(one for one in map(pull_request_of, rows) if belongs(one, commit))

    def comments(self, number: int) -> Iterator[PublishedComment]:
        """Yield all comments, whoever wrote them."""
        path = f"{self._root}/issues/{number}/comments"
        rows = self._pages(path, {}, _PAGE, is_whole=True)
        yield from (comment_of(one) for one in rows if whole(one, "id") is not None)
