"""The control routes under `/_sandbox/`: the sandbox's own strings, for loopback alone.

No key is needed. Tasks are written and read here in the API's names, but with numbers as numbers
and tags as a list of names; what is written is somebody's hand in the portal, so no side effect
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
from tasksync.sandbox.model.quirks import Counters, Numbers, Quirks, Tags, described
from tasksync.sandbox.model.refusals import InvalidValue, ReadOnlyField
from tasksync.sandbox.model.rules import Rules
from tasksync.sandbox.model.task import Comment, Spent, Task
from tasksync.sandbox.model.world import World
from tasksync.sandbox.page.page_data import page_data
from tasksync.sandbox.web.handlers import refused
from tasksync.sandbox.web.http_messages import NO_CONTENT, Refused, Response, WebRequest, reply
from tasksync.sandbox.web.query_string import parsed
from tasksync.sandbox.web.request_log import RequestLog
from tasksync.sandbox.web.row_format import Writer

_PEER = re.compile(r"127\.[\d.]+|::1|::ffff:127\.[\d.]+")
_HOST = re.compile(r"(localhost|127\.[\d.]+|\[::1\])(:\d+)?")
#: A hand in the portal does exactly what it does.
_BY_HAND = Quirks(responsible_resets_status=False)
_RAW = Quirks(numbers=Numbers.INTS, tags=Tags.NAMES, empty_counters=Counters.ZERO)
STRANGER = 22
_DATES = {"createdDate": "created", "changedDate": "changed", "closedDate": "closed"}


class ControlledPortal(Protocol):
    """What the strings are tied to."""

    world: World
    quirks: Quirks
    clock: PortalClock
    fault_injector: FaultInjector
    request_log: RequestLog
    delayed: DelayedWork


class Control:
    """Answers the control routes of one portal."""

    def __init__(self, portal: ControlledPortal) -> None:
        self._portal = portal

    def answer(self, request: WebRequest) -> Response:
        """The answer; 403 to whoever is not on this machine, or came by another name for it."""
        try:
            local(request)
            return self._routed(request)
        except Refused as refusal:
            return refusal.response()
        except (InvalidValue, ReadOnlyField) as refusal:
            return refused(refusal, _BY_HAND).response()
        except (ValueError, TypeError) as fault:  # UnknownFault and UnknownQuirk among them
            return Refused.invalid(str(fault)).response()

    def _routed(self, request: WebRequest) -> Response:
        for method, pattern, handler in _ROUTES:
            found = pattern.fullmatch(request.path)
            if found and method == request.method:
                return handler(self._portal, request, found.groups())
        raise Refused(404, "NOT_FOUND", f"no control route {request.method} {request.path}")


def local(request: WebRequest) -> None:
    """Raises Refused unless peer and Host are loopback: no page of the web may pull the strings."""
    host = request.header("Host")
    if not _PEER.fullmatch(request.peer) or (host and not _HOST.fullmatch(host)):
        raise Refused(403, "LOOPBACK_ONLY", "control routes are for this machine alone")


def raw(world: World, clock: PortalClock, tasks: Sequence[Task]) -> list[Json]:
    """Tasks as the control routes show them: every field, comments and time too."""
    writer = Writer(_RAW, clock.zone, world.tag_id)
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
        raise Refused.invalid(message) from fault


def _object(request: WebRequest) -> Json:
    found = _document(request)
    if not isinstance(found, dict):
        raise Refused.invalid("a JSON object is needed")
    return found


def _made(portal: ControlledPortal, id_: int, body: Json) -> Task:
    told = dict(body)
    own = _own(portal, told)
    task = _rules(portal, told).create(int(told.pop("id", id_)), _plain(told))
    return replace(task, **own)


def _rules(portal: ControlledPortal, told: Json) -> Rules:
    clock, shelf = portal.clock, portal.world.shelf
    caller = int(told.get("by", STRANGER))
    return Rules(_BY_HAND, shelf, clock.zone, clock.second(), caller, frozenset())


def _own(portal: ControlledPortal, told: Json) -> dict[str, Any]:
    """What only a hand may set."""
    own: dict[str, Any] = {}
    for name, attribute in _DATES.items():
        if name in told:
            text = told.pop(name)
            own[attribute] = read_instant(text, portal.clock.zone) if text else None
    if "taskControl" in told:
        own["task_control"] = told.pop("taskControl") in (True, "Y")
    return own


def _plain(told: Json) -> Json:
    return {name: value for name, value in told.items() if name not in {"id", "by"}}


def _found(portal: ControlledPortal, names: Sequence[str]) -> Task:
    task = portal.world.shelf.get(int(names[0]))
    if task is None:
        raise Refused(404, "NOT_FOUND", f"no task {names[0]}")
    return task


def _one(portal: ControlledPortal, task: Task, status: int = 200) -> Response:
    return reply(raw(portal.world, portal.clock, [task])[0], status)


def _health(portal: ControlledPortal, _request: WebRequest, _names: Sequence[str]) -> Response:
    with portal.world.reading() as shelf:
        return reply({"ok": True, "tasks": len(shelf), "now": portal.clock.now()})


def _faults(portal: ControlledPortal, _request: WebRequest, _names: Sequence[str]) -> Response:
    return reply(portal.fault_injector.documents())


def _put_faults(portal: ControlledPortal, request: WebRequest, names: Sequence[str]) -> Response:
    portal.fault_injector.replace_rules(read_rules(_document(request) or []))
    return _faults(portal, request, names)


def _quirks(portal: ControlledPortal, request: WebRequest, _names: Sequence[str]) -> Response:
    if "describe" in parsed(request.query):
        return reply(described())
    return reply(portal.quirks.document())


def _put_quirks(portal: ControlledPortal, request: WebRequest, names: Sequence[str]) -> Response:
    portal.quirks = Quirks.of(_object(request))
    return _quirks(portal, request, names)


def _reset(portal: ControlledPortal, _request: WebRequest, _names: Sequence[str]) -> Response:
    portal.delayed.cancel()
    portal.fault_injector.replace_rules([])
    portal.quirks = Quirks()
    with portal.world.writing():
        portal.world.clear()
    portal.request_log.forget()
    return Response(NO_CONTENT)


def _log(portal: ControlledPortal, _request: WebRequest, _names: Sequence[str]) -> Response:
    return reply(portal.request_log.log())


def _forget_log(portal: ControlledPortal, _request: WebRequest, _names: Sequence[str]) -> Response:
    portal.request_log.forget()
    return Response(NO_CONTENT)


def _stats(portal: ControlledPortal, _request: WebRequest, _names: Sequence[str]) -> Response:
    return reply(portal.request_log.stats())


def _advance(portal: ControlledPortal, request: WebRequest, _names: Sequence[str]) -> Response:
    seconds = _object(request).get("seconds")
    if isinstance(seconds, bool) or not isinstance(seconds, int | float) or seconds < 0:
        raise Refused.invalid("seconds: a number of at least 0")
    now = portal.clock.advance(seconds)
    portal.delayed.run_due()
    return reply({"now": now})


def _tasks(portal: ControlledPortal, _request: WebRequest, _names: Sequence[str]) -> Response:
    with portal.world.reading() as shelf:
        return reply(raw(portal.world, portal.clock, list(shelf)))


def _add_task(portal: ControlledPortal, request: WebRequest, _names: Sequence[str]) -> Response:
    with portal.world.writing():
        task = _made(portal, portal.world.next_id(), _object(request))
        portal.world.put(task)
        return _one(portal, task, 201)


def _put_tasks(portal: ControlledPortal, request: WebRequest, _names: Sequence[str]) -> Response:
    bodies = _document(request)
    if not isinstance(bodies, list) or not all(isinstance(body, dict) for body in bodies):
        raise Refused.invalid("a JSON list of tasks is needed")
    with portal.world.writing():
        portal.world.clear()
        for body in bodies:
            portal.world.put(_made(portal, portal.world.next_id(), body))
        return reply({"tasks": len(portal.world.shelf)})


def _edit_task(portal: ControlledPortal, request: WebRequest, names: Sequence[str]) -> Response:
    told = _object(request)
    with portal.world.writing():
        own, task = _own(portal, told), _found(portal, names)
        if plain := _plain(told):
            task = _rules(portal, told).update(task, plain)
        task = replace(task, **own)
        portal.world.put(task)
        return _one(portal, task)


def _drop_task(portal: ControlledPortal, _request: WebRequest, names: Sequence[str]) -> Response:
    with portal.world.writing():
        portal.world.remove(_found(portal, names).id)
    return Response(NO_CONTENT)


def _comment(portal: ControlledPortal, request: WebRequest, names: Sequence[str]) -> Response:
    told = _object(request)
    author, at = int(told.get("author", STRANGER)), portal.clock.second()
    text = str(told.get("message", "Looks good"))
    with portal.world.writing():
        task = _found(portal, names)
        note = Comment(author, text, at, bool(told.get("service", False)))
        task = replace(task, comments=(*task.comments, note))
        portal.world.put(task)
        return _one(portal, task, 201)


def _time(portal: ControlledPortal, request: WebRequest, names: Sequence[str]) -> Response:
    told = _object(request)
    log = Spent(
        int(told.get("user", STRANGER)), int(told.get("seconds", 3600)), portal.clock.second()
    )
    with portal.world.writing():
        task = _found(portal, names)
        task = replace(task, spent=(*task.spent, log))
        portal.world.put(task)
        return _one(portal, task, 201)


def _board(portal: ControlledPortal, request: WebRequest, _names: Sequence[str]) -> Response:
    return reply(page_data(portal.world, portal.clock, parsed(request.query)))


_Handler = Callable[[ControlledPortal, WebRequest, Sequence[str]], Response]


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
    ("DELETE", "/log", _forget_log),
    ("GET", "/stats", _stats),
    ("POST", "/advance", _advance),
    ("GET", "/tasks", _tasks),
    ("POST", "/tasks", _add_task),
    ("PUT", "/tasks", _put_tasks),
    ("PATCH", r"/tasks/(\d+)", _edit_task),
    ("DELETE", r"/tasks/(\d+)", _drop_task),
    ("POST", r"/tasks/(\d+)/comments", _comment),
    ("POST", r"/tasks/(\d+)/time", _time),
    ("GET", "/board", _board),
)
