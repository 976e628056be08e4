"""A row of the portal becomes a LiveTask.

Its keys come in camelCase (seeds) or UPPER_SNAKE (contract 13.2); unknown ones are left alone. A
value that no shape covers (`row_values`) makes its task unreadable (design 9), never the listing.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Collection, Iterable, Iterator, Mapping
from typing import Any

from tasksync.core.extra_fields import ExtraField
from tasksync.core.fields import FIELDS, FieldKind, RemoteId, Value
from tasksync.core.quoting import quoted
from tasksync.core.task import LiveTask
from tasksync.errors import PortalUnreadable
from tasksync.portal.row_values import (
    NOT_SAID,
    READERS,
    Irregular,
    to_activity,
    to_count,
    to_instant,
    to_number,
    to_people,
    to_tags,
    to_text,
    without_markers,
)
from tasksync.value_classes import replace

_COUNTERS = ("commentsCount", "serviceCommentsCount", "timeSpentInLogs")

#: what a listing asks for: `tags` come only when they are named (contract 8.4)
SELECT: tuple[str, ...] = ("id", *FIELDS, "createdDate", "changedDate", *_COUNTERS)

_UPPER = {re.sub(r"(?<!^)([A-Z])", r"_\1", name).upper(): name for name in SELECT}
#: how PHP writes nothing
_NOTHING: tuple[Any, ...] = ([], {})
#: what every task has
_ALWAYS = frozenset({"title", "status", "priority"})
#: so many values of a column are remembered
_REMEMBERED = 4096


class _Memo(dict[Any, Any]):
    """What a reader made of a value, once; nothing at all is NOT_SAID."""

    def __init__(self, read: Callable[[Any], Any]) -> None:
        super().__init__()
        self._read = read
        self.trim()

    def __missing__(self, raw: Any) -> Any:
        value = self[raw] = self._read(raw)
        return value

    def trim(self) -> None:
        """Forget values where there are too many to be worth it."""
        if len(self) > _REMEMBERED or not self:
            self.clear()
            self[NOT_SAID] = NOT_SAID


class Decoder:
    """Reads the rows of one listing; most values of a column repeat, so each is read once.

    A field that cannot be read is named in `unreadable` and missing in `fields`; PortalUnreadable
    is raised only where the row does not even tell which task it is.
    """

    def __init__(self, extras: Iterable[ExtraField] = ()) -> None:
        self._extras = tuple((one, (camel(one.name), one.name)) for one in extras)
        self._texts = _of_kinds(_TEXTS)
        self._scalars = tuple((name, _Memo(READERS[kind])) for name, kind in _of_kinds(_SCALARS))
        self._people = tuple((name, _Memo(to_people)) for name, _ in _of_kinds({FieldKind.PEOPLE}))
        self._tags = _Memo(without_markers)
        self._activity = _Memo(to_activity)

    def __call__(self, row: Any) -> LiveTask:
        """Return the task of one row."""
        if row.__class__ is not dict:
            raise _unreadable("a row is not an object")
        if "id" not in row and "ID" in row:
            row = {_UPPER.get(name, name): value for name, value in row.items()}
        remote = id_in(row)
        if remote is None or remote <= 0:
            raise _unreadable("a row without a usable id")
        return self._task(remote, row)

    def trim(self) -> None:
        """Forget what is not worth remembering; call it once a page."""
        for _, memo in (*self._scalars, *self._people):
            memo.trim()
        self._tags.trim()
        self._activity.trim()

    def _task(self, remote: int, row: dict[str, Any]) -> LiveTask:
        fields: dict[str, Value] = {}
        get = row.get
        name = ""
        try:
            for name, _ in self._texts:
                if name in row:
                    raw = row[name]
                    fields[name] = raw if raw.__class__ is str and "\r" not in raw else to_text(raw)
            for name, memo in self._scalars:
                value = memo[get(name, NOT_SAID)]
                if value is not NOT_SAID:
                    fields[name] = value
            for name, memo in self._people:
                raw = get(name, NOT_SAID)
                plain = raw.__class__ is list and (not raw or raw[0].__class__ is not dict)
                value = memo[tuple(raw)] if plain else to_people(raw)
                if value is not NOT_SAID:
                    fields[name] = value
            name = "tags"
            markers: tuple[str, ...] = ()
            if name in row:
                fields[name], markers = self._tags[to_tags(row[name])]
            name = "changedDate"
            changed = to_instant(get(name))
            name = "createdDate"
            created = to_instant(get(name))
            name = "commentsCount"
            activity = self._activity[tuple([get(one, NOT_SAID) for one in _COUNTERS])]
            if self._extras:
                fields |= self._extra_values(row)
        except (Irregular, ValueError, TypeError):
            return self._partly(remote, row)
        names = _names(row) if "responsible" in row or "creator" in row else ()
        return LiveTask(RemoteId(remote), fields, markers, activity, changed, created, names=names)

    def _extra_values(self, row: Mapping[str, Any]) -> Iterator[tuple[str, Value]]:
        """Yield the extra fields that a row answers, under either of their names."""
        for extra, names in self._extras:
            for name in names:
                if name in row:
                    yield extra.name, extra.read(row[name])
                    break

    def _partly(self, remote: int, row: dict[str, Any]) -> LiveTask:
        """Return a task of which a field cannot be read: all others, and which ones these are."""
        read: dict[str, Any] = {"id": remote}
        read |= {name: row[name] for name in ("responsible", "creator") if name in row}
        faults: list[str] = []
        for name in (one for one in SELECT if one != "id" and one in row):
            try:
                read[name] = _readable(name, row[name])
            except (Irregular, ValueError, TypeError) as fault:
                faults.append(f"{name}: {fault}")
        for extra, names in self._extras:
            for name in (one for one in names if one in row):
                try:
                    extra.read(row[name])
                    read[name] = row[name]
                except (ValueError, TypeError) as fault:
                    faults.append(f"{extra.name}: {fault}")
        return replace(self._task(remote, read), unreadable="; ".join(faults))


def _readable(name: str, raw: Any) -> Any:
    """Return a field in a shape that `Decoder` surely reads; raises where there is none."""
    kind = FIELDS[name].kind if name in FIELDS else None
    if kind is FieldKind.TAGS:
        return list(to_tags(raw))
    if kind is FieldKind.PEOPLE:
        return list(to_people(raw))
    if raw in _NOTHING and name not in _ALWAYS:
        return None
    if raw.__class__ in {list, dict}:
        raise Irregular(quoted(raw))
    if name in _COUNTERS:
        return to_count(raw)
    if kind is None:
        return to_instant(raw)
    to_text(raw) if kind is FieldKind.TEXT else READERS[kind](raw)
    return raw


def live_task(row: Any, extras: Iterable[ExtraField] = ()) -> LiveTask:
    """Return the task of one row; see `Decoder` for what cannot be read."""
    return Decoder(extras)(row)


def camel(name: str) -> str:
    """Return ufCrmTask for UF_CRM_TASK: how rows name it (contract 7)."""
    first, *rest = name.lower().split("_")
    return first + "".join(part.capitalize() for part in rest)


def tags_were_sent(row: Mapping[str, Any]) -> bool:
    """Tell whether a row carries tags at all, be they empty."""
    return "tags" in row or "TAGS" in row


def id_in(row: Any) -> int | None:
    """Return the id of a row without reading the rest, or None."""
    if not isinstance(row, dict):
        return None
    try:
        return to_number(row.get("id", row.get("ID")))
    except Irregular:
        return None


def _unreadable(what: str) -> PortalUnreadable:
    return PortalUnreadable(
        f"The portal's answer cannot be used: {what}.",
        "Nothing was written. If it stays so, please report it with this line.",
    )


def _names(row: Mapping[str, Any]) -> tuple[tuple[int, str], ...]:
    """The names that stand beside the ids in answers of one task (create seed)."""
    found: dict[int, str] = {}
    for name in ("responsible", "creator"):
        person = row.get(name)
        if person.__class__ is dict and isinstance(person.get("name"), str):
            remote = id_in(person)
            if remote:
                found[remote] = person["name"]
    return tuple(found.items())


_SCALARS = frozenset(READERS)
_TEXTS = frozenset({FieldKind.TEXT})


def _of_kinds(kinds: Collection[FieldKind]) -> tuple[tuple[str, FieldKind], ...]:
    return tuple((name, one.kind) for name, one in FIELDS.items() if one.kind in kinds)
