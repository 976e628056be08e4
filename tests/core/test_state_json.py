"""The state as plain data: what goes in comes out, and what is torn is named."""

from __future__ import annotations

import copy
import json
from datetime import UTC, datetime, timedelta, timezone
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from jsonschema import Draft202012Validator
from stores import ANNA, START, entry, intent, rich_entry, rich_run, run

from tasksync.core.address_book import RememberedNumbers
from tasksync.core.change import Action, Change, Reason
from tasksync.core.fields import RemoteId, TaskKey
from tasksync.core.formats import lease_json, state_json, values_json
from tasksync.core.formats.state_checks import pushed
from tasksync.core.state import (
    FORMAT_VERSION,
    NO_DATE,
    Lease,
    PortalIdentity,
    State,
    StateDelta,
    state_of,
)
from tasksync.core.task import NO_OPTIONS, FieldPolicy, OnRemove, Options
from tasksync.errors import StateUnreadable

SCHEMA = json.loads(
    (Path(__file__).parents[2] / "schemas" / "state.schema.json").read_text(encoding="utf-8")
)
FULL = state_of(
    "finance-q2",
    [rich_entry("b", 9), entry("a", 1)],
    lineage="L",
    serial=7,
    identity=PortalIdentity("acme.bitrix24.com", "anna", 2.5, 0.75),
    intents=(intent("x"), intent("y")),
    files=("tasks.yaml",),
    released=(RemoteId(17), RemoteId(4)),
    directory=RememberedNumbers({"anna@example.com": 2}, {"HR": 7}, 1),
    runs=(run("r1", outcome="done", plan="d"), run("r2"), rich_run("r3")),
)
DOCUMENT = state_json.encode_state(FULL)


def through_json(document: object) -> Any:
    return json.loads(json.dumps(document))


def test_a_state_survives_the_way_through_json() -> None:
    back = state_json.decode_state(through_json(DOCUMENT))
    assert state_json.encode_state(back) == DOCUMENT
    assert dict(back.entries) == dict(FULL.entries)
    assert (back.intents, back.runs) == (FULL.intents, FULL.runs)
    assert (back.identity, back.files) == (FULL.identity, FULL.files)
    assert (back.released, back.directory) == (FULL.released, FULL.directory)
    assert (back.lineage, back.serial, back.project) == ("L", 7, "finance-q2")


def test_a_new_state_survives_too() -> None:
    empty = State("p")
    back = state_json.decode_state(through_json(state_json.encode_state(empty)))
    assert state_json.encode_state(back) == state_json.encode_state(empty)


def test_entries_are_written_in_the_order_of_their_keys() -> None:
    assert list(DOCUMENT["entries"]) == ["a", "b"]  # type: ignore[call-overload]


@pytest.mark.parametrize("state", [FULL, State("p")], ids=["full", "new"])
def test_the_published_schema_describes_what_is_written(state: State) -> None:
    document = through_json(state_json.encode_state(state))
    assert list(Draft202012Validator(SCHEMA).iter_errors(document)) == []


def test_the_schema_refuses_what_it_does_not_know() -> None:
    document = {**through_json(DOCUMENT), "surprise": 1}
    assert list(Draft202012Validator(SCHEMA).iter_errors(document))


@given(
    protect=st.none() | st.booleans(),
    on_remove=st.none() | st.sampled_from(OnRemove),
    ignore=st.lists(st.sampled_from(["title", "deadline"]), unique=True),
    adopt=st.none() | st.integers(1, 10**12),
    policies=st.dictionaries(st.sampled_from(["status", "tags"]), st.sampled_from(FieldPolicy)),
)
def test_options_survive(
    protect: bool | None,  # noqa: FBT001 - hypothesis hands them over by name
    on_remove: OnRemove | None,
    ignore: list[str],
    adopt: Any,
    policies: dict[str, FieldPolicy],
) -> None:
    said = tuple(sorted(policies.items()))
    options = Options(protect, on_remove, tuple(ignore), adopt, said)
    assert options == values_json.decode_options(through_json(values_json.encode_options(options)))


def test_no_options_are_not_written() -> None:
    assert values_json.encode_options(NO_OPTIONS) == {}
    assert "options" not in state_json.encode_entry(entry("a", 1))


@given(st.datetimes(timezones=st.just(UTC) | st.just(timezone(timedelta(hours=3)))))
def test_an_instant_survives_to_the_microsecond(at: datetime) -> None:
    assert at == values_json.decode_instant(values_json.encode_instant(at))


def test_a_lease_survives() -> None:
    lease = Lease("id", ANNA, 3, START, START + timedelta(seconds=5), 60.0)
    assert lease == lease_json.decode_lease(through_json(lease_json.encode_lease(lease)))


@pytest.mark.parametrize(
    "numbers", [None, RememberedNumbers(), RememberedNumbers({"anna@example.com": 2}, {"HR": 7}, 1)]
)
def test_laying_a_delta_says_the_same_as_after(numbers: RememberedNumbers | None) -> None:
    delta = StateDelta(
        put=(entry("c", 3), entry("a", 1, status=4)),
        drop=(TaskKey("b"), TaskKey("nobody")),
        open=(intent("z"), intent("y", after=99)),
        close=(TaskKey("x"),),
        run=run("r1", outcome="again"),
        identity=PortalIdentity("other"),
        files=(),
        released=(RemoteId(5),),
        directory=numbers,
    )
    updated = state_json.apply_delta(through_json(DOCUMENT), delta)
    expected = state_json.encode_state(FULL.after(delta))
    assert expected == {**updated, "entries": dict(sorted(updated["entries"].items()))}


def test_an_empty_delta_raises_the_serial_alone() -> None:
    assert state_json.apply_delta(DOCUMENT, StateDelta()) == {**DOCUMENT, "serial": 8}


def test_a_newer_version_is_named_before_anything_else_is_looked_at() -> None:
    with pytest.raises(StateUnreadable, match="written by a newer version"):
        state_json.decode_state(
            {"kind": "tasksync-state", "version": FORMAT_VERSION + 1, "shape": "unknown"}
        )


def test_a_state_of_before_is_read() -> None:
    """Format 1 knew no createdDate: the marker decides whose a task is, until a date is learned."""
    old = {
        "kind": "tasksync-state", "version": 1, "project": "finance", "lineage": "line",
        "serial": 4, "identity": {"portal": "HTTPS://Acme.bitrix24.com/", "owner": "Anna"},
        "entries": {"a": {"id": 7, "asked": {"title": "A", "responsibleId": 1}}},
        "intents": [], "files": ["tasks.yaml"], "released": [], "runs": [],
    }  # fmt: skip
    state = state_json.decode_state(old)
    entry = state.entries[TaskKey("a")]
    assert (entry.created, entry.hidden, entry.remade, dict(entry.unproved)) == (
        "",
        False,
        False,
        {},
    )
    assert state.index.created[0] == NO_DATE
    assert state.identity is not None
    assert state.identity.portal == "acme.bitrix24.com"
    assert state_json.encode_state(state)["version"] == FORMAT_VERSION


@pytest.mark.parametrize(
    "document",
    [
        None,
        [],
        "text",
        {},
        {"version": 4, "terraform_version": "1.11.4", "serial": 1, "lineage": "x"},
        {"kind": "tasksync-state"},
        {"kind": "tasksync-state", "version": "1"},
        {"kind": "tasksync-state", "version": True},
        {"kind": "tasksync-state", "version": 1},
    ],
)
def test_what_is_not_a_state_is_unreadable(document: object) -> None:
    with pytest.raises(StateUnreadable) as refused:
        state_json.decode_state(document)
    assert "state rebuild" in refused.value.advice


def set_at(path: tuple[str | int, ...], value: object) -> Any:
    document = copy.deepcopy(through_json(DOCUMENT))
    place: Any = document
    for step in path[:-1]:
        place = place[step]
    if value is ...:
        del place[path[-1]]
    else:
        place[path[-1]] = value
    return document


@pytest.mark.parametrize(
    ("path", "value", "named"),
    [
        (("serial",), "7", "serial"),
        (("serial",), True, "serial"),
        (("lineage",), ..., "lineage"),
        (("entries",), [], "entries"),
        (("entries", "a"), 5, "entry a"),
        (("entries", "a", "id"), "1", "entry a"),
        (("entries", "a", "asked"), ..., "entry a"),
        (("entries", "a", "asked", "title"), 12, "title"),
        (("entries", "a", "asked", "status"), True, "status"),
        (("entries", "a", "asked", "colour"), "red", "colour"),
        (("entries", "b", "asked", "tags"), [1], "tags"),
        (("entries", "b", "asked", "parentId"), {"name": "x"}, "parentId"),
        (("entries", "b", "options", "onRemove"), "burn", "entry b"),
        (("entries", "b", "protected"), 1, "entry b"),
        (("intents", 0, "at"), "2026-05-19T10:00:00", "intent"),
        (("intents", 0, "at"), "yesterday", "intent"),
        (("intents", 0, "key"), ..., "intent"),
        (("runs", 0, "outcome"), [1], "run"),
        (("files",), [1], "files"),
        (("released",), ["1"], "released"),
        (("directory", "people", "anna@example.com"), "2", "directory"),
        (("directory", "groups"), [7], "directory"),
        (("directory", "moves"), -1, "directory"),
        (("identity",), {"portal": 5}, "portal"),
        (("identity",), "acme", "document"),
    ],
)
def test_a_fault_is_named_with_its_place(
    path: tuple[str | int, ...], value: object, named: str
) -> None:
    with pytest.raises(StateUnreadable) as refused:
        state_json.decode_state(set_at(path, value))
    assert named in refused.value.message


def test_what_was_written_for_values_comes_through_a_create_in_doubt_too() -> None:
    """The entry that is made of an intent knows it, and so does the one of a change."""
    assert intent("x").entry(RemoteId(5)).written == {"title": "words of x"}
    made = Change(
        TaskKey("x"), Action.CREATE, Reason.NEW, asked={"title": "X"}, written={"title": "words"}
    )
    assert made.entry(RemoteId(5)).written == {"title": "words"}


@pytest.mark.parametrize(
    ("written", "fault"),
    [
        ({"deadline": "release"}, "written.deadline"),
        ({"title": ""}, "written.title"),
        ({"title": "a\x1b"}, "written.title"),
        ({"nothing": "x"}, "nothing"),
        ({"title": 5}, "title"),
        ("title", "entry a"),
    ],
)
def test_a_pushed_state_says_only_what_can_have_been_written(written: object, fault: str) -> None:
    """Words of fields that are asked for, on one line."""
    document = through_json(DOCUMENT)
    document["entries"]["a"]["written"] = written
    with pytest.raises(StateUnreadable, match=fault):
        pushed(document)
