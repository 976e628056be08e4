"""A row of the portal becomes a LiveTask: every shape that contract 7 and 8 call possible.

Numbers come as strings or numbers, instants in any zone, nothing as null, "", "0", [] or {},
keys in camelCase (seeds) or UPPER_SNAKE (contract 13.2). Unknown keys are left alone. A value
that no shape covers makes its task unreadable (design 9), never the listing.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Collection, Mapping
from dataclasses import replace
from datetime import datetime
from typing import Any

from tasksync.core.fields import FIELDS, FieldKind, RemoteId, Value, is_countable
from tasksync.core.manifest import MARKER_PREFIX
from tasksync.core.quoting import quoted
from tasksync.core.task import Activity, LiveTask
from tasksync.errors import PortalUnreadable

#: what every store can hold
LARGEST = 2**63 - 1
_COUNTERS = ("commentsCount", "serviceCommentsCount", "timeSpentInLogs")

#: what a listing asks for: `tags` come only when they are named (contract 8.4)
SELECT: tuple[str, ...] = ("id", *FIELDS, "createdDate", "changedDate", *_COUNTERS)

_UPPER = {re.sub(r"(?<!^)([A-Z])", r"_\1", name).upper(): name for name in SELECT}
#: nothing where there must be something: the portal did not answer this field
_NOT_SAID: Any = object()
#: how PHP writes nothing
_NOTHING: tuple[Any, ...] = ([], {})
#: what every task has
_ALWAYS = frozenset({"title", "status", "priority"})
#: nobody, in a list of people
_NOBODY: tuple[Any, ...] = ("", None, False)
#: so many values of a column are remembered
_REMEMBERED = 4096


class Irregular(ValueError):
    """A value that no documented shape covers."""


class _Memo(dict[Any, Any]):
    """What a reader made of a value, once; nothing at all is _NOT_SAID."""

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
            self[_NOT_SAID] = _NOT_SAID


class Decoder:
    """Reads the rows of one listing; most values of a column repeat, so each is read once.

    A field that cannot be read is named in `unreadable` and missing in `fields`; PortalUnreadable
    is raised only where the row does not even tell which task it is.
    """

    def __init__(self) -> None:
        self._texts = _of_kinds(_TEXTS)
        self._scalars = tuple((name, _Memo(_READERS[kind])) for name, kind in _of_kinds(_SCALARS))
        self._people = tuple((name, _Memo(_people)) for name, _ in _of_kinds({FieldKind.PEOPLE}))
        self._tags = _Memo(_parted)
        self._activity = _Memo(_activity)

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
                    fields[name] = raw if raw.__class__ is str and "\r" not in raw else _text(raw)
            for name, memo in self._scalars:
                value = memo[get(name, _NOT_SAID)]
                if value is not _NOT_SAID:
                    fields[name] = value
            for name, memo in self._people:
                raw = get(name, _NOT_SAID)
                plain = raw.__class__ is list and (not raw or raw[0].__class__ is not dict)
                value = memo[tuple(raw)] if plain else _people(raw)
                if value is not _NOT_SAID:
                    fields[name] = value
            name = "tags"
            markers: tuple[str, ...] = ()
            if name in row:
                fields[name], markers = self._tags[_tags(row[name])]
            name = "changedDate"
            changed = _instant(get(name))
            name = "createdDate"
            created = _instant(get(name))
            name = "commentsCount"
            activity = self._activity[tuple([get(one, _NOT_SAID) for one in _COUNTERS])]
        except (Irregular, ValueError, TypeError):
            return self._partly(remote, row)
        names = _names(row) if "responsible" in row or "creator" in row else ()
        return LiveTask(RemoteId(remote), fields, markers, activity, changed, created, names=names)

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
        return replace(self._task(remote, read), unreadable="; ".join(faults))


def _readable(name: str, raw: Any) -> Any:
    """Return a field in a shape that `Decoder` surely reads; raises where there is none."""
    kind = FIELDS[name].kind if name in FIELDS else None
    if kind is FieldKind.TAGS:
        return list(_tags(raw))
    if kind is FieldKind.PEOPLE:
        return list(_people(raw))
    if raw in _NOTHING and name not in _ALWAYS:
        return None
    if raw.__class__ in {list, dict}:
        raise Irregular(quoted(raw))
    if name in _COUNTERS:
        return _count(raw)
    if kind is None:
        return _instant(raw)
    _text(raw) if kind is FieldKind.TEXT else _READERS[kind](raw)
    return raw


def live_task(row: Any) -> LiveTask:
    """Return the task of one row; see `Decoder` for what cannot be read."""
    return Decoder()(row)


def tags_were_sent(row: Mapping[str, Any]) -> bool:
    """Tell whether a row carries tags at all, be they empty."""
    return "tags" in row or "TAGS" in row


def id_in(row: Any) -> int | None:
    """Return the id of a row without reading the rest, or None."""
    if not isinstance(row, dict):
        return None
    try:
        return _number(row.get("id", row.get("ID")))
    except Irregular:
        return None


def _unreadable(what: str) -> PortalUnreadable:
    return PortalUnreadable(
        f"The portal's answer cannot be used: {what}.",
        "Nothing was written. If it stays so, please report it with this line.",
    )


def _number(raw: Any) -> int:
    """Return a whole number of at most 63 bits: what every store can hold."""
    if raw.__class__ is int or (raw.__class__ is float and raw.is_integer()):
        found = int(raw)
    elif raw.__class__ is str:
        try:
            found = int(raw)
        except ValueError as fault:
            raise Irregular(quoted(raw)) from fault
    else:
        raise Irregular(quoted(raw))
    if abs(found) > LARGEST:
        msg = f"a number of more than 63 bits: {str(raw)[:40]}"
        raise Irregular(msg)
    return found


def _count(raw: Any) -> int:
    """Nothing is 0."""
    return 0 if raw is None or raw is False or raw == "" else _number(raw)


def _needed_number(raw: Any) -> Any:
    """Status and priority: nothing is no answer."""
    return _NOT_SAID if raw is None or raw is False or raw == "" else _number(raw)


def _status(raw: Any) -> Any:
    """Below 1 stand the views of a status (-1 overdue, -2 unseen): the real one is not said."""
    found = _needed_number(raw)
    return found if found is _NOT_SAID or found > 0 else _NOT_SAID


def _reference(raw: Any) -> int | None:
    """A group or parent: 0 and nothing are none."""
    if not raw or raw == "0":
        return None
    return _number(raw) or None


def _person(raw: Any) -> Any:
    """Nobody is no answer: every task has a creator and a responsible."""
    return _reference(raw) or _NOT_SAID


def _text(raw: Any) -> str:
    if raw.__class__ is not str:
        if raw is None or raw is False:
            return ""
        if raw.__class__ is int or raw.__class__ is float:
            return str(raw)
        raise Irregular(quoted(raw))
    return raw.replace("\r\n", "\n").replace("\r", "\n") if "\r" in raw else str(raw)


def _instant(raw: Any) -> str | None:
    """ISO 8601 with an offset; fractions are dropped, Z becomes +00:00 (contract 8.2).

    Zeros are how MySQL writes no date.
    """
    if not raw or (raw.__class__ is str and raw.startswith("0000-00-00")):
        return None
    if raw.__class__ is not str:
        raise Irregular(quoted(raw))
    try:
        found = datetime.fromisoformat(raw)
    except ValueError as fault:
        raise Irregular(quoted(raw)) from fault
    if found.tzinfo is None:
        msg = f"{quoted(raw)} has no offset"
        raise Irregular(msg)
    if not is_countable(found):
        msg = f"{quoted(raw)} is further off than dates can be counted"
        raise Irregular(msg)
    if len(raw) == 25 and raw[10] == "T":  # noqa: PLR2004 - it is in normal form already
        return str(raw)
    return found.isoformat(timespec="seconds")


def _people(raw: Any) -> Any:
    """A list of ids or of objects with ids, an object by id or by index, or a comma-joined text.

    Of an object the values count, since PHP writes a list with gaps as one (design 9); where a
    value names nobody (`true`, an object without an id), its key does.
    """
    if raw is _NOT_SAID:
        return raw
    if not raw:
        return ()
    if isinstance(raw, str):
        raw = raw.split(",")
    if isinstance(raw, Mapping):
        raw = [_named(key, one) for key, one in raw.items()]
    if not isinstance(raw, list | tuple):
        raise Irregular(quoted(raw))
    ids = (one.get("id", one.get("ID")) if isinstance(one, Mapping) else one for one in raw)
    return tuple(sorted({_number(one) for one in ids if one not in _NOBODY} - {0}))


def _named(key: Any, one: Any) -> Any:
    """Return the person of one pair of an object: the value, or the key where that says yes."""
    says_yes = one is True or one in {"Y", "y"} if one.__class__ in {bool, str} else False
    if says_yes or (isinstance(one, Mapping) and "id" not in one and "ID" not in one):
        return key
    return one


def _tags(raw: Any) -> tuple[str, ...]:
    """A list of names or objects, an object by tag id, or a comma-joined text (contract 8.4)."""
    if not raw:
        return ()
    if raw.__class__ is dict:
        raw = list(raw.values())
    if raw.__class__ is str:
        raw = raw.split(",")
    elif raw.__class__ is not list:
        raise Irregular(quoted(raw))
    return tuple([one if one.__class__ is str else _tag(one) for one in raw])


def _tag(one: Any) -> str:
    if one.__class__ is dict:
        if "title" in one and one["title"].__class__ is str:
            return str(one["title"])
        one = next((one[key] for key in ("title", "name", "TITLE", "NAME") if key in one), one)
    if one.__class__ is str:
        return str(one)
    raise Irregular(quoted(one))


def _parted(names: tuple[str, ...]) -> tuple[tuple[str, ...], tuple[str, ...]]:
    """Return the tags that people see, and the markers, which are compared without case."""
    found = sorted({bare for name in names if (bare := name.strip())})
    marked = {name: low for name in found if (low := name.lower()).startswith(MARKER_PREFIX)}
    return tuple(name for name in found if name not in marked), tuple(sorted({*marked.values()}))


def _activity(counters: tuple[Any, Any, Any]) -> Activity | None:
    """Comments without Bitrix24's own, and logged seconds; None while it cannot be told.

    Null is 0, an absent counter is unknown, but Bitrix24's own comments absent are none (design
    6). One counter alone tells enough where it shows activity.
    """
    comments, own, logged = counters
    service = 0 if own is _NOT_SAID else _count(own)
    people = None if comments is _NOT_SAID else max(0, _count(comments) - service)
    seconds = None if logged is _NOT_SAID else _count(logged)
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


_READERS: dict[FieldKind, Callable[[Any], Any]] = {
    FieldKind.PERSON: _person,
    FieldKind.GROUP: _reference,
    FieldKind.PARENT: _reference,
    FieldKind.STATUS: _status,
    FieldKind.PRIORITY: _needed_number,
    FieldKind.INSTANT: _instant,
    FieldKind.SECONDS: _count,
}
_SCALARS = frozenset(_READERS)
_TEXTS = frozenset({FieldKind.TEXT})


def _of_kinds(kinds: Collection[FieldKind]) -> tuple[tuple[str, FieldKind], ...]:
    return tuple((name, one.kind) for name, one in FIELDS.items() if one.kind in kinds)
