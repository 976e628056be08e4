"""What cannot lead to a portal is told at once, by the name of the setting."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from threading import Thread

import pytest
from command import Done, Tasksync

from tasksync.cli.signals import SystemClock
from tasksync.portal import told_waits
from tasksync.sandbox.web.server import RunningSandbox, SandboxSettings, start

MANIFEST = """\
apiVersion: tasksync/v1
project: connecting
tasks:
  a: {title: First, responsibleId: 1}
"""
KEY = {"TASKSYNC_API_KEY": "vibe_api_0123456789abcdef"}


@pytest.fixture
def tasksync(tmp_path: Path) -> Tasksync:
    made = Tasksync.of(tmp_path, MANIFEST)
    made.env |= {"TASKSYNC_PORTAL": "https://portal.invalid", **KEY}
    return made


@pytest.mark.parametrize(
    ("name", "value", "words"),
    [
        ("HTTPS_PROXY", "http://:3128", "without a host"),
        ("https_proxy", "ftp://p:1", '"ftp"'),
        ("ALL_PROXY", "socks5://p:1", "driver"),
        ("HTTPS_PROXY", "http://p:70000", "port"),
        ("REQUESTS_CA_BUNDLE", "/nonexistent/ca.pem", "is not there"),
        ("CURL_CA_BUNDLE", "/nonexistent/ca.pem", "is not there"),
        ("SSL_CERT_FILE", "{here}/m.yaml", "holds no certificate"),
    ],
)
@pytest.mark.parametrize("command", [("plan",), ("apply", "--yes")])
def test_settings_that_cannot_work_are_told_at_once_and_by_name(
    tasksync: Tasksync,
    name: str,
    value: str,
    words: str,
    command: tuple[str, ...],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    slept: list[float] = []
    monkeypatch.setattr(SystemClock, "sleep", lambda _clock, seconds: slept.append(seconds))
    done = tasksync(*command, **{name: value.replace("{here}", str(tasksync.folder))})
    assert done.code == 1
    assert name in done.err
    assert words in done.err
    assert slept == []  # nothing is waited for, and so nothing is asked again
    assert "in a minute" not in done.err


@pytest.mark.parametrize("name", ["HTTPS_PROXY", "REQUESTS_CA_BUNDLE"])
def test_settings_that_cannot_work_are_told_for_a_state_on_http_too(
    tasksync: Tasksync, name: str
) -> None:
    value = "http://:3128" if name == "HTTPS_PROXY" else "/nonexistent/ca.pem"
    done = tasksync("state", "list", TASKSYNC_STATE="https://state.invalid/x", **{name: value})
    assert (done.code, name in done.err) == (1, True)


TOKEN = "s3cr3tt0ken"


@pytest.mark.parametrize(
    "portal",
    [
        f"https://acme.bitrix24.ru/rest/1/{TOKEN}/",
        f"https://acme.bitrix24.ru/rest/1/{TOKEN}/tasks.task.list.json?start=0",
        f"acme.bitrix24.de/rest/1/{TOKEN}/",
        f"https://box.example/rest/12/{TOKEN}",
        f"https://box.example:99999/rest/12/{TOKEN}/",
        f"ftp://box.example/REST/12/{TOKEN}/",
        f"https://box.example/%72est/12/{TOKEN}/",
        f"http://box.example/rest/12/{TOKEN}/",
        f"https://u:{TOKEN}@box.example/rest/12/{TOKEN}/",
    ],
)
@pytest.mark.parametrize("command", [("plan",), ("apply", "--yes"), ("state", "rebind", "--yes")])
@pytest.mark.parametrize("key", ["vibe_api_0123456789abcdef", ""])
def test_a_webhooks_url_is_told_before_anything_is_sent_and_its_token_is_not(
    tasksync: Tasksync, portal: str, command: tuple[str, ...], key: str
) -> None:
    """Who has a webhook has no key, and is not asked for one first."""
    done = tasksync(*command, TASKSYNC_PORTAL=portal, TASKSYNC_API_KEY=key)
    assert done.code == 1
    assert "webhook" in done.err
    assert "not supported yet" in done.err
    assert TOKEN not in done.out + done.err


@pytest.mark.parametrize(
    "portal",
    [
        f"https://[::1/rest/12/{TOKEN}/",
        f"https://box.example:port/{TOKEN}/",
        f"ftp://box.example/{TOKEN}/",
        f"https://box.example/{TOKEN}/?{TOKEN}#{TOKEN}",
    ],
)
def test_a_url_that_cannot_be_is_refused_without_what_stands_behind_its_host(
    tasksync: Tasksync, portal: str
) -> None:
    done = tasksync("plan", TASKSYNC_PORTAL=portal)
    assert (done.code, "Give it as https://HOST" in done.err) == (1, True)
    assert TOKEN not in done.out + done.err


@pytest.mark.parametrize(
    "portal",
    [
        "https://acme.bitrix24.ru",
        "acme.bitrix24.com",
        "https://Acme.Bitrix24.com.br/v1",
        "bitrix24.de",
    ],
)
def test_a_portals_own_host_is_told_before_anything_is_sent(
    tasksync: Tasksync, portal: str
) -> None:
    done = tasksync("plan", TASKSYNC_PORTAL=portal)
    assert done.code == 1
    assert "a portal's own address" in done.err
    assert "VibeCode" in done.err


@pytest.fixture
def faulty(tasksync: Tasksync) -> Iterator[Callable[[str, float], None]]:
    """Puts a sandbox behind the project that answers one request with a wait."""

    def begin(path: str, seconds: float) -> None:
        rule = {"on": {"path": path}, "times": 1, "kind": "status", "status": 429}
        file = tasksync.folder / "faults.json"
        file.write_text(json.dumps([{**rule, "retryAfter": seconds}]))
        running = start(SandboxSettings(port=0, limits="none", faults=file))
        begun.append(running)
        tasksync.env |= {
            "TASKSYNC_PORTAL": running.url,
            "TASKSYNC_API_KEY": "vibe_api_sandbox",
            "TASKSYNC_PARALLELISM": "1",
        }

    begun: list[RunningSandbox] = []
    yield begin
    for running in begun:
        running.stop()


@pytest.mark.parametrize("path", ["^/v1/me$", "^/v1/tasks$"])
@pytest.mark.parametrize("command", [("plan",), ("apply", "--yes")])
def test_a_day_of_retry_after_ends_reading_with_exit_1_and_when_to_come_again(
    tasksync: Tasksync,
    faulty: Callable[[str, float], None],
    path: str,
    command: tuple[str, ...],
) -> None:
    faulty(path, 86_400)
    told = tasksync(*command)
    assert told.code == 1
    assert "asks to wait 24 h" in told.err
    assert "Run it again at " in told.err
    assert "in 24 h" in told.err
    assert tasksync("apply", "--yes").code == 0


def test_a_day_of_retry_after_ends_writing_with_exit_1_and_the_next_apply_does_the_rest(
    tasksync: Tasksync, faulty: Callable[[str, float], None]
) -> None:
    many = "".join(f"  t{n}: {{title: T{n}, responsibleId: 1}}\n" for n in range(30))
    tasksync.manifest(MANIFEST + many, "m.yaml")
    faulty("^/v1/batch$", 86_400)
    told = tasksync("apply", "--yes")
    assert told.code == 1
    assert "not started" in told.out
    assert "Run it again at " in told.err
    assert tasksync("apply", "--yes").code == 0
    assert "No changes." in tasksync("plan").out


def test_a_wait_that_the_portal_asks_for_is_said_in_a_pipe(
    tasksync: Tasksync,
    faulty: Callable[[str, float], None],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(told_waits, "TOLD_ASKED", 0.2)
    faulty("^/v1/me$", 0.3)
    told = tasksync("plan")
    assert told.code == 0
    assert "The portal asks to wait 1 s, until " in told.err


class Page(BaseHTTPRequestHandler):
    """A web site, not the API."""

    def do_GET(self) -> None:
        self.server.asked.append(self.path)  # type: ignore[attr-defined]
        redirect = self.path.startswith("/moved")
        self.send_response(302 if redirect else 200)
        self.send_header("Content-Type", "text/html; charset=utf-8")
        if redirect:
            self.send_header("Location", "https://login.example/?next=secret")
        self.end_headers()
        key = self.headers["X-Api-Key"]
        self.wfile.write(b"" if redirect else f"<h1>Welcome</h1> {key} to Acme".encode())

    def log_message(self, *_words: object) -> None:
        """Say nothing."""


@pytest.fixture
def website() -> Iterator[ThreadingHTTPServer]:
    server = ThreadingHTTPServer(("127.0.0.1", 0), Page)
    server.asked = []  # type: ignore[attr-defined]
    Thread(target=server.serve_forever, args=(0.02,), daemon=True).start()
    yield server
    server.shutdown()
    server.server_close()


@pytest.mark.parametrize(
    ("path", "words"),
    [
        ("", 'HTTP 200, text/html: "Welcome *** to Acme"'),
        ("/moved", 'HTTP 302, a redirect to "https://login.example/"'),
    ],
)
@pytest.mark.parametrize("command", [("plan",), ("apply", "--yes"), ("state", "rebind", "--yes")])
def test_a_portal_that_is_a_web_site_is_told_at_the_first_answer(
    tasksync: Tasksync,
    website: ThreadingHTTPServer,
    path: str,
    words: str,
    command: tuple[str, ...],
) -> None:
    url = f"http://127.0.0.1:{website.server_port}{path}"
    told: Done = tasksync(*command, TASKSYNC_PORTAL=url)
    assert told.code == 1
    assert words in told.err
    assert "--portal (TASKSYNC_PORTAL)" in told.err
    assert len(website.asked) == 1  # type: ignore[attr-defined]
    assert KEY["TASKSYNC_API_KEY"] not in told.out + told.err
