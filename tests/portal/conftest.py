"""What the portal's tests stand on: a clock that only moves when told, and a scripted portal."""

from __future__ import annotations

import threading
from collections.abc import Callable
from datetime import UTC, datetime
from typing import Any

import orjson
import pytest

from tasksync.core.change import Action, Change, FieldChange, Reason
from tasksync.core.events import Event
from tasksync.core.fields import RemoteId, TaskKey, Value
from tasksync.portal.client import RestPortal
from tasksync.portal.messages import PortalAnswer, PortalRequest
from tasksync.portal.setup import PortalSettings

MARKER = "tasksync:demo"


class FakeClock:
    """Sleeping is adding."""

    def __init__(self) -> None:
        self.at = 1000.0

    def now(self) -> datetime:
        """The wall clock."""
        return datetime.fromtimestamp(1_780_000_000 + self.at, UTC)

    def monotonic(self) -> float:
        """The same, as seconds."""
        return self.at

    def sleep(self, seconds: float) -> None:
        """Let time pass."""
        assert seconds > 0
        self.at += seconds


class Script:
    """A portal that answers from a list: an Answer, an exception, or a function of the request."""

    def __init__(self, *answers: Any) -> None:
        self.answers = list(answers)
        self.requests: list[PortalRequest] = []
        self.times: list[float] = []
        self.clock: FakeClock | None = None
        self._lock = threading.Lock()

    def __call__(self, request: PortalRequest) -> PortalAnswer:
        """Answer the next request; the last answer stays."""
        with self._lock:
            self.requests.append(request)
            if self.clock is not None:
                self.times.append(self.clock.at)
            answer = self.answers.pop(0) if len(self.answers) > 1 else self.answers[0]
        if isinstance(answer, Exception):
            raise answer
        return answer(request) if callable(answer) else answer

    @property
    def paths(self) -> list[str]:
        """Method and path of every request."""
        return [f"{one.method} {one.path}" for one in self.requests]

    def calls(self, at: int) -> list[dict[str, Any]]:
        """The calls of a batch that was sent."""
        body = orjson.loads(self.requests[at].body or b"")
        found: list[dict[str, Any]] = body["calls"]
        return found


def ok(data: Any, status: int = 200, **more: Any) -> PortalAnswer:
    """A success in the vendor's envelope."""
    return PortalAnswer(status, {}, orjson.dumps({"success": True, "data": data, **more}))


def no(status: int, code: str, text: str = "", headers: Any = None, **more: Any) -> PortalAnswer:
    """An error in the vendor's envelope."""
    error = {"code": code, "message": text, **more}
    body = orjson.dumps({"success": False, "error": error})
    return PortalAnswer(status, headers or {}, body)


def create(key: str, **fields: Value) -> Change:
    """A create of a task."""
    asked: dict[str, Value] = {"title": key, "responsibleId": 1, **fields}
    moved = tuple(FieldChange(name, None, value) for name, value in asked.items())
    return Change(TaskKey(key), Action.CREATE, Reason.NEW, fields=moved, asked=asked)


def update(key: str, remote: int, **fields: Value) -> Change:
    """A PATCH of some fields."""
    moved = tuple(FieldChange(name, None, value) for name, value in fields.items())
    return Change(TaskKey(key), Action.UPDATE, Reason.EDITED, RemoteId(remote), moved)


def delete(key: str, remote: int) -> Change:
    """A delete."""
    return Change(TaskKey(key), Action.DELETE, Reason.DROPPED, RemoteId(remote))


class Made:
    """A portal that does every call of a batch; new ids count from 100."""

    def __init__(self) -> None:
        self.next = 100
        self._lock = threading.Lock()

    def __call__(self, request: PortalRequest) -> PortalAnswer:
        """Do what is asked."""
        if request.path != "/v1/batch":
            if request.method == "DELETE":
                return PortalAnswer(204)
            known = request.path.removeprefix("/v1/tasks").strip("/")
            return ok({"id": known or str(self._new())}, 200 if known else 201)
        results: dict[str, Any] = {}
        for call in orjson.loads(request.body or b"")["calls"]:
            remote = call.get("entityId") or self._new()
            row = {"id": str(remote)}
            title = call.get("params", {}).get("title")
            results[call["id"]] = row if title is None else {**row, "title": title}
        return ok({"results": results, "errors": {}})

    def _new(self) -> int:
        with self._lock:
            self.next += 1
            return self.next - 1


class Bench:
    """A RestPortal on a script, with everything that can be looked at afterwards."""

    def __init__(self, *answers: Any, **settings: Any) -> None:
        self.clock = FakeClock()
        self.script = Script(*answers)
        self.script.clock = self.clock
        self.events: list[Event] = []
        wanted: dict[str, Any] = {
            "marker": MARKER,
            "host": "portal.example",
            "parallelism": 1,
            **settings,
        }
        self.portal = RestPortal(
            self.script, self.clock, PortalSettings(**wanted), self.events.append
        )
        self.sent: list[list[str]] = []

    def about(self, changes: Any) -> None:
        """Note what is about to be sent."""
        self.sent.append([change.key for change in changes])

    def perform(self, *changes: Change) -> dict[str, Any]:
        """Do these changes; each has one outcome, by key."""
        found = list(self.portal.perform(changes, self.about))
        assert len({one.change.key for one in found}) == len(found) == len(changes)
        return {one.change.key: one for one in found}


@pytest.fixture
def bench() -> Callable[..., Bench]:
    """Makes a portal that answers from a script."""
    return Bench


@pytest.fixture
def say() -> Any:
    """The words of the tests: ok, no, create, update, delete, made."""

    class Say:
        ok = staticmethod(ok)
        no = staticmethod(no)
        create = staticmethod(create)
        update = staticmethod(update)
        delete = staticmethod(delete)
        made = Made()
        marker = MARKER

    return Say
