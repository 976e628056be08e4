"""HTTP exchanges that are bounded as a whole: what all rooms that talk through `requests` share.

The time-outs of a socket bound each step; a timer bounds them all together (connecting, TLS, a
proxy, headers, 1xx, chunks) by ending the connection from outside. Nothing is repeated and no
redirect followed.
"""

from __future__ import annotations

import socket
import threading
from collections.abc import Callable
from contextlib import AbstractContextManager
from io import BytesIO
from itertools import islice
from re import Pattern
from typing import Any

import requests
from requests.adapters import HTTPAdapter
from urllib3.connection import HTTPConnection

from tasksync.connection_timer import ended_after, shut_down
from tasksync.late_patterns import pattern_of

#: no answer is longer (bytes, once decoded): a page of 5 000 tasks has a few megabytes
LONGEST_BODY = 64 * 1024 * 1024
#: no answer holds more values: a page of 5 000 tasks has some hundred thousand
MOST_VALUES = 1_000_000
#: nor so many characters that are quoted as no text needs it: each is looked at for our secrets
MOST_ESCAPES = 1_500_000
#: nor is one text of a portal so long: its database takes no longer one (bytes)
LONGEST_TEXT = 16 * 1024 * 1024
_FIRST_LOOK = 1024 * 1024
_QUOTES = 8
_SHORTEST_ESCAPE = len("%41")
_SIGNS_OF_ESCAPES = (b"\\u00", b"%", b"&")
#: before each ellipsis the beginning of a secret may stand, which takes longer to look for
MOST_ELLIPSES = 600_000
_ELLIPSES = (b"...", "…".encode(), b"u2026")
#: as core.secrets reads them: a row of dots is one
_ELLIPSIS = pattern_of(rb"\.{3,}|(?:\xe2\x80\xa6)+|u2026")
#: all that stand for a sign of ASCII, as core.secrets reads them
NAMES = (
    b"AMP DiacriticalGrave GT Hat LT QUOT UnderBar VerticalLine amp apos ast bsol colon comma "
    b"commat dollar equals excl grave gt lbrace lbrack lcub lowbar lpar lsqb lt midast num percnt "
    b"period plus quest quot rbrace rbrack rcub rpar rsqb semi sol verbar vert"
).split()
_ESCAPE = pattern_of(
    rb"\\u00|%(?:25)*[2-7][0-9a-fA-F]|&(?:#[0-9xX]|(?:" + b"|".join(NAMES) + rb");)"
)
_CHUNK = 256 * 1024


class Exchange:
    """One request on its way, and its end: `over` once it was ended from outside."""

    def __init__(self) -> None:
        self.over = False
        self.link: HTTPConnection | None = None
        self.sock: Any = None

    def leave(self) -> None:
        """Let the first byte leave; raises TimeoutError where there is no time left."""
        if self.over:
            raise TimeoutError

    def within(self, seconds: float) -> AbstractContextManager[None]:
        """End the connection when so much time has passed."""
        return ended_after(seconds, self._end)

    def _end(self) -> None:
        self.over = True
        sock = self.sock or (self.link.sock if self.link is not None else None)
        sock = getattr(sock, "socket", sock)  # TLS inside a proxy's TLS
        if isinstance(sock, socket.socket):
            shut_down(sock)


class Current(threading.local):
    """The exchange that a thread is in."""

    exchange = Exchange()


class BoundedSession(requests.Session):
    """Follows no redirect: looking for its target, requests would read a body without end."""

    def __init__(self, current: Current) -> None:
        super().__init__()
        self.mount("https://", _Adapter(current))
        self.mount("http://", _Adapter(current))

    def get_redirect_target(self, resp: requests.Response) -> None:
        """Name none."""


def whole_body(
    response: requests.Response,
    check: Callable[[int], None],
    look: Callable[[bytes], Exception | None],
) -> bytes:
    """Read a body to its end, decoded, as `read_within` does."""
    if not hasattr(response.raw, "read1"):
        if fault := look(response.content):
            raise fault
        return response.content
    return read_within(lambda: response.raw.read1(_CHUNK, decode_content=True), check, look)


def read_within(
    read: Callable[[], bytes],
    check: Callable[[int], None],
    look: Callable[[bytes], Exception | None],
) -> bytes:
    """Read piece by piece to the end; `check` is told the length so far, and may raise.

    `look` is shown what came so far each time that it has doubled, and at the end, and returns
    what is to be raised: what nobody needs is refused when little of it is there, as what was
    packed to burst. It does not raise: its frame would keep that body for as long as the
    exception is kept, which is while the next one is read.
    """
    seen = _FIRST_LOOK
    with BytesIO() as whole:  # closed on an exception, which may be kept and would keep it
        while part := read():
            whole.write(part)
            check(whole.tell())
            if whole.tell() >= seen:
                seen = 2 * whole.tell()
                if fault := look(whole.getvalue()):
                    raise fault
        if fault := look(whole.getvalue()):
            raise fault
        return whole.getvalue()  # no copy: a list of parts and their sum would be two


def has_long_text(body: bytes) -> bool:
    """Tell whether JSON holds a text longer than LONGEST_TEXT, or so much of what is no JSON.

    One character outside Latin-1 makes a text four times as large once it is read. Texts of less
    than twice that length may pass.
    """
    starts = range(0, len(body) - LONGEST_TEXT + 1, LONGEST_TEXT)
    return any(body.find(b'"', at, at + LONGEST_TEXT) < 0 for at in starts)


def is_dense(body: bytes, most: int = MOST_VALUES) -> bool:
    """Tell whether JSON holds more than so many values, or more escapes or ellipses than are used.

    Two bytes may be a value, a hundred once decoded, and 64 MiB of them gigabytes; what stands
    inside texts is not counted. Behind an escape a secret may hide, so that each is looked at.
    """
    if _has_too_many_escapes(body):
        return True
    if len(body) <= most or _signs(body) <= most:
        return False
    if body.count(b'"') > _QUOTES * most:  # a value and its name have four
        return True
    found, at, outside = 0, 0, True
    while at < len(body) and found <= most:
        piece = body[at : at + _CHUNK]
        if (len(piece) - len(piece.rstrip(b"\\"))) % 2:  # an escape is not cut in two
            piece = body[at : at + _CHUNK + 1]
        at += len(piece)
        parts = piece.replace(b"\\\\", b"").replace(b'\\"', b"").split(b'"')
        found += sum(map(_signs, parts[0 if outside else 1 :: 2]))
        outside = outside == (len(parts) % 2 == 1)
    return found > most


def _has_too_many_escapes(body: bytes) -> bool:
    """Count what stands for another character; `%` and `&` of plain words and HTML are none."""
    if len(body) <= len(b"...") * MOST_ELLIPSES:  # as most are: nothing has to be counted
        return False
    if sum(map(body.count, _ELLIPSES)) > MOST_ELLIPSES and _has_more(
        _ELLIPSIS, body, MOST_ELLIPSES
    ):
        return True
    if len(body) <= _SHORTEST_ESCAPE * MOST_ESCAPES:
        return False
    if sum(map(body.count, _SIGNS_OF_ESCAPES)) <= MOST_ESCAPES:
        return False
    return _has_more(_ESCAPE, body, MOST_ESCAPES)


def _has_more(what: Pattern[bytes], body: bytes, most: int) -> bool:
    return next(islice(what.finditer(body), most, None), None) is not None


def _signs(body: bytes) -> int:
    return body.count(b",") + body.count(b"[") + body.count(b"{")


class _Adapter(HTTPAdapter):
    """Tells each exchange its connection, and asks it before the first byte leaves.

    `endheaders` is the last step before the first byte: the connection is made before it (with TLS
    handshake and a proxy's CONNECT), so that no waiting lies between the asking and the byte.
    """

    def __init__(self, current: Current) -> None:
        self._current = current
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
            scheme: _watched(pool, self._current) for scheme, pool in pools.items()
        }


class _WatchedConnection(HTTPConnection):
    """A connection that is made first, then asks, then sends; it can be ended from outside."""

    current: Current

    def connect(self) -> None:
        """Connect where the exchange sees it."""
        self.current.exchange.link = self
        super().connect()

    def endheaders(self, *args: Any, **kwargs: Any) -> None:
        """Ask, and let the first byte leave."""
        if self.sock is None:
            self.connect()
        self.current.exchange.sock = self.sock
        self.current.exchange.leave()
        super().endheaders(*args, **kwargs)


def _watched(pool: Any, current: Current) -> type:
    """Return a kind of pool (plain, TLS, through SOCKS) whose connections are watched."""
    link = type("Watched", (_WatchedConnection, pool.ConnectionCls), {"current": current})
    return type("WatchedPool", (pool,), {"ConnectionCls": link})
