"""The portal over a socket: threads, keep-alive, and the faults that only a socket can show.

`start(SandboxSettings(port=0))` gives a `RunningSandbox` that knows its port. Loopback only, unless
a host is named.
"""

from __future__ import annotations

import socket
import struct
import sys
import threading
from collections.abc import Callable, Mapping
from contextlib import suppress
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any, Self

from tasksync.sandbox.faults.fault_rules import load_rules
from tasksync.sandbox.web.connection_faults import BrokenBody, ConnectionLost, Hang
from tasksync.sandbox.web.http_messages import ApiError, Response, WebRequest
from tasksync.sandbox.web.origins import check_origin
from tasksync.sandbox.web.rate_limits import NO_LIMITS, VENDOR_LIMITS, RateLimits
from tasksync.sandbox.web.routes import PORTAL, SandboxApi, open_api

BACKLOG = 512
MAX_BODY = 256 * 1024 * 1024
LIMITS: Mapping[str, RateLimits] = {"vendor": VENDOR_LIMITS, "none": NO_LIMITS}
#: Windows has two short numbers where all others have two long ones
_LINGER_OFF = struct.pack("hh" if sys.platform == "win32" else "ii", 1, 0)
_POLL_SECONDS = 0.05


@dataclass(frozen=True, slots=True)
class SandboxSettings:
    """How to start: `data` is the world's file (None is memory), `faults` a file of rules.

    `limits` is "vendor", "none" or RateLimits; port 0 takes any free port.
    """

    port: int = 8024
    data: Path | None = None
    limits: str | RateLimits = "vendor"
    faults: Path | None = None
    quirks: Mapping[str, Any] = field(default_factory=dict)
    host: str = "127.0.0.1"
    portal: str = PORTAL


class RunningSandbox:
    """A portal that answers at `url` until `stop`; also a context manager."""

    def __init__(self, api: SandboxApi, host: str, port: int) -> None:
        self.api = api
        self._server = _Server((host, port), api)
        self._thread = threading.Thread(
            target=self._server.serve_forever, args=(_POLL_SECONDS,), name="sandbox", daemon=True
        )
        self._thread.start()

    @property
    def port(self) -> int:
        """The port it listens on."""
        return int(self._server.server_address[1])

    @property
    def url(self) -> str:
        """`http://127.0.0.1:8024`, without `/v1`."""
        host = str(self._server.server_address[0])
        return f"http://[{host}]:{self.port}" if ":" in host else f"http://{host}:{self.port}"

    def wait(self) -> None:
        """Wait until it is stopped; raises KeyboardInterrupt when interrupted."""
        while self._thread.is_alive():
            self._thread.join(1)

    def stop(self) -> None:
        """Stop listening, close every connection and the file. May be called twice."""
        with suppress(OSError):  # wakes the thread, which would look up only after its poll
            self._server.socket.shutdown(socket.SHUT_RDWR)
        self._server.shutdown()
        self._thread.join()
        self._server.server_close()
        self._server.close_connections()
        self.api.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.stop()


def start(settings: SandboxSettings) -> RunningSandbox:
    """A portal on a socket, ready when this returns.

    Raises OSError when the port is taken, UnknownFault, UnknownQuirk or JournalDamaged for a bad
    file, ValueError for limits that have no such name.
    """
    limits = settings.limits
    if isinstance(limits, str):
        if limits not in LIMITS:
            message = f"limits are {' or '.join(LIMITS)}, not {limits!r}"
            raise ValueError(message)
        limits = LIMITS[limits]
    faults = load_rules(settings.faults) if settings.faults else []
    api = open_api(
        settings.data, limits=limits, faults=faults, quirks=settings.quirks, portal=settings.portal
    )
    return RunningSandbox(api, settings.host, settings.port)


def serve(host: str, port: int, api: SandboxApi, ready: Callable[[int], None]) -> None:
    """Serve until interrupted, while this thread waits; `ready` is called with the port."""
    with RunningSandbox(api, host, port) as running:
        ready(running.port)
        running.wait()


class _Server(ThreadingHTTPServer):
    daemon_threads = True
    request_queue_size = BACKLOG
    allow_reuse_address = sys.platform != "win32"  # there two servers would share one port

    def __init__(self, address: tuple[str, int], api: SandboxApi) -> None:
        self.api = api
        self.served = frozenset({address[0].lower()})
        self._open: set[socket.socket] = set()
        self.stopping = threading.Event()
        if ":" in address[0]:
            self.address_family = socket.AF_INET6
        super().__init__(address, _Handler)

    def server_bind(self) -> None:
        """Without the look-up of the host's name that the standard library makes here."""
        super(ThreadingHTTPServer, self).server_bind()

    def process_request(self, request: Any, client_address: Any) -> None:
        self._open.add(request)
        super().process_request(request, client_address)

    def shutdown_request(self, request: Any) -> None:
        self._open.discard(request)
        if request.getsockopt(socket.SOL_SOCKET, socket.SO_LINGER, len(_LINGER_OFF)) == _LINGER_OFF:
            request.close()  # a RST, with no FIN before it
        else:
            super().shutdown_request(request)

    def handle_error(self, request: Any, client_address: Any) -> None:
        """Ignore a client that closed its connection; anything else is a bug here, and is shown."""
        if not isinstance(sys.exception(), ConnectionError | TimeoutError):
            super().handle_error(request, client_address)

    def close_connections(self) -> None:
        self.stopping.set()
        for connection in list(self._open):
            with suppress(OSError):
                connection.shutdown(socket.SHUT_RDWR)


class _Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    server_version = "tasksync-sandbox"
    sys_version = ""
    #: One packet an answer: with the defaults, Nagle and delayed ACK cost 40 ms a request.
    wbufsize = -1
    disable_nagle_algorithm = True
    server: _Server

    def _serve(self) -> None:
        try:
            self._send(self.server.api.handle(self._request()))
        except ApiError as refusal:
            self.close_connection = True
            self._send(refusal.response())
        except BrokenBody as broken:
            self.close_connection = True
            self._send_broken(broken)
        except ConnectionLost as lost:
            self.close_connection = True
            if lost.reset:
                self.connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, _LINGER_OFF)
        except Hang as hang:
            self.close_connection = True
            self.server.stopping.wait(hang.seconds)

    do_GET = do_POST = do_PATCH = do_DELETE = do_PUT = _serve  # noqa: N815 - the library's names

    def _request(self) -> WebRequest:
        path, _, query = self.path.partition("?")
        length = self.headers.get("Content-Length", "0")
        if not length.isdigit() or int(length) > MAX_BODY or "Transfer-Encoding" in self.headers:
            raise ApiError.invalid("a body needs a Content-Length that is not too large")
        body = self.rfile.read(int(length))
        peer = str(self.client_address[0])
        request = WebRequest(self.command, path, query, dict(self.headers.items()), body, peer)
        check_origin(request, self.server.served | {str(self.connection.getsockname()[0])})
        return request

    def _send(self, response: Response) -> None:
        self.send_response(response.status)
        for name, value in response.headers.items():
            self.send_header(name, value)
        if response.status != 204:  # noqa: PLR2004
            self.send_header("Content-Length", str(len(response.body)))
        self.end_headers()
        self.wfile.write(response.body)

    def _send_broken(self, broken: BrokenBody) -> None:
        body = broken.response.body
        half = body[: len(body) // 2]
        self.send_response(broken.response.status)
        for name, value in broken.response.headers.items():
            self.send_header(name, value)
        if broken.chunked:
            self.send_header("Transfer-Encoding", "chunked")
            half = b"%x\r\n%b\r\nno chunk\r\n" % (len(half), half)
        else:
            self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(half)

    def log_message(self, format: str, *args: Any) -> None:  # noqa: A002 - the library's name
        """The request log keeps this."""
