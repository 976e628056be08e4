"""Cells of a CSV written in their places: read again, the file has them and is else as it was."""

from __future__ import annotations

import csv
import io

import pytest
from hypothesis import assume, given, settings
from hypothesis import strategies as st

from tasksync.manifests.accepting.csv_cells import Cell, columns_of, with_cells
from tasksync.manifests.language.csv_records import DELIMITERS

TEXTS = st.text(st.sampled_from('ab ,;\t"\nЯ1'), max_size=6)
COLUMNS = ("key", "name", "day")


@st.composite
def tables(draw: st.DrawFn) -> tuple[list[list[str]], str, str, str]:
    """Return rows, what divides them, and the text of a file that holds them."""
    sign, newline = draw(st.sampled_from(DELIMITERS)), draw(st.sampled_from(("\n", "\r\n")))
    rows = draw(st.lists(st.lists(TEXTS, min_size=3, max_size=3), min_size=1, max_size=4))
    lines = [sign.join(COLUMNS)]
    for row in rows:
        cells = []
        for cell in row:
            bare = not {sign, '"', "\n"} & set(cell) and draw(st.booleans())
            blank = " " * draw(st.integers(0, 1))
            cells.append(blank + (cell if bare else '"' + cell.replace('"', '""') + '"'))
        lines.append(sign.join(cells))
    return rows, sign, newline, newline.join(lines) + draw(st.sampled_from(("", newline)))


def grid(content: bytes, sign: str) -> list[list[str]]:
    """Return the cells as Python's reader has them, trimmed, line ends as one."""
    text = io.StringIO(content.decode("utf-8-sig"), newline="")
    read = csv.reader(text, delimiter=sign, skipinitialspace=True, strict=True)
    return [[cell.strip() for cell in row] for row in read]


def line_of(text: str, number: int, sign: str) -> int:
    """Return the line in which a row begins, the first one being the columns'."""
    reader = csv.reader(
        io.StringIO(text, newline=""), delimiter=sign, skipinitialspace=True, strict=True
    )
    for _ in range(number + 1):
        next(reader)
    return reader.line_num + 1


@settings(max_examples=300, deadline=None)
@given(tables(), st.data())
def test_a_written_cell_is_read_again_and_every_other_is_as_it_was(
    table: tuple[list[list[str]], str, str, str], data: st.DataObject
) -> None:
    rows, sign, newline, text = table
    before = data.draw(st.sampled_from((b"", b"\xef\xbb\xbf"))) + text.encode()
    expected = grid(before, sign)
    assume(all(len(row) == 3 for row in expected))
    assume(len(expected) == len(rows) + 1)
    cells = []
    for number in data.draw(st.sets(st.integers(0, len(rows) - 1), max_size=3)):
        column = data.draw(st.integers(0, 2))
        told = data.draw(TEXTS)
        cells.append(Cell(line_of(text, number, sign), COLUMNS[column], told))
        expected[number + 1][column] = told.strip()
    after = with_cells(before, cells)
    assert grid(after, sign) == expected
    assert columns_of(after) == list(COLUMNS)
    assert after[:3] == before[:3]
    bare = after.decode()
    assert bare.endswith(newline) is text.endswith(newline) or cells


@pytest.mark.parametrize(
    ("before", "cell", "after"),
    [
        ('key,a\nx,"1"\n', Cell(2, "a", "2"), 'key,a\nx,"2"\n'),
        ("key,a\nx, 1 \ny,3", Cell(2, "a", "2"), "key,a\nx, 2 \ny,3"),
        ("key,a\nx, 1 \ny,3", Cell(2, "a", "2,5"), 'key,a\nx, "2,5"\ny,3'),
        ("key,a\nx,1", Cell(2, "a", 'say "a", b'), 'key,a\nx,"say ""a"", b"'),
        ("key;a\r\nx;\r\n", Cell(2, "a", "1,5"), "key;a\r\nx;1,5\r\n"),
        ('key;a;b\nx;"1\n2";3\ny;4;5\n', Cell(4, "b", "6"), 'key;a;b\nx;"1\n2";3\ny;4;6\n'),
        ("key\ta\nx\t1\n", Cell(2, "a", ""), "key\ta\nx\t\n"),
    ],
)
def test_quotes_blanks_and_line_ends_stay(before: str, cell: Cell, after: str) -> None:
    assert with_cells(before.encode(), [cell]).decode() == after
