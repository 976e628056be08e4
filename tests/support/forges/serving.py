"""What the three forges share: listening, whose token it is, troubles, and the list of requests.

A vendor's class names its endpoints with the parameters that the vendor's documents name. What a
caller asks beyond them is answered as the documents say, and noted in `faults_of_callers`.
"""

from __future__ import annotations

import re
import tempfile
import threading
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, ClassVar, Self
from urllib.parse import unquote

from support.forges.exchange import Answer, Cut, Request, converse
from support.forges.repository import RepositoryAtHand
from support.forges.world import Account, Comment, Token
from support.listening import Listener

Json = dict[str, Any]
Trouble = Callable[[Request, Callable[[], Answer]], Answer]


@dataclass(frozen=True, slots=True)
class Endpoint:
    """One endpoint of the documents: `{name}` in its path is one part of a path."""

    method: str
    path: str
    does: str
    query: frozenset[str] = frozenset()
    body: frozenset[str] = frozenset()

    def match(self, path: str) -> dict[str, str] | None:
        """The parts of this path, unquoted, or None where it is another endpoint's."""
        pattern = re.sub(r"\\\{(\w+)\\\}", r"(?P<\1>[^/]+)", re.escape(self.path))
        found = re.fullmatch(pattern, path)
        return None if found is None else {k: unquote(v) for k, v in found.groupdict().items()}


@dataclass(frozen=True, slots=True)
class Asked:
    """One request as the forge saw it; `endpoint` is the path as the documents write it."""

    method: str
    path: str
    status: int | None
    account: str
    endpoint: str = ""


@dataclass(slots=True)
class Call:
    """A request that has found its endpoint."""

    request: Request
    token: Token | None
    at: dict[str, str]
    query: dict[str, str]
    sent: Json

    def may(self, right: str) -> bool:
        return self.token is not None and right in self.token.rights


@dataclass(slots=True)
class _Waiting:
    trouble: Trouble
    method: str
    part: str
    times: int


@dataclass(slots=True)
class Limit:
    """A token's limit of requests in the present window, which ends at `reset`."""

    size: int = 1000
    used: int = 0
    reset: float = 0.0


@dataclass
class Forge(RepositoryAtHand):
    """A forge on loopback. `url` is its web address, `api_url` what its CI names as the API's.

    `requests` is every request in turn; `faults_of_callers` what no document allows. `clock` is
    the forge's time in seconds since 1970, `prefix` a path that all of it stands under.
    """

    prefix: str = ""
    clock: Callable[[], float] = time.time
    port: int = 0
    requests: list[Asked] = field(default_factory=list)
    faults_of_callers: list[str] = field(default_factory=list)
    tokens: dict[str, Token] = field(default_factory=dict)
    limits: dict[str, Limit] = field(default_factory=dict)

    name: ClassVar[str]
    api: ClassVar[str] = ""
    endpoints: ClassVar[tuple[Endpoint, ...]]

    def __post_init__(self) -> None:
        self.lock = threading.RLock()
        self._waiting: list[_Waiting] = []
        self._directory = tempfile.TemporaryDirectory()
        self.settle()
        self._listener = Listener(lambda one: converse(one, self._answer), self.port)

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def close(self) -> None:
        """End the listening and throw away what was written for CI runs."""
        self._listener.close()
        self._directory.cleanup()

    @property
    def url(self) -> str:
        return self._listener.url + self.prefix

    @property
    def api_url(self) -> str:
        return self.url + self.api

    @property
    def directory(self) -> Path:
        """Where event files and step summaries are written."""
        return Path(self._directory.name)

    def settle(self) -> None:
        """Let the vendor's accounts and tokens be here."""
        raise NotImplementedError

    def grant(self, name: str, account: Account, kind: str, rights: str) -> Token:
        """A token called `name` in the tests, with these rights."""
        secret = f"{self.secret_prefix}{name.replace('-', '')}{'0123456789abcdef' * 2}"
        self.tokens[name] = Token(secret, account, kind, frozenset(rights.split()))
        return self.tokens[name]

    secret_prefix: ClassVar[str] = "secret_"

    # What tests arrange

    def trouble(self, trouble: Trouble, method: str = "", part: str = "", times: int = 1) -> None:
        """Let the next requests of that method and part of a path meet this trouble."""
        self._waiting.append(_Waiting(trouble, method, part, times))

    def no_more_trouble(self) -> None:
        """Forget all troubles that have not struck."""
        self._waiting.clear()

    def write_comment(self, number: int, token: str, body: str) -> Comment:
        """A comment by the owner of that token, as if by hand."""
        return self.add_comment(number, self.tokens[token].account, body, self.clock())

    def comments(self, number: int) -> list[Comment]:
        """The comments of that pull request as they are now, without the forge's own lines."""
        return [one for one in self.repository.pulls[number].comments if not one.system]

    def what_was_asked(self) -> list[tuple[str, str, int | None, str]]:
        """Each request: method, endpoint, status (None where the answer was lost), account."""
        return [(one.method, one.endpoint, one.status, one.account) for one in self.requests]

    def exhaust(self, token: str, seconds: float, limit: int = 1000) -> None:
        """Let that token have no request left for so many seconds."""
        self.limits[self.tokens[token].secret] = Limit(limit, limit, self.clock() + seconds)

    def used_up(self, limit: Limit, window: float = 3600) -> bool:
        """Whether nothing is left of that limit; counts this request otherwise."""
        if self.clock() >= limit.reset:
            limit.used, limit.reset = 0, self.clock() + window
        if limit.used >= limit.size:
            return True
        limit.used += 1
        return False

    # How a request is answered

    def _answer(self, request: Request) -> Answer:
        found: list[str] = []
        status: int | None = None
        try:
            said = self._with_trouble(request, lambda: self._judge(request, found))
            status = said.status
        finally:
            token = self.token_of(request)
            account = token.account.login if token else "nobody"
            endpoint = found[0] if found else ""
            self.requests.append(Asked(request.method, request.target, status, account, endpoint))
        return said

    def _with_trouble(self, request: Request, go_on: Callable[[], Answer]) -> Answer:
        with self.lock:
            for waiting in self._waiting:
                fits = waiting.method in ("", request.method) and waiting.part in request.target
                if fits and waiting.times:
                    waiting.times -= 1
                    break
            else:
                waiting = None
        return go_on() if waiting is None else waiting.trouble(request, go_on)

    def _judge(self, request: Request, found: list[str]) -> Answer:
        with self.lock:
            token = self.token_of(request)
            refused = self.refused(request, token)
            said = refused or self._routed(request, token, found)
            said.headers = {**self.headers_of(token), **said.headers}
            return said

    def _routed(self, request: Request, token: Token | None, found: list[str]) -> Answer:
        path = request.path.removeprefix(self.prefix + self.api)
        if not request.path.startswith(self.prefix + self.api):
            return self._noted(f"{request.method} {request.path}: not under the API", self.lost())
        here = [(one, at) for one in self.endpoints if (at := one.match(path)) is not None]
        for endpoint, at in here:
            if endpoint.method == request.method:
                found.append(endpoint.path)
                return self._called(endpoint, request, token, at)
        words = f"{request.method} {request.path}: no such endpoint in the documents"
        return self._noted(words, self.wrong_method() if here else self.lost())

    def _called(
        self, endpoint: Endpoint, request: Request, token: Token | None, at: dict[str, str]
    ) -> Answer:
        where = f"{endpoint.method} {endpoint.path}"
        sent, refused = self.read_body(request)
        if refused is not None:
            return self._noted(
                f"{request.method} {request.path}: body that cannot be read", refused
            )
        where = f"{endpoint.method} {endpoint.path}"
        for name in request.query.keys() - endpoint.query:
            self.faults_of_callers.append(f"{where}: no parameter {name!r} in the documents")
        for name in sent.keys() - endpoint.body:
            self.faults_of_callers.append(f"{where}: no field {name!r} in the documents")
        said: Answer = getattr(self, endpoint.does)(Call(request, token, at, request.query, sent))
        return said

    def _noted(self, words: str, said: Answer) -> Answer:
        self.faults_of_callers.append(words)
        return said

    # What each vendor says in its own way

    def too_many(self, seconds: float | None) -> Answer:
        """What is said to somebody who asks too fast; None: without a word of how long."""
        raise NotImplementedError

    def token_of(self, request: Request) -> Token | None:
        """Whose token the request carries, None for none or an unknown one."""
        raise NotImplementedError

    def refused(self, request: Request, token: Token | None) -> Answer | None:
        """What is said before the endpoint is looked for: a wrong token, a limit."""
        raise NotImplementedError

    def headers_of(self, token: Token | None) -> Mapping[str, str]:
        """The headers that every answer carries."""
        raise NotImplementedError

    def read_body(self, request: Request) -> tuple[Json, Answer | None]:
        """What the body says, or the refusal of it."""
        raise NotImplementedError

    def lost(self) -> Answer:
        """Nothing is here."""
        raise NotImplementedError

    def wrong_method(self) -> Answer:
        """Something is here, by another method."""
        raise NotImplementedError


def secret_among(forge: Forge, secret: str) -> Token | None:
    """The token of that secret."""
    return next((one for one in forge.tokens.values() if one.secret == secret), None)


__all__ = ["Answer", "Asked", "Call", "Cut", "Endpoint", "Forge", "Json", "Limit", "Request"]
