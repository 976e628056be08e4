"""One digest, one deed: what two plans of one digest write, and remember of options, is the same.

Every field, as it may be remembered, found and wanted; the wanted ones are held against each other.
"""

from __future__ import annotations

from typing import Any

import pytest
from casefiles import MARKER, live_task, manifest_of, wanted_task

from tasksync.core.expected import approved_part
from tasksync.core.fields import KeyRef, RemoteId, TaskKey, Value
from tasksync.core.formats.plan_json import digest
from tasksync.core.planning.build import build_plan
from tasksync.core.state import Entry, state_of
from tasksync.core.task import LiveTask

_ABSENT: Any = object()
_FIRST, _LATER = "2027-03-01T18:00:00+03:00", "2027-03-02T18:00:00+03:00"
VALUES: dict[str, list[Any]] = {
    "title": ["a", "A", "a "],
    "description": ["", "x", "x ", " x", "x\n", "X", "x\ny", "x\r\ny"],
    "status": [1, 2, 3, 5, 6],
    "priority": [0, 1, 2],
    "deadline": [None, _FIRST, "2027-03-01T15:00:00+00:00", _LATER],
    "startDatePlan": [None, _FIRST, _LATER],
    "endDatePlan": [None, _FIRST, _LATER],
    "timeEstimate": [0, 60],
    "groupId": [None, 5],
    "parentId": [None, 7, 8, KeyRef(TaskKey("b")), KeyRef(TaskKey("c"))],
    "accomplices": [(), (2,)],
    "auditors": [(), (2,)],
    "tags": [(), ("t",), ("T",)],
    "createdBy": [1, 2],
    "UF_X": [None, "", "5", 5, (), ("5",), (5,), True, 1, "1"],
}
IDS = {"b": 7, "c": 8}
OPTIONS: list[dict[str, Any]] = [{}, {"protect": True}, {"onRemove": "defer"}]


def planned(name: str, remembered: Any, found: Any, wanted: Any, said: dict[str, Any]) -> Any:
    """The digest of a plan, and what its approved part sends and remembers of options."""
    task = wanted_task("a", said, 1)
    fields: dict[str, Value] = {"title": "a", "responsibleId": 1}
    task.fields.update({} if wanted is _ABSENT else {name: wanted})  # type: ignore[attr-defined]
    others = [wanted_task(key, {}, 1) for key in IDS]
    entries = [Entry(TaskKey(one.key), RemoteId(IDS[one.key]), one.fields) for one in others]
    live: list[LiveTask] = [live_task(one.id, one.asked, markers=(MARKER,)) for one in entries]
    if remembered is not None:
        asked = {**fields, **({} if remembered[0] is _ABSENT else {name: remembered[0]})}
        entries.append(Entry(TaskKey("a"), RemoteId(9), asked))
        number = IDS[found.key] if isinstance(found, KeyRef) else found
        seen = {**fields, **({} if found is _ABSENT else {name: number})}
        live.append(live_task(9, seen, markers=(MARKER,)))
    state = state_of("finance", entries, lineage="line", serial=3)
    plan = build_plan(manifest_of([task, *others]), state, live)
    part = approved_part(plan, state)
    deeds = [
        (
            one.key,
            one.action,
            one.id,
            repr(one.sent(MARKER)) if one.writes else "",
            repr(one.options),
            sorted(one.asked),
        )
        for one in (*part.plan.changes, *part.plan.state_only)
    ]
    return digest(plan), (sorted(deeds, key=repr), bool(part.conflicts))


@pytest.mark.parametrize("name", VALUES)
def test_plans_of_one_digest_write_the_same(name: str) -> None:
    values = [*([] if name == "title" else [_ABSENT]), *VALUES[name]]
    scenes = [None, *((one,) for one in values)]
    for remembered in scenes:
        found = [values[0]] if remembered is None else [remembered[0], values[0], values[-1]]
        for live in found:
            told: dict[str, Any] = {}
            for wanted in values:
                for said in OPTIONS:
                    sign, deeds = planned(name, remembered, live, wanted, said)
                    assert told.setdefault(sign, deeds) == deeds, (remembered, live, wanted, said)
