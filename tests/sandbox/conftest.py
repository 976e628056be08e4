"""A portal in memory, a portal on a socket, and a clock that tests move."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from typing import Any

import pytest

from tasksync.sandbox.faults.fault_rules import read_rules
from tasksync.sandbox.model.portal_clock import PortalClock
from tasksync.sandbox.web.http_messages import Response, WebRequest
from tasksync.sandbox.web.routes import SandboxApi, open_api
from tasksync.sandbox.web.server import RunningSandbox, SandboxSettings, start

#: 2026-05-12T11:46:12+03:00, the moment of the seeds' example.
SEED_TIME = 1_778_575_572.0


@dataclass
class Client:
    """Speaks to a portal in-process, as a client with a key does."""

    api: SandboxApi
    key: str = "vibe_api_sandbox"
    headers: dict[str, str] = field(default_factory=dict)

    def raw(self, method: str, path: str, body: Any = None, **headers: str) -> Response:
        path, _, query = path.partition("?")
        settings = {"X-Api-Key": self.key, "Content-Type": "application/json", **self.headers}
        settings |= {name.replace("_", "-"): value for name, value in headers.items()}
        sent = b"" if body is None else json.dumps(body).encode()
        return self.api.handle(WebRequest(method, path, query, settings, sent))

    def __call__(self, method: str, path: str, body: Any = None) -> tuple[int, Any]:
        response = self.raw(method, path, body)
        return response.status, json.loads(response.body) if response.body else None

    def create(self, title: str = "A task", **fields: Any) -> int:
        _, answer = self("POST", "/v1/tasks", {"title": title, "responsibleId": 1, **fields})
        return int(answer["data"]["id"])

    def rows(self, query: str = "") -> list[Any]:
        status, answer = self("GET", f"/v1/tasks?{query}")
        assert status == 200, answer
        return list(answer["data"])

    def ids(self, query: str = "") -> list[int]:
        return [int(row["id"]) for row in self.rows(query)]

    def batch(self, *calls: dict[str, Any]) -> Any:
        return self("POST", "/v1/batch", {"calls": list(calls)})[1]["data"]

    def put(self, what: str, settings: Any) -> None:
        assert self("PUT", f"/_sandbox/{what}", settings)[0] == 200

    def quirks(self, **settings: Any) -> None:
        self.put("quirks", settings)

    def faults(self, *rules: dict[str, Any]) -> None:
        self.put("faults", list(rules))


class FakeTime:
    """A source for the portal's clock; sleeping moves it."""

    def __init__(self) -> None:
        self.at = SEED_TIME
        self.slept: list[float] = []

    def __call__(self) -> float:
        return self.at

    def sleep(self, seconds: float) -> None:
        self.slept.append(seconds)
        self.at += seconds


@pytest.fixture
def time() -> FakeTime:
    return FakeTime()


@pytest.fixture
def portal(time: FakeTime) -> Iterator[Callable[..., Client]]:
    """Opens new portals and gives clients of them, whose clock stands still."""
    opened: list[SandboxApi] = []

    def make(path: Any = None, **settings: Any) -> Client:
        settings["faults"] = read_rules(settings.get("faults", []))
        api = open_api(path, clock=PortalClock(time, time.sleep), **settings)
        opened.append(api)
        return Client(api)

    yield make
    for api in opened:
        api.close()


@pytest.fixture
def client(portal: Callable[..., Client]) -> Client:
    """A client of a portal in memory, without limits."""
    return portal()


@pytest.fixture(scope="session")
def server() -> Iterator[RunningSandbox]:
    with start(SandboxSettings(port=0, limits="none")) as running:
        yield running


@pytest.fixture
def url(server: RunningSandbox) -> str:
    """A portal on a socket, empty and without faults."""
    assert Client(server.api)("POST", "/_sandbox/reset")[0] == 204
    return server.url
