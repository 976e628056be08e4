"""The API: which request goes to which handler, and in what envelope the answer leaves.

Knows no rules. `open_api` is the portal in-process; over a socket it is `server.start`.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple

from tasksync.sandbox.faults.delayed_work import DelayedWork
from tasksync.sandbox.faults.fault_injector import FaultInjector
from tasksync.sandbox.json_codec import dumps, loads
from tasksync.sandbox.model.portal_clock import PortalClock
from tasksync.sandbox.model.quirks import DEFAULTS, Quirks
from tasksync.sandbox.model.world import FIRST_ID, STEP, World
from tasksync.sandbox.page.assets import page_html
from tasksync.sandbox.web import api_keys, batch
from tasksync.sandbox.web.entity_handlers import LookupHandler, TaskHandler, handler_of
from tasksync.sandbox.web.http_messages import NO_CONTENT, ApiError, Response, WebRequest, success
from tasksync.sandbox.web.query_string import parse_query_string
from tasksync.sandbox.web.rate_limits import NO_LIMITS, RateLimiter, RateLimits
from tasksync.sandbox.web.request_log import LoggedRequest, RequestLog
from tasksync.sandbox.web.row_format import RowWriter

if TYPE_CHECKING:
    from tasksync.sandbox.faults.fault_rules import FaultRule

PORTAL = "sandbox.bitrix24.example"


class RoutedRequest(NamedTuple):
    """One request on its way: who asks, what the path named, and the tasks' handler."""

    request: WebRequest
    names: Sequence[str]
    tasks: TaskHandler
    injected: FaultRule | None

    def id(self) -> int:
        """The id in the path; 400 INVALID_PARAMS when it is none (contract 2.2)."""
        text = self.names[-1]
        if not text.isascii() or not text.isdigit() or int(text) < 1:
            message = "Path parameter :id must be a positive integer"
            raise ApiError(400, "INVALID_PARAMS", message)
        return int(text)


class SandboxApi:
    """The portal. `handle` answers one request; it may raise those of `connection_faults`."""

    def __init__(
        self,
        world: World,
        *,
        limits: RateLimits = NO_LIMITS,
        faults: Sequence[FaultRule] = (),
        quirks: Quirks = DEFAULTS,
        clock: PortalClock | None = None,
        portal: str = PORTAL,
    ) -> None:
        self.world, self.quirks, self.portal = world, quirks, portal
        self.clock = clock or PortalClock()
        self.fault_injector, self.request_log = FaultInjector(faults), RequestLog()
        self.rate_limiter, self.delayed = RateLimiter(limits, self.clock), DelayedWork(self.clock)

    def handle(self, request: WebRequest) -> Response:
        """The answer to a request; raises ConnectionLost, BrokenBody or Hang as the faults say."""
        if request.path == "/":
            return _page(request)
        if request.path.startswith("/_sandbox/"):
            from tasksync.sandbox.web.control_routes import ControlRoutes  # a plan asks none

            return ControlRoutes(self).answer(request)
        self.delayed.run_due()
        with self.request_log.entry(request, self.clock.now()) as entry:
            response = self._admit(entry)
            entry.status = response.status
            return response.with_headers({"X-Request-Id": f"sandbox-{entry.n}"})

    def close(self) -> None:
        """Cancel delayed work and close the file."""
        self.delayed.cancel()
        self.world.close()

    def _admit(self, entry: LoggedRequest) -> Response:
        key, status = api_keys.key_shown(entry.request), self.quirks.portal_limit_status
        try:
            with self.rate_limiter.admitted(key, portal_limit_status=status) as headers:
                return self._with_faults(entry).with_headers(headers)
        except ApiError as refusal:
            return refusal.response()

    def _with_faults(self, entry: LoggedRequest) -> Response:
        request = entry.request
        rule = self.fault_injector.fault_for(request.method, request.path, request.body)
        if rule is None:
            return self._answer(entry.request, None)
        from tasksync.sandbox.web.apply_fault import apply_fault  # nor has it faults

        entry.fault = rule.kind.value
        return apply_fault(rule, entry.request, self._answer, self.clock, self.delayed)

    def _answer(self, request: WebRequest, injected: FaultRule | None) -> Response:
        try:
            answer = self._routed(request, injected)
        except ApiError as refusal:
            answer = refusal.response()
        return _with_extra_keys(answer) if self.quirks.extra_keys and answer.body else answer

    def _routed(self, request: WebRequest, injected: FaultRule | None) -> Response:
        for method, pattern, handler in _ROUTES:
            found = re.fullmatch(pattern, request.path)
            if found and method == request.method:
                key = api_keys.authenticated(request, self.quirks, entity=handler is not _me)
                return handler(
                    self, RoutedRequest(request, found.groups(), self._task_handler(key), injected)
                )
        api_keys.authenticated(request, self.quirks, entity=False)
        raise ApiError(404, "NOT_FOUND", f"Route {request.method} {request.path} not found")

    def _task_handler(self, key: api_keys.ApiKey) -> TaskHandler:
        writer = RowWriter(self.quirks, self.clock.zone, self.world.tag_id, self.world.directory)
        created = self.request_log.created
        return TaskHandler(self.world, self.clock, self.quirks, key, created, writer)


def open_api(
    path: Path | None = None,
    *,
    limits: RateLimits = NO_LIMITS,
    faults: Sequence[FaultRule] = (),
    quirks: Quirks | Mapping[str, Any] = DEFAULTS,
    clock: PortalClock | None = None,
    portal: str = PORTAL,
    first_id: int = FIRST_ID,
    step: int = STEP,
) -> SandboxApi:
    """A portal in this process, with its world in a file, or without a path in memory.

    Raises JournalDamaged, OSError or UnknownQuirk.
    """
    clock = clock or PortalClock()
    known = quirks if isinstance(quirks, Quirks) else Quirks.of(quirks)
    world = World.open(path, now=clock.now, first_id=first_id, step=step)
    return SandboxApi(world, limits=limits, faults=faults, quirks=known, clock=clock, portal=portal)


_PAGE_HEADERS = {
    "Content-Type": "text/html; charset=utf-8",
    "Content-Security-Policy": "default-src 'none'; connect-src 'self'; style-src 'unsafe-inline'; "
    "script-src 'unsafe-inline'; img-src data:",
    "Cache-Control": "no-cache",
}


def _page(request: WebRequest) -> Response:
    """The page itself; 405 for anything but GET."""
    if request.method != "GET":
        return Response(405, {"Allow": "GET"})
    return Response(200, _PAGE_HEADERS, page_html())


def _with_extra_keys(answer: Response) -> Response:
    """The same envelope with keys that no documentation names."""
    more = {"requestId": "r-1", "time": {"duration": 0.01}, "apiVersion": "1.9"}
    return replace(answer, body=dumps({**loads(answer.body), **more}))


def _me(api: SandboxApi, routed: RoutedRequest) -> Response:
    rate = min(api.rate_limiter.limits.per_second, _VENDOR_RATE)
    return success(api_keys.profile(routed.tasks.key, api.quirks, api.portal, rate))


def _list(_api: SandboxApi, routed: RoutedRequest) -> Response:
    found = _handler(routed).list_page(parse_query_string(routed.request.query))
    return success(found.rows, meta=found.page.meta)


def _search(_api: SandboxApi, routed: RoutedRequest) -> Response:
    found = _handler(routed).list_page(routed.request.document())
    return success(found.rows, meta=found.page.meta)


def _fields(_api: SandboxApi, routed: RoutedRequest) -> Response:
    return success(_handler(routed).schema())


def _get(_api: SandboxApi, routed: RoutedRequest) -> Response:
    return success(_handler(routed).single(routed.id()))


def _create(api: SandboxApi, routed: RoutedRequest) -> Response:
    body = routed.request.document()
    return success(_writable_tasks(routed).create(body), api.quirks.create_status)


def _update(_api: SandboxApi, routed: RoutedRequest) -> Response:
    tasks, id_ = _writable_tasks(routed), routed.id()
    return success(tasks.update(id_, routed.request.document()))


def _delete(_api: SandboxApi, routed: RoutedRequest) -> Response:
    _writable_tasks(routed).delete(routed.id())
    return Response(NO_CONTENT)


def _nested(_api: SandboxApi, routed: RoutedRequest) -> Response:
    id_, kind = routed.names
    api_keys.check_scope(routed.tasks.key, routed.tasks.scope, routed.tasks.quirks)
    rows = routed.tasks.nested(int(id_), kind)
    return success(rows, meta={"total": len(rows), "hasMore": False})


def _item(_api: SandboxApi, routed: RoutedRequest) -> Response:
    id_, kind, item = routed.names
    api_keys.check_scope(routed.tasks.key, routed.tasks.scope, routed.tasks.quirks)
    found = routed.tasks.nested_one(int(id_), kind, item)
    if routed.request.method != "GET":
        message = f"Route {routed.request.method} {routed.request.path} not found"
        raise ApiError(404, "NOT_FOUND", message)
    return success(found)


def _batch(_api: SandboxApi, routed: RoutedRequest) -> Response:
    return success(batch.perform(routed.request.document(), routed.tasks, routed.injected))


def _myself(_api: SandboxApi, routed: RoutedRequest) -> Response:
    api_keys.check_scope(routed.tasks.key, "user", routed.tasks.quirks)
    people = handler_of("users", routed.tasks)
    return success(people.single(routed.tasks.key.owner) if people else None)


def _handler(routed: RoutedRequest) -> TaskHandler | LookupHandler:
    """The handler of the entity in the path; raises ApiError when the key lacks its scope."""
    found = handler_of(routed.names[0], routed.tasks)
    if found is None:
        raise ApiError(404, "NOT_FOUND", f"Route {routed.request.path} not found")
    api_keys.check_scope(routed.tasks.key, found.scope, routed.tasks.quirks)
    return found


def _writable_tasks(routed: RoutedRequest) -> TaskHandler:
    api_keys.check_scope(routed.tasks.key, routed.tasks.scope, routed.tasks.quirks)
    api_keys.check_writable(routed.tasks.key)
    return routed.tasks


_Handler = Callable[[SandboxApi, RoutedRequest], Response]
_VENDOR_RATE = 10


def _routes(*rows: tuple[str, str, _Handler]) -> list[tuple[str, str, _Handler]]:
    return [(method, "/v1" + path, handler) for method, path, handler in rows]


_ENTITY = "/(tasks|users|workgroups)"
_NESTED = r"/tasks/(\d+)/(comments|time)"
_ROUTES = _routes(
    ("GET", "/me", _me),
    ("POST", "/batch", _batch),
    ("GET", "/users/me", _myself),
    ("GET", _ENTITY, _list),
    ("POST", f"{_ENTITY}/search", _search),
    ("GET", f"{_ENTITY}/fields", _fields),
    ("GET", _NESTED, _nested),
    *((method, f"{_NESTED}/([^/]+)", _item) for method in ("GET", "PATCH", "DELETE")),
    ("GET", f"{_ENTITY}/([^/]+)", _get),
    ("POST", "/(tasks)", _create),
    ("PATCH", "/(tasks)/([^/]+)", _update),
    ("DELETE", "/(tasks)/([^/]+)", _delete),
)
