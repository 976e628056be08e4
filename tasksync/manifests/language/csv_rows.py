"""Rows of a CSV file (RFC 4180): the first line names the columns, each row an instance.

Cells are divided by `,` `;` or tab, whichever the first line uses; they are trimmed, and an empty
one is absent. The file is read row by row.
"""

from __future__ import annotations

import csv
from collections.abc import Iterator, Sequence

from tasksync.core.keys import normal_key
from tasksync.core.normal_forms import composed
from tasksync.core.task import Place, Problem
from tasksync.manifests.files import Source
from tasksync.manifests.hints import did_you_mean, shown
from tasksync.manifests.language.csv_lines import BadLine, CsvLines
from tasksync.manifests.language.csv_records import MOST_OF_A_CELL, CsvRecords, delimiter_of
from tasksync.manifests.language.data_rows import (
    MOST_ROWS,
    Row,
    RowKeys,
    Wants,
    given_twice,
)
from tasksync.manifests.language.parameters import KEY
from tasksync.manifests.reader import YamlUnreadable
from tasksync.manifests.unplaced import MOST_PROBLEMS

#: no template has so many parameters
MOST_COLUMNS = 1_000


def of_csv(source: Source, wants: Wants, problems: list[Problem]) -> Iterator[Row]:
    """Yield the rows of a file; what is wrong is added to `problems`, and good rows go on."""
    try:
        with source.open() as stream:
            lines = CsvLines(stream, source.name)
            try:
                yield from _Table(source.name, lines, wants, problems).rows()
            finally:
                lines.close()
    except BadLine as bad:
        problems.append(bad.problem)
    except YamlUnreadable as unread:
        problems.append(unread.problem)


class _Table:
    """One file while it is read."""

    def __init__(self, file: str, lines: CsvLines, wants: Wants, problems: list[Problem]) -> None:
        self._file = file
        self._lines = lines
        self._wants = wants
        self._problems = problems
        self._delimiter = ","

    def rows(self) -> Iterator[Row]:
        begun = len(self._problems)
        columns = self._columns()
        if columns is None:
            return
        keys, at_key = RowKeys(self._problems), columns.index(KEY)
        records = CsvRecords(self._file, self._lines, self._delimiter, self._problems)
        for number, (place, cells) in enumerate(records.trimmed(), 1):
            if number > MOST_ROWS:
                what = f"there are more than {MOST_ROWS} rows"
                self._say(place, what, "divide the file, and name each part in its own use")
                return
            if len(self._problems) - begun > MOST_PROBLEMS:
                return
            if not self._fits(place, cells, columns):
                continue
            key = normal_key(cells[at_key])
            if self._has_key(place, key, keys):
                values = {n: cell for n, cell in zip(columns, cells, strict=True) if cell}
                del values[KEY]
                yield Row(key, values, place, cells=True)

    def _columns(self) -> list[str] | None:
        """Return the names of the columns; None where they are at fault, which is said."""
        first = next(self._lines, "")
        place = Place(self._file, 1)
        if not first.strip():
            what = "the file is empty" if not first else "the first line is blank"
            self._say(place, what, f"the first line names the columns: {self._example()}")
            return None
        self._delimiter = delimiter_of(first)
        if first.strip().lower().startswith("sep="):
            self._say(place, "the first line names no columns", f"take {first.strip()} out")
            return None
        if first.count('"') % 2:
            self._say(place, "a quote of the first line does not end", "close it")
            return None
        [cells] = csv.reader([first], delimiter=self._delimiter, skipinitialspace=True)
        columns = [composed(cell.strip()) for cell in cells]
        before = len(self._problems)
        for what, mend in self._faults_of(columns):
            self._say(place, what, mend)
        return columns if len(self._problems) == before else None

    def _faults_of(self, columns: Sequence[str]) -> Iterator[tuple[str, str]]:
        parameters, given = self._wants.parameters, self._wants.given
        if len(columns) > MOST_COLUMNS:
            yield f"the first line names {len(columns)} columns", f"at most {MOST_COLUMNS} may be"
            return
        seen: set[str] = set()
        for number, name in enumerate(columns, 1):
            if name in seen and name:
                yield f"the column {shown(name)} stands there twice", "keep one of them"
            elif not name:
                yield f"column {number} has no name", "name it, or take it out of every line"
            elif name in given:
                yield given_twice(name)
            elif name != KEY and name not in parameters:
                near = did_you_mean(name, [KEY, *parameters])
                mend = near or f"columns are {self._example()}"
                yield f"the column {shown(name)} is no parameter of the template", mend
            seen.add(name)
        if KEY not in seen:
            yield "no column is called key", "add the column key, which names each row's tasks"
        for name, parameter in parameters.items():
            if parameter.required and name not in seen and name not in given:
                yield f"no column is called {name}, which the template requires", "add it"

    def _example(self) -> str:
        given = self._wants.given
        return self._delimiter.join([KEY, *(n for n in self._wants.parameters if n not in given)])

    def _fits(self, place: Place, cells: Sequence[str], columns: Sequence[str]) -> bool:
        if len(cells) != len(columns):
            what = f"the row has {_cells(len(cells))}, and the first line names {len(columns)}"
            mend = f'quote a cell that holds a {_NAMES[self._delimiter]}: "a{self._delimiter} b"'
            if len(cells) < len(columns):
                mend = "leave a cell empty where nothing is given, but keep its divider"
            self._say(place, what, mend)
            return False
        if max(map(len, cells)) > MOST_OF_A_CELL:
            name, cell = max(zip(columns, cells, strict=True), key=lambda pair: len(pair[1]))
            what = f"{name}: the cell has {len(cell)} characters, and {MOST_OF_A_CELL} may be"
            self._say(place, what, "shorten it")
            return False
        return True

    def _has_key(self, place: Place, key: str, keys: RowKeys) -> bool:
        if not key:
            self._say(place, "the row has no key", "give it one, or delete the line")
            return False
        return keys.take(key, place)

    def _say(self, place: Place, what: str, mend: str) -> None:
        self._problems.append(Problem(place, what, mend))


_NAMES = {",": "comma", ";": "semicolon", "\t": "tab"}


def _cells(number: int) -> str:
    return "1 cell" if number == 1 else f"{number} cells"
