"""A plan as plain JSON and back: Terraform's names where they mean the same (design 4).

`encode` gives what `schemas/plan.schema.json` describes, `decode` rebuilds the very same Plan.
What the digest and the checksum cover, `plandigest` says.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator, Mapping, Sequence
from decimal import Decimal
from itertools import groupby

from tasksync.core.cards import card_of
from tasksync.core.change import Action, Change
from tasksync.core.diff import paths
from tasksync.core.fields import KeyRef, Value, plain
from tasksync.core.formats import plan_digest, plan_reading, plan_text
from tasksync.core.formats.json_text import compact_sorted
from tasksync.core.formats.plan_digest import checksum_of, digest_of_plan
from tasksync.core.formats.values_json import (
    encode_directory,
    encode_in_project,
    encode_options,
    encode_values,
)
from tasksync.core.manifest import Policy, Threshold
from tasksync.core.people import people_of, touched
from tasksync.core.plan import Drift, Plan, Refusal, Stands
from tasksync.core.secrets import Secrets
from tasksync.core.state import NO_SOURCE
from tasksync.core.task import Place
from tasksync.errors import PlanUnusable
from tasksync.value_classes import asdict, dataclass

#: 2.0: the digest says what the manifest asks for, a checksum keeps the whole file (1.0 had none)
FORMAT_VERSION = "2.0"
METHODS = {Action.CREATE: "POST", Action.DELETE: "DELETE"}

Json = dict[str, object]
#: what a change says of its handling where its task said nothing
_NO_OPTIONS: Json = {"protect": None, "onRemove": None, "ignoreChanges": [], "adopt": None}


def encode(
    plan: Plan,
    *,
    version: str,
    requests: int,
    seconds: float,
    refusals: Sequence[Refusal] = (),
) -> Json:
    """Return the plan as plain data; `requests` and `seconds` are what apply will take."""
    changes, state_only = _items(plan)
    document: Json = {
        "format_version": FORMAT_VERSION,
        "tasksync_version": version,
        "project": plan.project,
        "portal": plan.portal,
        "serial": plan.serial,
        "lineage": plan.lineage,
        "digest": digest(plan),
        "resource_changes": changes,
        "resource_drift": list(_drifts(plan.drift)),
        "summary": asdict(plan.summary),
        "requests": requests,
        "seconds": seconds,
        "people": [asdict(one) for one in people_of(plan)],
        "levels": len(plan.levels),
        "quiet": state_only,
        "standing": [
            {
                "key": one.key,
                "id": str(one.id),
                "field": one.name,
                "wanted": plain(one.wanted),
                "found": plain(one.found),
                **({"why": one.why.value} if one.why is not Stands.LEFT else {}),
            }
            for one in plan.standing
        ],
        "twins": [
            {"key": t.key, "id": str(t.id), "twin": str(t.other), "title": t.title}
            for t in plan.duplicates
        ],
        "strays": [
            {"id": str(orphan.id), "title": orphan.title, "responsible": orphan.responsible}
            for orphan in plan.orphans
        ],
        "hidden": [{"key": one.key, "id": str(one.id), "waits": one.waits} for one in plan.hidden],
        "other_owner": plan.other_owner,
        "renames": _pairs(plan.renames),
        "moved": _pairs(plan.moved),
        "in_doubt": list(plan.in_doubt),
        "refusals": [
            {"rail": one.guard, "what": one.what, "lift": one.advice, "keys": list(one.keys)}
            for one in refusals
        ],
        "unchanged": plan.unchanged,
        "tracked": plan.tracked,
        "wanted": plan.wanted,
        "vanished": plan.vanished,
        "files": list(plan.files),
        "remembered": list(plan.remembered),
        "spent": plan.spent,
        "marker": plan.marker,
        "names": [{"id": number, "name": name} for number, name in plan.names],
        "partial": plan.partial,
        "narrowed": list(plan.narrowed),
        "left_out": plan.left_out,
        "policy": _policy(plan.policy),
        "unread": list(plan.unread),
        "destroy": plan.destroy,
        "blocks": {
            one.key: one.source.hex()
            for one in sorted((*plan.changes, *plan.state_only), key=lambda one: one.key)
            if one.source != NO_SOURCE
        },
        **_of_people(plan),
        **_handed_over(plan),
        **_existing(plan),
        **({"again": plan.again} if plan.again else {}),
        **({"undoes": plan.undoes} if plan.undoes else {}),
    }
    return {**document, "checksum": checksum_of(document)}


def _of_people(plan: Plan) -> Json:
    """Return who is not there, and what to remember of addresses; each where there is something."""
    doubtful = [
        {"id": one.id, "listed": one.listed, "keys": list(one.keys)} for one in plan.doubtful
    ]
    return {
        **({"people_not_there": doubtful} if doubtful else {}),
        **({} if plan.directory is None else {"directory": encode_directory(plan.directory)}),
    }


def _handed_over(plan: Plan) -> Json:
    """Return what other projects took over, where there is something."""
    told = [
        {
            "key": one.key,
            "id": str(one.id),
            "to": encode_in_project(one.to),
            "wanted": one.wanted,
            "is_there": one.is_there,
            **({"asked_back": True} if one.asked_back else {}),
        }
        for one in plan.handed_over
    ]
    return {"handed_over": told} if told else {}


def _existing(plan: Plan) -> Json:
    """Return what is there already and would be made beside it, where there is something."""
    existing = [
        {
            "key": one.key,
            "tasks": [{"id": str(task.id), "responsible": task.responsible} for task in one.tasks],
            "adopt": str(one.adopt) if one.adopt else None,
        }
        for one in plan.existing
    ]
    return {
        **({"existing": existing} if existing else {}),
        **({"not_looked_for": plan.not_looked_for} if plan.not_looked_for else {}),
    }


def _policy(policy: Policy) -> Json:
    limits = (policy.max_delete, policy.max_update, policy.max_vanished)
    most, update, vanished = (None if one is None else _limit(one) for one in limits)
    return {
        "maxDelete": most,
        "maxUpdate": update,
        "maxVanished": vanished,
        "onRemove": policy.on_remove.value,
        "marker": policy.marker,
        "allowDelete": policy.allow_delete,
        "allowReason": policy.allow_reason,
        "unknownActivity": "hold" if policy.hold_unknown else "delete",
    }


def _limit(limit: Threshold) -> str:
    """Return `5` or `30%`; every digit of a share, since apply holds the plan to it."""
    if limit.share is None:
        return str(limit.number)
    return f"{(Decimal(repr(limit.share)) * 100).normalize():f}%"


def digest(plan: Plan) -> str:
    """Return `sha256:…` of what the manifest asks for; equal for two plans that ask the same."""
    return digest_of_plan(plan, _policy(plan.policy))


def asked_document(plan: Plan) -> Json:
    """Return the data under a plan's digest: project, portal, marker, policy, and what is asked."""
    return plan_digest.asked_document(plan, _policy(plan.policy))


def dumps(data: Mapping[str, object]) -> str:
    """Return canonical JSON for files and stdout: sorted keys, one line a change."""
    lines = ",\n".join(f"{json.dumps(name)}:{_lines(data[name])}" for name in sorted(data))
    return f"{{\n{lines}\n}}\n"


def dumps_without(data: Mapping[str, object], secrets: Secrets) -> str:
    """Return `dumps` of a plan's data without our secrets, its checksum over what is left."""
    text = dumps(data)
    if secrets.redact(text) == text:
        return text
    rest = secrets.redact_data({n: value for n, value in data.items() if n != "checksum"})
    return dumps({**rest, "checksum": checksum_of(rest)})


@dataclass(frozen=True, slots=True)
class Opened:
    """What a plan file holds: the plan, its digest, and what applying it was said to take."""

    plan: Plan
    digest: str
    requests: int
    seconds: float


def loads(text: str | bytes) -> Plan:
    """Return the plan of a file's text; raises PlanUnusable."""
    return opened(text).plan


def opened(text: str | bytes) -> Opened:
    """Return all that a file's text holds; raises PlanUnusable."""
    return _opened(plan_text.parsed(text))


def decode(data: object) -> Plan:
    """Return the very plan that `encode` was given.

    Raises PlanUnusable where it is not a plan, is of another format, or was changed by hand.
    """
    return _opened(data).plan


def _opened(data: object) -> Opened:
    document = plan_text.checked(data, FORMAT_VERSION)
    if document["checksum"] != checksum_of(document):
        raise _changed(document)
    plan = plan_reading.plan_of(document)
    if document["digest"] != digest(plan):
        raise _changed(document)
    return Opened(plan, digest(plan), *plan_text.costs(document))


def _changed(document: Mapping[str, object]) -> PlanUnusable:
    """Return what says where the file no longer fits together, as far as that can be told."""
    advice = "Make a new plan: tasksync plan --out FILE."
    try:
        plan = plan_reading.plan_of(document)
    except PlanUnusable as torn:
        what = torn.message.removeprefix(plan_text.NOT_A_PLAN)
        return PlanUnusable(f"the plan file was changed by hand: {what}", advice)
    ours, state_only = _items(plan)
    changes, remembered = plan_reading.items(document)
    places = paths([*ours, *state_only], [*changes, *remembered])[:3]
    where = f" (see resource_changes{', '.join(places)})" if places else ""
    what = "checksum" if document["digest"] == digest(plan) else "digest"
    message = f"the plan file was changed by hand: its {what} does not match{where}"
    return PlanUnusable(message, advice)


def _lines(value: object) -> str:
    """One line for each of a list's objects, so that plans can be compared line by line."""
    if isinstance(value, list) and value and isinstance(value[0], dict):
        return "[\n " + ",\n ".join(compact_sorted(item) for item in value) + "\n]"
    return compact_sorted(value)


def _items(plan: Plan) -> tuple[list[Json], list[Json]]:
    levels = enumerate(plan.levels)
    changes = [_item(change, level, plan) for level, group in levels for change in group]
    return changes, [_item(change, None, plan) for change in plan.state_only]


def _item(change: Change, level: int | None, plan: Plan) -> Json:
    link = card_of(plan, change)
    before, after = _sides(change)
    replaced = [one.name for one in change.fields if one.replaces]
    return {
        **_name(change.key, change.id),
        "change": {
            "actions": [change.action.value],
            "before": before,
            "after": after,
            "after_unknown": {
                one.name: True for one in change.fields if isinstance(one.after, KeyRef)
            },
        },
        "fields": [one.name for one in change.fields],
        "drifted": [one.name for one in change.fields if one.drifted],
        **({"replaces": replaced} if replaced else {}),
        "action_reason": change.reason.value,
        "source": _place(change.place),
        "request": _request(change, plan.marker),
        "precondition": _precondition(change),
        "people": list(touched(change)),
        "level": level,
        "title": change.title,
        "asked": encode_values(change.asked),
        "made": encode_values(change.normalised),
        "along": encode_values(change.sent_together),
        **({"forms": encode_values(change.forms)} if change.forms else {}),
        "options": {**_NO_OPTIONS, **encode_options(change.options)},
        "protected": change.protected,
        "markers": list(change.markers),
        "activity": None if change.activity is None else asdict(change.activity),
        "responsible": change.responsible,
        "seen": change.base_digest,
        "edited": list(change.edited),
        "created": change.created,
        **({"link": link} if link else {}),
        **({"written": dict(change.written)} if change.written else {}),
        **({"because": dict(change.because)} if change.because else {}),
        **({"moved_from": encode_in_project(change.origin)} if change.origin else {}),
    }


def _name(key: str, remote: int | None) -> Json:
    return {
        "address": f"task[{json.dumps(key, ensure_ascii=False)}]",
        "type": "task",
        "name": key,
        "key": key,
        "id": None if remote is None else str(remote),
    }


def _sides(change: Change) -> tuple[Json | None, Json | None]:
    """Return before and after: null where there is no task, as in Terraform's plans."""
    before = {one.name: plain(one.before) for one in change.fields}
    after = {one.name: plain(one.after) for one in change.fields}
    creates = change.action is Action.CREATE and not _any(before)
    gone = change.action in {Action.DELETE, Action.FORGET} and not _any(after)
    return None if creates else before, None if gone else after


def _any(values: Mapping[str, object]) -> bool:
    return any(value is not None for value in values.values())


def _request(change: Change, marker: str | None) -> Json | None:
    if not change.writes:
        return None
    path = "/v1/tasks" if change.action is Action.CREATE else f"/v1/tasks/{change.id}"
    body = None if change.action is Action.DELETE else change.sent(marker)
    return {"method": METHODS.get(change.action, "PATCH"), "path": path, "body": body}


def _precondition(change: Change) -> Json | None:
    """What must still hold on the portal: the fields that are touched, as the plan saw them."""
    if change.action is Action.CREATE:
        return None
    return {"fields": {one.name: plain(one.before) for one in change.fields}}


def _place(place: Place | None) -> Json | None:
    if place is None:
        return None
    return {"file": place.file, "line": place.line, "column": place.column}


def _pairs(pairs: Iterable[tuple[str, str]]) -> list[Json]:
    return [{"from": before, "to": after} for before, after in pairs]


def _drifts(drift: Sequence[Drift]) -> Iterator[Json]:
    """One object for each task, as Terraform has it; fields of one task stand together."""
    for (key, remote), group in groupby(drift, key=lambda one: (one.key, one.id)):
        for run in _distinct(tuple(group)):
            before: dict[str, Value] = {one.name: one.remembered for one in run}
            after: dict[str, Value] = {one.name: one.found for one in run}
            yield {
                **_name(key, remote),
                "change": {
                    "actions": [Action.UPDATE.value],
                    "before": encode_values(before),
                    "after": encode_values(after),
                },
                "fields": [one.name for one in run],
            }


def _distinct(group: Sequence[Drift]) -> Iterator[list[Drift]]:
    """Cut a group where a name comes again: an object holds each name once."""
    run: list[Drift] = []
    for one in group:
        if any(one.name == other.name for other in run):
            yield run
            run = []
        run.append(one)
    yield run
