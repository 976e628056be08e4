"""Why there was no answer, as people read it: from real sockets, in words of no library."""

from __future__ import annotations

import re
import socket
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from urllib.parse import urlsplit

import pytest
from support.answering import answering

from tasksync.portal.messages import NotSent, PortalRequest, Unanswered
from tasksync.portal.transport import HttpTransport

KEY = "vibe_api_0123456789abcdef"
REPR = re.compile(r"object at 0x|\b\w+\([^()]*\w+=|Error\(|\[Errno|\('|_ssl\.c")


@pytest.fixture
def open_server() -> Iterator[Callable[[bytes], int]]:
    """Return what serves some bytes to whoever connects, and then hangs up; a port."""
    with ExitStack() as servers:

        def start(words: bytes) -> int:
            url = servers.enter_context(answering(words))
            return urlsplit(url).port or 0

        yield start


def closed() -> int:
    with socket.create_server(("127.0.0.1", 0)) as server:
        return int(server.getsockname()[1])


def told(url: str, **env: str) -> tuple[str, str]:
    """Return what is said of a request that gets no answer, and which proxy is blamed."""
    with pytest.raises((NotSent, Unanswered)) as caught:
        HttpTransport(url, KEY, timeout=5.0, env=env)(PortalRequest("GET", "/v1/me"))
    words = str(caught.value)
    assert not REPR.search(words), words
    return words, getattr(caught.value, "proxy", "")


@pytest.mark.parametrize("scheme", ["http", "https"])
def test_a_port_where_nobody_listens(scheme: str) -> None:
    port = closed()
    assert told(f"{scheme}://127.0.0.1:{port}") == (f"127.0.0.1:{port}: Connection refused", "")


def test_a_name_that_nobody_knows() -> None:
    words = "the name nowhere.invalid is not known"
    assert told("https://nowhere.invalid", NO_PROXY="*") == (words, "")


def test_what_speaks_no_tls(open_server: Callable[[bytes], int]) -> None:
    words, _ = told(f"https://127.0.0.1:{open_server(b'HTTP/1.1 400 Bad Request' + b'-' * 50)}")
    assert words == "TLS failed: wrong version number"


def test_what_hangs_up_is_told_without_a_repr(open_server: Callable[[bytes], int]) -> None:
    assert told(f"http://127.0.0.1:{open_server(b'')}")[0]


@pytest.mark.parametrize("name", ["HTTPS_PROXY", "https_proxy", "ALL_PROXY"])
def test_a_proxy_that_cannot_be_used_is_blamed_by_its_variable(
    name: str, open_server: Callable[[bytes], int]
) -> None:
    portal, port = "https://vibecode.bitrix24.com", closed()
    words = f"127.0.0.1:{port}: Connection refused"
    assert told(portal, **{name: f"http://127.0.0.1:{port}"}) == (words, name)
    unknown = "the name garbage.invalid is not known"
    assert told(portal, **{name: "garbage.invalid"}) == (unknown, name)
    login = open_server(b"HTTP/1.1 407 Proxy Authentication Required\r\n\r\n")
    words, blamed = told(portal, **{name: f"http://u:secretword@127.0.0.1:{login}"})
    assert (words, blamed) == ("it wants another user and password (407)", name)
    mute = open_server(b"")
    words, blamed = told(portal, **{name: f"http://u:secretword@127.0.0.1:{mute}"})
    assert (blamed, "secretword" in words) == (name, False)
