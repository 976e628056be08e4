"""Texts of megabytes compared: the few places that moved are found without cutting all into words.

Both are walked side by side. Where they part, the next words of the one are looked for a little
further on in the other; where that fails, or there are too many such places, what is left is
compared as shorter texts are. Time and memory grow with the length alone.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from typing import NamedTuple

from tasksync.core.pieces import Fate, Piece
from tasksync.late_patterns import pattern_of

#: more places than this are no few edits
PLACES_LIMIT = 100
#: so far is looked for where both go on alike, and so many have to agree there (characters)
AHEAD, AGREEING = 2_000, 32
#: no more is gone back to the beginning of a word: AGREEING characters then hold what differs
_BACK = AGREEING - 2
_BLOCK = 65_536
_BEGINS = pattern_of(r"(?<!\w)\w|[^\w]")


class _Span(NamedTuple):
    """A part of a text."""

    text: str
    at: int
    end: int

    def first(self, count: int) -> str:
        return self.text[self.at : min(self.at + count, self.end)]

    def after(self, count: int) -> _Span:
        return self._replace(at=self.at + count)

    def __str__(self) -> str:
        return self.text[self.at : self.end]


def pieces(
    before: str, after: str, compared: Callable[[str, str], Iterable[Piece]]
) -> Iterator[Piece]:
    """Yield two long texts as pieces, empty ones among them; what is left goes to `compared`."""
    tail = _tail(before, after)
    old, new = (_Span(text, 0, len(text) - tail) for text in (before, after))
    for _ in range(PLACES_LIMIT):
        same = _head(old, new)
        yield Piece(Fate.KEPT, old.first(same))
        old, new = old.after(same), new.after(same)
        offsets = _common_words(old.first(AHEAD), new.first(AHEAD))
        if offsets is None:
            break
        yield Piece(Fate.GONE, old.first(offsets[0]))
        yield Piece(Fate.NEW, new.first(offsets[1]))
        old, new = old.after(offsets[0]), new.after(offsets[1])
    yield from compared(str(old), str(new))
    yield Piece(Fate.KEPT, before[len(before) - tail :])


def _head(old: _Span, new: _Span) -> int:
    """Count the characters that both begin with, up to the beginning of a word."""
    most = min(old.end - old.at, new.end - new.at)

    def equal(low: int, high: int) -> bool:
        one, two = (span.text[span.at + low : span.at + high] for span in (old, new))
        return one == two

    same = _longest(most, equal)
    if same < most or old.end - old.at != new.end - new.at:
        for back in range(min(same, _BACK)):
            if not _inside(old, same - back) and not _inside(new, same - back):
                return same - back
    return same


def _tail(before: str, after: str) -> int:
    """Count the characters that both end with, from the beginning of a word on."""
    one, two = len(before), len(after)

    def equal(low: int, high: int) -> bool:
        return before[one - high : one - low] == after[two - high : two - low]

    most = min(one, two)
    same = _longest(most, equal)
    for less in range(min(same, _BACK)):
        ends = (_Span(text, len(text) - same + less, len(text)) for text in (before, after))
        if not any(_inside(end, 0) for end in ends):
            return same - less
    return same


def _inside(span: _Span, at: int) -> bool:
    """Tell whether a place is within a word."""
    here = span.at + at
    return 0 < here < len(span.text) and span.text[here - 1 : here + 1].isalnum()


def _longest(most: int, equal: Callable[[int, int], bool]) -> int:
    """Return the highest number up to which all is equal: in steps, and then by halves."""
    low = 0
    while low + _BLOCK <= most and equal(low, low + _BLOCK):
        low += _BLOCK
    high = min(most, low + _BLOCK)
    while low < high:
        middle = (low + high + 1) // 2
        if equal(low, middle):
            low = middle
        else:
            high = middle - 1
    return low


def _common_words(old: str, new: str) -> tuple[int, int] | None:
    """Return how far on in both the same words follow; None where they are not found."""
    for found in _BEGINS.finditer(old):
        at = found.start()
        words = old[at : at + AGREEING]
        if len(words) < AGREEING:
            break
        if (where := new.find(words)) >= 0:
            return at, where
    return None
