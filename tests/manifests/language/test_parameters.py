"""Declared parameters and the values that are given to them, from YAML and from cells of a CSV."""

from __future__ import annotations

from datetime import date, datetime, timedelta, timezone
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tasksync.manifests import worded
from tasksync.manifests.language import given_values
from tasksync.manifests.language.dates import Dates
from tasksync.manifests.language.given_values import value_of, value_of_cell, values_of, words_of
from tasksync.manifests.language.grammar import Period
from tasksync.manifests.language.parameters import Kind, NamedPeriod, Parameter, declared
from tasksync.manifests.unplaced import AlreadyTold, BadValue
from tasksync.manifests.worded import WordedDate, WordedMoment

DATES = Dates(ZoneInfo("Europe/Berlin"), {"release": "2026-10-01T10:00", "bad": "nothing + 1d"})
JANUARY = NamedPeriod("2026-01", date(2026, 1, 1), date(2026, 1, 31))


def of(kind: Kind, *choices: str) -> Parameter:
    return Parameter("x", kind, choices)


def plain_type(value: object) -> type:
    """Return the type of a value; a date that remembers its words is a date."""
    return type(value).__base__ if isinstance(value, WordedDate | WordedMoment) else type(value)


def test_a_date_remembers_what_was_written_for_it() -> None:
    """A day that is written as one has no words beside it."""
    for written, words in (
        (" release  - 2w", "release - 2w"),
        ("2026-09-01 + 1d", "2026-09-01 + 1d"),
        ("start of 2026-Q1", "start of 2026-Q1"),
        ("2026-09-01", ""),
        ("2026-09-01 10:00", ""),
        ("2026-09-01T10:00Z", ""),
    ):
        assert worded.words_of(value_of(of(Kind.DATE), written, DATES)) == words


def test_declarations_in_all_their_forms() -> None:
    good, bad = declared(
        {
            "name": "text",
            "start": {"type": "date"},
            "laptop": {"type": "text", "default": "ThinkPad"},
            "remote": {"type": "boolean", "default": False},
            "level": {"choice": ["junior", "senior"], "default": "junior"},
        }
    )
    assert bad == []
    assert good == {
        "name": Parameter("name", Kind.TEXT),
        "start": Parameter("start", Kind.DATE),
        "laptop": Parameter("laptop", Kind.TEXT, default="ThinkPad"),
        "remote": Parameter("remote", Kind.BOOLEAN, default=False),
        "level": Parameter("level", Kind.CHOICE, ("junior", "senior"), "junior"),
    }
    assert [one.name for one in good.values() if one.required] == ["name", "start"]
    assert declared(None) == ({}, [])


@pytest.mark.parametrize("kind", [kind for kind in Kind if kind is not Kind.CHOICE])
def test_every_kind_but_a_choice_is_a_type(kind: Kind) -> None:
    assert declared({"x": kind.value})[0]["x"].kind is kind


@pytest.mark.parametrize(
    ("written", "path", "what", "mend"),
    [
        (["name"], (), "parameters are a mapping of names", "write parameters: {name: text}"),
        ("name", (), "parameters are a mapping", "write parameters"),
        ({"key": "text"}, (), '"key" cannot be the name of a parameter', "not key"),
        ({"x" * 101: "text"}, (), "cannot be the name", "begin with a letter"),
        ({"x.y": "text"}, (), '"x.y" cannot be the name', "begin with a letter"),
        ({"2nd": "text"}, (), '"2nd" cannot be the name', "begin with a letter"),
        ({"a b": "text"}, (), '"a b" cannot be the name', "begin with a letter"),
        ({"": "text"}, (), "cannot be the name", "begin with a letter"),
        ({"x": None}, ("x",), "null is no type of a parameter", "types are text"),
        ({"x": 5}, ("x",), "5 is no type of a parameter", "types are text"),
        ({"x": "string"}, ("x",), '"string" is no type', "did you mean text?"),
        ({"x": "dat"}, ("x",), '"dat" is no type', "did you mean date?"),
        ({"x": {"type": "int"}}, ("x", "type"), '"int" is no type', "did you mean integer?"),
        ({"x": {"type": True}}, ("x", "type"), "true is no type", "types are text"),
        ({"x": "choice"}, ("x",), "a choice says among what", "write choice: [a, b]"),
        ({"x": {}}, ("x",), "the parameter has no type", "write type: text"),
        ({"x": {"default": 1}}, ("x",), "the parameter has no type", "write type: text"),
        ({"x": {"typ": "text"}}, ("x", "typ"), '"typ" is not known', "did you mean type?"),
        (
            {"x": {"type": "text", "choice": ["a"]}},
            ("x", "type"),
            "type and choice cannot both be given",
            "leave type out",
        ),
        ({"x": {"type": "text", "default": None}}, ("x", "default"), "is nothing", "leave it out"),
        ({"x": {"choice": []}}, ("x", "choice"), "is a list of what may be", "[a, b]"),
        ({"x": {"choice": "a"}}, ("x", "choice"), "is a list of what may be", "[a, b]"),
        ({"x": {"choice": [1]}}, ("x", "choice", 0), "1 is no text", 'quote it: "1"'),
        ({"x": {"choice": ["a", "a"]}}, ("x", "choice", 1), "stands there twice", "keep one"),
        ({"x": {"choice": [" a"]}}, ("x", "choice", 0), "cannot be chosen", "blanks out"),
        ({"x": {"choice": ["a"] * 1001}}, ("x", "choice"), "this one among 1001", "type: text"),
        ({f"x{n}": "text" for n in range(201)}, (), "this one 201", "split the template"),
    ],
)
def test_what_is_wrong_with_a_declaration_is_told_at_its_place(
    written: object, path: tuple[object, ...], what: str, mend: str
) -> None:
    good, [fault] = declared(written)
    assert good == {}
    assert fault.path == path
    assert what in fault.what
    assert mend in fault.mend


def test_a_bad_declaration_leaves_the_others_good() -> None:
    good, bad = declared({"a": "text", "b": "txt", "c": "date"})
    assert list(good) == ["a", "c"]
    assert [fault.path for fault in bad] == [("b",)]


def test_defaults_are_checked_with_the_dates_of_the_project() -> None:
    good, _ = declared(
        {
            "a": {"type": "integer", "default": "5"},
            "b": {"type": "date", "default": "release - 2w"},
            "c": {"type": "date", "default": "relaese"},
            "d": {"choice": ["x"], "default": "y"},
            "e": {"type": "date", "default": "bad"},
            "f": "text",
        }
    )
    faults = given_values.faults_of_defaults(good, DATES)
    assert [fault.path for fault in faults] == [(n, "default") for n in "acd"]
    assert "did you mean release?" in faults[1].mend


WEEK = NamedPeriod("2026-W05", date(2026, 1, 26), date(2026, 2, 1))
YEAR = NamedPeriod("2026", date(2026, 1, 1), date(2026, 12, 31))


@pytest.mark.parametrize(
    ("kind", "written", "value", "words"),
    [
        (Kind.TEXT, " as it is ", " as it is ", " as it is "),
        (Kind.TEXT, "", "", ""),
        (Kind.INTEGER, -5, -5, "-5"),
        (Kind.BOOLEAN, True, True, "true"),
        (Kind.DATE, "2026-09-01", date(2026, 9, 1), "2026-09-01"),
        (Kind.DATE, " release  - 2w ", datetime(2026, 9, 17, 10), "2026-09-17T10:00"),  # noqa: DTZ001
        (
            Kind.DATE,
            "2026-09-01T10:00:30+02:00",
            datetime(2026, 9, 1, 10, 0, 30, tzinfo=timezone(timedelta(hours=2))),
            "2026-09-01T10:00:30+02:00",
        ),
        (Kind.DATE, date(2026, 9, 1), date(2026, 9, 1), "2026-09-01"),
        (Kind.MONTH, "2026-01", JANUARY, "2026-01"),
        (Kind.MONTH, JANUARY, JANUARY, "2026-01"),
        (Kind.WEEK, "2026-W05", WEEK, "2026-W05"),
        (
            Kind.QUARTER,
            "2026-Q4",
            NamedPeriod("2026-Q4", date(2026, 10, 1), date(2026, 12, 31)),
            "2026-Q4",
        ),
        (Kind.YEAR, "2026", YEAR, "2026"),
        (Kind.YEAR, 2026, YEAR, "2026"),
        (Kind.PERSON, 22, 22, "22"),
        (Kind.PERSON, " a@example.com ", "a@example.com", "a@example.com"),
        (Kind.PEOPLE, [22, "hr"], (22, "hr"), "22, hr"),
        (Kind.PEOPLE, "hr", ("hr",), "hr"),
        (Kind.PEOPLE, (22,), (22,), "22"),
        (Kind.PEOPLE, [], (), ""),
        (Kind.GROUP, "Sales", "Sales", "Sales"),
        (Kind.GROUP, 7, 7, "7"),
        (Kind.TAGS, ["a", "b"], ("a", "b"), "a, b"),
        (Kind.CHOICE, "a", "a", "a"),
    ],
)
def test_a_value_of_yaml_has_its_type(
    kind: Kind, written: object, value: object, words: str
) -> None:
    found = value_of(of(kind, "a", "b"), written, DATES)
    assert (plain_type(found), found) == (type(value), value)
    assert words_of(found) == words


@pytest.mark.parametrize(
    ("kind", "written", "path", "what", "mend"),
    [
        (Kind.TEXT, 5, (), "a text is expected, not 5", 'quote it: "5"'),
        (Kind.TEXT, True, (), "a text is expected, not true", 'quote it: "true"'),
        (Kind.TEXT, ["a"], (), "a text is expected, not a list", "write a text"),
        (Kind.INTEGER, "5", (), 'a whole number is expected, not "5"', "write it like 5"),
        (Kind.INTEGER, True, (), "a whole number is expected, not true", "write it like 5"),
        (Kind.INTEGER, 1.5, (), "a whole number is expected, not 1.5", "write it like 5"),
        (Kind.INTEGER, 10**20, (), "is too large", "at most 15 digits"),
        (Kind.BOOLEAN, "yes", (), 'true or false is expected, not "yes"', "write true or"),
        (Kind.BOOLEAN, 1, (), "true or false is expected, not 1", "write true or false"),
        (Kind.DATE, 2026, (), "a date is expected, not 2026", "write it like 2026-09-01"),
        (Kind.DATE, "2026-02-30", (), "there is no day 2026-02-30", "look at the calendar"),
        (Kind.DATE, "tomorow", (), "there is no date tomorow in dates", "under dates"),
        (Kind.DATE, JANUARY, (), "a date is expected, not 2026-01", "write it like"),
        (Kind.MONTH, "2026-13", (), "there is no period 2026-13", "a period is written"),
        (Kind.MONTH, "2026-W01", (), '"2026-W01" is no month', "write it like 2026-01"),
        (Kind.MONTH, "January", (), '"January" is no month', "write it like 2026-01"),
        (Kind.MONTH, 202601, (), "a month is expected, not 202601", "write it like 2026-01"),
        (Kind.WEEK, "2026-W54", (), "there is no period 2026-W54", "a period is written"),
        (Kind.WEEK, JANUARY, (), "a week is expected, not 2026-01", "write it like 2026-W05"),
        (Kind.QUARTER, "2026-Q5", (), '"2026-Q5" is no quarter', "write it like 2026-Q1"),
        (Kind.YEAR, "2026-01", (), '"2026-01" is no year', "write it like 2026"),
        (Kind.YEAR, 0, (), "there is no period 0000", "a period is written"),
        (Kind.YEAR, 26, (), "the year of 0026 is out of reach", "use 1970 to 9998"),
        (Kind.YEAR, True, (), "a year is expected, not true", "write it like 2026"),
        (Kind.PERSON, "", (), 'a person is expected, not ""', "an e-mail or a name of people"),
        (Kind.PERSON, 0, (), "a person is expected, not 0", "a number, an e-mail"),
        (Kind.PERSON, True, (), "a person is expected, not true", "a number, an e-mail"),
        (Kind.PERSON, (1, 2), (), "a person is expected, not a list", "a number"),
        (Kind.PEOPLE, [1, None], (1,), "a person is expected, not null", "a number, an e-mail"),
        (Kind.PEOPLE, {"a": 1}, (0,), "a person is expected, not a mapping", "a number"),
        (Kind.PEOPLE, [1] * 1001, (), "a list holds 1000 at most, this one 1001", "leave some"),
        (Kind.GROUP, [1], (), "a group is expected, not a list", "its number or its name"),
        (Kind.TAGS, "a", (), 'a list of tags is expected, not "a"', "write [a, b]"),
        (Kind.TAGS, ["a", 2026], (1,), "a text is expected, not 2026", 'quote it: "2026"'),
        (Kind.CHOICE, "aa", (), '"aa" is not among the choice', 'choose "a" or "b"'),
        (Kind.CHOICE, 1, (), "a text is expected, not 1", 'quote it: "1"'),
    ],
)
def test_a_value_of_yaml_of_another_type_is_told(
    kind: Kind, written: object, path: tuple[object, ...], what: str, mend: str
) -> None:
    with pytest.raises(BadValue) as bad:
        value_of(of(kind, "a", "b"), written, DATES)
    assert what in bad.value.what
    assert mend in bad.value.mend
    assert bad.value.path == path


@pytest.mark.parametrize(
    ("kind", "cell", "value"),
    [
        (Kind.TEXT, "007", "007"),
        (Kind.TEXT, "true", "true"),
        (Kind.INTEGER, "-12", -12),
        (Kind.INTEGER, "0", 0),
        (Kind.DATE, "2026-09-01", date(2026, 9, 1)),
        (Kind.DATE, "release - 2w at 09:00", datetime(2026, 9, 17, 9)),  # noqa: DTZ001
        (Kind.MONTH, "2026-01", JANUARY),
        (Kind.YEAR, "2026", YEAR),
        (Kind.PERSON, "22", 22),
        (Kind.PERSON, "a@example.com", "a@example.com"),
        (Kind.PERSON, "hr-lead", "hr-lead"),
        (Kind.PEOPLE, "22; a@example.com ;hr;", (22, "a@example.com", "hr")),
        (Kind.GROUP, "7", 7),
        (Kind.GROUP, "Sales", "Sales"),
        (Kind.TAGS, "a;2026 ; c", ("a", "2026", "c")),
        (Kind.CHOICE, "b", "b"),
        *((Kind.BOOLEAN, cell, True) for cell in ("true", "yes", "1", "TRUE", "Yes")),
        *((Kind.BOOLEAN, cell, False) for cell in ("false", "no", "0", "FALSE", "No")),
    ],
)
def test_a_cell_has_the_type_of_its_parameter(kind: Kind, cell: str, value: object) -> None:
    found = value_of_cell(of(kind, "a", "b"), cell, DATES)
    assert (plain_type(found), found) == (type(value), value)


@pytest.mark.parametrize(
    ("kind", "cell", "what"),
    [
        (Kind.INTEGER, "five", 'a whole number is expected, not "five"'),
        (Kind.INTEGER, "1.5", 'a whole number is expected, not "1.5"'),
        (Kind.INTEGER, "007", 'a whole number is expected, not "007"'),
        (Kind.INTEGER, "٣", 'a whole number is expected, not "٣"'),
        (Kind.INTEGER, "9" * 5000, "a whole number is expected"),
        (Kind.BOOLEAN, "ja", '"ja" is neither true nor false'),
        (Kind.BOOLEAN, "2", '"2" is neither true nor false'),
        (Kind.DATE, "01.09.2026", '"01.09.2026" is no date'),
        (Kind.DATE, "9/1/2026", '"9/1/2026" is no date'),
        (Kind.PERSON, "0", "a person is expected, not 0"),
        (Kind.PERSON, "-1", "a person is expected, not -1"),
        (Kind.PEOPLE, " ; ;", '" ; ;" names nothing'),
        (Kind.TAGS, ";", '";" names nothing'),
        (Kind.CHOICE, "c", '"c" is not among the choice'),
    ],
)
def test_a_cell_that_cannot_be_is_told(kind: Kind, cell: str, what: str) -> None:
    with pytest.raises(BadValue) as bad:
        value_of_cell(of(kind, "a", "b"), cell, DATES)
    assert what in bad.value.what
    assert bad.value.mend


def test_values_take_defaults_and_all_faults_are_told() -> None:
    parameters = {
        "name": Parameter("name", Kind.TEXT),
        "start": Parameter("start", Kind.DATE),
        "remote": Parameter("remote", Kind.BOOLEAN, default=False),
        "laptop": Parameter("laptop", Kind.TEXT, default="ThinkPad"),
    }
    values, faults = values_of(
        parameters, {"name": "Anna", "start": "2026-09-01", "remote": None}, DATES
    )
    assert faults == []
    assert values == {
        "name": "Anna",
        "start": date(2026, 9, 1),
        "remote": False,
        "laptop": "ThinkPad",
    }
    _, faults = values_of(parameters, {"start": 5, "remot": True}, DATES)
    assert [(one.path, one.name) for one in faults] == [
        ((), "remot"),
        ((), None),
        (("start",), None),
    ]
    assert faults[0].mend == "did you mean remote?"
    assert "the parameter name (text) has no value" in faults[1].what


def test_some_values_are_cells_and_others_are_not() -> None:
    parameters = {"a": Parameter("a", Kind.INTEGER), "b": Parameter("b", Kind.INTEGER)}
    assert values_of(parameters, {"a": "5", "b": 6}, DATES, cells=("a",)) == ({"a": 5, "b": 6}, [])
    _, [fault] = values_of(parameters, {"a": "5", "b": 6}, DATES)
    assert fault.path == ("a",)


def test_what_hangs_on_a_date_at_fault_is_not_told_again() -> None:
    with pytest.raises(AlreadyTold):
        value_of(of(Kind.DATE), "bad + 1d", DATES)
    assert values_of({"x": of(Kind.DATE)}, {"x": "bad"}, DATES) == ({}, [])


def test_a_date_may_hang_on_the_parameters_of_the_template_around_it() -> None:
    names = {"first": date(2026, 9, 1), "month": Period(JANUARY.first, JANUARY.last)}
    assert value_of(of(Kind.DATE), "first + 1w", DATES, names) == date(2026, 9, 8)
    assert value_of(of(Kind.DATE), "end of month - 1d", DATES, names) == date(2026, 1, 30)
    assert JANUARY.days == names["month"]
    for text, what in (("month + 1d", "month is a period"), ("end of first", "first is no period")):
        with pytest.raises(BadValue, match=what):
            value_of(of(Kind.DATE), text, DATES, names)


@settings(deadline=None)
@given(st.text())
def test_any_cell_is_a_value_or_told_in_words(cell: str) -> None:
    cell = cell.strip()
    for kind in Kind if cell else ():
        try:
            value_of_cell(of(kind, "a"), cell, DATES)
        except BadValue as bad:
            assert bad.what  # noqa: PT017 - each kind is asked
            assert bad.mend  # noqa: PT017


@settings(deadline=None)
@given(st.datetimes(datetime(1970, 1, 1), datetime(9998, 1, 1)))  # noqa: DTZ001
def test_the_words_of_a_date_are_read_as_that_date(moment: datetime) -> None:
    moment = moment.replace(microsecond=0)
    for value in (moment, moment.date()):
        assert value_of(of(Kind.DATE), words_of(value), DATES) == value
