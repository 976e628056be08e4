"""Which row of a sheet names the columns, and which field each of them is."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence

from tasksync.core.task import Problem
from tasksync.late_patterns import pattern_of
from tasksync.manifests.hints import did_you_mean, listed, shown
from tasksync.manifests.sheets.cells import Cell, Sheet, SheetRow, column_letters
from tasksync.manifests.sheets.column_names import TARGETS, field_of, normal_name, unit_of
from tasksync.manifests.sheets.xlsx_scan import position_of
from tasksync.value_classes import dataclass

#: the names of the columns stand among the first rows that hold something
FIRST_ROWS = 30
_LETTERS = pattern_of("[A-Z]{1,3}", re.ASCII)


@dataclass(frozen=True, slots=True)
class Column:
    """One column that is taken: its number from 1, its name in the sheet, what it is.

    `unit` is what a number counts in a column of lengths: h, m, s, or "".
    """

    number: int
    name: str
    target: str
    unit: str = ""


@dataclass(frozen=True, slots=True)
class Columns:
    """The columns that are taken, in the order of the fields; those that are not, by name.

    `bottom` is the last row of the names: what follows are tasks. `width` is the last column
    that has a name.
    """

    taken: tuple[Column, ...]
    ignored: tuple[str, ...]
    bottom: int
    width: int

    def of(self, target: str) -> Column | None:
        """Return the column that is this field."""
        return next((one for one in self.taken if one.target == target), None)


def columns_of(sheet: Sheet, first: Sequence[SheetRow], said: Mapping[str, str]) -> Columns | None:
    """Return the columns by the first rows; `said` names columns for fields, as --map did.

    A name may be the letters of a column; "" takes a field from no column. None where something
    is wrong, which is added to the sheet's problems.
    """
    if not first:
        what = "the sheet is empty"
        sheet.problems.append(Problem(sheet.place(1, 1), what, "name the columns in its first row"))
        return None
    head = max(first, key=lambda row: _score(row, said))  # the first of those that are alike
    names, bottom = _names(sheet, head, first)
    chosen = _Choice(sheet, head.number, names)
    chosen.take(said)
    chosen.take_by_name()
    if "title" not in chosen.found:
        chosen.without_title(said)
    if sheet.problems:
        return None
    taken = sorted(chosen.found.values(), key=lambda column: TARGETS.index(column.target))
    used = {column.number for column in taken}
    ignored = tuple(name for number, name in names.items() if number not in used)
    width = max([*names, *used])
    return Columns(tuple(taken), ignored, bottom, width)


def _score(row: SheetRow, said: Mapping[str, str]) -> tuple[bool, int]:
    """Return how much a row looks like names of columns; one without a title hardly does."""
    by_said = {normal_name(name): target for target, name in said.items() if name}
    targets = {
        by_said.get(normal_name(cell)) or field_of(cell)
        for cell in row.cells
        if isinstance(cell, str)
    } - {None}
    return "title" in targets, len(targets)


def _names(sheet: Sheet, head: SheetRow, rows: Sequence[SheetRow]) -> tuple[dict[int, str], int]:
    """Return the columns' names and the last row that they take: some are merged, some in two."""
    names = dict(_texts(head.cells))
    touching = [one for one in sheet.merges if one.top <= head.number <= one.bottom]
    bottom = max((one.bottom for one in touching), default=head.number)
    wide = {
        column
        for one in touching
        if one.left < one.right and one.left in names
        for column in range(one.left, min(one.right, len(head.cells) + 100) + 1)
    }
    for row in rows:
        if not head.number < row.number <= bottom + 1:
            continue
        below = dict(_texts(row.cells))
        if row.number <= bottom or _goes_on(names, below, wide):
            names |= below
            bottom = max(bottom, row.number)
    return dict(sorted(names.items())), bottom


def _goes_on(names: Mapping[int, str], below: Mapping[int, str], wide: set[int]) -> bool:
    """Tell whether a row goes on with the names: under merged ones, or fields under none yet.

    In a CSV nothing is merged: `Dates` stands over `Start` there, and nothing over `Deadline`.
    """
    if wide:
        return bool(below) and below.keys() <= wide
    free = not any(field_of(names.get(number, "")) for number in below)
    return free and any(field_of(name) for name in below.values())


def _texts(cells: Sequence[Cell]) -> Iterator[tuple[int, str]]:
    for number, cell in enumerate(cells, 1):
        if cell is not None and (name := " ".join(str(cell).split())):
            yield number, name


class _Choice:
    """Finds a column for each field; what is wrong is said at the names."""

    def __init__(self, sheet: Sheet, row: int, names: Mapping[int, str]) -> None:
        self._sheet = sheet
        self._row = row
        self._names = names
        self._said: set[str] = set()
        self.found: dict[str, Column] = {}

    def take(self, said: Mapping[str, str]) -> None:
        """Take the columns that a person named."""
        self._said = set(said)
        for target, name in said.items():
            number = self._number(target, name) if name else None
            if number is not None:
                self._put(target, number)

    def take_by_name(self) -> None:
        """Take the rest by their names; two of one field are a problem."""
        used = {column.number for column in self.found.values()}
        for number, name in self._names.items():
            target = field_of(name)
            if target is None or target in self._said or number in used:
                continue
            if target in self.found:
                other = self.found[target]
                what = f"{shown(other.name)} and {shown(name)} both are {target} by their names"
                self._say(number, what, f'say which: --map {target}="{name}"')
            else:
                self._put(target, number)

    def without_title(self, said: Mapping[str, str]) -> None:
        """Say that no column is the title."""
        if not said.get("title"):
            what = f"no column is the title; the columns are {self._listed()}"
            self._say(1, what, 'say which: --map title="Column"')

    def _number(self, target: str, name: str) -> int | None:
        normal = normal_name(name)
        found = [number for number, one in self._names.items() if normal_name(one) == normal]
        if not found and _LETTERS.fullmatch(name) and (position := position_of(f"{name}1")):
            return position[1]
        if len(found) == 1:
            return found[0]
        if found:
            letters = listed([column_letters(number) for number in found])
            what = f"{len(found)} columns are called {shown(name)}"
            self._say(found[1], what, f"name it by its letter: {letters}")
            return None
        near = did_you_mean(name, self._names.values())
        what = f"no column is called {shown(name)}, which {target} was to be"
        self._say(1, what, near or f"the columns are {self._listed()}")
        return None

    def _put(self, target: str, number: int) -> None:
        name = self._names.get(number, column_letters(number))
        self.found[target] = Column(number, name, target, unit_of(name))

    def _listed(self) -> str:
        return listed([shown(name) for name in self._names.values()][:20] or ["none"])

    def _say(self, column: int, what: str, mend: str) -> None:
        place = self._sheet.place(self._row, column)
        self._sheet.problems.append(Problem(place, what, mend))
