"""What a run did, as plain data: what goes in comes out, and what is torn is named."""

from __future__ import annotations

import json
from typing import Any

import pytest
from stores import change, rich_change

from tasksync.core.change import Action
from tasksync.core.formats.history_json import decode_change, encode_change
from tasksync.core.history import (
    KEPT_CHANGES,
    KEPT_HISTORY_RUNS,
    RecordedChange,
    by_run,
    too_old,
)
from tasksync.errors import StateUnreadable


def through_json(document: object) -> Any:
    return json.loads(json.dumps(document))


@pytest.mark.parametrize("one", [rich_change("r", "a"), change("r", "Отчёт/1")])
def test_a_change_survives_the_way_through_json(one: RecordedChange) -> None:
    assert decode_change(one.run, through_json(encode_change(one))) == one


@pytest.mark.parametrize("action", sorted(set(Action) - {Action.NOOP}))
def test_every_action_that_is_done_can_be_kept(action: Action) -> None:
    one = RecordedChange("r", change("r", "a").key, action.value, change("r", "a").id)
    assert decode_change("r", through_json(encode_change(one))) == one
    assert list(encode_change(one)) == ["key", "action", "id"]  # what is empty is left out


GOOD = through_json(encode_change(rich_change("r", "a")))


@pytest.mark.parametrize(
    ("data", "fault"),
    [
        ([], "a recorded change"),
        ({}, "key is missing"),
        ({**GOOD, "key": 7}, "key is a whole number, not a text"),
        ({**GOOD, "action": "no-op"}, "change of a: .no-op. is nothing"),
        ({**GOOD, "action": None}, "action is NoneType"),
        ({**GOOD, "id": True}, "is no id of a task"),
        ({**GOOD, "id": 0}, "0 is no id of a task"),
        ({**GOOD, "title": 1}, "title is a whole number"),
        ({**GOOD, "fields": []}, "fields is a list"),
        ({**GOOD, "fields": {"title": "x"}}, "title is a text, not an object"),
        ({**GOOD, "fields": {"nope": {"after": 1}}}, "is no field of a task"),
        ({**GOOD, "fields": {"deadline": {"before": "soon"}}}, "is no date"),
        ({**GOOD, "read": {"tags": "x"}}, "tags cannot be"),
        ({**GOOD, "read": None}, "read is NoneType"),
        ({**GOOD, "key": "a\n", "action": "x"}, r"of 'a\\n'"),
    ],
)  # fmt: skip
def test_what_is_torn_is_named(data: Any, fault: str) -> None:
    with pytest.raises(StateUnreadable, match=fault):
        decode_change("r", data)


def test_of_two_changes_of_one_key_and_action_the_last_counts() -> None:
    first, second, other = change("r", "a"), change("r", "a", remote=8), change("s", "a")
    deleted = change("r", "a", "delete")
    assert by_run([first, deleted, other, second]) == {"r": [second, deleted], "s": [other]}


def test_whole_oldest_runs_go() -> None:
    many = {f"r{n}": 1 for n in range(KEPT_HISTORY_RUNS + 2)}
    assert too_old(many) == ["r0", "r1"]
    assert too_old({"a": 1, "b": KEPT_CHANGES}) == ["a"]
    assert too_old({"a": 1, "b": KEPT_CHANGES - 1}) == []
    assert too_old({}) == []


def test_the_last_run_stays_however_much_it_did() -> None:
    assert too_old({"a": 1, "b": KEPT_CHANGES + 1}) == ["a"]
