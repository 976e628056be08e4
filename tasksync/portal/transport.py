"""HTTP: the one file of the portal that knows `requests`.

One session a thread; nothing is repeated; proxies and certificates come from the environment
that is handed in, and from nowhere else.
The key goes as `X-Api-Key`, an application's user session as `Authorization: Bearer` (seeds).
"""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Mapping
from types import MappingProxyType
from typing import Any
from urllib.parse import SplitResult, urlsplit

import requests
from requests.adapters import HTTPAdapter
from urllib3 import HTTPConnectionPool, HTTPSConnectionPool
from urllib3.connection import HTTPConnection, HTTPSConnection
from urllib3.exceptions import (
    ConnectTimeoutError,
    HTTPError,
    NameResolutionError,
    NewConnectionError,
)

from tasksync import __version__
from tasksync.errors import SettingsError
from tasksync.portal.address import is_loopback, normalise_url
from tasksync.portal.exchange import (
    Answer,
    NotPermitted,
    NotSent,
    Request,
    Unanswered,
    always,
)

#: no answer is longer (bytes): a page of 5 000 tasks has a few megabytes
LONGEST_BODY = 512 * 1024 * 1024
CONNECT_TIMEOUT = 20.0
_CHUNK = 256 * 1024
#: what is too short to be a secret is not looked for in answers
_SHORTEST_SECRET = 12
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
    where proxies and the CA bundle are looked up, once. Raises SettingsError for what cannot be.
    """

    def __init__(
        self,
        url: str,
        key: str,
        session_token: str | None = None,
        timeout: float = 100.0,
        env: Mapping[str, str] = MappingProxyType({}),
        monotonic: Callable[[], float] = time.monotonic,
    ) -> None:
        self.url = normalise_url(url)
        self._origin = self.url.removesuffix("/v1")
        self._timeout = timeout
        self._headers = _headers(key, session_token)
        self._secrets = tuple(
            one.encode() for one in (key, session_token) if one and len(one) >= _SHORTEST_SECRET
        )
        self._proxies = _proxies(urlsplit(self.url), env)
        self._verify = _bundle(env)
        self._mine = threading.local()
        self._sent = _Sent()
        self._monotonic = monotonic
        self._sessions: list[requests.Session] = []

    def __repr__(self) -> str:
        return f"HttpTransport({self.url!r})"

    def __call__(self, request: Request) -> Answer:
        """Send one request; raises NotSent (NotPermitted) or Unanswered."""
        session = self._session()
        until = self._monotonic() + self._timeout
        self._sent.begun, self._sent.permitted = False, request.permitted
        try:
            with session.request(
                request.method,
                self._origin + request.path,
                params=list(request.query),
                data=request.body,
                headers=dict(request.headers),
                timeout=(min(CONNECT_TIMEOUT, self._timeout), self._timeout),
                allow_redirects=False,
                stream=True,
            ) as response:
                body = self._whole(response, until)
                return self._answer(request, response, body)
        except requests.exceptions.InvalidURL as fault:
            msg = f"--portal {self.url} is not a URL that can be used."
            raise SettingsError(msg, "Give it as https://HOST.") from fault
        except (requests.RequestException, HTTPError, OSError) as fault:
            why = self._scrubbed(_words(fault))
            if not self._sent.begun and _never_stood(fault):
                raise NotSent(why) from None
            raise Unanswered(why) from None

    def close(self) -> None:
        """Let go of the connections."""
        for session in self._sessions:
            session.close()

    def _session(self) -> requests.Session:
        session: requests.Session | None = getattr(self._mine, "session", None)
        if session is None:
            session = requests.Session()
            session.trust_env = False
            session.headers.update(self._headers)
            session.proxies.update(self._proxies)
            session.verify = self._verify
            session.mount("https://", _Adapter(self._sent))
            session.mount("http://", _Adapter(self._sent))
            self._mine.session = session
            self._sessions.append(session)
        return session

    def _whole(self, response: requests.Response, until: float) -> bytes:
        """Read a body to its end, but not longer than the time-out in all."""
        if not hasattr(response.raw, "read1"):
            return response.content
        parts: list[bytes] = []
        size = 0
        while part := response.raw.read1(_CHUNK, decode_content=True):
            parts.append(part)
            size += len(part)
            if self._monotonic() > until or size > LONGEST_BODY:
                msg = "the answer did not end in time"
                raise OSError(msg)
        return b"".join(parts)

    def _answer(self, request: Request, response: requests.Response, body: bytes) -> Answer:
        """Return the answer; where it may quote us, our secrets are blotted out."""
        headers = {name: self._scrubbed(value) for name, value in response.headers.items()}
        if response.status_code >= 400 or request.path.endswith("/batch"):  # noqa: PLR2004
            for secret in self._secrets:
                body = body.replace(secret, b"***")
        return Answer(response.status_code, headers, body)

    def _scrubbed(self, text: str) -> str:
        for secret in self._secrets:
            text = text.replace(secret.decode(), "***")
        return text


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


def _proxies(portal: SplitResult, env: Mapping[str, str]) -> dict[str, str]:
    """Return the proxy for this portal as curl and requests would find it."""
    host = portal.hostname or ""
    named = [f"{portal.scheme}_proxy", "all_proxy"]
    proxy = next((v for n in named for v in (env.get(n), env.get(n.upper())) if v), None)
    passed = env.get("no_proxy") or env.get("NO_PROXY") or ""
    if proxy is None or is_loopback(host) or _bypassed(host, passed):
        return {}
    return {portal.scheme: proxy}


def _bypassed(host: str, passed: str) -> bool:
    names = (one.strip().lower().lstrip(".") for one in passed.split(",") if one.strip())
    host = host.lower()
    return any(name in {"*", host} or host.endswith(f".{name}") for name in names)


def _bundle(env: Mapping[str, str]) -> str | bool:
    named = ("REQUESTS_CA_BUNDLE", "CURL_CA_BUNDLE", "SSL_CERT_FILE")
    return next((env[name] for name in named if env.get(name)), True)


class _Sent(threading.local):
    """This thread's request: whether it has begun to leave, and what is asked before it does."""

    begun = False
    permitted: Callable[[], bool] = staticmethod(always)

    def leave(self) -> None:
        """Let the first byte leave, or raise NotPermitted."""
        if not self.permitted():
            raise NotPermitted
        self.begun = True


class _Adapter(HTTPAdapter):
    """Repeats nothing, asks whether a request may still leave, and notes when it begins to.

    `endheaders` is the last step before the first byte: by then the connection is made here (with
    TLS handshake and a proxy's CONNECT), so that no waiting lies between the asking and the byte.
    With TLS an error's type alone does not tell the handshake from what follows it.
    """

    def __init__(self, sent: _Sent) -> None:
        class Plain(HTTPConnection):
            def endheaders(self, *args: Any, **kwargs: Any) -> None:
                if self.sock is None:
                    self.connect()
                sent.leave()
                super().endheaders(*args, **kwargs)

        class Secure(HTTPSConnection):
            def endheaders(self, *args: Any, **kwargs: Any) -> None:
                if self.sock is None:
                    self.connect()
                sent.leave()
                super().endheaders(*args, **kwargs)

        class PlainPool(HTTPConnectionPool):
            ConnectionCls = Plain

        class SecurePool(HTTPSConnectionPool):
            ConnectionCls = Secure

        self._pools = {"http": PlainPool, "https": SecurePool}
        super().__init__(max_retries=0)

    def init_poolmanager(self, *args: Any, **kwargs: Any) -> None:
        """Make the pools of this adapter's kind."""
        super().init_poolmanager(*args, **kwargs)
        self.poolmanager.pool_classes_by_scheme = self._pools

    def proxy_manager_for(self, proxy: str, **proxy_kwargs: Any) -> Any:
        """Make the pools behind a proxy of this adapter's kind."""
        manager = super().proxy_manager_for(proxy, **proxy_kwargs)
        manager.pool_classes_by_scheme = self._pools
        return manager


def _never_stood(fault: BaseException) -> bool:
    """Tell whether an error is of a connection that never stood: DNS, TLS, refused, proxy."""
    seen: list[object] = [fault]
    for one in seen:
        if isinstance(one, _NEVER_STOOD):
            return True
        if isinstance(one, BaseException) and len(seen) < 10:  # noqa: PLR2004
            seen += (getattr(one, "reason", None), *one.args)
    return False


def _words(fault: BaseException) -> str:
    """Return what happened in a few words, without addresses in memory and pool names."""
    inner: object = fault
    for _ in range(5):
        following = getattr(inner, "reason", None) or (
            inner.args[0] if isinstance(inner, BaseException) and inner.args else None
        )
        if not isinstance(following, BaseException):
            break
        inner = following
    text = str(inner)
    text = text.split(">: ", maxsplit=1)[-1].split(": ", maxsplit=1)[-1] if ">: " in text else text
    return text or type(inner).__name__
