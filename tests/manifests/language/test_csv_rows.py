"""Rows of a CSV: what any writer of RFC 4180 wrote is read back, and what is wrong has its line."""

from __future__ import annotations

import csv
import io
from collections.abc import Sequence
from pathlib import Path

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from tasksync.manifests import unplaced
from tasksync.manifests.files import Source
from tasksync.manifests.language import csv_lines, csv_records, csv_rows, data_rows
from tasksync.manifests.language.csv_rows import of_csv
from tasksync.manifests.language.data_rows import Row, Wants
from tasksync.manifests.language.parameters import Kind, Parameter

WANTS = Wants(
    {
        "name": Parameter("name", Kind.TEXT),
        "start": Parameter("start", Kind.DATE),
        "laptop": Parameter("laptop", Kind.TEXT, default="ThinkPad"),
    }
)
FILE = "newcomers.csv"
HEAD = "key,name,start\n"


def read(text: str | bytes, wants: Wants = WANTS) -> tuple[list[Row], list[str]]:
    content = text if isinstance(text, bytes) else text.encode()
    problems: list[data_rows.Problem] = []
    rows = list(of_csv(Source(FILE, Path(FILE), content), wants, problems))
    return rows, [str(problem) for problem in problems]


def good(text: str | bytes, wants: Wants = WANTS) -> list[tuple[str, dict[str, object], str]]:
    rows, problems = read(text, wants)
    assert problems == []
    assert all(row.cells for row in rows)
    return [(row.key, dict(row.values), str(row.place)) for row in rows]


ANNA = ("anna", {"name": "Anna Schmidt", "start": "2026-09-01"}, f"{FILE}:2")


@pytest.mark.parametrize(
    "text",
    [
        "key,name,start\nanna,Anna Schmidt,2026-09-01\n",
        "key,name,start\nanna,Anna Schmidt,2026-09-01",
        "key;name;start\nanna;Anna Schmidt;2026-09-01\n",
        "key\tname\tstart\nanna\tAnna Schmidt\t2026-09-01\n",
        "key,name,start\r\nanna,Anna Schmidt,2026-09-01\r\n",
        "key,name,start\ranna,Anna Schmidt,2026-09-01\r",
        "\ufeffkey,name,start\nanna,Anna Schmidt,2026-09-01\n",
        '\ufeff"key","name","start"\n"anna","Anna Schmidt","2026-09-01"\n',
        ' key , "name", start \n anna , " Anna Schmidt ",  2026-09-01  \n',
        "start,key,name\n2026-09-01,anna,Anna Schmidt\n",
        "key,name,start,laptop\nanna,Anna Schmidt,2026-09-01,\n",
        "key,name,start\nanna,Anna Schmidt,2026-09-01\n\n  \n\r\n",
    ],
)
def test_a_row_is_read_however_it_is_written(text: str) -> None:
    assert good(text) == [ANNA]


def test_cells_hold_what_quotes_enclose() -> None:
    text = 'key;name;start\na;"x; ""y"" ; z";"1"\n\nb;"one\r\ntwo";2\nc;ä 漢;3\n'
    assert good(text) == [
        ("a", {"name": 'x; "y" ; z', "start": "1"}, f"{FILE}:2"),
        ("b", {"name": "one\ntwo", "start": "2"}, f"{FILE}:4"),
        ("c", {"name": "ä 漢", "start": "3"}, f"{FILE}:6"),
    ]


def test_only_a_key_is_enough_for_a_template_without_parameters() -> None:
    assert good("key\na\nb\n", Wants({})) == [("a", {}, f"{FILE}:2"), ("b", {}, f"{FILE}:3")]


def test_what_with_gives_needs_no_column() -> None:
    wants = Wants(WANTS.parameters, given={"start"})
    assert good("key,name\na,Anna\n", wants) == [("a", {"name": "Anna"}, f"{FILE}:2")]
    assert read("key,name,start\na,b,c\n", wants) == (
        [],
        [f"{FILE}:1: start is given by with, for all rows (keep one of them)"],
    )


def test_names_of_columns_are_compared_in_one_form() -> None:
    wants = Wants({"größe": Parameter("größe", Kind.TEXT)})
    assert good("key,gro\u0308ße\na,5\n", wants) == [("a", {"größe": "5"}, f"{FILE}:2")]


UMLAUT = "key,name,start\na,Jörg Müller,1\n"
CYRILLIC = "key,name,start\na,Ольга Петрова,1\n"

#: what is wrong -> where, what is said, how it is mended
BROKEN: list[tuple[str | bytes, int | str, str, str]] = [
    # the first line
    ("", 1, "the file is empty", "the first line names the columns: key,name,start,laptop"),
    ("\ufeff", 1, "the file is empty", "the first line names"),
    ("\n\nkey,name\n", 1, "the first line is blank", "the first line names the columns"),
    ("name,start\n", 1, "no column is called key", "names each row's tasks"),
    ("key,start\n", 1, "no column is called name, which the template requires", "add it"),
    ("key,name,start,nmae\n", 1, 'the column "nmae" is no parameter', "did you mean name?"),
    ("key,Name,start,name\n", 1, 'the column "Name" is no parameter', "did you mean name?"),
    ("Key,name,start\n", 1, 'the column "Key" is no parameter', "did you mean key?"),
    ("key,name,start,zzzz\n", 1, 'the column "zzzz" is no', "columns are key,name,start,laptop"),
    ("key;name;start;zzzz\n", 1, "is no parameter", "columns are key;name;start;laptop"),
    ("key,name,name,start\n", 1, 'the column "name" stands there twice', "keep one"),
    ("key,key,name,start\n", 1, 'the column "key" stands there twice', "keep one"),
    ("key,name,start,\n", 1, "column 4 has no name", "take it out of every line"),
    ("sep=;\nkey;name;start\n", 1, "the first line names no columns", "take sep=; out"),
    ('key,"name,start\na,b,c\n', 1, "a quote of the first line does not end", "close it"),
    ("anna,Anna,2026-09-01\n", 1, 'the column "anna" is no parameter', "columns are key,name"),
    ("key," + "x," * 1000 + "name\n", 1, "the first line names 1002 columns", "at most 1000"),
    # the number of cells
    (HEAD + "a,b\n", 2, "the row has 2 cells, and the first line names 3", "keep its divider"),
    (HEAD + "a\n", 2, "the row has 1 cell, and the first line names 3", "keep its divider"),
    (HEAD + "a,b,c,d\n", 2, "the row has 4 cells", 'quote a cell that holds a comma: "a, b"'),
    ("key;name;start\na;b;c;\n", 2, "the row has 4 cells", "holds a semicolon"),
    ("key\tname\tstart\na\tb\tc\td\n", 2, "the row has 4 cells", "holds a tab"),
    # the key
    (HEAD + "a,b,c\n,b,c\n", 3, "the row has no key", "or delete the line"),
    (HEAD + ",,\n", 2, "the row has no key", "or delete the line"),
    (HEAD + "a,b,c\nb,b,c\na,b,c\n", 4, "the key a stands here a second time", f"{FILE}:2"),
    (HEAD + "Anna Schmidt,b,c\n", 2, '"Anna Schmidt" is no key', "begin with a letter or digit"),
    (HEAD + "-a,b,c\n", 2, '"-a" is no key', "begin with a letter or digit"),
    (HEAD + "a/../b,b,c\n", 2, "has a part that is empty or dots", "write parts like a/b"),
    (HEAD + "ü b,b,c\n", 2, '"ü b" is no key', "then letters, digits and"),
    (HEAD + "x" * 201 + ",b,c\n", 2, "a key has 200 characters at most, this one 201", "shorten"),
    # quotes
    (HEAD + 'a,"b,c\n', 2, "a quote begins in this row and does not end", "close it"),
    (HEAD + 'x,b,c\na,"b\n\n\n,c\nd,e,f\n', 3, "a quote begins in this row", "close it"),
    (HEAD + 'a,"b" c,d\n', 2, "something follows the quote that ends a cell", "double quotes"),
    (HEAD + 'a,"b" ,d\n', 2, "something follows the quote that ends a cell", "leave blanks"),
    (HEAD + 'a,19" screen,d\n', 2, "a quote stands inside a cell that is not quoted", "double"),
    (HEAD + 'a,b",d\n', 2, "a quote stands inside a cell that is not quoted", "quote the whole"),
    # bounds
    (HEAD + "a," + "x" * 65_537 + ",c\n", 2, "name: the cell has 65537 characters", "shorten"),
    (HEAD + "a," + "x" * 200_000 + ",c\n", 2, "a cell has more than 65536 characters", "a quote"),
    (HEAD + 'a,"' + "x\n" * 200_000, 2, "a cell has more than 65536 characters", "a quote"),
    (HEAD + "x," * 700_000, 2, "a row has more than 1048576 characters", "a quote that does"),
    ("k" * 2_000_000, 1, "a row has more than 1048576 characters", "a quote that does not end"),
    ("key,name,start" + "\n" * 1_000_002, 1_000_001, "more than 1000000 lines", "divide it"),
    # bytes
    (HEAD + "a,b\0,c\n", "2:4", "the file holds a zero byte", "take it out"),
    (HEAD.encode("utf-16"), 1, "the file is UTF-16", "save it as UTF-8: in Excel Save As"),
    (HEAD.encode("utf-16-be"), "1:1", "the file is UTF-16", "save it as UTF-8"),
    (HEAD.encode("utf-16-le"), "1:2", "the file is UTF-16", "in LibreOffice Save As"),
    (UMLAUT.encode("cp1252"), "2:4", 'looks like Windows-1252 ("Jörg Müller")', "CSV UTF-8"),
    (CYRILLIC.encode("cp1251"), "2:3", 'looks like Windows-1251 ("Ольга Петрова")', "CSV UTF-8"),
    (UMLAUT.encode()[:24] + b"\xc3", "2:9", "the file is not UTF-8 at its end", "save it as"),
    (HEAD.encode() + b"\xff,b,c\n", "2:1", "the file is not UTF-8; it looks like", "save it as"),
]


@pytest.mark.parametrize(("text", "at", "what", "mend"), BROKEN)
def test_what_is_wrong_is_told_at_its_line(
    text: str | bytes, at: int | str, what: str, mend: str
) -> None:
    _, problems = read(text)
    assert problems
    assert problems[0].startswith(f"{FILE}:{at}: ")
    assert what in problems[0]
    assert mend in problems[0]


def test_good_rows_go_on_beside_bad_ones_and_all_are_told() -> None:
    rows, problems = read(HEAD + 'a,b,c\n,b,c\nb,b\na,b,c\nc,2"x,d\nd,b,c\n')
    assert [row.key for row in rows] == ["a", "d"]
    assert [problem.split(": ")[0] for problem in problems] == [f"{FILE}:{n}" for n in range(3, 7)]


def test_all_faults_of_the_first_line_are_told_and_no_row_is_judged() -> None:
    rows, problems = read("nmae,start,start\na,b\n")
    assert rows == []
    assert len(problems) == 4


def test_rows_are_bounded_by_number(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(csv_rows, "MOST_ROWS", 3)
    text = HEAD + "".join(f"k{n},b,c\n" for n in range(10))
    rows, problems = read(text)
    assert len(rows) == 3
    assert problems == [
        f"{FILE}:5: there are more than 3 rows (divide the file, and name each part in its own use)"
    ]


def test_reading_ends_when_more_is_wrong_than_anybody_reads() -> None:
    _, problems = read(HEAD + ",b,c\n" * 50_000)
    assert len(problems) == unplaced.MOST_PROBLEMS + 1


def test_a_row_is_read_when_it_is_asked_for(tmp_path: Path) -> None:
    path = tmp_path / FILE
    with path.open("w") as stream:
        stream.write(HEAD)
        stream.writelines(f"k{n},b,c\n" for n in range(100_000))
    taken: list[int] = []

    class Watched(io.FileIO):
        def readinto(self, into: bytearray) -> int | None:  # type: ignore[override]
            taken.append(super().readinto(into) or 0)
            return taken[-1]

    class WatchedSource(Source):
        def open(self) -> Watched:  # type: ignore[override]
            return Watched(path)

    rows = of_csv(WatchedSource(FILE, path), WANTS, [])
    assert next(rows).key == "k0"
    assert sum(taken) < 100_000 < path.stat().st_size


CELL = st.text(st.characters(exclude_categories=["Cs"], exclude_characters="\0"), max_size=20).map(
    lambda text: text.replace("\r\n", "\n").replace("\r", "\n").strip()
)


@st.composite
def dialects(draw: st.DrawFn) -> dict[str, object]:
    quoting = draw(st.sampled_from([csv.QUOTE_MINIMAL, csv.QUOTE_ALL, csv.QUOTE_NONNUMERIC]))
    ends = ["\n", "\r\n"]
    if quoting != csv.QUOTE_MINIMAL:  # Python 3.11 leaves other line breaks than its own unquoted
        ends.append("\r")
    return {
        "delimiter": draw(st.sampled_from(csv_records.DELIMITERS)),
        "quoting": quoting,
        "lineterminator": draw(st.sampled_from(ends)),
    }


@settings(deadline=None)
@given(st.lists(st.lists(CELL, min_size=3, max_size=3), min_size=1), dialects(), st.booleans())
@example([['"', "a\n\n\nb", "\ufeff"]], {"delimiter": ";"}, True)  # noqa: FBT003
def test_what_the_library_wrote_in_any_dialect_is_read_back(
    cells: Sequence[Sequence[str]],
    dialect: dict[str, object],
    bom: bool,  # noqa: FBT001
) -> None:
    out = io.StringIO(newline="")
    names = ("name", "start", "laptop")
    writer = csv.writer(out, **dialect)  # type: ignore[arg-type]
    writer.writerow(("key", *names))
    writer.writerows((f"k{n}", *row) for n, row in enumerate(cells))
    text = ("\ufeff" if bom else "") + out.getvalue()
    assert [(key, values) for key, values, _place in good(text)] == [
        (f"k{n}", {name: cell for name, cell in zip(names, row, strict=True) if cell})
        for n, row in enumerate(cells)
    ]


@settings(deadline=None)
@given(st.one_of(st.binary(max_size=200), st.text(max_size=200).map(str.encode)))
def test_any_bytes_end_in_rows_or_words(content: bytes) -> None:
    for head in (b"", HEAD.encode()):
        rows, problems = read(head + content)
        assert rows or problems or not content.strip(b" \r\n")
        assert all("Traceback" not in problem for problem in problems)


def test_the_text_of_a_row_is_bounded() -> None:
    lines = csv_lines.CsvLines(io.BytesIO(b"x\n" * (csv_lines.MOST_OF_A_ROW // 2 + 1)), FILE)
    lines.begin()
    with pytest.raises(csv_lines.BadLine, match="more than"):
        list(lines)
