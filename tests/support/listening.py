"""A listener on the loopback whose threads end with it.

A thread left in accept() after its socket is closed takes a connection of whoever listens on the
same file descriptor next, once any signal has the kernel begin the call anew.
"""

from __future__ import annotations

import socket
import threading
from collections.abc import Callable
from contextlib import suppress
from typing import Self


class Listener:
    """Calls `serve` with each connection, in a thread of its own, and closes it afterwards.

    `port` 0 is any free one. What `serve` raises as OSError is a client's leaving. `close`, or
    leaving the block, ends every connection and waits for the threads.
    """

    def __init__(self, serve: Callable[[socket.socket], None], port: int = 0) -> None:
        self._serve = serve
        self._socket = socket.create_server(("127.0.0.1", port), backlog=64)
        self.port: int = self._socket.getsockname()[1]
        self._lock = threading.Lock()
        self._open: set[socket.socket] = set()
        self._threads: list[threading.Thread] = []
        self._accepting = threading.Thread(target=self._accept, daemon=True)
        self._accepting.start()

    @property
    def url(self) -> str:
        """Where it listens, without a path."""
        return f"http://127.0.0.1:{self.port}"

    def close(self) -> None:
        """Stop listening; may be called twice. Raises RuntimeError when a thread does not end."""
        with suppress(OSError):
            self._socket.shutdown(socket.SHUT_RDWR)
        self._accepting.join(10)
        self._socket.close()
        with self._lock:
            for connection in self._open:
                with suppress(OSError):
                    socket.socket.shutdown(connection, socket.SHUT_RDWR)
        for thread in [self._accepting, *self._threads]:
            thread.join(10)
            if thread.is_alive():
                message = f"{thread.name} of the listener on port {self.port} goes on"
                raise RuntimeError(message)

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def _accept(self) -> None:
        while True:
            try:
                connection = self._socket.accept()[0]
            except OSError:
                return
            thread = threading.Thread(target=self._visit, args=(connection,), daemon=True)
            with self._lock:
                self._open.add(connection)
                self._threads.append(thread)
            thread.start()

    def _visit(self, connection: socket.socket) -> None:
        try:
            with connection, suppress(OSError):
                self._serve(connection)
        finally:
            with self._lock:
                self._open.discard(connection)
                self._threads = [one for one in self._threads if one.is_alive()]
