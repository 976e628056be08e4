"""What may be done with each entity, whoever asks: a single route or a call of a batch.

A desk gives data and raises Refused; it knows no HTTP beyond that.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

from tasksync.sandbox.json_codec import Json
from tasksync.sandbox.model import directory, fields
from tasksync.sandbox.model.clock import PortalClock
from tasksync.sandbox.model.index import TaskIndex
from tasksync.sandbox.model.quirks import Gone, Quirks
from tasksync.sandbox.model.refusals import InvalidValue, ReadOnlyField
from tasksync.sandbox.model.rules import Rules
from tasksync.sandbox.model.task import Task
from tasksync.sandbox.model.world import World
from tasksync.sandbox.web.api_keys import Key
from tasksync.sandbox.web.http_messages import Refused
from tasksync.sandbox.web.listing_query import question
from tasksync.sandbox.web.row_format import Writer
from tasksync.sandbox.web.task_pages import RowPage, page_of, page_of_tasks

_AT_WORK = frozenset(user.id for user in directory.USERS.values() if user.active)


@dataclass(frozen=True, slots=True)
class Listed:
    """Rows of one page, how many there are in all, and `meta`."""

    rows: list[Json]
    page: RowPage


@dataclass(frozen=True, slots=True)
class TaskHandler:
    """Tasks: everything may be done with them."""

    world: World
    clock: PortalClock
    quirks: Quirks
    key: Key
    created: Callable[[str], None]
    writer: Writer

    @property
    def scope(self) -> str:
        """The scope that every task route needs."""
        return self.quirks.scope

    def many(self, asked: Json) -> Listed:
        """A page of tasks that the key's owner may see (contract 2.5, 2.6)."""
        wanted = question(asked, fields.TASKS, self.clock.zone)
        sees = None if self.key.sees_all else self._sees
        with self.world.reading() as now:
            lag = self.quirks.list_lag
            shelf = self.world.as_of(self.clock.now() - lag) if lag else now
            page = page_of_tasks(shelf, wanted, self.quirks, sees)
            return Listed(self.writer.rows(fields.TASKS, wanted.select, page.found), page)

    def one(self, id_: int) -> Any:
        """One task with all fields; `select` is ignored here (contract 2.2)."""
        missing = self.quirks.missing_get
        with self.world.reading() as shelf:
            if missing is Gone.EMPTY and id_ not in shelf.tasks:
                return []
            return self.writer.single(self._found(shelf, id_, missing))

    def make(self, body: Json) -> Json:
        """Make a task and answer all of it."""
        with self._rules() as rules:
            made = rules.create(self.world.next_id(), body)
            self.world.put(made)
            self.created(made.title)
            return self.writer.single(made)

    def change(self, id_: int, body: Json) -> Json:
        """Change a task and answer all of it."""
        with self._rules() as rules:
            made = rules.update(self._found(rules.shelf, id_), body)
            self.world.put(made)
            return self.writer.single(made)

    def drop(self, id_: int) -> None:
        """Take a task away, with its comments and its time (seed "Delete task")."""
        with self.world.writing() as shelf:
            self._found(shelf, id_)
            self.world.remove(id_)

    def schema(self) -> Json:
        """The schema."""
        return fields.schema(fields.TASKS)

    def nested(self, id_: int, kind: str) -> list[Json]:
        """Comments or time of a task; 422 when it is gone (seed "Delete task")."""
        with self.world.reading() as shelf:
            task = shelf.get(id_)
        if task is None or not self._sees(task):
            raise _no_item()
        parts = task.comments if kind == "comments" else task.spent
        return [_nested(task, n, part) for n, part in enumerate(parts, start=1)]

    def nested_one(self, id_: int, kind: str, item: str) -> Json:
        """One of them by its own number; 422 for one that went with its task (the same seed)."""
        for row in self.nested(id_, kind):
            if row["id"] == item:
                return row
        raise _no_item()

    def _found(self, shelf: TaskIndex, id_: int, missing: Gone = Gone.ENTITY_NOT_FOUND) -> Task:
        task = shelf.get(id_)
        if task is None or not self._sees(task):
            raise Refused(404, missing.value, f"task {id_} not found")
        return task

    def _sees(self, task: Task) -> bool:
        return self.key.sees_all or task.concerns(self.key.owner)

    @contextmanager
    def _rules(self) -> Iterator[Rules]:
        with self.world.writing() as shelf:
            at, zone = self.clock.second(), self.clock.zone
            owner = self.key.owner
            admin = directory.is_admin(owner)
            try:
                yield Rules(self.quirks, shelf, zone, at, owner, _AT_WORK, admin)
            except (InvalidValue, ReadOnlyField) as refusal:
                raise refused(refusal, self.quirks) from refusal


@dataclass(frozen=True, slots=True)
class LookupHandler:
    """Users or workgroups: they are only looked up."""

    noun: str
    scope: str
    things: Mapping[int, Any]
    table: fields.Table
    writer: Writer

    def many(self, asked: Json) -> Listed:
        """A page of them; archived workgroups are not in it (contract 8.9)."""
        wanted = question(asked, self.table, self.writer.zone)
        shown = {i: one for i, one in self.things.items() if not getattr(one, "archived", False)}
        page = page_of(shown, wanted, self.writer.quirks)
        return Listed(self.writer.rows(self.table, wanted.select, page.found), page)

    def one(self, id_: int) -> Json:
        """One of them."""
        if id_ not in self.things:
            raise Refused(404, "ENTITY_NOT_FOUND", f"{self.noun} {id_} not found")
        return self.writer.rows(self.table, None, [self.things[id_]])[0]

    def schema(self) -> Json:
        """The schema."""
        return fields.schema(self.table)


Handler = TaskHandler | LookupHandler


def handler_of(entity: str, tasks: TaskHandler) -> Handler | None:
    """The desk of an entity, for the same caller; None where the portal has no such entity."""
    match entity:
        case "tasks":
            return tasks
        case "users":
            return LookupHandler("user", "user", directory.USERS, fields.USERS, tasks.writer)
        case "workgroups":
            groups, table = directory.GROUPS, fields.WORKGROUPS
            return LookupHandler("workgroup", "sonet_group", groups, table, tasks.writer)
        case _:
            return None


def refused(refusal: InvalidValue | ReadOnlyField, quirks: Quirks) -> Refused:
    """The HTTP answer to a value that the rules refused: BITRIX_ERROR or READONLY_FIELD (seeds)."""
    if isinstance(refusal, ReadOnlyField):
        return Refused(400, "READONLY_FIELD", str(refusal))
    return Refused(quirks.bad_value_status, "BITRIX_ERROR", str(refusal))


def _no_item() -> Refused:
    """What touching a comment or a time record of a deleted task meets (seed "Delete task")."""
    return Refused(422, "BITRIX_ERROR", "ITEM_NOT_FOUND_OR_NOT_ACCESSIBLE")


def _nested(task: Task, number: int, part: Any) -> Json:
    told = {name: str(value) for name, value in part._asdict().items() if name != "service"}
    return {"id": f"{task.id}{number:03d}", "taskId": str(task.id), **told}
