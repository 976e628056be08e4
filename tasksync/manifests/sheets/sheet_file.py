"""A file that a person named as a sheet: told by its bytes, read, its columns found."""

from __future__ import annotations

from collections.abc import Mapping
from itertools import chain, islice

from tasksync.core.task import Place
from tasksync.errors import SheetInvalid
from tasksync.manifests.hints import did_you_mean, shown
from tasksync.manifests.sheets.cells import Sheet, SheetUnreadable
from tasksync.manifests.sheets.column_names import KEY, TARGETS
from tasksync.manifests.sheets.csv_sheet import csv_sheet
from tasksync.manifests.sheets.sheet_columns import FIRST_ROWS, Columns, columns_of
from tasksync.manifests.sheets.sheet_tasks import SheetTask, tasks_of
from tasksync.manifests.sheets.xlsx_bounds import is_workbook
from tasksync.manifests.sheets.xlsx_scan import position_of
from tasksync.manifests.unplaced import MOST_PROBLEMS, BadValue
from tasksync.value_classes import dataclass


@dataclass(frozen=True, slots=True)
class SheetWanted:
    """What a person said of a sheet: its name in the file, columns of fields, how a CSV is read.

    `said` names a column for a field; "" takes the field from none.
    """

    file: str
    name: str | None = None
    said: Mapping[str, str] | None = None
    encoding: str | None = None
    delimiter: str | None = None


@dataclass(frozen=True, slots=True)
class SheetContent:
    """A sheet that was read: what its columns are, and its tasks in order.

    `parts` is what could be read of rows where something is wrong. `passed` are the rows that
    hold something, but nothing in the columns that are taken.
    """

    sheet: Sheet
    columns: Columns
    tasks: list[SheetTask]
    parts: list[SheetTask]
    passed: list[int]


def said_of(pairs: tuple[str, ...], key: str | None) -> Mapping[str, str]:
    """Return the columns that `field=Column` and --key name; raises BadValue."""
    said: dict[str, str] = {} if key is None else {KEY: key}
    for pair in pairs:
        field, sign, column = pair.partition("=")
        field = field.strip()
        if not sign:
            raise BadValue(f"--map {pair} names no column", 'write --map deadline="Due by"')
        if field not in TARGETS:
            mend = did_you_mean(field, TARGETS) or f"fields are {', '.join(TARGETS)}"
            raise BadValue(f"--map {pair}: there is no field {shown(field)}", mend)
        if field in said:
            raise BadValue(f"{field} was given two columns", "keep one of them")
        said[field] = column.strip()
    return said


def read_sheet(
    wanted: SheetWanted, content: bytes, known: Mapping[str, object], *, one_title: bool
) -> SheetContent:
    """Return what a sheet holds; every cell that cannot be read is one of the sheet's problems.

    Raises SheetInvalid where the columns are not known. `known` are the keys that the project
    has. `one_title`: without a column of keys no title may stand there twice.
    """
    try:
        sheet = _sheet(wanted, content)
        rows = sheet.rows()
        first = list(islice(rows, FIRST_ROWS))
        columns = columns_of(sheet, first, wanted.said or {})
        if columns is not None:
            below = tasks_of(sheet, columns, chain(first, rows), known, one_title=one_title)
    except SheetUnreadable as unread:
        raise SheetInvalid((unread.problem,)) from unread
    if columns is None:
        raise_problems(sheet)
        raise AssertionError(wanted)  # why was a problem
    return SheetContent(sheet, columns, *below)


def raise_problems(sheet: Sheet) -> None:
    """Raise SheetInvalid where a sheet has problems, those of cells row by row."""
    if sheet.problems:
        ordered = sorted(sheet.problems, key=lambda problem: _position(problem.place))
        raise SheetInvalid(tuple(ordered[:MOST_PROBLEMS]))


def _position(place: Place) -> tuple[int, int]:
    """Return row and column of a place by the name of its cell; what has none comes first."""
    cell = place.file.rpartition(", ")[2]
    if cell.startswith("row "):
        return int(cell[4:]), 0
    return position_of(cell) or (place.line, 0)


def _sheet(wanted: SheetWanted, content: bytes) -> Sheet:
    file = wanted.file
    if is_workbook(file, content):
        if wanted.encoding or wanted.delimiter:
            what = "the file is a workbook: --encoding and --delimiter are of CSV"
            raise SheetUnreadable(Place(file), what, "leave them out")
        from tasksync.manifests.sheets.xlsx_sheet import xlsx_sheet

        return xlsx_sheet(file, content, wanted.name)
    if wanted.name is not None:
        what = f"the file is a CSV, which has no sheet {shown(wanted.name)}"
        raise SheetUnreadable(Place(file), what, "leave --sheet out")
    return csv_sheet(file, content, wanted.encoding, wanted.delimiter)
