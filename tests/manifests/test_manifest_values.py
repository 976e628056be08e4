"""Friendly values in normal form: what is written one way or another means the same."""

from __future__ import annotations

import json
from datetime import datetime
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tasksync.core.fields import FIELDS, KeyRef, RemoteId, TaskKey, Value
from tasksync.core.task import FieldPolicy, OnRemove, Options, Task
from tasksync.errors import ManifestInvalid
from tasksync.manifests.datetimes import Instants, zone_of
from tasksync.manifests.loader import load
from tasksync.manifests.reader import Decimal, plain
from tasksync.manifests.unplaced import BadValue
from tasksync.manifests.values import TASK_NAMES, Normaliser

#: numbers, dates and constants to somebody, but text here
LOOK_ALIKES = (
    *("010", "1_000", "1e3", "0x1F", "0o7", "12:30", "2026-05-19", "-0", ".5", "1.", "+5", "٣"),
    *("no", "yes", "on", "off", "True", "NULL", "nan", ".inf", "<<", "=", "-", "--", "1" * 41),
)
HEAD = "apiVersion: tasksync/v1\nproject: p\ndefaults: {responsibleId: 1}\ntasks:\n"


def only(tmp_path: Path, *lines: str) -> Task:
    """Return the one task with these fields."""
    path = tmp_path / "m.yaml"
    text = f"{HEAD}  a:\n    title: A\n" + "".join(f"    {line}\n" for line in lines)
    path.write_text(text, encoding="utf-8")
    (row,) = load([str(path)]).tasks()
    task = row.task()
    assert row.digest == task.digest()
    return task


@pytest.mark.parametrize(
    ("line", "value"),
    [
        ("status: inProgress", 3),
        ("status: 7", 7),
        ("priority: low", 0),
        ("priority: 2", 2),
        ("deadline: 2026-05-19T18:00:00+03:00", "2026-05-19T18:00:00+03:00"),
        ("deadline: 2026-05-19T18:00Z", "2026-05-19T18:00:00+00:00"),
        ("deadline: '2026-05-19T18:00:00-0330'", "2026-05-19T18:00:00-03:30"),
        ("startDatePlan: 2026-05-19T18:00+03", "2026-05-19T18:00:00+03:00"),
        ("endDatePlan: null", None),
        ("timeEstimate: 2h30m", 9000),
        ("timeEstimate: 90m", 5400),
        ("timeEstimate: 1h5s", 3605),
        ("timeEstimate: 0", 0),
        ("timeEstimate: ~", 0),
        ("groupId: 5", 5),
        ("groupId: null", None),
        ("parentId: 77", 77),
        ("accomplices: [3, 1, 3, 2]", (1, 2, 3)),
        ("auditors:", ()),
        ("tags: [b, a, b, 'no', no]", ("a", "b", "no")),
        ("tags: []", ()),
        (
            "tags: [' finance', finance, \"vip\\u00a0\", 'two words ']",
            ("finance", "two words", "vip"),
        ),
        ("description: ~", ""),
        ("description: no", "no"),
        ("description: 12:30", "12:30"),
        ("description: 2026-05-19", "2026-05-19"),
        ("description: 1_000", "1_000"),
        ("description: 1e3", "1e3"),
        ("description: 010", "010"),
        ("description: |\n      two\n      \tlines", "two\n\tlines\n"),
        ("createdBy: 9", 9),
    ],
)
def test_a_friendly_value_has_one_normal_form(tmp_path: Path, line: str, value: Value) -> None:
    name = line.partition(":")[0]
    assert only(tmp_path, line).fields[name] == value


def test_options_are_no_fields(tmp_path: Path) -> None:
    task = only(
        tmp_path,
        "protect: true",
        "onRemove: defer",
        "ignoreChanges: [status, parent, deadline]",
        "adopt: {id: 3871}",
    )
    ignored = ("deadline", "parentId", "status")
    assert task.options == Options(
        protect=True, on_remove=OnRemove.DEFER, ignore_changes=ignored, adopt=RemoteId(3871)
    )
    assert set(task.fields) == {"title", "responsibleId"}


def test_defaults_of_a_document_stand_over_those_of_the_project(tmp_path: Path) -> None:
    (tmp_path / "a.yaml").write_text(
        "apiVersion: tasksync/v1\nproject: p\ndefaults: {responsibleId: 1, fields: {UF_A: x, UF_B: "
        "y}, fieldPolicy: {status: accept, deadline: ratchet}}\n"
    )
    (tmp_path / "b.yaml").write_text(
        "apiVersion: tasksync/v1\ndefaults: {fields: {UF_B: z}, fieldPolicy: {deadline: seed}}\n"
        "tasks:\n  a: {title: A, fields: {UF_C: 1.50}, fieldPolicy: {title: accept}}\n"
    )
    (row,) = load([str(tmp_path)]).tasks()
    task = row.task()
    assert task.options.policies == {
        "deadline": FieldPolicy.SEED,
        "status": FieldPolicy.ACCEPT,
        "title": FieldPolicy.ACCEPT,
    }
    extras = {name: value for name, value in task.fields.items() if name.startswith("UF_")}
    assert extras == {"UF_A": "x", "UF_B": "z", "UF_C": 1.5}
    assert row.digest == task.digest()


@pytest.mark.parametrize(
    ("line", "fields"),
    [
        ("fields: {UF_B: true, UF_A: [b, a, b]}", {"UF_A": ("a", "b"), "UF_B": True}),
        ("fields: {UF_A: 2.0, UF_B: -7}", {"UF_A": 2, "UF_B": -7}),
        ("fields: {UF_A: null, UF_B: []}", {"UF_A": None, "UF_B": ()}),
        ("fields: {UF_A: 2026-05-19T18:00:00+03:00}", {"UF_A": "2026-05-19T18:00:00+03:00"}),
        ("fields: {}", {}),
        ("fields:", {}),
    ],
)
def test_extra_fields_are_fields_of_their_own(
    tmp_path: Path, line: str, fields: dict[str, object]
) -> None:
    task = only(tmp_path, line)
    assert {name: task.fields[name] for name in task.fields if name.startswith("UF_")} == fields


SEEDED = Options(ignore_changes=("deadline",))


@pytest.mark.parametrize(
    ("lines", "options"),
    [
        (["fieldPolicy: {deadline: seed}"], SEEDED),
        (["ignoreChanges: [deadline]"], SEEDED),
        (["ignoreChanges: [deadline]", "fieldPolicy: {deadline: seed}"], SEEDED),
        (["fieldPolicy: {title: enforce}"], Options()),
        (["fieldPolicy: {}"], Options()),
        (["fieldPolicy:"], Options()),
        (
            ["fieldPolicy: {status: enforce}"],
            Options(field_policy=(("status", FieldPolicy.ENFORCE),)),
        ),
        (
            ["fieldPolicy: {tags: accept, parent: accept, status: ratchet, title: seed}"],
            Options(
                ignore_changes=("title",),
                field_policy=(
                    ("parentId", FieldPolicy.ACCEPT),
                    ("status", FieldPolicy.RATCHET),
                    ("tags", FieldPolicy.ACCEPT),
                ),
            ),
        ),
    ],
)
def test_two_ways_of_writing_a_policy_are_the_same_options(
    tmp_path: Path, lines: list[str], options: Options
) -> None:
    assert only(tmp_path, *lines).options == options


@pytest.mark.parametrize(
    ("own", "policies"),
    [
        ("", {"status": FieldPolicy.ACCEPT, "parentId": FieldPolicy.ACCEPT}),
        ("fieldPolicy: {deadline: ratchet}", {"deadline": FieldPolicy.RATCHET}),
        ("fieldPolicy: {status: ratchet}", {"status": FieldPolicy.RATCHET}),
        ("fieldPolicy: {parent: seed}", {"parentId": FieldPolicy.SEED}),
        ("fieldPolicy: {parent: enforce}", {"parentId": None}),
        ("fieldPolicy: null", {"status": None, "parentId": None}),
    ],
)
def test_policies_replace_the_defaults_field_by_field(
    tmp_path: Path, own: str, policies: dict[str, FieldPolicy | None]
) -> None:
    expected = {"status": FieldPolicy.ACCEPT, "parentId": FieldPolicy.ACCEPT} | policies
    head = HEAD.replace("1}", "1, fieldPolicy: {status: accept, parentId: accept}}")
    path = tmp_path / "m.yaml"
    path.write_text(f"{head}  a:\n    title: A\n    responsibleId: 1\n    {own}\n")
    (row,) = load([str(path)]).tasks()
    said = row.task().options.policies
    assert {name: said.get(name) for name in expected} == expected
    assert row.digest == row.task().digest()


def test_a_parent_is_named_by_key(tmp_path: Path) -> None:
    path = tmp_path / "m.yaml"
    path.write_text(f"{HEAD}  b: {{title: B, parent: null}}\n  a: {{title: A, parent: b}}\n")
    first, second = load([str(path)]).tasks()
    assert first.task().fields["parentId"] is None
    assert second.parent == "b"
    assert second.task().fields["parentId"] == KeyRef(TaskKey("b"))
    assert second.digest == second.task().digest()


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ("", None),
        ("~", None),
        ("null", None),
        ("true", True),
        ("false", False),
        ("12", 12),
        ("-12", -12),
        ("0", 0),
        ("1.5", 1.5),
        ("-0.5", -0.5),
        *[(text, text) for text in LOOK_ALIKES],
    ],
)
def test_a_plain_word_means_what_people_think(text: str, value: object) -> None:
    assert plain(text) == value
    assert type(plain(text)) is (Decimal if isinstance(value, float) else type(value))


@pytest.mark.parametrize("text", ["1.0", "0.0", "-3.0", "9007199254740992.0"])
def test_a_number_with_a_point_is_no_whole_number(text: str) -> None:
    """JSON Schema and Python take 1.0 for 1."""
    read = plain(text)
    assert isinstance(read, Decimal)
    assert (read == int(float(text)), read.is_integer(), str(read)) == (False, False, text)


TEXTS = st.text(
    st.characters(
        codec="utf-8",
        exclude_categories=["Cc", "Cs", "Cn", "Zl", "Zp"],
        exclude_characters="\ufeff",
    ),
    min_size=1,
    max_size=30,
)
PEOPLE = st.lists(st.integers(1, 2**53), max_size=4)
INSTANTS = st.datetimes(datetime(1971, 1, 1), datetime(2100, 1, 1)).map(  # noqa: DTZ001
    lambda when: when.strftime("%Y-%m-%dT%H:%M:%S") + "+03:00"
)
BLOCKS = st.fixed_dictionaries(
    {"title": TEXTS.filter(str.strip), "responsibleId": st.integers(1, 2**53)},
    optional={
        "description": st.one_of(st.none(), TEXTS),
        "status": st.integers(1, 7),
        "priority": st.sampled_from(["low", "normal", "high"]),
        "deadline": st.one_of(st.none(), INSTANTS),
        "timeEstimate": st.integers(0, 10**6),
        "groupId": st.one_of(st.none(), st.integers(1, 99)),
        "accomplices": PEOPLE,
        "auditors": PEOPLE,
        "tags": st.lists(TEXTS.filter(lambda t: t.strip() and "," not in t and ":" not in t)),
        "protect": st.booleans(),
        "onRemove": st.sampled_from(["delete", "defer", "forget"]),
        "ignoreChanges": st.lists(st.sampled_from(sorted(FIELDS))),
        "fieldPolicy": st.dictionaries(st.sampled_from(["status", "deadline"]), st.just("seed"))
        | st.fixed_dictionaries({"parent": st.just("seed")}),
        "adopt": st.fixed_dictionaries({"id": st.integers(1, 2**53)}),
    },
)


@settings(max_examples=200, deadline=None)
@given(BLOCKS)
def test_what_was_written_is_what_is_wanted(
    tmp_path_factory: pytest.TempPathFactory, block: dict[str, object]
) -> None:
    """Any block survives YAML; its digest is the task's; its normal form is normal."""
    path = tmp_path_factory.getbasetemp() / "law.yaml"
    written = {"apiVersion": "tasksync/v1", "project": "p", "tasks": {"a": block}}
    path.write_text(json.dumps(written, ensure_ascii=False), encoding="utf-8")
    (row,) = load([str(path)]).tasks()
    task = row.task()
    assert row.digest == task.digest()
    fields = dict(task.fields)
    assert fields == Normaliser({}, Instants())(dict(fields)).fields
    assert fields["title"] == block["title"]
    assert set(fields) == set(block) & set(FIELDS)


def test_the_same_instant_has_the_same_digest(tmp_path: Path) -> None:
    one = only(tmp_path, "deadline: 2026-05-19T18:00:00+03:00")
    other = only(tmp_path, "deadline: 2026-05-19T15:00Z")
    assert one.digest() == other.digest()


def test_a_zone_lends_its_offset() -> None:
    berlin = Instants(zone_of("Europe/Berlin"))
    assert berlin["2026-01-19T18:00"].text == "2026-01-19T18:00:00+01:00"
    assert berlin["2026-07-19T18:00"].text == "2026-07-19T18:00:00+02:00"
    assert berlin["2026-07-19T18:00Z"].text == "2026-07-19T18:00:00+00:00"


def test_every_field_of_the_house_has_a_name_in_the_manifest() -> None:
    assert set(FIELDS) < set(TASK_NAMES)


@pytest.mark.parametrize(
    ("text", "mend"),
    [
        ("2026-13-01T10:00:00+03:00", "month must be in 1..12"),
        ("2026-00-01T10:00:00+03:00", "month must be in 1..12"),
        ("2026-02-29T10:00:00+03:00", "day is out of range for month"),
        ("2026-05-19T24:00:00+03:00", "hour must be in 0..23"),
        ("2026-05-19T10:60:00+03:00", "minute must be in 0..59"),
        ("2026-05-19T10:00:60Z", "second must be in 0..59"),
        ("2026-05-19T10:00:00+24:00", "use an offset from -14:00 to +14:00"),
        ("2026-05-19T10:00:00+03:60", "use an offset from -14:00 to +14:00"),
        ("0000-05-19T10:00:00Z", "use a year from 1970 to 9998"),
    ],
)
def test_what_is_no_time_is_said_in_our_words_whichever_python_reads(text: str, mend: str) -> None:
    """Python words these differently in each version, and later ones take 24:00 for a time."""
    with pytest.raises(BadValue) as caught:
        Instants(zone_of("UTC"))[text]
    assert caught.value.what == f"there is no such date and time as {text}"
    assert caught.value.mend == mend


@pytest.mark.parametrize("name", ["startDatePlan", "endDatePlan"])
@pytest.mark.parametrize("text", ["title", "description"])
def test_a_text_that_is_the_name_of_a_date_is_text(tmp_path: Path, name: str, text: str) -> None:
    """The order of the dates is that of the dates, whatever else is called so."""
    dates = ["startDatePlan: 2026-05-19T18:00Z", "endDatePlan: 2026-05-20T18:00Z"]
    path = tmp_path / "m.yaml"
    lines = [f"{text}: {name}", *(["title: A"] if text != "title" else []), *dates]
    told = f"{HEAD}  a:\n" + "".join(f"    {line}\n" for line in lines)
    path.write_text(told, encoding="utf-8")
    (row,) = load([str(path)]).tasks()
    assert row.task().fields[text] == name
    path.write_text(told.replace("05-20", "05-18"), encoding="utf-8")
    with pytest.raises(ManifestInvalid, match="is before startDatePlan"):
        list(load([str(path)]).tasks())
