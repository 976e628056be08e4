"""The located pass: the same values as the fast one, each with its place and every fault named."""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterator
from typing import Any, NamedTuple, TypeVar

from tasksync.core.keys import normal_key
from tasksync.core.task import Place, Problem
from tasksync.manifests.node import Node, Position, Step
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
    position,
    unreadable,
)
from tasksync.value_classes import replace

T = TypeVar("T")
#: all values of an item of a list, which is held as a whole
MOST_OF_AN_ITEM = 5_000
_MERGE_MEND = "write the fields out, or set them for all tasks with defaults"


class NodeTask(NamedTuple):
    """A task with its places; `key` is None where the key is no text (that was reported)."""

    document: int
    key: str | None
    position: Position
    body: Node


def documents(
    stream: Stream, file: str, problems: list[Problem], *, tasks_line: int
) -> Iterator[Node]:
    """Yield each document without its tasks: a mapping of tasks is read as an empty one.

    Reading ends at a key `tasks` in `tasks_line`, when it stands at the margin of a mapping in
    block style. Raises Unreadable.
    """
    try:
        next_event = events(stream)
        while not isinstance(event := next_event(), StreamEndEvent):
            if isinstance(event, DocumentStartEvent):
                builder = _LocatedParser(next_event, file, problems)
                yield builder.document(tasks_line)
                if builder.stopped:
                    return
    except YAMLError as error:
        raise unreadable(file, error, stream) from error


def tasks(stream: Stream, file: str, problems: list[Problem]) -> Iterator[NodeTask]:
    """Yield the tasks of all documents in the order of the fast pass; raises Unreadable."""

    def of_document(document: int, builder: _LocatedParser) -> Iterator[NodeTask]:
        for key, place, body in builder.tasks():
            known = None if key is None else normal_key(key)
            yield NodeTask(document, known, place, body)

    return _of_all(stream, file, problems, of_document)


def items(stream: Stream, file: str, problems: list[Problem]) -> Iterator[Node]:
    """Yield the items of a file that is a list; raises Unreadable."""
    return _of_all(stream, file, problems, lambda number, builder: builder.items(number))


def _of_all(
    stream: Stream,
    file: str,
    problems: list[Problem],
    of_document: Callable[[int, _LocatedParser], Iterator[T]],
) -> Iterator[T]:
    """Yield what is in each document, from 0 on; raises Unreadable."""
    try:
        next_event = events(stream)
        document = -1
        while not isinstance(event := next_event(), StreamEndEvent):
            if isinstance(event, DocumentStartEvent):
                document += 1
                yield from of_document(document, _LocatedParser(next_event, file, problems))
    except YAMLError as error:
        raise unreadable(file, error, stream) from error


class _LocatedParser:
    """Builds nodes from events and reports what may not be."""

    __slots__ = (
        *("_anchors", "_budget", "_file", "_most", "_open", "_problems", "_size"),
        *("next", "stopped"),
    )

    def __init__(self, next_event: Next, file: str, problems: list[Problem]) -> None:
        self.next = next_event
        self.stopped = False
        self._file = file
        self._problems = problems
        self._budget = Budget(file)
        self._anchors: dict[str, tuple[Node, int]] = {}
        self._open: set[str] = set()
        self._size = 0
        self._most = sys.maxsize

    def document(self, tasks_line: int) -> Node:
        """Return the document whose start was read."""
        root = self.next()
        if not isinstance(root, MappingStartEvent):
            return self.value(root, 1)
        self._untagged(root)
        names: dict[str, Position] = {}
        parts: dict[Step, Node] = {}
        while not isinstance(event := self.next(), MappingEndEvent):
            name = self._name(event, names, 2)
            value = self.next()
            if name == "tasks" and isinstance(value, MappingStartEvent):
                parts[name] = Node({}, _at(value))
                self._untagged(value)
                if _at(event) == (tasks_line, 1) and not root.flow_style:
                    self.stopped = True
                    break
                self._skip_tasks()
            elif name == "tasks" and isinstance(value, AliasEvent):
                self._say(_at(value), "tasks cannot be an alias", "write the tasks here")
                parts[name] = Node({}, _at(value))
            else:
                self._put(parts, name, self.value(value, 2))
        return _mapping(parts, names, _at(root))

    def items(self, document: int) -> Iterator[Node]:
        """Yield the items of the document, which is to be one list and the first."""
        root = self.next()
        if not isinstance(root, SequenceStartEvent) or document:
            self._silently(root)
            what = (
                "a file of rows is one list" if not document else "a file of rows is one document"
            )
            self._say(_at(root), what, "write each row like - {key: anna, name: Anna}")
            return
        self._untagged(root)
        while not isinstance(event := self.next(), SequenceEndEvent):
            self._most = self._size + MOST_OF_AN_ITEM
            yield self.value(event, 2)

    def tasks(self) -> Iterator[tuple[str | None, Position, Node]]:
        """Yield key, place of the key and body of each task of the document; says no more of it."""
        root = self.next()
        if not isinstance(root, MappingStartEvent):
            self._silently(root)
            return
        tasks_seen = False
        while not isinstance(event := self.next(), MappingEndEvent):
            ours = isinstance(event, ScalarEvent) and event.value == "tasks" and not tasks_seen
            if not ours:
                self._silently(event)
            value = self.next()
            if ours and isinstance(value, MappingStartEvent):
                tasks_seen = True
                yield from self._tasks()
            else:
                self._silently(value)

    def _tasks(self) -> Iterator[tuple[str | None, Position, Node]]:
        while not isinstance(event := self.next(), MappingEndEvent):
            key = self._name(event, {}, 3)
            yield key, _at(event), self.value(self.next(), 3)

    def _skip_tasks(self) -> None:
        said = len(self._problems)
        for _task in self._tasks():
            del self._problems[said:]

    def _silently(self, event: Any, depth: int = 2) -> None:
        """Read what the header's pass has reported already."""
        said = len(self._problems)
        self.value(event, depth)
        del self._problems[said:]

    def value(self, event: Any, depth: int) -> Node:
        """Return the value that begins with this event, to its end."""
        if isinstance(event, AliasEvent):
            return self._alias(event)
        before = self._size
        self._size += 1
        if self._size > self._most:
            raise self._too_many(event)
        tagged = not self._untagged(event)
        if event.anchor is not None:
            self._open.add(event.anchor)
        node = self._bare(event, depth)
        node = replace(node, broken=True) if tagged else node
        if event.anchor is not None:
            self._open.discard(event.anchor)
            self._anchors[event.anchor] = node, self._size - before
        return node

    def _bare(self, event: Any, depth: int) -> Node:
        place = _at(event)
        if isinstance(event, ScalarEvent):
            return Node(plain(event.value) if event.implicit[0] else event.value, place)
        self._budget.dig(depth, event.start_mark)
        parts: dict[Step, Node] = {}
        if isinstance(event, SequenceStartEvent):
            while not isinstance(event := self.next(), SequenceEndEvent):
                parts[len(parts)] = self.value(event, depth + 1)
            return Node([part.value for part in parts.values()], place, parts)
        names: dict[str, Position] = {}
        while not isinstance(event := self.next(), MappingEndEvent):
            name = self._name(event, names, depth + 1)
            self._put(parts, name, self.value(self.next(), depth + 1))
        return _mapping(parts, names, place)

    @staticmethod
    def _put(parts: dict[Step, Node], name: str | None, node: Node) -> None:
        if name is not None:
            parts.setdefault(name, node)

    def _name(self, event: Any, names: dict[str, Position], depth: int) -> str | None:
        """Return a key that is text and new; report it and return None when it is not."""
        if not isinstance(event, ScalarEvent):
            self._silently(event, depth)
            self._say(_at(event), "a key must be text", "write it as one word")
            return None
        if not self._untagged(event):
            return None
        fault = self._unfit(event.value, names, plainly=event.implicit[0])
        if fault is not None:
            self._say(_at(event), *fault)
            return None
        names[event.value] = _at(event)
        return event.value

    def _unfit(
        self, text: str, names: dict[str, Position], *, plainly: bool
    ) -> tuple[str, str] | None:
        if plainly and text == "<<":
            return "merging with << is not supported", _MERGE_MEND
        if plainly and not isinstance(plain(text), str):
            return f"the key {text or '(nothing)'} is not text", f'quote it: "{text}"'
        if text in names:
            line, column = names[text]
            first = f"first at {self._file}:{line}:{column}"
            return f"{text} stands here a second time; {first}", "keep one of them"
        return None

    def _untagged(self, event: Any) -> bool:
        if event.tag is None:
            return True
        tag = event.tag.replace("tag:yaml.org,2002:", "!!")
        what = f"tags like {tag} are not supported"
        self._say(_at(event), what, "remove it; quote the value if it is text")
        return False

    def _alias(self, event: Any) -> Node:
        here = _at(event)
        if event.anchor not in self._anchors:
            what = f"*{event.anchor} refers to nothing"
            if event.anchor in self._open:
                what = f"*{event.anchor} refers to the value that it is part of"
            self._say(here, what, f"mark a value that stands above with &{event.anchor}")
            return Node(None, here, broken=True)
        node, size = self._anchors[event.anchor]
        self._size += size
        self._budget.spend(size, event.start_mark)
        return replace(node, position=here)

    def _too_many(self, event: Any) -> YamlUnreadable:
        what = f"one row holds more than {MOST_OF_AN_ITEM} values"
        mend = "divide it; each row begins with -"
        return YamlUnreadable(Problem(Place(self._file, *_at(event)), what, mend))

    def _say(self, here: Position, what: str, mend: str) -> None:
        self._problems.append(Problem(Place(self._file, *here), what, mend))


def _mapping(parts: dict[Step, Node], names: dict[str, Position], place: Position) -> Node:
    value = {str(name): part.value for name, part in parts.items()}
    return Node(value, place, parts, names)


def _at(event: Any) -> Position:
    return position(event.start_mark)
