"""One request to a state server and its answer, bounded; it keeps `requests` for the stores."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import NamedTuple

import requests
from requests.auth import HTTPBasicAuth
from urllib3.exceptions import DecodeError, HTTPError

from tasksync.http_bounds import (
    LONGEST_BODY,
    LONGEST_TEXT,
    MOST_VALUES,
    BoundedSession,
    Current,
    Exchange,
    has_long_text,
    is_dense,
    whole_body,
)

WHOLE = 100.0  # seconds of one exchange, unless --timeout says otherwise
STEPS = (10.0, 20.0)  # seconds to connect, and between two bytes: well below a lease's time

#: a state of 64 MiB has half as many
_MOST_VALUES = 4 * MOST_VALUES


class StateAnswer(NamedTuple):
    """What a server said, whole."""

    status: int
    headers: Mapping[str, str]
    body: bytes


class NoStateAnswer(Exception):
    """Nobody knows what the server did; its words say why, without addresses."""


class NoStateRequest(Exception):
    """Asking again leads to the same: an address or an answer that cannot be used."""


class Exchanges:
    """Sends requests to one state server; safe to call from several threads."""

    def __init__(self, login: tuple[str, str], *, proxies: bool, timeout: float) -> None:
        self._timeout = timeout
        self._steps = (min(STEPS[0], timeout), min(STEPS[1], timeout))
        self._mine = Current()
        self._session = BoundedSession(self._mine)
        self._session.trust_env = proxies
        if any(login):
            self._session.auth = HTTPBasicAuth(*(part.encode() for part in login))

    def ask(
        self,
        method: str,
        url: str,
        params: Mapping[str, str],
        body: bytes | None,
        headers: Mapping[str, str],
    ) -> StateAnswer:
        """Send one request and read its answer; raises NoStateAnswer and NoStateRequest."""
        exchange = self._mine.exchange = Exchange()
        try:
            with (
                exchange.within(self._timeout),
                self._session.request(
                    method,
                    url,
                    params=params,
                    data=body,
                    headers=headers,
                    timeout=self._steps,
                    allow_redirects=False,
                    stream=True,
                ) as answer,
            ):
                # a write whose answer is too long may have been done all the same
                too_long = NoStateRequest if method == "GET" else NoStateAnswer
                whole = whole_body(answer, _bound(too_long), _readable(too_long))
                if exchange.over:  # a body that ends with its connection was cut off, not ended
                    raise requests.Timeout
                return StateAnswer(answer.status_code, answer.headers, whole)
        except (requests.RequestException, HTTPError, OSError) as fault:
            if exchange.over:
                msg = f"no whole answer within {self._timeout:g} s"
                raise NoStateAnswer(msg) from None
            raise _told(fault) from None  # its words hold the whole URL


def why_unreadable(body: bytes) -> str:
    """Return in words why a document is not read, or "": what would not be read is not written."""
    if len(body) > LONGEST_BODY:
        return f"is longer than {LONGEST_BODY >> 20} MiB"
    if is_dense(body, _MOST_VALUES):
        return f"holds more than {_MOST_VALUES} values or is full of escapes"
    if has_long_text(body):
        return f"holds a text of more than {LONGEST_TEXT >> 20} MiB"
    return ""


def _bound(too_long: type[NoStateAnswer | NoStateRequest]) -> Callable[[int], None]:
    def check(size: int) -> None:
        if size > LONGEST_BODY:
            msg = f"its answer is longer than {LONGEST_BODY >> 20} MiB"
            raise too_long(msg)

    return check


def _readable(
    too_long: type[NoStateAnswer | NoStateRequest],
) -> Callable[[bytes], Exception | None]:
    def look(body: bytes) -> Exception | None:
        why = why_unreadable(body)
        return too_long(f"its answer {why}") if why else None

    return look


#: what is wrong before anything is sent: our address
_OURS = (
    requests.exceptions.InvalidURL,
    requests.exceptions.InvalidSchema,
    requests.exceptions.MissingSchema,
)
#: the first that fits; none of their own words, since they hold the whole URL
_WORDS: tuple[tuple[type[Exception], str], ...] = (
    (requests.exceptions.SSLError, "its certificate is not trusted"),
    (
        requests.exceptions.ProxyError,
        "the proxy that HTTPS_PROXY, HTTP_PROXY or ALL_PROXY names does not work",
    ),
    (requests.Timeout, "it did not answer in time"),
    (DecodeError, "its answer cannot be unpacked"),
    (requests.exceptions.ChunkedEncodingError, "its answer was cut off, or breaks HTTP"),
    (requests.exceptions.InvalidHeader, "its answer breaks HTTP: a header that cannot be"),
    (requests.ConnectionError, "no connection"),
    (HTTPError, "its answer was cut off, or breaks HTTP"),
    (OSError, "no connection"),
)


def _told(fault: Exception) -> NoStateAnswer | NoStateRequest:
    if isinstance(fault, _OURS):
        return NoStateRequest("its address cannot be used")
    words = next((words for kind, words in _WORDS if isinstance(fault, kind)), "no connection")
    return NoStateAnswer(words)
