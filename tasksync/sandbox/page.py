"""The page at `/`: the tasks as a person wants to see them."""

from __future__ import annotations

from tasksync.sandbox.answers import Request, Response


def answer(_request: Request) -> Response:
    """The page itself; it fetches what it shows from `/_sandbox/board`."""
    return Response(200, {"Content-Type": "text/html; charset=utf-8"}, b"<!doctype html>")
