"""Extra fields: which values a type takes, and what the portal's answers mean."""

from __future__ import annotations

import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tasksync.core.extra_fields import ExtraField, as_set, problems
from tasksync.core.fields import (
    FIELDS,
    FieldKind,
    TaskKey,
    Value,
    digest_named,
    digest_of,
    extras_in,
    from_plain,
    is_extra,
    mask_of,
    names_in,
    plain,
    same,
    to_wire,
)
from tasksync.core.task import Place, Task

MOMENT = "2026-05-19T18:00:00+03:00"


@pytest.mark.parametrize(
    ("kind", "good", "bad"),
    [
        ("string", ["", "x", "5"], [5, 1.5, True]),
        ("url", ["https://example.com"], [5]),
        ("integer", [0, -5], ["5", 1.5, True]),
        ("double", [0, 1.5], ["1.5", True]),
        ("boolean", [True, False], [0, 1, "Y"]),
        (
            "datetime",
            [MOMENT, "2026-05-19T18:00Z"],
            ["2026-05-19", "2026-05-19T18:00:00", "soon", 5],
        ),
        ("date", ["2026-05-19"], [MOMENT, "2026-5-19", 5]),
        ("enumeration", [45], ["high", True]),
        ("crm", ["D_12"], [12]),
        ("something new", ["x"], [5]),
    ],
)
def test_a_type_takes_its_values_one_or_several(kind: str, good: list[Any], bad: list[Any]) -> None:
    one, several = ExtraField("UF_A", kind), ExtraField("UF_A", kind, multiple=True)
    assert [one.fault(value) for value in (None, *good)] == [""] * (len(good) + 1)
    assert [several.fault(as_set([value])) for value in good] == [""] * len(good)
    assert several.fault(()) == ""
    assert all(one.fault(value) for value in bad)
    assert all(several.fault((value,)) for value in bad)
    assert one.fault(as_set(good)) == "it takes one value, not a list"
    assert several.fault(good[0]) == "it takes a list"


@pytest.mark.parametrize(
    ("kind", "raw", "value"),
    [
        *(("string", raw, None) for raw in (None, "", False, [], {})),
        ("string", "a\r\nb", "a\nb"),
        ("string", 5, "5"),
        ("string", ["x"], "x"),
        *(("integer", raw, 5) for raw in (5, "5", 5.0, "5.0", ["5"])),
        *(("integer", raw, None) for raw in (None, "", False, [])),
        ("integer", "0", 0),
        ("double", "12.50", 12.5),
        ("double", "13.00", 13),
        *(("boolean", raw, True) for raw in (True, 1, "1", "Y", "true")),
        *(("boolean", raw, False) for raw in (False, 0, "0", "N", None, "")),
        ("enumeration", "45", 45),
        ("date", "2026-05-19T00:00:00+03:00", "2026-05-19"),
        ("datetime", MOMENT, MOMENT),
    ],
)
def test_what_the_portal_answers_is_read_by_its_type(kind: str, raw: object, value: Value) -> None:
    found = ExtraField("UF_A", kind).read(raw)
    assert (found, type(found)) == (value, type(value))


@pytest.mark.parametrize(
    ("kind", "raw", "value"),
    [
        ("crm", ["D_12", "D_11", "D_12"], ("D_11", "D_12")),
        ("crm", {"3": "D_12"}, ("D_12",)),
        ("crm", "D_12", ("D_12",)),
        *(("crm", raw, ()) for raw in (None, "", False, [], {}, [""])),
        ("integer", ["2", 10, "2"], (2, 10)),
    ],
)
def test_several_values_are_a_set_in_whichever_shape(kind: str, raw: object, value: Value) -> None:
    assert ExtraField("UF_A", kind, multiple=True).read(raw) == value


@pytest.mark.parametrize(
    ("kind", "raw"),
    [("integer", "five"), ("double", "nan"), ("boolean", "maybe"), ("string", [1, 2])],
)
def test_what_cannot_be_the_value_of_a_type_is_an_error(kind: str, raw: object) -> None:
    with pytest.raises(ValueError, match=r".+"):
        ExtraField("UF_A", kind).read(raw)


def task(**fields: Value) -> Task:
    return Task(TaskKey("a"), {"title": "A", **fields}, Place("m.yaml", 7, 3))


KNOWN = {
    one.name: one
    for one in (
        ExtraField("UF_CRM_TASK", "crm", multiple=True),
        ExtraField("UF_POINTS", "integer"),
        ExtraField("UF_SYNC", writable=False),
    )
}


@pytest.mark.parametrize(
    ("fields", "told"),
    [
        ({"UF_CRM_TASK": ("D_1",), "UF_POINTS": None}, []),
        (
            {"UF_CRM_TASKS": ("D_1",)},
            ["m.yaml:7:3: the portal lists no field UF_CRM_TASKS (did you mean UF_CRM_TASK?)"],
        ),
        (
            {"UF_QQQ": 5},
            ["m.yaml:7:3: the portal lists no field UF_QQQ (it lists UF_CRM_TASK, UF_POINTS)"],
        ),
        ({"UF_SYNC": "x"}, ["m.yaml:7:3: UF_SYNC is read-only (leave it out: the portal sets it)"]),
        (
            {"UF_POINTS": "5", "UF_CRM_TASK": "D_1"},
            [
                "m.yaml:7:3: UF_CRM_TASK is of type crm, multiple (it takes a list)",
                'm.yaml:7:3: UF_POINTS is of type integer (it takes a whole number, not "5")',
            ],
        ),
    ],
)
def test_every_fault_of_a_task_is_told_with_its_place_and_mend(
    fields: dict[str, Value], told: list[str]
) -> None:
    assert [str(one.problem) for one in problems([task(**fields)], KNOWN)] == told


def test_a_portal_without_extra_fields_says_so() -> None:
    (one,) = problems([task(UF_A="x")], {})
    assert one.problem.mend == "it lists no extra field at all"


scalars = (
    st.text(st.characters(exclude_categories=["Cs", "Cc"]), max_size=8)
    | st.integers(-(2**62), 2**62)
    | st.booleans()
    | st.floats(allow_nan=False, allow_infinity=False)
)
values = st.none() | scalars | st.lists(scalars, max_size=4).map(as_set)


@given(values)
def test_a_value_survives_json(value: Any) -> None:
    through = json.loads(json.dumps(plain(value)))
    assert same("UF_A", from_plain("UF_A", through), value)


@given(st.dictionaries(st.sampled_from(["UF_A", "UF_B", "title", "status"]), values, max_size=4))
def test_digests_know_extra_fields_by_name_and_value(some: dict[str, Any]) -> None:
    fixed = {name: "x" for name in some if name in FIELDS}
    fields = {**some, **fixed}
    names = (*names_in(mask_of(n for n in fields if n in FIELDS)), *extras_in(fields))
    assert digest_of(fields) == digest_of(dict(reversed(fields.items())))
    assert digest_of(fields) == digest_named(fields, names)
    if "UF_A" in fields:
        assert digest_of({**fields, "UF_A": "another"}) != digest_of(fields)
        assert digest_of({n: v for n, v in fields.items() if n != "UF_A"}) != digest_of(fields)


def test_moments_are_compared_as_such_and_nothing_is_nothing() -> None:
    assert same("UF_A", MOMENT, "2026-05-19T15:00:00+00:00")
    assert not same("UF_A", MOMENT, "2026-05-19T15:00:01+00:00")
    assert not same("UF_A", "2026-05-19", MOMENT)
    assert same("UF_A", None, ())
    unset: Value = False
    assert not same("UF_A", None, unset)


def test_extra_fields_are_known_when_asked_for_and_never_iterated_over() -> None:
    assert FIELDS["UF_A"].kind is FieldKind.EXTRA
    assert "UF_A" not in FIELDS
    assert not any(is_extra(name) for name in FIELDS)
    with pytest.raises(KeyError):
        FIELDS["ufA"]
    assert mask_of(["title", "UF_A", "UF_B"]) == 1 | 1 << 15


@pytest.mark.parametrize(("value", "sent"), [(None, ""), ((), []), (("b",), ["b"]), (False, False)])
def test_what_is_sent(value: Value, sent: object) -> None:
    assert to_wire("UF_A", value) == sent
