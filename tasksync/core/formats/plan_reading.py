"""Reading a plan file: plain JSON data, checked, into the values it stands for."""

from __future__ import annotations

from collections.abc import Iterator

from tasksync.core.change import Action, Change, FieldChange, Reason
from tasksync.core.fields import RemoteId, TaskKey
from tasksync.core.formats import typed
from tasksync.core.formats.plan_text import not_a_plan
from tasksync.core.formats.typed import Json
from tasksync.core.formats.values_json import (
    decode_in_project,
    decode_numbers,
    decode_options,
    decode_value,
    decode_values,
    decode_written,
)
from tasksync.core.manifest import Policy, Threshold
from tasksync.core.plan import (
    DoubtfulPerson,
    Drift,
    Duplicate,
    Existing,
    ExistingTask,
    HandedOver,
    Hidden,
    Orphan,
    Plan,
    Standing,
    Stands,
)
from tasksync.core.quoting import quoted
from tasksync.core.state import fingerprint_in
from tasksync.core.task import Activity, OnRemove, Place


def items(document: Json) -> tuple[list[object], list[object]]:
    """Return the raw changes and state-only changes of a document."""
    return typed.array(document, "resource_changes"), typed.array(document, "quiet")


def plan_of(document: Json) -> Plan:
    """Return the plan that a checked document holds; raises PlanUnusable."""
    try:
        return _plan(document)
    except (ArithmeticError, LookupError, TypeError, ValueError) as error:
        why = f"{error.args[0]} is missing" if isinstance(error, KeyError) else str(error)
        raise not_a_plan(why) from error


def _plan(document: Json) -> Plan:
    levels = _levels(document)
    blocks = typed.mapping(document, "blocks")
    sources = {TaskKey(key): fingerprint_in(typed.text(blocks, key)) for key in blocks}
    plan = Plan(
        project=typed.text(document, "project"),
        portal=typed.text(document, "portal"),
        lineage=typed.text(document, "lineage"),
        serial=typed.count(document, "serial"),
        levels=levels,
        state_only=tuple(_change(item) for item in typed.objects(document, "quiet")),
        drift=tuple(
            one for item in typed.objects(document, "resource_drift") for one in _drift(item)
        ),
        standing=tuple(map(_standing, typed.objects({"standing": [], **document}, "standing"))),
        duplicates=tuple(
            Duplicate(
                _key(item),
                _id(item),
                typed.remote_id_in(item, "twin"),
                typed.text(item, "title"),
            )
            for item in typed.objects(document, "twins")
        ),
        orphans=tuple(
            Orphan(
                _id(item),
                typed.text(item, "title"),
                typed.count(item, "responsible"),
            )
            for item in typed.objects(document, "strays")
        ),
        hidden=tuple(
            Hidden(_key(item), _id(item), typed.flag(item, "waits"))
            for item in typed.objects(document, "hidden")
        ),
        handed_over=tuple(
            map(_handed_over, typed.objects({"handed_over": [], **document}, "handed_over"))
        ),
        other_owner=typed.text(document, "other_owner"),
        renames=tuple(_pairs(document, "renames")),
        moved=tuple(_pairs(document, "moved")),
        in_doubt=tuple(TaskKey(key) for key in typed.texts(document, "in_doubt")),
        unchanged=typed.count(document, "unchanged"),
        tracked=typed.count(document, "tracked"),
        wanted=typed.count(document, "wanted"),
        vanished=typed.count(document, "vanished"),
        files=typed.texts(document, "files"),
        spent=typed.whole(document, "spent", 0),
        remembered=typed.texts(document, "remembered" if "remembered" in document else "files"),
        marker=typed.nullable(document, "marker", str),
        names=tuple(
            (typed.whole(item, "id"), typed.text(item, "name"))
            for item in typed.objects(document, "names")
        ),
        partial=typed.flag(document, "partial"),
        narrowed=typed.texts({"narrowed": [], **document}, "narrowed"),
        left_out=typed.count(document, "left_out", 0),
        policy=_policy(typed.mapping(document, "policy")),
        unread=typed.texts(document, "unread"),
        destroy=typed.flag(document, "destroy"),
        directory=decode_numbers(document["directory"]) if "directory" in document else None,
        doubtful=tuple(
            DoubtfulPerson(
                typed.whole(item, "id"),
                typed.flag(item, "listed"),
                tuple(map(TaskKey, typed.texts(item, "keys"))),
            )
            for item in typed.objects({"people_not_there": [], **document}, "people_not_there")
        ),
        existing=tuple(
            Existing(
                _key(item),
                tuple(
                    ExistingTask(_id(task), typed.count(task, "responsible"))
                    for task in typed.objects(item, "tasks")
                ),
                0 if item["adopt"] is None else int(typed.text(item, "adopt")),
            )
            for item in typed.objects({"existing": [], **document}, "existing")
        ),
        not_looked_for=typed.count(document, "not_looked_for", 0),
        again=typed.text(document, "again", ""),
        undoes=typed.text(document, "undoes", ""),
    )
    return plan.with_sources(sources)


def _levels(document: Json) -> tuple[tuple[Change, ...], ...]:
    """Return the changes in their levels, of which none is empty."""
    changes = list(typed.objects(document, "resource_changes"))
    count = typed.count(document, "levels")
    if count > len(changes):
        msg = f"levels is {count}, more than the changes that it holds ({len(changes)})"
        raise ValueError(msg)
    levels: list[list[Change]] = [[] for _ in range(count)]
    for item in changes:
        level = typed.count(item, "level")
        if level >= count:
            msg = f"a change is of level {level}, and levels is {count}"
            raise ValueError(msg)
        levels[level].append(_change(item))
    return tuple(map(tuple, levels))


def _policy(data: Json) -> Policy:
    update = typed.nullable(data, "maxUpdate", str)
    return Policy(
        max_delete=_limit(typed.text(data, "maxDelete")),
        max_update=None if update is None else _limit(update),
        max_vanished=_limit(typed.text(data, "maxVanished")),
        on_remove=OnRemove(typed.text(data, "onRemove")),
        marker=typed.flag(data, "marker"),
        allow_delete=typed.nullable(data, "allowDelete", int),
        allow_reason=typed.text(data, "allowReason", ""),
        hold_unknown=data.get("unknownActivity") == "hold",
    )


def _limit(text: str) -> Threshold:
    found = Threshold.read(text)
    if found is None:
        msg = f"{quoted(text)} is no limit"
        raise ValueError(msg)
    return found


def _change(item: Json) -> Change:
    change, activity = typed.mapping(item, "change"), typed.nullable(item, "activity", dict)
    place = typed.nullable(item, "source", dict)
    return Change(
        key=_key(item),
        action=Action(typed.texts(change, "actions")[0]),
        reason=Reason(typed.text(item, "action_reason")),
        id=None if item["id"] is None else _id(item),
        fields=tuple(_fields(item, change)),
        sent_together=decode_values(typed.mapping(item, "along")),
        asked=decode_values(typed.mapping(item, "asked")),
        normalised=decode_values(typed.mapping(item, "made")),
        options=decode_options(typed.mapping(item, "options")),
        protected=typed.flag(item, "protected"),
        title=typed.text(item, "title"),
        place=None if place is None else _place(place),
        markers=typed.texts(item, "markers"),
        activity=None if activity is None else _activity(activity),
        responsible=typed.nullable(item, "responsible", int),
        base_digest=typed.text(item, "seen"),
        forms=decode_values(typed.mapping({"forms": {}, **item}, "forms")),
        edited=typed.texts(item, "edited"),
        created=typed.text(item, "created"),
        written=decode_written(item.get("written")),
        because=decode_written(item.get("because")),
        origin=decode_in_project(item.get("moved_from")),
    )


def _fields(item: Json, change: Json) -> Iterator[FieldChange]:
    before = typed.nullable(change, "before", dict) or {}
    after = typed.nullable(change, "after", dict) or {}
    drifted = frozenset(typed.texts(item, "drifted"))
    replaced = frozenset(typed.texts({"replaces": [], **item}, "replaces"))
    for name in typed.texts(item, "fields"):
        old, new = (decode_value(name, side.get(name)) for side in (before, after))
        yield FieldChange(name, old, new, name in drifted, name in replaced)


def _drift(item: Json) -> Iterator[Drift]:
    change = typed.mapping(item, "change")
    before, after = typed.mapping(change, "before"), typed.mapping(change, "after")
    for name in typed.texts(item, "fields"):
        values = decode_value(name, before[name]), decode_value(name, after[name])
        yield Drift(_key(item), _id(item), name, *values)


def _standing(item: Json) -> Standing:
    name = typed.text(item, "field")
    values = decode_value(name, item["wanted"]), decode_value(name, item["found"])
    why = Stands(typed.text(item, "why", Stands.LEFT.value))
    return Standing(_key(item), _id(item), name, *values, why)


def _handed_over(item: Json) -> HandedOver:
    to = decode_in_project(item["to"])
    if to is None:
        raise ValueError("to names no project")
    there = typed.flag(item, "is_there")
    back = typed.flag({"asked_back": False, **item}, "asked_back")
    return HandedOver(_key(item), _id(item), to, typed.flag(item, "wanted"), there, back)


def _place(data: Json) -> Place:
    return Place(typed.text(data, "file"), typed.whole(data, "line"), typed.whole(data, "column"))


def _activity(data: Json) -> Activity:
    return Activity(typed.whole(data, "comments"), typed.whole(data, "seconds"))


def _pairs(document: Json, name: str) -> Iterator[tuple[TaskKey, TaskKey]]:
    for item in typed.objects(document, name):
        yield typed.key(item, "from"), typed.key(item, "to")


def _key(item: Json) -> TaskKey:
    return typed.key(item, "key")


def _id(item: Json) -> RemoteId:
    return typed.remote_id_in(item, "id")
