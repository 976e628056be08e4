"""The rows of an XLSX sheet out of its XML, as they come; styles and texts are the workbook's.

openpyxl makes several objects of each cell: ten thousand rows would take it most of a run.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Sequence
from datetime import date, datetime
from math import isfinite
from typing import IO, NamedTuple
from xml.parsers import expat

from tasksync.late_patterns import pattern_of
from tasksync.manifests.hints import shown
from tasksync.manifests.sheets.cells import MOST_COLUMNS, Cell, Formatted, SheetRow, Unread
from tasksync.manifests.sheets.xlsx_scan import position_of
from tasksync.value_classes import dataclass

_CHUNK = 1 << 16
#: _x000D_: how the format writes what XML cannot hold
_ESCAPED = pattern_of("_x([0-9A-Fa-f]{4})_")
_HALF = pattern_of("[\ud800-\udfff]")
_BREAK = pattern_of(r"\r\n?")
_WHOLE = pattern_of(r"-?[0-9]{1,15}", re.ASCII)
#: the number of a row, a style or a text: more digits are none
_ORDINAL = pattern_of(r"[0-9]{1,9}", re.ASCII)
#: the cells whose text is in the file, formula or not
_TEXTS = frozenset({"str", "inlineStr", "s"})
_UNVALUED = Unread(
    "the formula has no value: the program that wrote the file did not work it out",
    "open it in Excel or LibreOffice, and save it there",
)


class BadPart(Exception):
    """A sheet's XML is not as the format says; says why."""


class CellStyle(NamedTuple):
    """How numbers of a style are shown: `format` is "" where as their digits are.

    `moment` makes a date, a time or a length of a number; None where the style shows none.
    `clock` says that a time of day is shown.
    """

    format: str = ""
    moment: Callable[[float], Cell] | None = None
    clock: bool = False


@dataclass(frozen=True, slots=True)
class BookParts:
    """What cells only refer to: the workbook's texts and its styles, by number."""

    texts: Sequence[str]
    style: Callable[[int], CellStyle]


def rows_of(stream: IO[bytes], parts: BookParts) -> Iterator[SheetRow]:
    """Yield the rows that hold something; raises BadPart, ExpatError, LookupError."""
    reading = _SheetXml(parts)
    parser = expat.ParserCreate()
    parser.buffer_text = True
    parser.StartElementHandler = reading.start
    parser.EndElementHandler = reading.end
    parser.CharacterDataHandler = reading.text
    ended = False
    while not ended:
        chunk = stream.read(_CHUNK)
        ended = not chunk
        parser.Parse(chunk, ended)
        yield from reading.rows
        reading.rows.clear()


class _SheetXml:
    """Handlers of one pass; a cell without a reference stands beside the one before."""

    def __init__(self, parts: BookParts) -> None:
        self.rows: list[SheetRow] = []
        self._parts = parts
        self._row = 0
        self._cells: list[Cell] = []
        self._column = 0
        self._kind = "n"
        self._style = 0
        self._formula = False
        self._open = False  # whether characters belong to the cell's value
        self._above = False  # inside readings of Japanese words, which nobody typed
        self._value: list[str] = []

    def start(self, name: str, attributes: dict[str, str]) -> None:
        match name.rpartition(":")[2]:
            case "c":
                told = attributes.get("r")
                position = position_of(told) if told else None
                self._column = position[1] if position else self._column + 1
                self._kind = attributes.get("t", "n")
                self._style = _ordinal(attributes.get("s", "0"))
                self._formula = False
                self._value.clear()
            case "v":
                self._open = True
            case "t":
                self._open = not self._above
            case "f":
                self._formula = True
            case "rPh":
                self._above = True
            case "row":
                told = attributes.get("r", "")
                self._row = int(told) if _ORDINAL.fullmatch(told) else self._row + 1
                self._column = 0
                self._cells = []

    def text(self, text: str) -> None:
        if self._open:
            self._value.append(text)

    def end(self, name: str) -> None:
        match name.rpartition(":")[2]:
            case "v" | "t":
                self._open = False
            case "c":
                self._take()
            case "rPh":
                self._above = False
            case "row" if self._cells:
                self.rows.append(SheetRow(self._row, self._cells))

    def _take(self) -> None:
        """Put the cell that ended into its row, which is as long as its last cell needs."""
        value = "".join(self._value)
        cell: Cell = None
        if value:
            cell = self._cell(value)
        elif self._formula and self._kind not in _TEXTS:
            cell = _UNVALUED
        cells, at = self._cells, self._column - 1
        if cell is None or at >= MOST_COLUMNS:
            return
        if at > len(cells):
            cells += [None] * (at - len(cells))
        if at == len(cells):
            cells.append(cell)
        else:
            cells[at] = cell

    def _cell(self, value: str) -> Cell:
        if self._kind in _TEXTS:
            return _text(self._shared(value) if self._kind == "s" else value)
        match self._kind:
            case "b":
                return value == "1"
            case "e":
                return Unread(f"the formula gives {value}", "mend the formula, or write the value")
            case "d":
                return _instant(value)
            case _:
                return _number(value, self._parts.style(self._style))

    def _shared(self, value: str) -> str:
        number = _ordinal(value)
        if number >= len(self._parts.texts):
            msg = "a cell names a text that is not there"
            raise BadPart(msg)
        return self._parts.texts[number]


def _ordinal(text: str) -> int:
    if _ORDINAL.fullmatch(text) is None:
        msg = "a cell names a text or a style by no number"
        raise BadPart(msg)
    return int(text)


def _instant(value: str) -> Cell:
    try:
        return datetime.fromisoformat(value).replace(tzinfo=None)
    except ValueError:
        return Unread(f"{shown(value)} is kept as a date, and is none", "write the date once more")


def _number(value: str, style: CellStyle) -> Cell:
    try:
        number = int(value) if _WHOLE.fullmatch(value) else float(value)
    except ValueError:
        return Unread(f"{shown(value)} is kept as a number, and is none", "write it once more")
    if not isfinite(number):
        return Unread("the number is too big for any sheet", "write it once more")
    if style.moment is not None:
        return _moment(number, style)
    return Formatted(number, style.format) if style.format else number


def _moment(number: float, style: CellStyle) -> Cell:
    """Return a date; without a time where neither the number nor the style has one."""
    if style.moment is None:
        return number
    try:
        when = style.moment(number)
    except (OverflowError, ValueError):
        what = f"the number {number} is shown as a date, and is none"
        return Unread(what, "write the date, or give the cell another format")
    if isinstance(when, datetime):
        bare = not (when.hour or when.minute or when.second or when.microsecond)
        return date(when.year, when.month, when.day) if bare and not style.clock else when
    return when


def _text(value: str) -> Cell:
    if "_x" in value:
        value = _ESCAPED.sub(lambda found: chr(int(found[1], 16)), value)
        if _HALF.search(value):  # halves of a pair, which may stand for one character together
            value = value.encode("utf-16-le", "surrogatepass").decode("utf-16-le", "replace")
    if "\r" in value:
        value = _BREAK.sub("\n", value)
    return value or None
