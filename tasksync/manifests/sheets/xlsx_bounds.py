"""What a workbook may be before it is unpacked: bounds, and in words what is none."""

from __future__ import annotations

from collections.abc import Collection
from io import BytesIO
from typing import IO
from xml.parsers.expat import ExpatError, ParserCreate
from zipfile import BadZipFile, ZipFile

from tasksync.core.task import Place
from tasksync.manifests.sheets.cells import SheetUnreadable

#: all parts of a workbook, unpacked (bytes): a hundred thousand rows have about half of that. What
#: a part is called tells nothing of what is read from it
UNPACKED_LIMIT = 128 << 20
MOST_PARTS = 10_000
_ZIP = b"PK\x03\x04"
_OLE = bytes.fromhex("d0cf11e0a1b11ae1")
_ENCRYPTED = "EncryptedPackage".encode("utf-16-le")
#: what tells a kind of file, how much of a part is read at once, and the longest tag or comment
_BEGINNING, _PIECE, LONGEST_PIECE = 4096, 1 << 16, 1 << 18
_SAVE = "open it in Excel or LibreOffice, and save it as XLSX or as CSV in UTF-8"
#: parts by which other kinds of files are known
_OTHERS = (
    ("xl/workbook.bin", "a binary workbook (.xlsb)"),
    ("word/document.xml", "a document of Word"),
    ("ppt/presentation.xml", "a presentation"),
    ("Index/Document.iwa", "a document of Numbers or Pages"),
)


def is_workbook(file: str, content: bytes) -> bool:
    """Tell a workbook from a CSV by its bytes; raises SheetUnreadable for what is neither."""
    if content.startswith(_ZIP):
        _check(file, content)
        return True
    what = _strange(content) or (
        "no workbook: it is damaged, or only called so"
        if file.lower().endswith((".xlsx", ".xlsm", ".xls", ".ods"))
        else ""
    )
    if what:
        raise SheetUnreadable(Place(file), f"the file is {what}", _mend(what))
    return False


def _mend(what: str) -> str:
    if "password" in what:
        return "take the password off: in Excel File, Info, Protect Workbook"
    return _SAVE


def _strange(content: bytes) -> str:
    """Return what a file is by its first bytes where that is neither a workbook nor a text."""
    if content.startswith(_OLE):
        locked = _ENCRYPTED in content
        return "protected by a password" if locked else "a workbook of Excel 97-2003 (.xls)"
    begins = content[:_BEGINNING].lstrip(b"\xef\xbb\xbf \t\r\n").lower()
    if begins.startswith((b"<html", b"<!doctype html", b"<table", b"<meta")):
        return "an HTML page, as Bitrix24 and others export under the name .xls"
    if begins.startswith(b"<?xml"):
        return "an XML file"
    return "a PDF" if begins.startswith(b"%pdf") else ""


def _check(file: str, content: bytes) -> None:
    try:
        with ZipFile(BytesIO(content)) as archive:
            what, mend = _fault(archive)
    except (BadZipFile, OSError, ValueError, NotImplementedError) as error:
        what, mend = f"the file is damaged: {error}", "fetch it, or save it, once more"
    if what:
        raise SheetUnreadable(Place(file), what, mend)


def _fault(archive: ZipFile) -> tuple[str, str]:
    """Return what is wrong with an archive and how to mend it; empty where it is a workbook."""
    parts = archive.infolist()
    size = sum(part.file_size for part in parts)
    if size > UNPACKED_LIMIT or len(parts) > MOST_PARTS:
        what = f"the workbook unpacks to {size >> 20} MiB in {len(parts)} parts"
        mend = f"at most {UNPACKED_LIMIT >> 20} MiB in {MOST_PARTS} may be: save the sheet as CSV"
        return what, mend
    if any(part.flag_bits & 1 for part in parts):
        return "the file is protected by a password", _mend("password")
    if kind := _kind(archive, {part.filename for part in parts}):
        return f"the file is {kind}", _SAVE
    for part in parts:
        with archive.open(part) as stream:
            if what := _wrong_in(stream):
                return f"{what}, as no program writes it", _SAVE
    return "", ""


def _wrong_in(stream: IO[bytes]) -> str:
    """Return what is in XML that would take memory or time without end, "" where nothing is.

    A document type, however it is encoded and whatever stands before it; and one tag or comment so
    long that reading it piece by piece, each time from its beginning, never ends. What is no XML is
    not read as such by anybody.
    """
    found: list[str] = []
    parser = ParserCreate()
    parser.StartDoctypeDeclHandler = lambda *_words: found.append(
        "the workbook declares a document type"
    )
    begun = read = 0
    try:
        while not found and (piece := stream.read(_PIECE)):
            parser.Parse(piece)
            read += len(piece)
            begun = max(begun, parser.CurrentByteIndex)
            if read - begun > LONGEST_PIECE:
                return f"one piece of it has more than {LONGEST_PIECE >> 10} KiB"
    except ExpatError:
        pass
    return found[0] if found else ""


def _kind(archive: ZipFile, names: Collection[str]) -> str:
    """Return what an archive is that is no XLSX, "" where it is one."""
    if "mimetype" in names:
        with archive.open("mimetype") as stream:
            if b"opendocument.spreadsheet" in stream.read(_BEGINNING):
                return "a sheet of OpenDocument (.ods)"
    for name, kind in _OTHERS:
        if name in names:
            return kind
    known = "[Content_Types].xml" in names and any("workbook" in name for name in names)
    return "" if known else "an archive, and no workbook"
