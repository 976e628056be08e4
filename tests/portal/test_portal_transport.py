"""HTTP at the door: what is sent, what is refused, and whether a lost request ever left."""

from __future__ import annotations

import gzip
import json
import socket
import time
import traceback
import tracemalloc
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any
from urllib.parse import quote as urlquote

import orjson
import pytest
import responses
from requests import certs
from support.answering import answering
from support.listening import Listener

from tasksync import http_bounds as limits
from tasksync.core.secrets import Secrets
from tasksync.errors import SettingsError
from tasksync.portal import transport
from tasksync.portal.address import normalise_url
from tasksync.portal.client import RestPortal
from tasksync.portal.messages import (
    NotHttp,
    NotSent,
    PortalAnswer,
    PortalRequest,
    TooLong,
    Unanswered,
)
from tasksync.portal.redacted_transport import RedactedTransport
from tasksync.portal.setup import PortalSettings
from tasksync.portal.transport import HttpTransport

KEY = "vibe_api_0123456789abcdef"
TOKEN = "vibe_session_fedcba9876543210"
URL = "https://vibecode.bitrix24.com"
ME = PortalRequest("GET", "/v1/me")


@pytest.mark.parametrize(
    ("given", "url"),
    [
        ("https://vibecode.bitrix24.com", "https://vibecode.bitrix24.com/v1"),
        ("https://vibecode.bitrix24.com/", "https://vibecode.bitrix24.com/v1"),
        ("https://VibeCode.bitrix24.com/v1", "https://vibecode.bitrix24.com/v1"),
        ("https://vibecode.bitrix24.com/v1/", "https://vibecode.bitrix24.com/v1"),
        (" vibecode.bitrix24.tech ", "https://vibecode.bitrix24.tech/v1"),
        ("http://127.0.0.1:8024", "http://127.0.0.1:8024/v1"),
        ("http://localhost:8024/v1", "http://localhost:8024/v1"),
        ("http://[::1]:8024", "http://[::1]:8024/v1"),
        ("https://gate.example/bitrix", "https://gate.example/bitrix/v1"),
        ("https://gate.example/rest", "https://gate.example/rest/v1"),
        ("https://bitrix24.acme.example", "https://bitrix24.acme.example/v1"),
        ("https://vibecode.bitrix24.com.br", "https://vibecode.bitrix24.com.br/v1"),
    ],
)
def test_a_portal_may_be_named_with_or_without_its_version(given, url):
    """Design 3: the /v1 is ours to add."""
    assert normalise_url(given) == url


@pytest.mark.parametrize(
    "given",
    [
        "",
        "https://",
        "ftp://portal.example",
        "http://portal.example",
        "http://127.0.0.1.evil.example",
        "https://user:secret@portal.example",
        "https://portal.example/v1?key=secret",
        "https://portal.example/#secret",
        "https://portal.example:port",
    ],
)
def test_a_url_that_would_show_a_secret_or_leads_nowhere_is_refused(given):
    """Plain http is for loopback only; the message repeats no secret."""
    with pytest.raises(SettingsError) as caught:
        normalise_url(given)
    assert "secret" not in caught.value.message


@responses.activate
def test_the_key_and_the_session_go_as_headers():
    """Seeds: X-Api-Key, and Authorization beside it for an application."""
    responses.post(f"{URL}/v1/batch", json={"success": True, "data": {}}, status=200)
    send = HttpTransport(URL, KEY, TOKEN)
    body = orjson.dumps({"calls": []})
    headers = (("Content-Type", "application/json"),)
    answer = send(PortalRequest("POST", "/v1/batch", (("a[>b]", "1,2"),), body, headers))
    sent: Any = responses.calls[0].request
    assert sent.headers["X-Api-Key"] == KEY
    assert sent.headers["Authorization"] == f"Bearer {TOKEN}"
    assert sent.headers["Content-Type"] == "application/json"
    assert sent.url == f"{URL}/v1/batch?a%5B%3Eb%5D=1%2C2"
    assert sent.body == body
    assert answer.status == 200
    send.close()


@responses.activate
def test_a_personal_key_goes_alone():
    """No Authorization header; nothing is taken from the process's environment."""
    responses.get(f"{URL}/v1/me", json={"success": True, "data": {}})
    HttpTransport(URL, KEY)(ME)
    assert "Authorization" not in responses.calls[0].request.headers


@responses.activate
def test_a_redirect_is_an_answer_and_not_followed():
    """The key goes to no other host."""
    responses.get(f"{URL}/v1/me", status=302, headers={"Location": "https://evil.example/v1/me"})
    answer = HttpTransport(URL, KEY)(ME)
    assert answer.status == 302
    assert len(responses.calls) == 1


@responses.activate
def test_a_portal_that_quotes_our_key_is_not_quoted():
    """Errors and per-call errors may end in a log."""
    words = {
        "success": False,
        "error": {"code": "INVALID_API_KEY", "message": f"bad {KEY} {TOKEN}"},
    }
    responses.get(f"{URL}/v1/me", json=words, status=401, headers={"X-Echo": KEY})
    answer = HttpTransport(URL, KEY, TOKEN)(ME)
    assert KEY.encode() not in answer.body
    assert TOKEN.encode() not in answer.body
    assert answer.header("x-echo") == "***"


@pytest.mark.parametrize("key", ["a b", "key\n", "ключ", "a\r\nX: y"])
def test_a_key_that_cannot_be_one_is_refused_without_repeating_it(key):
    """A header must not be broken out of."""
    with pytest.raises(SettingsError, match="TASKSYNC_API_KEY") as caught:
        HttpTransport(URL, key)
    assert key not in str(caught.value)


def test_secrets_stand_in_no_repr():
    """Nor does a user name."""
    send = HttpTransport(URL, KEY, TOKEN)
    assert repr(send) == "HttpTransport('https://vibecode.bitrix24.com/v1')"


@pytest.mark.parametrize(
    ("env", "proxies", "verify"),
    [
        ({}, {}, True),
        ({"HTTPS_PROXY": "http://p:3128"}, {"https": "http://p:3128"}, True),
        ({"https_proxy": "http://p:1", "NO_PROXY": ".bitrix24.com"}, {}, True),
        ({"ALL_PROXY": "http://p:2", "NO_PROXY": "other.example"}, {"https": "http://p:2"}, True),
        ({"ALL_PROXY": "http://p:2", "no_proxy": "*"}, {}, True),
        ({"REQUESTS_CA_BUNDLE": certs.where()}, {}, certs.where()),
        ({"SSL_CERT_FILE": certs.where()}, {}, certs.where()),
        ({"SSL_CERT_FILE": str(Path(certs.where()).parent)}, {}, str(Path(certs.where()).parent)),
    ],
)
def test_proxies_and_certificates_are_read_once_from_what_is_handed_in(env, proxies, verify):
    """As curl and requests would find them; TLS is verified, always."""
    session = HttpTransport(URL, KEY, env=env)._session()
    assert session.proxies == proxies
    assert session.verify == verify
    assert session.trust_env is False
    assert HttpTransport("http://localhost:1", KEY, env=env)._session().proxies == {}


@contextmanager
def server(*answers: bytes | None) -> Iterator[str]:
    """A socket on loopback that reads a request and writes these bytes, or nothing (None)."""
    left = iter(answers)

    def serve(connection: socket.socket) -> None:
        answer = next(left)
        connection.settimeout(5)
        connection.recv(65536)
        if answer is None:
            connection.recv(65536)
        else:
            connection.sendall(answer)

    with Listener(serve) as listener:
        yield listener.url


HEAD = b"HTTP/1.1 200 OK\r\nContent-Type: application/json\r\n"


def test_an_answer_over_a_socket_is_whole():
    """Status, headers and body as they came."""
    with server(HEAD + b"X-RateLimit-Limit: 300\r\nContent-Length: 2\r\n\r\n{}") as url:
        answer = HttpTransport(url, KEY)(ME)
    assert (answer.status, answer.body, answer.header("x-ratelimit-limit")) == (200, b"{}", "300")


@pytest.mark.parametrize(
    "answer",
    [
        b"",
        b"garbage\r\n\r\n",
        HEAD + b"Content-Length: 100\r\n\r\n{",
        HEAD + b"Transfer-Encoding: chunked\r\n\r\n1\r\n{\r\nno chunk\r\n",
        HEAD + b"Transfer-Encoding: chunked\r\n\r\n5\r\n{",
        HEAD + b"Content-Encoding: gzip\r\nContent-Length: 4\r\n\r\n{ab}",
    ],
)
def test_what_broke_after_sending_is_unanswered(answer):
    """It may have been done."""
    with server(answer) as url, pytest.raises(Unanswered):
        HttpTransport(url, KEY)(PortalRequest("POST", "/v1/tasks", (), b"{}"))


def test_a_time_out_is_unanswered():
    """And bounded."""
    with server(None) as url, pytest.raises(Unanswered):
        HttpTransport(url, KEY, timeout=0.2)(ME)


def test_a_body_that_trickles_ends_in_time():
    """The time-out bounds the whole answer, not each piece."""
    ticks = iter([0.0, 200.0, 200.0])
    with (
        server(HEAD + b"Content-Length: 5\r\n\r\n{") as url,
        pytest.raises(Unanswered, match="in time"),
    ):
        HttpTransport(url, KEY, monotonic=lambda: next(ticks))(ME)


@pytest.mark.parametrize("answer", [b"SSH-2.0-OpenSSH_9.2\r\n", b"\x15\x03\x01\x00\x02\x02\x46"])
def test_a_server_that_speaks_no_http_is_told_as_one(answer):
    """Another service under the port; still nobody knows what it did."""
    with server(answer) as url, pytest.raises(NotHttp):
        HttpTransport(url, KEY)(ME)
    assert issubclass(NotHttp, Unanswered)


@pytest.mark.parametrize(
    ("first", "drop"),
    [
        (b"", b"H"),
        (b"HTTP/1.1 200 OK\r\n", b"X-Drop: 1\r\n"),
        (b"", b"HTTP/1.1 100 Continue\r\n\r\n"),
        (HEAD + b"Content-Length: 100000\r\n\r\n", b"x"),
        (HEAD + b"Transfer-Encoding: chunked\r\n\r\n", b"1\r\nx\r\n"),
        (HEAD + b"Connection: close\r\n\r\n{", b" "),
    ],
    ids=["status", "headers", "1xx", "body", "chunks", "until the end"],
)
def test_the_time_out_bounds_the_whole_exchange_however_it_drips(first, drop):
    """Each step is quick; together they are not, and what was cut off is no whole answer."""
    began = time.monotonic()
    with (
        answering(first, drop) as url,
        pytest.raises(Unanswered, match=r"within 0.4 s|in time|did not end"),
    ):
        HttpTransport(url, KEY, timeout=0.4)(ME)
    assert time.monotonic() - began < 10  # with room for a busy machine


@pytest.mark.parametrize("way", ["handshake", "proxy"])
def test_the_time_out_bounds_the_connecting_too(way):
    """A handshake or a proxy's answer that drips: nothing of the request has left."""
    began = time.monotonic()
    # the head of a TLS record of 16 000 bytes; a proxy's headers
    first, drop = (
        (b"\x16\x03\x03\x3e\x80", b"\x02")
        if way == "handshake"
        else (b"HTTP/1.1 200 OK\r\n", b"X-Drop: 1\r\n")
    )
    with answering(first, drop) as url:
        env = {"HTTPS_PROXY": url} if way == "proxy" else {}
        portal = URL if env else url.replace("http:", "https:")
        with pytest.raises(NotSent, match=r"within 0.4 s"):
            HttpTransport(portal, KEY, timeout=0.4, env=env)(ME)
    assert time.monotonic() - began < 10  # with room for a busy machine


def test_a_body_is_counted_after_decoding(monkeypatch):
    """A few kilobytes may be megabytes."""
    monkeypatch.setattr(transport, "LONGEST_BODY", 1_000_000)
    small = gzip.compress(b"x" * 20_000_000)
    head = HEAD + b"Content-Encoding: gzip\r\nContent-Length: %d\r\n\r\n" % len(small)
    with server(head + small) as url, pytest.raises(TooLong, match="longer than"):
        HttpTransport(url, KEY)(ME)


@pytest.mark.parametrize(
    ("body", "dense"),
    [
        (b"[" + b"[]," * 700 + b"1]", True),
        (b'{"a":"' + b"[,{" * 700 + b'"}', False),
        (b'["' + b"\\\\" * 999 + b'","' + b"," * 999 + b'"]', False),
        (b'["\\"' + b"," * 999 + b'","x\\\\\\"' + b",\\" * 998 + b'\\",1]', False),
        (b'["x\\\\",' + b"{}," * 700 + b'"x"]', True),
    ],
)
@pytest.mark.parametrize("chunk", [1, 2, 3, 7, 1 << 20])
def test_values_are_counted_outside_of_texts(monkeypatch, body, dense, chunk):
    """Two bytes of JSON may be a hundred of memory; commas of a text are its own."""
    monkeypatch.setattr(limits, "_CHUNK", chunk)
    assert limits.is_dense(body, 500) is dense


@pytest.mark.parametrize("escape", [b"\\u0041", b"%41", b"&#65;"])
def test_an_answer_full_of_escapes_is_let_go_of(escape):
    """Each may hide a letter of a secret: nine million of them took half a minute."""
    assert limits.is_dense(b'{"data":"' + escape * (limits.MOST_ESCAPES + 1) + b'"}')
    assert not limits.is_dense(b'{"data":"' + escape * 1000 + b'"}')


@pytest.mark.parametrize(
    ("piece", "words"),
    [(b"1,", "values"), (b"[", "values"), (b"a", "a text of more than 16 MiB"), (b" ", "a text")],
)
def test_what_is_packed_to_burst_is_refused_when_little_of_it_is_there(piece, words):
    """Two bytes a value, or one text without end: it is not read up to the limit first."""
    small = gzip.compress(b'{"data":["",' + piece * (300_000_000 // len(piece)), 1)
    head = HEAD + b"Content-Encoding: gzip\r\nContent-Length: %d\r\n\r\n" % len(small)
    tracemalloc.start()
    try:
        with server(head + small) as url, pytest.raises(TooLong, match=words):
            HttpTransport(url, KEY)(ME)
        _now, most = tracemalloc.get_traced_memory()
    finally:
        tracemalloc.stop()
    assert most < limits.LONGEST_BODY


def _held(fault):
    """Yield what the frames of a fault, and of those behind it, keep alive."""
    while fault is not None:
        for frame, _line in traceback.walk_tb(fault.__traceback__):
            yield from frame.f_locals.values()
        fault = fault.__context__


@pytest.mark.parametrize("piece", [b"1,", b"a" * 4096])
def test_a_refused_answer_is_not_kept_by_its_fault(piece):
    """The fault lives while the answer is asked for again: two at once were over 64 MiB."""
    small = gzip.compress(b'{"data":["",' + piece * (40_000_000 // len(piece)), 1)
    head = HEAD + b"Content-Encoding: gzip\r\nContent-Length: %d\r\n\r\n" % len(small)
    with server(head + small) as url, pytest.raises(TooLong) as caught:
        HttpTransport(url, KEY)(ME)
    bodies = [one for one in _held(caught.value) if isinstance(one, bytes)]
    assert not [len(one) for one in bodies if len(one) > 1_000_000]


@pytest.mark.parametrize(
    ("body", "long"),
    [
        (b'["' + b"x" * 99 + b'"]', False),
        (b'["' + b"x" * 201 + b'"]', True),
        (b'["' + b'x","' * 999 + b'"]', False),
        (b'["",' + b" " * 300 + b"1]", True),
    ],
)
def test_a_long_text_is_seen(monkeypatch, body, long):
    monkeypatch.setattr(limits, "LONGEST_TEXT", 100)
    assert limits.has_long_text(body) is long


def test_an_answer_of_many_values_is_let_go_of():
    """Decoded, 64 MiB of them would be gigabytes."""
    body = b"[" + b"[]," * 1_000_000 + b"1]"
    whole = HEAD + b"Content-Length: %d\r\n\r\n" % len(body) + body
    with server(whole) as url, pytest.raises(TooLong, match="values"):
        HttpTransport(url, KEY)(ME)


@pytest.mark.parametrize(
    "text", [r'"\u0041\u0062"', r'"\\u0041"', r'"\u0022\u005c\u007f\u0410\u000a"', r'"\\\u0041"']
)
@responses.activate
def test_an_answer_means_what_it_did_when_its_escapes_are_looked_behind(text):
    """Only ASCII is written out; quotes, backslashes and what they escape stay."""
    responses.get(f"{URL}/v1/me", body=text)
    assert json.loads(HttpTransport(URL, KEY)(ME).body) == json.loads(text)


@pytest.mark.parametrize("status", [200, 404])
@pytest.mark.parametrize(
    "quoted", ["plain", "JSON", "slashes", "unicode", "percent", "percent, lower"]
)
@responses.activate
def test_a_secret_is_blotted_out_however_it_is_quoted(status, quoted):
    """In any body and header, whatever its status (design 9)."""
    key = 'vibe/live+9f8e"7d6c5b4a'
    percent = urlquote(key, safe="")
    told = {
        "plain": key,
        "JSON": json.dumps(key)[1:-1],
        "slashes": json.dumps(key)[1:-1].replace("/", "\\/"),
        "unicode": "".join(f"\\u{ord(one):04x}" for one in key),
        "percent": percent,
        "percent, lower": percent.replace("%2F", "%2f").replace("%2B", "%2b"),
    }[quoted]
    responses.get(f"{URL}/v1/me", body=f"<a>{told}</a>", status=status, headers={"X-Echo": told})
    answer = HttpTransport(URL, key)(ME)
    assert answer.body == b"<a>***</a>"
    assert quoted == "unicode" or answer.header("X-Echo") == "***"


def test_what_never_left_is_not_sent():
    """Refused, no such name, a server that speaks no TLS."""
    with socket.create_server(("127.0.0.1", 0)) as listener:
        port = listener.getsockname()[1]
    with pytest.raises(NotSent):
        HttpTransport(f"http://127.0.0.1:{port}", KEY)(ME)
    with pytest.raises(NotSent):
        HttpTransport(f"https://127.0.0.1:{port}", KEY)(ME)
    with server(b"HTTP/1.1 400 Bad Request\r\n\r\n") as url, pytest.raises(NotSent) as caught:
        HttpTransport(url.replace("http:", "https:"), KEY)(ME)
    assert KEY not in str(caught.value)


@responses.activate
def test_the_portal_over_requests_end_to_end(say):
    """List, create and delete by the routes of the seeds."""

    class Now:
        at = 0.0

        def now(self) -> Any: ...
        def monotonic(self) -> float:
            return self.at

        def sleep(self, seconds: float) -> None:
            self.at += seconds

    responses.post(f"{URL}/v1/tasks", json={"success": True, "data": {"id": "7"}}, status=201)
    responses.delete(f"{URL}/v1/tasks/7", status=204)
    portal = RestPortal(
        HttpTransport(URL, KEY), Now(), PortalSettings(None, parallelism=2), lambda _: None
    )
    made = list(portal.perform([say.create("a")], lambda _: None))
    assert made[0].id == 7
    gone = list(portal.perform([say.delete("a", 7)], lambda _: None))
    assert gone[0].status == "done"
    assert isinstance(HttpTransport(URL, KEY), HttpTransport)
    assert PortalAnswer(200).header("nothing") == ""


@pytest.mark.parametrize("sign", [b"& ", b"&amp;", b"5% ", b"&#39;"])
def test_one_long_text_of_html_is_no_flood_of_escapes(sign: bytes) -> None:
    """A page cannot be made smaller than one task, and a state not smaller than its tasks."""
    assert not limits.is_dense(b'{"data":[{"description":"' + sign * 600_000 + b'"}]}')


@pytest.mark.parametrize("sign", [b"& ", b"5% ", b"100 %, "])
def test_plain_signs_are_no_escapes_however_many(sign: bytes) -> None:
    """Nothing hides behind them."""
    assert not limits.is_dense(b'{"data":"' + sign * (limits.MOST_ESCAPES + 1) + b'"}')


@pytest.mark.parametrize(
    "fault",
    [NotSent(f"no {KEY}", "HTTPS_PROXY"), Unanswered(f"no {KEY}"), TooLong(KEY), NotHttp(KEY)],
    ids=lambda fault: type(fault).__name__,
)
def test_a_fault_loses_our_secrets_and_nothing_else(fault):
    """Its kind, and the proxy at which it failed, decide what a person is told to do."""

    def send(_request: PortalRequest) -> PortalAnswer:
        raise fault from ValueError(KEY)

    with pytest.raises(type(fault)) as met:
        RedactedTransport(send, lambda: Secrets(frozenset({KEY})))(ME)
    assert "***" in str(met.value)
    assert KEY not in repr([met.value, met.value.__cause__])
    assert getattr(met.value, "proxy", "") == ("HTTPS_PROXY" if type(fault) is NotSent else "")
