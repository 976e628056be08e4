"""A YAML text as a tree of its values, each with the characters that it takes up."""

from __future__ import annotations

from collections.abc import Iterator
from io import BytesIO
from typing import Any, Final, TypeAlias

from tasksync.core.keys import normal_key
from tasksync.late_patterns import pattern_of
from tasksync.manifests.editing.text_lines import BREAK, TextLines
from tasksync.manifests.reader import (
    AliasEvent,
    Budget,
    DocumentStartEvent,
    MappingEndEvent,
    ScalarEvent,
    SequenceEndEvent,
    SequenceStartEvent,
    StreamEndEvent,
    YAMLError,
    events,
    plain,
    unreadable,
)
from tasksync.value_classes import dataclass, field

_ANCHOR: Final = pattern_of(r"&[^\s,\[\]{}]+[ \t]*")
_ANCHOR_AND_LINES: Final = pattern_of(r"&[^\s,\[\]{}]+(?:\s+|#[^\r\n]*)*")
_COLON: Final = pattern_of(r"[ \t]*:")


@dataclass(slots=True)
class ScalarPart:
    """One value that is no collection: from `start` to `end`, without its anchor.

    `style` is "" for a plain one, else `'`, `"`, `|` or `>`. `end` of a block scalar is that of its
    last line that is not empty, `beyond` is where the empty lines behind it end; they are its own
    where it is to `keep` them.
    """

    start: int
    end: int
    line: int
    value: object
    style: str
    anchor: str | None = None
    beyond: int = 0
    keep: bool = False


@dataclass(slots=True)
class AliasPart:
    """A value that stands elsewhere."""

    start: int
    end: int
    line: int
    name: str


@dataclass(slots=True)
class MappingEntry:
    """A key and its value; `end` is where the later of them ends."""

    key: Part
    value: Part
    colon: int = 0  # behind the colon; 0 where there is none in the key's line

    @property
    def end(self) -> int:
        """Where key and value end."""
        return max(self.key.end, self.value.end, self.colon)

    @property
    def beyond(self) -> int:
        """Where a line can follow that belongs to neither."""
        return max(self.end, beyond(self.value))


@dataclass(slots=True)
class MappingPart:
    """A mapping; `column` is that of its keys."""

    start: int
    end: int
    line: int
    flow: bool
    column: int
    anchor: str | None = None
    entries: list[MappingEntry] = field(default_factory=list)
    _names: dict[bool, dict[object, list[MappingEntry]]] = field(default_factory=dict)

    def named(self, name: object, *, key: bool = False) -> list[MappingEntry]:
        """Return the entries of this name, or of this task's `key` in any form of its letters."""
        if key not in self._names:
            index = self._names[key] = {}
            for entry in self.entries:
                text = entry.key.value if isinstance(entry.key, ScalarPart) else None
                if isinstance(text, str):
                    index.setdefault(normal_key(text) if key else text, []).append(entry)
        return self._names[key].get(name, [])


@dataclass(slots=True)
class ListPart:
    """A list; `column` is that of its dashes."""

    start: int
    end: int
    line: int
    flow: bool
    column: int
    anchor: str | None = None
    items: list[Part] = field(default_factory=list)


Part: TypeAlias = ScalarPart | AliasPart | MappingPart | ListPart
Collection: TypeAlias = MappingPart | ListPart


@dataclass(frozen=True, slots=True)
class Parts:
    """The documents of a text, and how often each anchor is used, by document and name."""

    documents: tuple[Part, ...]
    aliases: tuple[dict[str, list[AliasPart]], ...]


def beyond(part: Part) -> int:
    """Return where the last line of a value ends for what is put behind it."""
    match part:
        case ScalarPart():
            return max(part.end, part.beyond) if part.keep else part.end
        case MappingPart(flow=False) if part.entries:
            return part.entries[-1].beyond
        case ListPart(flow=False) if part.items:
            return beyond(part.items[-1])
    return part.end


def parts_of(lines: TextLines, file: str) -> Parts:
    """Return the documents of a text without a byte order mark; raises YamlUnreadable."""
    stream = BytesIO(lines.text.encode())
    documents: list[Part] = []
    aliases: list[dict[str, list[AliasPart]]] = []
    try:
        next_event = events(stream)
        while not isinstance(event := next_event(), StreamEndEvent):
            if isinstance(event, DocumentStartEvent):
                builder = _PartsBuilder(next_event, lines, Budget(file))
                documents.append(builder.part(next_event(), 1))
                aliases.append(builder.aliases)
    except YAMLError as error:
        raise unreadable(file, error, stream) from error
    return Parts(tuple(documents), tuple(aliases))


class _PartsBuilder:
    """Builds the parts of one document."""

    def __init__(self, next_event: Any, lines: TextLines, budget: Budget) -> None:
        self._next = next_event
        self._text = lines.text
        self._rows = lines
        self._budget = budget
        self.aliases: dict[str, list[AliasPart]] = {}

    def part(self, event: Any, depth: int) -> Part:
        """Return the value that begins with this event."""
        if isinstance(event, AliasEvent):
            return self._alias(event)
        if isinstance(event, ScalarEvent):
            return self._scalar(event)
        self._budget.dig(depth, event.start_mark)
        if isinstance(event, SequenceStartEvent):
            return self._list(event, depth)
        return self._mapping(event, depth)

    def _alias(self, event: Any) -> AliasPart:
        start, end = event.start_mark.index, event.end_mark.index
        alias = AliasPart(start, end, event.start_mark.line + 1, event.anchor)
        self.aliases.setdefault(alias.name, []).append(alias)
        return alias

    def _scalar(self, event: Any) -> ScalarPart:
        start, end = event.start_mark.index, event.end_mark.index
        if event.anchor is not None and (found := _ANCHOR.match(self._text, start, end)):
            start = found.end()
        value = plain(event.value) if event.implicit[0] else event.value
        part = ScalarPart(
            start, end, event.start_mark.line + 1, value, event.style or "", event.anchor
        )
        if part.style in {"|", ">"}:
            part.end, part.beyond = self._block_end(start, end), end
            part.keep = "+" in self._text[start : start + 3]
        return part

    def _block_end(self, start: int, end: int) -> int:
        """Return where the last line of a block scalar ends that is no empty one."""
        lines = list(_lines(self._text, start, end))
        full = [line for line in lines[1:] if self._text[slice(*line)].strip(" ")]
        indent = min((_indent(self._text, line) for line in full), default=0)
        for first, last in reversed(lines[1:]):
            if self._text[first:last].strip(" ") or (full and last - first > indent):
                return last
        return lines[0][1]

    def _list(self, event: Any, depth: int) -> ListPart:
        mark = event.start_mark
        part = ListPart(
            mark.index, 0, mark.line + 1, bool(event.flow_style), mark.column, event.anchor
        )
        inner = self._next()
        while not isinstance(inner, SequenceEndEvent):
            part.items.append(self.part(inner, depth + 1))
            inner = self._next()
        last: Any = inner
        ends = (item.end for item in part.items)
        part.end = last.end_mark.index if part.flow else max(ends, default=mark.index)
        if part.anchor is not None:
            part.start, part.column = self._behind_anchor(part.start)
        return part

    def _mapping(self, event: Any, depth: int) -> MappingPart:
        mark = event.start_mark
        part = MappingPart(
            mark.index, 0, mark.line + 1, bool(event.flow_style), mark.column, event.anchor
        )
        inner = self._next()
        while not isinstance(inner, MappingEndEvent):
            if not part.entries and not part.flow and part.anchor is not None:
                part.column = self._column(inner)
            entry = MappingEntry(self.part(inner, depth + 1), self.part(self._next(), depth + 1))
            self._place(entry)
            part.entries.append(entry)
            inner = self._next()
        last: Any = inner
        ends = (entry.end for entry in part.entries)
        part.end = last.end_mark.index if part.flow else max(ends, default=mark.index)
        if part.anchor is not None:
            part.start, column = self._behind_anchor(part.start)
            part.column = column if part.flow else part.column
        return part

    def _column(self, key: Any) -> int:
        """Return the column of a first key, or of the ? before it."""
        start = self._rows.start(key.start_mark.index)
        before = self._text[start : key.start_mark.index]
        asked = before.rstrip(" \t").endswith("?")
        return before.rindex("?") if asked else len(before)

    def _place(self, entry: MappingEntry) -> None:
        """Say where the colon is, and that a value of no characters stands behind it."""
        value = entry.value
        if found := _COLON.match(self._text, entry.key.end):
            entry.colon = found.end()
        if isinstance(value, ScalarPart) and value.start == value.end and value.anchor is None:
            value.start = value.end = entry.colon or entry.key.end

    def _behind_anchor(self, start: int) -> tuple[int, int]:
        """Return where a collection begins whose anchor begins there, and in which column."""
        found = _ANCHOR_AND_LINES.match(self._text, start)
        at = found.end() if found else start
        return at, at - self._rows.start(at)


def _lines(text: str, start: int, end: int) -> Iterator[tuple[int, int]]:
    """Yield where each line begins and ends, its break left out."""
    for found in BREAK.finditer(text, start, end):
        yield start, found.start()
        start = found.end()
    if start < end:
        yield start, end


def _indent(text: str, line: tuple[int, int]) -> int:
    part = text[slice(*line)]
    return len(part) - len(part.lstrip(" "))
