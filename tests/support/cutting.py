"""A loopback wire that is cut when a word goes by: before the server hears it, or after."""

from __future__ import annotations

import socket
import threading
from contextlib import suppress
from enum import Enum

from support.listening import Listener


class Cut(Enum):
    """Where the wire is cut: the server never hears the word, or its answer is lost."""

    BEFORE = "before"
    AFTER = "after"


class Wire:
    """Passes bytes on to a server; `arm` has it cut at the next bytes that hold `word`.

    After a cut it works again, as networks do; `cuts` counts them.
    """

    def __init__(self, port: int, word: bytes) -> None:
        self._target = port
        self._word = word
        self._armed: list[Cut] = []
        self._let_by = 0
        self.cuts = 0
        #: the server hears nothing any more, and nobody hangs up
        self.hushed = False
        self._listener = Listener(self._pass_on)
        self.port = self._listener.port

    def arm(self, *cuts: Cut, after: int = 0) -> None:
        """Cut at the next words, one after the other, once so many went by."""
        self._armed = list(cuts)
        self._let_by = after

    def close(self) -> None:
        """Take the wire down."""
        self._listener.close()

    def _pass_on(self, client: socket.socket) -> None:
        with socket.create_connection(("127.0.0.1", self._target)) as server:
            pair = _Pair(self, client, server)
            answers = threading.Thread(target=pair.downward, daemon=True)
            answers.start()
            pair.upward()
            answers.join()

    def cut_at(self, data: bytes) -> Cut | None:
        """Tell whether the wire is cut at these bytes."""
        if self._armed and self._word in data:
            if self._let_by:
                self._let_by -= 1
                return None
            self.cuts += 1
            return self._armed.pop(0)
        return None


class _Pair:
    def __init__(self, wire: Wire, client: socket.socket, server: socket.socket) -> None:
        self._wire = wire
        self._client = client
        self._server = server
        self._deaf = threading.Event()

    def upward(self) -> None:
        try:
            while data := self._client.recv(1 << 16):
                if self._wire.hushed:
                    continue
                match self._wire.cut_at(data):
                    case Cut.BEFORE:
                        break
                    case Cut.AFTER:
                        self._deaf.set()
                self._server.sendall(data)
        except OSError:
            pass
        self._end()

    def downward(self) -> None:
        try:
            while data := self._server.recv(1 << 16):
                if self._deaf.is_set():
                    break
                self._client.sendall(data)
        except OSError:
            pass
        self._end()

    def _end(self) -> None:
        for end in (self._client, self._server):
            with suppress(OSError):
                end.shutdown(socket.SHUT_RDWR)
