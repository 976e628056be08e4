"""The merged areas of an XLSX sheet, which its XML tells behind the rows.

One pass over the sheet's XML, made only where its bytes say that there are any.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import IO
from xml.parsers import expat

from tasksync.late_patterns import pattern_of
from tasksync.manifests.sheets.cells import Merge

_CHUNK = 1 << 20
#: a merged area begins
_WORTH_IT = pattern_of(rb"<(?:\w+:)?mergeCell\s")
#: enough to hold such a beginning that was cut
_OVERLAP = 64
#: more areas than a person merges
_MOST_MERGES = 20_000
_REFERENCE = pattern_of(r"\$?([A-Z]{1,3})\$?([0-9]{1,7})", re.ASCII)


def merges_of(opened: Callable[[], IO[bytes]]) -> tuple[Merge, ...]:
    """Return the merged areas of a sheet whose XML `opened` gives; raises ExpatError."""
    with opened() as stream:
        if not _is_worth_it(stream):
            return ()
    found: list[Merge] = []

    def start(name: str, attributes: dict[str, str]) -> None:
        if name.rpartition(":")[2] == "mergeCell" and len(found) < _MOST_MERGES:
            first, _, last = attributes.get("ref", "").partition(":")
            one, other = position_of(first), position_of(last or first)
            if one and other:
                found.append(Merge(*one, *other))

    parser = expat.ParserCreate()
    parser.StartElementHandler = start
    with opened() as stream:
        while chunk := stream.read(_CHUNK):
            parser.Parse(chunk, False)  # noqa: FBT003 - takes no keywords
    parser.Parse(b"", True)  # noqa: FBT003 - the same
    return tuple(found)


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
