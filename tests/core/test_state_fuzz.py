"""Whatever is handed in as a state or a plan: it is read, or refused by one of our own errors."""

from __future__ import annotations

import json
from contextlib import suppress
from datetime import UTC, datetime
from typing import Any

from hypothesis import given, settings
from hypothesis import strategies as st

from tasksync.core.address_book import RememberedNumbers
from tasksync.core.fields import RemoteId, TaskKey
from tasksync.core.formats import plan_json
from tasksync.core.formats.state_checks import must_be_usable, pushed
from tasksync.core.formats.state_json import decode_state, encode_state
from tasksync.core.formats.strict_json import BadJson, strict
from tasksync.core.state import Entry, Intent, PortalIdentity, Run, State, state_of
from tasksync.errors import PlanUnusable, StateError

AT = datetime(2026, 1, 1, tzinfo=UTC)
ASKED = {"title": "A", "deadline": "2026-07-01T12:00:00+02:00", "tags": ("x",), "auditors": (1,)}
GOOD = encode_state(
    state_of(
        "p",
        [Entry(TaskKey("a"), RemoteId(1), ASKED, {"groupId": 4})],
        intents=(Intent(TaskKey("z"), ASKED, ASKED, RemoteId(1), AT, "r"),),
        runs=(Run("r", AT, "done", ""),),
        identity=PortalIdentity("portal", "me", 2.0, 0.5),
        lineage="l",
        serial=3,
        files=("m.yaml",),
        released=(RemoteId(7),),
        directory=RememberedNumbers({"anna@example.com": 2}, {"HR": 7}, 1),
    )
)
IRREGULAR = st.one_of(
    st.none(),
    st.booleans(),
    st.floats(),
    st.text(max_size=8),
    st.sampled_from(
        [2**63 - 1, 2**63, -1, 0, 10**400, "9" * 5000, "\ud800", "a\nb", "x\0", [], {}]
    ),
    st.sampled_from(["0001-01-01T00:00:00+14:00", "9999-12-31T23:59:59-14:00", "2026-13-01"]),
    st.lists(st.one_of(st.integers(), st.text(max_size=3)), max_size=3),
    st.dictionaries(st.text(max_size=3), st.integers(), max_size=2),
)


def places(data: Any, at: tuple[Any, ...] = ()) -> list[tuple[Any, ...]]:
    pairs = data.items() if isinstance(data, dict) else enumerate(data)
    found = []
    for name, value in pairs:
        found.append((*at, name))
        if isinstance(value, dict | list):
            found += places(value, (*at, name))
    return found


PLACES = places(GOOD)


def changed(where: tuple[Any, ...], value: object, name: str | None) -> dict[str, Any]:
    data: dict[str, Any] = json.loads(json.dumps(GOOD))
    at: Any = data
    for step in where[:-1]:
        at = at[step]
    if name is not None and isinstance(at, dict):
        at[name] = at.pop(where[-1])
    else:
        at[where[-1]] = value
    return data


def usable(state: State) -> None:
    """Do what commands do with every value."""
    must_be_usable(state)
    assert decode_state(encode_state(state)) is not None
    for entry in state.entries.values():
        assert entry.summary().key == entry.key


@settings(max_examples=400, deadline=None)
@given(st.sampled_from(PLACES), IRREGULAR, st.one_of(st.none(), st.text(max_size=5)))
def test_a_state_is_taken_and_then_usable_or_refused_in_words(
    where: tuple[Any, ...], value: object, name: str | None
) -> None:
    with suppress(StateError):
        usable(pushed(changed(where, value, name)))


def test_the_state_that_is_varied_is_taken_as_it_is() -> None:
    usable(pushed(json.loads(json.dumps(GOOD))))


TEXTS = st.one_of(
    st.binary(max_size=60), st.text(alphabet='{}[]",:0123456789.eE-+truefalsn \ud800')
)


@settings(max_examples=300, deadline=None)
@given(TEXTS)
def test_a_text_is_data_or_no_json(text: str | bytes) -> None:
    with suppress(BadJson):
        strict(text)


@settings(max_examples=200, deadline=None)
@given(
    st.dictionaries(st.sampled_from(["resource_changes", "format_version", "digest"]), IRREGULAR)
)
def test_a_plan_file_of_any_shape_is_refused_in_words(data: dict[str, Any]) -> None:
    text = json.dumps(data)
    with suppress(PlanUnusable):
        plan_json.opened(text.encode())
