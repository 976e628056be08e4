"""How entities are written as rows: the one place where the form of a row is made.

All scalars are strings, instants stand in the portal's zone, dates that are not set are null
(seeds, contract 8.1-8.4).
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from datetime import tzinfo
from functools import cached_property, lru_cache
from typing import Any

from tasksync.sandbox.json_codec import Json
from tasksync.sandbox.model.directory import Directory
from tasksync.sandbox.model.fields import TASKS, Field, FieldTable, ValueKind, native
from tasksync.sandbox.model.gc_pause import gc_paused
from tasksync.sandbox.model.own_fields import BY_KEY, OwnField, written
from tasksync.sandbox.model.portal_clock import write_instant, zone_of
from tasksync.sandbox.model.quirk_values import (
    EmptyCounter,
    KeyCase,
    NumberFormat,
    PeopleData,
    PeopleIds,
    TagFormat,
)
from tasksync.sandbox.model.quirks import Quirks
from tasksync.sandbox.model.task import Task

#: (key, how to get the value, how to write it or None where it stands as it is)
Columns = Sequence[tuple[str, Callable[[Any], Any], Callable[[Any], Any] | None]]
_COUNTERS = {"commentsCount", "serviceCommentsCount", "timeSpentInLogs"}
_WHEN_NAMED = {ValueKind.TAGS, ValueKind.EXTRA}
#: What the vendor's full object also holds (contract 7), always the same here.
_CONSTANT: Json = {
    "mark": None,
    "multitask": "N",
    "notViewed": "N",
    "replicate": "N",
    "stageId": "0",
    "guid": None,
    "xmlId": None,
    "newCommentsCount": 0,
    "allowChangeDeadline": "Y",
    "allowTimeTracking": "N",
    "addInReport": "N",
    "forkedByTemplateId": None,
    "matchWorkTime": "N",
    "siteId": "s1",
    "subordinate": "N",
    "favorite": "N",
    "isMuted": "N",
    "isPinned": "N",
    "isPinnedInGroup": "N",
    "descriptionInBbcode": "Y",
    "durationFact": None,
    "durationType": "days",
}
_ACTIONS = ("complete", "start", "pause", "delegate", "remove", "edit", "defer", "changeDeadline")
_SINGLE: Json = {
    **_CONSTANT,
    "action": dict.fromkeys(_ACTIONS, True),
    "checklist": [],
    "checkListTree": {"nodeId": 0, "fields": {}, "action": [], "descendants": []},
}
_instant_text = lru_cache(maxsize=65_536)(write_instant)


class RowWriter:
    """Writes rows under these quirks; `tag_id` numbers the tags of an id-keyed map."""

    def __init__(
        self,
        quirks: Quirks,
        zone: tzinfo,
        tag_id: Callable[[str], int],
        directory: Directory | None = None,
    ) -> None:
        self.quirks, self.zone, self.tag_id = quirks, zone, tag_id
        self._directory = directory or Directory()
        self._tags_cache: dict[tuple[str, ...], Any] = {}

    def columns(self, table: FieldTable, select: Sequence[str] | None) -> Columns:
        """The columns of a listing; unknown names are left out, the id never is.

        Without `select` all fields but tags and the portal's own: those come only when they are
        named (contract 7 and 8.4).
        """
        usual = [n for n, one in table.items() if one.kind not in _WHEN_NAMED]
        wanted = select if select is not None else usual
        by_native = {field.native: field for field in table.values()}
        named = [table.get(name) or by_native.get(name) for name in ("id", *wanted)]
        columns = {field.name: field for field in named if field and self._shows(field)}
        return [
            (self.key(table, name), field.get, self._write(field))
            for name, field in columns.items()
        ]

    def rows(
        self, table: FieldTable, select: Sequence[str] | None, found: Sequence[Any]
    ) -> list[Json]:
        """One row an entity; made column by column, since a page may be 5 000 rows."""
        columns = self.columns(table, select)
        cells = [
            map(get, found) if write is None else map(write, map(get, found))
            for _, get, write in columns
        ]
        keys, more = [key for key, _, _ in columns], self._constants(table, select)
        with gc_paused():
            rows = [dict(zip(keys, row, strict=True)) for row in zip(*cells, strict=True)]
            return [row | more for row in rows] if more else rows

    def single(self, task: Task) -> Json:
        """The whole task, as get, create and update answer it (contract 2.2)."""
        return {
            **{key: write(get(task)) if write else get(task) for key, get, write in self._whole},
            **_SINGLE,
            **self._extra_keys(),
            "creator": self._directory.person(task.created_by),
            "responsible": self._directory.person(task.responsible_id),
            "accomplicesData": self._people(task.accomplices),
            "auditorsData": self._people(task.auditors),
            "group": self._group(task.group_id),
            **({"tags": self._tags(task.tags)} if self.quirks.tags_on_single else {}),
        }

    @cached_property
    def _whole(self) -> Columns:
        return self.columns(TASKS, None)

    def key(self, table: FieldTable, name: str) -> str:
        """A row's key: users may come in upper case (contract 11)."""
        upper = table is not TASKS and "email" in table and self.quirks.user_keys is KeyCase.UPPER
        return native(name) if upper else name

    def _shows(self, field: Field) -> bool:
        if field.kind is ValueKind.TAGS:
            return self.quirks.tags is not TagFormat.OMITTED
        if field.name == "serviceCommentsCount" and not self.quirks.service_counter:
            return False
        return self.quirks.counters or field.name not in _COUNTERS

    def _constants(self, table: FieldTable, select: Sequence[str] | None) -> Json:
        if table is not TASKS or select is not None:
            return self._extra_keys()
        return _CONSTANT | self._extra_keys()

    def _extra_keys(self) -> Json:
        return {"xFuture": {"beta": True}, "rowVersion": "7"} if self.quirks.extra_keys else {}

    def _write(self, field: Field) -> Callable[[Any], Any] | None:  # noqa: PLR0911 - a table
        if field.name in _COUNTERS:
            return self._counter(ints=self._ints(field.name))
        match field.kind:
            case ValueKind.NUMBER if not self._ints(field.name):
                return _text if field.nullable else str
            case ValueKind.INSTANT:
                zone = self._instants()
                return lambda at: None if at is None else _instant_text(at, zone)
            case ValueKind.PEOPLE:
                return self._person_ids
            case ValueKind.TAGS:
                return self._tags
            case ValueKind.FLAG:
                return lambda yes: "Y" if yes else "N"
            case ValueKind.EXTRA:
                return self._write_extra(BY_KEY[field.name])
            case _:
                return None

    def _write_extra(self, field: OwnField) -> Callable[[Any], Any]:
        zone = self._instants()
        return lambda value: written(field, value, lambda at: _instant_text(at, zone))

    def _counter(self, *, ints: bool) -> Callable[[Any], Any]:
        """A counter of nothing is null on live rows (contract 7), as is time nobody logged."""
        nothing = None if self.quirks.empty_counters is EmptyCounter.NULL else 0 if ints else "0"
        write = int if ints else str
        return lambda count: write(count) if count else nothing

    def _person_ids(self, ids: tuple[int, ...]) -> Any:
        found = list(ids) if self.quirks.numbers is NumberFormat.INTS else [str(id_) for id_ in ids]
        if self.quirks.people_ids is PeopleIds.INDEXED and found:
            return {str(position): id_ for position, id_ in enumerate(found)}
        return found

    def _ints(self, name: str) -> bool:
        numbers = self.quirks.numbers
        return numbers is NumberFormat.INTS or (numbers is NumberFormat.ONLY_IDS and name == "id")

    def _instants(self) -> tzinfo:
        return self.zone if self.quirks.instants == "portal" else zone_of(self.quirks.instants)

    def _tags(self, tags: tuple[str, ...]) -> Any:
        if tags not in self._tags_cache:
            self._tags_cache[tags] = self._written_tags(tags)
        return self._tags_cache[tags]

    def _written_tags(self, tags: tuple[str, ...]) -> Any:
        match self.quirks.tags:
            case TagFormat.COMMA:
                return ", ".join(tags)
            case TagFormat.OBJECTS:
                return [{"id": self.tag_id(tag), "title": tag} for tag in tags]
            case TagFormat.MAP if tags:
                numbered = {tag: self.tag_id(tag) for tag in tags}
                return {str(n): {"id": n, "title": tag} for tag, n in numbered.items()}
            case _:
                return list(tags)

    def _people(self, ids: tuple[int, ...]) -> Any:
        if self.quirks.people_data is PeopleData.MAP and ids:
            return {str(id_): self._directory.person(id_) for id_ in ids}
        return [self._directory.person(id_) for id_ in ids]

    def _group(self, id_: int) -> Any:
        """`group`: an object, or an empty list where there is none (contract 7)."""
        group = self._directory.groups.get(id_)
        return {"id": str(id_), "name": group.name, "opened": False} if group else []


def with_native_keys(row: Any) -> Any:
    """The same row with native keys (contract 3: rows of a batch may come so)."""
    return {native(key): value for key, value in row.items()} if isinstance(row, dict) else row


def _text(number: int | None) -> str | None:
    return None if number is None else str(number)
