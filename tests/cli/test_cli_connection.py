"""What cannot lead to a portal is told at once, by the name of the setting."""

from __future__ import annotations

import time
from pathlib import Path

import pytest
from support.command import Tasksync

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
        ("https_proxy", "ftp://p:1", "'ftp'"),
        ("ALL_PROXY", "socks5://p:1", "driver"),
        ("HTTPS_PROXY", "http://p:70000", "port"),
        ("REQUESTS_CA_BUNDLE", "/nonexistent/ca.pem", "is not there"),
        ("CURL_CA_BUNDLE", "/nonexistent/ca.pem", "is not there"),
        ("SSL_CERT_FILE", "{here}/m.yaml", "holds no certificate"),
    ],
)
@pytest.mark.parametrize("command", [("plan",), ("apply", "--yes")])
def test_settings_that_cannot_work_are_told_at_once_and_by_name(
    tasksync: Tasksync, name: str, value: str, words: str, command: tuple[str, ...]
) -> None:
    began = time.monotonic()
    done = tasksync(*command, **{name: value.replace("{here}", str(tasksync.folder))})
    assert done.code == 1
    assert name in done.err
    assert words in done.err
    assert time.monotonic() - began < 5
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
