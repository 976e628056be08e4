"""GitLab as its REST API documents say (docs.gitlab.com/api, version 4).

Notes of merge requests with the forge's own among them, merge requests of a commit, offset pages
with Link and x-next-page, quick actions, moved projects, what CI_JOB_TOKEN may not.
"""

from __future__ import annotations

import json
import math
import re
from collections.abc import Mapping, Sequence
from email.utils import formatdate
from typing import ClassVar
from urllib.parse import parse_qsl, quote

from support.forges import gitlab_environment as ci
from support.forges import gitlab_shapes as shapes
from support.forges.exchange import Answer, Request
from support.forges.paging import cut_page, links, number_among
from support.forges.serving import Call, Endpoint, Forge, Json, Limit, secret_among
from support.forges.world import Account, Comment, PullRequest, Token

_PROJECT = "/projects/{id}"
_MR = _PROJECT + "/merge_requests/{merge_request_iid}"
_NOTES = _MR + "/notes"
_NOTE = _NOTES + "/{note_id}"
_PAGES = frozenset({"per_page", "page"})
_SORTED = _PAGES | {"sort", "order_by"}
_LISTED = _SORTED | {"state", "source_branch", "target_branch", "iids[]", "scope"}

LONGEST = 1_000_000
#: what a job token may ask, by the table "Job token access"
_FOR_JOBS = {
    ("GET", _PROJECT + "/merge_requests"),
    ("GET", _MR),
    ("GET", _NOTES),
    ("GET", _NOTE),
    ("GET", _PROJECT + "/repository/commits/{sha}/merge_requests"),
}
#: quick actions that a note can hold, each on a line of its own
_QUICK = re.compile(r"^/(merge|close|reopen|approve|unassign|assign|title|draft|rebase|lock)\b.*$")


class GitLab(Forge):
    """Tokens: project (a project access token), job, fork-job, user, other, reader, stranger."""

    name: ClassVar[str] = "gitlab"
    api: ClassVar[str] = "/api/v4"
    secret_prefix: ClassVar[str] = "glpat-"
    endpoints: ClassVar[tuple[Endpoint, ...]] = (
        Endpoint("GET", "/user", "whoami"),
        Endpoint("GET", _PROJECT, "show_project"),
        Endpoint("GET", _PROJECT + "/merge_requests", "list_requests", _LISTED),
        Endpoint("GET", _MR, "show_request"),
        Endpoint("GET", _MR + "/commits", "list_commits", _PAGES),
        Endpoint("GET", _NOTES, "list_notes", _SORTED | {"activity_filter"}),
        Endpoint("POST", _NOTES, "create_note", frozenset({"body"}), frozenset({"body"})),
        Endpoint("GET", _NOTE, "show_note"),
        Endpoint("PUT", _NOTE, "change_note", frozenset({"body"}), frozenset({"body"})),
        Endpoint("DELETE", _NOTE, "remove_note"),
        Endpoint(
            "GET",
            _PROJECT + "/repository/commits/{sha}/merge_requests",
            "requests_of_commit",
            _PAGES | {"state"},
        ),
    )

    def settle(self) -> None:
        #: quick actions that a note has set off: account, line
        self.quick_actions: list[tuple[str, str]] = []
        robot = Account(900, "project_4711_bot_5f0e", bot=True)
        self.grant("project", robot, "access", "read write whoami")
        self.grant("job", self.developer, "job", "read")
        self.grant("fork-job", Account(106, "fiona"), "job", "read")
        self.grant("user", Account(102, "release-account"), "access", "read write edit whoami")
        self.grant("other", Account(103, "olga"), "access", "read write whoami")
        self.grant("reader", Account(104, "rita"), "access", "read whoami")
        self.grant("stranger", Account(105, "stan"), "access", "whoami")

    # What tests arrange

    def push(self, number: int, head_sha: str | None = None) -> str:
        """One more commit on the branch, of which a line of the forge's own tells."""
        head = super().push(number, head_sha)
        self.system_note(number, self.developer, f"added 1 commit\n\n* {head[:8]} - Change")
        return head

    def system_note(self, number: int, author: Account, body: str) -> None:
        """A line of the forge's own, in the name of who brought it about."""
        self.add_comment(number, author, body, self.clock(), system=True)

    def merge(self, number: int, merge_sha: str | None = None, how: str = "merge") -> str:
        """Merge it; a rebase here rewrites the branch first, and the base follows it."""
        if how == "rebase":
            self.rewrite(number, merge_sha)
            how = "fast-forward"
        return super().merge(number, merge_sha, how)

    # Before an endpoint is looked for

    def token_of(self, request: Request) -> Token | None:
        """Access tokens come in PRIVATE-TOKEN or as a bearer, a job's in JOB-TOKEN alone."""
        scheme, _, bearer = request.header("Authorization").partition(" ")
        sent = request.header("PRIVATE-TOKEN") or (bearer if scheme.lower() == "bearer" else "")
        found = secret_among(self, sent or request.header("JOB-TOKEN"))
        right = found is not None and (found.kind == "job") == bool(request.header("JOB-TOKEN"))
        return found if right else None

    def refused(self, request: Request, token: Token | None) -> Answer | None:
        sent = ("Authorization", "PRIVATE-TOKEN", "JOB-TOKEN")
        if token is None and any(request.header(name) for name in sent):
            return self.failed(401, "401 Unauthorized")
        if token is not None and token.kind == "job" and not self._for_jobs(request):
            return self.failed(401, "401 Unauthorized")
        if self.used_up(self._limit(token), 60):
            return self.too_many(self._limit(token).reset - self.clock())
        return self._moved(request)

    def _for_jobs(self, request: Request) -> bool:
        path = request.path.removeprefix(self.prefix + self.api)
        here = [
            one
            for one in self.endpoints
            if one.method == request.method and one.match(path) is not None
        ]
        return not here or any((one.method, one.path) in _FOR_JOBS for one in here)

    def too_many(self, seconds: float | None) -> Answer:
        """The rate limiter's answer; None: the application's own, which says no time."""
        if seconds is None:
            words = "This endpoint has been requested too many times. Try again later."
            return self.failed(429, {"error": words})
        ends = self.clock() + seconds
        told = {
            "Content-Type": "text/plain",
            "RateLimit-Limit": "60",
            "RateLimit-Name": "throttle_authenticated_api",
            "RateLimit-Observed": "61",
            "RateLimit-Remaining": "0",
            "RateLimit-Reset": str(math.ceil(ends)),
            "RateLimit-ResetTime": formatdate(ends, usegmt=True),
            "Retry-After": str(math.ceil(seconds)),
        }
        return Answer(429, "Retry later\n", told)

    def headers_of(self, token: Token | None) -> Mapping[str, str]:
        limit = self._limit(token)
        left = max(0, limit.size - limit.used)
        return {"RateLimit-Limit": str(limit.size), "RateLimit-Remaining": str(left)}

    def _limit(self, token: Token | None) -> Limit:
        return self.limits.setdefault(token.secret if token else "", Limit(2000))

    def _moved(self, request: Request) -> Answer | None:
        for former in self.repository.former:
            old = f"{self.prefix}{self.api}/projects/{quote(former, safe='')}"
            if request.path == old or request.path.startswith(old + "/"):
                if request.method != "GET":
                    words = "Non GET methods are not allowed for moved projects"
                    return self.failed(405, words)
                by_number = f"{self.prefix}{self.api}/projects/{self.repository.number}"
                there = self._listener.url + request.target.replace(old, by_number, 1)
                words = f"This resource has been moved permanently to {there}"
                return Answer(301, words, {"Location": there, "Content-Type": "text/plain"})
        return None

    def read_body(self, request: Request) -> tuple[Json, Answer | None]:
        if not request.body:
            return {}, None
        if request.header("Content-Type").startswith("application/x-www-form-urlencoded"):
            return dict(parse_qsl(request.body.decode())), None
        try:
            sent = json.loads(request.body)
        except ValueError:
            sent = None
        if not isinstance(sent, dict):
            words = "There was a problem in the JSON you submitted"
            return {}, Answer(400, {"error": words})
        return sent, None

    def lost(self) -> Answer:
        return Answer(404, {"error": "404 Not Found"})

    def wrong_method(self) -> Answer:
        return Answer(405, {"error": "405 Not Allowed"})

    def failed(self, status: int, message: object) -> Answer:
        """An error as GitLab words it."""
        return Answer(status, {"message": message})

    # The endpoints

    def whoami(self, call: Call) -> Answer:
        if call.token is None:
            return self.failed(401, "401 Unauthorized")
        return Answer(200, shapes.account(self, call.token.account))

    def show_project(self, call: Call) -> Answer:
        return self._hidden(call) or Answer(200, shapes.project(self))

    def list_requests(self, call: Call) -> Answer:
        wanted = call.query.get("state", "all")
        rows = [
            shapes.request(self, one)
            for one in sorted(self.repository.pulls.values(), key=lambda one: -one.number)
            if wanted in ("all", shapes.state(one))
            and call.query.get("source_branch") in (None, one.head_ref)
            and call.query.get("target_branch") in (None, one.base)
        ]
        return self._hidden(call) or self._page(call, rows)

    def show_request(self, call: Call) -> Answer:
        found = self._request(call)
        return found if isinstance(found, Answer) else Answer(200, shapes.request(self, found))

    def list_commits(self, call: Call) -> Answer:
        found = self._request(call)
        if isinstance(found, Answer):
            return found
        return self._page(call, [{"id": sha, "short_id": sha[:8]} for sha in found.commits[::-1]])

    def list_notes(self, call: Call) -> Answer:
        """The newest first unless it is asked otherwise, the forge's own lines among them."""
        found = self._request(call)
        if isinstance(found, Answer):
            return found
        updated = call.query.get("order_by") == "updated_at"

        def by(one: Comment) -> tuple[float, int]:
            return (one.updated if updated else one.created, one.number)

        notes = sorted(found.comments, key=by, reverse=call.query.get("sort") != "asc")
        if call.query.get("activity_filter") == "only_comments":
            notes = [one for one in notes if not one.system]
        return self._page(call, [shapes.note(self, found, one) for one in notes])

    def create_note(self, call: Call) -> Answer:
        found = self._request(call)
        if isinstance(found, Answer):
            return found
        if (refused := self._may_not_write(call) or self._wrong_text(call)) is not None:
            return refused
        assert call.token is not None
        body = self._without_quick_actions(call, str(self._text(call)))
        if not body.strip():
            return Answer(202, {"commands_changes": {}, "summary": ["Done."]})
        comment = self.add_comment(found.number, call.token.account, body, self.clock())
        return Answer(201, shapes.note(self, found, comment))

    def show_note(self, call: Call) -> Answer:
        found = self._note(call)
        return found if isinstance(found, Answer) else Answer(200, shapes.note(self, *found))

    def change_note(self, call: Call) -> Answer:
        found = self._own_note(call)
        refused = self._wrong_text(call)
        if isinstance(found, Answer) or refused is not None:
            return found if isinstance(found, Answer) else refused or self.lost()
        comment = found[1]
        comment.body = self._without_quick_actions(call, str(self._text(call)))
        comment.updated = self.clock()
        return Answer(200, shapes.note(self, *found))

    def remove_note(self, call: Call) -> Answer:
        found = self._own_note(call)
        if isinstance(found, Answer):
            return found
        found[0].comments.remove(found[1])
        return Answer(204)

    def requests_of_commit(self, call: Call) -> Answer:
        """Those whose branch holds the commit, whose merge or squash it is; of any state."""
        if hidden := self._hidden(call):
            return hidden
        sha = call.at["sha"]
        if not self.repository.knows(sha):
            return self.failed(404, "404 Commit Not Found")
        found = [
            one
            for one in self.repository.pulls.values()
            if sha in one.commits or sha in shapes.merge_commits(one)
        ]
        state = call.query.get("state")
        rows = [shapes.request(self, one) for one in found if state in (None, shapes.state(one))]
        return self._page(call, rows)

    # Rights and what cannot be taken

    def _hidden(self, call: Call) -> Answer | None:
        known = call.at["id"] in (str(self.repository.number), self.repository.full_name)
        seen = call.may("read") or not self.repository.private
        return None if known and seen else self.failed(404, "404 Project Not Found")

    def _request(self, call: Call) -> PullRequest | Answer:
        number = call.at["merge_request_iid"]
        found = self.repository.pulls.get(int(number) if number.isdecimal() else 0)
        return self._hidden(call) or found or self.failed(404, "404 Not found")

    def _note(self, call: Call) -> tuple[PullRequest, Comment] | Answer:
        request, number = self._request(call), call.at["note_id"]
        if isinstance(request, Answer):
            return request
        for comment in request.comments:
            if str(comment.number) == number:
                return request, comment
        return self.failed(404, "404 Note Not Found")

    def _may_not_write(self, call: Call) -> Answer | None:
        if call.token is None:
            return self.failed(401, "401 Unauthorized")
        return None if call.may("write") else self.failed(403, "403 Forbidden")

    def _own_note(self, call: Call) -> tuple[PullRequest, Comment] | Answer:
        found = self._note(call)
        refused = self._may_not_write(call)
        if isinstance(found, Answer) or refused is not None:
            return found if isinstance(found, Answer) else refused or self.lost()
        assert call.token is not None
        mine = found[1].author == call.token.account or call.may("edit")
        return found if mine and not found[1].system else self.failed(403, "403 Forbidden")

    def _text(self, call: Call) -> object:
        return call.sent.get("body", call.query.get("body"))

    def _wrong_text(self, call: Call) -> Answer | None:
        body = self._text(call)
        if not isinstance(body, str):
            self.faults_of_callers.append("a note without a body")
            return Answer(400, {"error": "body is missing"})
        if len(body) > LONGEST:
            words = f"is too long (maximum is {LONGEST} characters)"
            return self.failed(400, f'400 Bad request - Note {{:note=>["{words}"]}}')
        if not body.strip():
            return self.failed(400, '400 Bad request - Note {:note=>["can\'t be blank"]}')
        return None

    def _without_quick_actions(self, call: Call, body: str) -> str:
        """The note without its quick actions, which are done; none is in a block of code."""
        kept, fence = [], ""
        for line in body.split("\n"):
            mark = re.match(r"\s{0,3}(`{3,}|~{3,})", line)
            if mark and not fence:
                fence = mark[1]
            elif mark and mark[1].startswith(fence):
                fence = ""
            if not fence and _QUICK.match(line):
                account = call.token.account.login if call.token else ""
                self.quick_actions.append((account, line))
            else:
                kept.append(line)
        return "\n".join(kept)

    def _page(self, call: Call, rows: Sequence[Json]) -> Answer:
        size = min(100, number_among(call.query, "per_page", 20))
        page = cut_page(rows, number_among(call.query, "page", 1), size)
        address = self._listener.url + call.request.path
        after = str(page.number + 1) if page.number < page.last else ""
        told = {
            "x-next-page": after,
            "x-page": str(page.number),
            "x-per-page": str(size),
            "x-prev-page": str(page.number - 1) if page.number > 1 else "",
            "x-total": str(page.total),
            "x-total-pages": str(page.last),
        }
        said = links(page, address, call.query, "per_page")
        return Answer(200, page.rows, {**told, **({"Link": said} if said else {})})

    # What GitLab CI hands to a job

    def environment_of_pull_request(
        self, number: int, who: str | None = "project", *, merged_result: bool = False
    ) -> dict[str, str]:
        """What a job of a merge request pipeline finds; GITLAB_TOKEN as the project's variable.

        `merged_result`: CI_COMMIT_SHA is then a commit of the pipeline's own, on no branch.
        """
        pull = self.repository.pulls[number]
        return ci.of_request(self, pull, self._secret(who), merged_result=merged_result)

    def environment_of_push(self, sha: str, who: str | None = "project") -> dict[str, str]:
        """What a job of a branch pipeline on the default branch finds at that commit."""
        return ci.of_push(self, sha, self._secret(who))

    def _secret(self, who: str | None) -> str | None:
        return None if who is None else self.tokens[who].secret
