"""The control routes `/_sandbox/users` and `/_sandbox/groups`: who works here, set by hand.

Rows have the names of `model.directory`: id, name, last_name, email, active and so on.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict

from tasksync.sandbox.json_codec import Json
from tasksync.sandbox.model.directory import Directory, User, Workgroup, many_users
from tasksync.sandbox.web.control_tasks import ControllablePortal
from tasksync.sandbox.web.http_messages import ApiError, Response, WebRequest, reply

_ONE = {"users": "user", "groups": "group"}


def list_all(portal: ControllablePortal, _request: WebRequest, names: Sequence[str]) -> Response:
    """Every user or group, the inactive and archived too."""
    with portal.world.reading():
        return reply([asdict(one) for one in _there(portal, names[0]).values()])


def put_all(portal: ControllablePortal, request: WebRequest, names: Sequence[str]) -> Response:
    """Put a list in the place of all; for users also `{"count": N}`: so many, made up."""
    body = request.any_json()
    if names[0] == "users" and isinstance(body, dict) and isinstance(body.get("count"), int):
        body = many_users(body["count"])
    if not isinstance(body, list):
        raise ApiError.invalid("a JSON list is needed, or a count of users")
    with portal.world.writing():
        portal.world.change_directory({names[0]: body})
        return reply({names[0]: len(_there(portal, names[0]))})


def add_one(portal: ControllablePortal, request: WebRequest, names: Sequence[str]) -> Response:
    """Add a user or group, or put it in the place of the one of this id; 201."""
    body = request.json_object()
    with portal.world.writing():
        there = _there(portal, names[0])
        return _put(portal, names[0], {"id": max(there, default=0) + 1, **body}, 201)


def edit_one(portal: ControllablePortal, request: WebRequest, names: Sequence[str]) -> Response:
    """Change the values named in the body: `{"active": false}` is a dismissal."""
    kind, id_ = names[0], int(names[1])
    with portal.world.writing():
        there = _there(portal, kind)
        if id_ not in there:
            raise ApiError(404, "NOT_FOUND", f"no {_ONE[kind]} {id_}")
        return _put(portal, kind, {**asdict(there[id_]), **request.json_object(), "id": id_}, 200)


def reset(portal: ControllablePortal) -> None:
    """Put the built-in users and groups back. Only inside `writing`."""
    built_in = Directory()
    for kind in _ONE:
        there = built_in.users if kind == "users" else built_in.groups
        if there != _there(portal, kind):
            portal.world.change_directory({kind: [asdict(one) for one in there.values()]})


def _there(portal: ControllablePortal, kind: str) -> dict[int, User] | dict[int, Workgroup]:
    directory = portal.world.directory
    return directory.users if kind == "users" else directory.groups


def _put(portal: ControllablePortal, kind: str, row: Json, status: int) -> Response:
    portal.world.change_directory({_ONE[kind]: row})
    return reply(asdict(_there(portal, kind)[row["id"]]), status)
