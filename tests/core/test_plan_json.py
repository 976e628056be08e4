"""A plan file holds the very plan, and says so when it no longer does."""

from __future__ import annotations

import inspect
import json
from dataclasses import fields, replace
from pathlib import Path

import jsonschema
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tasksync.core.address_book import RememberedNumbers
from tasksync.core.change import Action, Change, FieldChange, Reason
from tasksync.core.fields import FIELDS, FieldKind, KeyRef, RemoteId, TaskKey
from tasksync.core.formats import plan_json, plan_reading
from tasksync.core.manifest import Policy, Threshold
from tasksync.core.plan import (
    DoubtfulPerson,
    Drift,
    Duplicate,
    Existing,
    ExistingTask,
    Hidden,
    Orphan,
    Plan,
    Refusal,
    Standing,
    Stands,
)
from tasksync.core.task import Activity, FieldPolicy, OnRemove, Options, Place
from tasksync.errors import PlanUnusable

SCHEMA = json.loads((Path(__file__).parents[2] / "schemas/plan.schema.json").read_text("utf-8"))
VALIDATOR = jsonschema.Draft202012Validator(SCHEMA)

keys = st.from_regex(r"[a-z0-9]{1,3}(/[a-z]{1,3})?", fullmatch=True).map(TaskKey)
ids = st.integers(1, 10**9).map(RemoteId)
counts = st.integers(0, 10**6)
texts = st.text(max_size=8)
instants = st.sampled_from(["2026-05-19T18:00:00+03:00", "2026-03-29T00:00:00Z"])


BY_KIND: dict[FieldKind, st.SearchStrategy[object]] = {
    FieldKind.TEXT: texts,
    FieldKind.INSTANT: st.none() | instants,
    FieldKind.PARENT: st.none() | ids | st.builds(KeyRef, keys),
    FieldKind.PEOPLE: st.sets(st.integers(1, 99), max_size=3).map(lambda some: tuple(sorted(some))),
    FieldKind.TAGS: st.sets(texts, max_size=3).map(lambda some: tuple(sorted(some))),
    FieldKind.STATUS: st.integers(1, 7),
    FieldKind.PRIORITY: st.integers(0, 2),
    FieldKind.EXTRA: st.none()
    | st.booleans()
    | st.integers(-9, 9)
    | st.sampled_from([0.5, "", "text", ("a", "b"), (1, 2), ()]),
}


def _value(name: str) -> st.SearchStrategy[object]:
    return BY_KIND.get(FIELDS[name].kind, st.none() | ids)


NAMES = st.sampled_from([*sorted(FIELDS), "UF_CRM_TASK", "UF_B"])
values = st.lists(NAMES, unique=True, max_size=4).flatmap(
    lambda names: st.fixed_dictionaries({name: _value(name) for name in names})
)
field_changes = NAMES.flatmap(
    lambda name: st.builds(
        FieldChange,
        st.just(name),
        st.none() | _value(name),
        st.none() | _value(name),
        st.booleans(),
        st.booleans(),
    )
)
options = st.builds(
    Options,
    st.none() | st.booleans(),
    st.none() | st.sampled_from(OnRemove),
    st.lists(NAMES, max_size=2).map(tuple),
    st.none() | ids,
    st.dictionaries(NAMES, st.sampled_from(FieldPolicy), max_size=3).map(
        lambda said: tuple(sorted(said.items()))
    ),
)
changes = st.builds(
    Change,
    keys,
    st.sampled_from(Action),
    st.sampled_from(Reason),
    st.none() | ids,
    st.lists(field_changes, max_size=4, unique_by=lambda one: one.name).map(tuple),
    values,
    values,
    values,
    options,
    st.booleans(),
    texts,
    st.none() | st.builds(Place, texts, counts, counts),
    st.lists(texts, max_size=2).map(tuple),
    st.none() | st.builds(Activity, counts, counts),
    st.none() | ids,
    texts,
    created=instants | st.just(""),
    forms=values,
    edited=st.lists(NAMES, max_size=2).map(tuple),
    written=st.dictionaries(NAMES, texts.filter(bool), max_size=2),
    because=st.dictionaries(NAMES, texts.filter(bool), max_size=2),
)
pairs = st.lists(st.tuples(keys, keys), max_size=2).map(tuple)
drifts = NAMES.flatmap(
    lambda name: st.builds(Drift, keys, ids, st.just(name), _value(name), _value(name))
)
standings = NAMES.flatmap(
    lambda name: st.builds(
        Standing,
        *(keys, ids, st.just(name), _value(name), _value(name)),
        st.sampled_from(Stands),
    )
)
limits = st.builds(Threshold, st.integers(0, 99)) | st.builds(
    Threshold, st.none(), st.sampled_from([0.0, 0.07, 0.3, 1 / 3, 0.125, 0.29, 1.0])
)
policies = st.builds(
    Policy,
    limits,
    st.none() | limits,
    limits,
    st.sampled_from(OnRemove),
    st.booleans(),
    st.none() | counts,
)
numbers = st.dictionaries(texts, st.integers(1, 99), max_size=2)
plans = st.builds(
    Plan,
    texts,
    texts,
    texts,
    counts,
    st.lists(st.lists(changes, min_size=1, max_size=2).map(tuple), max_size=2).map(tuple),
    st.lists(changes, max_size=2).map(tuple),
    st.lists(drifts, max_size=4).map(tuple),
    st.lists(st.builds(Duplicate, keys, ids, ids, texts), max_size=2).map(tuple),
    st.lists(st.builds(Orphan, ids, texts, counts), max_size=2).map(tuple),
    pairs,
    pairs,
    st.lists(keys, max_size=2).map(tuple),
    counts,
    counts,
    counts,
    counts,
    st.lists(texts, max_size=2).map(tuple),
    st.none() | texts,
    st.lists(st.tuples(ids, texts), max_size=2).map(tuple),
    st.booleans(),
    policies,
    st.lists(texts, max_size=2).map(tuple),
    st.booleans(),
    hidden=st.lists(st.builds(Hidden, keys, ids, st.booleans()), max_size=2).map(tuple),
    other_owner=texts,
    directory=st.none() | st.builds(RememberedNumbers, numbers, numbers, st.integers(0, 5)),
    doubtful=st.lists(
        st.builds(DoubtfulPerson, ids, st.booleans(), st.lists(keys, max_size=2).map(tuple)),
        max_size=2,
    ).map(tuple),
    standing=st.lists(standings, max_size=3).map(tuple),
    existing=st.lists(
        st.builds(
            Existing,
            keys,
            st.lists(st.builds(ExistingTask, ids, counts), min_size=1, max_size=2).map(tuple),
            st.just(0) | ids,
        ),
        max_size=2,
    ).map(tuple),
    not_looked_for=counts,
    again=st.sampled_from(["", "0123456789abcdef"]),
    undoes=st.sampled_from(["", "0123456789abcdef"]),
)


def encoded(plan: Plan) -> dict[str, object]:
    return plan_json.encode(plan, version="0.1.0", requests=3, seconds=0.4)


@settings(max_examples=40, deadline=None)
@given(plans)
def test_decode_of_encode_is_the_very_plan_through_a_file_too(plan):
    data = encoded(plan)
    assert plan_json.decode(data) == plan
    assert plan_json.loads(plan_json.dumps(data).encode()) == plan


@settings(max_examples=20, deadline=None)
@given(plans)
def test_every_plan_is_what_the_schema_says(plan):
    VALIDATOR.validate(encoded(plan))


@pytest.mark.parametrize("kind", [Plan, Change, Options, Drift, Duplicate, Orphan, Standing])
def test_no_field_of_a_plan_is_forgotten_when_it_is_read(kind):
    source = inspect.getsource(plan_reading) + inspect.getsource(Plan.with_sources)
    built = {Plan: "Plan(", Change: "Change("}.get(kind)
    if built is None:
        known = {Options: 5, Drift: 5, Duplicate: 4, Orphan: 3, Standing: 6}
        assert len(fields(kind)) == known[kind]
        return
    assert [f.name for f in fields(kind) if f.compare and f"{f.name}=" not in source] == []


def test_the_schema_is_itself_valid():
    jsonschema.Draft202012Validator.check_schema(SCHEMA)


def edited(**other: object) -> Change:
    deadline = FieldChange("deadline", "2026-05-19T18:00:00+03:00", "2026-05-23T18:00:00+03:00")
    change = Change(
        TaskKey("quarterly-report"),
        Action.UPDATE,
        Reason.EDITED,
        RemoteId(3871),
        (deadline,),
        asked={"deadline": "2026-05-23T18:00:00+03:00"},
        place=Place("tasks/finance.yaml", 31, 3),
        edited=("deadline",),
    )
    return replace(change, **other)


def plan_of(*changes: Change, **other: object) -> Plan:
    return replace(Plan("finance-q2", "acme.bitrix24.com", "l1", 7, (changes,)), **other)


def item_of(change: Change, **other: object) -> dict[str, object]:
    data = encoded(plan_of(change, **other))
    return plan_json.json.loads(plan_json.dumps(data))["resource_changes"][0]


def test_the_digest_covers_what_is_done_and_not_when_or_where():
    plan = plan_of(edited())
    digest = plan_json.digest(plan)
    assert digest.startswith("sha256:")
    assert plan_json.digest(replace(plan, serial=9, lineage="other", files=("x",))) == digest
    assert plan_json.digest(plan_of(edited(place=Place("elsewhere.yaml", 1)))) == digest
    assert plan_json.digest(replace(plan, portal="other")) != digest
    assert plan_json.digest(replace(plan, project="other")) != digest
    assert plan_json.digest(plan_of(edited(id=RemoteId(1)))) != digest
    assert encoded(plan)["digest"] == digest


def test_an_update_sends_exactly_what_differs_and_what_must_be_sent_together():
    change = edited(
        sent_together={"status": 3}, markers=("tasksync:finance-q2",), asked={"title": "x"}
    )
    assert item_of(change)["request"] == {
        "method": "PATCH",
        "path": "/v1/tasks/3871",
        "body": {"deadline": "2026-05-23T18:00:00+03:00", "status": 3},
    }


def test_a_patch_of_tags_keeps_the_marker_and_cleared_values_travel_as_the_seeds_say():
    fields = (
        FieldChange("deadline", "2026-05-19T18:00:00+03:00", None),
        FieldChange("groupId", 5, None),
        FieldChange("parentId", 5, None),
        FieldChange("tags", ("a",), ()),
    )
    change = edited(fields=fields, markers=("tasksync:finance-q2",))
    body = {"deadline": "", "groupId": 0, "parentId": 0, "tags": ["tasksync:finance-q2"]}
    assert item_of(change)["request"]["body"] == body


def test_the_marker_that_will_be_sent_with_tags_stands_in_the_request():
    """Also where the task was read without its markers, or had lost ours."""
    change = edited(fields=(FieldChange("tags", ("x",), ("y",)),))
    assert item_of(change, marker="tasksync:demo")["request"]["body"]["tags"] == [
        "tasksync:demo",
        "y",
    ]
    assert item_of(change, marker=None)["request"]["body"]["tags"] == ["y"]


def test_a_create_carries_the_marker_and_a_parent_that_is_not_known_yet():
    fields = (
        FieldChange("title", None, "Collect the figures"),
        FieldChange("parentId", None, KeyRef(TaskKey("quarterly-report"))),
    )
    change = Change(TaskKey("collect"), Action.CREATE, Reason.NEW, fields=fields)
    item = item_of(change, marker="tasksync:finance-q2")
    assert item["change"]["before"] is None
    assert item["change"]["after"]["parentId"] == {"key": "quarterly-report"}
    assert item["change"]["after_unknown"] == {"parentId": True}
    assert item["request"]["path"] == "/v1/tasks"
    assert item["request"]["body"]["tags"] == ["tasksync:finance-q2"]
    assert item["precondition"] is None


def test_a_delete_has_no_after_and_no_body():
    change = edited(action=Action.DELETE, fields=(FieldChange("title", "Audit", None),))
    item = item_of(change)
    assert (item["change"]["before"], item["change"]["after"]) == ({"title": "Audit"}, None)
    assert item["request"] == {"method": "DELETE", "path": "/v1/tasks/3871", "body": None}
    assert item["precondition"] == {"fields": {"title": "Audit"}}


def test_what_the_portal_never_hears_of_has_no_request():
    assert item_of(edited(action=Action.FORGET, fields=()))["request"] is None
    assert item_of(edited(action=Action.ADOPT, fields=()))["request"] is None


def test_refusals_are_told_and_change_nothing_else():
    refusal = Refusal("maxDelete", "too many deletes", "--max-delete 5", (TaskKey("a"),))
    plan = plan_of(edited())
    data = plan_json.encode(plan, version="1", requests=1, seconds=0.1, refusals=(refusal,))
    VALIDATOR.validate(data)
    assert plan_json.decode(data) == plan


@pytest.mark.parametrize(
    ("change", "names"),
    [
        (lambda item: item["request"]["body"].update(deadline=""), "['request']['body']"),
        (lambda item: item["change"]["after"].update(deadline=None), "changed by hand"),
        (lambda item: item.update(id="1"), "changed by hand"),
    ],
)
def test_a_plan_changed_by_hand_is_refused_and_the_place_is_named(change, names):
    data = json.loads(plan_json.dumps(encoded(plan_of(edited()))))
    change(data["resource_changes"][0])
    with pytest.raises(PlanUnusable) as refused:
        plan_json.decode(data)
    assert names in refused.value.message
    assert "--out" in refused.value.advice


@pytest.mark.parametrize("text", ["", "{}", "[]", "null", '{"resource_changes": []}', "[" * 9999])
def test_what_is_no_plan_is_told_so(text):
    with pytest.raises(PlanUnusable, match="not a plan"):
        plan_json.loads(text)


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("levels", 0),
        ("levels", "1"),
        ("project", None),
        ("resource_changes", [1]),
        ("twins", {}),
        ("names", [{"id": True, "name": ""}]),
        ("format_version", "one"),
    ],
)
def test_a_torn_plan_is_told_so(name, value):
    with pytest.raises(PlanUnusable):
        plan_json.decode({**encoded(plan_of(edited())), name: value})


def test_a_newer_format_names_the_version_that_made_it():
    data = {**encoded(plan_of(edited())), "format_version": "2.1", "tasksync_version": "9.9"}
    with pytest.raises(PlanUnusable, match=r"format 2\.1") as refused:
        plan_json.decode(data)
    assert "9.9" in refused.value.advice


def test_a_file_holds_one_line_a_change_and_people_can_read_it():
    changes = tuple(edited(key=TaskKey(f"k{n}"), title="Отчёт") for n in range(3))
    text = plan_json.dumps(encoded(plan_of(*changes)))
    assert sum(line.startswith(' {"action_reason"') for line in text.splitlines()) == 3
    assert "Отчёт" in text


def test_a_lone_surrogate_of_a_portal_does_not_break_the_file():
    text = plan_json.dumps(encoded(plan_of(edited(title="\ud83d"))))
    assert plan_json.loads(text.encode("utf-8")).levels[0][0].title == "\ud83d"


def test_a_change_carries_the_address_of_its_card_and_reads_as_before():
    plan = plan_of(edited(responsible=22), portal="acme.bitrix24.com")
    (item,) = encoded(plan)["resource_changes"]
    number = plan.levels[0][0].id
    assert item["link"] == (
        f"https://acme.bitrix24.com/company/personal/user/22/tasks/task/view/{number}/"
    )
    assert plan_json.loads(plan_json.dumps(encoded(plan))) == plan
    assert plan_json.digest(plan) == plan_json.digest(plan_of(edited(), portal=plan.portal))
    for nowhere in (plan_of(edited(responsible=22), portal="a b"), plan_of(edited())):
        assert "link" not in encoded(nowhere)["resource_changes"][0]
