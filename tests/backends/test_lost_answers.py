"""A proxy before each kind of server loses one answer, whichever: the deed done, or not done."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from os import urandom
from typing import Any, Protocol
from urllib.parse import urlsplit

import httpstate
import psycopg
import pytest
from cutting import Cut, Wire
from stores import ANNA, BORIS, TTL, HandClock, change, counted_ids, entry, keys, run
from worlds import PROJECT, client, one_client

from tasksync.backends.http import open_http
from tasksync.backends.leases import nobody
from tasksync.backends.postgres import PostgresStore
from tasksync.backends.s3 import open_s3
from tasksync.core.ports import StateStore
from tasksync.core.state import StateDelta, state_of


class Make(Protocol):
    """Makes a client, through the proxy or not."""

    def __call__(self, *, through: bool) -> StateStore: ...


class Behind:
    """A server with nothing on it yet, and a proxy before it."""

    def __init__(self, wire: Wire, make: Make, wipe: Callable[[], None]) -> None:
        self.wire = wire
        self.make = make
        self.wipe = wipe


@pytest.fixture(params=["postgres", "pgbouncer", "s3", "http", "gitlab", "http that tells nothing"])
def behind(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> Iterator[Behind]:
    match request.param:
        case "postgres" | "pgbouncer" as kind:
            yield from _database(request.getfixturevalue(f"{kind}_url"))
        case "s3":
            monkeypatch.setenv("AWS_ACCESS_KEY_ID", "test")
            monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", "test")
            yield from _bucket(request.getfixturevalue("s3_endpoint"))
        case kind:
            yield from _http(kind)


def _database(url: str) -> Iterator[Behind]:
    port = urlsplit(url).port or 5432
    wire = Wire(port, b"COMMIT")

    def make(*, through: bool) -> StateStore:
        at = url.replace(f":{port}", f":{wire.port}") if through else url
        return PostgresStore(at, PROJECT, clock=HandClock(), ids=counted_ids(urandom(3).hex()))

    def wipe() -> None:
        with psycopg.connect(url, autocommit=True) as db:
            db.execute("DROP SCHEMA IF EXISTS tasksync CASCADE")

    yield Behind(wire, make, wipe)
    wire.close()


def _bucket(endpoint: str) -> Iterator[Behind]:
    wire, outside, bucket = Wire(urlsplit(endpoint).port or 0, b" HTTP/1.1"), client(endpoint), ""
    clients: dict[bool, list[Any]] = {True: [], False: []}

    def make(*, through: bool) -> StateStore:
        at = f"http://127.0.0.1:{wire.port}" if through else endpoint
        url = f"s3://{bucket}/s.json?endpoint={at}&region=us-east-1"
        ids = counted_ids(urandom(3).hex())
        store = open_s3(url, PROJECT, clock=HandClock(), ids=ids, gone=nobody)
        return one_client(store, clients[through])

    def wipe() -> None:
        nonlocal bucket
        bucket = f"lost{urandom(4).hex()}"
        outside.create_bucket(Bucket=bucket)

    yield Behind(wire, make, wipe)
    wire.close()


def _http(kind: str) -> Iterator[Behind]:
    with httpstate.Server() as server:
        server.states.tells = "nothing" if "nothing" in kind else "all"
        url = server.gitlab_url if kind == "gitlab" else server.url
        wire = Wire(server.server_port, b" HTTP/1.1")

        def make(*, through: bool) -> StateStore:
            at = url.replace(f":{server.server_port}", f":{wire.port}") if through else url
            ids = counted_ids(urandom(3).hex())
            return open_http(at, PROJECT, clock=HandClock(), ids=ids, gone=nobody, env={})

        def wipe() -> None:
            for kept in (server.states.documents, server.states.locks, server.states.serials):
                kept.clear()
            server.states.known.clear()

        yield Behind(wire, make, wipe)
        wire.close()


@pytest.mark.parametrize("cut", list(Cut))
def test_whichever_answer_is_lost_each_deed_is_done_once_and_the_lock_is_free(
    behind: Behind, cut: Cut, record_property: Callable[[str, object], None]
) -> None:
    for number in range(100):
        behind.wipe()
        behind.wire.arm(cut, after=number)
        before = behind.wire.cuts
        store, other = behind.make(through=True), behind.make(through=False)
        lease = store.acquire(ANNA, TTL)
        did = StateDelta(
            put=(entry("a", 1), entry("b", 2)),
            run=run("r", outcome="complete"),
            recorded=(change("r", "a"), change("r", "b")),
        )
        store.commit(did, lease)
        lease = store.renew(lease)
        store.commit(
            StateDelta(put=(entry("c", 3),), drop=(next(iter(store.load().entries)),)), lease
        )
        there = store.load()
        pushed = state_of(PROJECT, [*there.entries.values(), entry("d", 4)], runs=there.runs)
        store.replace(pushed, lease)
        store.release(lease)
        behind.wire.arm()
        state = other.load()
        assert (state.serial, keys(state)) == (3, ["b", "c", "d"]), f"answer {number}"
        assert other.recorded("r") == did.recorded, f"answer {number}"
        assert other.acquire(BORIS, TTL).fence == lease.fence + 1, f"answer {number}"
        store.close()
        other.close()
        if behind.wire.cuts == before:
            record_property("answers lost", number)
            assert number > 5
            return
    raise AssertionError
