"""A server on the loopback that says one thing to everyone."""

from __future__ import annotations

import socket
import time
from collections.abc import Iterator
from contextlib import contextmanager

from support.listening import Listener


@contextmanager
def answering(first: bytes, drop: bytes = b"") -> Iterator[str]:
    """A server that says so to everyone, and then a drop every 50 ms where there is one."""

    def serve(connection: socket.socket) -> None:
        connection.settimeout(5)
        connection.recv(65536)
        connection.sendall(first)
        while drop:
            time.sleep(0.05)
            connection.sendall(drop)

    with Listener(serve) as listener:
        yield f"{listener.url}/s"
