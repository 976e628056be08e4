"""A task office after the vendor's pages alone: what it keeps, what it refuses, how it may show it.

Each entry of READINGS is a question that the pages leave open, with the reading taken unless a test
asks for another. Nothing here is imported from the package or from its sandbox.
"""

from __future__ import annotations

import copy
import re
import threading
from collections.abc import Callable
from datetime import UTC, datetime, timedelta, timezone
from typing import Any

from second_portal import normalising
from second_portal.hours import Hours

READINGS: dict[str, Any] = {
    "numbers": "str",  # str | int: scalars of an answer
    "zone": 180,  # minutes east of Greenwich; "Z" for UTC written as Z
    "fraction": "",  # ".000" and longer
    "tags": "map",  # map | list | objects | comma | absent
    "no_tags": "[]",  # [] | {} | "" | null: a task without tags
    "get_tags": False,  # GET by id gives tags
    "editor": False,  # the full object of GET by id tells who changed the task
    "upper": False,  # UPPER_CASE rows
    "extra": False,  # keys that nobody asked for
    "nulls": "null",  # null | empty: an unset date
    "no_group": "0",  # 0 | null
    "no_parent": "null",  # null | 0
    "counters": True,  # True | False | "null" (of nothing) | "noservice" (without the portal's own)
    "create_status": 201,
    "invalid_status": 400,  # 400 | 422
    "errors_empty": "{}",  # {} | []
    "results_empty": "{}",  # {} | []
    "update_result": "object",  # object | true | null
    "delete_result": "true",  # true | null | object | [] | absent (neither result nor error)
    "missing_get": "ENTITY_NOT_FOUND",  # ENTITY_NOT_FOUND | NOT_FOUND | 200
    "missing_call": "ENTITY_NOT_FOUND",  # the code inside a batch; a get may say 200 (no task)
    "clear": "both",  # both | empty | null: what clears a date
    "clear_other": "ignored",  # ignored | refused
    "trim": True,
    "crlf": False,
    "one_is_two": False,
    "refuse_seven": False,
    "control": False,  # 5 becomes 4
    "reset": False,  # a new responsible sets the status to 2
    "former": False,  # the former responsible becomes an auditor
    "pair": False,  # plan dates are taken together only
    "marker": "kept",  # kept | dropped: tags that begin with tasksync:
    "tag_case": "kept",  # kept | lower | upper
    "tag_filter": "exact",  # exact | nocase
    "hashtags": False,  # words of title and description become tags
    "emoji": "kept",  # kept | drop | question | cut: what lies beyond the basic plane
    "entities": False,  # titles come back with HTML entities
    "seconds": "kept",  # kept | dropped
    "people": "list",  # list | map (by id) | indexed
    "admin": True,  # the key's user may set another creator; else it is not applied
    "dates": True,  # rows tell createdDate
    "ignore_tag_filter": False,
    "ignore_id_filter": False,
    "ignore_order": False,
    "total": "meta",  # meta | top | none | page (a page's own size)
    "has_more": "right",  # right | true | false | none
    "page_cap": 5000,
    "breaks_over": None,  # a page longer than this answers 502
    "lag": 0.0,  # seconds until a listing knows of a write
    "me": "full",  # full | app | bare | 404
    "expires": "untold",  # what /v1/me says of the key's end; "untold": nothing
    "scopes": ["tasks", "task", "user"],
    "portal": "second.bitrix24.com",  # the portal's name, as /v1/me tells it
    "owner": 1,  # the user whose key it is
    "pace_headers": False,
    "users": "camel",  # camel | upper
    "reparent": False,  # children of a deleted task get its parent
    "key": "vibe_api_second_0123456789abcdef",
}

FIELDS = {
    "title",
    "description",
    "responsibleId",
    "status",
    "priority",
    "deadline",
    "startDatePlan",
    "endDatePlan",
    "timeEstimate",
    "groupId",
    "parentId",
    "accomplices",
    "auditors",
    "tags",
    "createdBy",
}
COUNTERS = ("commentsCount", "serviceCommentsCount", "timeSpentInLogs")
DATES = ("deadline", "startDatePlan", "endDatePlan")
READ_ONLY = ("id", "createdDate", "changedDate", "closedDate")
INTEGERS = ("responsibleId", "status", "priority", "timeEstimate", "groupId", "parentId")
ISO = re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d(:\d\d(\.\d+)?)?(Z|[+-]\d\d:\d\d)")
PEOPLE = range(1, 61)
TITLE_LIMIT = 250


class RefusedError(Exception):
    """One call was refused: status, code, message."""

    def __init__(self, status: int, code: str, message: str) -> None:
        super().__init__(message)
        self.status, self.code, self.message = status, code, message


class Office:
    """The tasks and their rules. One lock around everything."""

    def __init__(self, **readings: Any) -> None:
        unknown = set(readings) - set(READINGS)
        assert not unknown, unknown
        self.readings = {**READINGS, **readings}
        self.lock = threading.RLock()
        self.tasks: dict[int, dict[str, Any]] = {}
        self.history: dict[int, list[tuple[float, dict[str, Any] | None]]] = {}
        self.last_id = 3000
        self.hours = Hours()
        self.hides: Callable[[dict[str, Any]], bool] = lambda _task: False
        self.gone: dict[int, dict[str, Any]] = {}
        self.deeds: list[tuple[str, int, dict[str, Any]]] = []
        self.dropped: list[str] = []
        self.staff: dict[int, dict[str, Any]] = {
            n: {"name": f"Nom{n}", "email": f"p{n}@example.com", "active": True} for n in PEOPLE
        }
        self.groups: dict[int, str] = {7: "Closing", 9: "Releases"}

    def __getitem__(self, name: str) -> Any:
        """Tell the reading taken of one question."""
        return self.readings[name]

    # -- for tests ---------------------------------------------------------------------------

    def seed(self, **fields: Any) -> int:
        """Put a task there as people do, past every rule; returns its id."""
        with self.lock:
            self.last_id += 1
            task = blank(self.last_id, self.hours.wall()) | fields
            self.tasks[self.last_id] = task
            self.history[self.last_id] = [(0.0, copy.deepcopy(task))]
            return self.last_id

    def touch(self, number: int, **fields: Any) -> None:
        """Change a task as people do on the portal's own page."""
        with self.lock:
            self.tasks[number] |= fields
            self._note(number)

    def vanish(self, number: int) -> None:
        """Delete a task as people do."""
        with self.lock:
            self.gone[number] = self.tasks.pop(number)
            self._note(number)

    def revive(self, number: int) -> None:
        """Bring a deleted task back as it was, as people do from the recycle bin."""
        with self.lock:
            self.tasks[number] = self.gone.pop(number)
            self._note(number)

    def backup(self) -> dict[str, Any]:
        """Copy everything, for `restore`."""
        with self.lock:
            return copy.deepcopy({"tasks": self.tasks, "last": self.last_id})

    def restore(self, kept: dict[str, Any]) -> None:
        """Put a backup back: what came since is gone, and its ids come again."""
        with self.lock:
            gone = set(self.tasks) - set(kept["tasks"])
            self.tasks, self.last_id = copy.deepcopy(kept["tasks"]), kept["last"]
            for number in (*gone, *self.tasks):
                self._note(number)

    def marked(self, project: str) -> list[dict[str, Any]]:
        """Give the tasks of a project, oldest first."""
        with self.lock:
            mark = f"tasksync:{project}"
            return [t for t in self.tasks.values() if mark in [n.lower() for n in t["tags"]]]

    def picture(self, numbers: Any) -> dict[int, dict[str, Any] | None]:
        """Copy some tasks, to compare later."""
        with self.lock:
            return {n: copy.deepcopy(self.tasks.get(n)) for n in numbers}

    # -- deeds -------------------------------------------------------------------------------

    def create(self, body: dict[str, Any]) -> dict[str, Any]:
        """Make a task, or raise RefusedError."""
        with self.lock:
            self._check(body, creating=True)
            self.last_id += 1
            task = blank(self.last_id, self.hours.wall())
            task["createdBy"] = self["owner"]
            self._take_field(task, body, creating=True)
            self.tasks[self.last_id] = task
            self.deeds.append(("create", self.last_id, dict(body)))
            self._note(self.last_id)
            return task

    def update(self, number: int, body: dict[str, Any]) -> dict[str, Any]:
        """Change a task, or raise RefusedError."""
        with self.lock:
            task = self._there(number)
            self._check(body, creating=False, task=task)
            self._take_field(task, body, creating=False)
            self.deeds.append(("update", number, dict(body)))
            self._note(number)
            return task

    def delete(self, number: int) -> None:
        """Remove a task, or raise RefusedError."""
        with self.lock:
            gone = self.gone[number] = self._there(number)
            del self.tasks[number]
            if self["reparent"]:
                for task in self.tasks.values():
                    if task["parentId"] == number:
                        task["parentId"] = gone["parentId"]
                        self._note(task["id"])
            self.deeds.append(("delete", number, {}))
            self._note(number)

    def seen(self, number: int) -> dict[str, Any] | None:
        """Give a task that this key may see."""
        with self.lock:
            task = self.tasks.get(number)
            return None if task is None or self.hides(task) else task

    def _there(self, number: int) -> dict[str, Any]:
        if self.seen(number) is None:
            raise RefusedError(404, "ENTITY_NOT_FOUND", f"task {number} not found")
        return self.tasks[number]

    def _note(self, number: int) -> None:
        now = self.hours.monotonic()
        self.history.setdefault(number, []).append((now, copy.deepcopy(self.tasks.get(number))))

    def _bad(self, message: str) -> RefusedError:
        return RefusedError(self["invalid_status"], "BITRIX_ERROR", message)

    def _check(
        self, body: dict[str, Any], *, creating: bool, task: dict[str, Any] | None = None
    ) -> None:
        for name in body:
            if name in READ_ONLY or (name == "createdBy" and not creating):
                message = f"Field '{name}' is read-only and cannot be set"
                raise RefusedError(400, "READONLY_FIELD", message)
            if name not in FIELDS:
                self.dropped.append(name)
        if creating and not str(body.get("title") or "").strip():
            raise self._bad("Task title not specified<br>")
        if creating and not body.get("responsibleId"):
            raise self._bad("Assignee not specified")
        if "title" in body and not 1 <= len(str(body["title"] or "").strip()) <= TITLE_LIMIT:
            raise self._bad("TASKS_BAD_TITLE")
        self._check_numbers(body)
        self._check_parent(body, task)
        self._check_dates(body, task)

    def _check_numbers(self, body: dict[str, Any]) -> None:
        for name in INTEGERS:
            value = body.get(name)
            clears = value in (None, "", 0) and name in {"parentId", "groupId", "timeEstimate"}
            if name in body and not clears and type(value) is not int:
                raise RefusedError(400, "VALIDATION_ERROR", f"fields.{name}: Expected number")
        if body.get("responsibleId", 1) not in PEOPLE:
            raise self._bad('User specified in the "Responsible" field not found')
        if body.get("status", 2) not in range(1, 8):
            raise self._bad("Incorrect status")
        if body.get("status") == 7 and self["refuse_seven"]:
            raise self._bad("Incorrect status")
        if body.get("priority", 1) not in range(3):
            raise self._bad("Incorrect priority")
        for name in ("accomplices", "auditors", "tags"):
            if name in body and not isinstance(body[name], list):
                raise RefusedError(400, "VALIDATION_ERROR", f"fields.{name}: Expected array")

    def _check_parent(self, body: dict[str, Any], task: dict[str, Any] | None) -> None:
        above = body.get("parentId")
        if above and above not in self.tasks:
            raise self._bad('Task specified in the "Parent Task" field not found')
        while above and task:
            if above == task["id"]:
                raise self._bad("Creating cyclic links in tasks is prohibited")
            above = self.tasks.get(above, {}).get("parentId")

    def _check_dates(self, body: dict[str, Any], task: dict[str, Any] | None) -> None:
        for name in DATES:
            value = body.get(name)
            if name not in body:
                continue
            if value in ("", None):
                kind = "empty" if value == "" else "null"
                if self["clear"] not in ("both", kind) and self["clear_other"] == "refused":
                    raise self._bad("Incorrect date")
            elif not isinstance(value, str) or not ISO.fullmatch(value):
                raise self._bad(f"Incorrect date {name}")
        after = dict(task or {}) | {n: self._instant(body[n]) for n in DATES if body.get(n)}
        start, end = after.get("startDatePlan"), after.get("endDatePlan")
        if start and end and end < start and (body.get("startDatePlan") or body.get("endDatePlan")):
            raise self._bad("The end date in scheduling is earlier than the start date")
        if self["pair"] and task and ("startDatePlan" in body) != ("endDatePlan" in body):
            raise self._bad("The plan dates go together")

    def _instant(self, text: str) -> float:
        return datetime.fromisoformat(text).timestamp()

    def _take_field(  # noqa: C901
        self, task: dict[str, Any], body: dict[str, Any], *, creating: bool
    ) -> None:
        before = dict(task)
        for name, value in body.items():
            if name in DATES:
                self._take_date(task, name, value)
            elif name in ("parentId", "groupId", "timeEstimate"):
                task[name] = value or 0
            elif name in ("accomplices", "auditors"):
                task[name] = [int(one) for one in value or []]
            elif name == "tags":
                task[name] = list(dict.fromkeys(value or []))
            elif name == "title":
                held = value.strip() if self["trim"] else value
                task[name] = normalising.title(held, self.readings)
            elif name == "description":
                text = normalising.text(value or "", self["emoji"])
                task[name] = text.replace("\n", "\r\n") if self["crlf"] else text
            elif name == "createdBy" and not self["admin"]:
                continue
            elif name in FIELDS:
                task[name] = value
        task["tags"] = normalising.tags(task, self.readings)
        moved = task["responsibleId"] != before["responsibleId"]
        if self["reset"] and not creating and "status" not in body and moved:
            task["status"] = 2
        if self["former"] and not creating and moved:
            task["auditors"] = list(dict.fromkeys([*task["auditors"], before["responsibleId"]]))
        self._side_effects(task, before, body)

    def _take_date(self, task: dict[str, Any], name: str, value: Any) -> None:
        if value in ("", None):
            if self["clear"] in ("both", "empty" if value == "" else "null"):
                task[name] = None
        else:
            at = self._instant(value)
            task[name] = at - at % 60 if self["seconds"] == "dropped" else at

    def _side_effects(
        self, task: dict[str, Any], before: dict[str, Any], body: dict[str, Any]
    ) -> None:
        if self["one_is_two"] and task["status"] == 1:
            task["status"] = 2
        if self["control"] and body.get("status") == 5 and before["status"] != 4:
            task["status"] = 4
        if task["status"] in (5, 6) and before["status"] != task["status"]:
            task["closedDate"] = self.hours.wall()
        if task["status"] not in (5, 6):
            task["closedDate"] = None
        task["changedDate"] = self.hours.wall()

    # -- looking -----------------------------------------------------------------------------

    def listed(self) -> list[dict[str, Any]]:
        """Give the tasks as a listing knows them, which may be behind the deeds."""
        with self.lock:
            if not self["lag"]:
                return [copy.deepcopy(t) for t in self.tasks.values() if not self.hides(t)]
            till = self.hours.monotonic() - self["lag"]
            rows = []
            for versions in self.history.values():
                known = [task for when, task in versions if when <= till]
                if known and known[-1] is not None and not self.hides(known[-1]):
                    rows.append(copy.deepcopy(known[-1]))
            return rows

    def moment(self, value: float | None) -> str | None:
        """Write an instant in the zone of the key."""
        if value is None:
            return "" if self["nulls"] == "empty" else None
        at = datetime.fromtimestamp(value, UTC)
        if self["zone"] == "Z":
            return at.strftime("%Y-%m-%dT%H:%M:%S") + self["fraction"] + "Z"
        at = at.astimezone(timezone(timedelta(minutes=self["zone"])))
        return at.strftime("%Y-%m-%dT%H:%M:%S") + self["fraction"] + at.isoformat()[-6:]

    def number(self, value: Any) -> Any:
        """Write a number as this portal does."""
        return str(value) if self["numbers"] == "str" and value is not None else value

    def tags(self, task: dict[str, Any]) -> Any:
        """Write tags as this portal does."""
        names = task["tags"]
        if not names:
            return {"[]": [], "{}": {}, '""': "", "null": None}[self["no_tags"]]
        match self["tags"]:
            case "map":
                ids = [task["id"] * 100 + k for k in range(len(names))]
                pairs = zip(ids, names, strict=True)
                return {str(i): {"id": self.number(i), "title": n} for i, n in pairs}
            case "objects":
                return [{"id": self.number(k), "title": n} for k, n in enumerate(names, 1)]
            case "comma":
                return ", ".join(names)
            case _:
                return list(names)

    def row(
        self, task: dict[str, Any], select: list[str] | None, *, one: bool = False
    ) -> dict[str, Any]:
        """Write one task; `one` is the full object of GET by id and of writes."""
        out = self._fields(task) | self._counted(task)
        if not self["dates"]:
            del out["createdDate"]
        asked = self["get_tags"] if one or select is None else "tags" in select
        if asked and self["tags"] != "absent":
            out["tags"] = self.tags(task)
        if select is not None and not one:
            out = {name: out[name] for name in out if name in {*select, "id"}}
        if one and self["editor"]:
            out["changedBy"] = self.number(task.get("changedBy", self["owner"]))
        if self["extra"]:
            out |= {"mark": None, "ufAuto583853685266": "", "group": [], "subStatus": "-1"}
            out |= {"action": {"edit": True, "edit.plan": False}, "favorite": "N"}
        if self["upper"]:
            out = {snake(name): value for name, value in out.items()}
        return out

    def _fields(self, task: dict[str, Any]) -> dict[str, Any]:
        number = self.number
        out: dict[str, Any] = {
            "id": number(task["id"]),
            "title": task["title"],
            "description": task["description"],
            "status": number(task["status"]),
            "priority": number(task["priority"]),
            "responsibleId": number(task["responsibleId"]),
            "createdBy": number(task["createdBy"]),
            "createdDate": self.moment(task["createdDate"]),
            "changedDate": self.moment(task["changedDate"]),
            "closedDate": self.moment(task["closedDate"]),
            "dateStart": None,
            "timeEstimate": number(task["timeEstimate"]),
            "groupId": self._linked(task["groupId"], self["no_group"]),
            "parentId": self._linked(task["parentId"], self["no_parent"]),
        }
        for name in ("accomplices", "auditors"):
            out[name] = normalising.people([number(one) for one in task[name]], self["people"])
        return out | {name: self.moment(task[name]) for name in DATES}

    def _linked(self, value: Any, none: Any) -> Any:
        """Write the number of a group or a parent, as 0 or null where there is none."""
        return self.number(0) if not value and none == "0" else self.number(value or None)

    def _counted(self, task: dict[str, Any]) -> dict[str, Any]:
        way = self["counters"]
        if not way:
            return {}
        names = [n for n in COUNTERS if way != "noservice" or n != "serviceCommentsCount"]
        return {name: self.number(normalising.shown(task[name], way)) for name in names}


def snake(name: str) -> str:
    """Give the vendor's own name of a field, as RESPONSIBLE_ID."""
    return re.sub(r"(?<=[a-z0-9])(?=[A-Z])", "_", name).upper()


def blank(number: int, now: float) -> dict[str, Any]:
    """Give a task that nobody filled in yet."""
    return {
        "id": number,
        "title": "",
        "description": "",
        "status": 2,
        "priority": 1,
        "responsibleId": 1,
        "createdBy": 1,
        "createdDate": now,
        "changedDate": now,
        "closedDate": None,
        "deadline": None,
        "startDatePlan": None,
        "endDatePlan": None,
        "timeEstimate": 0,
        "groupId": 0,
        "parentId": 0,
        "accomplices": [],
        "auditors": [],
        "tags": [],
        "commentsCount": 0,
        "serviceCommentsCount": 0,
        "timeSpentInLogs": 0,
    }
