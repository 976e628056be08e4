"""Lines that fit a terminal: how wide a text is drawn, and where a line that is too wide goes on.

Colours take no room, a wide character takes two columns. A line goes on at a blank; a word that is
wider than a line is broken only where that harms nobody: an address, a path or a key stays whole.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from unicodedata import category, east_asian_width

from tasksync.late_patterns import pattern_of
from tasksync.render.visible import disarmed

#: columns of a line of a plan, on a terminal and in a pipe alike
COLUMNS = 80
#: where a word goes on a line of its own that would stand too far right otherwise
NEAR = 8
_COLOUR = pattern_of(r"\x1b\[[0-9;]*m")
_WORDS = pattern_of(r" +|[^ ]+")
_SIGNS = pattern_of(r"\x1b\[[0-9;]*m|.", re.DOTALL)
#: characters of words that somebody copies: keys, paths, addresses, digests, names of variables
_WHOLE = pattern_of(r"[\0!-~]+")
#: stands for a blank at which no line ends, as in the name of a file
_KEPT_BLANK = "\0"
#: an address, or a path as each system writes it
_ADDRESS = pattern_of(r"[/@]|[A-Za-z]:\\")
_NOT_DRAWN = frozenset({"Mn", "Me", "Cf"})


def width(text: str) -> int:
    """Return how many columns a text takes."""
    if "\x1b" in text:
        text = _COLOUR.sub("", text)
    return len(text) if text.isascii() else sum(map(_columns, text))


def fits(text: str) -> bool:
    """Tell whether a line is not too wide; most are told by their length."""
    if len(text) <= COLUMNS and text.isascii():
        return True
    return width(text) <= COLUMNS


def wrapped(line: str, hang: int, *, breaks: bool = False) -> Iterator[str]:
    """Yield a line as lines that fit; those after the first begin in column `hang`.

    `breaks`: it is a text of people's, and a word of it that is too wide may be broken anywhere,
    unless it is an address or a path.
    """
    if fits(line):
        yield line
        return
    current, at, gap = "", 0, ""
    for word in _WORDS.findall(line):
        if word[0] == " ":
            gap = word
            continue
        wide = width(word)
        breakable = wide > COLUMNS - hang and _may_break(word, breaks=breaks)
        if at + len(gap) + wide <= COLUMNS or not current or (breakable and at <= hang):
            current, at = current + gap + word, at + len(gap) + wide
        else:
            yield current
            first = _continued(word)
            wide = width(first)
            indent = hang if breakable else _indent(wide, hang)
            current, at = " " * indent + first, indent + wide
        gap = ""
        if at > COLUMNS and breakable:
            *whole, current = _broken(current, hang)
            yield from whole
            at = width(current)
    yield current


def beside(
    pieces: tuple[str, ...], hang: int, gap: str = "  ", *, breaks: bool = False
) -> Iterator[str]:
    """Yield pieces beside one another, each whole: one that does not fit begins another line.

    What is wider than a line goes on, as `wrapped` does.
    """
    current, *rest = pieces
    for piece in rest:
        if not piece:
            continue
        if fits(longer := f"{current}{gap}{piece}"):
            current = longer
            continue
        *done, current = wrapped(current.rstrip(), hang, breaks=breaks)
        yield from done
        if fits(longer := f"{current}{gap}{piece}"):
            current = longer
            continue
        yield from wrapped(f"{current}{gap.rstrip()}", hang, breaks=breaks)
        indent = hang if " " in piece else _indent(width(piece), hang)
        current = _continued(" " * indent + piece)
    yield from wrapped(current.rstrip(), hang, breaks=breaks)


def unbroken(text: str) -> str:
    """Return a text for `beside` in which no line ends; `blanks` makes it whole again."""
    return text.replace(" ", _KEPT_BLANK)


def blanks(lines: Iterable[str]) -> Iterator[str]:
    """Yield lines with the blanks that `unbroken` kept."""
    return (line.replace(_KEPT_BLANK, " ") for line in lines)


def shortened(text: str, room: int) -> str:
    """Return a text of at most so many columns, an ellipsis for what is left out of it."""
    if len(text) <= room and text.isascii():
        return text
    if width(text) <= room:
        return text
    kept, left = [], room - 1
    for sign in text:
        left -= _columns(sign)
        if left < 0:
            break
        kept.append(sign)
    return "".join(kept).rstrip() + "…"


def _columns(sign: str) -> int:
    if sign == "\ufe0f":  # makes what stands before it a picture, which is wide
        return 1
    if category(sign) in _NOT_DRAWN:
        return 0
    return 2 if east_asian_width(sign) in "WF" else 1


def _indent(wide: int, hang: int) -> int:
    """Return where a word begins on a line of its own: less far right where it fits so alone."""
    return hang if hang + wide <= COLUMNS else min(hang, max(COLUMNS - wide, NEAR))


def _continued(line: str) -> str:
    """Return a line that begins with a word of somebody's: no runner takes it for a command."""
    return disarmed(line) if line.lstrip(" ").startswith("::") else line


def _may_break(word: str, *, breaks: bool) -> bool:
    bare = _COLOUR.sub("", word)
    if not breaks:
        return not _WHOLE.fullmatch(bare)
    return not (_ADDRESS.search(bare) and bare.isascii())


def _broken(line: str, hang: int) -> Iterator[str]:
    """Yield a line in pieces that fit, broken in the middle of a word."""
    current, at = "", 0
    for sign in _SIGNS.findall(line):
        wide = 0 if sign[0] == "\x1b" else _columns(sign)
        if at + wide > COLUMNS:
            yield current
            current, at = " " * hang, hang
        current, at = current + sign, at + wide
    yield current
