"""What people do on the portal meanwhile: edits by hand on a sandbox's file."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

from command import Tasksync

from tasksync.sandbox.web.http_messages import WebRequest
from tasksync.sandbox.web.routes import open_api

HEADERS = {"Content-Type": "application/json", "Host": "127.0.0.1"}


def by_hand(folder: Path, method: str, path: str, body: object = None) -> Any:
    """Do one thing on the sandbox whose world is `world.db` in a folder."""
    api = open_api(folder / "world.db")
    sent = b"" if body is None else json.dumps(body).encode()
    answer = api.handle(WebRequest(method, f"/_sandbox/{path}", headers=HEADERS, body=sent))
    api.close()
    assert answer.status < 300, answer
    return json.loads(answer.body) if answer.body else None


def world_of(folder: Path) -> list[dict[str, Any]]:
    """Return every task of the portal, as it keeps them."""
    told = by_hand(folder, "GET", "tasks")
    rows = told.get("tasks", told.get("data")) if isinstance(told, dict) else told
    return list(rows)


def ids_of(tasksync: Tasksync) -> dict[str, int]:
    """Return the remote ids of all keys in the state."""
    listed = tasksync("state", "list").out.splitlines()
    return {line.split()[0]: int(line.split("task ")[1].split(")")[0]) for line in listed}
