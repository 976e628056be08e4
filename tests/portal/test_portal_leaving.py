"""Just before the first byte: a request is asked for once its connection stands (design 7)."""

from __future__ import annotations

import socket
import ssl
import subprocess
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest
from support.listening import Listener

from tasksync.cli.in_process import InProcess
from tasksync.cli.signals import Stop, SystemClock
from tasksync.portal.messages import NotPermitted, NotSent, PortalRequest
from tasksync.portal.transport import HttpTransport

KEY = "vibe_api_0123456789abcdef"
GOOD = b"HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nContent-Length: 2\r\n\r\n{}"


def delete(permitted) -> PortalRequest:
    return PortalRequest("DELETE", "/v1/tasks/7", permitted=permitted)


class Server:
    """A server on loopback, with TLS if wanted, behind a proxy's CONNECT if wanted."""

    def __init__(self, context: ssl.SSLContext | None, *, proxy: bool, once: bool) -> None:
        self.stands = threading.Event()
        self.heard: list[bytes] = []
        self._context, self._proxy, self._once = context, proxy, once
        self._listener = Listener(self._visit)
        self.port = self._listener.port
        self.close = self._listener.close

    def _visit(self, connection: socket.socket) -> None:
        connection.settimeout(5)
        if self._proxy:
            assert connection.recv(65536).startswith(b"CONNECT ")
            connection.sendall(b"HTTP/1.1 200 Connection established\r\n\r\n")
        link = (
            self._context.wrap_socket(connection, server_side=True) if self._context else connection
        )
        self.stands.set()
        with link:
            while said := link.recv(65536):
                self.heard.append(said)
                link.sendall(GOOD)
                if self._once:
                    return


@contextmanager
def serving(context: ssl.SSLContext | None = None, **ways: bool) -> Iterator[Server]:
    server = Server(context, **{"proxy": False, "once": False, **ways})
    try:
        yield server
    finally:
        server.close()


@pytest.fixture(scope="session")
def certificate(tmp_path_factory) -> Path:
    """A certificate for localhost with its key, in one file; it vouches for itself."""
    file = tmp_path_factory.mktemp("tls") / "localhost.pem"
    words = "req -x509 -newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes -days 2 -subj /CN=gate"
    names = ["-addext", "subjectAltName=DNS:gate.example,DNS:localhost"]
    key = file.with_suffix(".key")
    done = subprocess.run(
        ["openssl", *words.split(), *names, "-keyout", key, "-out", file],
        capture_output=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    return file


def tls(certificate: Path) -> ssl.SSLContext:
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(certificate, certificate.with_suffix(".key"))
    return context


@contextmanager
def way(name: str, certificate: Path) -> Iterator[tuple[Server, HttpTransport]]:
    """A transport over plain http, TLS, or TLS through a proxy."""
    env = {"SSL_CERT_FILE": str(certificate)}
    context = None if name == "plain" else tls(certificate)
    with serving(context, proxy=name == "proxy") as server:
        here = f"127.0.0.1:{server.port}"
        if name == "proxy":
            env["HTTPS_PROXY"] = f"http://{here}"
        url = {
            "plain": f"http://{here}",
            "tls": f"https://localhost:{server.port}",
            "proxy": "https://gate.example",
        }[name]
        send = HttpTransport(url, KEY, env=env)
        try:
            yield server, send
        finally:
            send.close()


@pytest.mark.parametrize("name", ["plain", "tls", "proxy"])
def test_the_permission_is_asked_when_the_connection_stands_and_before_the_first_byte(
    name, certificate
):
    """TLS and a proxy's CONNECT are over by then, and nothing of the request has left."""
    with way(name, certificate) as (server, send):
        asked = []

        def permitted() -> bool:
            asked.append((server.stands.wait(5), list(server.heard)))
            return True

        assert send(delete(permitted)).status == 200
        assert asked == [(True, [])]
        assert server.heard[0].startswith(b"DELETE /v1/tasks/7 ")


@pytest.mark.parametrize("name", ["plain", "tls", "proxy"])
def test_a_request_that_is_not_permitted_any_more_sends_no_byte(name, certificate):
    """It is known to have done nothing; the next one goes its own way."""
    with way(name, certificate) as (server, send):
        with pytest.raises(NotPermitted):
            send(delete(lambda: False))
        assert server.heard == []
        assert send(delete(lambda: True)).status == 200
        assert len(server.heard) == 1


@pytest.mark.parametrize("kept", [True, False])
def test_a_kept_alive_connection_is_no_way_around_the_permission(kept):
    """Used again, or found stale and made anew: it is asked each time, after that."""
    with serving(once=not kept) as server:
        send = HttpTransport(f"http://127.0.0.1:{server.port}", KEY)
        assert send(delete(lambda: True)).status == 200
        if not kept:
            time.sleep(0.1)  # the server's end of the connection arrives
        with pytest.raises(NotPermitted):
            send(delete(lambda: False))
        assert len(server.heard) == 1
        assert send(delete(lambda: True)).status == 200
        assert len(server.heard) == 2
        send.close()


def test_a_run_that_sleeps_while_it_connects_sends_nothing_when_it_wakes():
    """A full queue holds the connection up (SYNs are dropped); meanwhile the lease is lost."""
    with socket.socket() as gate, socket.socket() as filler:
        gate.bind(("127.0.0.1", 0))
        gate.listen(0)
        filler.connect(gate.getsockname())
        send = HttpTransport(f"http://127.0.0.1:{gate.getsockname()[1]}", KEY, timeout=30)
        lost, raised = threading.Event(), []

        def sending() -> None:
            try:
                send(delete(lambda: not lost.is_set()))
            except NotSent as fault:
                raised.append(fault)

        thread = threading.Thread(target=sending)
        thread.start()
        thread.join(0.3)
        assert thread.is_alive(), "the connection is still being made"
        lost.set()
        gate.accept()[0].close()
        gate.settimeout(10)
        with gate.accept()[0] as ours:
            ours.settimeout(10)
            thread.join(10)
            assert ours.recv(1) == b"", "not a byte left"
        assert [type(one) for one in raised] == [NotPermitted]


def test_the_sandbox_in_process_asks_too(tmp_path):
    send = InProcess(tmp_path / "world.db", KEY, None)
    with pytest.raises(NotPermitted):
        send(delete(lambda: False))


def test_the_clock_goes_on_while_the_machine_sleeps(monkeypatch):
    """CLOCK_BOOTTIME, where there is one: a monotonic clock stands still in a sleep."""
    asked = []
    monkeypatch.setattr(time, "clock_gettime", lambda which: asked.append(which) or 5.0)
    assert SystemClock(Stop()).monotonic() == 5.0
    assert asked == [getattr(time, "CLOCK_BOOTTIME", time.CLOCK_MONOTONIC)]
