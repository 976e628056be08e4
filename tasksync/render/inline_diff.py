"""Word-level marks inside long texts: `[-old-]{+new+}`, with or without colour."""

from __future__ import annotations

from collections.abc import Iterator
from itertools import groupby

from tasksync.core.diff import Fate, Piece
from tasksync.core.diff import words as pieces_of
from tasksync.render.style import PLAIN, Style, Tone
from tasksync.render.wording import clean_lines, count, spelled_out


def marked(before: str, after: str, style: Style = PLAIN) -> list[str]:
    """Return the text line by line with what went and what came; untouched lines are counted."""
    lines = _lines(pieces_of(before, after), style)
    return [line for touched, run in groupby(lines, key=_touched) for line in _told(touched, run)]


def marked_line(before: str, after: str, style: Style = PLAIN) -> str:
    """The same on one line."""
    return " | ".join(line.strip() for line in marked(before, after, style))


def spelled_pieces(pieces: tuple[Piece, ...]) -> Iterator[tuple[Piece, str]]:
    """Yield each piece with its text as it may be shown; what came and looks as what went, by name.

    What went stands right before what came in its place.
    """
    for at, piece in enumerate(pieces):
        beside = {Fate.GONE: at + 1, Fate.NEW: at - 1}.get(piece.fate, -1)
        other = pieces[beside] if 0 <= beside < len(pieces) else piece
        facing = other.text if Fate.KEPT not in {piece.fate, other.fate} else piece.text
        pairs = zip(piece.text.split("\n"), facing.split("\n"), strict=False)
        whole = piece.text.count("\n") == facing.count("\n")
        texts = [spelled_out(*both) for both in pairs] if whole else [clean_lines(piece.text)]
        yield piece, "\n".join(texts)


def _touched(line: tuple[str, bool]) -> bool:
    return line[1]


def _told(touched: bool, run: Iterator[tuple[str, bool]]) -> list[str]:  # noqa: FBT001 - a group's key
    texts = [text for text, _touched in run]
    if touched or len(texts) == 1:
        return texts
    return [f"({count(len(texts), 'unchanged line')})"]


def _lines(pieces: tuple[Piece, ...], style: Style) -> list[tuple[str, bool]]:
    done: list[tuple[str, bool]] = []
    line, touched = "", False
    short, counted = _shortened(pieces)
    for number, (piece, text) in enumerate(spelled_pieces(short)):
        first, *rest = text.split("\n")
        line, touched = (
            line + _mark(piece.fate, first, style, ends=bool(rest)),
            (touched or piece.fate is not Fate.KEPT),
        )
        for at, part in enumerate(rest, 1):
            done += [(line, touched)] * (counted.get(number, 1) if at > 1 else 1)
            line = _mark(piece.fate, part, style, ends=at < len(rest))
            touched = piece.fate is not Fate.KEPT and bool(line)
    last = (line, touched)
    return [*done, last] if line or not done else done


def _shortened(pieces: tuple[Piece, ...]) -> tuple[tuple[Piece, ...], dict[int, int]]:
    """Return pieces whose untouched lines, which are counted only, are one, and how many it is."""
    short, counted = list(pieces), dict[int, int]()
    for at, piece in enumerate(pieces):
        lines = piece.text.count("\n")
        if piece.fate is Fate.KEPT and lines > 2:  # noqa: PLR2004 - less would be shown
            first, last = piece.text.split("\n", 1)[0], piece.text.rsplit("\n", 1)[1]
            short[at], counted[at] = Piece(Fate.KEPT, f"{first}\n\n{last}"), lines - 1
    return tuple(short), counted


def _mark(fate: Fate, text: str, style: Style, *, ends: bool) -> str:
    """Mark one line of a piece; a line end that went or came is written as a backslash and n."""
    if fate is Fate.KEPT:
        return text
    shown = text + ("\\n" if ends else "")
    if not shown:
        return ""
    if fate is Fate.GONE:
        return style.paint(f"[-{shown}-]", Tone.REMOVE)
    return style.paint(f"{{+{shown}+}}", Tone.ADD)
