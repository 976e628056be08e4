"""The requests so far with their answers' status: the log and the sums of the control routes."""

from __future__ import annotations

from collections import Counter, deque
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from threading import Lock
from typing import Any

from tasksync.sandbox.json_codec import Json, loads
from tasksync.sandbox.web.api_keys import key_shown, shortened
from tasksync.sandbox.web.http_messages import WebRequest

MAX_ENTRIES = 20_000
TOO_MANY_REQUESTS = 429


@dataclass(slots=True)
class LoggedRequest:
    """One request; `status` is 0 while it runs and for one that got no whole answer."""

    n: int
    request: WebRequest
    at: float
    status: int = 0
    fault: str = ""

    def document(self) -> Json:
        """The entry as JSON, with the key cut short."""
        request = self.request
        body = _read(request.body)
        calls = body.get("calls") if isinstance(body, dict) else None
        return {
            "n": self.n,
            "method": request.method,
            "path": request.path,
            "query": request.query,
            "body": body,
            "key": shortened(key_shown(request)),
            "status": self.status,
            "fault": self.fault,
            "at": round(self.at, 3),
            "calls": len(calls) if isinstance(calls, list) else 0,
        }


class RequestLog:
    """The last requests, and sums over all."""

    def __init__(self) -> None:
        self._lock = Lock()
        self.clear()

    def clear(self) -> None:
        """Drop all entries and sums."""
        with self._lock:
            self._entries: deque[LoggedRequest] = deque(maxlen=MAX_ENTRIES)
            self._requests = self._writes = self._throttled = self._max_in_flight = 0
            self._running = 0
            self._creates: Counter[str] = Counter()

    @contextmanager
    def entry(self, request: WebRequest, at: float) -> Iterator[LoggedRequest]:
        """Note a request while it is served."""
        with self._lock:
            self._requests += 1
            self._running += 1
            self._max_in_flight = max(self._max_in_flight, self._running)
            self._writes += _writes(request)
            entry = LoggedRequest(self._requests, request, at)
            self._entries.append(entry)
        try:
            yield entry
        finally:
            with self._lock:
                self._running -= 1
                self._throttled += entry.status == TOO_MANY_REQUESTS

    def created(self, title: str) -> None:
        """Count a create that was done."""
        with self._lock:
            self._creates[title] += 1

    def log(self) -> list[Json]:
        """Every request kept, oldest first."""
        with self._lock:
            entries = list(self._entries)
        return [one.document() for one in entries]

    def stats(self) -> Json:
        """The sums."""
        with self._lock:
            return {
                "requests": self._requests,
                "writes": self._writes,
                "throttled": self._throttled,
                "maxInFlight": self._max_in_flight,
                "creates": dict(self._creates),
            }


def _writes(request: WebRequest) -> bool:
    if request.method in {"PATCH", "DELETE"}:
        return True
    if request.method != "POST" or request.path.endswith("/search"):
        return False
    if not request.path.endswith("/batch"):
        return True
    return any(word in request.body for word in (b'"create"', b'"update"', b'"delete"'))


def _read(body: bytes) -> Any:
    try:
        return loads(body) if body else None
    except ValueError:
        return body.decode(errors="replace")
