"""Plan cases as files: what is wanted, remembered and found, and the plan that must come of it.

Everything has a default, so that a case says only what it is about: a task has its key as title
and responsible 1; an entry asks what is wanted; a live task with a remembered id holds what is
remembered and bears our marker; a change, once listed, must be the only one of its level.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import yaml

from tasksync.core.change import Change
from tasksync.core.fields import FIELDS, FieldKind, KeyRef, RemoteId, TaskKey, Value, Values, plain
from tasksync.core.guards import Overrides, check
from tasksync.core.manifest import Manifest, Moved, Policy, Threshold, Wanted
from tasksync.core.plan import Plan, Stands
from tasksync.core.planning.build import Scope
from tasksync.core.state import Entry, InProject, PortalIdentity, State, state_of
from tasksync.core.task import Activity, FieldPolicy, LiveTask, OnRemove, Options, Place, Task

PROJECT = "finance"
MARKER = "tasksync:finance"
#: what a task has that nobody said anything about
BLANK: Values = {
    **{name: field.empty for name, field in FIELDS.items()},
    "responsibleId": 1,
    "createdBy": 1,
    "status": 2,
    "priority": 1,
}
_OPTIONS = {"protect", "onRemove", "ignoreChanges", "adopt", "fieldPolicy"}
_BESIDE = _OPTIONS | {"written"}


def values(data: Mapping[str, Any]) -> dict[str, Value]:
    """Return fields in normal form; `parent` is a key, a list is a set."""
    return dict(_value(name, value) for name, value in data.items())


def _value(name: str, value: Any) -> tuple[str, Value]:
    if name == "parent":
        return "parentId", KeyRef(TaskKey(value))
    if isinstance(value, list):
        return name, tuple(sorted(set(value)))
    return name, FIELDS[name].empty if value is None else value


def options(data: Mapping[str, Any]) -> Options:
    """Return the options among the words of a block."""
    remove = data.get("onRemove")
    return Options(
        data.get("protect"),
        OnRemove(remove) if remove else None,
        tuple(data.get("ignoreChanges", ())),
        data.get("adopt"),
        tuple((n, FieldPolicy(one)) for n, one in sorted(data.get("fieldPolicy", {}).items())),
    )


def wanted_task(key: str, block: Mapping[str, Any], line: int) -> Task:
    """Return a wanted task."""
    fields = {name: value for name, value in block.items() if name not in _BESIDE}
    with_defaults: dict[str, Value] = {"title": key, "responsibleId": 1, **values(fields)}
    written = block.get("written") or {}
    return Task(TaskKey(key), with_defaults, Place("tasks.yaml", line), options(block), written)


def stream(tasks: Iterable[Task]) -> Iterable[Wanted]:
    """Return tasks as a manifest carries them."""
    for task in tasks:
        parent = task.fields.get("parentId")
        above = parent.key if isinstance(parent, KeyRef) else None
        file, line = task.place.file, task.place.line
        yield Wanted(task.key, task.digest(), above, file, line, lambda task=task: task)


def manifest_of(tasks: Iterable[Task], **other: Any) -> Manifest:
    """Return a manifest of these tasks."""
    rows = list(stream(tasks))
    return Manifest(PROJECT, lambda _index=None, _directory=None: rows, ("tasks.yaml",), **other)


def live_task(remote: int, fields: Values, **other: Any) -> LiveTask:
    """Return a live task that answers every field."""
    return LiveTask(RemoteId(remote), {**BLANK, **fields}, **other)


@dataclass(frozen=True)
class Case:
    """One case, read."""

    manifest: Manifest
    state: State
    live: tuple[LiveTask, ...] | None
    scope: Scope
    overrides: Overrides
    unread: tuple[str, ...]
    in_doubt: tuple[TaskKey, ...]
    other_owner: str
    expect: Mapping[str, Any]
    sources: Mapping[str, State] = field(default_factory=dict)


def read(path: Path) -> Case:
    """Return the case of a file."""
    data = yaml.safe_load(path.read_text(encoding="utf-8"))
    blocks = data.get("wanted") or {}
    tasks = [wanted_task(key, block or {}, n) for n, (key, block) in enumerate(blocks.items(), 1)]
    by_key = {task.key: task for task in tasks}
    entries = [
        _entry(key, row or {}, by_key.get(TaskKey(key)))
        for key, row in (data.get("remembered") or {}).items()
    ]
    by_id = {entry.id: entry for entry in entries}
    found = data.get("found")
    read_at_all = data.get("refresh", True)
    live = tuple(_live(row, by_id.get(row["id"])) for row in found or ())
    identity = PortalIdentity("portal")
    return Case(
        manifest_of(
            tasks,
            policy=_policy(data.get("policy") or {}),
            moved=tuple(
                Moved(one["from"], one["to"], one.get("project", ""))
                for one in data.get("moved") or ()
            ),
            removed=tuple(data.get("removed") or ()),
        ),
        state_of(PROJECT, entries, lineage="line", serial=3, identity=identity),
        live if read_at_all else None,
        _scope(data.get("scope") or {}),
        _overrides(data.get("overrides") or {}),
        tuple(data.get("unread") or ()),
        tuple(data.get("in_doubt") or ()),
        data.get("other_owner", ""),
        data["expect"] or {},
        {
            name: state_of(
                name, [_entry(key, row or {}, None) for key, row in rows.items()], lineage=name
            )
            for name, rows in (data.get("sources") or {}).items()
        },
    )


def _entry(key: str, row: Mapping[str, Any], task: Task | None) -> Entry:
    asked = dict(task.fields) if task else {"title": key, "responsibleId": 1}
    asked |= values(row.get("asked") or {})
    for name in row.get("without") or ():
        del asked[name]
    return Entry(
        TaskKey(key),
        RemoteId(row["id"]),
        asked,
        values(row.get("made") or {}),
        options(row) if _OPTIONS & row.keys() or task is None else task.options,
        row.get("protected", False),
        row.get("deferred", False),
        created=row.get("created", ""),
        hidden=row.get("hidden", False),
        remade=row.get("remade", False),
        unproved=values(row.get("unproved") or {}),
        written=row.get("written") or {},
        moved_to=InProject(*row["movedTo"]) if "movedTo" in row else None,
    )


def _live(row: Mapping[str, Any], entry: Entry | None) -> LiveTask:
    said = {n: value for n, value in row.items() if n in FIELDS or n.startswith("UF_")}
    fields = {**(entry.found if entry else {}), **values(said)}
    if entry is not None and entry.deferred and "status" not in said:
        fields["status"] = 6
    counted = "comments" in row or "seconds" in row
    activity = Activity(row.get("comments", 0), row.get("seconds", 0)) if counted else None
    markers = tuple(row.get("markers", [MARKER] if entry else []))
    task = live_task(row["id"], fields)
    left = {n: v for n, v in task.fields.items() if n not in row.get("unanswered", ())}
    return LiveTask(task.id, left, markers, activity, created=row.get("created"))


def _policy(data: Mapping[str, Any]) -> Policy:
    known = {
        "maxDelete": ("max_delete", limit),
        "maxUpdate": ("max_update", limit),
        "maxVanished": ("max_vanished", limit),
        "onRemove": ("on_remove", OnRemove),
        "marker": ("marker", bool),
        "allowDelete": ("allow_delete", int),
    }
    return Policy(**{known[name][0]: known[name][1](value) for name, value in data.items()})  # type: ignore[operator, arg-type]


def limit(text: object) -> Threshold:
    """Return 3 or 30% as a limit."""
    words = str(text)
    if words.endswith("%"):
        return Threshold(share=float(words[:-1]) / 100)
    return Threshold(number=int(words))


def _scope(data: Mapping[str, Any]) -> Scope:
    targets, excludes = data.get("target") or (), data.get("exclude") or ()
    return Scope(tuple(targets), tuple(excludes), data.get("destroy", False))


def _overrides(data: Mapping[str, Any]) -> Overrides:
    limits = {name: limit(value) for name, value in data.items() if name.startswith("max_")}
    return Overrides(**{**data, **limits})


def shown(plan: Plan, case: Case) -> dict[str, Any]:
    """Return of a plan what a case may expect of it."""
    return {
        "levels": [[_shown(change) for change in level] for level in plan.levels],
        "quiet": [change.key for change in plan.state_only],
        "drift": [
            {
                "key": d.key,
                "name": d.name,
                "remembered": plain(d.remembered),
                "found": plain(d.found),
            }
            for d in plan.drift
        ],
        "standing": [
            [
                *(one.key, one.name, plain(one.wanted), plain(one.found)),
                *([] if one.why is Stands.LEFT else [one.why.value]),
            ]
            for one in plan.standing
        ],
        "twins": [[one.key, one.id, one.other] for one in plan.duplicates],
        "strays": [one.id for one in plan.orphans],
        "hidden": [[one.key, one.id, one.waits] for one in plan.hidden],
        "handed_over": [
            [one.key, one.id, str(one.to), one.wanted, one.is_there] for one in plan.handed_over
        ],
        "learned": dict(plan.learned),
        "renames": [list(pair) for pair in plan.renames],
        "moved": [list(pair) for pair in plan.moved],
        "unchanged": plan.unchanged,
        "left_out": plan.left_out,
        "vanished": plan.vanished,
        "refusals": [refusal.guard for refusal in check(plan, case.overrides)],
    }


def _shown(change: Change) -> dict[str, Any]:
    return {
        "key": change.key,
        "action": change.action.value,
        "reason": change.reason.value,
        "id": change.id,
        "fields": {one.name: [plain(one.before), plain(one.after)] for one in change.fields},
        "along": {name: plain(value) for name, value in change.sent_together.items()},
        "body": {name: plain(value) for name, value in change.body.items()},
        "made": {name: plain(value) for name, value in change.normalised.items()},
        "forms": {name: plain(value) for name, value in change.forms.items()},
        "drifted": [one.name for one in change.fields if one.drifted],
        "written": dict(change.written),
        "because": dict(change.because),
        "replaces": [one.name for one in change.fields if one.replaces],
        "protected": change.protected,
        "created": change.created,
        "markers": list(change.markers),
        "origin": str(change.origin or ""),
        "sent": change.sent(MARKER),
        "writes": change.writes,
        "activity": None
        if change.activity is None
        else [change.activity.comments, change.activity.seconds],
        "kind": FieldKind.TEXT.value,
    }


def compared(seen: dict[str, Any], expect: Mapping[str, Any]) -> tuple[Any, Any]:
    """Return what was seen beside what was expected, cut to what the case speaks of.

    What a case does not name must be empty; of a change it names key, action and reason at least.
    """
    always = (
        *("levels", "quiet", "drift", "standing", "twins", "strays", "hidden", "handed_over"),
        "renames",
        "refusals",
    )
    names = [*always, *(name for name in expect if name not in always)]
    wanted = {name: expect.get(name) or ([] if name in always else expect[name]) for name in names}
    there = {name: seen[name] for name in names}
    there["levels"] = [
        [
            {name: change[name] for name in _words(wanted["levels"], at, n)}
            for n, change in enumerate(level)
        ]
        for at, level in enumerate(seen["levels"])
    ]
    return there, wanted


def _words(levels: list[list[dict[str, Any]]], at: int, number: int) -> Iterable[str]:
    try:
        return levels[at][number].keys()
    except IndexError:
        return ("key", "action", "reason", "fields")
