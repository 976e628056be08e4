"""What may be done with each entity, by a single route or by a call of a batch.

A handler gives data and raises ApiError; it knows no HTTP beyond that.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from typing import Any, NamedTuple

from tasksync.sandbox.json_codec import Json
from tasksync.sandbox.model import fields
from tasksync.sandbox.model.portal_clock import PortalClock
from tasksync.sandbox.model.quirk_values import MissingTask
from tasksync.sandbox.model.quirks import Quirks
from tasksync.sandbox.model.refusals import InvalidValue, ReadOnlyField
from tasksync.sandbox.model.task import Task
from tasksync.sandbox.model.task_index import TaskIndex
from tasksync.sandbox.model.task_rules import TaskRules
from tasksync.sandbox.model.world import World
from tasksync.sandbox.web.api_keys import ApiKey
from tasksync.sandbox.web.http_messages import ApiError
from tasksync.sandbox.web.listing_query import read_listing_query
from tasksync.sandbox.web.row_format import RowWriter
from tasksync.sandbox.web.task_pages import RowPage, page_of, page_of_tasks


class ListingResult(NamedTuple):
    """Rows of one page, how many there are in all, and `meta`."""

    rows: list[Json]
    page: RowPage


class TaskHandler(NamedTuple):
    """Tasks: everything may be done with them."""

    world: World
    clock: PortalClock
    quirks: Quirks
    key: ApiKey
    created: Callable[[str], None]
    writer: RowWriter

    @property
    def scope(self) -> str:
        """The scope that every task route needs."""
        return self.quirks.scope

    def list_page(self, parameters: Json) -> ListingResult:
        """A page of tasks that the key's owner may see (contract 2.5, 2.6)."""
        query = read_listing_query(parameters, fields.TASKS, self.clock.zone)
        visible = None if self.key.sees_all else self._is_visible
        with self.world.reading() as now:
            lag = self.quirks.list_lag
            index = self.world.as_of(self.clock.now() - lag) if lag else now
            page = page_of_tasks(index, query, self.quirks, visible)
            return ListingResult(self.writer.rows(fields.TASKS, query.select, page.found), page)

    def single(self, id_: int) -> Any:
        """One task with all fields; `select` is ignored here (contract 2.2)."""
        missing = self.quirks.missing_get
        with self.world.reading() as index:
            if missing is MissingTask.EMPTY and id_ not in index.tasks:
                return []
            return self.writer.single(self._found(index, id_, missing))

    def create(self, body: Json) -> Json:
        """Create a task and answer all of it."""
        with self._rules() as rules:
            task = rules.create(self.world.next_id(), body)
            self.world.put(task)
            self.created(task.title)
            return self.writer.single(task)

    def update(self, id_: int, body: Json) -> Json:
        """Change a task and answer all of it."""
        with self._rules() as rules:
            task = rules.update(self._found(rules.index, id_), body)
            self.world.put(task)
            return self.writer.single(task)

    def delete(self, id_: int) -> None:
        """Delete a task, with its comments and its time (seed "Delete task")."""
        with self.world.writing() as index:
            self._found(index, id_)
            self.world.remove(id_)

    def schema(self) -> Json:
        """The schema."""
        return fields.schema(fields.TASKS)

    def nested(self, id_: int, kind: str) -> list[Json]:
        """Comments or time of a task; 422 when it is gone (seed "Delete task")."""
        with self.world.reading() as index:
            task = index.get(id_)
        if task is None or not self._is_visible(task):
            raise _no_item()
        parts = task.comments if kind == "comments" else task.spent
        return [_nested(task, n, part) for n, part in enumerate(parts, start=1)]

    def nested_one(self, id_: int, kind: str, item: str) -> Json:
        """One of them by its own number; 422 for one that went with its task (the same seed)."""
        for row in self.nested(id_, kind):
            if row["id"] == item:
                return row
        raise _no_item()

    def _found(
        self, index: TaskIndex, id_: int, missing: MissingTask = MissingTask.ENTITY_NOT_FOUND
    ) -> Task:
        task = index.get(id_)
        if task is None or not self._is_visible(task):
            raise ApiError(404, missing.value, f"task {id_} not found")
        return task

    def _is_visible(self, task: Task) -> bool:
        return self.key.sees_all or task.involves(self.key.owner)

    @contextmanager
    def _rules(self) -> Iterator[TaskRules]:
        with self.world.writing() as index:
            at, zone = self.clock.second(), self.clock.zone
            owner = self.key.owner
            people = self.world.directory
            admin = people.is_admin(owner)
            try:
                yield TaskRules(self.quirks, index, zone, at, owner, people.active, admin)
            except (InvalidValue, ReadOnlyField) as refusal:
                raise api_error_of(refusal, self.quirks) from refusal


class LookupHandler(NamedTuple):
    """Users or workgroups: they are only read."""

    noun: str
    scope: str
    entities: Mapping[int, Any]
    table: fields.FieldTable
    writer: RowWriter

    def list_page(self, parameters: Json) -> ListingResult:
        """A page of them; archived workgroups are not in it (contract 8.9)."""
        query = read_listing_query(parameters, self.table, self.writer.zone)
        listed = {
            id_: entity
            for id_, entity in self.entities.items()
            if not getattr(entity, "archived", False)
        }
        page = page_of(listed, query, self.writer.quirks)
        return ListingResult(self.writer.rows(self.table, query.select, page.found), page)

    def single(self, id_: int) -> Json:
        """One of them."""
        if id_ not in self.entities:
            raise ApiError(404, "ENTITY_NOT_FOUND", f"{self.noun} {id_} not found")
        return self.writer.rows(self.table, None, [self.entities[id_]])[0]

    def schema(self) -> Json:
        """The schema."""
        return fields.schema(self.table)


Handler = TaskHandler | LookupHandler


def handler_of(entity: str, tasks: TaskHandler) -> Handler | None:
    """The handler of an entity, for the same caller; None where the portal has no such entity."""
    match entity:
        case "tasks":
            return tasks
        case "users":
            with tasks.world.reading():
                users = tasks.world.directory.users
            return LookupHandler("user", "user", users, fields.USERS, tasks.writer)
        case "workgroups":
            with tasks.world.reading():
                groups, table = tasks.world.directory.groups, fields.WORKGROUPS
            return LookupHandler("workgroup", "sonet_group", groups, table, tasks.writer)
        case _:
            return None


def api_error_of(refusal: InvalidValue | ReadOnlyField, quirks: Quirks) -> ApiError:
    """The HTTP answer to a value that the rules refused: BITRIX_ERROR or READONLY_FIELD (seeds)."""
    if isinstance(refusal, ReadOnlyField):
        return ApiError(400, "READONLY_FIELD", str(refusal))
    return ApiError(quirks.bad_value_status, "BITRIX_ERROR", str(refusal))


def _no_item() -> ApiError:
    """The answer for a comment or a time record of a deleted task (seed "Delete task")."""
    return ApiError(422, "BITRIX_ERROR", "ITEM_NOT_FOUND_OR_NOT_ACCESSIBLE")


def _nested(task: Task, number: int, part: Any) -> Json:
    values = {name: str(value) for name, value in part._asdict().items() if name != "service"}
    return {"id": f"{task.id}{number:03d}", "taskId": str(task.id), **values}
