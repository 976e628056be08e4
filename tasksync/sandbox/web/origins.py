"""Who may use the socket: programs of this machine and the sandbox's own page.

A page of another site can make a browser send what needs no preflight (a form's POST), and can give
its own name the address 127.0.0.1. The first shows in Origin, Sec-Fetch-Site and the type of the
body, the second by Host.
"""

from __future__ import annotations

import re
from urllib.parse import urlsplit

from tasksync.sandbox.web.http_messages import ApiError, WebRequest

_LOOPBACK = re.compile(r"localhost|127(\.\d{1,3}){3}|::1")
_OWN = {"", "same-origin", "none"}
#: DELETE is not here: it has no body, and no page may send one unasked.
_WITH_BODY = {"POST", "PUT", "PATCH"}


def check_origin(request: WebRequest, served: frozenset[str]) -> None:
    """Raises ApiError for a request of another site's page; `served` are the addresses served."""
    host = request.header("Host")
    name = _name(host)
    if host and not (_LOOPBACK.fullmatch(name) or name in served):
        raise ApiError(403, "FOREIGN_HOST", "the sandbox answers to localhost and its own address")
    if request.path == "/":
        return  # a link may lead to the page
    origin = request.header("Origin")
    foreign = bool(origin) and origin.lower() != f"http://{host.lower()}"
    if foreign or request.header("Sec-Fetch-Site").lower() not in _OWN:
        raise ApiError(403, "FOREIGN_ORIGIN", "pages of other sites may not use the sandbox")
    if request.method in _WITH_BODY and not request.says_json():
        raise ApiError.invalid("Content-Type must be application/json")


def _name(host: str) -> str:
    """Return the name in a Host header, without its port; the empty text when it is none."""
    try:
        return urlsplit(f"//{host}").hostname or ""
    except ValueError:
        return ""
