"""The fast pass: tasks as plain values, one at a time, and a mark when something is irregular.

It describes no problem: what is irregular (a tag, a repeated or unknown name, an alias that leads
nowhere …) is read again by the located pass, which knows all places.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from io import BytesIO
from itertools import islice
from typing import Any, NamedTuple

from tasksync.core.keys import normal_key
from tasksync.manifests.block_texts import Uncut, cut
from tasksync.manifests.plain_blocks import PlainBlocks
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
    YamlUnreadable,
    events,
    plain,
    unreadable,
)

#: how deep the fields of a task stand: document, tasks, task
TASK_DEPTH = 3
#: where so many blocks at the beginning of a file are of another form, the rest is taken to be so
ENOUGH = 16
#: so many blocks are read before those of another form are parsed at once
TOGETHER = 256


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


def tasks(
    stream: Stream,
    file: str,
    names: Mapping[str, str],
    tasks_line: int = 0,
    document: int = 0,
) -> Iterator[RawTask]:
    """Yield the tasks of all documents as they are parsed; raises Unreadable.

    `names` holds every name that a task may have, by itself. Where `tasks_line` is known (see
    FileHeader), in which `document`, blocks of the plainest form are read without libyaml.
    """
    done = 0
    if tasks_line:
        try:
            for task in _by_blocks(stream, file, names, tasks_line):
                yield task._replace(document=document) if document else task
                done += 1
        except (Uncut, YamlUnreadable):
            stream.seek(0)
        else:
            return
    yield from islice(_parsed(stream, file, names), done, None)


def _parsed(
    stream: Stream, file: str, names: Mapping[str, str], *, alone: bool = False
) -> Iterator[RawTask]:
    """Yield all tasks by libyaml's events; `alone`: an anchor is irregular too."""
    try:
        next_event = events(stream)
        document = -1
        while not isinstance(event := next_event(), StreamEndEvent):
            if isinstance(event, DocumentStartEvent):
                document += 1
                parser = _FastParser(next_event, file, alone=alone)
                yield from _document(parser, document, names)
    except YAMLError as error:
        raise unreadable(file, error, stream) from error


def _by_blocks(
    stream: Stream, file: str, names: Mapping[str, str], tasks_line: int
) -> Iterator[RawTask]:
    """Yield the tasks of the one document that has some, most of them without libyaml.

    Raises Uncut or Unreadable where only a parse of the whole file can tell what stands there.
    """
    preamble, indent, texts = cut(stream, tasks_line)
    read = PlainBlocks(names, indent).read
    line = begins = preamble.count(b"\n") + 1
    column = indent + 1
    while some := [*islice(texts, TOGETHER)]:
        found: list[RawTask | None] = []
        others: list[tuple[int, bytes]] = []
        first = line
        for text in some:
            told = read(text)
            if told is None:
                found.append(None)
                others.append((line, text))
                if len(others) == len(found) == ENOUGH and first == begins:
                    raise Uncut
            else:
                key, body = told
                found.append(RawTask(0, normal_key(key), line, column, body, irregular=False))
            line += text.count(b"\n")
        parsed = iter(_unlike(others, first, file, names) if others else ())
        for task in found:
            yield next(parsed) if task is None else task


def _unlike(
    blocks: Sequence[tuple[int, bytes]], first: int, file: str, names: Mapping[str, str]
) -> list[RawTask]:
    """Return the tasks of the blocks that are not of the plain form; raises Uncut, Unreadable.

    They are parsed in their places, with a comment where others stand. A comment ends every open
    scalar in block style; any other open value either swallows a block that should begin or never
    ends, so that the tasks no longer begin in the lines of the blocks. What refers to something
    outside (an anchor, an alias, a tag), or is at fault, is left to the parse of the whole file.
    """
    rest, line = [b"tasks:\n"], first
    for begins, text in blocks:
        gap = begins - line
        rest.append(b"#" + b"\n" * gap + text if gap else text)
        line = begins + text.count(b"\n")
    tasks = [
        task._replace(line=task.line - 2 + first)
        for task in _parsed(BytesIO(b"".join(rest)), file, names, alone=True)
    ]
    if any(task.irregular or task.document for task in tasks):
        raise Uncut
    if [task.line for task in tasks] != [begins for begins, _text in blocks]:
        raise Uncut
    return tasks


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

    __slots__ = ("_alone", "_anchors", "_budget", "_size", "irregular", "next")

    def __init__(self, next_event: Next, file: str, *, alone: bool) -> None:
        self.next = next_event
        self._alone = alone
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
            self.irregular = self.irregular or self._alone
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
