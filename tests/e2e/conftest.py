"""Whole runs: portals over sockets, states where teams keep them, and how long to go on."""

from __future__ import annotations

import itertools
from collections.abc import Callable, Iterator
from pathlib import Path

import forking
import portal
import postgres
import pytest
import second
from portal import Portal, Served
from trips import Trip


@pytest.fixture(autouse=True, scope="module")
def all_without_pace(without_pace: None) -> None:
    """These portals have no limits; real processes keep them all the same."""


@pytest.fixture(scope="session")
def forker() -> Iterator[forking.Forker]:
    """Starts processes that have their imports behind them."""
    with forking.forker() as ready:
        yield ready


@pytest.fixture
def long(request: pytest.FixtureRequest) -> bool:
    """Whether there is time."""
    return bool(request.config.getoption("--long"))


@pytest.fixture
def served() -> Iterator[Served]:
    """A portal in a thread of the test."""
    with portal.served() as running:
        yield running


@pytest.fixture
def process_portal() -> Iterator[Portal]:
    """A portal in a process of its own."""
    with portal.process() as running:
        yield running


@pytest.fixture
def trip(served: Served, tmp_path: Path) -> Trip:
    """A project with nothing in it yet, its state in SQLite."""
    return Trip(tmp_path / "project", served)


@pytest.fixture(params=["sandbox", "second portal"])
def anywhere(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Trip]:
    """The same on the sandbox, then on the portal that was written apart from it."""
    serve = portal.served if request.param == "sandbox" else second.served
    with serve() as running:
        yield Trip(tmp_path / "project", running)


@pytest.fixture(params=["sqlite", "postgres", "second portal"])
def team_anywhere(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Trip]:
    """A project with its state in SQLite, in PostgreSQL, and one on the second portal."""
    serve = second.served if request.param == "second portal" else portal.served
    url = request.getfixturevalue("new_database")() if request.param == "postgres" else ""
    with serve() as running:
        yield Trip(tmp_path / "project", running, url)


@pytest.fixture(params=["sqlite", "postgres"])
def team(request: pytest.FixtureRequest, served: Served, tmp_path: Path) -> Trip:
    """A project whose state is in SQLite, then one whose state is in PostgreSQL."""
    url = ""
    if request.param == "postgres":
        url = request.getfixturevalue("new_database")()
    return Trip(tmp_path / "project", served, url)


_numbers = itertools.count(1)


@pytest.fixture
def new_database(postgres_url: str) -> Callable[[], str]:
    """Makes empty databases on a real server."""
    return lambda: postgres.database(postgres_url, f"e2e_{next(_numbers)}")
