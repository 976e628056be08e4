"""What a sheet is once it is read, whatever program wrote it: rows of cells, each with its name."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from datetime import date, datetime, time, timedelta
from typing import NamedTuple, TypeAlias

from tasksync.core.task import Place, Problem
from tasksync.value_classes import dataclass

#: a whole sheet (bytes), its rows, and the columns that are looked at
SIZE_LIMIT = 64 << 20
MOST_ROWS = 100_000
MOST_COLUMNS = 1_000


class Unread(NamedTuple):
    """A cell that cannot be read, and why; told only where the cell is of use."""

    what: str
    mend: str


class Formatted(NamedTuple):
    """A number that is shown otherwise than its digits are: a percentage, leading zeros."""

    number: int | float
    format: str


#: a day without a time is a date, with one a datetime; a text is word for word
Cell: TypeAlias = (
    str | bool | int | float | datetime | date | time | timedelta | Unread | Formatted | None
)


class SheetRow(NamedTuple):
    """A row that holds something: its number in the sheet, and its cells from column A on."""

    number: int
    cells: Sequence[Cell]


class Merge(NamedTuple):
    """An area that is one cell to who looks at it: rows and columns from 1, both ends in it."""

    top: int
    left: int
    bottom: int
    right: int


@dataclass(frozen=True, slots=True)
class Sheet:
    """One sheet of a file; `rows` can be read once, and may raise SheetUnreadable.

    `read_as` says in words what was guessed of a CSV. `problems` collects what is wrong with
    whole rows while they are read.
    """

    file: str
    name: str
    rows: Callable[[], Iterator[SheetRow]]
    problems: list[Problem]
    merges: tuple[Merge, ...] = ()
    read_as: str = ""

    def place(self, row: int, column: int) -> Place:
        """Return a cell's place by its A1 name: `plan.xlsx, sheet Tasks, D7`."""
        return self.place_of(cell_name(row, column))

    def place_of(self, what: str) -> Place:
        """Return the place of a row, a column or an area of this sheet."""
        sheet = f", sheet {self.name}" if self.name else ""
        return Place(f"{self.file}{sheet}, {what}")


class SheetUnreadable(Exception):
    """The file, or the rest of it, cannot be read; carries the problem that says why."""

    def __init__(self, place: Place, what: str, mend: str) -> None:
        super().__init__(what)
        self.problem = Problem(place, what, mend)


def column_letters(column: int) -> str:
    """Return a column's letters: 1 is A, 27 AA."""
    letters = ""
    while column > 0:
        column, rest = divmod(column - 1, 26)
        letters = chr(ord("A") + rest) + letters
    return letters


def cell_name(row: int, column: int) -> str:
    """Return the name that spreadsheets show: D7."""
    return f"{column_letters(column)}{row}"
