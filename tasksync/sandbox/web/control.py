"""The control routes under `/_sandbox/`: to set up and look into the sandbox, for loopback alone.

No key is needed. Tasks are written and read here in the API's names, but with numbers as numbers
and tags as a list of names; what is written is a person's edit in the portal, so no side effect
follows from it and read-only fields may be set.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from dataclasses import replace
from typing import Any, Protocol

from tasksync.sandbox.faults.delayed_work import DelayedWork
from tasksync.sandbox.faults.fault_rules import FaultInjector, read_rules
from tasksync.sandbox.json_codec import Json, loads
from tasksync.sandbox.model.clock import PortalClock, read_instant
from tasksync.sandbox.model.fields import TASKS
from tasksync.sandbox.model.quirk_values import EmptyCounter, NumberFormat, TagFormat
from tasksync.sandbox.model.quirks import Quirks, described
from tasksync.sandbox.model.refusals import InvalidValue, ReadOnlyField
from tasksync.sandbox.model.rules import TaskRules
from tasksync.sandbox.model.task import Comment, LoggedTime, Task
from tasksync.sandbox.model.world import World
from tasksync.sandbox.page.page_data import page_data
from tasksync.sandbox.web.handlers import api_error_of
from tasksync.sandbox.web.http_messages import NO_CONTENT, ApiError, Response, WebRequest, reply
from tasksync.sandbox.web.query_string import parse_query_string
from tasksync.sandbox.web.request_log import RequestLog
from tasksync.sandbox.web.row_format import RowWriter

_PEER = re.compile(r"127\.[\d.]+|::1|::ffff:127\.[\d.]+")
_HOST = re.compile(r"(localhost|127\.[\d.]+|\[::1\])(:\d+)?")
#: An edit by hand changes what it names and nothing else.
_BY_HAND = Quirks(responsible_resets_status=False)
_RAW = Quirks(numbers=NumberFormat.INTS, tags=TagFormat.NAMES, empty_counters=EmptyCounter.ZERO)
OTHER_USER = 22
_DATES = {"createdDate": "created", "changedDate": "changed", "closedDate": "closed"}


class ControllablePortal(Protocol):
    """What the control routes read and change of a portal."""

    world: World
    quirks: Quirks
    clock: PortalClock
    fault_injector: FaultInjector
    request_log: RequestLog
    delayed: DelayedWork


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
            return api_error_of(refusal, _BY_HAND).response()
        except (ValueError, TypeError) as fault:  # UnknownFault and UnknownQuirk among them
            return ApiError.invalid(str(fault)).response()

    def _routed(self, request: WebRequest) -> Response:
        for method, pattern, handler in _ROUTES:
            found = pattern.fullmatch(request.path)
            if found and method == request.method:
                return handler(self._portal, request, found.groups())
        raise ApiError(404, "NOT_FOUND", f"no control route {request.method} {request.path}")


def check_loopback(request: WebRequest) -> None:
    """Raises ApiError unless peer and Host are loopback: no web page may use the control routes."""
    host = request.header("Host")
    if not _PEER.fullmatch(request.peer) or (host and not _HOST.fullmatch(host)):
        raise ApiError(403, "LOOPBACK_ONLY", "control routes are for this machine alone")


def raw_tasks(world: World, clock: PortalClock, tasks: Sequence[Task]) -> list[Json]:
    """Tasks as the control routes show them: every field, comments and time too."""
    writer = RowWriter(_RAW, clock.zone, world.tag_id)
    rows = writer.rows(TASKS, list(TASKS), tasks)
    for row, task in zip(rows, tasks, strict=True):
        row["comments"] = [note._asdict() for note in task.comments]
        row["time"] = [log._asdict() for log in task.spent]
    return rows


def _document(request: WebRequest) -> Any:
    try:
        return loads(request.body or b"null")
    except ValueError as fault:
        message = f"not JSON: {fault}"
        raise ApiError.invalid(message) from fault


def _object(request: WebRequest) -> Json:
    found = _document(request)
    if not isinstance(found, dict):
        raise ApiError.invalid("a JSON object is needed")
    return found


def _new_task(portal: ControllablePortal, id_: int, body: Json) -> Task:
    body = dict(body)
    read_only = _read_only_values(portal, body)
    task = _rules(portal, body).create(int(body.pop("id", id_)), _writable_values(body))
    return replace(task, **read_only)


def _rules(portal: ControllablePortal, body: Json) -> TaskRules:
    clock, index = portal.clock, portal.world.index
    caller = int(body.get("by", OTHER_USER))
    return TaskRules(_BY_HAND, index, clock.zone, clock.second(), caller, frozenset())


def _read_only_values(portal: ControllablePortal, body: Json) -> dict[str, Any]:
    """The values of read-only fields, which only these routes may set."""
    read_only: dict[str, Any] = {}
    for name, attribute in _DATES.items():
        if name in body:
            text = body.pop(name)
            read_only[attribute] = read_instant(text, portal.clock.zone) if text else None
    if "taskControl" in body:
        read_only["task_control"] = body.pop("taskControl") in (True, "Y")
    return read_only


def _writable_values(body: Json) -> Json:
    return {name: value for name, value in body.items() if name not in {"id", "by"}}


def _task_of(portal: ControllablePortal, names: Sequence[str]) -> Task:
    task = portal.world.index.get(int(names[0]))
    if task is None:
        raise ApiError(404, "NOT_FOUND", f"no task {names[0]}")
    return task


def _task_response(portal: ControllablePortal, task: Task, status: int = 200) -> Response:
    return reply(raw_tasks(portal.world, portal.clock, [task])[0], status)


def _health(portal: ControllablePortal, _request: WebRequest, _names: Sequence[str]) -> Response:
    with portal.world.reading() as index:
        return reply({"ok": True, "tasks": len(index), "now": portal.clock.now()})


def _faults(portal: ControllablePortal, _request: WebRequest, _names: Sequence[str]) -> Response:
    return reply(portal.fault_injector.documents())


def _put_faults(portal: ControllablePortal, request: WebRequest, names: Sequence[str]) -> Response:
    portal.fault_injector.replace_rules(read_rules(_document(request) or []))
    return _faults(portal, request, names)


def _quirks(portal: ControllablePortal, request: WebRequest, _names: Sequence[str]) -> Response:
    if "describe" in parse_query_string(request.query):
        return reply(described())
    return reply(portal.quirks.document())


def _put_quirks(portal: ControllablePortal, request: WebRequest, names: Sequence[str]) -> Response:
    portal.quirks = Quirks.of(_object(request))
    return _quirks(portal, request, names)


def _reset(portal: ControllablePortal, _request: WebRequest, _names: Sequence[str]) -> Response:
    portal.delayed.cancel()
    portal.fault_injector.replace_rules([])
    portal.quirks = Quirks()
    with portal.world.writing():
        portal.world.clear()
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
    seconds = _object(request).get("seconds")
    if isinstance(seconds, bool) or not isinstance(seconds, int | float) or seconds < 0:
        raise ApiError.invalid("seconds: a number of at least 0")
    now = portal.clock.advance(seconds)
    portal.delayed.run_due()
    return reply({"now": now})


def _tasks(portal: ControllablePortal, _request: WebRequest, _names: Sequence[str]) -> Response:
    with portal.world.reading() as index:
        return reply(raw_tasks(portal.world, portal.clock, list(index)))


def _add_task(portal: ControllablePortal, request: WebRequest, _names: Sequence[str]) -> Response:
    with portal.world.writing():
        task = _new_task(portal, portal.world.next_id(), _object(request))
        portal.world.put(task)
        return _task_response(portal, task, 201)


def _put_tasks(portal: ControllablePortal, request: WebRequest, _names: Sequence[str]) -> Response:
    bodies = _document(request)
    if not isinstance(bodies, list) or not all(isinstance(body, dict) for body in bodies):
        raise ApiError.invalid("a JSON list of tasks is needed")
    with portal.world.writing():
        portal.world.clear()
        for body in bodies:
            portal.world.put(_new_task(portal, portal.world.next_id(), body))
        return reply({"tasks": len(portal.world.index)})


def _edit_task(portal: ControllablePortal, request: WebRequest, names: Sequence[str]) -> Response:
    body = _object(request)
    with portal.world.writing():
        read_only, task = _read_only_values(portal, body), _task_of(portal, names)
        if writable := _writable_values(body):
            task = _rules(portal, body).update(task, writable)
        task = replace(task, **read_only)
        portal.world.put(task)
        return _task_response(portal, task)


def _delete_task(
    portal: ControllablePortal, _request: WebRequest, names: Sequence[str]
) -> Response:
    with portal.world.writing():
        portal.world.remove(_task_of(portal, names).id)
    return Response(NO_CONTENT)


def _comment(portal: ControllablePortal, request: WebRequest, names: Sequence[str]) -> Response:
    body = _object(request)
    author, at = int(body.get("author", OTHER_USER)), portal.clock.second()
    text = str(body.get("message", "Looks good"))
    with portal.world.writing():
        task = _task_of(portal, names)
        note = Comment(author, text, at, bool(body.get("service", False)))
        task = replace(task, comments=(*task.comments, note))
        portal.world.put(task)
        return _task_response(portal, task, 201)


def _log_time(portal: ControllablePortal, request: WebRequest, names: Sequence[str]) -> Response:
    body = _object(request)
    log = LoggedTime(
        int(body.get("user", OTHER_USER)), int(body.get("seconds", 3600)), portal.clock.second()
    )
    with portal.world.writing():
        task = _task_of(portal, names)
        task = replace(task, spent=(*task.spent, log))
        portal.world.put(task)
        return _task_response(portal, task, 201)


def _page_data(portal: ControllablePortal, request: WebRequest, _names: Sequence[str]) -> Response:
    return reply(page_data(portal.world, portal.clock, parse_query_string(request.query)))


_Handler = Callable[[ControllablePortal, WebRequest, Sequence[str]], Response]


def _routes(*rows: tuple[str, str, _Handler]) -> list[tuple[str, re.Pattern[str], _Handler]]:
    return [(method, re.compile("/_sandbox" + path), handler) for method, path, handler in rows]


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
    ("GET", "/tasks", _tasks),
    ("POST", "/tasks", _add_task),
    ("PUT", "/tasks", _put_tasks),
    ("PATCH", r"/tasks/(\d+)", _edit_task),
    ("DELETE", r"/tasks/(\d+)", _delete_task),
    ("POST", r"/tasks/(\d+)/comments", _comment),
    ("POST", r"/tasks/(\d+)/time", _log_time),
    ("GET", "/board", _page_data),
)
