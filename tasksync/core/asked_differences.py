"""What two plans ask, held against each other: the documents under their digests, change by change.

Only what differs is looked into, and only as much of it as is to be shown: two plans of 10 000
changes each are told apart at once.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from enum import Enum
from typing import cast

from tasksync.core.diff import steps
from tasksync.core.formats.json_text import canonical
from tasksync.errors import PlanUnusable
from tasksync.value_classes import dataclass

Item = Mapping[str, object]
#: what is told change by change, key by key; all else is of the whole plan
_ONE_BY_ONE = frozenset({"changes", "moved"})
#: of the whole plan, but not of each of its changes: it is asked once more, and a rest is not
_AGAIN = "again"
#: what the options of a change are called, in the order in which its document lists them
_OPTIONS = ("protect", "onRemove", "ignoreChanges", "adopt", "fieldPolicy")


class Absent(Enum):
    """Stands for a value where there is none."""

    ABSENT = "absent"


ABSENT = Absent.ABSENT


@dataclass(frozen=True, slots=True)
class AskedDifference:
    """One thing that is asked otherwise than it was approved.

    `name` is a field of the task `key`, or an option (`protect`); without a key it is of the whole
    plan (`policy.maxDelete`, `moved`, `again`). Without a name the sides are whole changes: they do
    another thing, or one of them is ABSENT.
    """

    key: str
    name: str
    approved: object
    now: object
    is_field: bool = False


@dataclass(frozen=True, slots=True)
class AskedDifferences:
    """The first differences, and how many changes more differ."""

    shown: tuple[AskedDifference, ...]
    more: int


def items_of(document: Item) -> dict[str, Item]:
    """Return the changes of a document by key; raises PlanUnusable for what is no document."""
    changes = document.get("changes")
    items: dict[str, Item] = {}
    for one in changes if isinstance(changes, list) else (None,):
        key = one.get("key") if isinstance(one, Mapping) else None
        if not isinstance(key, str) or key in items:
            raise PlanUnusable(
                "What was approved is no plan that this tasksync can read.",
                "Publish the plan again, and have it approved.",
            )
        items[key] = cast("Item", one)
    return items


def is_part_of(now: Item, approved: Item) -> bool:
    """Tell whether everything that is asked now was approved: the rest of it was done already."""
    before = items_of(approved)
    moved, moves = (_list(one.get("moved")) for one in (now, approved))
    return (
        all(_same(*pair) for name, *pair in _whole(approved, now) if name != _AGAIN)
        and all(pair in moves for pair in moved)
        and all(_same(before.get(key), item) for key, item in items_of(now).items())
    )


def asked_differences(approved: Item, now: Item, limit: int) -> AskedDifferences:
    """Return what differs: of the whole plan first, then of at most `limit` changes by key."""
    before, after = items_of(approved), items_of(now)
    keys = [key for key in sorted({*before, *after}) if not _same(before.get(key), after.get(key))]
    shown = list(_of_the_whole(approved, now))
    for key in keys[:limit]:
        shown += _of_change(key, before.get(key), after.get(key))
    return AskedDifferences(tuple(shown), len(keys[limit:]))


def _whole(approved: Item, now: Item) -> Iterator[tuple[str, object, object]]:
    """Yield by name what both say of the whole plan, whatever a later tasksync says there."""
    for name in sorted({*approved, *now} - _ONE_BY_ONE):
        yield name, approved.get(name), now.get(name)


def _same(approved: object, now: object) -> bool:
    """Tell whether two values are one under a digest: to Python 1 is True, and 1.0 too."""
    return approved == now and canonical(approved) == canonical(now)


def _of_the_whole(approved: Item, now: Item) -> Iterator[AskedDifference]:
    names = [name for name, *pair in _whole(approved, now) if not _same(*pair)]
    left, right = ({name: one.get(name) for name in names} for one in (approved, now))
    for path in steps(left, right, depth=2):
        yield AskedDifference(
            "", ".".join(map(str, path)), _value(approved, path), _value(now, path)
        )
    moves = [{canonical(pair): pair for pair in _list(one.get("moved"))} for one in (approved, now)]
    for told in sorted(moves[0].keys() ^ moves[1].keys()):
        sides = [one.get(told, ABSENT) for one in moves]
        yield AskedDifference("", "moved", sides[0], sides[1])


def _of_change(key: str, approved: Item | None, now: Item | None) -> Iterator[AskedDifference]:
    paths: tuple[tuple[str | int, ...], ...] = ()
    if approved is not None and now is not None and approved.get("action") == now.get("action"):
        paths = steps(approved, now, depth=2)
    if not paths:  # one of them is absent or does another thing; and deepdiff takes [1] for [True]
        sides = [ABSENT if one is None else one for one in (approved, now)]
        yield AskedDifference(key, "", sides[0], sides[1])
        return
    for path in paths:
        values = [_value(one, path) for one in (approved, now)]
        of_field = path[0] == "after"
        yield AskedDifference(key, _name(path), values[0], values[1], is_field=of_field)


def _name(path: Sequence[str | int]) -> str:
    match path:
        case ("after", name):
            return str(name)
        case ("options", int(at)) if at < len(_OPTIONS):
            return _OPTIONS[at]
    return str(path[0])


def _value(item: object, path: Sequence[str | int]) -> object:
    for step in path:
        if isinstance(item, Mapping):
            item = cast("Item", item).get(str(step), ABSENT)
        elif isinstance(item, list) and isinstance(step, int) and step < len(item):
            item = item[step]
        else:
            return ABSENT
    return item


def _list(value: object) -> list[object]:
    return value if isinstance(value, list) else []
