"""HTTP as far as a forge needs it: one request in, one answer out, connections that stay open."""

from __future__ import annotations

import json
import socket
from collections.abc import Callable
from dataclasses import dataclass, field
from http import HTTPStatus
from http.client import HTTPMessage, parse_headers
from typing import Any, BinaryIO
from urllib.parse import parse_qsl, urlsplit


class Cut(Exception):
    """The connection ends here, without an answer."""


@dataclass(slots=True)
class Request:
    """What a client asked, with the path as it was sent, still quoted."""

    method: str
    target: str
    headers: HTTPMessage
    body: bytes

    @property
    def path(self) -> str:
        return urlsplit(self.target).path

    @property
    def query(self) -> dict[str, str]:
        return dict(parse_qsl(urlsplit(self.target).query, keep_blank_values=True))

    def header(self, name: str) -> str:
        return str(self.headers.get(name, ""))


@dataclass(slots=True)
class Answer:
    """What goes back; `body` is said as JSON unless it is None or text."""

    status: int
    body: Any = None
    headers: dict[str, str] = field(default_factory=dict)

    def sent(self, *, with_body: bool) -> bytes:
        content = b""
        if self.body is not None:
            text = self.body if isinstance(self.body, str) else json.dumps(self.body)
            content = text.encode()
        headers = {"Content-Type": "application/json; charset=utf-8", **self.headers}
        headers["Content-Length"] = str(len(content))
        lines = [f"HTTP/1.1 {self.status} {HTTPStatus(self.status).phrase}"]
        lines += [f"{name}: {value}" for name, value in headers.items()]
        head = ("\r\n".join(lines) + "\r\n\r\n").encode("latin-1")
        return head + (content if with_body else b"")


def converse(connection: socket.socket, answer: Callable[[Request], Answer]) -> None:
    """Answer every request that comes on this connection until either side ends it."""
    connection.settimeout(60)
    with connection.makefile("rb") as reader:
        while (request := _read(reader)) is not None:
            try:
                said = answer(request)
            except Cut:
                connection.shutdown(socket.SHUT_RDWR)
                return
            connection.sendall(said.sent(with_body=request.method != "HEAD"))
            if request.header("Connection").lower() == "close":
                return


def _read(reader: BinaryIO) -> Request | None:
    first = reader.readline(65537).decode("latin-1").split()
    if len(first) != 3:
        return None
    headers = parse_headers(reader)
    length = int(headers.get("Content-Length") or 0)
    return Request(first[0], first[1], headers, reader.read(length))
