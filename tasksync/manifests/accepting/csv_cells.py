"""Cells of a CSV file written anew in their places: encoding, dividers, quotes, line ends stay."""

from __future__ import annotations

import csv
import re
from collections.abc import Iterable
from typing import Final, NamedTuple

from tasksync.core.normal_forms import composed
from tasksync.late_patterns import pattern_of
from tasksync.manifests.language.csv_records import delimiter_of

_MARK: Final = "\ufeff"
_BREAK: Final = pattern_of(r"\r\n|\r|\n")
_QUOTED: Final = pattern_of(r'"(?:[^"]|"")*"')


class Cell(NamedTuple):
    """One cell: the line in which its row begins, the column's name, and what it is to say."""

    line: int
    column: str
    text: str


def with_cells(content: bytes, cells: Iterable[Cell]) -> bytes:
    """Return a file's bytes with cells changed, whose columns are there.

    A cell that was quoted stays so; another is quoted only where it has to be. The file is one
    that was read as rows before.
    """
    text = content.decode()
    mark, text = (_MARK, text[1:]) if text.startswith(_MARK) else ("", text)
    table = _CellTable(text)
    spans = sorted((table.span(cell), cell) for cell in cells)
    for (start, end, beyond), cell in reversed(spans):
        written = table.written(text[start:end], cell.text)
        last = beyond if written.startswith('"') else end  # no blank may follow a quote
        text = text[:start] + written + text[last:]
    return (mark + text).encode()


def columns_of(content: bytes) -> list[str]:
    """Return the names of the columns."""
    return _CellTable(content.decode().removeprefix(_MARK)).columns


class _CellTable:
    """Where the cells of one text stand."""

    def __init__(self, text: str) -> None:
        self._text = text
        self._starts = [0, *(found.end() for found in _BREAK.finditer(text))]
        first = _BREAK.split(text, maxsplit=1)[0]
        self._delimiter = delimiter_of(first)
        [names] = csv.reader([first], delimiter=self._delimiter, skipinitialspace=True)
        self.columns = [composed(name.strip()) for name in names]
        self._bare = re.compile(rf"[^{self._delimiter}\r\n]*")

    def span(self, cell: Cell) -> tuple[int, int, int]:
        """Return where a cell's text begins and ends, blanks around it left out, and the cell."""
        at = self._starts[cell.line - 1]
        for _ in range(self.columns.index(cell.column)):
            at = self._one(at)[2] + 1
        return self._one(at)

    def _one(self, at: int) -> tuple[int, int, int]:
        """Return the same of the cell that begins here."""
        while self._text[at : at + 1] == " ":
            at += 1
        quoted = _QUOTED.match(self._text, at)
        bare = self._bare.match(self._text, at)
        if quoted is not None:
            return (*quoted.span(), quoted.end())
        end = at if bare is None else bare.end()
        return at, at + len(self._text[at:end].rstrip(" \t")), end

    def written(self, before: str, text: str) -> str:
        """Return a cell's text as it is written where another stood."""
        signs = {self._delimiter, '"', "\r", "\n"}
        if before.startswith('"') or signs & set(text):
            return '"' + text.replace('"', '""') + '"'
        return text
