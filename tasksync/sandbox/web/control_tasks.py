"""The control routes under `/_sandbox/tasks`: a person's edits in the portal, by hand.

Tasks are written and read here in the API's names, but with numbers as numbers and tags as a list
of names. No side effect follows from an edit, and read-only fields may be set.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from typing import Any, Protocol

from tasksync.sandbox.faults.delayed_work import DelayedWork
from tasksync.sandbox.faults.fault_injector import FaultInjector
from tasksync.sandbox.json_codec import Json
from tasksync.sandbox.model.fields import TASKS
from tasksync.sandbox.model.portal_clock import PortalClock, read_instant
from tasksync.sandbox.model.quirk_values import EmptyCounter, NumberFormat, TagFormat
from tasksync.sandbox.model.quirks import Quirks
from tasksync.sandbox.model.task import Comment, LoggedTime, Task
from tasksync.sandbox.model.task_rules import TaskRules
from tasksync.sandbox.model.world import World
from tasksync.sandbox.web.http_messages import NO_CONTENT, ApiError, Response, WebRequest, reply
from tasksync.sandbox.web.request_log import RequestLog
from tasksync.sandbox.web.row_format import RowWriter

#: An edit by hand changes what it names and nothing else.
BY_HAND = Quirks(responsible_resets_status=False)
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


def raw_tasks(world: World, clock: PortalClock, tasks: Sequence[Task]) -> list[Json]:
    """Tasks as the control routes show them: every field, comments and time too."""
    writer = RowWriter(_RAW, clock.zone, world.tag_id)
    rows = writer.rows(TASKS, list(TASKS), tasks)
    for row, task in zip(rows, tasks, strict=True):
        row["comments"] = [note._asdict() for note in task.comments]
        row["time"] = [log._asdict() for log in task.spent]
    return rows


def _new_task(portal: ControllablePortal, id_: int, body: Json) -> Task:
    body = dict(body)
    read_only = _read_only_values(portal, body)
    task = _rules(portal, body).create(int(body.pop("id", id_)), _writable_values(body))
    return replace(task, **read_only)


def _rules(portal: ControllablePortal, body: Json) -> TaskRules:
    clock, index = portal.clock, portal.world.index
    caller = int(body.get("by", OTHER_USER))
    return TaskRules(BY_HAND, index, clock.zone, clock.second(), caller, frozenset())


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


def list_tasks(portal: ControllablePortal, _request: WebRequest, _names: Sequence[str]) -> Response:
    """Every task."""
    with portal.world.reading() as index:
        return reply(raw_tasks(portal.world, portal.clock, list(index)))


def add_task(portal: ControllablePortal, request: WebRequest, _names: Sequence[str]) -> Response:
    """Add one task; 201."""
    with portal.world.writing():
        task = _new_task(portal, portal.world.next_id(), request.json_object())
        portal.world.put(task)
        return _task_response(portal, task, 201)


def put_tasks(portal: ControllablePortal, request: WebRequest, _names: Sequence[str]) -> Response:
    """Put a list of tasks in the place of all."""
    bodies = request.any_json()
    if not isinstance(bodies, list) or not all(isinstance(body, dict) for body in bodies):
        raise ApiError.invalid("a JSON list of tasks is needed")
    with portal.world.writing():
        portal.world.clear()
        for body in bodies:
            portal.world.put(_new_task(portal, portal.world.next_id(), body))
        return reply({"tasks": len(portal.world.index)})


def edit_task(portal: ControllablePortal, request: WebRequest, names: Sequence[str]) -> Response:
    """Change the fields named in the body."""
    body = request.json_object()
    with portal.world.writing():
        read_only, task = _read_only_values(portal, body), _task_of(portal, names)
        if writable := _writable_values(body):
            task = _rules(portal, body).update(task, writable)
        task = replace(task, **read_only)
        portal.world.put(task)
        return _task_response(portal, task)


def delete_task(portal: ControllablePortal, _request: WebRequest, names: Sequence[str]) -> Response:
    """Delete one task; 204."""
    with portal.world.writing():
        portal.world.remove(_task_of(portal, names).id)
    return Response(NO_CONTENT)


def add_comment(portal: ControllablePortal, request: WebRequest, names: Sequence[str]) -> Response:
    """Comment on a task as a user, or as the portal (`service`); 201."""
    body = request.json_object()
    author, at = int(body.get("author", OTHER_USER)), portal.clock.second()
    text = str(body.get("message", "Looks good"))
    with portal.world.writing():
        task = _task_of(portal, names)
        note = Comment(author, text, at, bool(body.get("service", False)))
        task = replace(task, comments=(*task.comments, note))
        portal.world.put(task)
        return _task_response(portal, task, 201)


def log_time(portal: ControllablePortal, request: WebRequest, names: Sequence[str]) -> Response:
    """Log working time on a task; 201."""
    body = request.json_object()
    log = LoggedTime(
        int(body.get("user", OTHER_USER)), int(body.get("seconds", 3600)), portal.clock.second()
    )
    with portal.world.writing():
        task = _task_of(portal, names)
        task = replace(task, spent=(*task.spent, log))
        portal.world.put(task)
        return _task_response(portal, task, 201)
