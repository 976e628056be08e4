"""The fast pass: tasks as plain values, one at a time, and a mark when something is irregular.

It describes no problem: what is irregular (a tag, a repeated or unknown name, an alias that leads
nowhere …) is read again by the located pass, which knows all places.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any, NamedTuple

from tasksync.core.keys import normal_key
from tasksync.manifests.reader import (
    AliasEvent,
    Budget,
    DocumentStartEvent,
    MappingEndEvent,
    MappingStartEvent,
    Next,
    ScalarEvent,
    SequenceEndEvent,
    SequenceStartEvent,
    Stream,
    StreamEndEvent,
    YAMLError,
    events,
    plain,
    unreadable,
)

#: how deep the fields of a task stand: document, tasks, task
TASK_DEPTH = 3


class RawTask(NamedTuple):
    """A task as it stands; body and key are not to be trusted when it is irregular.

    The key is in normal form.
    `document` counts from 0 in its file; line and column of the key count from 1.
    """

    document: int
    key: str | None
    line: int
    column: int
    body: dict[str, object]
    irregular: bool


def tasks(stream: Stream, file: str, names: Mapping[str, str]) -> Iterator[RawTask]:
    """Yield the tasks of all documents as they are parsed; raises Unreadable.

    `names` holds every name that a task may have, by itself.
    """
    try:
        next_event = events(stream)
        document = -1
        while not isinstance(event := next_event(), StreamEndEvent):
            if isinstance(event, DocumentStartEvent):
                document += 1
                yield from _document(_FastParser(next_event, file), document, names)
    except YAMLError as error:
        raise unreadable(file, error, stream) from error


def _document(parser: _FastParser, document: int, names: Mapping[str, str]) -> Iterator[RawTask]:
    root = parser.next()
    if not isinstance(root, MappingStartEvent):
        parser.value(root, 1)
        return
    tasks_seen = False
    while not isinstance(event := parser.next(), MappingEndEvent):
        if isinstance(event, ScalarEvent) and event.value == "tasks" and not tasks_seen:
            tasks_seen = True
            value = parser.next()
            if isinstance(value, MappingStartEvent):
                yield from _tasks(parser, document, names)
            else:
                parser.value(value, 2)
        else:
            parser.value(event, 2)
            parser.value(parser.next(), 2)


def _tasks(parser: _FastParser, document: int, names: Mapping[str, str]) -> Iterator[RawTask]:
    while (event := parser.next()).__class__ is not MappingEndEvent:
        mark = event.start_mark
        parser.irregular = False
        written = parser.key(event)
        key = None if written is None else normal_key(written)
        body = parser.body(names)
        yield RawTask(document, key, mark.line + 1, mark.column + 1, body, parser.irregular)


class _FastParser:
    """Builds plain values from events; whatever is unusual sets `irregular`."""

    __slots__ = ("_anchors", "_budget", "_size", "irregular", "next")

    def __init__(self, next_event: Next, file: str) -> None:
        self.next = next_event
        self.irregular = False
        self._budget = Budget(file)
        self._anchors: dict[str, tuple[object, int]] = {}
        self._size = 0

    def key(self, event: Any, depth: int = TASK_DEPTH) -> str | None:
        """Return a key as text; None, and irregular, when it is anything but text."""
        if event.__class__ is ScalarEvent and event.tag is None:
            text: str = event.value
            if not event.implicit[0] or (text != "<<" and isinstance(plain(text), str)):
                return text
        else:
            self.value(event, depth)
        self.irregular = True
        return None

    def body(self, names: Mapping[str, str]) -> dict[str, object]:
        """Return the fields of the task whose value comes next."""
        event = self.next()
        if event.__class__ is MappingStartEvent and event.anchor is None and event.tag is None:
            return self._fields(names)
        value = self.value(event, TASK_DEPTH)
        if isinstance(value, dict) and value.keys() <= names.keys():
            return value
        self.irregular = True
        return {}

    def _fields(self, names: Mapping[str, str]) -> dict[str, object]:
        body: dict[str, object] = {}
        following, known = self.next, names.get
        while (event := following()).__class__ is not MappingEndEvent:
            if event.__class__ is ScalarEvent:
                name = known(event.value)
                if name is None or name in body or event.tag is not None:
                    self.irregular = True
            else:
                name = self.key(event, TASK_DEPTH + 1)
            event = following()
            kind, bare = event.__class__, event.anchor is None
            if bare and kind is ScalarEvent and event.tag is None:
                value = plain(event.value) if event.implicit[0] else event.value
            elif bare and kind is SequenceStartEvent and event.tag is None:
                value = self._items(TASK_DEPTH + 1)
            else:
                value = self.value(event, TASK_DEPTH + 1)
            body[name or ""] = value
        return body

    def _items(self, depth: int) -> list[object]:
        """Return the items of the sequence that began, to its end."""
        items: list[object] = []
        following = self.next
        while (event := following()).__class__ is not SequenceEndEvent:
            if event.__class__ is ScalarEvent and event.anchor is None and event.tag is None:
                self._size += 1
                items.append(plain(event.value) if event.implicit[0] else event.value)
            else:
                items.append(self.value(event, depth + 1))
        return items

    def value(self, event: Any, depth: int) -> object:
        """Return the value that begins with this event, to its end."""
        if event.__class__ is AliasEvent:
            return self._alias(event)
        before = self._size
        self._size += 1
        if event.tag is not None:
            self.irregular = True
        value = self._bare(event, depth)
        if event.anchor is not None:
            self._anchors[event.anchor] = value, self._size - before
        return value

    def _bare(self, event: Any, depth: int) -> object:
        if isinstance(event, ScalarEvent):
            return plain(event.value) if event.implicit[0] else event.value
        self._budget.dig(depth, event.start_mark)
        if isinstance(event, SequenceStartEvent):
            return self._items(depth)
        return self._mapping(depth)

    def _mapping(self, depth: int) -> dict[str, object]:
        found: dict[str, object] = {}
        while not isinstance(event := self.next(), MappingEndEvent):
            name = self.key(event, depth + 1) or ""
            if name in found:
                self.irregular = True
            found[name] = self.value(self.next(), depth + 1)
        return found

    def _alias(self, event: Any) -> object:
        if event.anchor not in self._anchors:
            self.irregular = True
            return None
        value, size = self._anchors[event.anchor]
        self._size += size
        self._budget.spend(size, event.start_mark)
        return value
