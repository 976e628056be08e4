"""What status, drift and plan print as JSON is read back as the very values that were printed."""

from __future__ import annotations

import json
from dataclasses import replace
from datetime import UTC, datetime
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from random_plans import random_plan

from tasksync.core.fields import STATUS_WORDS, KeyRef, RemoteId, TaskKey
from tasksync.core.formats import plan_json
from tasksync.core.formats.drift_reading import read_drift
from tasksync.core.formats.fleet_reading import read_plan
from tasksync.core.formats.printed import NotReadable, document
from tasksync.core.formats.status_reading import read_status
from tasksync.core.plan import Plan
from tasksync.core.portal_changes import Effect, FieldMoved, Happened, PortalChange, PortalChanges
from tasksync.core.project_status import ProjectStatus, StatusQuery, TaskStatus
from tasksync.render.drift_json import drift_json
from tasksync.render.status_json import status_json

PORTAL, PERSON = "acme.bitrix24.com", {22: "Ольга <petrova@example.com>"}
MOMENT = "2026-05-19T18:00:00+03:00"
AT = datetime(2026, 5, 22, 12, 0, tzinfo=UTC)
keys = st.sampled_from([TaskKey("a"), TaskKey("b/c"), TaskKey("проверка")])
ids = st.integers(1, 10**9).map(RemoteId)
moments = st.sampled_from([None, MOMENT, "2026-05-22T11:59:59+00:00"])

tasks = st.builds(
    TaskStatus,
    st.none() | keys,
    ids,
    st.text(max_size=20),
    st.sampled_from([None, 5, 22]),
    st.sampled_from([None, *STATUS_WORDS, 99, -3]),
    moments,
    st.integers(0, 10**6),
    st.sampled_from(["", "https://acme.bitrix24.com/company/personal/user/22/tasks/task/view/1/"]),
)
queries = st.builds(
    StatusQuery,
    st.sampled_from(["", "a*"]),
    open=st.booleans(),
    overdue=st.booleans(),
    due=st.sampled_from([None, 0, 86400]),
    person=st.sampled_from([None, 22]),
)
statuses = st.builds(
    ProjectStatus,
    st.just("closing"),
    st.just(PORTAL),
    st.just(AT),
    queries,
    st.lists(tasks, max_size=4).map(tuple),
    st.integers(0, 9),
    st.lists(st.tuples(keys, ids), max_size=2).map(tuple),
).map(lambda one: replace(one, names=PERSON if 22 in {task.person for task in one.tasks} else {}))

#: a value of a field of each kind
VALUES: dict[str, tuple[Any, ...]] = {
    "title": ("Close", ""),
    "deadline": (None, MOMENT),
    "responsibleId": (1, 22),
    "priority": (0, 2),
    "timeEstimate": (0, 3600),
    "tags": ((), ("a", "b")),
    "auditors": ((), (1, 22)),
    "parentId": (None, 7, KeyRef(TaskKey("close"))),
    "UF_A": (None, "x", ("p", "q"), 5),
    "status": (2, 5),
}


@st.composite
def moved(draw: Any) -> FieldMoved:
    """One field that people changed."""
    name = draw(st.sampled_from(sorted(VALUES)))
    values = [draw(st.sampled_from(VALUES[name])) for _ in range(3)]
    policy = draw(st.sampled_from(["", "enforce", "accept", "ratchet"]))
    return FieldMoved(name, *values, draw(st.sampled_from(Effect)), policy, draw(st.booleans()))


whole = st.tuples(st.sampled_from(Happened), st.sampled_from(Effect))
changes = st.builds(
    lambda key, id_, person, fields, happened, at, by: PortalChange(
        key,
        id_,
        "Close",
        person,
        fields,
        *(happened or (None, Effect.STANDS)),
        at=at,
        by=by,
    ),
    keys,
    ids,
    st.sampled_from([None, 22]),
    st.lists(moved(), max_size=3).map(tuple),
    st.none() | whole,
    moments,
    st.sampled_from([0, 22]),
)
drifts = st.builds(
    PortalChanges,
    st.just("closing"),
    st.just(PORTAL),
    st.lists(changes, max_size=3).map(tuple),
    st.lists(st.sampled_from(["max-delete", "protect"]), max_size=2).map(tuple),
    st.lists(st.tuples(keys, st.just("deadline")), max_size=2).map(tuple),
    compared=st.booleans(),
).map(
    lambda one: replace(
        one, names=PERSON if any(22 in {task.person, task.by} for task in one.changes) else {}
    )
)


@settings(deadline=None)
@given(statuses)
def test_a_status_is_read_back(found: ProjectStatus) -> None:
    assert read_status(document(status_json(found, version="0.1.0"))) == found


@settings(deadline=None)
@given(drifts)
def test_a_drift_is_read_back(found: PortalChanges) -> None:
    assert read_drift(document(drift_json(found, version="0.1.0"))) == found


@pytest.mark.parametrize("seed", range(20))
def test_a_plan_is_read_back_with_its_refusals_and_its_digest(seed: int) -> None:
    plan, refusals = random_plan(seed)
    levels = tuple(filter(None, plan.levels))  # no plan has an empty one
    plan = replace(plan, levels=levels, narrowed=(), partial=False)
    data = plan_json.encode(plan, version="0.1.0", requests=3, seconds=1.5, refusals=refusals)
    read = read_plan(document(plan_json.dumps(data)))
    assert (read.plan, read.refusals, read.requests, read.seconds) == (plan, refusals, 3, 1.5)
    assert read.digest == data["digest"]


@pytest.mark.parametrize("change", [{"partial": True}, {"destroy": True}, {"undoes": "01J"}])
def test_a_plan_that_apply_expect_refuses_has_no_digest(change: dict[str, Any]) -> None:
    plan = replace(Plan("closing", PORTAL, "01J", 1), **change)
    data = plan_json.encode(plan, version="0.1.0", requests=0, seconds=0.0)
    assert read_plan(document(plan_json.dumps(data))).digest == ""


@pytest.mark.parametrize(
    "wrong",
    [{"link": "javascript:alert(1)"}, {"deadline": "soon"}, {"status": "late"}, {"id": "0"}],
)
def test_what_no_status_holds_is_refused_or_left_out(wrong: dict[str, str]) -> None:
    """An address is left out: a page links to it."""
    one = TaskStatus(TaskKey("a"), RemoteId(1), "Close", 22, 2, MOMENT)
    found = ProjectStatus("closing", PORTAL, AT, StatusQuery(), (one,), 1)
    data = json.loads(status_json(found, version="0.1.0"))
    data["tasks"][0] |= wrong
    if "link" in wrong:
        assert read_status(data).tasks[0].link == ""
    else:
        with pytest.raises(NotReadable):
            read_status(data)
