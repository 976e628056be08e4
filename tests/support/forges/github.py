"""GitHub as its REST API documents say (docs.github.com/rest, version 2022-11-28).

Issue comments, pull requests, pull requests of a commit, the authenticated user, rate limits,
pages by Link headers, redirects of a renamed repository. `prefix` "/api/v3" makes it a GitHub
Enterprise Server's API.
"""

from __future__ import annotations

import json
import math
from collections.abc import Mapping, Sequence
from typing import Any, ClassVar

from support.forges import github_environment as ci
from support.forges import github_shapes as shapes
from support.forges.exchange import Answer, Request
from support.forges.paging import cut_page, links, number_among
from support.forges.serving import Call, Endpoint, Forge, Json, Limit, secret_among
from support.forges.world import Account, Comment, PullRequest, Token

_REPO = "/repos/{owner}/{repo}"
_PAGES = frozenset({"per_page", "page"})
_COMMENT = _REPO + "/issues/comments/{comment_id}"
_COMMENTS = _REPO + "/issues/{issue_number}/comments"
_STATES = frozenset({"state", "head", "base", "sort", "direction"})
_BODY = frozenset({"body"})

DOCUMENTS = "https://docs.github.com/rest"
JOB = "Resource not accessible by integration"
LONGEST = 65536


class GitHub(Forge):
    """Tokens: job, fork-job (may only read), app, user, other, reader, stranger (sees nothing)."""

    name: ClassVar[str] = "github"
    secret_prefix: ClassVar[str] = "ghs_"
    endpoints: ClassVar[tuple[Endpoint, ...]] = (
        Endpoint("GET", "/user", "whoami"),
        Endpoint("GET", _REPO, "show_repository"),
        Endpoint("GET", _COMMENTS, "list_comments", _PAGES | {"since"}),
        Endpoint("POST", _COMMENTS, "create_comment", body=_BODY),
        Endpoint("GET", _COMMENT, "show_comment"),
        Endpoint("PATCH", _COMMENT, "change_comment", body=_BODY),
        Endpoint("DELETE", _COMMENT, "remove_comment"),
        Endpoint("GET", _REPO + "/pulls", "list_pulls", _PAGES | _STATES),
        Endpoint("GET", _REPO + "/pulls/{pull_number}", "show_pull"),
        Endpoint("GET", _REPO + "/pulls/{pull_number}/commits", "list_commits", _PAGES),
        Endpoint("GET", _REPO + "/commits/{commit_sha}/pulls", "pulls_of_commit", _PAGES),
    )

    def settle(self) -> None:
        #: commits whose pull requests the index does not know yet, as just after a merge
        self.not_indexed: set[str] = set()
        robot = Account(41898282, "github-actions[bot]", bot=True)
        app = Account(70001, "tasksync-plans[bot]", bot=True)
        self.grant("job", robot, "installation", "read write")
        self.grant("fork-job", robot, "installation", "read")
        self.grant("app", app, "installation", "read write")
        self.grant("user", Account(102, "release-account"), "user", "read write edit whoami")
        self.grant("other", Account(103, "olga"), "user", "read write whoami")
        self.grant("reader", Account(104, "rita"), "user", "read whoami")
        self.grant("stranger", Account(105, "stan"), "user", "whoami")

    # Before an endpoint is looked for

    def token_of(self, request: Request) -> Token | None:
        scheme, _, secret = request.header("Authorization").partition(" ")
        return secret_among(self, secret) if scheme.lower() in ("bearer", "token") else None

    def refused(self, request: Request, token: Token | None) -> Answer | None:
        if not request.header("User-Agent"):
            words = "Request forbidden by administrative rules. A User-Agent header is required."
            self.faults_of_callers.append("a request without a User-Agent")
            return Answer(403, words)
        if request.header("X-GitHub-Api-Version") not in ("", "2022-11-28", "2026-03-10"):
            return self.failed(400, "The API version is not supported")
        if request.header("Authorization") and token is None:
            return self.failed(401, "Bad credentials")
        if self.used_up(self._limit(token)):
            return self.failed(403, "API rate limit exceeded for this token.", "/rate-limits")
        return self._moved(request)

    def too_many(self, seconds: float | None) -> Answer:
        """The answer at a secondary limit, with or without a word of how long it lasts."""
        words = "You have exceeded a secondary rate limit. Please wait before you try again."
        said = self.failed(403, words, "/overview/rate-limits-for-the-rest-api")
        said.headers = {} if seconds is None else {"retry-after": str(math.ceil(seconds))}
        return said

    def headers_of(self, token: Token | None) -> Mapping[str, str]:
        limit = self._limit(token)
        return {
            "x-ratelimit-limit": str(limit.size),
            "x-ratelimit-remaining": str(max(0, limit.size - limit.used)),
            "x-ratelimit-used": str(limit.used),
            "x-ratelimit-reset": str(math.ceil(limit.reset)),
            "x-ratelimit-resource": "core",
            "X-GitHub-Media-Type": "github.v3; format=json",
        }

    def _limit(self, token: Token | None) -> Limit:
        size = {"installation": 1000, "user": 5000}[token.kind] if token else 60
        return self.limits.setdefault(token.secret if token else "", Limit(size))

    def _moved(self, request: Request) -> Answer | None:
        """The redirect of a former name: by number, and so that a POST stays a POST."""
        path = request.target.removeprefix(self.prefix)
        by_number = f"/repositories/{self.repository.number}"
        for former in self.repository.former:
            if path.startswith(f"/repos/{former}/") or path == f"/repos/{former}":
                there = self.api_url + path.replace(f"/repos/{former}", by_number, 1)
                status = 301 if request.method in ("GET", "HEAD") else 307
                words = "Moved Permanently" if status == 301 else "Temporary Redirect"
                body = {"message": words, "url": there, "documentation_url": DOCUMENTS}
                return Answer(status, body, {"Location": there})
        if path.startswith(by_number):
            here = f"{self.prefix}/repos/{self.repository.full_name}"
            request.target = here + path.removeprefix(by_number)
        return None

    def read_body(self, request: Request) -> tuple[Json, Answer | None]:
        if request.method in ("GET", "DELETE", "HEAD") or not request.body:
            return {}, None
        try:
            sent = json.loads(request.body)
        except ValueError:
            return {}, self.failed(400, "Problems parsing JSON")
        if not isinstance(sent, dict):
            return {}, self.failed(400, "Body should be a JSON object")
        return sent, None

    def lost(self) -> Answer:
        return self.failed(404, "Not Found")

    def wrong_method(self) -> Answer:
        return self.failed(404, "Not Found")

    def failed(self, status: int, message: str, page: str = "", **more: Any) -> Answer:
        """An error as GitHub words it."""
        body = {"message": message, **more, "documentation_url": DOCUMENTS + page}
        return Answer(status, {**body, "status": str(status)})

    # The endpoints

    def whoami(self, call: Call) -> Answer:
        if call.token is None:
            return self.failed(401, "Requires authentication")
        if not call.may("whoami"):
            return self.failed(403, JOB, "/users/users#get-the-authenticated-user")
        return Answer(200, shapes.account(self, call.token.account))

    def show_repository(self, call: Call) -> Answer:
        return self._hidden(call) or Answer(200, shapes.repository(self))

    def list_comments(self, call: Call) -> Answer:
        found = self._pull(call, "issue_number")
        if isinstance(found, Answer):
            return found
        ours = [one for one in found.comments if not one.system]
        return self._page(call, [shapes.comment(self, found, one) for one in ours])

    def create_comment(self, call: Call) -> Answer:
        found = self._pull(call, "issue_number")
        if isinstance(found, Answer):
            return found
        refused = self._may_not_write(call) or self._wrong_text(call)
        if refused is not None:
            return refused
        if found.locked and not call.may("edit"):
            return self.failed(403, "Unable to create comment because issue is locked.")
        assert call.token is not None
        account, body = call.token.account, call.sent["body"]
        comment = self.add_comment(found.number, account, body, self.clock())
        said = shapes.comment(self, found, comment)
        return Answer(201, said, {"Location": said["url"]})

    def show_comment(self, call: Call) -> Answer:
        found = self._comment(call)
        return found if isinstance(found, Answer) else Answer(200, shapes.comment(self, *found))

    def change_comment(self, call: Call) -> Answer:
        found = self._own_comment(call) or self._comment(call)
        refused = self._wrong_text(call)
        if isinstance(found, Answer) or refused is not None:
            return found if isinstance(found, Answer) else refused or self.lost()
        _, comment = found
        comment.body, comment.updated = call.sent["body"], self.clock()
        return Answer(200, shapes.comment(self, *found))

    def remove_comment(self, call: Call) -> Answer:
        found = self._own_comment(call) or self._comment(call)
        if isinstance(found, Answer):
            return found
        pull, comment = found
        pull.comments.remove(comment)
        return Answer(204)

    def list_pulls(self, call: Call) -> Answer:
        wanted, head = call.query.get("state", "open"), call.query.get("head", "")
        pulls = [
            one
            for one in self.repository.pulls.values()
            if wanted in ("all", shapes.state(one))
            and call.query.get("base") in (None, one.base)
            and head in ("", shapes.head_label(self, one))
        ]
        by = call.query.get("sort", "created")
        otherwise = "desc" if by == "created" else "asc"
        pulls.sort(
            key=lambda one: (one.changed if by == "updated" else one.created, one.number),
            reverse=call.query.get("direction", otherwise) == "desc",
        )
        return self._hidden(call) or self._page(call, [shapes.pull(self, one) for one in pulls])

    def show_pull(self, call: Call) -> Answer:
        found = self._pull(call, "pull_number")
        if isinstance(found, Answer):
            return found
        return Answer(200, {**shapes.pull(self, found), **shapes.merged(self, found)})

    def list_commits(self, call: Call) -> Answer:
        found = self._pull(call, "pull_number")
        if isinstance(found, Answer):
            return found
        return self._page(call, [{"sha": sha} for sha in found.commits])

    def pulls_of_commit(self, call: Call) -> Answer:
        """What brought it to the default branch; before that, the pull requests it stands in."""
        if hidden := self._hidden(call):
            return hidden
        sha = call.at["commit_sha"]
        if sha in self.not_indexed:
            return Answer(200, [])
        if not self.repository.knows(sha):
            return self.failed(422, f"No commit found for SHA: {sha}", "/commits/commits")
        pulls = self.repository.pulls.values()
        if self.repository.on_default_branch(sha):
            found = [one for one in pulls if sha in one.introduced]
        else:
            found = [one for one in pulls if sha in one.commits]
        return self._page(call, [shapes.pull(self, one) for one in found])

    # Rights and what cannot be taken

    def _hidden(self, call: Call) -> Answer | None:
        name = f"{call.at['owner']}/{call.at['repo']}".lower()
        known = name == self.repository.full_name.lower()
        seen = call.may("read") or not self.repository.private
        return None if known and seen else self.lost()

    def _pull(self, call: Call, part: str) -> PullRequest | Answer:
        number = call.at[part]
        pull = self.repository.pulls.get(int(number) if number.isdecimal() else 0)
        return self._hidden(call) or pull or self.lost()

    def _comment(self, call: Call) -> tuple[PullRequest, Comment] | Answer:
        number = call.at["comment_id"]
        found = self.repository.comment(int(number) if number.isdecimal() else 0)
        return self._hidden(call) or found or self.lost()

    def _may_not_write(self, call: Call) -> Answer | None:
        if call.token is None:
            return self.failed(401, "Requires authentication")
        if call.may("write") or (call.token.kind == "user" and call.may("read")):
            return None  # anyone who sees an issue may write a comment, tokens for jobs as granted
        return self.failed(403, JOB, "/issues/comments#create-an-issue-comment")

    def _own_comment(self, call: Call) -> Answer | None:
        found = self._comment(call)
        if isinstance(found, Answer):
            return found
        if (refused := self._may_not_write(call)) is not None:
            return refused
        assert call.token is not None
        own = found[1].author == call.token.account
        job = call.token.kind == "installation" and call.may("write")
        if own or job or call.may("edit"):
            return None
        return self.failed(403, "Must have admin rights to Repository.", "/issues/comments")

    def _wrong_text(self, call: Call) -> Answer | None:
        body = call.sent.get("body")
        if not isinstance(body, str):
            self.faults_of_callers.append("a comment without a body")
            words = 'Invalid request.\n\n"body" wasn\'t supplied.'
            return self.failed(422, words, "/issues/comments")
        if not body.strip():
            return self._invalid("Body cannot be blank")
        if len(body) > LONGEST:
            return self._invalid(f"Body is too long (maximum is {LONGEST} characters)")
        return None

    def _invalid(self, words: str) -> Answer:
        one = {"resource": "IssueComment", "code": "unprocessable", "field": "data"}
        return self.failed(
            422, "Validation Failed", "/issues/comments", errors=[{**one, "message": words}]
        )

    def _page(self, call: Call, rows: Sequence[Json]) -> Answer:
        size = min(100, number_among(call.query, "per_page", 30))
        page = cut_page(rows, number_among(call.query, "page", 1), size)
        address = self.api_url + call.request.path.removeprefix(self.prefix)
        said = links(page, address, call.query, "per_page")
        return Answer(200, page.rows, {"Link": said} if said else {})

    # What GitHub Actions hands to a job

    def environment_of_pull_request(self, number: int, who: str | None = "job") -> dict[str, str]:
        """What a job on `pull_request` finds; its event file and step summary are real files.

        GITHUB_TOKEN is the token of that name, as the workflow hands it in; None for none.
        """
        return ci.of_pull_request(self, self.repository.pulls[number], self._secret(who))

    def environment_of_push(self, sha: str, who: str | None = "job") -> dict[str, str]:
        """What a job on `push` to the default branch finds at that commit."""
        return ci.of_push(self, sha, self._secret(who))

    def environment_of_workflow_run(self, number: int, who: str | None = "job") -> dict[str, str]:
        """What a job on `workflow_run` finds after one of that pull request."""
        return ci.of_workflow_run(self, self.repository.pulls[number], self._secret(who))

    def environment_of_comment(self, number: int, who: str | None = "job") -> dict[str, str]:
        """What a job on `issue_comment` finds, of a comment on that pull request."""
        return ci.of_comment(self, self.repository.pulls[number], self._secret(who))

    def _secret(self, who: str | None) -> str | None:
        return None if who is None else self.tokens[who].secret
