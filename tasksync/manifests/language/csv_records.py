"""Records of a CSV file (RFC 4180), read one by one: cells, dividers and quotes."""

from __future__ import annotations

import csv
import re
from collections.abc import Iterator
from functools import cache

from tasksync.core.task import Place, Problem
from tasksync.late_patterns import pattern_of
from tasksync.manifests.language.csv_lines import BadLine, CsvLines

#: a description has fewer (characters)
MOST_OF_A_CELL = 65_536
DELIMITERS = (",", ";", "\t")
_QUOTED = pattern_of(r'"(?:[^"]|"")*+"?')
_BREAK = pattern_of(r"\r\n?")


def delimiter_of(first: str) -> str:
    """Return what divides the names of the columns, which hold no such character themselves."""
    bare = _QUOTED.sub("", first)
    return max(DELIMITERS, key=bare.count)


class CsvRecords:
    """The records that follow in a file; what is wrong with one is added to `problems`."""

    def __init__(self, file: str, lines: CsvLines, delimiter: str, problems: list[Problem]) -> None:
        self._file = file
        self._lines = lines
        self._delimiter = delimiter
        self._problems = problems

    def trimmed(self) -> Iterator[tuple[Place, list[str]]]:
        """Yield each with its first line, cells trimmed, blank lines left out; raises BadLine."""
        for place, cells in self._records(loose=True):
            if cells:
                yield place, [cell.strip() for cell in cells]

    def exact(self) -> Iterator[tuple[Place, list[str]]]:
        """Yield each with its first line, word for word; a blank line, or a bad one, has no cells.

        Raises BadLine.
        """
        return self._records(loose=False)

    def _records(self, *, loose: bool) -> Iterator[tuple[Place, list[str]]]:
        """Yield each; where `loose`, blanks may stand between a divider and a quote."""
        reader = csv.reader(
            self._lines, delimiter=self._delimiter, skipinitialspace=loose, strict=True
        )
        encloses = _quotes_enclose(self._delimiter, loose)
        while True:
            self._lines.begin()
            place = Place(self._file, self._lines.number + 1)
            try:
                cells = next(reader)
            except StopIteration:
                return
            except csv.Error as error:
                raise self._unread(place, str(error)) from error
            row = self._lines.row
            if not row.strip(" \r\n"):
                yield place, []
                continue
            if '"' in row and not encloses.fullmatch(row):
                what = "a quote stands inside a cell that is not quoted"
                mend = 'quote the whole cell and double the quote: "19"" screen"'
                self._problems.append(Problem(place, what, mend))
                yield place, []
                continue
            if self._lines.number > place.line:
                cells = [_BREAK.sub("\n", cell) for cell in cells]
            yield place, cells

    def _unread(self, place: Place, error: str) -> BadLine:
        """Return what the library found, in our words."""
        if "expected after" in error:
            what = "something follows the quote that ends a cell"
            mend = 'double quotes inside a cell: "19"" screen"; leave blanks after it out'
            return BadLine(place, what, mend)
        if "field limit" in error:
            what = f"a cell has more than {MOST_OF_A_CELL} characters"
            return BadLine(place, what, "does a quote begin here that does not end?")
        return BadLine(place, "a quote begins in this row and does not end", "close it")


@cache
def _quotes_enclose(delimiter: str, loose: bool) -> re.Pattern[str]:  # noqa: FBT001 - of a cache
    """Return what matches a row whose quotes enclose whole cells."""
    before = " *" if loose else ""
    cell = rf'{before}"(?:[^"]|"")*+"|[^"{delimiter}\r\n]*+'
    return re.compile(rf"(?:{cell})(?:{delimiter}(?:{cell}))*+[\r\n]*")
