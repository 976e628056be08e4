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
