"""One request to a state server and its answer, bounded; it keeps `requests` for the stores.

The time-outs of a socket bound each step; a timer bounds them all together (connecting, TLS,
headers, 1xx, chunks) by ending the connection from outside. A body is read up to 64 MiB, counted
after decoding. The portal's transport keeps the same bounds apart: the rooms do not know each
other, and it asks more (whether a request may still leave, and whether it had begun to).
"""

from __future__ import annotations

import socket
import threading
from collections.abc import Iterator, Mapping
from contextlib import contextmanager, suppress
from typing import Any, NamedTuple

import requests
from requests.adapters import HTTPAdapter
from requests.auth import HTTPBasicAuth
from urllib3.connection import HTTPConnection
from urllib3.exceptions import HTTPError

WHOLE = 100.0  # seconds of one exchange, unless --timeout says otherwise
STEPS = (10.0, 20.0)  # seconds to connect, and between two bytes: well below a lease's time
#: no state is longer (bytes, once decoded)
LONGEST_BODY = 64 * 1024 * 1024
_CHUNK = 256 * 1024


class Answer(NamedTuple):
    """What a server said, whole."""

    status: int
    headers: Mapping[str, str]
    body: bytes


class NoAnswer(Exception):
    """Nobody knows what the server did; its words say why, without addresses."""


class NoRequest(Exception):
    """Asking again leads to the same: an address or an answer that cannot be used."""


class Exchanges:
    """Sends requests to one state server; safe to call from several threads."""

    def __init__(self, login: tuple[str, str], *, proxies: bool, timeout: float) -> None:
        self._timeout = timeout
        self._steps = (min(STEPS[0], timeout), min(STEPS[1], timeout))
        self._mine = _Mine()
        self._session = _Session()
        self._session.trust_env = proxies
        self._session.mount("https://", _Adapter(self._mine))
        self._session.mount("http://", _Adapter(self._mine))
        if any(login):
            self._session.auth = HTTPBasicAuth(*(part.encode() for part in login))

    def ask(
        self,
        method: str,
        url: str,
        params: Mapping[str, str],
        body: bytes | None,
        headers: Mapping[str, str],
    ) -> Answer:
        """Send one request and read its answer; raises NoAnswer and NoRequest."""
        exchange = self._mine.exchange = _Exchange()
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
                whole = _body(answer, NoRequest if method == "GET" else NoAnswer)
                if exchange.over:  # a body that ends with its connection was cut off, not ended
                    raise requests.Timeout
                return Answer(answer.status_code, answer.headers, whole)
        except (requests.RequestException, HTTPError, OSError) as fault:
            if exchange.over:
                msg = f"no whole answer within {self._timeout:g} s"
                raise NoAnswer(msg) from None
            raise _told(fault) from None  # its words hold the whole URL


def _body(answer: requests.Response, too_long: type[NoAnswer | NoRequest]) -> bytes:
    """Read a body; `too_long` is raised for an endless one: a write may have been done."""
    parts: list[bytes] = []
    size = 0
    while part := answer.raw.read1(_CHUNK, decode_content=True):
        parts.append(part)
        size += len(part)
        if size > LONGEST_BODY:
            msg = f"its answer is longer than {LONGEST_BODY >> 20} MiB"
            parts.clear()  # an exception that is kept would keep them too
            raise too_long(msg)
    return b"".join(parts)


def _told(fault: Exception) -> NoAnswer | NoRequest:
    if isinstance(fault, requests.exceptions.SSLError):
        return NoAnswer("its certificate is not trusted")
    if isinstance(fault, requests.Timeout):
        return NoAnswer("it did not answer in time")
    lost = (requests.ConnectionError, requests.exceptions.ChunkedEncodingError, HTTPError)
    if isinstance(fault, lost) or not isinstance(fault, requests.RequestException):
        return NoAnswer("no connection")
    return NoRequest(type(fault).__name__)


class _Exchange:
    """One request on its way, and its end."""

    def __init__(self) -> None:
        self.over = False
        self.link: HTTPConnection | None = None
        self.sock: Any = None

    @contextmanager
    def within(self, seconds: float) -> Iterator[None]:
        """End the connection when so much time has passed."""
        timer = threading.Timer(seconds, self._end)
        timer.daemon = True
        timer.start()
        try:
            yield
        finally:
            timer.cancel()

    def _end(self) -> None:
        self.over = True
        sock = self.sock or (self.link.sock if self.link is not None else None)
        sock = getattr(sock, "socket", sock)  # TLS inside a proxy's TLS
        if isinstance(sock, socket.socket):
            with suppress(OSError):  # below TLS, so that its reader meets an end and no raw bytes
                socket.socket.shutdown(sock, socket.SHUT_RDWR)


class _Mine(threading.local):
    """The exchange of one thread."""

    exchange = _Exchange()


class _Session(requests.Session):
    """Follows no redirect: looking for its target, requests would read a body without end."""

    def get_redirect_target(self, resp: requests.Response) -> None:
        """Name none."""


class _Adapter(HTTPAdapter):
    """Repeats nothing, and tells each exchange its connection."""

    def __init__(self, mine: _Mine) -> None:
        self._mine = mine
        super().__init__(max_retries=0)

    def init_poolmanager(self, *args: Any, **kwargs: Any) -> None:
        """Make the pools of this adapter's kind."""
        super().init_poolmanager(*args, **kwargs)
        self._watch(self.poolmanager)

    def proxy_manager_for(self, proxy: str, **proxy_kwargs: Any) -> Any:
        """Make the pools behind a proxy of this adapter's kind."""
        known = proxy in self.proxy_manager
        manager = super().proxy_manager_for(proxy, **proxy_kwargs)
        if not known:
            self._watch(manager)
        return manager

    def _watch(self, manager: Any) -> None:
        pools = manager.pool_classes_by_scheme
        manager.pool_classes_by_scheme = {
            scheme: _watched(pool, self._mine) for scheme, pool in pools.items()
        }


class _WatchedConnection(HTTPConnection):
    """A connection that can be ended from outside."""

    mine: _Mine

    def connect(self) -> None:
        """Connect where the exchange sees it."""
        self.mine.exchange.link = self
        super().connect()

    def endheaders(self, *args: Any, **kwargs: Any) -> None:
        """Send, where there is still time to."""
        if self.sock is None:
            self.connect()
        self.mine.exchange.sock = self.sock
        if self.mine.exchange.over:
            raise TimeoutError
        super().endheaders(*args, **kwargs)


def _watched(pool: Any, mine: _Mine) -> type:
    link = type("Watched", (_WatchedConnection, pool.ConnectionCls), {"mine": mine})
    return type("WatchedPool", (pool,), {"ConnectionCls": link})
