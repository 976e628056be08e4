"""A sheet of an XLSX workbook, read row by row by openpyxl (extra `excel`).

The only file that knows openpyxl; it is imported for the first workbook.
"""

from __future__ import annotations

import re
import warnings
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from datetime import date, datetime, time, timedelta
from functools import cache
from io import BytesIO
from typing import Any
from xml.etree.ElementTree import ParseError
from xml.parsers.expat import ExpatError
from zipfile import BadZipFile
from zlib import error as ZlibError  # noqa: N812 - it is a class

from tasksync.core.task import Place
from tasksync.errors import SettingsError
from tasksync.manifests.hints import did_you_mean, listed, shown
from tasksync.manifests.sheets.cells import (
    MOST_COLUMNS,
    Cell,
    Formatted,
    Sheet,
    SheetRow,
    SheetUnreadable,
    Unread,
)
from tasksync.manifests.sheets.xlsx_scan import SheetExtras, extras_of

#: the last row that Excel has
_LAST_ROW = 1_048_576
#: what openpyxl raises where a part is not as the format says
_BROKEN = (
    *(ArithmeticError, AttributeError, BadZipFile, EOFError, ExpatError, LookupError),
    *(NotImplementedError, OSError, ParseError, RuntimeError, TypeError, ValueError, ZlibError),
)
#: numbers that are shown as their digits
_PLAIN_FORMATS = frozenset({"General", "general", "GENERAL", "@", "0", "#", "Standard"})
_FIXED = re.compile(r"0\.(0{1,9})")
#: what of a number's format is no pattern: texts, escaped characters, colours and locales
_TEXTS = re.compile(r'"[^"]*"|\\.|_.|\[[^\]]*\]')
#: _x000D_: how the format writes what XML cannot hold
_ESCAPED = re.compile("_x([0-9A-Fa-f]{4})_")
_BREAK = re.compile(r"\r\n?")
_UNVALUED = Unread(
    "the formula has no value: the program that wrote the file did not work it out",
    "open it in Excel or LibreOffice, and save it there",
)


def xlsx_sheet(file: str, content: bytes, name: str | None = None) -> Sheet:
    """Return a sheet of a workbook, the only one that holds something unless it is named.

    Raises SheetUnreadable, and SettingsError where openpyxl is not installed.
    """
    with _worded(file):
        book = _opened(content)
        sheet = _chosen(file, book, name)
        extras = extras_of(_source_of(sheet))
    rows = _Rows(file, sheet, extras)
    return Sheet(file, sheet.title, rows.read, [], tuple(extras.merges))


def _opened(content: bytes) -> Any:
    try:
        import openpyxl
    except ImportError:
        what = "Workbooks (.xlsx) are read by openpyxl, which is not installed."
        raise SettingsError(
            what, "pip install 'tasksync[excel]', or save the sheet as CSV in UTF-8."
        ) from None
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # about pictures and styles, which are not looked at
        return openpyxl.load_workbook(
            BytesIO(content), read_only=True, data_only=True, keep_links=False
        )


@contextmanager
def _worded(file: str) -> Iterator[None]:
    """Turn what openpyxl raises into a problem of the file."""
    try:
        yield
    except _BROKEN as error:
        what = f"the workbook is damaged: {str(error)[:200] or type(error).__name__}"
        mend = "open it in Excel or LibreOffice, and save it as XLSX or CSV"
        raise SheetUnreadable(Place(file), what, mend) from error


def _chosen(file: str, book: Any, name: str | None) -> Any:
    """Return the sheet of this name, or the only one that a person sees something in."""
    sheets = {sheet.title: sheet for sheet in book.worksheets}
    if name is not None:
        if name in sheets:
            return sheets[name]
        mend = did_you_mean(name, sheets) or f"its sheets are {listed(map(shown, sheets))}"
        raise SheetUnreadable(Place(file), f"there is no sheet {shown(name)}", mend)
    seen = [sheet for sheet in sheets.values() if sheet.sheet_state == "visible"]
    filled = seen if len(seen) == 1 else [sheet for sheet in seen if _holds_something(sheet)]
    if len(filled) == 1:
        return filled[0]
    if not filled:
        raise SheetUnreadable(Place(file), "the workbook holds no cell", "fill in a sheet")
    names = listed([shown(sheet.title) for sheet in filled])
    raise SheetUnreadable(
        Place(file), f"{len(filled)} sheets hold something", f"say --sheet {names}"
    )


def _holds_something(sheet: Any) -> bool:
    sheet.reset_dimensions()
    rows = sheet.iter_rows(max_row=_LAST_ROW, values_only=True)
    return any(value is not None for row in rows for value in row)


def _source_of(sheet: Any) -> Callable[[], Any]:
    opened: Callable[[], Any] = sheet._get_source  # noqa: SLF001 - it tells its XML nowhere else
    return opened


class _Rows:
    """Reads one sheet once."""

    def __init__(self, file: str, sheet: Any, extras: SheetExtras) -> None:
        self._file = file
        self._sheet = sheet
        self._unvalued = extras.unvalued

    def read(self) -> Iterator[SheetRow]:
        self._sheet.reset_dimensions()  # what is written there need not be so
        rows = enumerate(self._sheet.iter_rows(max_row=_LAST_ROW), 1)
        while (row := self._next(rows)) is not None:
            yield row

    def _next(self, rows: Iterator[tuple[int, Sequence[Any]]]) -> SheetRow | None:
        """Return the next row that holds something; there may be a million of others before it."""
        with _worded(self._file), warnings.catch_warnings():
            warnings.simplefilter("ignore")  # of a date that is none: its cell says so
            for number, row in rows:
                if row and (cells := self._cells(number, row[:MOST_COLUMNS])):
                    return SheetRow(number, cells)
        return None

    def _cells(self, number: int, row: Sequence[Any]) -> list[Cell]:
        """Return the cells of a row, [] where none holds something."""
        cells = [None if one.value is None else _cell(one) for one in row]
        if self._unvalued:
            for column in range(1, len(cells) + 1):
                if (number, column) in self._unvalued:
                    cells[column - 1] = _UNVALUED
        return cells if any(one is not None for one in cells) else []


def _cell(cell: Any) -> Cell:
    """Return what a cell of openpyxl holds; of a date whether it has a time, by its format."""
    value = cell.value
    if value.__class__ is str:
        return _of_text(value, cell.data_type)
    match value:
        case bool() | time() | timedelta():
            return value
        case datetime():
            bare = not (value.hour or value.minute or value.second or value.microsecond)
            return value.date() if bare and not _has_time(cell.number_format) else value
        case date():
            return value
        case int() | float():
            return _number(value, cell.number_format)
    return Unread(f"{shown(str(value))} is nothing that a cell holds", "write a text")


def _of_text(value: str, data_type: str) -> Cell:
    if data_type == "e":
        return Unread(f"the formula gives {value}", "mend the formula, or write the value")
    if "_x" in value:
        value = _ESCAPED.sub(lambda found: chr(int(found[1], 16)), value)
    if "\r" in value:
        value = _BREAK.sub("\n", value)
    return value or None


def _number(value: float, shown_as: str) -> Cell:
    if shown_as in _PLAIN_FORMATS:
        return value
    return Formatted(value, shown_as)


@cache
def _has_time(shown_as: str) -> bool:
    """Tell whether a format shows the time of day: in the file it is always in English letters."""
    return any(letter in _TEXTS.sub("", shown_as).lower() for letter in "hs")
