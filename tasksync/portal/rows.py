"""A row of the portal becomes a LiveTask: every shape that contract 7 and 8 call possible.

Numbers come as strings or numbers, instants in any zone, nothing as null, "", "0", [] or {},
keys in camelCase (seeds) or UPPER_SNAKE (contract 13.2). Unknown keys are left alone.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from datetime import datetime
from typing import Any

from tasksync.core.fields import FIELDS, Kind, RemoteId, Value
from tasksync.core.manifest import MARKER_PREFIX
from tasksync.core.task import Activity, LiveTask
from tasksync.errors import PortalUnreadable

_COUNTERS = ("commentsCount", "serviceCommentsCount", "timeSpentInLogs")

#: what a listing asks for: `tags` come only when they are named (contract 8.4)
SELECT: tuple[str, ...] = ("id", *FIELDS, "changedDate", *_COUNTERS)

_UPPER = {re.sub(r"(?<!^)([A-Z])", r"_\1", name).upper(): name for name in SELECT}
_NOT_THERE = object()


class Odd(ValueError):
    """A value that no documented shape covers."""


def live_task(row: Any) -> LiveTask:
    """Return the task of one row; raises PortalUnreadable naming task and field."""
    if not isinstance(row, dict):
        raise _unreadable("a row is not an object")
    if "id" not in row and "ID" in row:
        row = {_UPPER.get(name, name): value for name, value in row.items()}
    try:
        remote = _number(row["id"])
    except (KeyError, Odd) as fault:
        raise _unreadable("a row without a usable id") from fault
    return _live_task(remote, row)


def tags_were_sent(row: Mapping[str, Any]) -> bool:
    """Tell whether a row carries tags at all, be they empty."""
    return "tags" in row or "TAGS" in row


def id_in(row: Any) -> int | None:
    """Return the id of a row without reading the rest, or None."""
    if not isinstance(row, dict):
        return None
    try:
        return _number(row.get("id", row.get("ID")))
    except Odd:
        return None


def _live_task(remote: int, row: dict[str, Any]) -> LiveTask:
    if remote <= 0:
        raise _unreadable("a row without a usable id")
    fields: dict[str, Value] = {}
    get = row.get
    name = ""
    try:
        for name, read, needed in _TABLE:
            raw = get(name, _NOT_THERE)
            if raw is not _NOT_THERE:
                value = read(raw)
                if value is not None or not needed:
                    fields[name] = value
        name = "tags"
        raw = get(name, _NOT_THERE)
        markers: tuple[str, ...] = ()
        if raw is not _NOT_THERE:
            fields[name], markers = _parted(_tags(raw)) if raw else ((), ())
        name = "changedDate"
        changed = _instant(get(name))
        name = "commentsCount"
        activity = _activity(row) if name in row or "timeSpentInLogs" in row else None
    except (Odd, ValueError) as fault:
        what = f"task {remote} has a {name} that cannot be read ({fault})"
        raise _unreadable(what) from fault
    return LiveTask(RemoteId(remote), fields, markers, activity, changed, _names(row))


def _unreadable(what: str) -> PortalUnreadable:
    return PortalUnreadable(
        f"The portal's answer cannot be used: {what}.",
        "Nothing was written. If it stays so, please report it with this line.",
    )


def _number(raw: Any) -> int:
    if raw.__class__ is int:
        return int(raw)
    if raw.__class__ is str:
        try:
            return int(raw)
        except ValueError as fault:
            raise Odd(repr(raw[:40])) from fault
    if isinstance(raw, float) and raw.is_integer():
        return int(raw)
    raise Odd(repr(raw)[:40])


def _count(raw: Any) -> int:
    """Nothing is 0."""
    return 0 if raw is None or raw == "" else _number(raw)


def _needed_number(raw: Any) -> int | None:
    """Status and priority: nothing is no answer."""
    return None if raw is None or raw == "" else _number(raw)


def _reference(raw: Any) -> int | None:
    """A person, group or parent: 0 and nothing are none."""
    if not raw or raw == "0":
        return None
    return _number(raw) or None


def _text(raw: Any) -> str:
    if raw.__class__ is not str:
        if raw is None:
            return ""
        if raw.__class__ is int or raw.__class__ is float:
            return str(raw)
        raise Odd(repr(raw)[:40])
    return raw.replace("\r\n", "\n").replace("\r", "\n") if "\r" in raw else str(raw)


def _instant(raw: Any) -> str | None:
    """ISO 8601 with an offset; fractions are dropped, Z becomes +00:00 (contract 8.2)."""
    if not raw:
        return None
    if raw.__class__ is not str:
        raise Odd(repr(raw)[:40])
    try:
        found = datetime.fromisoformat(raw)
    except ValueError as fault:
        raise Odd(repr(raw[:40])) from fault
    if found.tzinfo is None:
        msg = f"{raw[:40]!r} has no offset"
        raise Odd(msg)
    if len(raw) == 25 and raw[10] == "T":  # noqa: PLR2004 - it is in normal form already
        return str(raw)
    return found.isoformat(timespec="seconds")


def _people(raw: Any) -> tuple[int, ...]:
    """A list of ids, an object by id, objects with ids, or a comma-joined text."""
    if not raw:
        return ()
    if isinstance(raw, str):
        raw = raw.split(",")
    if isinstance(raw, Mapping):
        raw = [one if isinstance(one, Mapping) else key for key, one in raw.items()]
    if not isinstance(raw, list):
        raise Odd(repr(raw)[:40])
    ids = (one.get("id", one.get("ID")) if isinstance(one, Mapping) else one for one in raw)
    return tuple(sorted({_number(one) for one in ids} - {0}))


def _tags(raw: Any) -> list[str]:
    """A list of names or objects, an object by tag id, or a comma-joined text (contract 8.4)."""
    if isinstance(raw, str):
        raw = raw.split(",")
    elif isinstance(raw, Mapping):
        raw = list(raw.values())
    elif not isinstance(raw, list):
        raise Odd(repr(raw)[:40])
    return [name for one in raw if (name := _tag(one))]


def _tag(one: Any) -> str:
    if isinstance(one, Mapping):
        one = next((one[key] for key in ("title", "name", "TITLE", "NAME") if key in one), one)
    if isinstance(one, str):
        return one.strip()
    raise Odd(repr(one)[:40])


def _parted(names: list[str]) -> tuple[tuple[str, ...], tuple[str, ...]]:
    """Return the tags that people see, and the markers."""
    if len(names) == 1 and names[0].startswith(MARKER_PREFIX):
        return (), (names[0],)
    found = sorted(set(names))
    return (
        tuple(name for name in found if not name.startswith(MARKER_PREFIX)),
        tuple(name for name in found if name.startswith(MARKER_PREFIX)),
    )


def _activity(row: Mapping[str, Any]) -> Activity | None:
    """Comments without Bitrix24's own, and logged seconds; None while it cannot be told.

    One counter alone tells enough where it shows activity.
    """
    comments, own = (_needed_number(row.get(name)) for name in _COUNTERS[:2])
    if comments and own is None:
        comments = None
    seconds = _count(row["timeSpentInLogs"]) if "timeSpentInLogs" in row else None
    people = None if comments is None else max(0, comments - (own or 0))
    if people is None or seconds is None:
        return Activity(people or 0, seconds or 0) if people or seconds else None
    return Activity(people, seconds)


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


_READERS: dict[Kind, tuple[Callable[[Any], Value], bool]] = {
    Kind.TEXT: (_text, True),
    Kind.PERSON: (_reference, True),
    Kind.GROUP: (_reference, False),
    Kind.PARENT: (_reference, False),
    Kind.STATUS: (_needed_number, True),
    Kind.PRIORITY: (_needed_number, True),
    Kind.INSTANT: (_instant, False),
    Kind.SECONDS: (_count, True),
    Kind.PEOPLE: (_people, True),
}

#: field, how it is read, and whether nothing means that it was not answered
_TABLE: tuple[tuple[str, Callable[[Any], Value], bool], ...] = tuple(
    (name, *_READERS[one.kind]) for name, one in FIELDS.items() if one.kind is not Kind.TAGS
)
