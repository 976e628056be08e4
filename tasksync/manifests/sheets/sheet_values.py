"""What a cell means in a column: the value that the manifest is to hold, or BadValue."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from datetime import date, datetime, time, timedelta
from typing import TypeAlias

from tasksync.core.fields import FIELDS, FieldKind
from tasksync.late_patterns import pattern_of
from tasksync.manifests.hints import shown
from tasksync.manifests.sheets.cells import Cell, Formatted
from tasksync.manifests.sheets.column_names import ADOPT, KEY, PARENT
from tasksync.manifests.sheets.sheet_columns import Column
from tasksync.manifests.sheets.sheet_dates import as_written, of_moment
from tasksync.manifests.sheets.sheet_lengths import length_of
from tasksync.manifests.sheets.value_words import word_of
from tasksync.manifests.unplaced import BadValue

#: what reads the cells of a column; it is given no empty one
Reads: TypeAlias = Callable[[Cell], object]

_BETWEEN = pattern_of(r"[,;\n]")
_DIGITS = pattern_of(r"[0-9]{1,15}", re.ASCII)
#: Anna Schmidt <anna@example.com>, as mail programs copy it
_ADDRESSED = pattern_of(r"[^<>]*<\s*([^<>\s@]+@[^<>\s@]+)\s*>", re.ASCII)
_FIXED = pattern_of(r"0(?:\.(0{1,9}))?")
_LEADING = pattern_of(r"0{2,15}")
_AS_TEXT = "format the cell as text, and write there what is to be read"


def reader_of(column: Column) -> Reads:
    """Return what reads the cells of a column; texts that repeat are read once."""
    match column.target:
        case target if target in {KEY, PARENT}:
            return _label
        case target if target == ADOPT:
            return lambda cell: {"id": _number(cell, "the number of a task")}
        case "timeEstimate":
            unit = column.unit
            return _remembering(lambda cell: length_of(cell, unit))
    kind = FIELDS[column.target].kind
    if kind is FieldKind.TEXT:
        return shown_text
    return _words(column.target) if kind in _WORDS else _remembering(_READS[kind])


def is_empty(cell: Cell) -> bool:
    """Tell whether a cell holds nothing that a person sees."""
    return cell is None or (isinstance(cell, str) and not cell.strip())


def shown_text(cell: Cell) -> str:
    """Return the words of a cell as its program shows them, a text word for word.

    Raises BadValue where only the program knows how it is shown.
    """
    match cell:
        case str():
            return cell
        case bool():
            return "TRUE" if cell else "FALSE"
        case int():
            return str(cell)
        case float():
            return _digits(cell)
        case Formatted(number, pattern):
            return _formatted(number, pattern)
        case date() | time() | timedelta():
            raise BadValue("a date or a time stands where a text is wanted", _AS_TEXT)
    raise BadValue("the cell is empty", "write a text")


def _digits(number: float) -> str:
    """Return a number as `General` shows it: the fifteen digits that a sheet keeps."""
    return str(int(number)) if number.is_integer() and abs(number) < 1e15 else f"{number:.15g}"  # noqa: PLR2004 - the same fifteen


def _formatted(number: float, pattern: str) -> str:
    if _LEADING.fullmatch(pattern) and float(number).is_integer():
        return f"{int(number):0{len(pattern)}}"
    if fixed := _FIXED.fullmatch(pattern):
        return f"{number:.{len(fixed[1] or '')}f}"
    what = f"the number {_digits(float(number))} is shown in the format {shown(pattern)}"
    raise BadValue(what, _AS_TEXT)


def _label(cell: Cell) -> str:
    return " ".join(shown_text(cell).split())


def _number(cell: Cell, what: str) -> int:
    number = cell.number if isinstance(cell, Formatted) else cell
    if isinstance(number, float) and number.is_integer():
        number = int(number)
    if isinstance(number, str) and _DIGITS.fullmatch(number.strip()):
        number = int(number)
    if isinstance(number, int) and not isinstance(number, bool):
        return number
    raise BadValue(f"{_told(cell)} is not {what}", "write digits only")


def _told(cell: Cell) -> str:
    if isinstance(cell, date | time | timedelta):
        return "a date or a time"
    return shown(cell.number if isinstance(cell, Formatted) else cell)


def _person(cell: Cell) -> int | str:
    if not isinstance(cell, str):
        return _number(cell, "a person")
    text = " ".join(cell.split())
    if found := _ADDRESSED.fullmatch(text):
        return found[1]
    return int(text) if _DIGITS.fullmatch(text) else text


def _people(cell: Cell) -> list[int | str]:
    if not isinstance(cell, str):
        return [_person(cell)]
    return [_person(one) for one in _BETWEEN.split(cell) if one.strip()]


def _group(cell: Cell) -> int | str:
    if not isinstance(cell, str):
        return _number(cell, "a group")
    text = " ".join(cell.split())
    return int(text) if _DIGITS.fullmatch(text) else text


def _tags(cell: Cell) -> list[str]:
    tags = (one.strip() for one in _BETWEEN.split(shown_text(cell)))
    return list(dict.fromkeys(tag for tag in tags if tag))


def _date(cell: Cell) -> str:
    match cell:
        case str():
            return as_written(cell)
        case date():
            return of_moment(cell)
        case time():
            raise BadValue(f"{cell:%H:%M} has no date", "write the date before the time")
        case timedelta():
            raise BadValue("a length of time has no date", "give the column a date format")
    mend = "give the column a date format, or write it like 31.12.2026"
    raise BadValue(f"{_told(cell)} is a number, not a date", mend)


def _parent_number(cell: Cell) -> int:
    return _number(cell, "the number of a task")


def _words(field: str) -> Reads:
    def read(cell: Cell) -> str:
        if isinstance(cell, str):
            return word_of(field, cell)
        return word_of(field, str(_number(cell, f"a {field}")))

    return _remembering(read)


class _Remembered(dict[Cell, object]):
    """What each text was read as: statuses, dates and people repeat."""

    __slots__ = ("_read",)

    def __init__(self, read: Reads) -> None:
        super().__init__()
        self._read = read

    def __missing__(self, cell: Cell) -> object:
        found = self[cell] = self._read(cell)
        return found


def _remembering(read: Reads) -> Reads:
    known = _Remembered(read)

    def look(cell: Cell) -> object:
        if cell.__class__ is str or cell.__class__ is datetime:
            return known[cell]
        return read(cell)

    return look


_WORDS = frozenset({FieldKind.STATUS, FieldKind.PRIORITY})
_READS: Mapping[FieldKind, Reads] = {
    FieldKind.PERSON: _person,
    FieldKind.INSTANT: _date,
    FieldKind.GROUP: _group,
    FieldKind.PARENT: _parent_number,
    FieldKind.PEOPLE: _people,
    FieldKind.TAGS: _tags,
}
