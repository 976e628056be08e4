"""S3 and PostgreSQL may drip, or fall silent: nothing waits for ever."""

from __future__ import annotations

import socket
import threading
import time
from collections.abc import Callable
from types import SimpleNamespace
from typing import Any
from urllib.parse import urlsplit

import pytest
from answering import answering
from cutting import Wire
from stores import ANNA, TTL, HandClock, counted_ids

from tasksync import http_bounds
from tasksync.backends import http_exchange, postgres_connection, s3, s3_answers
from tasksync.backends.bounds import within
from tasksync.backends.patience import ENOUGH, TRIES, Waiting
from tasksync.backends.postgres import PostgresStore
from tasksync.backends.remote_document import Ambiguous
from tasksync.backends.s3 import S3Document
from tasksync.connection_timer import ended_after, shut_down
from tasksync.errors import StateError

HEAD = b'HTTP/1.1 200 OK\r\nETag: "x"\r\n'
#: what the busiest of machines takes for half a second
SOON = 10.0


@pytest.fixture
def remote(monkeypatch: pytest.MonkeyPatch) -> Callable[[str], S3Document]:
    monkeypatch.setenv("AWS_ACCESS_KEY_ID", "test")
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", "test")

    def made(url: str) -> S3Document:
        bare = url.removesuffix("/s")
        remote = S3Document(f"s3://bucket/key?endpoint={bare}&region=us-east-1", 0.5)
        remote._client()  # to make it takes longer than the bound
        return remote

    return made


@pytest.mark.parametrize(
    ("first", "drop"),
    [
        (HEAD, b"X-Drop: 1\r\n"),
        (b"", b"HTTP/1.1 100 Continue\r\n\r\n"),
        (HEAD + b"Content-Length: 100000\r\n\r\n", b" "),
        (HEAD + b"Transfer-Encoding: chunked\r\n\r\n", b"0"),
        (HEAD + b"\r\n", b" "),
    ],
    ids=["headers", "100", "body", "chunk line", "no length"],
)
def test_the_time_out_bounds_the_whole_exchange_with_s3(
    remote: Any, first: bytes, drop: bytes
) -> None:
    """Each step is quick; together they are not."""
    with answering(first, drop) as url:
        asked = remote(url)
        for ask in (asked.read, lambda: asked.write(b"{}", None, "")):
            began = time.monotonic()
            with pytest.raises(Ambiguous):
                ask()
            assert time.monotonic() - began < SOON


def test_a_state_in_s3_that_is_too_long_is_refused(remote: Any, monkeypatch: Any) -> None:
    """As one behind http is."""
    for room in (s3, http_exchange):
        monkeypatch.setattr(room, "LONGEST_BODY", 1000)
    body = HEAD + b"Content-Length: 100000\r\n\r\n" + b" " * 100_000
    with answering(body) as url, pytest.raises(StateError, match="longer than"):
        remote(url).read()
    nobody = remote("http://127.0.0.1:1")
    with pytest.raises(StateError, match="could not be read again") as refused:
        nobody.write(b" " * 1001, None, "")
    assert not isinstance(refused.value, Ambiguous)


@pytest.mark.parametrize(
    ("body", "why"),
    [
        (b"[" + b"1," * 2_000 + b"1]", "values or is full of escapes"),
        (b'"' + b"\\u0041" * 2_000 + b'"', "values or is full of escapes"),
    ],
    ids=["values", "escapes"],
)
def test_what_no_state_holds_is_neither_read_from_s3_nor_written(
    remote: Any, monkeypatch: Any, body: bytes, why: str
) -> None:
    """Two bytes a value are a hundred once they are decoded; as behind http."""
    monkeypatch.setattr(http_exchange, "_MOST_VALUES", 1_000)
    for most in ("MOST_ESCAPES", "MOST_ELLIPSES"):
        monkeypatch.setattr(http_bounds, most, 1_000)
    with answering(HEAD + b"Content-Length: %d\r\n\r\n" % len(body) + body) as url:
        asked = remote(url)
        asked._timeout = SOON
        with pytest.raises(StateError, match=f"Could not read the state .*{why}") as met:
            asked.read()
    nobody = remote("http://127.0.0.1:1")
    for write in (lambda: nobody.write(body, None, ""), lambda: nobody.write_run("r", body)):
        with pytest.raises(StateError, match=why) as met:
            write()
        assert not isinstance(met.value, Ambiguous)


@pytest.mark.parametrize("status", ["200 OK", "403 No", "500 Ill"])
def test_an_answer_without_an_end_is_let_go_of(remote: Any, monkeypatch: Any, status: str) -> None:
    """boto3 read what is no object whole: 800 MB in the three seconds of a time-out."""
    monkeypatch.setattr(s3_answers, "LONGEST", 100_000)
    more = f"HTTP/1.1 {status}\r\nConnection: close\r\n\r\n".encode() + b"x" * 400_000
    with answering(more) as url:
        asked = remote(url)
        asked._timeout = SOON
        asks = [lambda: asked.write(b"{}", None, ""), asked.read]
        for ask in asks[: 1 if status.startswith("2") else 2]:
            with pytest.raises(Ambiguous, match="the answer is longer than") as met:
                ask()
            assert "x" * 100 not in str(met.value)


def test_an_answer_that_names_no_etag_is_told(remote: Any) -> None:
    """Nothing could be saved over what was read; what was written may be there."""
    with answering(b"HTTP/1.1 200 OK\r\nConnection: close\r\nContent-Length: 0\r\n\r\n") as url:
        asked = remote(url)
        asked._timeout = SOON
        with pytest.raises(StateError, match="names no ETag") as met:
            asked.read()
        assert not isinstance(met.value, Ambiguous)
        with pytest.raises(Ambiguous, match="names no ETag"):
            asked.write(b"{}", None, "")


@pytest.mark.parametrize(("status", "missing"), [("201 Made", 0), ("200 OK", 9), ("400 No", 9)])
def test_an_answer_that_boto3_cannot_read_is_told_without_its_words(
    remote: Any, status: str, missing: int
) -> None:
    """Its own fault is none of its library's kinds, and repeats the whole answer."""
    said = b" " * 1000 + b"no XML <<<" * 500
    size = f"{len(said) + missing:x}"
    head = f"HTTP/1.1 {status}\r\nConnection: close\r\nTransfer-Encoding: chunked\r\n\r\n{size}\r\n"
    end = b"" if missing else b"\r\n0\r\n\r\n"
    with answering(head.encode() + said + end) as url:
        asked = remote(url)
        asked._timeout = SOON
        with pytest.raises(StateError, match="Could not save the state") as met:
            asked.write(b"{}", None, "")
    assert len(str(met.value)) < 500


def test_a_server_that_sends_boto3_on_and_on_is_told_in_a_line(remote: Any) -> None:
    """It follows every 307 of a bucket until Python's stack is full."""
    asked = remote("http://127.0.0.1:1")

    def follow(**named: object) -> None:
        follow(**named)

    asked._made = SimpleNamespace(get_object=follow)
    asked._timeout = SOON
    with pytest.raises(StateError, match="sends us on and on"):
        asked.read()


def test_whoever_reads_from_a_connection_whose_time_is_over_meets_its_end() -> None:
    ours, theirs = socket.socketpair()
    with ours, theirs, ended_after(0.01, lambda: shut_down(ours)):
        assert ours.recv(1) == b""
    shut_down(ours)  # it is closed by now: there is nothing to end, and nothing to say


def test_a_connection_that_was_in_time_is_not_ended() -> None:
    """Not even when its time comes, which the end of a later one shows to have passed."""
    later = threading.Event()
    with ended_after(0.02, later.set):
        with ended_after(0.01, lambda: pytest.fail("it was in time")):
            pass
        assert later.wait(SOON)


def test_each_block_has_its_own_time_in_whatever_order_they_began() -> None:
    """A later one may be due first; what ends one, and waits, holds up no other."""
    first, second, third = threading.Event(), threading.Event(), threading.Event()

    def end_and_wait() -> None:
        first.set()
        assert third.wait(SOON)

    with (
        ended_after(threading.TIMEOUT_MAX, lambda: pytest.fail("it was in time")),
        ended_after(0.03, third.set),
        ended_after(0.02, second.set),
        ended_after(0.01, end_and_wait),
    ):
        assert all(one.wait(SOON) for one in (first, second, third))


def test_what_fails_in_time_fails_as_itself() -> None:
    with pytest.raises(ZeroDivisionError):
        within(5.0, lambda: 1 // 0)
    assert within(5.0, lambda: 7) == 7
    with pytest.raises(TimeoutError):
        within(0.01, threading.Event().wait)


def test_a_database_that_falls_silent_is_left(
    postgres_url: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A stopped server keeps its connections, and its kernel answers for it."""
    wire = Wire(urlsplit(postgres_url).port or 5432, b"tasksync_silence")
    port = urlsplit(postgres_url).port
    store = PostgresStore(
        postgres_url.replace(f":{port}", f":{wire.port}"),
        "tasksync_silence",
        clock=HandClock(),
        ids=counted_ids("s"),
    )
    store.release(store.acquire(ANNA, TTL))
    monkeypatch.setattr(postgres_connection, "WHOLE", 0.5)
    monkeypatch.setitem(postgres_connection.NETWORK, "connect_timeout", 2)  # libpq's least
    wire.hushed = True
    began = time.monotonic()
    with pytest.raises(StateError, match="Could not read the state"):
        store.load()
    assert time.monotonic() - began < 4 * SOON
    wire.hushed = False
    assert store.load().project == "tasksync_silence"
    store.close()
    wire.close()


def test_a_store_that_takes_long_for_each_answer_is_not_asked_four_times() -> None:
    """Four exchanges of 100 s were nearly seven minutes, before anything was said."""
    clock = HandClock()
    attempt, tries = Waiting(clock).attempt(), 1
    clock.sleep(ENOUGH + 1)
    while attempt.again(StateError("no whole answer")):
        clock.sleep(ENOUGH + 1)
        tries += 1
    assert tries == 1
    attempt, tries = Waiting(clock).attempt(), 1
    while attempt.again(StateError("no connection")):
        tries += 1
    assert tries == TRIES
