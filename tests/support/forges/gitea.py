"""Gitea, and Forgejo by `brand`, as their API documents (swagger, version 1) say.

All comments of a pull request come in one answer, without pages; the pull request of a commit is
the merged one alone, not a list; a renamed repository is a 307 to a path without a host.
"""

from __future__ import annotations

import json
import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import ClassVar

from support.forges import gitea_environment as ci
from support.forges import gitea_shapes as shapes
from support.forges.exchange import Answer, Request
from support.forges.paging import cut_page, links, number_among
from support.forges.serving import Call, Endpoint, Forge, Json, Limit, secret_among
from support.forges.world import Account, Comment, PullRequest, Token

_REPO = "/repos/{owner}/{repo}"
_PAGES = frozenset({"limit", "page"})
_LISTED = _PAGES | {"state", "sort", "milestone", "labels", "poster", "base_branch"}
_COMMENTS = _REPO + "/issues/{index}/comments"
_COMMENT = _REPO + "/issues/comments/{id}"
_WRITTEN = frozenset({"body", "updated_at"})


@dataclass
class Gitea(Forge):
    """Tokens: job, fork-job (may only read), user, other, reader, stranger, narrow.

    "narrow" is a user's token without the scope read:user. `answers_any_commit` is the fault of
    some versions (go-gitea/gitea#32027) that name a pull request for commits it has not.
    """

    brand: str = "gitea"
    answers_any_commit: bool = False

    name: ClassVar[str] = "gitea"
    api: ClassVar[str] = "/api/v1"
    secret_prefix: ClassVar[str] = "c0ffee"
    endpoints: ClassVar[tuple[Endpoint, ...]] = (
        Endpoint("GET", "/user", "whoami"),
        Endpoint("GET", "/version", "version"),
        Endpoint("GET", _REPO, "show_repository"),
        Endpoint("GET", _COMMENTS, "list_comments", frozenset({"since", "before"})),
        Endpoint("POST", _COMMENTS, "create_comment", body=_WRITTEN),
        Endpoint("GET", _COMMENT, "show_comment"),
        Endpoint("PATCH", _COMMENT, "change_comment", body=_WRITTEN),
        Endpoint("DELETE", _COMMENT, "remove_comment"),
        Endpoint("GET", _REPO + "/pulls", "list_pulls", _LISTED),
        Endpoint("GET", _REPO + "/pulls/{index}", "show_pull"),
        Endpoint("GET", _REPO + "/pulls/{index}/commits", "list_commits", _PAGES),
        Endpoint("GET", _REPO + "/commits/{sha}/pull", "pull_of_commit"),
    )

    def settle(self) -> None:
        robot = Account(-2, f"{self.brand}-actions", bot=True)
        self.grant("job", robot, "job", "read write edit whoami")
        self.grant("fork-job", robot, "job", "read whoami")
        release = Account(102, "release-account")
        self.grant("user", release, "user", "read write edit whoami")
        self.grant("narrow", release, "user", "read write edit")
        self.grant("other", Account(103, "olga"), "user", "read write whoami")
        self.grant("reader", Account(104, "rita"), "user", "read whoami")
        self.grant("stranger", Account(105, "stan"), "user", "whoami")

    # Before an endpoint is looked for

    def token_of(self, request: Request) -> Token | None:
        scheme, _, secret = request.header("Authorization").partition(" ")
        return secret_among(self, secret) if scheme.lower() in ("bearer", "token") else None

    def refused(self, request: Request, token: Token | None) -> Answer | None:
        if request.header("Authorization") and token is None:
            return self.failed(401, "invalid username, password or token")
        if self.used_up(self._limit(token)):
            return self.too_many(self._limit(token).reset - self.clock())
        return self._moved(request)

    def too_many(self, seconds: float | None) -> Answer:
        """Gitea counts nothing: what stands in front of it does, and says so in its own words."""
        told = {} if seconds is None else {"Retry-After": str(math.ceil(seconds))}
        words = "<html><head><title>429 Too Many Requests</title></head></html>"
        return Answer(429, words, {"Content-Type": "text/html", **told})

    def headers_of(self, token: Token | None) -> Mapping[str, str]:
        del token
        return {}

    def _limit(self, token: Token | None) -> Limit:
        return self.limits.setdefault(token.secret if token else "", Limit(1_000_000))

    def _moved(self, request: Request) -> Answer | None:
        for former in self.repository.former:
            old = f"{self.prefix}{self.api}/repos/{former}"
            if request.path == old or request.path.startswith(old + "/"):
                new = f"{self.prefix}{self.api}/repos/{self.repository.full_name}"
                there = request.target.replace(old, new, 1)
                return Answer(307, None, {"Location": there})
        return None

    def read_body(self, request: Request) -> tuple[Json, Answer | None]:
        if request.method in ("GET", "DELETE", "HEAD") or not request.body:
            return {}, None
        try:
            sent = json.loads(request.body)
        except ValueError:
            sent = None
        json_said = request.header("Content-Type").startswith("application/json")
        if not isinstance(sent, dict) or not json_said:
            return {}, self.failed(422, "[]: Deserialization error")
        return sent, None

    def lost(self) -> Answer:
        return self.failed(404, "The target couldn't be found.", errors=[])

    def wrong_method(self) -> Answer:
        return Answer(405, "405 method not allowed\n", {"Content-Type": "text/plain"})

    def failed(self, status: int, message: str, **more: object) -> Answer:
        """An error as Gitea words it."""
        return Answer(status, {"message": message, "url": f"{self.url}/api/swagger", **more})

    # The endpoints

    def version(self, _: Call) -> Answer:
        said = "1.24.6" if self.brand == "gitea" else "12.0.4+gitea-1.22.0"
        return Answer(200, {"version": said})

    def whoami(self, call: Call) -> Answer:
        if call.token is None:
            return self.failed(401, "token is required")
        if not call.may("whoami"):
            words = "token does not have at least one of required scope(s): [read:user]"
            return self.failed(403, words)
        return Answer(200, shapes.account(self, call.token.account))

    def show_repository(self, call: Call) -> Answer:
        return self._hidden(call) or Answer(200, shapes.repository(self))

    def list_comments(self, call: Call) -> Answer:
        """Every comment at once, the oldest first: the documents name no pages here."""
        found = self._pull(call)
        if isinstance(found, Answer):
            return found
        rows = [shapes.comment(self, found, one) for one in found.comments if not one.system]
        return Answer(200, rows, {"X-Total-Count": str(len(rows))})

    def create_comment(self, call: Call) -> Answer:
        found = self._pull(call)
        if isinstance(found, Answer):
            return found
        if (refused := self._may_not_write(call) or self._wrong_text(call)) is not None:
            return refused
        if found.locked and not call.may("edit"):
            return self.failed(403, "the issue is locked; only people who may write can comment")
        assert call.token is not None
        account, body = call.token.account, call.sent["body"]
        comment = self.add_comment(found.number, account, body, self.clock())
        return Answer(201, shapes.comment(self, found, comment))

    def show_comment(self, call: Call) -> Answer:
        found = self._comment(call)
        return found if isinstance(found, Answer) else Answer(200, shapes.comment(self, *found))

    def change_comment(self, call: Call) -> Answer:
        found = self._own_comment(call)
        refused = self._wrong_text(call)
        if isinstance(found, Answer) or refused is not None:
            return found if isinstance(found, Answer) else refused or self.lost()
        found[1].body, found[1].updated = call.sent["body"], self.clock()
        return Answer(200, shapes.comment(self, *found))

    def remove_comment(self, call: Call) -> Answer:
        found = self._own_comment(call)
        if isinstance(found, Answer):
            return found
        found[0].comments.remove(found[1])
        return Answer(204)

    def list_pulls(self, call: Call) -> Answer:
        wanted = call.query.get("state", "open")
        rows = [
            shapes.pull(self, one)
            for one in sorted(self.repository.pulls.values(), key=lambda one: -one.number)
            if wanted in ("all", shapes.state(one))
            and call.query.get("base_branch") in (None, one.base)
        ]
        return self._hidden(call) or self._page(call, rows)

    def show_pull(self, call: Call) -> Answer:
        found = self._pull(call)
        return found if isinstance(found, Answer) else Answer(200, shapes.pull(self, found))

    def list_commits(self, call: Call) -> Answer:
        found = self._pull(call)
        if isinstance(found, Answer):
            return found
        return self._page(call, [{"sha": sha} for sha in found.commits])

    def pull_of_commit(self, call: Call) -> Answer:
        """The pull request whose merge left the base branch at that commit, or 404."""
        if hidden := self._hidden(call):
            return hidden
        sha, pulls = call.at["sha"], list(self.repository.pulls.values())
        found = [one for one in pulls if one.state == "merged" and one.merge_sha == sha]
        if self.answers_any_commit and not found:
            found = pulls[:1]
        return Answer(200, shapes.pull(self, found[0])) if found else self.lost()

    # Rights and what cannot be taken

    def _hidden(self, call: Call) -> Answer | None:
        name = f"{call.at['owner']}/{call.at['repo']}".lower()
        known = name == self.repository.full_name.lower()
        seen = call.may("read") or not self.repository.private
        return None if known and seen else self.lost()

    def _pull(self, call: Call) -> PullRequest | Answer:
        number = call.at["index"]
        pull = self.repository.pulls.get(int(number) if number.isdecimal() else 0)
        return self._hidden(call) or pull or self.lost()

    def _comment(self, call: Call) -> tuple[PullRequest, Comment] | Answer:
        number = call.at["id"]
        found = self.repository.comment(int(number) if number.isdecimal() else 0)
        return self._hidden(call) or found or self.lost()

    def _may_not_write(self, call: Call) -> Answer | None:
        if call.token is None:
            return self.failed(401, "token is required")
        if call.may("write"):
            return None
        if call.token.kind == "job":
            return self.failed(403, "user should have permission to write to the repo")
        words = "token does not have at least one of required scope(s): [write:issue]"
        return self.failed(403, words)

    def _own_comment(self, call: Call) -> tuple[PullRequest, Comment] | Answer:
        found, refused = self._comment(call), self._may_not_write(call)
        if isinstance(found, Answer) or refused is not None:
            return found if isinstance(found, Answer) else refused or self.lost()
        assert call.token is not None
        mine = found[1].author == call.token.account or call.may("edit")
        return found if mine else Answer(403)

    def _wrong_text(self, call: Call) -> Answer | None:
        if isinstance(body := call.sent.get("body"), str) and body:
            return None
        self.faults_of_callers.append("a comment without a body")
        return self.failed(422, "[Body]: Required")

    def _page(self, call: Call, rows: Sequence[Json]) -> Answer:
        size = min(50, number_among(call.query, "limit", 30))
        page = cut_page(rows, number_among(call.query, "page", 1), size)
        address = self._listener.url + call.request.path
        said = links(page, address, call.query, "limit")
        total = {"X-Total-Count": str(page.total)}
        return Answer(200, page.rows, {**total, **({"Link": said} if said else {})})

    # What Gitea Actions hands to a job

    def environment_of_pull_request(self, number: int, who: str | None = "job") -> dict[str, str]:
        """What a job on `pull_request` finds; GITHUB_TOKEN is the token of that name, or none."""
        return ci.of_pull_request(self, self.repository.pulls[number], self._secret(who))

    def environment_of_push(self, sha: str, who: str | None = "job") -> dict[str, str]:
        """What a job on `push` to the default branch finds at that commit."""
        return ci.of_push(self, sha, self._secret(who))

    def _secret(self, who: str | None) -> str | None:
        return None if who is None else self.tokens[who].secret
