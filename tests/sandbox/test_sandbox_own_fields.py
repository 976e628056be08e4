"""The sandbox's own fields of tasks: listed, written by type, read when named."""

from __future__ import annotations

from typing import Any

import pytest

from tasksync.sandbox.model.own_fields import EXTRAS, BadExtra, sent, stored, written

ZONE: Any = None


def test_every_field_is_listed_with_its_type() -> None:
    told = {name: field.described() for name, field in EXTRAS.items()}
    assert told["UF_CRM_TASK"] == {
        "type": "crm",
        "readonly": False,
        "label": "CRM entities",
        "multiple": True,
    }
    assert {one["type"] for one in told.values()} == {
        *("crm", "string", "integer", "double", "boolean", "datetime", "enumeration")
    }
    assert told["UF_RISK"]["enum"] == {"45": "low", "46": "some", "47": "high"}
    assert [name for name, one in told.items() if one["readonly"]] == ["UF_SYNC_ID"]


@pytest.mark.parametrize(
    ("name", "value", "row"),
    [
        ("UF_CRM_TASK", ["D_1", "D_1", ""], ["D_1"]),
        ("UF_CRM_TASK", "D_1", ["D_1"]),
        ("UF_CRM_TASK", "", []),
        ("UF_COST_CENTER", "4711", "4711"),
        ("UF_COST_CENTER", "", None),
        ("UF_STORY_POINTS", "5", "5"),
        ("UF_BUDGET", 12.5, "12.5"),
        ("UF_BUDGET", "13.0", "13"),
        ("UF_REVIEWED", False, "0"),
        ("UF_REVIEWED", "Y", "1"),
        ("UF_RISK", "45", "45"),
    ],
)
def test_what_was_written_is_in_the_row(name: str, value: Any, row: Any) -> None:
    assert written(EXTRAS[name], stored(name, value, ZONE), str) == row


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("UF_COST_CENTER", 5),
        ("UF_COST_CENTER", ["x"]),
        ("UF_CRM_TASK", [5]),
        ("UF_STORY_POINTS", "many"),
        ("UF_STORY_POINTS", True),
        ("UF_STORY_POINTS", 1.5),
        ("UF_BUDGET", "nan"),
        ("UF_REVIEWED", "maybe"),
        ("UF_REVIEW_AT", "soon"),
        ("UF_RISK", 44),
    ],
)
def test_a_value_of_another_type_is_refused(name: str, value: Any) -> None:
    with pytest.raises(BadExtra, match=name):
        stored(name, value, ZONE)


def test_a_body_may_name_them_either_way() -> None:
    assert sent({"ufRisk": 45, "UF_BUDGET": 1, "title": "A", "ufNone": 1}) == {
        "UF_RISK": 45,
        "UF_BUDGET": 1,
    }
