"""The portal over a socket: keep-alive, a clean stop, and the settings it starts from."""

from __future__ import annotations

import http.client
import json
import socket
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import pytest
import requests

from tasksync.sandbox.faults.fault_rules import UnknownFault
from tasksync.sandbox.web.rate_limits import RateLimits
from tasksync.sandbox.web.routes import open_api
from tasksync.sandbox.web.server import SandboxSettings, serve, start

HEAD = {"X-Api-Key": "vibe_api_sandbox"}
GOOD = {"title": "A task", "responsibleId": 1}


def test_the_main_trip_over_a_socket(url: str) -> None:
    with requests.Session() as session:
        session.headers.update(HEAD)
        made = session.post(f"{url}/v1/tasks", json=GOOD, timeout=5)
        assert (made.status_code, made.json()["data"]["id"]) == (201, "3871")
        changed = session.patch(f"{url}/v1/tasks/3871", json={"status": 5}, timeout=5)
        assert changed.json()["data"]["status"] == "5"
        params = {"filter[>=id]": "3871", "order[id]": "asc", "select": "id,tags"}
        listed = session.get(f"{url}/v1/tasks", params=params, timeout=5)
        assert listed.json()["data"] == [{"id": "3871", "tags": []}]
        gone = session.delete(f"{url}/v1/tasks/3871", timeout=5)
        assert (gone.status_code, gone.content) == (204, b"")
        assert session.delete(f"{url}/v1/tasks/3871", timeout=5).status_code == 404


@pytest.mark.usefixtures("url")
def test_one_connection_serves_many_requests(server: Any) -> None:
    wire = http.client.HTTPConnection("127.0.0.1", server.port, timeout=5)
    wire.connect()
    mine = wire.sock
    for method, path in [("POST", "/v1/tasks"), ("DELETE", "/v1/tasks/3871"), ("GET", "/v1/me")]:
        wire.request(method, path, json.dumps(GOOD), {**HEAD, "Content-Type": "application/json"})
        wire.getresponse().read()
        assert wire.sock is mine
    wire.close()


def test_many_clients_at_once_make_each_task_once(url: str) -> None:
    slow = [{"kind": "slow", "seconds": 0.02}]
    requests.put(f"{url}/_sandbox/faults", json=slow, timeout=5)

    def create(n: int) -> str:
        answer = requests.post(
            f"{url}/v1/tasks", json={**GOOD, "title": str(n)}, headers=HEAD, timeout=5
        )
        return str(answer.json()["data"]["id"])

    with ThreadPoolExecutor(16) as pool:
        ids = list(pool.map(create, range(64)))
    assert len(set(ids)) == 64
    stats = requests.get(f"{url}/_sandbox/stats", timeout=5).json()
    assert stats["creates"] == {str(n): 1 for n in range(64)}
    assert stats["maxInFlight"] > 1


def test_a_body_without_a_length_is_refused(url: str) -> None:
    answer = requests.post(f"{url}/v1/tasks", data=iter([b"{}"]), headers=HEAD, timeout=5)
    assert answer.status_code == 400


def test_it_listens_on_loopback_and_stops_for_good() -> None:
    running = start(SandboxSettings(port=0))
    assert running.url == f"http://127.0.0.1:{running.port}"
    open_wire = socket.create_connection(("127.0.0.1", running.port))
    open_wire.sendall(b"GET /_sandbox/health HTTP/1.1\r\nHost: localhost\r\n\r\n")
    assert open_wire.recv(4096).startswith(b"HTTP/1.1 200")
    running.stop()
    assert open_wire.recv(1) == b""
    with pytest.raises(ConnectionRefusedError):
        socket.create_connection(("127.0.0.1", running.port))
    running.stop()
    running.wait()


def test_a_world_goes_on_after_a_restart(tmp_path: Path) -> None:
    settings = SandboxSettings(port=0, data=tmp_path / "world.db", limits="none")
    for expected in ("3871", "3873"):
        with start(settings) as running:
            answer = requests.post(f"{running.url}/v1/tasks", json=GOOD, headers=HEAD, timeout=5)
            assert answer.json()["data"]["id"] == expected


def test_the_vendors_limits_hold_over_a_socket() -> None:
    with start(SandboxSettings(port=0)) as running, requests.Session() as session:
        session.headers.update(HEAD)
        answers = [session.get(f"{running.url}/v1/me", timeout=5) for _ in range(12)]
    assert [answer.status_code for answer in answers].count(429) >= 1
    assert answers[0].headers["X-RateLimit-Limit"] == "300"


def test_faults_and_quirks_come_with_the_settings(tmp_path: Path) -> None:
    path = tmp_path / "faults.json"
    path.write_text('[{"kind": "status", "status": 503}]')
    quirks = {"create_status": 200}
    with start(SandboxSettings(port=0, faults=path, quirks=quirks, limits=RateLimits())) as running:
        assert requests.get(f"{running.url}/v1/me", headers=HEAD, timeout=5).status_code == 503
        quirks_shown = requests.get(f"{running.url}/_sandbox/quirks", timeout=5).json()
    assert quirks_shown["create_status"] == 200


def test_bad_settings_are_named(tmp_path: Path) -> None:
    with pytest.raises(ValueError, match="vendor or none"):
        start(SandboxSettings(port=0, limits="some"))
    path = tmp_path / "faults.json"
    path.write_text("[7]")
    with pytest.raises(UnknownFault):
        start(SandboxSettings(port=0, faults=path))
    with start(SandboxSettings(port=0)) as running, pytest.raises(OSError, match="in use"):
        start(SandboxSettings(port=running.port))


def test_serve_tells_its_port_and_stops_when_interrupted() -> None:
    ports: list[int] = []

    def ready(port: int) -> None:
        ports.append(port)
        assert requests.get(f"http://127.0.0.1:{port}/_sandbox/health", timeout=5).ok
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        serve("127.0.0.1", 0, open_api(), ready)
    with pytest.raises(ConnectionRefusedError):
        socket.create_connection(("127.0.0.1", ports[0]))


def test_the_control_routes_are_for_names_of_this_machine(url: str) -> None:
    """A page of the web that found our port comes with its own host name."""
    answer = requests.get(f"{url}/_sandbox/tasks", headers={"Host": "evil.example"}, timeout=5)
    assert answer.status_code == 403
    port = url.rpartition(":")[2]
    for host in (f"localhost:{port}", f"127.0.0.1:{port}"):
        assert requests.get(f"{url}/_sandbox/tasks", headers={"Host": host}, timeout=5).ok


@pytest.mark.parametrize(
    ("path", "headers", "status"),
    [
        ("/_sandbox/reset", {"Content-Type": "text/plain"}, 400),
        ("/_sandbox/reset", {"Content-Type": "text/plain; json"}, 400),
        ("/_sandbox/reset", {}, 400),
        ("/v1/tasks", {"Content-Type": "text/plain;application/json"}, 400),
        ("/_sandbox/reset", {"Origin": "https://evil.example"}, 403),
        ("/_sandbox/reset", {"Origin": "null"}, 403),
        ("/_sandbox/reset", {"Origin": "http://localhost:1"}, 403),
        ("/_sandbox/reset", {"Sec-Fetch-Site": "cross-site"}, 403),
        ("/_sandbox/reset", {"Sec-Fetch-Site": "same-site"}, 403),
        ("/v1/tasks", {"Host": "evil.example"}, 403),
        ("/v1/tasks", {"Host": "127.0.0.1.evil.example"}, 403),
        ("/v1/tasks", {"Host": "[", "Origin": "http://["}, 403),
    ],
)
def test_no_page_of_another_site_writes(
    url: str, path: str, headers: dict[str, str], status: int
) -> None:
    made = requests.post(f"{url}/v1/tasks", json=GOOD, headers=HEAD, timeout=5)
    assert made.status_code == 201
    kind = {} if "Content-Type" in headers or not headers else {"Content-Type": "application/json"}
    body = json.dumps(GOOD).encode()
    answer = requests.post(f"{url}{path}", body, headers={**HEAD, **kind, **headers}, timeout=5)
    assert answer.status_code == status
    assert len(requests.get(f"{url}/_sandbox/tasks", timeout=5).json()) == 1


def test_its_own_page_and_a_link_to_it_work(url: str) -> None:
    own = {"Sec-Fetch-Site": "same-origin", "Origin": url}
    assert requests.get(f"{url}/_sandbox/board", headers=own, timeout=5).status_code == 200
    assert requests.post(f"{url}/_sandbox/reset", headers=own, json={}, timeout=5).ok
    link = {"Sec-Fetch-Site": "cross-site"}
    assert requests.get(f"{url}/", headers=link, timeout=5).status_code == 200
    strange = requests.get(f"{url}/", headers={"Host": "evil.example"}, timeout=5)
    assert strange.status_code == 403
