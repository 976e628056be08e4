"""What jsonschema-rs tells of a value is worded as jsonschema, written apart, would have it."""

from __future__ import annotations

from datetime import date
from typing import Any

import jsonschema
import pytest
from hypothesis import given
from hypothesis import strategies as st

from tasksync.manifests import schema
from tasksync.manifests.reader import Decimal

_LINE_BREAK = "ends in a line break"  # to Python's $ a last line break is none

_JUNK = st.sampled_from(
    (
        *(None, True, 0, -1, 5, 2**70, 1.5, Decimal("1.0"), Decimal("2.5"), Decimal("1e30")),
        *("", " ", "x", "low", "7", "a\n", "x\ny", "\ud800", "a@b.example", "x" * 300),
        *([], {}, [1], ["a", "a"], ["\udfff"], {"a": 1}, {"\ud800": 1}, {"Tag": [None]}),
    )
)
_NAMES = st.sampled_from(
    (
        *("title", "description", "responsibleId", "priority", "deadline", "timeEstimate"),
        *("accomplices", "tags", "status", "parent", "adopt", "lifecycle", "fieldPolicy", "UF_X"),
        *("apiVersion", "project", "defaults", "policy", "tasks", "moved", "dates", "calendar"),
        *("templates", "extraFields", "people", "titel", "id", "\ud800"),
    )
)
_VALUES = st.dictionaries(_NAMES, st.one_of(_JUNK, st.dictionaries(_NAMES, _JUNK, max_size=3)))


def told_by_jsonschema(ref: str, value: Any) -> set[Any]:
    found = jsonschema.Draft202012Validator(dict(schema._part(ref))).iter_errors(value)
    failures = [
        schema._Failure(
            tuple(one.absolute_path), str(one.validator), schema._mapping(one.schema), one.instance
        )
        for one in found
    ]
    return {worded for failure in failures for worded in schema._worded(failure)}


@pytest.mark.parametrize("ref", [schema.TASK, schema.WHOLE_TASK, schema.MANIFEST, schema.FLEET])
@given(value=_VALUES)
def test_both_tell_the_same_of_a_value(ref: str, value: dict[str, Any]) -> None:
    told, theirs = set(schema.faults(ref, value)), told_by_jsonschema(ref, value)
    assert {one for one in told ^ theirs if one.what.endswith(_LINE_BREAK) and one in told} == (
        told ^ theirs
    )
    assert bool(told) or schema.checker(ref)(value)


@pytest.mark.parametrize(
    ("name", "value", "words"),
    [
        ("timeEstimate", Decimal("1.0"), "timeEstimate is 1.0, not a whole number"),
        ("tags", ["a", "\ud800", 3], "an item of tags is 3, not text"),
        ("title", "", "title is empty"),
        ("title", date(2027, 1, 4), "title must be text, not 2027-01-04"),
        ("tags", {1: 2}, "tags must be a list, not a mapping"),
        ("priority", "hihg", 'priority cannot be "hihg"'),
    ],
)
def test_a_value_that_the_checker_does_not_take_is_worded_by_what_stands_there(
    name: str, value: object, words: str
) -> None:
    told = [one.what for one in schema.faults(schema.TASK, {name: value})]
    assert words in told, told
