"""The value of one field of a row, in every shape that contract 7 and 8 call possible.

Numbers come as strings or numbers, instants in any zone, nothing as null, "", "0", [] or {}.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from datetime import datetime
from typing import Any

from tasksync.core.fields import FieldKind, is_countable
from tasksync.core.manifest import MARKER_PREFIX
from tasksync.core.quoting import quoted
from tasksync.core.task import Activity

#: what every store can hold
LARGEST = 2**63 - 1
#: nothing where there must be something: the portal did not answer this field
NOT_SAID: Any = object()
#: nobody, in a list of people
_NOBODY: tuple[Any, ...] = ("", None, False)


class Irregular(ValueError):
    """A value that no documented shape covers."""


def to_number(raw: Any) -> int:
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


def to_count(raw: Any) -> int:
    """Nothing is 0."""
    return 0 if raw is None or raw is False or raw == "" else to_number(raw)


def _needed_number(raw: Any) -> Any:
    """Status and priority: nothing is no answer."""
    return NOT_SAID if raw is None or raw is False or raw == "" else to_number(raw)


def _status(raw: Any) -> Any:
    """Below 1 stand the views of a status (-1 overdue, -2 unseen): the real one is not said."""
    found = _needed_number(raw)
    return found if found is NOT_SAID or found > 0 else NOT_SAID


def _reference(raw: Any) -> int | None:
    """A group or parent: 0 and nothing are none."""
    if not raw or raw == "0":
        return None
    return to_number(raw) or None


def _person(raw: Any) -> Any:
    """Nobody is no answer: every task has a creator and a responsible."""
    return _reference(raw) or NOT_SAID


def to_text(raw: Any) -> str:
    """Nothing is an empty text; every end of line is a line feed."""
    if raw.__class__ is not str:
        if raw is None or raw is False:
            return ""
        if raw.__class__ is int or raw.__class__ is float:
            return str(raw)
        raise Irregular(quoted(raw))
    return raw.replace("\r\n", "\n").replace("\r", "\n") if "\r" in raw else str(raw)


def to_instant(raw: Any) -> str | None:
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


def to_people(raw: Any) -> Any:
    """A list of ids or of objects with ids, an object by id or by index, or a comma-joined text.

    Of an object the values count, since PHP writes a list with gaps as one (design 9); where a
    value names nobody (`true`, an object without an id), its key does.
    """
    if raw is NOT_SAID:
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
    return tuple(sorted({to_number(one) for one in ids if one not in _NOBODY} - {0}))


def _named(key: Any, one: Any) -> Any:
    """Return the person of one pair of an object: the value, or the key where that says yes."""
    says_yes = one is True or one in {"Y", "y"} if one.__class__ in {bool, str} else False
    if says_yes or (isinstance(one, Mapping) and "id" not in one and "ID" not in one):
        return key
    return one


def to_tags(raw: Any) -> tuple[str, ...]:
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


def without_markers(names: tuple[str, ...]) -> tuple[tuple[str, ...], tuple[str, ...]]:
    """Return the tags that people see, and the markers, which are compared without case."""
    found = sorted({bare for name in names if (bare := name.strip())})
    marked = {name: low for name in found if (low := name.lower()).startswith(MARKER_PREFIX)}
    return tuple(name for name in found if name not in marked), tuple(sorted({*marked.values()}))


def to_activity(counters: tuple[Any, Any, Any]) -> Activity | None:
    """Comments without Bitrix24's own, and logged seconds; None while it cannot be told.

    Null is 0, an absent counter is unknown, but Bitrix24's own comments absent are none (design
    6). One counter alone tells enough where it shows activity.
    """
    comments, own, logged = counters
    service = 0 if own is NOT_SAID else to_count(own)
    people = None if comments is NOT_SAID else max(0, to_count(comments) - service)
    seconds = None if logged is NOT_SAID else to_count(logged)
    if people is None or seconds is None:
        return Activity(people or 0, seconds or 0) if people or seconds else None
    return Activity(people, seconds)


READERS: dict[FieldKind, Callable[[Any], Any]] = {
    FieldKind.PERSON: _person,
    FieldKind.GROUP: _reference,
    FieldKind.PARENT: _reference,
    FieldKind.STATUS: _status,
    FieldKind.PRIORITY: _needed_number,
    FieldKind.INSTANT: to_instant,
    FieldKind.SECONDS: to_count,
}
