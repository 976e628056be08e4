"""A project whose environment holds a secret of every kind, on a portal that says them all."""

from __future__ import annotations

import io
import json
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import ClassVar

from planting import ENV, PLANT, planted, told
from portal import Asked, Response, Served
from trips import PROJECT, Ended, Trip

from tasksync.backends.processes import this_process
from tasksync.backends.registry import open_store
from tasksync.cli.console import Console
from tasksync.cli.main import run
from tasksync.cli.signals import Stop, SystemClock
from tasksync.cli.wiring import new_id
from tasksync.core.formats.history_json import encode_change

JSON = {"Content-Type": "application/json"}
KEY = "vibe_api_sandbox"


class Loose(Trip):
    """A project whose environment holds a secret of every kind."""

    more: ClassVar[dict[str, str]] = {}  # a test gives one of its own

    def env(self) -> dict[str, str]:
        """Each variable that may hold a secret does."""
        ours = {name: value for name, value in ENV.items() if value}
        return {**super().env(), **ours, "TASKSYNC_LOG": "DEBUG", **self.more}


def seen_by(api_handle: Callable[[Asked], Response], change: Callable, asked: Asked) -> Response:
    """Let the sandbox answer as to its own key; it knows none of ours."""
    headers = {n: v for n, v in asked.headers.items() if n.lower() != "authorization"}
    headers = {**headers, "X-Api-Key": KEY}
    answer = change(asked) if asked.path.startswith("/v1/") else None
    return answer or api_handle(replace(asked, headers=headers))


def planting(served: Served, turn: int, change: Callable = lambda _asked: None) -> None:
    """Let the portal say our secrets wherever it would say PLANT."""
    api = served.running.api
    answer, words = api.handle, planted(turn).encode()

    def handle(asked: Asked) -> Response:
        given = seen_by(answer, change, asked)
        if asked.path.startswith("/_sandbox"):
            return given
        headers = {
            name: value.replace(PLANT, words.decode()) for name, value in given.headers.items()
        }
        return Response(given.status, headers, given.body.replace(PLANT.encode(), words))

    api.handle = handle  # type: ignore[method-assign]


def files_of(folder: Path) -> dict[str, bytes]:
    return {str(one): one.read_bytes() for one in folder.rglob("*") if one.is_file()}


def retitle(trip: Trip, title: str, now: str) -> None:
    """Change a title by hand."""
    trip.portal.control("PATCH", f"tasks/{trip.portal.task(title)['id']}", {"title": now})


def silent(*ends: Ended) -> None:
    """Fail where a run told a secret."""
    for end in ends:
        assert not told(end.out), end.out
        assert not told(end.err), end.err


def me(asked: Asked) -> Response | None:
    if asked.path != "/v1/me":
        return None
    me = {"portal": "p.example", "owner": {"name": f"Owner {PLANT}"}}
    return Response(200, JSON, json.dumps({"success": True, "data": me}).encode())


def recorded(trip: Trip) -> str:
    """All that is kept of what its runs did: in a file it lies compressed."""
    runs = [one["id"] for one in json.loads(state_of(trip))["runs"]]
    here = this_process({})
    store = open_store(trip.state, PROJECT, SystemClock(Stop()), new_id, here, {})
    kept = [encode_change(one) for run_id in runs for one in store.recorded(run_id) or ()]
    store.close()
    return json.dumps(kept)


def state_of(trip: Trip) -> str:
    """What is remembered, by a run that knows no secret of ours."""
    out = io.StringIO()
    words = ["state", "pull", "-f", str(trip.manifest), "--state", trip.state]
    assert run(words, Console(io.StringIO(), out, io.StringIO(), {})) == 0
    return out.getvalue()
