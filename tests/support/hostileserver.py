"""A server on the loopback that spoils right answers, as one seed says."""

from __future__ import annotations

import random
import socket
import threading
import time
from collections.abc import Callable
from dataclasses import dataclass
from typing import Self

from support.hostility import Right, spoilt
from support.listening import Listener

#: between two drops (seconds)
DROP = 0.02
#: a client that reads no more is let go (seconds)
GONE = 4.0


@dataclass
class RawRequest:
    """One request, as it came."""

    method: str
    path: str
    query: str
    headers: dict[str, str]
    body: bytes


class HostileServer:
    """Answers through `right`, spoilt at `rate`; use it with `with`."""

    def __init__(self) -> None:
        self.right: Callable[[RawRequest], Right] = lambda _request: Right(404, b"")
        self.rate = 1.0
        self.chance = random.Random(0)  # noqa: S311 - a seed is all it is for
        self.answered = 0
        self._listener = Listener(self._serve)
        self._lock = threading.Lock()

    @property
    def url(self) -> str:
        """Where it listens."""
        return self._listener.url

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_error: object) -> None:
        self._listener.close()

    def _serve(self, client: socket.socket) -> None:
        client.settimeout(GONE)
        client.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        with client.makefile("rb") as stream:
            while (request := _read(stream, client)) is not None:
                with self._lock:
                    self.answered += 1
                    right, rate = self.right(request), self.rate
                    chance = random.Random(self.chance.random())  # noqa: S311 - the same
                spoils = False
                for piece in spoilt(chance, right, rate):
                    spoils = piece != _told(right)
                    client.sendall(piece)
                    if len(piece) < 100 and spoils:
                        time.sleep(DROP)
                if spoils and chance.random() < 0.5:
                    return


def _told(right: Right) -> bytes:
    from support.hostility import whole

    return whole(right.status, right.headers, right.body)


def _read(stream: object, client: socket.socket) -> RawRequest | None:
    line = stream.readline(65_536)  # type: ignore[attr-defined]
    parts = line.decode("latin-1").split()
    if len(parts) < 2:
        return None
    headers: dict[str, str] = {}
    while line := stream.readline(65_536).decode("latin-1").strip():  # type: ignore[attr-defined]
        name, _, value = line.partition(":")
        headers[name.strip()] = value.strip()
    if any(name.lower() == "expect" for name in headers):  # boto3 waits a second for it
        client.sendall(b"HTTP/1.1 100 Continue\r\n\r\n")
    length = next((v for k, v in headers.items() if k.lower() == "content-length"), "0")
    body = stream.read(int(length))  # type: ignore[attr-defined]
    path, _, query = parts[1].partition("?")
    return RawRequest(parts[0], path, query, headers, body)
