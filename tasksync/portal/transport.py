"""HTTP: the one file of the portal that knows `requests`.

One session a thread; nothing is repeated; proxies and certificates come from the environment
that is handed in, and from nowhere else.
The key goes as `X-Api-Key`, an application's user session as `Authorization: Bearer` (seeds).
"""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping
from types import MappingProxyType
from urllib.parse import urlsplit

import requests
from urllib3.exceptions import (
    ConnectTimeoutError,
    HTTPError,
    NameResolutionError,
    NewConnectionError,
)

from tasksync import __version__
from tasksync.core.secrets import Secrets
from tasksync.errors import SettingsError
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
from tasksync.portal.address import normalise_url
from tasksync.portal.messages import (
    NotHttp,
    NotPermitted,
    NotSent,
    PortalAnswer,
    PortalRequest,
    TooLong,
    Unanswered,
)
from tasksync.portal.network import bundle_of, proxy_before
from tasksync.portal.no_connection import at_a_proxy, causes, in_words
from tasksync.portal.redacted_transport import redacted

CONNECT_TIMEOUT = 20.0
_NEVER_STOOD = (
    ConnectTimeoutError,
    NewConnectionError,
    NameResolutionError,
    requests.exceptions.ConnectTimeout,
    requests.exceptions.SSLError,
    requests.exceptions.ProxyError,
)


class HttpTransport:
    """Sends requests to one portal; safe to call from several threads.

    `url` is what `normalise_url` takes, `timeout` bounds one whole request in seconds, `env` is
    where proxies and the CA bundle are looked up, once. Answers and faults are told without
    `secrets`, by default key and session. Raises SettingsError for what cannot be.
    """

    def __init__(
        self,
        url: str,
        key: str,
        session_token: str | None = None,
        timeout: float = 100.0,
        env: Mapping[str, str] = MappingProxyType({}),
        monotonic: Callable[[], float] = time.monotonic,
        secrets: Callable[[], Secrets] | None = None,
    ) -> None:
        self.url = normalise_url(url)
        self._origin = self.url.removesuffix("/v1")
        self._timeout = timeout
        self._headers = _headers(key, session_token)
        ours = Secrets().also((key, session_token))
        self._secrets = secrets or (lambda: ours)
        proxy = proxy_before(self.url, env)
        self._proxy = "" if proxy is None else proxy.name
        self._proxies = {} if proxy is None else {urlsplit(self.url).scheme: proxy.url}
        self._verify = (self.url.startswith("https:") and bundle_of(env)) or True
        self._mine = _Mine()
        self._monotonic = monotonic
        self._sessions: list[requests.Session] = []

    def __repr__(self) -> str:
        return f"HttpTransport({self.url!r})"

    def __call__(self, request: PortalRequest) -> PortalAnswer:
        """Send one request; raises NotSent (NotPermitted) or Unanswered."""
        session = self._session()
        until = self._monotonic() + self._timeout
        exchange = self._mine.exchange = _Exchange(request.permitted)
        try:
            with (
                exchange.within(self._timeout),
                session.request(
                    request.method,
                    self._origin + request.path,
                    params=list(request.query),
                    data=request.body,
                    headers=dict(request.headers),
                    timeout=(min(CONNECT_TIMEOUT, self._timeout), self._timeout),
                    allow_redirects=False,
                    stream=True,
                ) as response,
            ):
                body = self._whole(response, until)
                if exchange.over:  # a body that ends with its connection was cut off, not ended
                    raise TimeoutError
                answer = PortalAnswer(response.status_code, response.headers, body)
                return redacted(answer, self._secrets())
        except requests.exceptions.InvalidURL as fault:
            msg = f"--portal {self.url} is not a URL that can be used."
            raise SettingsError(msg, "Give it as https://HOST.") from fault
        except (requests.RequestException, HTTPError, OSError) as fault:
            why = self._secrets().redact(in_words(fault))
            if exchange.over:
                why = f"no whole answer within {self._timeout:g} s"
            if not exchange.begun and (exchange.over or self._proxy or _never_stood(fault)):
                raise NotSent(why, self._stuck_at(fault)) from None
            if not exchange.over and _no_http(fault):
                raise NotHttp(why) from None
            raise Unanswered(why) from None

    def _stuck_at(self, fault: BaseException) -> str:
        """Return the variable of the proxy at which a connection failed, or "".

        It has to let us through first; what TLS says comes from behind it.
        """
        behind = isinstance(fault, requests.exceptions.SSLError) and not at_a_proxy(fault)
        return "" if behind else self._proxy

    def close(self) -> None:
        """Let go of the connections."""
        for session in self._sessions:
            session.close()

    def _session(self) -> requests.Session:
        session = self._mine.session
        if session is None:
            session = BoundedSession(self._mine)
            session.trust_env = False
            session.headers.update(self._headers)
            session.proxies.update(self._proxies)
            session.verify = self._verify
            self._mine.session = session
            self._sessions.append(session)
        return session

    def _whole(self, response: requests.Response, until: float) -> bytes:
        """Read a body to its end, but not longer than the time-out in all."""

        def check(size: int) -> None:
            if self._monotonic() > until:
                msg = "the answer did not end in time"
                raise OSError(msg)
            if size > LONGEST_BODY:
                msg = f"the answer is longer than {LONGEST_BODY >> 20} MiB"
                raise TooLong(msg)

        return whole_body(response, check, _look)


def _look(body: bytes) -> TooLong | None:
    if is_dense(body):
        return TooLong(f"the answer holds more than {MOST_VALUES} values, or is full of escapes")
    if has_long_text(body):
        return TooLong(f"the answer holds a text of more than {LONGEST_TEXT >> 20} MiB")
    return None


def _headers(key: str, session_token: str | None) -> dict[str, str]:
    for name, secret in (("TASKSYNC_API_KEY", key), ("TASKSYNC_SESSION_TOKEN", session_token)):
        if secret is not None and not (
            secret.isascii() and secret.isprintable() and " " not in secret
        ):
            msg = f"{name} holds characters that no key has (a line end, a space?)."
            raise SettingsError(msg, "Set it again, without quotes and line ends.")
    headers = {
        "X-Api-Key": key,
        "Accept": "application/json",
        "User-Agent": f"tasksync/{__version__}",
    }
    return headers | ({"Authorization": f"Bearer {session_token}"} if session_token else {})


class _Exchange(Exchange):
    """One request on its way: what is asked before it leaves, and whether it has begun to.

    With TLS an error's type alone does not tell the handshake from what follows it.
    """

    def __init__(self, permitted: Callable[[], bool]) -> None:
        super().__init__()
        self._permitted = permitted
        self.begun = False

    def leave(self) -> None:
        """Let the first byte leave, or raise NotPermitted."""
        super().leave()
        if not self._permitted():
            raise NotPermitted
        self.begun = True


class _Mine(Current):
    """What belongs to one thread: its session, and the request that it is sending."""

    session: BoundedSession | None = None


def _never_stood(fault: BaseException) -> bool:
    """Tell whether an error is of a connection that never stood: DNS, TLS, refused, proxy."""
    return any(isinstance(one, _NEVER_STOOD) for one in causes(fault))


def _no_http(fault: BaseException) -> bool:
    """Tell whether the first line was none of HTTP; an end without any line is another matter."""
    return any(type(one).__name__ in {"BadStatusLine", "UnknownProtocol"} for one in causes(fault))
