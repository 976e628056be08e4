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

from tasksync.sandbox import board
from tasksync.sandbox.answers import NO_CONTENT, Json, Refused, Request, Response, reply
from tasksync.sandbox.brackets import parsed
from tasksync.sandbox.clock import Clock, read_instant
from tasksync.sandbox.codec import loads
from tasksync.sandbox.faults import Weather, read_rules
from tasksync.sandbox.fields import TASKS
from tasksync.sandbox.later import Later
from tasksync.sandbox.ledger import Ledger
from tasksync.sandbox.quirks import Counters, Numbers, Quirks, Tags, described
from tasksync.sandbox.rows import Writer
from tasksync.sandbox.rules import Rules
from tasksync.sandbox.task import Comment, Spent, Task
from tasksync.sandbox.world import World

_PEER = re.compile(r"127\.[\d.]+|::1|::ffff:127\.[\d.]+")
_HOST = re.compile(r"(localhost|127\.[\d.]+|\[::1\])(:\d+)?")
#: A hand in the portal does exactly what it does.
_BY_HAND = Quirks(responsible_resets_status=False)
_RAW = Quirks(numbers=Numbers.INTS, tags=Tags.NAMES, empty_counters=Counters.ZERO)
STRANGER = 22
_DATES = {"createdDate": "created", "changedDate": "changed", "closedDate": "closed"}


class Portal(Protocol):
    """What the strings are tied to."""

    world: World
    quirks: Quirks
    clock: Clock
    weather: Weather
    ledger: Ledger
    later: Later


class Control:
    """Answers the control routes of one portal."""

    def __init__(self, portal: Portal) -> None:
        self._portal = portal

    def answer(self, request: Request) -> Response:
        """The answer; 403 to whoever is not on this machine, or came by another name for it."""
        try:
            local(request)
            return self._routed(request)
        except Refused as refusal:
            return refusal.response()
        except (ValueError, TypeError) as fault:  # UnknownFault and UnknownQuirk among them
            return Refused.invalid(str(fault)).response()

    def _routed(self, request: Request) -> Response:
        for method, pattern, handler in _ROUTES:
            found = pattern.fullmatch(request.path)
            if found and method == request.method:
                return handler(self._portal, request, found.groups())
        raise Refused(404, "NOT_FOUND", f"no control route {request.method} {request.path}")


def local(request: Request) -> None:
    """Raises Refused unless peer and Host are loopback: no page of the web may pull the strings."""
    host = request.header("Host")
    if not _PEER.fullmatch(request.peer) or (host and not _HOST.fullmatch(host)):
        raise Refused(403, "LOOPBACK_ONLY", "control routes are for this machine alone")


def raw(world: World, clock: Clock, tasks: Sequence[Task]) -> list[Json]:
    """Tasks as the control routes show them: every field, comments and time too."""
    writer = Writer(_RAW, clock.zone, world.tag_id)
    rows = writer.rows(TASKS, list(TASKS), tasks)
    for row, task in zip(rows, tasks, strict=True):
        row["comments"] = [note._asdict() for note in task.comments]
        row["time"] = [log._asdict() for log in task.spent]
    return rows


def _document(request: Request) -> Any:
    try:
        return loads(request.body or b"null")
    except ValueError as fault:
        message = f"not JSON: {fault}"
        raise Refused.invalid(message) from fault


def _object(request: Request) -> Json:
    found = _document(request)
    if not isinstance(found, dict):
        raise Refused.invalid("a JSON object is needed")
    return found


def _made(portal: Portal, id_: int, body: Json) -> Task:
    told = dict(body)
    own = _own(portal, told)
    task = _rules(portal, told).create(int(told.pop("id", id_)), _plain(told))
    return replace(task, **own)


def _rules(portal: Portal, told: Json) -> Rules:
    clock, shelf = portal.clock, portal.world.shelf
    caller = int(told.get("by", STRANGER))
    return Rules(_BY_HAND, shelf, clock.zone, clock.second(), caller, frozenset())


def _own(portal: Portal, told: Json) -> dict[str, Any]:
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


def _found(portal: Portal, names: Sequence[str]) -> Task:
    task = portal.world.shelf.get(int(names[0]))
    if task is None:
        raise Refused(404, "NOT_FOUND", f"no task {names[0]}")
    return task


def _one(portal: Portal, task: Task, status: int = 200) -> Response:
    return reply(raw(portal.world, portal.clock, [task])[0], status)


def _health(portal: Portal, _request: Request, _names: Sequence[str]) -> Response:
    with portal.world.reading() as shelf:
        return reply({"ok": True, "tasks": len(shelf), "now": portal.clock.now()})


def _faults(portal: Portal, _request: Request, _names: Sequence[str]) -> Response:
    return reply(portal.weather.documents())


def _put_faults(portal: Portal, request: Request, names: Sequence[str]) -> Response:
    portal.weather.turn(read_rules(_document(request) or []))
    return _faults(portal, request, names)


def _quirks(portal: Portal, request: Request, _names: Sequence[str]) -> Response:
    if "describe" in parsed(request.query):
        return reply(described())
    return reply(portal.quirks.document())


def _put_quirks(portal: Portal, request: Request, names: Sequence[str]) -> Response:
    portal.quirks = Quirks.of(_object(request))
    return _quirks(portal, request, names)


def _reset(portal: Portal, _request: Request, _names: Sequence[str]) -> Response:
    portal.later.cancel()
    portal.weather.turn([])
    portal.quirks = Quirks()
    with portal.world.writing():
        portal.world.clear()
    portal.ledger.forget()
    return Response(NO_CONTENT)


def _log(portal: Portal, _request: Request, _names: Sequence[str]) -> Response:
    return reply(portal.ledger.log())


def _forget_log(portal: Portal, _request: Request, _names: Sequence[str]) -> Response:
    portal.ledger.forget()
    return Response(NO_CONTENT)


def _stats(portal: Portal, _request: Request, _names: Sequence[str]) -> Response:
    return reply(portal.ledger.stats())


def _advance(portal: Portal, request: Request, _names: Sequence[str]) -> Response:
    seconds = _object(request).get("seconds")
    if isinstance(seconds, bool) or not isinstance(seconds, int | float) or seconds < 0:
        raise Refused.invalid("seconds: a number of at least 0")
    now = portal.clock.advance(seconds)
    portal.later.run_due()
    return reply({"now": now})


def _tasks(portal: Portal, _request: Request, _names: Sequence[str]) -> Response:
    with portal.world.reading() as shelf:
        return reply(raw(portal.world, portal.clock, list(shelf)))


def _add_task(portal: Portal, request: Request, _names: Sequence[str]) -> Response:
    with portal.world.writing():
        task = _made(portal, portal.world.next_id(), _object(request))
        portal.world.put(task)
        return _one(portal, task, 201)


def _put_tasks(portal: Portal, request: Request, _names: Sequence[str]) -> Response:
    bodies = _document(request)
    if not isinstance(bodies, list) or not all(isinstance(body, dict) for body in bodies):
        raise Refused.invalid("a JSON list of tasks is needed")
    with portal.world.writing():
        portal.world.clear()
        for body in bodies:
            portal.world.put(_made(portal, portal.world.next_id(), body))
        return reply({"tasks": len(portal.world.shelf)})


def _edit_task(portal: Portal, request: Request, names: Sequence[str]) -> Response:
    told = _object(request)
    with portal.world.writing():
        own, task = _own(portal, told), _found(portal, names)
        if plain := _plain(told):
            task = _rules(portal, told).update(task, plain)
        task = replace(task, **own)
        portal.world.put(task)
        return _one(portal, task)


def _drop_task(portal: Portal, _request: Request, names: Sequence[str]) -> Response:
    with portal.world.writing():
        portal.world.remove(_found(portal, names).id)
    return Response(NO_CONTENT)


def _comment(portal: Portal, request: Request, names: Sequence[str]) -> Response:
    told = _object(request)
    author, at = int(told.get("author", STRANGER)), portal.clock.second()
    text = str(told.get("message", "Looks good"))
    with portal.world.writing():
        task = _found(portal, names)
        note = Comment(author, text, at, bool(told.get("service", False)))
        task = replace(task, comments=(*task.comments, note))
        portal.world.put(task)
        return _one(portal, task, 201)


def _time(portal: Portal, request: Request, names: Sequence[str]) -> Response:
    told = _object(request)
    log = Spent(
        int(told.get("user", STRANGER)), int(told.get("seconds", 3600)), portal.clock.second()
    )
    with portal.world.writing():
        task = _found(portal, names)
        task = replace(task, spent=(*task.spent, log))
        portal.world.put(task)
        return _one(portal, task, 201)


def _board(portal: Portal, request: Request, _names: Sequence[str]) -> Response:
    return reply(board.board(portal.world, portal.clock, parsed(request.query)))


_Handler = Callable[[Portal, Request, Sequence[str]], Response]


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
