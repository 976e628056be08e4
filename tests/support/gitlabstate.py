"""GitLab's own Terraform states on the loopback, written from GitLab's published documents alone.

The API's documents list what each endpoint answers: reading 200, 204 (locked before anything was
saved), 403, 404; saving 200, 204 (no data), 403, 413, 422 (a serial that it has); locking 200, 400
(a field is missing), 403, 409 with the lock in force; unlocking 200, 409. A page of the user's
documents says who may: Developers read, Maintainers write; a personal token with its user's name,
or a job's with the name gitlab-ci-token. Nobody is 401, and a project that is not shown 404.
"""

from __future__ import annotations

import base64
import json
import re
import threading
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any, Self
from urllib.parse import parse_qs, unquote, urlsplit

GUEST, DEVELOPER, MAINTAINER = 10, 30, 40
LOCK_FIELDS = ("ID", "Operation", "Info", "Who", "Version", "Created", "Path")
_ROUTE = re.compile(r"/api/v4/projects/([^/]+)/terraform/state/([^/]+)(/lock|/versions/(\d+))?")

Answer = tuple[int, bytes]


def said(status: int, words: str) -> Answer:
    """Return an error as GitLab words it."""
    return status, f'{{"message":"{status} {words}"}}'.encode()


@dataclass
class Kept:
    """One state of a project: every version that was saved, and whose lock is on it."""

    versions: dict[int, bytes] = field(default_factory=dict)
    lock: dict[str, str] | None = None


@dataclass
class Project:
    """A project, by its number or its path: who is in it, and its states by name."""

    path: str
    members: dict[str, int]
    states: dict[str, Kept] = field(default_factory=dict)


@dataclass
class GitLab:
    """The whole of it, at rest."""

    projects: dict[str, Project] = field(default_factory=dict)
    #: (name, token) -> the user that is behind it
    logins: dict[tuple[str, str], str] = field(default_factory=dict)
    #: 0: any size
    most: int = 0
    #: what a save under another lock's id is answered; the documents do not say
    mismatch: int = 409
    asked: list[tuple[str, str]] = field(default_factory=list)
    guard: threading.RLock = field(default_factory=threading.RLock)

    def answer(self, method: str, url: str, login: tuple[str, str] | None, body: bytes) -> Answer:
        """Answer one request."""
        parts = urlsplit(url)
        with self.guard:
            self.asked.append((method, url))
            found = _ROUTE.fullmatch(parts.path)
            if found is None:
                return 404, b'{"error":"404 Not Found"}'
            user = self.logins.get(login) if login else None
            if user is None:
                return said(401, "Unauthorized")
            project = self._project(unquote(found[1]))
            role = project.members.get(user, 0) if project else 0
            if project is None or not role:
                return said(404, "Project Not Found")
            if role < (DEVELOPER if method == "GET" else MAINTAINER):
                return said(403, "Forbidden")
            given = parse_qs(parts.query).get("ID", [None])[0]
            return self._routed(method, found, project, user, given, body)

    def _project(self, named: str) -> Project | None:
        by_path = (one for one in self.projects.values() if one.path == named)
        return self.projects.get(named) or next(by_path, None)

    def _routed(
        self,
        method: str,
        found: re.Match[str],
        project: Project,
        user: str,
        given: str | None,
        body: bytes,
    ) -> Answer:
        name, below = unquote(found[2]), found[3] or ""
        kept = project.states.get(name)
        match method, below:
            case "GET", "":
                return _read(kept)
            case "GET", _ if below != "/lock":
                version = kept.versions.get(int(found[4])) if kept else None
                return (200, version) if version else said(404, "Not found")
            case "POST", "":
                return self._save(project, name, given, body)
            case "POST", "/lock":
                return _locked(project.states.setdefault(name, Kept()), user, body)
            case "DELETE", "/lock":
                told = json.loads(body) if body else {}
                return _unlocked(project.states.setdefault(name, Kept()), told.get("ID", given))
        return 405, b'{"error":"405 Not Allowed"}'

    def _save(self, project: Project, name: str, given: str | None, body: bytes) -> Answer:
        if not body:
            return 204, b""
        if self.most and len(body) > self.most:
            return said(413, "Request Entity Too Large")
        kept = project.states.setdefault(name, Kept())
        if (kept.lock or {}).get("ID") != given:
            return said(self.mismatch, "Conflict")
        serial = json.loads(body)["serial"]
        if serial in kept.versions:
            return 422, b'{"message":"Validation failed: Version has already been taken"}'
        kept.versions[serial] = body
        return 200, b""


def _read(kept: Kept | None) -> Answer:
    if kept is None:
        return said(404, "Not found")
    return (200, kept.versions[max(kept.versions)]) if kept.versions else (204, b"")


def _locked(kept: Kept, user: str, body: bytes) -> Answer:
    told = json.loads(body) if body else {}
    missing = [name for name in LOCK_FIELDS if not isinstance(told.get(name), str)]
    if missing:
        return 400, json.dumps(
            {"error": ", ".join(f"{one} is missing" for one in missing)}
        ).encode()
    status = 409 if kept.lock else 200
    if not kept.lock:
        kept.lock = {"ID": told["ID"], "Who": user, "Created": "2026-05-19T10:00:00.000Z"}
    asked = {name: told[name] for name in ("Operation", "Info", "Version", "Path")}
    return status, json.dumps({**asked, **kept.lock}).encode()


def _unlocked(kept: Kept, given: str | None) -> Answer:
    """Free a lock; without an id, as a forced unlock sends it, any."""
    if given is not None and (kept.lock or {}).get("ID") != given:
        return 409, b""
    kept.lock = None
    return 200, b""


class Handler(BaseHTTPRequestHandler):
    """The door: HTTP, and basic authentication."""

    protocol_version = "HTTP/1.1"
    wbufsize = -1
    disable_nagle_algorithm = True
    server: Server

    def _answer(self) -> None:
        body = self.rfile.read(int(self.headers.get("Content-Length") or 0))
        status, answer = self.server.gitlab.answer(self.command, self.path, self._login(), body)
        self.send_response(status)
        if status != 204:
            self.send_header("Content-Type", "application/json")
            self.send_header("Content-Length", str(len(answer)))
        self.end_headers()
        self.wfile.write(answer)

    def _login(self) -> tuple[str, str] | None:
        scheme, _, token = self.headers.get("Authorization", "").partition(" ")
        if scheme != "Basic":
            return None
        name, _, password = base64.b64decode(token).decode().partition(":")
        return name, password

    do_GET = do_POST = do_DELETE = do_LOCK = do_UNLOCK = _answer  # noqa: N815 - http.server's names

    def log_message(self, *_words: object) -> None:
        """Say nothing."""


class Server(ThreadingHTTPServer):
    """Start it with `with`: project 42, `acme/office`, with a maintainer, a developer, a guest."""

    daemon_threads = True
    request_queue_size = 64

    def __init__(self) -> None:
        super().__init__(("127.0.0.1", 0), Handler)
        self.gitlab = GitLab()
        members = {"anna": MAINTAINER, "dirk": DEVELOPER, "gast": GUEST}
        self.gitlab.projects["42"] = Project("acme/office", members)
        self.gitlab.logins = {
            (name, f"glpat-{name}-0123456789"): name for name in (*members, "otto")
        }
        self.gitlab.logins["gitlab-ci-token", "glcbt-64-0123456789"] = "anna"

    def __enter__(self) -> Self:
        threading.Thread(target=self.serve_forever, kwargs={"poll_interval": 0.01}).start()
        return self

    def __exit__(self, *_error: object) -> None:
        self.shutdown()
        self.server_close()

    @property
    def host(self) -> str:
        """What stands in the place of https://gitlab.example.com."""
        return f"http://127.0.0.1:{self.server_port}"

    def states(self) -> dict[str, Any]:
        """Return what project 42 keeps."""
        return dict(self.gitlab.projects["42"].states)
