"""What a plan says that applying takes is what applying takes, when nothing fails."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
from command import Tasksync
from hand import HEADERS

from tasksync.sandbox.web.http_messages import WebRequest
from tasksync.sandbox.web.server import SandboxSettings, start

HEAD = "apiVersion: tasksync/v1\nproject: cost\ndefaults: {responsibleId: 1}\ntasks:\n"


def rows_of(told: Any) -> list[dict[str, Any]]:
    """Return the log's rows, however they are wrapped."""
    return list(told if isinstance(told, list) else told.get("log", told.get("data")))


def manifest(count: int, children: int, status: str = "pending") -> str:
    top = "".join(f"  t{n}: {{title: Task {n}, status: {status}}}\n" for n in range(count))
    return (
        HEAD
        + top
        + "".join(f"  c{n}: {{title: Child {n}, parent: t{n % count}}}\n" for n in range(children))
    )


@pytest.mark.parametrize(("count", "children"), [(1, 0), (2, 1), (50, 51), (130, 70)])
def test_predicted_requests_are_the_actual_ones(tmp_path: Path, count: int, children: int) -> None:
    with start(SandboxSettings(port=0, limits="none")) as portal:
        api = portal.api
        tasksync = Tasksync(
            tmp_path,
            {
                "TASKSYNC_PORTAL": portal.url,
                "TASKSYNC_API_KEY": "vibe_api_sandbox",
                "TASKSYNC_FILE": str(tmp_path / "m.yaml"),
            },
        )
        for text, flags in (
            (manifest(count, children), []),
            (manifest(count, children // 2, "inProgress"), ["--max-delete", "100%"]),
        ):
            tasksync.manifest(text, "m.yaml")
            predicted = json.loads(tasksync("plan", "--json").out)["requests"]
            api.handle(WebRequest("DELETE", "/_sandbox/log", headers=HEADERS))
            one = ("--parallelism", "1")  # how many go together hangs on which answer comes first
            assert tasksync("apply", "--yes", *one, *flags).code == 0
            answer = api.handle(WebRequest("GET", "/_sandbox/log", headers=HEADERS))
            rows = rows_of(json.loads(answer.body))
            sent = [f"{row['method']} {row['path']}" for row in rows]
            begun = (row["method"] != "GET" or "=desc" in row["query"] for row in rows)
            first = next(at for at, one in enumerate(begun) if one)
            assert len(sent) - first == predicted, sent


def test_a_budget_of_requests_stops_cleanly_and_the_next_apply_goes_on(tmp_path: Path) -> None:
    tasksync = Tasksync(tmp_path)
    path = tasksync.manifest(manifest(120, 0))
    first = tasksync("apply", "-f", path, "--yes", "--max-requests", "2")
    assert first.code == 3
    assert "30 added, 0 changed, 0 destroyed; 0 failed; 90 not started" in first.out
    assert "--max-requests" in first.out + first.err
    rest = tasksync("apply", "-f", path, "--yes")
    assert (rest.code, "90 added" in rest.out) == (0, True)
