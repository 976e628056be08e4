"""What a state server may do to us: nothing takes longer, or more memory, than is allowed."""

from __future__ import annotations

import gzip
import random
import time
import zlib
from datetime import UTC, datetime

import pytest
from answering import answering
from httpstate import Server
from stores import ANNA, TTL, HandClock, counted_ids, entry

from tasksync.backends import http_exchange
from tasksync.backends.http import HttpDocument, open_http
from tasksync.backends.remote_document import Ambiguous
from tasksync.core.state import Holder, Lease, StateDelta
from tasksync.errors import StateError
from tasksync.http_bounds import LONGEST_BODY, MOST_ESCAPES

HEAD = b"HTTP/1.1 200 OK\r\n"
CHUNKED = HEAD + b"Transfer-Encoding: chunked\r\n\r\n"


def gzipped(megabytes: int) -> bytes:
    packer = zlib.compressobj(9, zlib.DEFLATED, 31)
    parts = [packer.compress(b" " * 1_000_000) for _ in range(megabytes)]
    return b"".join([*parts, packer.flush()])


@pytest.mark.parametrize(
    ("first", "drop"),
    [
        (HEAD + b"Content-Length: 100000\r\n\r\n", b" "),
        (HEAD, b"X-Drop: 1\r\n"),
        (b"", b"HTTP/1.1 100 Continue\r\n\r\n"),
        (CHUNKED, b"0"),
        (HEAD + b"\r\n", b" "),
    ],
    ids=["body", "headers", "100", "chunk line", "no length"],
)
def test_the_time_out_bounds_the_whole_exchange_with_a_state_server(first, drop):
    """Each step is quick; together they are not."""
    began = time.monotonic()
    with answering(first, drop) as url, pytest.raises(Ambiguous):
        HttpDocument(url, {}, 0.4).read()
    assert time.monotonic() - began < 10


@pytest.mark.parametrize("status", [b"200 OK", b"403 No", b"302 Found\r\nLocation: http://h/x"])
def test_a_state_of_hundreds_of_megabytes_is_refused(monkeypatch, status):
    """Counted after decoding, whatever the status; and it is not kept while it is counted."""
    monkeypatch.setattr(http_exchange, "LONGEST_BODY", 4 << 20)
    small = gzipped(200)
    head = b"HTTP/1.1 " + status + b"\r\nContent-Encoding: gzip\r\nContent-Length: %d\r\n\r\n"
    with (
        answering(head % len(small) + small) as url,
        pytest.raises(StateError, match="longer than"),
    ):
        HttpDocument(url, {}).read()


@pytest.mark.parametrize("megabytes", [17, 300])
def test_a_state_of_one_long_text_is_refused_when_that_much_is_there(megabytes):
    """Not when all 64 MiB that a body may have are there: it would take that much memory first."""
    small = gzip.compress(b" " * (megabytes << 20), 1)
    head = HEAD + b"Content-Encoding: gzip\r\nContent-Length: %d\r\n\r\n" % len(small)
    with (
        answering(head + small) as url,
        pytest.raises(StateError, match="a text of more than 16 MiB"),
    ):
        HttpDocument(url, {}).read()


def test_a_redirect_is_no_empty_state():
    """A 302 without a body said "no state", and all would have been made anew."""
    for where in (b"http://elsewhere.example/x", b"http://[::1", b"\xff\x1b[2J"):
        head = b"HTTP/1.1 302 Found\r\nContent-Length: 0\r\nLocation: " + where + b"\r\n\r\n"
        with answering(head) as url, pytest.raises(StateError, match="sends us on to"):
            HttpDocument(url, {}).read()


def test_a_state_of_many_values_is_refused(monkeypatch):
    """Decoded, 64 MiB of two bytes each would be gigabytes; a write may have been done."""
    monkeypatch.setattr(http_exchange, "_MOST_VALUES", 1000)
    body = b"[" + b"[]," * 1000 + b"1]"
    whole = HEAD + b"Content-Length: %d\r\n\r\n" % len(body) + body
    with answering(whole) as url:
        with pytest.raises(StateError, match="more than 1000 values") as refused:
            HttpDocument(url, {}).read()
        assert not isinstance(refused.value, Ambiguous)  # asked again it would be the same
        with pytest.raises(Ambiguous):
            HttpDocument(url, {}).write(b"{}", None, "id")


_DENSE = {
    "too long": b" " * (LONGEST_BODY + 1),
    "values": b"[" + b"[]," * 1001 + b"1]",
    "escapes as JSON": b'{"a":"' + b"\\u0001" * (MOST_ESCAPES + 1) + b'"}',
    "escapes of a web address": b'{"a":"' + b"%20" * (MOST_ESCAPES + 1) + b'"}',
    "escapes as HTML": b'{"a":"' + b"&lt;" * (MOST_ESCAPES + 1) + b'"}',
}


@pytest.mark.parametrize("body", [pytest.param(body, id=name) for name, body in _DENSE.items()])
def test_what_would_not_be_read_is_not_written(monkeypatch, body):
    """The same document from the server and to it: nothing is sent, and nothing is in doubt."""
    monkeypatch.setattr(http_exchange, "_MOST_VALUES", 1000)
    whole = HEAD + b"Content-Length: %d\r\n\r\n" % len(body) + body
    with answering(whole) as url, pytest.raises(StateError):
        HttpDocument(url, {}).read()
    with pytest.raises(StateError, match="could not be read again") as refused:
        HttpDocument("http://127.0.0.1:1/nobody-is-asked", {}).write(body, None, "id")
    assert not isinstance(refused.value, Ambiguous)
    assert "PostgreSQL" in refused.value.advice


def test_a_state_that_would_not_be_read_is_refused_by_the_first_save(monkeypatch):
    """Through the store, as apply and state push save: what was there stays."""
    with Server() as server:
        store = open_http(
            server.url,
            "fin",
            clock=HandClock(),
            ids=counted_ids(),
            gone=lambda _holder: False,
            env={},
        )
        lease = store.acquire(ANNA, TTL)
        monkeypatch.setattr(http_exchange, "LONGEST_BODY", 20_000)
        long = entry("a", 1, description="x" * 20_000)
        with pytest.raises(StateError, match=r"longer than .* could not be read again"):
            store.commit(StateDelta(put=(long,)), lease)
        store.commit(StateDelta(put=(entry("b", 2),)), lease)
        assert [*store.load().index] == ["b"]


@pytest.mark.parametrize("rest", [b"", b"Content-Ty", b"Content-Length", b"\r\n"])
def test_an_answer_that_was_cut_off_is_no_empty_state(rest):
    """Within its headers: what came was 200 and nothing, and all would have been made anew."""
    with answering(HEAD + rest) as url, pytest.raises(Ambiguous, match=r"cut off|no connection"):
        HttpDocument(url, {}).read()
    with answering(HEAD + b"Content-Length: 0\r\n\r\n") as url:
        assert HttpDocument(url, {}).read() is None
    with answering(CHUNKED + b"0\r\n\r\n") as url:
        assert HttpDocument(url, {}).read() is None


BODIES = [
    b"",
    b"null",
    b"[" * 100_000,
    b'{"ID":' * 900 + b"1" + b"}" * 900,
    b'{"ID":1' + b"0" * 5000 + b"}",
    b'{"ID":["x"],"Who":{"a":1}}',
    b"\xff\xfe\x00" * 1000,
    b'{"serial":1e999,"entries":7}',
    b"<html>" * 1000,
]


@pytest.mark.parametrize(
    ("said", "words"),
    [
        (b"Content-Length: 5\r\nContent-Length: 7\r\n\r\n{}", "breaks HTTP"),
        (b"Content-Length: 3\r\nContent-Encoding: gzip\r\n\r\nabc", "cannot be unpacked"),
        (b"Content-Length: 30\r\n\r\n{}", "cut off"),
        (b"Transfer-Encoding: chunked\r\n\r\nzz\r\n{}", "cut off, or breaks HTTP"),
    ],
)
@pytest.mark.parametrize("method", ["GET", "POST", "LOCK"])
def test_an_answer_that_breaks_http_is_told_in_words_and_may_have_been_a_deed(
    said: bytes, words: str, method: str
) -> None:
    """What was sent reached the server: a write whose answer breaks may be done."""
    exchanges = http_exchange.Exchanges(("", ""), proxies=False, timeout=5)
    with (
        answering(HEAD + said) as url,
        pytest.raises(http_exchange.NoStateAnswer, match=words) as told,
    ):
        exchanges.ask(method, f"{url}/s", {}, None if method == "GET" else b"{}", {})
    assert "Error" not in str(told.value)


def an_answer(chance: random.Random) -> bytes:
    """Return a random answer, seldom a right one."""
    status = chance.choice([100, 199, 200, 200, 204, 302, 400, 404, 409, 423, 500, 503, 999])
    body = chance.choice([*BODIES, chance.randbytes(chance.randrange(300)), gzipped(1)])
    headers = chance.choice(
        [
            b"Content-Length: %d" % (len(body) + chance.choice([0, 0, 0, 7, -1])),
            b"Content-Length: 1" + b"0" * 30,
            b"Content-Length: x",
            b"Transfer-Encoding: chunked",
            b"Content-Encoding: gzip",
            b"Content-Encoding: gzip, gzip, deflate",
            b"Location: http://[",
            b"X: " + b"y" * 70_000,
            b"\r\n".join([b"X: y"] * 200),
            b"Set-Cookie: a=\x00b; expires=never",
        ]
    )
    if headers == b"Transfer-Encoding: chunked":
        body = b"%x\r\n" % len(body) + body + chance.choice([b"\r\n0\r\n\r\n", b"", b"\r\nzz\r\n"])
    if headers == b"Content-Encoding: gzip":
        body = chance.choice([gzip.compress(body), gzip.compress(body)[:-3], body])
    line = chance.choice([b"HTTP/1.1 %d X\r\n"] * 9 + [b"ICY %d\r\n"]) % status
    whole = line + headers + b"\r\n\r\n" + body
    return whole[: chance.randrange(len(whole))] if chance.random() < 0.2 else whole


def test_no_answer_of_a_state_server_is_a_fault_of_ours(request, record_property):
    """Whatever it says: a copy, nothing, or one clear error, and never late."""
    seconds = 600 if request.config.getoption("--long") else 4
    since = datetime(2026, 5, 12, tzinfo=UTC)
    lease = Lease("id", Holder("anna", "host", 1), 1, since, since, 60.0)
    end = time.monotonic() + seconds
    seed = 0
    while time.monotonic() < end:
        seed += 1
        answer = an_answer(random.Random(seed))  # noqa: S311
        with answering(answer) as url:
            remote = HttpDocument(url, {}, 1.0)
            for ask in (
                remote.read,
                lambda remote=remote: remote.write(b"{}", None, "id"),
                lambda remote=remote: remote.lock(lease),
                lambda remote=remote: remote.unlock("id"),
            ):
                began = time.monotonic()
                said = ""
                try:
                    ask()
                except StateError as told:
                    said = str(told)
                assert len(said) < 1000, seed
                assert time.monotonic() - began < 10, seed
    record_property("answers of a state server", seed)
