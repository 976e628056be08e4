"""What moved inside a value: members of sets, words of texts, days of dates, paths of documents.

Used for what people look at, never for deciding: `same` in fields.py decides. deepdiff compares
nested documents; flat sets need no more than sets, which are a hundred times faster, and a plan
may hold 10 000 of them.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from datetime import datetime
from functools import lru_cache
from itertools import groupby
from typing import Generic, TypeVar

from tasksync.core import long_diff
from tasksync.core.pieces import Fate, Piece
from tasksync.late_patterns import pattern_of
from tasksync.value_classes import dataclass

__all__ = ["Fate", "Members", "Piece", "delta", "duration", "members", "paths", "steps", "words"]

T = TypeVar("T")
MINUTE, HOUR, DAY = 60, 3600, 86400
#: above so many words on a side a text is compared line by line
WORDS_LIMIT = 2000
#: above so many characters nobody counts its words, and above so many lines nobody compares them
LENGTH_LIMIT, LINES_LIMIT = 200_000, 20_000
#: a search looks at every pair of equal tokens: above so many the middle is shown as a whole
PAIRS_LIMIT = 2_000_000
_TOKENS = pattern_of(r"\w+|[^\S\n]+|\n|[^\w\s]")
_LINES = pattern_of(r"[^\n]*\n|[^\n]+")


@dataclass(frozen=True, slots=True)
class Members(Generic[T]):
    """What a set gained and lost, each in the order in which it was given."""

    added: tuple[T, ...]
    removed: tuple[T, ...]


def members(before: tuple[T, ...], after: tuple[T, ...]) -> Members[T]:
    """Return what was added to and removed from a set; either side may be empty."""
    old, new = frozenset(before), frozenset(after)
    return Members(
        tuple(item for item in after if item not in old),
        tuple(item for item in before if item not in new),
    )


def paths(left: object, right: object) -> tuple[str, ...]:
    """Return where two plain documents differ: `[3]['request']['body']['status']`, sorted."""
    from deepdiff import DeepDiff  # 0.1 s, and nobody may ever ask

    seen = DeepDiff(left, right, view="tree")
    return tuple(
        sorted(level.path().removeprefix("root") for group in seen.values() for level in group)
    )


def steps(left: object, right: object, *, depth: int) -> tuple[tuple[str | int, ...], ...]:
    """Return where two plain documents differ, at most so many steps deep; in order, each once."""
    from deepdiff import DeepDiff  # 0.1 s, and nobody may ever ask

    seen = DeepDiff(left, right, view="tree")
    found = {
        tuple(level.path(output_format="list")[:depth])
        for group in seen.values()
        for level in group
    }
    return tuple(sorted(found, key=lambda path: [(isinstance(one, str), str(one)) for one in path]))


def words(before: str, after: str) -> tuple[Piece, ...]:
    """Return both texts as one run of pieces: kept and gone give `before`, kept and new `after`.

    Never long about it: what is too long for words is told by the places that moved, by lines, and
    then as a whole.
    """
    uncached = _compared.__wrapped__
    if max(len(before), len(after)) > LENGTH_LIMIT:  # not kept: hundreds of them are gigabytes
        return tuple(piece for piece in long_diff.pieces(before, after, uncached) if piece.text)
    return _compared(before, after)


@lru_cache(maxsize=256)
def _compared(before: str, after: str) -> tuple[Piece, ...]:
    old, new = _tokens(before, after)
    head = _common(old, new)
    tail = _tail(old[head:], new[head:])
    middle = _matched(old[head : len(old) - tail], new[head : len(new) - tail])
    kept_tail = Piece(Fate.KEPT, "".join(old[len(old) - tail :]))
    pieces = (Piece(Fate.KEPT, "".join(old[:head])), *middle, kept_tail)
    return tuple(piece for piece in pieces if piece.text)


def _tokens(before: str, after: str) -> tuple[list[str], list[str]]:
    if max(len(before), len(after)) <= LENGTH_LIMIT:
        old, new = _TOKENS.findall(before), _TOKENS.findall(after)
        if max(len(old), len(new)) <= WORDS_LIMIT:
            return old, new
    if max(before.count("\n"), after.count("\n")) <= LINES_LIMIT:
        return _LINES.findall(before), _LINES.findall(after)
    return [before], [after]


def _common(left: list[str], right: list[str]) -> int:
    """Count the equal tokens that both begin with."""
    pairs = enumerate(zip(left, right, strict=False))
    return next((at for at, (one, two) in pairs if one != two), min(len(left), len(right)))


def _tail(old: list[str], new: list[str]) -> int:
    """Count the equal tokens that both end with, from a line's beginning where there are lines.

    A line that came stays whole that way, instead of sharing its end with the line before.
    """
    tail = _common(old[::-1], new[::-1])
    if "\n" not in old[len(old) - tail :]:
        return tail
    begins = (at for at in range(tail, 0, -1) if _begins(old, at) and _begins(new, at))
    return next(begins, 0)


def _begins(tokens: list[str], tail: int) -> bool:
    return tail == len(tokens) or tokens[-tail - 1] == "\n"


def _matched(old: list[str], new: list[str]) -> Iterator[Piece]:
    for kept, i1, i2, j1, j2 in _runs(old, new):
        if kept:
            yield Piece(Fate.KEPT, "".join(old[i1:i2]))
        else:
            yield Piece(Fate.GONE, "".join(old[i1:i2]))
            yield Piece(Fate.NEW, "".join(new[j1:j2]))


def _runs(old: list[str], new: list[str]) -> Iterator[tuple[bool, int, int, int, int]]:
    """Yield runs of equal and unequal tokens.

    Texts of a template differ in a few words that stand in the same places: those are paired off
    by place, ten times faster than by search.
    """
    equal = [one == two for one, two in zip(old, new, strict=False)]
    if len(old) == len(new) and equal.count(False) * 2 <= len(equal):
        at = 0
        for kept, run in groupby(equal):
            end = at + len(tuple(run))
            yield kept, at, end, at, end
            at = end
        return
    counted, other = Counter(old), Counter(new)
    if sum(count * other[token] for token, count in counted.items()) > PAIRS_LIMIT:
        yield False, 0, len(old), 0, len(new)
        return
    from difflib import SequenceMatcher  # two texts that differ are rare

    for tag, i1, i2, j1, j2 in SequenceMatcher(None, old, new, autojunk=False).get_opcodes():
        yield tag == "equal", i1, i2, j1, j2


def moved_by(before: str, after: str) -> int:
    """Return by how many seconds a date moved, as people count.

    A move over the change to summer time by whole days of the local clock is whole days.
    """
    old, new = datetime.fromisoformat(before), datetime.fromisoformat(after)
    real = round((new - old).total_seconds())
    local = round((new.replace(tzinfo=None) - old.replace(tzinfo=None)).total_seconds())
    summer = local % DAY == 0 and 0 < abs(local - real) <= HOUR
    return local if summer else real


def duration(seconds: int) -> str:
    """Return a length of time in words: `4 d`, `2 h 30 min`, `45 s`."""
    days, rest = divmod(abs(seconds), DAY)
    parts = ((days, "d"), (rest // HOUR, "h"), (rest % HOUR // MINUTE, "min"), (rest % MINUTE, "s"))
    return " ".join(f"{count} {unit}" for count, unit in parts if count) or "0 s"


def delta(before: str, after: str) -> str:
    """Return `+4 d` or `-2 h 30 min`; nothing where both name the same instant."""
    seconds = moved_by(before, after)
    if not seconds:
        return ""
    return ("+" if seconds > 0 else "-") + duration(seconds)
