"""Word-level marks inside long texts: `[-old-]{+new+}`, with or without colour."""

from __future__ import annotations

from collections.abc import Iterator
from itertools import groupby

from tasksync.core.diff import Fate, Piece
from tasksync.core.diff import words as pieces_of
from tasksync.render.style import PLAIN, Style, Tone
from tasksync.render.words import clean, count


def marked(before: str, after: str, style: Style = PLAIN) -> list[str]:
    """Return the text line by line with what went and what came; untouched lines are counted."""
    lines = _lines(pieces_of(before, after), style)
    return [line for touched, run in groupby(lines, key=_touched) for line in _told(touched, run)]


def marked_line(before: str, after: str, style: Style = PLAIN) -> str:
    """The same on one line."""
    return " | ".join(line.strip() for line in marked(before, after, style))


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
    for piece in pieces:
        first, *rest = piece.text.split("\n")
        line, touched = (
            line + _mark(piece.fate, first, style, ends=bool(rest)),
            (touched or piece.fate is not Fate.KEPT),
        )
        for at, part in enumerate(rest, 1):
            done.append((line, touched))
            line = _mark(piece.fate, part, style, ends=at < len(rest))
            touched = piece.fate is not Fate.KEPT and bool(line)
    last = (line, touched)
    return [*done, last] if line or not done else done


def _mark(fate: Fate, text: str, style: Style, *, ends: bool) -> str:
    """Mark one line of a piece; a line end that went or came is written as a backslash and n."""
    if fate is Fate.KEPT:
        return clean(text)
    shown = clean(text) + ("\\n" if ends else "")
    if not shown:
        return ""
    if fate is Fate.GONE:
        return style.paint(f"[-{shown}-]", Tone.REMOVE)
    return style.paint(f"{{+{shown}+}}", Tone.ADD)
