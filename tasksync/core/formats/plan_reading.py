"""Reading a plan file: plain JSON data, checked, into the values it stands for."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from typing import TypeAlias, TypeVar

from tasksync.core.change import Action, Change, FieldChange, Reason
from tasksync.core.fields import FIELDS, FieldKind, RemoteId, TaskKey, Value, from_plain, is_instant
from tasksync.core.formats.plan_text import not_a_plan
from tasksync.core.manifest import Policy, Threshold
from tasksync.core.plan import Drift, Duplicate, Hidden, Orphan, Plan, Standing
from tasksync.core.quoting import kind_of, quoted
from tasksync.core.state import fingerprint_in
from tasksync.core.task import Activity, OnRemove, Options, Place

Json: TypeAlias = Mapping[str, object]
T = TypeVar("T")
#: what every store can count to
LARGEST = 2**63 - 1
_ID = re.compile(r"[0-9]{1,19}", re.ASCII)


def items(document: Json) -> tuple[list[object], list[object]]:
    """Return the raw changes and quiet changes of a document."""
    return _list(document, "resource_changes"), _list(document, "quiet")


def plan_of(document: Json) -> Plan:
    """Return the plan that a checked document holds; raises PlanUnusable."""
    try:
        return _plan(document)
    except (ArithmeticError, LookupError, TypeError, ValueError) as error:
        why = f"{error.args[0]} is missing" if isinstance(error, KeyError) else str(error)
        raise not_a_plan(why) from error


def _plan(document: Json) -> Plan:
    levels = _levels(document)
    marker = document["marker"]
    sources = {
        TaskKey(key): fingerprint_in(_is(one, str))
        for key, one in _object(document, "blocks").items()
    }
    plan = Plan(
        project=_text(document, "project"),
        portal=_text(document, "portal"),
        lineage=_text(document, "lineage"),
        serial=_count(document, "serial"),
        levels=levels,
        state_only=tuple(_change(item) for item in _objects(document, "quiet")),
        drift=tuple(one for item in _objects(document, "resource_drift") for one in _drift(item)),
        standing=tuple(map(_standing, _objects({"standing": [], **document}, "standing"))),
        duplicates=tuple(
            Duplicate(_key(item, "key"), _id(item, "id"), _id(item, "twin"), _text(item, "title"))
            for item in _objects(document, "twins")
        ),
        orphans=tuple(
            Orphan(_id(item, "id"), _text(item, "title"), _count(item, "responsible"))
            for item in _objects(document, "strays")
        ),
        hidden=tuple(
            Hidden(_key(item, "key"), _id(item, "id"), _is(item["waits"], bool))
            for item in _objects(document, "hidden")
        ),
        other_owner=_text(document, "other_owner"),
        renames=tuple(_pairs(document, "renames")),
        moved=tuple(_pairs(document, "moved")),
        in_doubt=tuple(TaskKey(key) for key in _texts(document, "in_doubt")),
        unchanged=_count(document, "unchanged"),
        tracked=_count(document, "tracked"),
        wanted=_count(document, "wanted"),
        vanished=_count(document, "vanished"),
        files=_texts(document, "files"),
        spent=_number({"spent": 0, **document}, "spent"),
        remembered=_texts(document, "remembered" if "remembered" in document else "files"),
        marker=None if marker is None else _is(marker, str),
        names=tuple(
            (_number(item, "id"), _text(item, "name")) for item in _objects(document, "names")
        ),
        partial=_is(document["partial"], bool),
        narrowed=_texts({"narrowed": [], **document}, "narrowed"),
        left_out=_count({"left_out": 0, **document}, "left_out"),
        policy=_policy(_object(document, "policy")),
        unread=_texts(document, "unread"),
        destroy=_is(document["destroy"], bool),
    )
    return plan.with_sources(sources)


def _levels(document: Json) -> tuple[tuple[Change, ...], ...]:
    """Return the changes in their levels, of which none is empty."""
    changes = list(_objects(document, "resource_changes"))
    count = _count(document, "levels")
    if count > len(changes):
        msg = f"levels is {count}, more than the changes that it holds ({len(changes)})"
        raise ValueError(msg)
    levels: list[list[Change]] = [[] for _ in range(count)]
    for item in changes:
        level = _count(item, "level")
        if level >= count:
            msg = f"a change is of level {level}, and levels is {count}"
            raise ValueError(msg)
        levels[level].append(_change(item))
    return tuple(map(tuple, levels))


def _policy(data: Json) -> Policy:
    allowed, update = data["allowDelete"], data["maxUpdate"]
    return Policy(
        max_delete=_limit(_text(data, "maxDelete")),
        max_update=None if update is None else _limit(_text(data, "maxUpdate")),
        max_vanished=_limit(_text(data, "maxVanished")),
        on_remove=OnRemove(_text(data, "onRemove")),
        marker=_is(data["marker"], bool),
        allow_delete=None if allowed is None else _number(data, "allowDelete"),
        allow_reason=_text({"allowReason": "", **data}, "allowReason"),
        hold_unknown=data.get("unknownActivity") == "hold",
    )


def _limit(text: str) -> Threshold:
    found = Threshold.read(text)
    if found is None:
        msg = f"{quoted(text)} is no limit"
        raise ValueError(msg)
    return found


def _change(item: Json) -> Change:
    change, activity = _object(item, "change"), item["activity"]
    place, remote, responsible = item["source"], item["id"], item["responsible"]
    return Change(
        key=_key(item, "key"),
        action=Action(_texts(change, "actions")[0]),
        reason=Reason(_text(item, "action_reason")),
        id=None if remote is None else _id(item, "id"),
        fields=tuple(_fields(item, change)),
        sent_together=_values(item, "along"),
        asked=_values(item, "asked"),
        normalised=_values(item, "made"),
        options=_options(_object(item, "options")),
        protected=_is(item["protected"], bool),
        title=_text(item, "title"),
        place=None if place is None else _place(_object(item, "source")),
        markers=_texts(item, "markers"),
        activity=None if activity is None else _activity(_object(item, "activity")),
        responsible=None if responsible is None else _number(item, "responsible"),
        base_digest=_text(item, "seen"),
        forms=_values({"forms": {}, **item}, "forms"),
        edited=_texts(item, "edited"),
        created=_text(item, "created"),
    )


def _fields(item: Json, change: Json) -> Iterator[FieldChange]:
    before, after = change["before"] or {}, change["after"] or {}
    drifted = frozenset(_texts(item, "drifted"))
    for name in _texts(item, "fields"):
        old, new = _is(before, dict).get(name), _is(after, dict).get(name)
        yield FieldChange(name, _value(name, old), _value(name, new), name in drifted)


def _drift(item: Json) -> Iterator[Drift]:
    change = _object(item, "change")
    before, after = _object(change, "before"), _object(change, "after")
    for name in _texts(item, "fields"):
        values = _value(name, before[name]), _value(name, after[name])
        yield Drift(_key(item, "key"), _id(item, "id"), name, *values)


def _standing(item: Json) -> Standing:
    name = _text(item, "field")
    values = _value(name, item["wanted"]), _value(name, item["found"])
    return Standing(_key(item, "key"), _id(item, "id"), name, *values)


def _options(data: Json) -> Options:
    remove, adopt = data["onRemove"], data["adopt"]
    protect = data["protect"]
    return Options(
        protect=None if protect is None else _is(protect, bool),
        on_remove=None if remove is None else OnRemove(_is(remove, str)),
        ignore_changes=_texts(data, "ignoreChanges"),
        adopt=None if adopt is None else RemoteId(_number(data, "adopt")),
    )


def _place(data: Json) -> Place:
    return Place(_text(data, "file"), _number(data, "line"), _number(data, "column"))


def _activity(data: Json) -> Activity:
    return Activity(_number(data, "comments"), _number(data, "seconds"))


def _values(item: Json, name: str) -> dict[str, Value]:
    return {field: _value(field, value) for field, value in _object(item, name).items()}


def _value(name: str, value: object) -> Value:
    if name not in FIELDS:
        msg = f"{quoted(name)} is no field of a task"
        raise ValueError(msg)
    if isinstance(value, str) and FIELDS[name].kind is FieldKind.INSTANT and not is_instant(value):
        msg = f"{name} cannot be {quoted(value)}"
        raise ValueError(msg)
    return from_plain(name, value)


def _pairs(document: Json, name: str) -> Iterator[tuple[TaskKey, TaskKey]]:
    return ((_key(item, "from"), _key(item, "to")) for item in _objects(document, name))


def _is(value: object, kind: type[T]) -> T:
    """Return a value of exactly this kind, so that true is no number."""
    if type(value) is not kind:
        msg = f"{quoted(value)} is not {kind_of(kind)}"
        raise TypeError(msg)
    return value


def _object(data: Json, name: str) -> dict[str, object]:
    return _is(data[name], dict)


def _list(data: Json, name: str) -> list[object]:
    return _is(data[name], list)


def _objects(data: Json, name: str) -> Iterator[Json]:
    return (_is(item, dict) for item in _list(data, name))


def _text(data: Json, name: str) -> str:
    return _is(data[name], str)


def _texts(data: Json, name: str) -> tuple[str, ...]:
    return tuple(_is(item, str) for item in _list(data, name))


def _number(data: Json, name: str) -> int:
    return _is(data[name], int)


def _count(data: Json, name: str) -> int:
    number = _number(data, name)
    if number < 0:
        msg = f"{name} cannot be {number}"
        raise ValueError(msg)
    return number


def _key(data: Json, name: str) -> TaskKey:
    return TaskKey(_text(data, name))


def _id(data: Json, name: str) -> RemoteId:
    text = _text(data, name)
    if not _ID.fullmatch(text) or not 0 < int(text) <= LARGEST:
        msg = f"{quoted(text)} is no id of a task"
        raise ValueError(msg)
    return RemoteId(int(text))
