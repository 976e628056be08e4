"""A server of Terraform's http backend protocol on the loopback, as GitLab's is known to behave.

Locks under `/lock` by POST and DELETE, or by LOCK and UNLOCK at the state itself. A write needs
the id of the lock in force, and a serial that the state did not have before; a GET before the
first write is 204 once the state was locked, 404 before. What a holder of another lock is told is
its id and user, beside the asker's own words (GitLab mixes them so).
"""

from __future__ import annotations

import base64
import json
import threading
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any, Self
from urllib.parse import parse_qs, urlsplit


class States:
    """What the server holds: documents and locks by path, and how it is to misbehave."""

    def __init__(self) -> None:
        self.lock = threading.RLock()
        self.documents: dict[str, bytes] = {}
        self.serials: dict[str, set[int]] = {}
        self.locks: dict[str, dict[str, Any]] = {}
        self.known: set[str] = set()
        self.credentials: tuple[str, str] | None = None
        self.conflict = 423
        #: what a refused LOCK is told: "all", "nothing", "text", or all in "lower" letters
        self.tells = "all"
        self.faults: list[int] = []
        self.asked: list[tuple[str, str]] = []
        #: 413 -> the size from which on a body is refused
        self.always: dict[int, int] = {}

    def read(self, path: str) -> tuple[int, bytes]:
        """Answer a GET."""
        if path in self.documents:
            return 200, self.documents[path]
        return (204 if path in self.known else 404), b""

    def write(self, path: str, lock_id: str | None, body: bytes) -> tuple[int, bytes]:
        """Answer a POST."""
        held = self.locks.get(path)
        if (held["ID"] if held else None) != lock_id:
            return self.conflict, json.dumps(held or {}).encode()
        serial = json.loads(body)["serial"]
        if serial in self.serials.setdefault(path, set()):
            return 422, b'{"message":"Validation failed: Version has already been taken"}'
        self.serials[path].add(serial)
        self.documents[path] = body
        return 200, b""

    def take(self, path: str, info: dict[str, Any]) -> tuple[int, bytes]:
        """Answer a LOCK."""
        self.known.add(path)
        held = self.locks.get(path)
        if held:
            told = {**info, "ID": held["ID"], "Who": held["Who"], "Created": held["Created"]}
            return self.conflict, self._told(told)
        self.locks[path] = info
        return 200, json.dumps(info).encode()

    def _told(self, info: dict[str, Any]) -> bytes:
        match self.tells:
            case "nothing":
                return b""
            case "text":
                return b"Locked"
            case "lower":
                return json.dumps({name.lower(): value for name, value in info.items()}).encode()
        return json.dumps(info).encode()

    def free(self, path: str, lock_id: str | None) -> tuple[int, bytes]:
        """Answer an UNLOCK."""
        held = self.locks.get(path)
        if lock_id is not None and (held["ID"] if held else "") != lock_id:
            return 409, b""
        self.locks.pop(path, None)
        return 200, b""


class Handler(BaseHTTPRequestHandler):
    """The door: it knows methods, headers and statuses, and no rules."""

    protocol_version = "HTTP/1.1"
    wbufsize = -1
    disable_nagle_algorithm = True
    server: Server

    def _answer(self) -> None:
        states, parts = self.server.states, urlsplit(self.path)
        body = self.rfile.read(int(self.headers.get("Content-Length") or 0))
        lock_id = parse_qs(parts.query).get("ID", [None])[0]
        with states.lock:
            states.asked.append((self.command, self.path))
            if not self._is_allowed():
                return self._send(401, b"who are you?")
            if 413 in states.always and len(body) > states.always[413]:
                return self._send(413, b"too large")
            if states.faults and (fault := states.faults.pop(0)):
                if fault < 0:  # the deed is done, and its answer is lost
                    self._routed(parts.path, lock_id, body)
                return self._send(abs(fault), b"a server fault")
            return self._send(*self._routed(parts.path, lock_id, body))

    def _routed(self, path: str, lock_id: str | None, body: bytes) -> tuple[int, bytes]:
        states, at_lock = self.server.states, path.endswith("/lock")
        state = path.removesuffix("/lock")
        match self.command, at_lock:
            case "GET", False:
                return states.read(path)
            case "POST", False:
                return states.write(path, lock_id, body)
            case ("LOCK", False) | ("POST", True):
                return states.take(state, json.loads(body))
            case ("UNLOCK", False) | ("DELETE", True):
                return states.free(state, (json.loads(body) if body else {}).get("ID"))
        return 405, b""

    def _is_allowed(self) -> bool:
        wanted = self.server.states.credentials
        if wanted is None:
            return True
        token = base64.b64encode(":".join(wanted).encode()).decode()
        return self.headers.get("Authorization") == f"Basic {token}"

    def _send(self, status: int, body: bytes) -> None:
        self.send_response(status)
        if status in {301, 302, 307}:
            self.send_header("Location", "https://elsewhere.example/state")
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    do_GET = do_POST = do_LOCK = do_UNLOCK = do_DELETE = _answer  # noqa: N815 - http.server's names

    def log_message(self, *_words: object) -> None:
        """Say nothing."""


class Server(ThreadingHTTPServer):
    """Start it with `with`; `url` is the address of one state."""

    daemon_threads = True
    request_queue_size = 64

    def __init__(self) -> None:
        super().__init__(("127.0.0.1", 0), Handler)
        self.states = States()

    def __enter__(self) -> Self:
        threading.Thread(target=self.serve_forever, kwargs={"poll_interval": 0.01}).start()
        return self

    def __exit__(self, *_error: object) -> None:
        self.shutdown()
        self.server_close()

    @property
    def url(self) -> str:
        """The address of a state that locks with LOCK and UNLOCK."""
        return f"http://127.0.0.1:{self.server_port}/states/finance-q2"

    @property
    def gitlab_url(self) -> str:
        """The address of a state as GitLab names it."""
        return f"http://127.0.0.1:{self.server_port}/api/v4/projects/7/terraform/state/finance-q2"
