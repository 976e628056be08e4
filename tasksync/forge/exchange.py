"""Requests to a forge's API and their answers: bounded, repeated where that helps, told in words.

It keeps `requests` for the forges. What a limit asks to wait is waited for within `PATIENCE` in
all; no redirect is followed, since a token would go with it; what a forge says in an error is
quoted, cut and never obeyed.

Limits: `docs.github.com/rest/using-the-rest-api/rate-limits-for-the-rest-api` (403 or 429;
`retry-after`, else `x-ratelimit-remaining: 0` and `x-ratelimit-reset`, else a minute),
`docs.gitlab.com/security/rate_limits` (429; `Retry-After`, `RateLimit-Reset`).
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from typing import Any, NoReturn
from urllib.parse import parse_qsl, urlsplit

import requests
from urllib3.exceptions import DecodeError, HTTPError

from tasksync.core.formats.json_text import compact
from tasksync.core.formats.strict_json import BadJson, strict
from tasksync.core.ports import Clock
from tasksync.core.quoting import quoted
from tasksync.core.run_url import shown
from tasksync.errors import ForgeDenied, ForgeError, ForgeNotFound, ForgeUnavailable
from tasksync.http_bounds import (
    LONGEST_BODY,
    BoundedSession,
    Current,
    Exchange,
    is_dense,
    whole_body,
)
from tasksync.value_classes import dataclass

#: seconds of one exchange, to connect, and between two bytes
WHOLE, CONNECT, SILENT = 30.0, 10.0, 20.0
#: seconds that all waiting of a run may take
PATIENCE = 60.0
#: what is waited where a limit does not say how long, and after an answer that is no answer
_A_MINUTE, _PAUSE = 60.0, 1.0
_REPEATS = 2
#: a listing has no more pages: thousands of comments do
_MOST_PAGES = 500
_QUOTED = 200

#: no such thing; gone for good: forges answer so, too, where a token may not see it
MISSING = frozenset({404, 410})
_UNAUTHORIZED, _FORBIDDEN, _TOO_MANY = 401, 403, 429
_REDIRECTS = range(300, 400)
_GOOD = range(200, 300)
_FAILING = range(500, 600)

Json = dict[str, Any]


@dataclass(frozen=True, slots=True)
class ForgeAnswer:
    """A good answer: its data (None for an empty one) and its headers, whose names have no case."""

    data: object
    headers: Mapping[str, str]


@dataclass(frozen=True, slots=True)
class _Raw:
    status: int
    headers: Mapping[str, str]
    body: bytes


class ForgeExchanges:
    """Talks to the API of one forge with one token.

    `may` says what the token has to be allowed, and `token_name` where it was found, for the words
    of a refusal; `host` is for people.
    """

    def __init__(
        self,
        api: str,
        headers: Mapping[str, str],
        clock: Clock,
        *,
        may: str,
        token_name: str,
        proxies: bool = True,
        tell: Callable[[str], None] = lambda _text: None,
    ) -> None:
        self._api = api
        self._clock = clock
        self._may = may
        self._token_name = token_name
        self._tell = tell
        self._patience = PATIENCE
        self._mine = Current()
        self._session = BoundedSession(self._mine)
        self._session.trust_env = proxies
        self._session.auth = _as_it_is  # else a .netrc would take the token's place
        self._session.headers.update(headers)
        self.host = urlsplit(api).netloc.rpartition("@")[2]

    def ask(
        self,
        method: str,
        path: str,
        *,
        query: Mapping[str, str] | None = None,
        data: Mapping[str, object] | None = None,
        missing: frozenset[int] = MISSING,
    ) -> ForgeAnswer:
        """Send one request and return its good answer; `missing` are what says "not there".

        A POST whose answer is lost is not sent again: ForgeUnavailable, and whoever asked looks.
        Raises ForgeDenied, ForgeNotFound, ForgeError.
        """
        left = 0 if method == "POST" else _REPEATS
        while True:
            try:
                answer = self._sent(method, path, query or {}, data)
            except ForgeUnavailable:
                if not left:
                    raise
                self._wait(_PAUSE, "it did not answer")
            else:
                waits = self._limited(answer)
                if waits is not None:
                    self._wait(waits, "it limits how often it may be asked")
                    continue
                if answer.status not in _FAILING or not left:
                    return self._good(answer, f"{method} {path}", missing)
                self._wait(_PAUSE, f"it answered {answer.status}")
            left -= 1

    def pages(
        self,
        path: str,
        query: Mapping[str, str],
        size: tuple[str, int],
        *,
        is_whole: bool = False,
        missing: frozenset[int] = MISSING,
    ) -> Iterator[Json]:
        """Yield what a listing holds, page by page, each once (by its `id`).

        `size` names the parameter of a page's length. Which page comes next is told by a Link
        header (docs.github.com/rest/using-the-rest-api/using-pagination-in-the-rest-api) or
        `x-next-page` (docs.gitlab.com/api/rest/#pagination); where neither is there, by
        `x-total-count`, or by a page that is not full. `is_whole`: the documents know no pages of
        it, and one is asked for only where the count tells that something is missing. Of a link
        only its query is taken: it cannot lead elsewhere.
        """
        name, length = size
        asked = dict(query) if is_whole else {**query, name: str(length)}
        seen: set[object] = set()
        for number in range(1, _MOST_PAGES + 1):
            answer = self.ask("GET", path, query=asked, missing=missing)
            if not isinstance(answer.data, list):
                raise self._unreadable(path, "a list was expected")
            rows = [one for one in answer.data if isinstance(one, dict)]
            new = [one for one in rows if one.get("id") not in seen]
            seen |= {one.get("id") for one in new}
            yield from new
            follows = {**asked, name: str(length), "page": str(number + 1)}
            whole = _told_total(
                answer.headers, len(seen), full=not is_whole and len(rows) >= length
            )
            asked = _next(answer.headers, follows, whole=whole)
            if not asked or not new:
                return
        msg = f"{self.host} lists {path} on more than {_MOST_PAGES} pages."
        raise ForgeError(msg, "Is that the API of a forge?")

    def _sent(
        self,
        method: str,
        path: str,
        query: Mapping[str, str],
        data: Mapping[str, object] | None,
    ) -> _Raw:
        exchange = self._mine.exchange = Exchange()
        body = None if data is None else compact(data).encode()
        try:
            with (
                exchange.within(WHOLE),
                self._session.request(
                    method,
                    self._api + path,
                    params=dict(query),
                    data=body,
                    headers={} if body is None else {"Content-Type": "application/json"},
                    timeout=(CONNECT, SILENT),
                    allow_redirects=False,
                    stream=True,
                ) as answer,
            ):
                whole = whole_body(answer, self._check_length, self._look)
                if exchange.over:
                    raise requests.Timeout
                return _Raw(answer.status_code, answer.headers, whole)
        except (requests.RequestException, HTTPError, OSError) as fault:
            words = f"within {WHOLE:g} s" if exchange.over else _told(fault)
            msg = f"{self.host} did not answer: {words}."
            raise ForgeUnavailable(msg, "Run it again; nothing is done twice.") from None

    def _check_length(self, size: int) -> None:
        if size > LONGEST_BODY:
            msg = f"{self.host} answers with more than {LONGEST_BODY >> 20} MiB."
            raise ForgeError(msg, "Is that the API of a forge?")

    def _look(self, body: bytes) -> ForgeError | None:
        if not is_dense(body):
            return None
        msg = f"{self.host} answers with more than anybody needs."
        return ForgeError(msg, "Is that the API of a forge?")

    def _wait(self, seconds: float, why: str) -> None:
        if seconds > self._patience:
            msg = f"{self.host} asks to wait: {why}, for {seconds:.0f} s."
            advice = f"Run it again after that; {PATIENCE:.0f} s is all that is waited here."
            raise ForgeUnavailable(msg, advice)
        if seconds > _PAUSE:
            self._tell(f"Waiting {seconds:.0f} s for {self.host}: {why}.")
        self._patience -= seconds
        self._clock.sleep(seconds)

    def _limited(self, answer: _Raw) -> float | None:
        """Return the seconds that a limit asks to wait, or None: it was none."""
        if answer.status not in {_FORBIDDEN, _TOO_MANY}:
            return None
        after = _number(answer.headers.get("retry-after"))
        if after is not None:
            return max(_PAUSE, after)  # a limit that asks for no time at all may ask for ever
        if answer.headers.get("x-ratelimit-remaining", "").strip() == "0":
            return self._until(answer.headers.get("x-ratelimit-reset"))
        if answer.status == _TOO_MANY:
            return self._until(answer.headers.get("ratelimit-reset"))
        page = _object(answer.body).get("documentation_url")
        return _A_MINUTE if isinstance(page, str) and "rate-limit" in page else None

    def _until(self, reset: str | None) -> float:
        at = _number(reset)
        return _A_MINUTE if at is None else max(_PAUSE, at - self._clock.now().timestamp())

    def _good(self, answer: _Raw, request: str, missing: frozenset[int]) -> ForgeAnswer:
        if answer.status in missing:
            what = f"{self.host} answers {request} with {answer.status}{_said(answer.body)}"
            msg = f"It is not there, or the token may not see it: {what}."
            raise ForgeNotFound(msg, self._may)
        if answer.status not in _GOOD:
            self._refuse(answer, request)
        if not answer.body.strip():
            return ForgeAnswer(None, answer.headers)
        try:
            return ForgeAnswer(strict(answer.body), answer.headers)
        except BadJson as error:
            raise self._unreadable(request, str(error)) from None

    def _unreadable(self, path: str, why: str) -> ForgeError:
        msg = f"{self.host} answers {path} with what no forge's API says: {why}."
        return ForgeError(msg, f"Is {shown(self._api)} the root of its API?")

    def _refuse(self, answer: _Raw, request: str) -> NoReturn:
        status, said = answer.status, _said(answer.body)
        what = f"{self.host} answers {request} with {status}{said}"
        if status == _UNAUTHORIZED:
            msg = f"{self.host} refuses the token of {self._token_name} ({status}{said})."
            advice = f"Is it expired, or another forge's? {self._may}"
            raise ForgeDenied(msg, advice, is_unknown=True)
        if status == _FORBIDDEN:
            needs = answer.headers.get("x-accepted-github-permissions", "")
            needed = f" It asks for {quoted(needs, _QUOTED)}." if needs else ""
            msg = f"The token may not do that: {what}.{needed}"
            raise ForgeDenied(msg, self._may)
        if status in _REDIRECTS:
            msg = f"{what}: a redirect, and no token is sent after one."
            raise ForgeError(msg, "Was the repository renamed? Is the API's address right?")
        if status in _FAILING:
            raise ForgeUnavailable(f"{what}.", "Run it again; nothing is done twice.")
        raise ForgeError(f"{what}.", "See what it says of the request.")


def _as_it_is(request: requests.PreparedRequest) -> requests.PreparedRequest:
    return request


def _next(
    headers: Mapping[str, str], otherwise: Mapping[str, str], *, whole: bool
) -> dict[str, str]:
    """Return what the next page is asked with; nothing after the last."""
    if "x-next-page" in headers:
        page = headers["x-next-page"].strip()
        return {**otherwise, "page": page} if page.isdecimal() else {}
    if "link" in headers:
        links = requests.utils.parse_header_links(headers["link"])
        after = next((one for one in links if one.get("rel") == "next"), {})
        return dict(parse_qsl(urlsplit(after.get("url", "")).query))
    return {} if whole else dict(otherwise)


def _told_total(headers: Mapping[str, str], seen: int, *, full: bool) -> bool:
    """Tell whether all was seen, as the count says, or else a page that was not full."""
    total = _number(headers.get("x-total-count"))
    return not full if total is None else seen >= total


def _number(text: str | None) -> float | None:
    """Return the seconds of a header; a date, or what is none, is None."""
    text = (text or "").strip()
    return float(text) if text.isascii() and text.isdigit() and len(text) < len("9" * 12) else None


def _object(body: bytes) -> Json:
    try:
        data = strict(body)
    except BadJson:
        return {}
    return data if isinstance(data, dict) else {}


def _said(body: bytes) -> str:
    """Return what an error says of itself, quoted, or ""."""
    data = _object(body)
    words = next((data[name] for name in ("message", "error") if data.get(name)), None)
    errors = data.get("errors")
    more = f" {quoted(errors, _QUOTED)}" if errors else ""
    return "" if words is None else f": {quoted(words, _QUOTED)}{more}"


#: the first that fits; none of their own words, since they hold the whole URL
_WORDS: tuple[tuple[type[Exception], str], ...] = (
    (requests.exceptions.SSLError, "its certificate is not trusted (see REQUESTS_CA_BUNDLE)"),
    (
        requests.exceptions.ProxyError,
        "the proxy that HTTPS_PROXY, HTTP_PROXY or ALL_PROXY names does not work",
    ),
    (requests.Timeout, "not in time"),
    (DecodeError, "what it sent cannot be unpacked"),
    (requests.exceptions.ChunkedEncodingError, "its answer was cut off, or breaks HTTP"),
    (requests.exceptions.InvalidHeader, "a header that cannot be"),
    (requests.exceptions.InvalidURL, "its address cannot be used"),
    (requests.ConnectionError, "no connection"),
    (HTTPError, "its answer was cut off, or breaks HTTP"),
)


def _told(fault: Exception) -> str:
    if isinstance(fault, OSError) and not isinstance(fault, requests.RequestException):
        return "no connection, or REQUESTS_CA_BUNDLE names a file that cannot be read"
    return next((words for kind, words in _WORDS if isinstance(fault, kind)), "no connection")
