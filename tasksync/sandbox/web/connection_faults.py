"""Faults that leave a request without a whole answer; the server closes its connection."""

from __future__ import annotations

from tasksync.sandbox.web.http_messages import Response


class ConnectionLost(Exception):
    """No answer comes: the connection is closed, by FIN or by RST."""

    def __init__(self, *, reset: bool = False) -> None:
        super().__init__("connection reset" if reset else "connection closed without an answer")
        self.reset = reset


class Hang(Exception):
    """No answer comes for so many seconds; then the connection is closed."""

    def __init__(self, seconds: float) -> None:
        super().__init__(f"no answer for {seconds} s")
        self.seconds = seconds


class BrokenBody(ConnectionLost):
    """The connection is closed in the middle of this answer's body."""

    def __init__(self, response: Response, *, chunked: bool) -> None:
        super().__init__()
        self.response, self.chunked = response, chunked
