"""A value as YAML text for one place: in the style that stood there, where that can hold it."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Mapping, Sequence
from io import BytesIO
from typing import Any, Final

from tasksync.core.unseen import STEERING, escaped
from tasksync.late_patterns import pattern_of
from tasksync.manifests.editing.edits import NewValue
from tasksync.manifests.reader import ScalarEvent, StreamEndEvent, YAMLError, events, plain
from tasksync.value_classes import dataclass

#: what no style but the double-quoted one holds, and that not as it is: YAML takes it for a break,
#: or does not take it, or whoever reviews the file would not see it
_ESCAPED: Final = pattern_of(f"[{STEERING}]")
#: dates and instants: text here, and for the eye
_DATE: Final = pattern_of(
    r"\d{4}-\d\d-\d\d(?:[T ]\d\d:\d\d(?::\d\d)?(?:Z|[+-]\d\d:\d\d)?)?", re.ASCII
)
#: lengths of time begin with a digit, and are no number to anybody
_DURATION: Final = pattern_of(r"(?=\d)(?:\d+h)?(?:\d+m)?(?:\d+s)?", re.ASCII)
#: what other readers take for true, false or nothing
_CONSTANTS: Final = frozenset({"y", "n", "yes", "no", "on", "off", "true", "false", "null"})
_NAME: Final = pattern_of(r"[A-Za-z_][A-Za-z0-9_-]*", re.ASCII)
_MOST_DIGIT: Final = 9


@dataclass(frozen=True, slots=True)
class Room:
    """Where a scalar is to stand: behind a key or dash in this column, in flow style or not.

    `style` is that of what stood there; `indent` the column for lines of a block scalar; `newline`
    the line break there; `tail` what follows in the same line; `ends` that the file ends there.
    """

    column: int = 0
    flow: bool = False
    style: str = ""
    indent: int = 0
    newline: str = "\n"
    tail: str = ""
    ends: bool = False
    block: bool = True


@dataclass(frozen=True, slots=True)
class WrittenScalar:
    """The text of a scalar: what stands in its line, and for a block scalar its other lines."""

    text: str
    lines: str = ""
    chomp: str = ""


def scalar(value: NewValue, room: Room) -> WrittenScalar:
    """Return the first of the ways to write a scalar that is read back as it."""
    if value is None or isinstance(value, bool | int):
        return WrittenScalar(_constant(value))
    for candidate in _candidates(value, room):
        if _reads_as(candidate, value, room):
            return candidate
    raise ValueError(value)


def flow(value: NewValue) -> str:
    """Return any value on one line."""
    match value:
        case str() | bool() | int() | float() | None:
            return scalar(value, Room(flow=True)).text
        case Mapping():
            return "{" + ", ".join(f"{name(k)}: {flow(v)}" for k, v in value.items()) + "}"
    return "[" + ", ".join(flow(one) for one in value) + "]"


def name(text: str) -> str:
    """Return a key of a mapping."""
    plainly = _NAME.fullmatch(text) and text.lower() not in _CONSTANTS and plain(text) == text
    return text if plainly else quoted(text)


def quoted(text: str) -> str:
    """Return a text in double quotes."""
    told = json.dumps(text, ensure_ascii=False)
    return _ESCAPED.sub(lambda found: escaped(found[0]), told)


def same(one: object, other: object) -> bool:
    """Tell whether two scalars are the same for YAML: 1 is neither true nor 1.0."""
    return type_of(one) == type_of(other) and (
        one is other or one == other or str(one) == str(other)
    )


def type_of(value: object) -> str:
    """Return the kind of a scalar."""
    if isinstance(value, float):
        return "float"
    return type(value).__name__


def _candidates(value: NewValue, room: Room) -> Iterator[WrittenScalar]:
    if not isinstance(value, str):
        yield WrittenScalar(_constant(value))
        return
    lines = "\n" in value
    block = room.block and not room.flow and room.style != '"' and not _ESCAPED.search(value)
    if block and room.style == ">" and value.strip("\n"):
        yield _block(value, ">", room)
    if block and value.strip("\n") and (room.style in {"|", ">"} or lines):
        yield _block(value, "|", room)
    if room.style in {"", ">", "|"} and _plainly(value):
        yield WrittenScalar(value)
    if room.style == "'" and not lines and not _ESCAPED.search(value):
        yield WrittenScalar("'" + value.replace("'", "''") + "'")
    yield WrittenScalar(quoted(value))


def _constant(value: object) -> str:
    match value:
        case None:
            return "null"
        case bool():
            return str(value).lower()
        case float():
            told = str(value)
            return told if "e" not in told else f"{value:.20f}".rstrip("0")
    return str(value)


def _plainly(text: str) -> bool:
    """Tell whether a text means itself to every reader without quotes."""
    if text.lower() in _CONSTANTS or not text or not text[0].isalpha():
        return bool(_DATE.fullmatch(text) or _DURATION.fullmatch(text))
    if _ESCAPED.search(text) or "\n" in text or "\t" in text:
        return False
    return plain(text) == text and not text.startswith(("---", "..."))


def _block(value: str, style: str, room: Room) -> WrittenScalar:
    body = value.rstrip("\n")
    breaks = len(value) - len(body)
    chomp = ("-", "", "+")[min(breaks, 2)]
    if style == ">":
        body = re.sub(r"\n+", lambda found: found[0] + "\n", body)
    first = body.lstrip("\n")
    indent = room.indent
    digit = ""
    if first[:1] in {" ", "\t"} or body != first:
        step = indent - room.column
        digit = str(step) if 0 < step <= _MOST_DIGIT else "2"
        indent = room.column + int(digit)
    told = [f"{' ' * indent}{line}" if line else "" for line in body.split("\n")]
    told += [""] * (breaks - 1)
    end = room.newline if room.ends and breaks else ""
    lines = "".join(f"{room.newline}{line}" for line in told) + end
    return WrittenScalar(f"{style}{digit}{chomp}", lines, chomp)


def _reads_as(candidate: WrittenScalar, value: object, room: Room) -> bool:
    """Tell whether the text is read as the value, and what follows it as before."""
    pad = " " * room.column
    if room.flow:
        text = f"{{k: {candidate.text}, z: 1}}"
    else:
        text = f"{pad}k: {candidate.text}{room.tail}{candidate.lines}"
        text += "" if room.ends else f"{room.newline}{pad}z: 1{room.newline}"
    try:
        found = list(_scalars(text))
    except (YAMLError, UnicodeEncodeError):
        return False
    expected: list[object] = ["k", value] if room.ends and not room.flow else ["k", value, "z", 1]
    return len(found) == len(expected) and all(map(same, found, expected))


def _scalars(text: str) -> Iterator[object]:
    next_event = events(BytesIO(text.encode()))
    while not isinstance(event := next_event(), StreamEndEvent):
        if isinstance(event, ScalarEvent):
            yield _value_of(event)


def _value_of(event: Any) -> object:
    return plain(event.value) if event.implicit[0] else event.value


def is_scalar(value: object) -> bool:
    """Tell whether a value is neither list nor mapping."""
    return (
        value is None
        or isinstance(value, str | int | float)
        or not isinstance(value, Sequence | Mapping)
    )
