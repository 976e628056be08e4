"""S3 and PostgreSQL may drip, or fall silent: nothing waits for ever."""

from __future__ import annotations

import socket
import threading
import time
from collections.abc import Callable
from typing import Any
from urllib.parse import urlsplit

import pytest
from answering import answering
from cutting import Wire
from stores import ANNA, TTL, HandClock, counted_ids

from tasksync.backends import postgres_connection, s3
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
    monkeypatch.setattr(s3, "LONGEST_BODY", 1000)
    body = HEAD + b"Content-Length: 100000\r\n\r\n" + b" " * 100_000
    with answering(body) as url, pytest.raises(StateError, match="longer than"):
        remote(url).read()
    nobody = remote("http://127.0.0.1:1")
    with pytest.raises(StateError, match="could not be read again") as refused:
        nobody.write(b" " * 1001, None, "")
    assert not isinstance(refused.value, Ambiguous)


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
