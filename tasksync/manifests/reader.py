"""All use of PyYAML: its events, its errors as problems, and what a plain word means.

The only file that knows PyYAML. Events are libyaml's where PyYAML was built with it. A plain
word is `true`, `false`, nothing (`null`, `~` or empty), a whole or a decimal number, and text
in all other cases: no dates, no octals, no `yes`.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from io import BufferedIOBase
from itertools import islice
from typing import IO, Any, Final, Self, TypeAlias

import yaml
from yaml.error import MarkedYAMLError, YAMLError
from yaml.events import (
    AliasEvent,
    DocumentStartEvent,
    MappingEndEvent,
    MappingStartEvent,
    ScalarEvent,
    SequenceEndEvent,
    SequenceStartEvent,
    StreamEndEvent,
)
from yaml.parser import Parser
from yaml.reader import Reader, ReaderError
from yaml.scanner import Scanner

from tasksync.core.task import Place, Problem
from tasksync.late_patterns import pattern_of
from tasksync.manifests.node import Position

__all__ = [
    "AliasEvent",
    "Budget",
    "DocumentStartEvent",
    "MappingEndEvent",
    "MappingStartEvent",
    "Next",
    "ScalarEvent",
    "SequenceEndEvent",
    "SequenceStartEvent",
    "Stream",
    "StreamEndEvent",
    "YAMLError",
    "YamlUnreadable",
    "events",
    "plain",
    "position",
    "position_at",
    "unreadable",
    "version",
]

DEPTH_LIMIT = 30
#: what aliases may stand for: so many values, and one more for every so many characters read
ALIAS_BUDGET = 10_000
ALIAS_SHARE = 4

#: bytes that can be read again from the beginning
Stream: TypeAlias = IO[bytes] | BufferedIOBase
#: gives the next event; an event is one of the classes above
Next: TypeAlias = Callable[[], Any]

_CONSTANTS: Final[Mapping[str, object]] = {"true": True, "false": False, "null": None, "~": None}
_SUSPECT = frozenset("-0123456789tfn~")
_WORDY = frozenset("tfn~")
_DIGITS = 40
_NEGATIVE = pattern_of(r"-[1-9][0-9]{0,39}\Z")
_DECIMAL = pattern_of(r"-?(?:0|[1-9][0-9]{0,39})\.[0-9]{1,40}\Z")
_HANDLE = pattern_of(r"tag handle '[^']*'")
_INDENT = "check the indentation, and that quotes and brackets are closed"
_QUOTE = "quote text that begins so or holds it"
#: what is most often meant, by the character at which the parser gave up
_MENDS: Final[Mapping[str, str]] = {
    "\t": "indent with spaces, not tabs",
    ":": "quote text that holds a colon",
    **dict.fromkeys("@`%*&!|>{}[],#?", _QUOTE),
}


class YamlUnreadable(Exception):
    """The file cannot be read further; carries the one problem that says why."""

    def __init__(self, problem: Problem) -> None:
        super().__init__(str(problem))
        self.problem = problem


class _PureParser(Reader, Scanner, Parser):
    """PyYAML's own parser, for a build without libyaml: the same events, eight times slower."""

    def __init__(self, stream: Stream) -> None:
        Reader.__init__(self, stream)
        Scanner.__init__(self)
        Parser.__init__(self)


def version() -> str:
    """Return which parser reads: what it read may mean another thing to another."""
    return f"pyyaml {yaml.__version__} {'libyaml' if yaml.__with_libyaml__ else 'pure'}"


def events(stream: Stream, *, pure: bool = not yaml.__with_libyaml__) -> Next:
    """Return what gives the stream's events one by one; it raises YAMLError."""
    if pure:
        return _PureParser(stream).get_event
    from yaml.cyaml import CParser  # type: ignore[attr-defined]

    found: Next = CParser(stream).get_event
    return found


def plain(text: str) -> object:
    """Return what an unquoted word means; what is no constant and no number is text."""
    if not text:
        return None
    first = text[0]
    if first not in _SUSPECT:
        return text
    if text.isdecimal() and text.isascii():
        return text if (first == "0" and len(text) > 1) or len(text) > _DIGITS else int(text)
    if first in _WORDY:
        return _CONSTANTS.get(text, text)
    return int(text) if _NEGATIVE.match(text) else _decimal(text)


class Decimal(float):
    """A number with a point, as written: no field takes one, and 1.0 is no whole number either."""

    __slots__ = ("text",)
    text: str

    def __new__(cls, text: str) -> Self:
        word = super().__new__(cls, text)
        word.text = text
        return word

    def is_integer(self) -> bool:
        """Tell JSON Schema, for which 1.0 is an integer, that this is none."""
        return False

    def __eq__(self, other: object) -> bool:
        return self is other or (not float.is_integer(self) and float(self) == other)

    __hash__ = float.__hash__

    def __repr__(self) -> str:
        return self.text

    __str__ = __repr__


def _decimal(text: str) -> object:
    return Decimal(text) if "." in text and _DECIMAL.match(text) else text


def position(mark: Any) -> Position:
    """Return line and column of a mark, both from 1."""
    return mark.line + 1, mark.column + 1


def position_at(stream: Stream, offset: int) -> Position:
    """Return line and column of the byte at this offset of a stream that can be read again."""
    stream.seek(0)
    before = stream.read(offset)
    line = before[before.rfind(b"\n") + 1 :]
    return before.count(b"\n") + 1, len(line.decode("utf-8", "replace")) + 1


def unreadable(file: str, error: YAMLError, stream: Stream) -> YamlUnreadable:
    """Return a parser's error as a problem, with its place where the parser knows one.

    What is nested too deeply is said in our words and at our place, although some versions of
    libyaml give up on it before they tell of the first bracket.
    """
    if _may_be_deep(error, stream) and (deep := _too_deep(file, stream)):
        return deep
    place, what, mend = Place(file), str(error), _INDENT
    if isinstance(error, MarkedYAMLError):
        begun, mark = error.context_mark, error.problem_mark or error.context_mark
        place = Place(file, *position(mark)) if mark else place
        what = " ".join(part for part in (error.problem, error.context) if part)
        what = _HANDLE.sub("tag handle", what)  # the only words of a file that a parser quotes
        if begun and mark and begun.line != mark.line:
            what += f", begun at {Place(file, *position(begun))}"
        mend = _MENDS.get(_character(stream, place), _INDENT)
    elif isinstance(error, ReaderError):
        what = str(error.reason)
        place = Place(file, *position_at(stream, error.position))
        mend = "take the character out"
    return YamlUnreadable(Problem(place, f"this is not YAML: {what}", mend))


def _may_be_deep(error: YAMLError, stream: Stream) -> bool:
    """Tell whether more is opened than closed before an error, in its line.

    Only there a parser runs ahead of its events, by 1024 characters at most, to see whether a
    `:` follows.
    """
    mark = error.problem_mark if isinstance(error, MarkedYAMLError) else None
    if mark is None:
        return False
    line = _line(stream, mark.line)[: mark.column + 1]
    opened = sum(map(line.count, "[{")) - sum(map(line.count, "]}"))
    return opened > DEPTH_LIMIT - 2


def _too_deep(file: str, stream: Stream) -> YamlUnreadable | None:
    """Return the refusal of what is nested too deeply before anything else is wrong, if it is."""
    stream.seek(0)
    next_event, budget, depth = events(stream, pure=True), Budget(file), 0
    try:
        while not isinstance(event := next_event(), StreamEndEvent):
            if isinstance(event, MappingStartEvent | SequenceStartEvent):
                depth += 1
                budget.dig(depth, event.start_mark)
            elif isinstance(event, MappingEndEvent | SequenceEndEvent):
                depth -= 1
    except YAMLError:
        return None
    except YamlUnreadable as deep:
        return deep
    return None


def _line(stream: Stream, number: int) -> str:
    """Return a line, the first being 0."""
    stream.seek(0)
    return next(islice(stream, number, None), b"").decode("utf-8", "replace")


def _character(stream: Stream, place: Place) -> str:
    """Return the character at a place, or nothing."""
    line = _line(stream, max(place.line - 1, 0))
    return line[place.column - 1 : place.column]


class Budget:
    """Holds nesting and aliases of one document down: a bomb is refused before it goes off."""

    __slots__ = ("_file", "_spent")

    def __init__(self, file: str) -> None:
        self._file = file
        self._spent = 0

    def spend(self, values: int, mark: Any) -> None:
        """Take in an alias that stands for so many values; raises Unreadable."""
        self._spent += values
        if self._spent > ALIAS_BUDGET + mark.index // ALIAS_SHARE:
            what = "the aliases of this document stand for too many values"
            raise self._refused(mark, what, "write them out, or set them with defaults")

    def dig(self, depth: int, mark: Any) -> None:
        """Take in a value at this depth; raises Unreadable."""
        if depth > DEPTH_LIMIT:
            what = f"values are nested deeper than {DEPTH_LIMIT} levels"
            raise self._refused(mark, what, "no field of a manifest needs more than five")

    def _refused(self, mark: Any, what: str, mend: str) -> YamlUnreadable:
        return YamlUnreadable(Problem(Place(self._file, *position(mark)), what, mend))
