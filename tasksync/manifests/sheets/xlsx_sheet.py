"""A sheet of an XLSX workbook, opened by openpyxl (extra `excel`).

The only file that knows openpyxl; it is imported for the first workbook.
"""

from __future__ import annotations

import warnings
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager, suppress
from functools import cache, partial
from io import BytesIO
from types import SimpleNamespace
from typing import Any, NamedTuple
from xml.etree.ElementTree import ParseError
from xml.parsers.expat import ExpatError, ParserCreate
from zipfile import BadZipFile, ZipFile
from zlib import error as ZlibError  # noqa: N812 - it is a class

from tasksync.core.quoting import shortened
from tasksync.core.task import Place
from tasksync.errors import SettingsError
from tasksync.late_patterns import pattern_of
from tasksync.manifests.hints import did_you_mean, listed, shown
from tasksync.manifests.sheets.cells import Sheet, SheetRow, SheetUnreadable
from tasksync.manifests.sheets.xlsx_rows import BadPart, BookParts, CellStyle, rows_of
from tasksync.manifests.sheets.xlsx_scan import merges_of

#: what openpyxl raises where a part is not as the format says
_BROKEN = (
    *(ArithmeticError, AttributeError, BadPart, BadZipFile, EOFError, ExpatError, LookupError),
    *(NotImplementedError, OSError, ParseError, RuntimeError, TypeError, ValueError, ZlibError),
)
#: numbers that are shown as their digits
_PLAIN_FORMATS = frozenset({"General", "general", "GENERAL", "@", "0", "#", "Standard"})
#: where openpyxl looks for styles; Excel takes no format of a number that is longer (255)
_STYLES, _LONGEST_FORMAT = "xl/styles.xml", 1000
_LONGEST_FAULT = 200
#: what of a number's format is no pattern: texts, escaped characters, colours and locales
_TEXTS = pattern_of(r'"[^"]*"|\\.|_.|\[[^\]]*\]')


def xlsx_sheet(file: str, content: bytes, name: str | None = None) -> Sheet:
    """Return a sheet of a workbook, the only one that holds something unless it is named.

    Raises SheetUnreadable, and SettingsError where openpyxl is not installed.
    """
    with _worded(file):
        book = _opened(content)
        sheet = _chosen(file, book, name)
        opened = partial(book.archive.open, sheet.path)
        merges = merges_of(opened)
    return Sheet(file, sheet.title, partial(_rows, file, opened, book.parts), [], merges)


class _BookSheet(NamedTuple):
    """One sheet of a workbook: its name, whether a person sees it, its part of the archive."""

    title: str
    visible: bool
    path: str


class _Book(NamedTuple):
    """A workbook that is open: its parts, its sheets, and what their cells refer to."""

    archive: ZipFile
    sheets: Sequence[_BookSheet]
    parts: BookParts


def _opened(content: bytes) -> _Book:
    """Return a workbook of which no sheet was read yet."""
    try:
        from openpyxl.reader.excel import ExcelReader
        from openpyxl.styles.stylesheet import apply_stylesheet
    except ImportError:
        what = "Workbooks (.xlsx) are read by openpyxl, which is not installed."
        raise SettingsError(
            what, "pip install 'tasksync[excel]', or save the sheet as CSV in UTF-8."
        ) from None
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # about styles, which are not looked at
        # what load_workbook does, but for the sheets, which it goes through once to measure them
        reader = ExcelReader(BytesIO(content), read_only=True, data_only=True, keep_links=False)
        reader.read_manifest()
        reader.read_strings()
        reader.read_workbook()
        _check_formats(reader.archive)
        apply_stylesheet(reader.archive, reader.wb)
        sheets = [
            _BookSheet(sheet.name, sheet.state == "visible", rel.target)
            for sheet, rel in reader.parser.find_sheets()
            if rel.target in reader.valid_files and "chartsheet" not in rel.Type
        ]
    return _Book(reader.archive, sheets, _parts_of(reader.wb, reader.shared_strings))


def _check_formats(archive: ZipFile) -> None:
    """Raise BadPart where a number's format is so long that searching it has no end."""

    def start(_name: str, attributes: dict[str, str]) -> None:
        if len(attributes.get("formatCode", "")) > _LONGEST_FORMAT:
            msg = f"a number's format has more than {_LONGEST_FORMAT} characters"
            raise BadPart(msg)

    parser = ParserCreate()
    parser.StartElementHandler = start
    with suppress(KeyError), archive.open(_STYLES) as stream:
        parser.ParseFile(stream)


@contextmanager
def _worded(file: str) -> Iterator[None]:
    """Turn what openpyxl raises into a problem of the file."""
    try:
        yield
    except _BROKEN as error:
        what = f"the workbook is damaged: {_fault_of(error)}"
        mend = "open it in Excel or LibreOffice, and save it as XLSX or CSV"
        raise SheetUnreadable(Place(file), what, mend) from error


def _fault_of(error: Exception) -> str:
    """Return what is wrong with a workbook; what only Python would say is not said."""
    if isinstance(error, BadPart | BadZipFile | ExpatError | ParseError):
        return shortened(str(error), _LONGEST_FAULT)
    return "a part of it is not as the format says"


def _chosen(file: str, book: _Book, name: str | None) -> _BookSheet:
    """Return the sheet of this name, or the only one that a person sees something in."""
    sheets = {sheet.title: sheet for sheet in book.sheets}
    if name is not None:
        if name in sheets:
            return sheets[name]
        mend = did_you_mean(name, sheets) or f"its sheets are {listed(map(shown, sheets))}"
        raise SheetUnreadable(Place(file), f"there is no sheet {shown(name)}", mend)
    seen = [sheet for sheet in book.sheets if sheet.visible]
    filled = seen if len(seen) == 1 else [one for one in seen if _holds_something(book, one)]
    if len(filled) == 1:
        return filled[0]
    if not filled:
        raise SheetUnreadable(Place(file), "the workbook holds no cell", "fill in a sheet")
    names = listed([shown(sheet.title) for sheet in filled])
    raise SheetUnreadable(
        Place(file), f"{len(filled)} sheets hold something", f"say --sheet {names}"
    )


def _holds_something(book: _Book, sheet: _BookSheet) -> bool:
    with book.archive.open(sheet.path) as stream:
        return next(rows_of(stream, book.parts), None) is not None


def _parts_of(workbook: Any, texts: Sequence[str]) -> BookParts:
    """Return the texts of a workbook, and its styles by number, each looked up once."""
    from openpyxl.cell.read_only import ReadOnlyCell
    from openpyxl.styles.numbers import is_date_format, is_timedelta_format
    from openpyxl.utils.datetime import from_excel

    sheet = SimpleNamespace(parent=workbook)

    @cache
    def style(number: int) -> CellStyle:
        shown_as = str(ReadOnlyCell(sheet, 1, 1, None, style_id=number).number_format)
        if is_date_format(shown_as):
            length = bool(is_timedelta_format(shown_as))
            moment = partial(from_excel, epoch=workbook.epoch, timedelta=length)
            return CellStyle(shown_as, moment, clock=_has_time(shown_as))
        return CellStyle("" if shown_as in _PLAIN_FORMATS else shown_as)

    return BookParts(texts, style)


def _rows(file: str, opened: Callable[[], Any], parts: BookParts) -> Iterator[SheetRow]:
    """Yield the rows of a sheet, faults of its XML in words; it is read once."""
    with _worded(file), opened() as stream:
        yield from rows_of(stream, parts)


@cache
def _has_time(shown_as: str) -> bool:
    """Tell whether a format shows the time of day: in the file it is always in English letters."""
    return any(letter in _TEXTS.sub("", shown_as).lower() for letter in "hs")
