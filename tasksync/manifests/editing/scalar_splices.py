"""How a scalar is changed where it stands, block scalars with their lines."""

from __future__ import annotations

from typing import Final

from tasksync.late_patterns import pattern_of
from tasksync.manifests.editing import written_values
from tasksync.manifests.editing.edits import NewValue
from tasksync.manifests.editing.parts import Part, ScalarPart
from tasksync.manifests.editing.splice import Around, Splice, put
from tasksync.manifests.editing.text_lines import BREAK, TextLines
from tasksync.manifests.editing.written_values import Room

_HEADER: Final = pattern_of(r"[|>][-+1-9]{0,2}")
_REST: Final = pattern_of(r"[ \t]*(?:[ \t]#[^\r\n\x85\u2028\u2029]*)?")
_STEP: Final = 2


class ScalarSplicer:
    """Finds the splices of scalars; `blocks`: texts of several lines may become block scalars."""

    def __init__(self, lines: TextLines, *, blocks: bool) -> None:
        self._text = lines.text
        self._lines = lines
        self._blocks = blocks

    def changed(self, part: ScalarPart, value: NewValue, around: Around) -> list[Splice]:
        """Return how a scalar becomes another."""
        eol = self._lines.end(part.start)
        header = _HEADER.match(self._text, part.start) if part.style in {"|", ">"} else None
        one_line = part.end <= eol
        tail = self._text[(header.end() if header else part.end) : eol]
        room = Room(
            column=around.column,
            flow=around.flow,
            style=part.style,
            indent=self._block_indent(part, around),
            newline=self._lines.newline(part.start),
            tail=tail if one_line or header else "",
            ends=(part.end if not one_line else eol) >= len(self._text),
            block=self._blocks
            and not around.flow
            and (header is not None or (one_line and _REST.fullmatch(tail) is not None)),
        )
        told = written_values.scalar(value, room)
        if header is not None:
            end = part.beyond if told.chomp == "+" else part.end
            lines = told.lines
            if told.chomp == "+" and self._lines.is_start(end) and end > eol:
                lines += self._lines.newline(part.start)
            return [
                Splice(part.start, header.end(), told.text),
                Splice(eol, max(end, eol), lines),
            ]
        text = self._spaced(part, told.text)
        if not told.lines:
            return [Splice(part.start, part.end, text)]
        return [Splice(part.start, part.end, text), put(eol, told.lines)]

    def _block_indent(self, part: ScalarPart, around: Around) -> int:
        """Return the column for the lines of a block scalar: where they stand now."""
        if part.style in {"|", ">"} and part.end > self._lines.end(part.start):
            lines = BREAK.split(self._text[self._lines.end(part.start) : part.end])
            known = [len(line) - len(line.lstrip(" ")) for line in lines if line.strip(" ")]
            if known and min(known) > around.column:
                return min(known)
        return around.column + _STEP

    def one_line(self, part: ScalarPart, text: str) -> list[Splice]:
        """Return how a scalar becomes a text that stands in its line."""
        header = _HEADER.match(self._text, part.start) if part.style in {"|", ">"} else None
        if header is None:
            return [self.in_place(part, text)]
        eol = self._lines.end(part.start)
        return [Splice(part.start, header.end(), text), Splice(eol, max(eol, part.end), "")]

    def in_place(self, part: Part, text: str) -> Splice:
        """Return how a value that has no other lines becomes a text."""
        if isinstance(part, ScalarPart):
            text = self._spaced(part, text)
        return Splice(part.start, part.end, text)

    def _spaced(self, part: ScalarPart, text: str) -> str:
        """Return the text with what has to stand before it where nothing stood at all."""
        before = self._text[part.start - 1 : part.start]
        if part.start != part.end or before in {" ", "\t"}:
            return text
        return f" {text}" if before in {":", "-"} else f": {text}"  # {title}, without a colon
