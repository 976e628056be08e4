"""`forEach` in all its forms: rows beside it, files of rows, ranges of periods."""

from __future__ import annotations

import os
from datetime import date, timedelta
from io import BytesIO
from itertools import pairwise
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from tasksync.core.task import Problem
from tasksync.manifests import parse_located
from tasksync.manifests.language import data_files, data_rows, period_rows
from tasksync.manifests.language.data_rows import Row, Wants
from tasksync.manifests.language.dates import Dates
from tasksync.manifests.language.for_each import ForEach, data_file
from tasksync.manifests.language.given_values import value_of, values_of
from tasksync.manifests.language.parameters import Kind, Parameter
from tasksync.manifests.node import Node
from tasksync.manifests.unplaced import BadValue, UnplacedProblem

PARAMETERS = {
    kind.value: Parameter(kind.value, kind, default="x" if kind is Kind.TEXT else None)
    for kind in (Kind.TEXT, Kind.DATE, Kind.MONTH, Kind.WEEK, Kind.QUARTER, Kind.YEAR)
}
FILE = "team/plan.yaml"


def node_of(text: str) -> Node:
    problems: list[Problem] = []
    [document] = parse_located.documents(BytesIO(text.encode()), FILE, problems, tasks_line=0)
    assert problems == []
    return document.parts["forEach"]


def read(
    text: str, root: Path | str = ".", *, given: tuple[str, ...] = (), allow_empty: bool = False
) -> tuple[list[Row], list[str], ForEach]:
    problems: list[Problem] = []
    wants = Wants(PARAMETERS, given, allow_empty)
    each = ForEach(os.path.join(root, FILE), node_of(text), str(root), wants, problems)  # noqa: PTH118
    rows = list(each.rows())
    return rows, [str(problem) for problem in problems], each


@pytest.fixture
def project(tmp_path: Path) -> Path:
    (tmp_path / "team").mkdir()
    return tmp_path


# --- rows in the manifest, and in a YAML file

ROWS = """\
- key: anna
  text: Anna
  date: 2026-09-01
- {text: Ben, date: null, key: ben}
"""


def test_rows_stand_in_the_manifest() -> None:
    rows, problems, each = read("forEach:\n" + ROWS)
    assert problems == []
    assert each.source is None
    assert [(row.key, row.values, str(row.place)) for row in rows] == [
        ("anna", {"text": "Anna", "date": "2026-09-01"}, f"./{FILE}:2:3"),
        ("ben", {"text": "Ben"}, f"./{FILE}:5:3"),
    ]


def test_rows_stand_in_a_yaml_file_beside_the_document(project: Path) -> None:
    (project / "team" / "rows.yaml").write_text("# people\n" + ROWS)
    rows, problems, each = read("forEach: rows.yaml", project)
    assert problems == []
    assert [row.key for row in rows] == ["anna", "ben"]
    assert str(rows[0].place) == f"{project}/team/rows.yaml:2:3"
    assert each.source is not None
    assert each.source.path == project / "team" / "rows.yaml"


def test_a_fault_of_a_row_stands_at_its_part() -> None:
    rows, _, _ = read("forEach:\n" + ROWS)
    anna = rows[0]
    for fault, line in (
        (UnplacedProblem(("date",), "no date", "mend it"), 4),
        (UnplacedProblem((), "no such name", name="text"), 3),
        (UnplacedProblem((), "all of it"), 2),
    ):
        assert anna.problem(fault).place.line == line


def test_a_fault_of_a_cell_names_its_column(project: Path) -> None:
    (project / "team" / "rows.csv").write_text(
        "key,date,month,week,quarter,year\na,1.9.2026,2026-01,2026-W01,2026-Q1,2026\n"
    )
    [row], problems, _ = read("forEach: rows.csv", project)
    assert problems == []
    _, [fault] = values_of(PARAMETERS, row.values, Dates(), cells=row.values)
    told = str(row.problem(fault))
    assert told.startswith(f'{project}/team/rows.csv:2: date: "1.9.2026" is no date')


@pytest.mark.parametrize(
    ("text", "line", "what", "mend"),
    [
        ("[]", 1, "there are no rows", "write allowEmpty: true"),
        ("\n- {text: Anna}", 2, "the row has no key", "add key: anna"),
        ("\n- {key: 14}", 2, "the key of a row is a text", 'quote it: "14"'),
        ("\n- {key: [a]}", 2, "the key of a row is a text", "quote it"),
        ("\n- {key: a b}", 2, '"a b" is no key', "begin with a letter or digit"),
        ("\n- {key: ''}", 2, '"" is no key', "begin with a letter"),
        ("\n- {key: a}\n- {key: b}\n- {key: a}", 4, "the key a stands here a second", ":2:9"),
        ("\n- anna", 2, "a row is a mapping", "write - {key: anna"),
        ("\n- [a]", 2, "a row is a mapping", "write - {key: anna"),
        ("\n- {key: a, year: 2026}", 2, "year is given by with, for all rows", "keep one"),
        ("5", 1, "forEach takes a file, rows or a range of periods, not 5", "newcomers.csv"),
        ("null", 1, "forEach takes a file, rows or a range of periods, not null", "newcomers"),
    ],
)
def test_what_is_wrong_with_rows_is_told(text: str, line: int, what: str, mend: str) -> None:
    _, [problem], _ = read(f"forEach: {text}", given=("year",))
    assert f"{FILE}:{line}:" in problem
    assert what in problem
    assert mend in problem


@pytest.mark.parametrize(
    ("text", "line", "what"),
    [
        ("key: a\n", ":1:1", "a file of rows is one list"),
        ("", "", "there are no rows"),
        ("[]", "", "there are no rows"),
        ("- {key: a}\n---\n- {key: b}\n", ":3:1", "a file of rows is one document"),
        ("- {key: a\n", ":2:1", "this is not YAML"),
        ("- {key: a, key: b}\n", ":1:12", "key stands here a second time"),
        ("- !x {key: a}\n", ":1:3", "tags like !x are not supported"),
        ("- " + "[" * 40 + "]" * 40 + "\n", ":1:", "nested deeper than 30"),
        ("- {key: a}\n- *x\n", ":2:3", "*x refers to nothing"),
        ("- [" + "[]," * 6000 + "]\n", ":1:", "one row holds more than 5000 values"),
    ],
)
def test_what_is_wrong_with_a_yaml_file_is_told_once(
    project: Path, text: str, line: str, what: str
) -> None:
    (project / "team" / "rows.yml").write_text(text)
    _, problems, _ = read("forEach: rows.yml", project)
    assert len(problems) == 1
    assert problems[0].startswith(f"{project}/team/rows.yml{line}")
    assert what in problems[0]


def test_a_bomb_of_aliases_is_refused_before_it_goes_off(project: Path) -> None:
    rows = "- {key: a, text: &a [" + "1," * 4000 + "]}\n"
    rows += "".join(f"- {{key: k{n}, text: *a}}\n" for n in range(100_000))
    (project / "team" / "rows.yml").write_text(rows)
    read_rows, [problem], _ = read("forEach: rows.yml", project)
    assert len(read_rows) < 10
    assert "the aliases of this document stand for too many values" in problem


@pytest.mark.parametrize("name", ["rows.csv", "rows.yaml"])
def test_a_file_without_rows_may_be_where_the_use_says_so(project: Path, name: str) -> None:
    columns = "key,date,month,week,quarter,year\n"
    (project / "team" / name).write_text(columns if name == "rows.csv" else "[]\n")
    _, [problem], _ = read(f"forEach: {name}", project)
    assert problem.startswith(f"{project}/team/{name}: there are no rows (add rows")
    assert read(f"forEach: {name}", project, allow_empty=True)[:2] == ([], [])


def test_rows_of_yaml_are_bounded(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(data_rows, "MOST_ROWS", 1)
    rows, [problem], _ = read("forEach:\n" + ROWS)
    assert len(rows) == 1
    assert "there are more than 1 rows" in problem


# --- files are found, and looked at, safely


def test_a_file_is_named_as_seen_from_its_document(project: Path) -> None:
    (project / "rows.csv").write_text("key\na\n")
    for name in ("../rows.csv", "./../rows.csv"):
        source = data_file(node_of(f"forEach: {name}"), f"{project}/{FILE}", str(project))
        assert source is not None
        assert source.path.samefile(project / "rows.csv")


def test_names_stay_as_the_person_typed_them(
    project: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (project / "team" / "rows.csv").write_text("key\na\n")
    monkeypatch.chdir(project)
    assert data_files.found("rows.csv", FILE, ".").name == "team/rows.csv"
    monkeypatch.chdir(project / "team")
    assert data_files.found("./rows.csv", "plan.yaml", "..").name == "rows.csv"


def test_links_are_followed_inside_the_project(project: Path) -> None:
    (project / "real.csv").write_text("key\na\n")
    (project / "team" / "rows.csv").symlink_to(project / "real.csv")
    data_files.found("rows.csv", f"{project}/{FILE}", str(project))
    linked = project.parent / "linked"
    linked.symlink_to(project)
    data_files.found("rows.csv", f"{linked}/{FILE}", str(linked))


def broken_files(project: Path) -> None:
    outside = project.parent / "outside.csv"
    outside.write_text("key\na\n")
    team = project / "team"
    (team / "link.csv").symlink_to(outside)
    (team / "loop.csv").symlink_to("loop.csv")
    (team / "zero.csv").symlink_to("/dev/zero")
    (team / "folder.csv").mkdir()
    os.mkfifo(team / "pipe.csv")
    with (team / "huge.csv").open("wb") as stream:
        stream.truncate(1 << 30)
    with (team / "huge.yaml").open("wb") as stream:
        stream.truncate(17 << 20)


@pytest.mark.parametrize(
    ("name", "what", "mend"),
    [
        ('""', '"" is no name of a file', "newcomers.csv"),
        ('"a\\0.csv"', "is no name of a file", "newcomers.csv"),
        ("/etc/rows.csv", "is not relative to this document", "folder of this document"),
        ("none.csv", "none.csv cannot be read: No such file", "relative to this document"),
        ("rows.txt", "is neither a CSV nor a YAML file by its name", "let it end in .csv"),
        ("rows", "is neither a CSV nor a YAML file by its name", ".yaml or .yml"),
        ("../../outside.csv", "leads out of the folder of the project, to", "put the file under"),
        ("link.csv", "leads out of the folder of the project", "put the file under"),
        ("zero.csv", "leads out of the folder of the project, to /dev/zero", "put the file"),
        ("loop.csv", "cannot be read", "relative to this document"),
        ("folder.csv", "folder.csv is no regular file", "name a file of rows"),
        ("pipe.csv", "pipe.csv is no regular file", "name a file of rows"),
        ("huge.csv", "huge.csv has 1024 MiB, and 64 MiB may be", "divide it"),
        ("huge.yaml", "huge.yaml has 17 MiB, and 8 MiB may be", "divide it"),
        (f"{'x' * 300}.csv", "cannot be read: File name too long", "relative"),
    ],
)
def test_a_file_that_cannot_be_is_told_where_it_is_named(
    project: Path, name: str, what: str, mend: str
) -> None:
    broken_files(project)
    rows, [problem], _ = read(f"forEach: {name}", project)
    assert rows == []
    assert problem.startswith(f"{project}/{FILE}:1:10: ")
    assert what in problem
    assert mend in problem


def test_a_file_that_vanished_is_told(project: Path) -> None:
    (project / "team" / "rows.csv").write_text("key\na\n")
    source = data_files.found("rows.csv", f"{project}/{FILE}", str(project))
    source.path.unlink()
    problems: list[Problem] = []
    from tasksync.manifests.language.csv_rows import of_csv

    assert list(of_csv(source, Wants({}), problems)) == []
    assert "cannot be read: No such file" in problems[0].what


# --- ranges of periods


@pytest.mark.parametrize(
    ("written", "keys"),
    [
        ("month: 2026-11..2027-02", ["2026-11", "2026-12", "2027-01", "2027-02"]),
        ("month: 2026-01 .. 2026-01", ["2026-01"]),
        ("week: 2026-W52..2027-W01", ["2026-W52", "2026-W53", "2027-W01"]),
        ("quarter: 2026-Q3..2027-Q1", ["2026-Q3", "2026-Q4", "2027-Q1"]),
        ("year: 2026..2028", ["2026", "2027", "2028"]),
        ("date: 2028-02-28..2028-03-01", ["2028-02-28", "2028-02-29", "2028-03-01"]),
    ],
)
def test_a_range_is_a_row_for_each_period(written: str, keys: list[str]) -> None:
    name = written.partition(":")[0]
    rows, problems, each = read(f"forEach: {{{written}}}")
    assert problems == []
    assert each.source is None
    assert [(row.key, row.values) for row in rows] == [(key, {name: key}) for key in keys]
    assert str(rows[0].place) == f"./{FILE}:1:{len('forEach: {') + len(name) + 3}"


@pytest.mark.parametrize(
    ("written", "what", "mend"),
    [
        ("month: 2026-12..2026-01", "backwards: 2026-01 is before 2026-12", "swap them"),
        ("month: 2026-01..2026-W05", "from a month to a week", "of one kind"),
        ("date: 2026-01-01..2026-02", "from a day to a month", "of one kind"),
        ("week: 2026-01..2026-12", "of type week is expected, and 2026-01 is a month", "W01..2026"),
        ("date: 2026-01..2026-12", "of type date is expected", "2026-01-01..2026-01-31"),
        ("month: 2026-01-01..2026-01-31", "of type month is expected", "2026-01..2026-12"),
        ("month: 2026-01", '"2026-01" is no range of periods', "write it like 2026-01..2026-12"),
        ("year: 2026", "2026 is no range of periods", "2026..2028"),
        ("month: [2026-01]", "a list is no range of periods", "write it like"),
        ("month: 2026-01..", '"" is no period', "write it like"),
        ("month: 2026-01...2026-03", '".2026-03" is no period', "write it like"),
        ("month: 2026-01..2026-13", "there is no period 2026-13", "a period is written"),
        ("date: 2026-02-01..2026-02-30", "there is no day 2026-02-30", "look at the calendar"),
        ("week: 2027-W52..2027-W53", "there is no period 2027-W53", "a period is written"),
        ("date: 1970-01-01..9998-12-31", "the range has 2932532 periods, and 100000", "shorter"),
        ("date: 2026-01-01..12026-01-01", '"12026-01-01" is no period', "write it like"),
        ("month: 1900-01..1900-02", "the year of 1900-01 is out of reach", "use 1970 to 9998"),
        ("text: 2026-01..2026-12", "text is of type text, and a range gives date, mo", "another"),
        ("mont: 2026-01..2026-12", 'there is no parameter "mont"', "did you mean month?"),
        ("month: 2026-01..2026-12, year: 1..2", "a range of periods is one parameter", "write"),
        ("", "a range of periods is one parameter", "write forEach: {month: 2026-01"),
    ],
)
def test_what_is_no_range_is_told_with_its_number(written: str, what: str, mend: str) -> None:
    rows, [problem], _ = read(f"forEach: {{{written}}}")
    assert rows == []
    assert f"{FILE}:1:" in problem
    assert what in problem
    assert mend in problem


def test_a_range_of_what_with_gives_is_told() -> None:
    _, [problem], _ = read("forEach: {month: 2026-01..2026-12}", given=("month",))
    assert "month is given by with, for all rows" in problem


@settings(deadline=None, suppress_health_check=[HealthCheck.too_slow])  # a machine that is shared
@given(
    st.sampled_from([Kind.DATE, Kind.WEEK, Kind.MONTH, Kind.QUARTER, Kind.YEAR]),
    st.dates(date(1971, 1, 1), date(9990, 1, 1)),
    st.integers(1, 100),
)
def test_periods_follow_each_other_without_a_gap(kind: Kind, first: date, number: int) -> None:
    counted = period_rows._COUNTED[kind]
    begin = counted.number(first)
    ends = [counted.text(begin), counted.text(min(begin + number, counted.number(date.max) - 2))]
    texts = list(period_rows.periods(kind, "..".join(ends)))
    values = [value_of(Parameter("x", kind), text, Dates()) for text in texts]
    assert [texts[0], texts[-1]] == ends
    assert len(set(texts)) == len(texts)
    days = [(v, v) if isinstance(v, date) else (v.first, v.last) for v in values]
    assert days[0][0] <= first <= days[0][1]
    for (_, before), (after, _) in pairwise(days):
        assert after - before == timedelta(days=1)


def test_data_file_is_none_for_rows_and_ranges() -> None:
    assert data_file(node_of("forEach: []"), FILE, ".") is None
    assert data_file(node_of("forEach: {a: b}"), FILE, ".") is None
    with pytest.raises(BadValue):
        data_file(node_of("forEach: 5"), FILE, ".")
