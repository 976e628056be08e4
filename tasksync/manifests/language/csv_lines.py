"""The lines of a CSV file: UTF-8 and nothing else, with bounds; what is wrong has its place."""

from __future__ import annotations

import re
from collections.abc import Iterator
from io import TextIOWrapper
from typing import IO

from tasksync.core.task import Place, Problem
from tasksync.late_patterns import pattern_of

#: a row, with all its cells (characters)
MOST_OF_A_ROW = 1 << 20
#: ten for each row that may be; cells hold line breaks
MOST_LINES = 1_000_000
#: what stands for a byte that is no UTF-8
_STRANGE = pattern_of("[\udc80-\udcff]")
_LETTERS = pattern_of(rb"[\xc0-\xff]{2}")
_SAVE = (
    "save it as UTF-8: in Excel Save As, CSV UTF-8; in LibreOffice Save As, Edit filter settings"
)
_UTF_16 = (b"\xff\xfe", b"\xfe\xff")


class BadLine(Exception):
    """The file cannot be read further; carries the problem that says why."""

    def __init__(self, place: Place, what: str, mend: str) -> None:
        super().__init__(what)
        self.problem = Problem(place, what, mend)


class CsvLines(Iterator[str]):
    """The lines with their ends; `number` is that of the last one."""

    def __init__(self, stream: IO[bytes], name: str) -> None:
        self._name = name
        if stream.read(2) in _UTF_16:
            raise BadLine(Place(name, 1), "the file is UTF-16", _SAVE)
        stream.seek(0)
        self._text = TextIOWrapper(
            stream, encoding="utf-8-sig", errors="surrogateescape", newline=""
        )
        self.number = 0
        self._row: list[str] = []
        self._size = 0

    def begin(self) -> None:
        """Begin a row with the next line."""
        self._row.clear()
        self._size = 0

    @property
    def row(self) -> str:
        """The text since `begin`."""
        return "".join(self._row)

    def __next__(self) -> str:
        """Return the next line; raises BadLine."""
        line = self._text.readline(MOST_OF_A_ROW + 1)
        if not line:
            raise StopIteration
        self.number += 1
        if self.number > MOST_LINES:
            place = Place(self._name, self.number)
            what = f"the file has more than {MOST_LINES} lines"
            raise BadLine(place, what, "divide it, and name each part in its own use")
        if not line.isascii() or "\0" in line:
            self._check(line)
        self._row.append(line)
        self._size += len(line)
        if self._size > MOST_OF_A_ROW:
            place = Place(self._name, self.number)
            what = f"a row has more than {MOST_OF_A_ROW} characters"
            raise BadLine(place, what, "a quote that does not end may have begun before")
        return line

    def close(self) -> None:
        """Leave the stream to whom it belongs."""
        self._text.detach()

    def _check(self, line: str) -> None:
        at = line.find("\0")
        if at >= 0:
            wide = line.count("\0") * 3 > len(line)
            what = "the file is UTF-16" if wide else "the file holds a zero byte"
            raise BadLine(self._at(at), what, _SAVE if wide else "take it out")
        strange = _STRANGE.search(line)
        if strange is not None:
            what = _encoding(line.encode("utf-8", "surrogateescape"))
            raise BadLine(self._at(strange.start()), what, _SAVE)

    def _at(self, index: int) -> Place:
        return Place(self._name, self.number, index + 1)


def _encoding(line: bytes) -> str:
    """Return what the bytes of a line look like, which are no UTF-8."""
    try:
        line.decode()
    except UnicodeDecodeError as error:
        if error.reason == "unexpected end of data":
            return "the file is not UTF-8 at its end: it was cut off, or saved otherwise"
    # words in Cyrillic are letters above 0xC0 side by side; in western ones they stand alone
    like = "windows-1251" if _LETTERS.search(line) else "windows-1252"
    word = next((one for one in re.split(rb"[,;\t\"\r\n]", line) if not _utf8(one)), b"")
    shown = word.decode(like, "replace").strip()[:40]
    return f'the file is not UTF-8; it looks like {like.capitalize()} ("{shown}")'


def _utf8(word: bytes) -> bool:
    try:
        word.decode()
    except UnicodeDecodeError:
        return False
    return True
