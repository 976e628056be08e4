"""A long list of rows in an answer, read piece by piece: only its JSON is held as a whole.

Read, a row takes several times the memory of its text, and a page has thousands. So the list is
cut between rows, every piece is read once to see that it is all JSON, and again when its rows are
asked for. What is cut: `},{"NAME":` with the name that the first row begins with. Such bytes never
stand inside a text of JSON, where the quote would be escaped; and pieces that are lists of JSON
each, in an envelope that is JSON around them, make one document in one way only. Where a cut was
not between rows, a piece is no JSON, and the answer is for `lenient_json` as any other.
"""

from __future__ import annotations

from collections.abc import Iterator
from itertools import pairwise
from typing import Any, Final

import orjson

from tasksync.late_patterns import pattern_of
from tasksync.portal.rows import id_in

#: shorter answers are read at once
SHORTEST: Final = 256 << 10
#: about so many bytes are read at a time
_PIECE: Final = 64 << 10
#: what stands before the first row, and the name that this begins with
_BEGIN: Final = pattern_of(
    rb'\s{0,9}\{(?:"success":true,)?"data":(?:\{"tasks":)?\[(?=(\{"[A-Za-z_]{1,99}":))'
)
#: so many lists of objects may end behind the rows, in the envelope
_MOST_CLOSED: Final = 8
#: stands for the rows while the envelope is read
_STANDS: Final = "\x00rows"


class RowList:
    """The rows of one answer; each walk over them reads them anew.

    `ids` are theirs in the same order, None where a row has no usable one. Raises ValueError where
    a piece of `body` between two of the cuts is no list of JSON.
    """

    __slots__ = ("_body", "_cuts", "ids")

    def __init__(self, body: bytes, cuts: list[int]) -> None:
        self._body = body
        self._cuts = cuts
        self.ids = [id_in(row) for row in self]

    def __iter__(self) -> Iterator[Any]:
        """Yield the rows: never more than those of one piece are held."""
        for begin, end in pairwise(self._cuts):
            yield from _piece(self._body, begin, end)


def with_rows(body: bytes) -> dict[str, Any] | None:
    """Return an envelope whose `data` is a RowList; None where the answer is to be read whole.

    `data` may be the object whose `tasks` are the rows (the native shape).
    """
    found = _BEGIN.match(body) if len(body) >= SHORTEST else None
    if found is None:
        return None
    cuts = _cuts(body, found.end(), b"}," + found[1])
    try:
        end = _end(body, cuts[-1])
        document = orjson.loads(b'%b"\\u0000rows"%b' % (body[: found.end()], body[end:]))
        rows = RowList(body, [*cuts, end])
    except ValueError:
        return None
    if document.get("data") == [_STANDS]:
        return {**document, "data": rows}
    if document.get("data") == {"tasks": [_STANDS]}:
        return {**document, "data": {"tasks": rows}}
    return None


def _cuts(body: bytes, begin: int, between: bytes) -> list[int]:
    """Return where pieces begin: the `{` of their first row."""
    cuts = [begin]
    while (at := body.find(between, cuts[-1] + _PIECE)) >= 0:
        cuts.append(at + 2)
    return cuts


def _piece(body: bytes, begin: int, end: int) -> list[Any]:
    """Read the rows from one cut to the next, or to the end; raises ValueError where none are."""
    text = body[begin:end].removesuffix(b",")
    rows: list[Any] = orjson.loads(b"[%b]" % text)
    return rows


def _end(body: bytes, begin: int) -> int:
    """Return where the rows of the last piece end; raises ValueError where they do not.

    Behind the `]` of the list only the envelope's own end follows, so it is one of the last.
    """
    at = len(body)
    for _ in range(_MOST_CLOSED):
        at = body.rfind(b"}]", begin, at)
        if at < 0:
            break
        try:
            _piece(body, begin, at + 1)
        except ValueError:
            continue
        return at + 1
    msg = "no end of the rows"
    raise ValueError(msg)
