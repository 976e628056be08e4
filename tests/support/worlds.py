"""One world for each kind of state store: clients of it, its time, its dead holders."""

from __future__ import annotations

import functools
import itertools
import sqlite3
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager, nullcontext
from pathlib import Path
from typing import Any

import boto3
import httpstate
import psycopg
from memory_store import MemoryStore, SharedMemory
from stores import HandClock, counted_ids

from tasksync.backends.document import DocumentStore
from tasksync.backends.http import open_http
from tasksync.backends.postgres import PostgresStore
from tasksync.backends.s3 import open_s3
from tasksync.backends.sqlite import SqliteStore
from tasksync.core.ports import StateStore
from tasksync.core.state import Holder

PROJECT = "finance-q2"


class World:
    """Makes clients that share one state, and lets time pass for all of them."""

    def __init__(self, make: Callable[[World, HandClock], StateStore]) -> None:
        self.clock = HandClock()
        self.ids = counted_ids()
        self.dead: set[Holder] = set()
        self.living: set[Holder] = set()
        self.kept_busy: Callable[[], AbstractContextManager[object]] = nullcontext
        self._make = make
        self._clients: list[StateStore] = []

    def client(self, skew: float = 0.0) -> StateStore:
        """Return a client of its own, with a wall clock that is `skew` seconds wrong."""
        store = self._make(self, self.clock.skewed(skew))
        self._clients.append(store)
        return store

    def gone(self, holder: Holder) -> bool:
        """What the stores ask to learn that a process has ended."""
        return holder in self.dead

    def alive(self, holder: Holder) -> bool:
        """What the stores ask to learn that a process runs here."""
        return holder in self.living

    def pass_time(self, seconds: float) -> None:
        """Let time pass for everybody."""
        self.clock.sleep(seconds)

    def close(self) -> None:
        """Close all clients."""
        for store in self._clients:
            store.close()


@contextmanager
def memory_world() -> Iterator[World]:
    """Yield stores that share one memory."""
    shared = SharedMemory()
    yield World(
        lambda world, clock: MemoryStore(
            PROJECT, clock=clock, ids=world.ids, gone=world.gone, alive=world.alive, shared=shared
        )
    )


@contextmanager
def sqlite_world(path: Path) -> Iterator[World]:
    """Yield stores on one file."""
    world = World(
        lambda world, clock: SqliteStore(
            path, PROJECT, clock=clock, ids=world.ids, gone=world.gone, alive=world.alive
        )
    )
    world.kept_busy = lambda: busy_file(path)
    yield world
    world.close()


@contextmanager
def postgres_world(url: str) -> Iterator[World]:
    """Yield stores on one database, which a pooler may stand before."""
    with psycopg.connect(url, autocommit=True) as db:
        db.execute("DROP SCHEMA IF EXISTS tasksync CASCADE")
    world = World(
        lambda world, clock: PostgresStore(
            url, PROJECT, clock=clock, ids=world.ids, gone=world.gone, alive=world.alive
        )
    )
    world.kept_busy = lambda: busy_rows(url)
    yield world
    world.close()


@contextmanager
def busy_file(path: Path) -> Iterator[sqlite3.Connection]:
    """Be another program that keeps a file busy, in an open transaction."""
    other = sqlite3.connect(path, isolation_level=None)
    other.execute("BEGIN IMMEDIATE")
    yield other
    other.close()


@contextmanager
def busy_rows(url: str) -> Iterator[None]:
    """Be another program that keeps the rows of all projects busy, in an open transaction."""
    with psycopg.connect(url) as other:
        other.execute("SELECT 1 FROM tasksync.projects FOR UPDATE")
        yield


@contextmanager
def s3_world(endpoint: str) -> Iterator[World]:
    """Yield stores on one object of a bucket of its own."""
    bucket = f"states-{next(_buckets)}"
    client(endpoint).create_bucket(Bucket=bucket)
    url = f"s3://{bucket}/team/finance-q2.json?endpoint={endpoint}&region=us-east-1"
    made = _clients.setdefault(endpoint, [])

    def make(world: World, clock: HandClock) -> StateStore:
        store = open_s3(
            url, PROJECT, clock=clock, ids=world.ids, gone=world.gone, alive=world.alive
        )
        return one_client(store, made)

    world = World(make)
    yield world
    world.close()


def one_client(store: DocumentStore, made: list[Any]) -> DocumentStore:
    """Have stores share a client of boto3: to make one takes longer than most tests."""
    remote: Any = store._remote
    made.append(made[0] if made else remote._client())
    remote._made = made[0]
    return store


@functools.cache
def client(endpoint: str) -> Any:
    """Return a client of the S3 server that looks at it from outside."""
    return boto3.client("s3", endpoint_url=endpoint, region_name="us-east-1")


_buckets = itertools.count(1)
#: the client that all stores at an endpoint share
_clients: dict[str, list[Any]] = {}


@contextmanager
def http_world(*, gitlab: bool = False) -> Iterator[World]:
    """Yield stores on one document of a server of Terraform's http backend."""
    with httpstate.Server() as server:
        url = server.gitlab_url if gitlab else server.url
        world = World(
            lambda world, clock: open_http(
                url,
                PROJECT,
                clock=clock,
                ids=world.ids,
                gone=world.gone,
                alive=world.alive,
                env={},
            )
        )
        yield world
        world.close()
