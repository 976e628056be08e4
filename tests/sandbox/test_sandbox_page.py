"""The page at `/`: packaged files, one document that needs nothing else, and real Chromium."""

from __future__ import annotations

import html
import re
import subprocess
from importlib.resources import files
from pathlib import Path
from typing import Any

import pytest
import requests
from chromium import FLAGS, browser


@pytest.fixture(scope="module")
def chromium() -> str:
    return browser()


@pytest.mark.parametrize("name", ["page.html", "page.css", "page.js"])
def test_the_page_is_made_of_packaged_files(client: Any, name: str) -> None:
    """Each is read as a resource of the package, and its whole text stands in the answer."""
    text = files("tasksync.sandbox.page").joinpath(name).read_text(encoding="utf-8")
    shown = client.raw("GET", "/").body.decode()
    if name == "page.html":
        text = text.partition("<body>")[2].partition("<script")[0]
    assert len(text) > 500
    assert text in shown


def test_the_page_is_one_document_that_needs_nothing_from_elsewhere(client: Any) -> None:
    answer = client.raw("GET", "/")
    text = answer.body.decode()
    assert answer.headers["Content-Type"].startswith("text/html")
    assert "default-src 'none'; connect-src 'self';" in answer.headers["Content-Security-Policy"]
    assert "<title>" in text
    assert "http://" not in text.replace("http://www.w3.org", "")
    assert "https://" not in text
    assert "page.css" not in text
    assert "page.js" not in text


def test_the_page_is_only_looked_at(client: Any) -> None:
    answer = client.raw("POST", "/", {})
    assert (answer.status, answer.headers["Allow"]) == (405, "GET")


def test_a_browser_shows_the_tasks(chromium: str, url: str, tmp_path: Path) -> None:
    """Rows with title, person, status and tags; the script runs under the page's own policy."""
    tasks = [
        {"title": "Close <b>May</b>", "responsibleId": 22, "status": 3, "tags": ["finance"]},
        {"title": "Old", "responsibleId": 1, "deadline": "2020-01-01T00:00:00Z", "priority": 2},
    ]
    requests.put(f"{url}/_sandbox/tasks", json=tasks, timeout=5)
    command = [
        chromium,
        *FLAGS,
        "--virtual-time-budget=1500",
        f"--user-data-dir={tmp_path}",
        "--dump-dom",
        f"{url}/",
    ]
    dom = subprocess.run(command, capture_output=True, text=True, check=True, timeout=120).stdout
    body = dom.partition('<tbody id="rows">')[2].partition("</tbody>")[0]
    rows = [html.unescape(re.sub("<[^>]*>", " ", row)).split() for row in body.split("</tr>")[:-1]]
    assert len(rows) == 2
    assert " ".join(rows[0]).startswith("Old #3873 CU Current user Pending Overdue,")
    assert " ".join(rows[1]) == "Close <b>May</b> #3871 finance OP Olga Petrova In progress"
    assert '<p id="sum" role="status">2 tasks</p>' in dom
    assert re.search(r'<p id="live"[^>]*>live</p>', dom)
    assert re.findall(r'data-s="([^"]*)" aria-pressed', dom) == [
        "",
        "overdue",
        "pending",
        "in progress",
    ]
