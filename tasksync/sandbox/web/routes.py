"""The door: which request goes to which desk, and in what envelope the answer leaves.

Knows no rules. `open_api` is the portal in-process; over a socket it is `server.start`.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from tasksync.sandbox.faults.delayed_work import DelayedWork
from tasksync.sandbox.faults.fault_rules import FaultInjector, Rule
from tasksync.sandbox.json_codec import dumps, loads
from tasksync.sandbox.model.clock import PortalClock
from tasksync.sandbox.model.quirks import DEFAULTS, Quirks
from tasksync.sandbox.model.world import FIRST_ID, STEP, World
from tasksync.sandbox.page.assets import page_html
from tasksync.sandbox.web import api_keys, batch
from tasksync.sandbox.web.apply_fault import apply_fault
from tasksync.sandbox.web.control import Control
from tasksync.sandbox.web.handlers import LookupHandler, TaskHandler, handler_of
from tasksync.sandbox.web.http_messages import NO_CONTENT, Refused, Response, WebRequest, success
from tasksync.sandbox.web.query_string import parsed
from tasksync.sandbox.web.rate_limits import NONE, Gate, Limits
from tasksync.sandbox.web.request_log import LoggedRequest, RequestLog
from tasksync.sandbox.web.row_format import Writer

PORTAL = "sandbox.bitrix24.example"


@dataclass(frozen=True, slots=True)
class RoutedRequest:
    """One request on its way: who asks, what the path named, and the tasks' desk."""

    request: WebRequest
    names: Sequence[str]
    tasks: TaskHandler
    injected: Rule | None

    def id(self) -> int:
        """The id in the path; 400 INVALID_PARAMS when it is none (contract 2.2)."""
        text = self.names[-1]
        if not text.isascii() or not text.isdigit() or int(text) < 1:
            message = "Path parameter :id must be a positive integer"
            raise Refused(400, "INVALID_PARAMS", message)
        return int(text)


class Api:
    """The portal. `handle` answers one request; it may raise the exceptions of `faults`."""

    def __init__(
        self,
        world: World,
        *,
        limits: Limits = NONE,
        faults: Sequence[Rule] = (),
        quirks: Quirks = DEFAULTS,
        clock: PortalClock | None = None,
        portal: str = PORTAL,
    ) -> None:
        self.world, self.quirks, self.portal = world, quirks, portal
        self.clock = clock or PortalClock()
        self.fault_injector, self.request_log = FaultInjector(faults), RequestLog()
        self.gate, self.delayed = Gate(limits, self.clock), DelayedWork(self.clock)
        self._control = Control(self)

    def handle(self, request: WebRequest) -> Response:
        """The answer to a request; raises ConnectionLost, BrokenBody or Hang as the weather is."""
        if request.path == "/":
            return _page(request)
        if request.path.startswith("/_sandbox/"):
            return self._control.answer(request)
        self.delayed.run_due()
        with self.request_log.entry(request, self.clock.now()) as entry:
            response = self._admit(entry)
            entry.status = response.status
            return response.with_headers({"X-Request-Id": f"sandbox-{entry.n}"})

    def close(self) -> None:
        """Forget late deeds and let go of the file."""
        self.delayed.cancel()
        self.world.close()

    def _admit(self, entry: LoggedRequest) -> Response:
        key, status = api_keys.claimed(entry.request), self.quirks.portal_limit_status
        try:
            with self.gate.admitted(key, portal_limit_status=status) as headers:
                return self._weathered(entry).with_headers(headers)
        except Refused as refusal:
            return refusal.response()

    def _weathered(self, entry: LoggedRequest) -> Response:
        asked = entry.request
        rule = self.fault_injector.fault_for(asked.method, asked.path, asked.body)
        if rule is None:
            return self._answer(entry.request, None)
        entry.fault = rule.kind.value
        return apply_fault(rule, entry.request, self._answer, self.clock, self.delayed)

    def _answer(self, request: WebRequest, mischief: Rule | None) -> Response:
        try:
            answer = self._routed(request, mischief)
        except Refused as refusal:
            answer = refusal.response()
        return _widened(answer) if self.quirks.extra_keys and answer.body else answer

    def _routed(self, request: WebRequest, mischief: Rule | None) -> Response:
        for method, pattern, handler in _ROUTES:
            found = pattern.fullmatch(request.path)
            if found and method == request.method:
                key = api_keys.identified(request, self.quirks, entity=handler is not _me)
                return handler(
                    self, RoutedRequest(request, found.groups(), self._desk(key), mischief)
                )
        api_keys.identified(request, self.quirks, entity=False)
        raise Refused(404, "NOT_FOUND", f"Route {request.method} {request.path} not found")

    def _desk(self, key: api_keys.Key) -> TaskHandler:
        writer = Writer(self.quirks, self.clock.zone, self.world.tag_id)
        noted = self.request_log.created
        return TaskHandler(self.world, self.clock, self.quirks, key, noted, writer)


def open_api(
    path: Path | None = None,
    *,
    limits: Limits = NONE,
    faults: Sequence[Rule] = (),
    quirks: Quirks | Mapping[str, Any] = DEFAULTS,
    clock: PortalClock | None = None,
    portal: str = PORTAL,
    first_id: int = FIRST_ID,
    step: int = STEP,
) -> Api:
    """A portal in this process, with its world in a file, or without a path in memory.

    Raises JournalDamaged, OSError or UnknownQuirk.
    """
    clock = clock or PortalClock()
    known = quirks if isinstance(quirks, Quirks) else Quirks.of(quirks)
    world = World.open(path, now=clock.now, first_id=first_id, step=step)
    return Api(world, limits=limits, faults=faults, quirks=known, clock=clock, portal=portal)


_PAGE_HEADERS = {
    "Content-Type": "text/html; charset=utf-8",
    "Content-Security-Policy": "default-src 'none'; connect-src 'self'; style-src 'unsafe-inline'; "
    "script-src 'unsafe-inline'; img-src data:",
    "Cache-Control": "no-cache",
}


def _page(request: WebRequest) -> Response:
    """The page itself; 405 for anything but a look at it."""
    if request.method != "GET":
        return Response(405, {"Allow": "GET"})
    return Response(200, _PAGE_HEADERS, page_html())


def _widened(answer: Response) -> Response:
    """The same envelope with keys that nobody announced."""
    more = {"requestId": "r-1", "time": {"duration": 0.01}, "apiVersion": "1.9"}
    return replace(answer, body=dumps({**loads(answer.body), **more}))


def _me(api: Api, visit: RoutedRequest) -> Response:
    rate = min(api.gate.limits.per_second, _VENDOR_RATE)
    return success(api_keys.profile(visit.tasks.key, api.quirks, api.portal, rate))


def _list(_api: Api, visit: RoutedRequest) -> Response:
    found = _desk(visit).many(parsed(visit.request.query))
    return success(found.rows, meta=found.page.meta)


def _search(_api: Api, visit: RoutedRequest) -> Response:
    found = _desk(visit).many(visit.request.document())
    return success(found.rows, meta=found.page.meta)


def _fields(_api: Api, visit: RoutedRequest) -> Response:
    return success(_desk(visit).schema())


def _get(_api: Api, visit: RoutedRequest) -> Response:
    return success(_desk(visit).one(visit.id()))


def _create(api: Api, visit: RoutedRequest) -> Response:
    body = visit.request.document()
    return success(_writing(visit).make(body), api.quirks.create_status)


def _update(_api: Api, visit: RoutedRequest) -> Response:
    tasks, id_ = _writing(visit), visit.id()
    return success(tasks.change(id_, visit.request.document()))


def _delete(_api: Api, visit: RoutedRequest) -> Response:
    _writing(visit).drop(visit.id())
    return Response(NO_CONTENT)


def _nested(_api: Api, visit: RoutedRequest) -> Response:
    id_, kind = visit.names
    api_keys.scoped(visit.tasks.key, visit.tasks.scope, visit.tasks.quirks)
    rows = visit.tasks.nested(int(id_), kind)
    return success(rows, meta={"total": len(rows), "hasMore": False})


def _item(_api: Api, visit: RoutedRequest) -> Response:
    id_, kind, item = visit.names
    api_keys.scoped(visit.tasks.key, visit.tasks.scope, visit.tasks.quirks)
    found = visit.tasks.nested_one(int(id_), kind, item)
    if visit.request.method != "GET":
        message = f"Route {visit.request.method} {visit.request.path} not found"
        raise Refused(404, "NOT_FOUND", message)
    return success(found)


def _batch(_api: Api, visit: RoutedRequest) -> Response:
    return success(batch.perform(visit.request.document(), visit.tasks, visit.injected))


def _myself(_api: Api, visit: RoutedRequest) -> Response:
    api_keys.scoped(visit.tasks.key, "user", visit.tasks.quirks)
    people = handler_of("users", visit.tasks)
    return success(people.one(visit.tasks.key.owner) if people else None)


def _desk(visit: RoutedRequest) -> TaskHandler | LookupHandler:
    """The desk of the entity in the path, once the key's scope is known to do."""
    found = handler_of(visit.names[0], visit.tasks)
    if found is None:
        raise Refused(404, "NOT_FOUND", f"Route {visit.request.path} not found")
    api_keys.scoped(visit.tasks.key, found.scope, visit.tasks.quirks)
    return found


def _writing(visit: RoutedRequest) -> TaskHandler:
    api_keys.scoped(visit.tasks.key, visit.tasks.scope, visit.tasks.quirks)
    api_keys.writable(visit.tasks.key)
    return visit.tasks


_Handler = Callable[[Api, RoutedRequest], Response]
_VENDOR_RATE = 10


def _routes(*rows: tuple[str, str, _Handler]) -> list[tuple[str, re.Pattern[str], _Handler]]:
    return [(method, re.compile("/v1" + path), handler) for method, path, handler in rows]


_LOOKED_UP = "/(tasks|users|workgroups)"
_NESTED = r"/tasks/(\d+)/(comments|time)"
_ROUTES = _routes(
    ("GET", "/me", _me),
    ("POST", "/batch", _batch),
    ("GET", "/users/me", _myself),
    ("GET", _LOOKED_UP, _list),
    ("POST", f"{_LOOKED_UP}/search", _search),
    ("GET", f"{_LOOKED_UP}/fields", _fields),
    ("GET", _NESTED, _nested),
    *((method, f"{_NESTED}/([^/]+)", _item) for method in ("GET", "PATCH", "DELETE")),
    ("GET", f"{_LOOKED_UP}/([^/]+)", _get),
    ("POST", "/(tasks)", _create),
    ("PATCH", "/(tasks)/([^/]+)", _update),
    ("DELETE", "/(tasks)/([^/]+)", _delete),
)
