"""What every test may lean on: the modules in support/, a PostgreSQL and an S3 of our own."""

from __future__ import annotations

import gc
import sys
from collections import Counter
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from postgres import SecureServer

TESTS = Path(__file__).parent
sys.path.insert(0, str(TESTS / "support"))


def pytest_addoption(parser: pytest.Parser) -> None:
    parser.addoption(
        "--long", action="store_true", help="random mixtures and sweeps for an hour, not a minute"
    )


def pytest_configure(config: pytest.Config) -> None:
    """Let the workers begin with what comes first, not with the largest file."""
    config.option.loadscopereorder = False


@pytest.hookimpl(optionalhook=True)
def pytest_xdist_make_scheduler(config: pytest.Config, log: object) -> object:
    """Share the tests among workers by the groups that they are sorted by.

    Not by the marks that --dist loadgroup reads: xdist 3.8 tells them to its scheduler at the end
    of a node's id, which pytest 9.2 lets nobody change; without a word each test was its own group.
    """
    from sharing import Sharing

    return Sharing(config, log) if config.getoption("dist") == "loadgroup" else None


@pytest.hookimpl(tryfirst=True)
def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Share the tests among workers: runs of the whole one by one, all else file by file.

    The longest, those of e2e, come first, and of them those of the cluster, which stay together:
    they must not begin when all else is done. Then the rooms are dealt out evenly, since some wait
    and others compute. What a file has made for its tests is made in one worker alone.
    """
    from sharing import ON_DASK, group_of, room_of

    rooms: dict[str, dict[str, list[pytest.Item]]] = {}
    for item in items:
        groups = rooms.setdefault(room_of(item.nodeid), {})
        groups.setdefault(group_of(item.nodeid), []).append(item)
    dealt = [
        ((name != ON_DASK, room != "e2e" and (number + 0.5) / len(groups)), group)
        for room, groups in rooms.items()
        for number, (name, group) in enumerate(groups.items())
    ]
    dealt.sort(key=lambda one: one[0])
    items[:] = [item for _, group in dealt for item in group]


def pytest_collection_finish() -> None:
    """Let no garbage collection walk through ten thousand tests again and again.

    Nor look for circles at every 700 objects, which a process of tasksync does not either.
    """
    gc.collect()
    gc.freeze()
    gc.set_threshold(50_000, 10, 10)


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter) -> None:
    """Say how much the sweeps have tried; a test counts with record_property."""
    tried: Counter[str] = Counter()
    for report in terminalreporter.getreports("passed"):
        if report.when == "call":
            tried.update({n: v for n, v in report.user_properties if isinstance(v, int)})
    for name, count in sorted(tried.items()):
        terminalreporter.write_line(f"{name}: {count}")


@pytest.fixture
def parsed(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """The keys of all tasks that are parsed from now on."""
    from tasksync.manifests import parse_fast

    keys: list[str] = []
    genuine = parse_fast.tasks

    def spy(*args: object) -> object:
        for raw in genuine(*args):  # type: ignore[arg-type]
            keys.append(str(raw.key))
            yield raw

    monkeypatch.setattr(parse_fast, "tasks", spy)
    return keys


@pytest.fixture(scope="module")
def without_pace() -> Iterator[None]:
    """Runs of this process do not wait for limits that the portal of the test does not have."""
    from unpaced import unpaced

    with unpaced():
        yield


@pytest.fixture(scope="session")
def postgres_url() -> Iterator[str]:
    """The URL of an empty database on a real server, started for this worker alone."""
    import postgres

    with postgres.running() as url:
        yield url


@pytest.fixture(scope="session")
def secure_postgres() -> Iterator[SecureServer]:
    """A server that takes passwords over TLS alone, as a company's does."""
    import postgres

    with postgres.running_securely() as server:
        yield server


@pytest.fixture(scope="session")
def pgbouncer_url(postgres_url: str) -> Iterator[str]:
    """The same database behind a PgBouncer with transaction pooling."""
    import pgbouncer

    with pgbouncer.before(postgres_url) as url:
        yield url


@pytest.fixture(scope="session")
def s3_endpoint() -> Iterator[str]:
    """The URL of an S3 server on the loopback; any credentials do."""
    from unittest.mock import patch

    from moto import backends
    from moto.server import ThreadedMotoServer

    # moto lists the folder of its services at every request
    services = tuple(backends.list_of_moto_modules())
    server = ThreadedMotoServer(ip_address="127.0.0.1", port=0, verbose=False)
    with patch.object(backends, "list_of_moto_modules", lambda: services):
        server.start()
        host, port = server.get_host_and_port()
        yield f"http://{host}:{port}"
        server.stop()
