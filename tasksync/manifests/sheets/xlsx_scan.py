"""What the rows of an XLSX sheet do not tell: merged areas, and formulas that hold no value.

One pass over the sheet's XML, made only where its bytes say that there is either.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import IO
from xml.parsers import expat

from tasksync.manifests.sheets.cells import Merge

_CHUNK = 1 << 20
#: a merged area or a formula begins
_WORTH_IT = re.compile(rb"<(?:\w+:)?(?:mergeCell|f)[\s/>]")
#: enough to hold such a beginning that was cut
_OVERLAP = 32
#: more areas than a person merges
_MOST_MERGES = 20_000
_REFERENCE = re.compile(r"\$?([A-Z]{1,3})\$?([0-9]{1,7})", re.ASCII)
#: the cells whose text is in the file, formula or not
_TEXTS = frozenset({"str", "inlineStr", "s"})


@dataclass(slots=True)
class SheetExtras:
    """Merged areas, and the (row, column) of formulas of which no program wrote the value."""

    merges: list[Merge] = field(default_factory=list)
    unvalued: set[tuple[int, int]] = field(default_factory=set)


def extras_of(opened: Callable[[], IO[bytes]]) -> SheetExtras:
    """Return the extras of a sheet whose XML `opened` gives; raises expat.ExpatError."""
    with opened() as stream:
        if not _is_worth_it(stream):
            return SheetExtras()
    with opened() as stream:
        return _Scan().read(stream)


def position_of(reference: str) -> tuple[int, int] | None:
    """Return row and column of `D7`, from 1."""
    found = _REFERENCE.fullmatch(reference)
    if found is None:
        return None
    column = 0
    for letter in found[1]:
        column = column * 26 + ord(letter) - ord("A") + 1
    return int(found[2]), column


def _is_worth_it(stream: IO[bytes]) -> bool:
    before = b""
    while chunk := stream.read(_CHUNK):
        if _WORTH_IT.search(before + chunk):
            return True
        before = chunk[-_OVERLAP:]
    return False


class _Scan:
    """Handlers of one pass; a cell without a reference stands beside the one before."""

    def __init__(self) -> None:
        self._found = SheetExtras()
        self._row = 0
        self._column = 0
        self._kind = ""
        self._formula = False
        self._valued = False
        self._in_value = False

    def read(self, stream: IO[bytes]) -> SheetExtras:
        parser = expat.ParserCreate()
        parser.StartElementHandler = self._start
        parser.EndElementHandler = self._end
        parser.CharacterDataHandler = self._text
        while chunk := stream.read(_CHUNK):
            parser.Parse(chunk, False)  # noqa: FBT003 - takes no keywords
        parser.Parse(b"", True)  # noqa: FBT003 - the same
        return self._found

    def _start(self, name: str, attributes: dict[str, str]) -> None:
        match name.rpartition(":")[2]:
            case "c":
                self._cell(attributes)
            case "f":
                self._formula = True
            case "v":
                self._in_value = True
            case "row":
                told = attributes.get("r", "")
                self._row = int(told) if told.isdecimal() else self._row + 1
                self._column = 0
            case "mergeCell":
                self._merge(attributes.get("ref", ""))

    def _cell(self, attributes: dict[str, str]) -> None:
        told = position_of(attributes.get("r", ""))
        self._column = told[1] if told else self._column + 1
        self._kind = attributes.get("t", "n")
        self._formula = self._valued = False

    def _text(self, text: str) -> None:
        if self._in_value and text.strip():
            self._valued = True

    def _end(self, name: str) -> None:
        match name.rpartition(":")[2]:
            case "v":
                self._in_value = False
            case "c" if self._formula and not self._valued and self._kind not in _TEXTS:
                self._found.unvalued.add((self._row, self._column))

    def _merge(self, reference: str) -> None:
        first, _, last = reference.partition(":")
        one, other = position_of(first), position_of(last or first)
        if one and other and len(self._found.merges) < _MOST_MERGES:
            self._found.merges.append(Merge(*one, *other))
