"""A server on the loopback that says one thing to everyone."""

from __future__ import annotations

import socket
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress


@contextmanager
def saying(first: bytes, drop: bytes = b"") -> Iterator[str]:
    """A server that says so to everyone, and then a drop every 50 ms where there is one."""
    with socket.create_server(("127.0.0.1", 0)) as listener:

        def serve() -> None:
            while True:
                try:
                    met = listener.accept()[0]
                except OSError:
                    return
                with met, suppress(OSError):
                    met.settimeout(5)
                    met.recv(65536)
                    met.sendall(first)
                    while drop:
                        time.sleep(0.05)
                        met.sendall(drop)

        threading.Thread(target=serve, daemon=True).start()
        yield f"http://127.0.0.1:{listener.getsockname()[1]}/s"
