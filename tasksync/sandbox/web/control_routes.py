"""The control routes under `/_sandbox/`: to set up and look into the sandbox, for loopback alone.

No key is needed. Those under `/_sandbox/tasks` are in `control_tasks`.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence

from tasksync.sandbox.faults.fault_rules import read_rules
from tasksync.sandbox.model.quirks import Quirks, described
from tasksync.sandbox.model.refusals import InvalidValue, ReadOnlyField
from tasksync.sandbox.page.page_data import page_data
from tasksync.sandbox.web import control_people, control_tasks
from tasksync.sandbox.web.control_tasks import ControllablePortal
from tasksync.sandbox.web.entity_handlers import api_error_of
from tasksync.sandbox.web.http_messages import NO_CONTENT, ApiError, Response, WebRequest, reply
from tasksync.sandbox.web.query_string import parse_query_string

_PEER = re.compile(r"127\.[\d.]+|::1|::ffff:127\.[\d.]+")
_HOST = re.compile(r"(localhost|127\.[\d.]+|\[::1\])(:\d+)?")


class ControlRoutes:
    """Answers the control routes of one portal."""

    def __init__(self, portal: ControllablePortal) -> None:
        self._portal = portal

    def answer(self, request: WebRequest) -> Response:
        """The answer; 403 to a client of another machine, or for another host name."""
        try:
            check_loopback(request)
            return self._routed(request)
        except ApiError as refusal:
            return refusal.response()
        except (InvalidValue, ReadOnlyField) as refusal:
            return api_error_of(refusal, control_tasks.BY_HAND).response()
        except (ValueError, TypeError) as fault:  # UnknownFault and UnknownQuirk among them
            return ApiError.invalid(str(fault)).response()

    def _routed(self, request: WebRequest) -> Response:
        for method, pattern, handler in _ROUTES:
            found = re.fullmatch(pattern, request.path)
            if found and method == request.method:
                return handler(self._portal, request, found.groups())
        raise ApiError(404, "NOT_FOUND", f"no control route {request.method} {request.path}")


def check_loopback(request: WebRequest) -> None:
    """Raises ApiError unless peer and Host are loopback: no web page may use the control routes."""
    host = request.header("Host")
    if not _PEER.fullmatch(request.peer) or (host and not _HOST.fullmatch(host)):
        raise ApiError(403, "LOOPBACK_ONLY", "control routes are for this machine alone")


def _health(portal: ControllablePortal, _request: WebRequest, _names: Sequence[str]) -> Response:
    with portal.world.reading() as index:
        return reply({"ok": True, "tasks": len(index), "now": portal.clock.now()})


def _faults(portal: ControllablePortal, _request: WebRequest, _names: Sequence[str]) -> Response:
    return reply(portal.fault_injector.documents())


def _put_faults(portal: ControllablePortal, request: WebRequest, names: Sequence[str]) -> Response:
    portal.fault_injector.replace_rules(read_rules(request.any_json() or []))
    return _faults(portal, request, names)


def _quirks(portal: ControllablePortal, request: WebRequest, _names: Sequence[str]) -> Response:
    if "describe" in parse_query_string(request.query):
        return reply(described())
    return reply(portal.quirks.document())


def _put_quirks(portal: ControllablePortal, request: WebRequest, names: Sequence[str]) -> Response:
    portal.quirks = Quirks.of(request.json_object())
    return _quirks(portal, request, names)


def _reset(portal: ControllablePortal, _request: WebRequest, _names: Sequence[str]) -> Response:
    portal.delayed.cancel()
    portal.fault_injector.replace_rules([])
    portal.quirks = Quirks()
    with portal.world.writing():
        portal.world.clear()
        control_people.reset(portal)
    portal.request_log.clear()
    return Response(NO_CONTENT)


def _log(portal: ControllablePortal, _request: WebRequest, _names: Sequence[str]) -> Response:
    return reply(portal.request_log.log())


def _clear_log(portal: ControllablePortal, _request: WebRequest, _names: Sequence[str]) -> Response:
    portal.request_log.clear()
    return Response(NO_CONTENT)


def _stats(portal: ControllablePortal, _request: WebRequest, _names: Sequence[str]) -> Response:
    return reply(portal.request_log.stats())


def _advance(portal: ControllablePortal, request: WebRequest, _names: Sequence[str]) -> Response:
    seconds = request.json_object().get("seconds")
    if isinstance(seconds, bool) or not isinstance(seconds, int | float) or seconds < 0:
        raise ApiError.invalid("seconds: a number of at least 0")
    now = portal.clock.advance(seconds)
    portal.delayed.run_due()
    return reply({"now": now})


def _page_data(portal: ControllablePortal, request: WebRequest, _names: Sequence[str]) -> Response:
    return reply(page_data(portal.world, portal.clock, parse_query_string(request.query)))


_Handler = Callable[[ControllablePortal, WebRequest, Sequence[str]], Response]


def _routes(*rows: tuple[str, str, _Handler]) -> list[tuple[str, str, _Handler]]:
    return [(method, "/_sandbox" + path, handler) for method, path, handler in rows]


_ROUTES = _routes(
    ("GET", "/health", _health),
    ("GET", "/faults", _faults),
    ("PUT", "/faults", _put_faults),
    ("GET", "/quirks", _quirks),
    ("PUT", "/quirks", _put_quirks),
    ("POST", "/reset", _reset),
    ("GET", "/log", _log),
    ("DELETE", "/log", _clear_log),
    ("GET", "/stats", _stats),
    ("POST", "/advance", _advance),
    ("GET", "/tasks", control_tasks.list_tasks),
    ("POST", "/tasks", control_tasks.add_task),
    ("PUT", "/tasks", control_tasks.put_tasks),
    ("PATCH", r"/tasks/(\d+)", control_tasks.edit_task),
    ("DELETE", r"/tasks/(\d+)", control_tasks.delete_task),
    ("POST", r"/tasks/(\d+)/comments", control_tasks.add_comment),
    ("POST", r"/tasks/(\d+)/time", control_tasks.log_time),
    ("GET", "/(users|groups)", control_people.list_all),
    ("PUT", "/(users|groups)", control_people.put_all),
    ("POST", "/(users|groups)", control_people.add_one),
    ("PATCH", r"/(users|groups)/(\d+)", control_people.edit_one),
    ("GET", "/board", _page_data),
)
