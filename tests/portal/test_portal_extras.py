"""The portal's extra fields: how it lists them, how rows name them, what a listing asks for."""

from __future__ import annotations

from typing import Any

import pytest

from tasksync.core.extra_fields import ExtraField
from tasksync.portal.field_list import _listed, upper
from tasksync.portal.rows import camel, live_task

CRM = ExtraField("UF_CRM_TASK", "crm", multiple=True)
POINTS = ExtraField("UF_POINTS", "integer")


@pytest.mark.parametrize(
    "told",
    [
        {"UF_CRM_TASK": {"type": "crm", "multiple": True}, "UF_POINTS": {"type": "integer"}},
        {"ufCrmTask": {"type": "crm"}, "ufPoints": {"type": "int", "readonly": False}},
        {"UF_CRM_TASK": {"type": "crm[]"}, "UF_POINTS": {"TYPE": "Integer", "READONLY": "N"}},
        [{"name": "UF_CRM_TASK", "type": "crm"}, {"code": "UF_POINTS", "type": "integer"}],
        {
            "title": {"type": "string"},
            "ufCrmTask": {"type": "string"},
            "UF_CRM_TASK": {"type": "crm", "isMultiple": "Y"},
            "ufPoints": {"type": "integer"},
        },
    ],
)
def test_the_fields_are_listed_in_whichever_shape(told: Any) -> None:
    assert {one.name: one for one in _listed(told)} == {"UF_CRM_TASK": CRM, "UF_POINTS": POINTS}


@pytest.mark.parametrize("row", [{"readonly": True}, {"readOnly": "true"}, {"isReadOnly": 1}])
def test_what_is_read_only_is_not_writable(row: dict[str, Any]) -> None:
    (one,) = _listed({"UF_A": row})
    assert (one.writable, one.type) == (False, "string")


@pytest.mark.parametrize(
    ("name", "key"),
    [("UF_CRM_TASK", "ufCrmTask"), ("UF_AUTO_583853685266", "ufAuto583853685266"), ("UF_A", "ufA")],
)
def test_a_name_has_two_forms(name: str, key: str) -> None:
    assert (camel(name), upper(key), upper(name)) == (key, name, name)


@pytest.mark.parametrize(
    "row",
    [
        {"id": "7", "ufCrmTask": ["D_2", "D_1"], "ufPoints": "5"},
        {"id": 7, "UF_CRM_TASK": {"0": "D_1", "1": "D_2"}, "UF_POINTS": 5},
        {"ID": "7", "UF_CRM_TASK": ["D_1", "D_2"], "UF_POINTS": "5.0"},
    ],
)
def test_a_row_is_read_under_either_name(row: dict[str, Any]) -> None:
    live = live_task(row, (CRM, POINTS))
    assert live.fields == {"UF_CRM_TASK": ("D_1", "D_2"), "UF_POINTS": 5}
    assert not live.unreadable
    assert live_task(row).fields == {}


def test_what_a_row_does_not_answer_is_not_known_and_what_cannot_be_read_is_named() -> None:
    assert live_task({"id": 7}, (CRM, POINTS)).fields == {}
    live = live_task({"id": 7, "title": "A", "ufPoints": "many", "ufCrmTask": []}, (CRM, POINTS))
    assert live.unreadable == 'UF_POINTS: "many"'
    assert live.fields == {"title": "A", "UF_CRM_TASK": ()}
