"""The characters that an edit takes away and puts in, and nothing else."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from difflib import SequenceMatcher
from typing import Final, NamedTuple

from tasksync.manifests.editing import written_values
from tasksync.manifests.editing.edits import REMOVED, CannotEdit, NewValue, Removal
from tasksync.manifests.editing.parts import (
    AliasPart,
    ListPart,
    MappingEntry,
    MappingPart,
    Part,
    ScalarPart,
    beyond,
)
from tasksync.manifests.editing.places import EditPlace, entry_of
from tasksync.manifests.editing.text_lines import BREAK, TextLines
from tasksync.manifests.editing.written_values import Room, is_scalar
from tasksync.manifests.node import Step

_HEADER: Final = re.compile(r"[|>][-+1-9]{0,2}")
_REST: Final = re.compile(r"[ \t]*(?:[ \t]#[^\r\n\x85\u2028\u2029]*)?")
_STEP: Final = 2


class Splice(NamedTuple):
    """Characters `start` to `end` give way to `text`."""

    start: int
    end: int
    text: str


@dataclass(frozen=True, slots=True)
class Manner:
    """How to go about it: as people would, or, where that does not hold, more carefully."""

    blocks: bool = True  # texts of several lines as block scalars
    before: bool = False  # what is added stands before the last field, not behind it


def applied(text: str, splices: Iterable[Splice]) -> str:
    """Return the text with all splices made; they may touch, but not overlap."""
    told: list[str] = []
    at = 0
    for one in sorted(splices, key=lambda splice: splice[:2]):
        if one.start < at:
            raise CannotEdit("two changes meet in one place", "make them one by one")
        told += [text[at : one.start], one.text]
        at = one.end
    return "".join([*told, text[at:]])


@dataclass(frozen=True, slots=True)
class Around:
    """What a value stands in: the column of keys or dashes, flow or block, and its own entry."""

    column: int
    flow: bool
    entry: MappingEntry | None = None


class Splicer:
    """Finds the splices of edits in one text."""

    def __init__(self, lines: TextLines, manner: Manner) -> None:
        self._text = lines.text
        self._lines = lines
        self._manner = manner

    def splices(self, found: EditPlace, value: NewValue | Removal) -> list[Splice]:
        """Return what has to change; raises CannotEdit."""
        step, *rest = found.path
        holder = found.holder
        if isinstance(holder, ListPart):
            return self._in_list(holder, step, rest, value)
        if not isinstance(holder, MappingPart):
            raise CannotEdit("there is no mapping", "check the path", holder.line)
        entry = entry_of(holder, step, key=found.tasks)
        if entry is None:
            if value is REMOVED:
                raise CannotEdit(f"there is no {step} to take away", "check the path", holder.line)
            return self._added(holder, str(step), _nested(rest, value))
        if rest:
            return self._below(holder, entry, rest, value)
        if value is REMOVED:
            return self._removed(found, holder, entry)
        return self._changed(entry.value, value, Around(holder.column, holder.flow, entry))

    def _in_list(
        self, holder: ListPart, step: Step, rest: Sequence[Step], value: NewValue | Removal
    ) -> list[Splice]:
        if rest or value is REMOVED or not isinstance(step, int):
            raise CannotEdit("only whole items of a list are set", "set the list", holder.line)
        return self._changed(holder.items[step], value, Around(holder.column, holder.flow))

    def _below(
        self,
        holder: MappingPart,
        entry: MappingEntry,
        rest: Sequence[Step],
        value: NewValue | Removal,
    ) -> list[Splice]:
        """Return how a field gets into what is there, but empty."""
        part = entry.value
        if not isinstance(part, ScalarPart) or part.value is not None:
            raise CannotEdit("what stands there has no fields", "write fields there", part.line)
        if value is REMOVED:
            raise CannotEdit(f"there is no {rest[0]} to take away", "check the path", part.line)
        new: Mapping[str, NewValue] = {str(rest[0]): _nested(rest[1:], value)}
        if holder.flow or part.start != part.end or part.anchor is not None:
            return [self._in_place(part, written_values.flow(new))]
        indent = " " * (holder.column + self._step_of(holder))
        told = [
            f"{indent}{written_values.name(k)}: {written_values.flow(v)}" for k, v in new.items()
        ]
        return [self._lines_behind(part.end, told)]

    @staticmethod
    def _step_of(holder: MappingPart) -> int:
        """Return by how much the mappings beside are indented."""
        for entry in holder.entries:
            part = entry.value
            if isinstance(part, MappingPart) and not part.flow and part.column > holder.column:
                return part.column - holder.column
        return _STEP

    # -- what is added

    def _added(self, holder: MappingPart, step: str, value: NewValue) -> list[Splice]:
        name = written_values.name(step)
        if holder.flow:
            text = f"{name}: {written_values.flow(value)}"
            if not holder.entries:
                return [Splice(holder.start + 1, holder.start + 1, text)]
            end, comma = self._behind_last(holder.entries[-1])
            return [_put(end, f"{comma} {text}")]
        last = holder.entries[-1]
        pad = " " * holder.column
        before = self._manner.before
        at = last.key.start if before else last.beyond
        newline = self._lines.newline(at)
        tail = Room(
            column=holder.column,
            indent=holder.column + self._indent_of(holder),
            newline=newline,
            block=self._manner.blocks,
        )
        if isinstance(value, str):
            told = written_values.scalar(value, tail)
            text = f"{name}: {told.text}{told.lines}"
        else:
            text = f"{name}: {written_values.flow(value)}"
        if before:
            if not self._lines.only_blanks_before(at):
                raise CannotEdit("it shares its line with another", "put it below", last.key.line)
            return [Splice(at, at, f"{text}{newline}{pad}")]
        return [self._lines_behind(at, [f"{pad}{text}"])]

    def _behind_last(self, entry: MappingEntry) -> tuple[int, str]:
        """Return where a comma can stand behind an entry in flow style, and the comma.

        Behind a colon that ends the entry it has to stand apart.
        """
        if self._text[entry.end - 1 : entry.end] != ":":
            return entry.end, ","
        blank = self._text[entry.end : entry.end + 1] in {" ", "\t"}
        return (entry.end + 1, ",") if blank else (entry.end, " ,")

    def _indent_of(self, holder: MappingPart) -> int:
        for entry in holder.entries:
            if isinstance(entry.value, MappingPart) and not entry.value.flow:
                return max(entry.value.column - holder.column, 1)
        return _STEP

    def _lines_behind(self, at: int, lines: Sequence[str]) -> Splice:
        """Return lines put behind the line that ends after this place."""
        if self._lines.is_start(at):
            newline = self._lines.newline(at - 1)
            return Splice(at, at, "".join(f"{line}{newline}" for line in lines))
        end, newline = self._lines.behind(at), self._lines.newline(at)
        if self._lines.is_last(at):
            return _put(end, "".join(f"{newline}{line}" for line in lines))
        return _put(end, "".join(f"{line}{newline}" for line in lines))

    # -- what is taken away

    def _removed(self, found: EditPlace, holder: MappingPart, entry: MappingEntry) -> list[Splice]:
        entries = holder.entries
        number = entries.index(entry)
        if holder.flow:
            return [self._cut(_ends(entries), number)]
        if len(entries) == 1:
            return self._emptied(found, holder)
        start = self._lines.start(entry.key.start)
        if not self._lines.only_blanks_before(entry.key.start):
            if number + 1 == len(entries):
                raise CannotEdit("it shares its line with another", "take it out", entry.key.line)
            return [Splice(entry.key.start, entries[number + 1].key.start, "")]
        return [self._lines_away(start, entry.beyond)]

    def _lines_away(self, start: int, end: int) -> Splice:
        """Return how lines go; a text whose last line has no break has none then either."""
        if not self._lines.is_start(end) and self._lines.is_last(end):
            start = self._lines.before(start)
        return Splice(start, self._lines.behind(end), "")

    def _emptied(self, found: EditPlace, holder: MappingPart) -> list[Splice]:
        if found.entry is None or not found.entry.colon or holder.anchor is not None:
            raise CannotEdit("nothing would be left there", "take the whole away", holder.line)
        return [*self._block_away(found.entry, holder), _put(found.entry.colon, " {}")]

    def _block_away(self, entry: MappingEntry, part: MappingPart | ListPart) -> list[Splice]:
        """Return how a collection in block style goes from below its key."""
        first = part.entries[0].key if isinstance(part, MappingPart) else part.items[0]
        start = self._lines.start(first.start)
        if start <= entry.colon:
            raise CannotEdit("it begins in the line of its key", "put it below", part.line)
        end = beyond(part)
        return [self._lines_away(start, end)]

    def _cut(self, ends: Sequence[tuple[int, int]], number: int) -> Splice:
        """Return how one of several on a line goes, with one comma."""
        start, end = ends[number]
        if number + 1 < len(ends):
            return Splice(start, ends[number + 1][0], "")
        return Splice(ends[number - 1][1] if number else start, end, "")

    # -- what is changed

    def _changed(self, part: Part, value: NewValue, around: Around) -> list[Splice]:
        if isinstance(part, ListPart) and isinstance(value, Sequence) and not is_scalar(value):
            return self._changed_list(part, value, around)
        if isinstance(part, MappingPart) and isinstance(value, Mapping):
            return self._changed_mapping(part, value, around)
        if not isinstance(part, ScalarPart):
            return self._replaced(part, value, around)
        if is_scalar(value):
            if written_values.same(part.value, value):
                return []
            return self._scalar(part, value, around)
        return self._one_line(part, written_values.flow(value))

    def _replaced(self, part: Part, value: NewValue, around: Around) -> list[Splice]:
        if (alias := _alias_in(part)) is not None:
            raise CannotEdit(f"part of it comes from *{alias.name}", "write it out", alias.line)
        text = written_values.flow(value)
        if isinstance(part, MappingPart | ListPart) and not part.flow:
            if around.entry is None or part.anchor is not None or not around.entry.colon:
                raise CannotEdit("a block here cannot be replaced", "write it anew", part.line)
            return [*self._block_away(around.entry, part), _put(around.entry.colon, f" {text}")]
        return [self._in_place(part, text)]

    def _changed_mapping(
        self, part: MappingPart, value: Mapping[str, NewValue], around: Around
    ) -> list[Splice]:
        names = [getattr(entry.key, "value", None) for entry in part.entries]
        missing = [name for name in value if name not in names]
        gone = [entry for entry, name in zip(part.entries, names, strict=True) if name not in value]
        if gone and (not value or len(gone) == len(names) or part.flow):
            return self._replaced(part, value, around)
        changes: list[Splice] = []
        for entry, name in zip(part.entries, names, strict=True):
            if entry in gone:
                changes += self._removed(EditPlace(0, part, ()), part, entry)
            else:
                inner = Around(part.column, part.flow, entry)
                changes += self._changed(entry.value, value[str(name)], inner)
        for name in missing:
            changes += self._added(part, name, value[name])
        return changes

    def _changed_list(
        self, part: ListPart, value: Sequence[NewValue], around: Around
    ) -> list[Splice]:
        if not value or not part.items or not all(isinstance(i, ScalarPart) for i in part.items):
            return [] if not value and not part.items else self._replaced(part, value, around)
        old = [_identity(item.value) for item in part.items if isinstance(item, ScalarPart)]
        new = [_identity(item) for item in value]
        changes: list[Splice] = []
        inner = Around(part.column, part.flow)
        codes = SequenceMatcher(None, old, new, autojunk=False).get_opcodes()
        for tag, i1, i2, j1, j2 in codes:
            if tag == "equal":
                continue
            both = min(i2 - i1, j2 - j1)
            for k in range(both):
                changes += self._changed(part.items[i1 + k], value[j1 + k], inner)
            changes += self._items_away(part, i1 + both, i2)
            changes += self._items_added(part, i1 + both, value[j1 + both : j2])
        return changes

    def _items_away(self, part: ListPart, first: int, last: int) -> list[Splice]:
        if part.flow:
            ends = [(item.start, item.end) for item in part.items]
            rest = last == len(ends)  # to the end: the comma before goes
            if rest and first:
                return [Splice(ends[first - 1][1], ends[-1][1], "")] if first < last else []
            return [self._cut(ends, number) for number in range(first, last)]
        return [
            self._lines_away(self._lines.start(self._dash(part, item)), beyond(item))
            for item in part.items[first:last]
        ]

    def _items_added(self, part: ListPart, number: int, values: Sequence[NewValue]) -> list[Splice]:
        if not values:
            return []
        told = [written_values.flow(value) for value in values]
        if part.flow:
            if number == 0:
                start = part.items[0].start
                return [Splice(start, start, "".join(f"{one}, " for one in told))]
            end = part.items[number - 1].end
            return [Splice(end, end, "".join(f", {one}" for one in told))]
        pad = " " * part.column
        if number == 0:
            dash = self._dash(part, part.items[0])
            newline = self._lines.newline(dash)
            return [Splice(dash, dash, "".join(f"- {one}{newline}{pad}" for one in told))]
        return [
            self._lines_behind(beyond(part.items[number - 1]), [f"{pad}- {one}" for one in told])
        ]

    def _dash(self, part: ListPart, item: Part) -> int:
        """Return where the dash of an item of a block list stands, in a line of its own."""
        at = self._lines.start(item.start) + part.column
        if self._text[at : at + 1] != "-" or not self._lines.only_blanks_before(at):
            raise CannotEdit("an item does not begin its line", "write one item a line", item.line)
        return at

    def _scalar(self, part: ScalarPart, value: NewValue, around: Around) -> list[Splice]:
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
            block=self._manner.blocks
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
        return [Splice(part.start, part.end, text), _put(eol, told.lines)]

    def _block_indent(self, part: ScalarPart, around: Around) -> int:
        """Return the column for the lines of a block scalar: where they stand now."""
        if part.style in {"|", ">"} and part.end > self._lines.end(part.start):
            lines = BREAK.split(self._text[self._lines.end(part.start) : part.end])
            known = [len(line) - len(line.lstrip(" ")) for line in lines if line.strip(" ")]
            if known and min(known) > around.column:
                return min(known)
        return around.column + _STEP

    def _one_line(self, part: ScalarPart, text: str) -> list[Splice]:
        header = _HEADER.match(self._text, part.start) if part.style in {"|", ">"} else None
        if header is None:
            return [self._in_place(part, text)]
        eol = self._lines.end(part.start)
        return [Splice(part.start, header.end(), text), Splice(eol, max(eol, part.end), "")]

    def _in_place(self, part: Part, text: str) -> Splice:
        if isinstance(part, ScalarPart):
            text = self._spaced(part, text)
        return Splice(part.start, part.end, text)

    def _spaced(self, part: ScalarPart, text: str) -> str:
        """Return the text with what has to stand before it where nothing stood at all."""
        before = self._text[part.start - 1 : part.start]
        if part.start != part.end or before in {" ", "\t"}:
            return text
        return f" {text}" if before in {":", "-"} else f": {text}"  # {title}, without a colon


def _put(at: int, text: str) -> Splice:
    return Splice(at, at, text)


def _ends(entries: Sequence[MappingEntry]) -> list[tuple[int, int]]:
    return [(entry.key.start, entry.end) for entry in entries]


def _nested(steps: Sequence[Step], value: NewValue) -> NewValue:
    for step in reversed(steps):
        value = {str(step): value}
    return value


def _alias_in(part: Part) -> AliasPart | None:
    """Return a value that stands elsewhere, in this one."""
    match part:
        case AliasPart():
            return part
        case ListPart():
            inner: Iterable[Part] = part.items
        case MappingPart():
            inner = (one for entry in part.entries for one in (entry.key, entry.value))
        case _:
            return None
    return next((found for one in inner if (found := _alias_in(one)) is not None), None)


def _identity(value: object) -> tuple[str, str]:
    return written_values.type_of(value), repr(value)
