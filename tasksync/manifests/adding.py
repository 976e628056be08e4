"""Tasks added to the text of a manifest that is there: nothing of its own is changed.

They go below the `tasks:` of the last document where that is the last thing that the document
says and stands in block style; else they become a document of their own behind it. What came out
is read again before anybody sees it: the old text asks for what it did, the new for the
tasks.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from io import BytesIO
from itertools import chain, zip_longest
from typing import Any, Final

from tasksync.errors import SettingsError
from tasksync.manifests.reader import (
    AliasEvent,
    DocumentStartEvent,
    MappingEndEvent,
    MappingStartEvent,
    Next,
    ScalarEvent,
    SequenceEndEvent,
    SequenceStartEvent,
    StreamEndEvent,
    YAMLError,
    events,
)
from tasksync.manifests.written_tasks import WrittenTask, new_document, tasks_text

_OPENS: Final = (MappingStartEvent, SequenceStartEvent)
_CLOSES: Final = (MappingEndEvent, SequenceEndEvent)
_TASKS: Final = "tasks"
#: what an empty mapping of tasks says on its one line
_NONE: Final = "tasks: {}"
#: what opens a document that says no more than its tasks, and what closes tasks and document
_BEFORE_TASKS, _AFTER_TASKS = 6, 3


@dataclass(frozen=True, slots=True)
class _End:
    """How a text ends: how many documents it has, and where tasks of the last one can follow.

    `indent` is theirs, 0 where none can follow; `empty` says that `tasks: {}` ends the text.
    """

    documents: int = 0
    indent: int = 0
    empty: bool = False

    @property
    def takes_more(self) -> bool:
        """Whether tasks can be added to the last document."""
        return self.empty or self.indent > 0


def added_to(
    text: str, tasks: Iterable[WrittenTask], header: Mapping[str, object] | None = None
) -> str:
    """Return a text with tasks behind its own; raises SettingsError where that cannot be.

    `header` is what is to be said above them: where one is given, they become a document of their
    own whatever stands there. Only `tasks: {}` at the very end makes way for the tasks.
    """
    written = tuple(tasks)
    if not written:
        return text
    end = _end_of(text)
    if header is None and end.takes_more:
        whole = _joined(*_below(text, end, written))
        if _same(
            _told(whole), chain(_tokens(text)[:-_AFTER_TASKS], _body(written), _closing(text))
        ):
            return whole
    document = new_document(header or {}, written)
    whole = _joined(text, f"---\n{document}" if end.documents else document)
    if not _same(_told(whole), chain(_told(text), _told(document))):
        raise SettingsError(
            "Nothing can be added to it: its last line is in the middle of a text.",
            "End the file with an empty line, or write to another file.",
        )
    return whole


def takes_more(text: str) -> bool:
    """Tell whether tasks added to a text go into its last document; raises SettingsError."""
    return _end_of(text).takes_more


def _below(text: str, end: _End, tasks: tuple[WrittenTask, ...]) -> tuple[str, str]:
    """Return the text that tasks follow, and the tasks as its last document takes them."""
    if not end.empty:
        return text, tasks_text(tasks, end.indent)
    at = text.rindex(_NONE) + len(_NONE)
    return text[: at - len(" {}")] + text[at:], tasks_text(tasks)


def _joined(text: str, below: str) -> str:
    """Return a text with more below it, in the line ends that the text has."""
    crlf = "\r\n" in text and text.count("\n") == text.count("\r\n")
    gap = "" if not text or text.endswith("\n") else "\n"
    below = gap + below
    return text + (below.replace("\n", "\r\n") if crlf else below)


def _end_of(text: str) -> _End:
    """Look how a text ends; raises SettingsError where it is no YAML."""
    end = _End()
    try:
        following = events(BytesIO(text.encode()))
        while not isinstance(event := following(), StreamEndEvent):
            if isinstance(event, DocumentStartEvent):
                indent, empty = _last_in(following)
                closed = following().explicit
                more = (0, False) if closed else (indent, empty and _ends_in_none(text))
                end = _End(end.documents + 1, *more)
    except (YAMLError, UnicodeEncodeError) as error:
        what = " ".join(str(error).split())[:200]
        raise SettingsError(
            f"Nothing can be added to it, for it is not YAML: {what}.",
            "Mend it (tasksync validate says where), or write to another file.",
        ) from error
    return end


def _ends_in_none(text: str) -> bool:
    return ("\n" + text.rstrip()).endswith("\n" + _NONE)


def _last_in(following: Next) -> tuple[int, bool]:
    """Read a document; return what its last name says of tasks: their indent, or that none are."""
    root = following()
    if not isinstance(root, MappingStartEvent) or root.flow_style:
        _skip(following, root)
        return 0, False
    last = 0, False
    while not isinstance(name := following(), MappingEndEvent):
        _skip(following, name)
        value = following()
        tasks = isinstance(name, ScalarEvent) and name.value == _TASKS
        last = (0, False)
        if tasks and isinstance(value, MappingStartEvent):
            last = _indent(following, value)
        else:
            _skip(following, value)
    return last


def _indent(following: Next, tasks: Any) -> tuple[int, bool]:
    """Read a mapping of tasks; return their indent in block style, and whether there is none."""
    first = following()
    if isinstance(first, MappingEndEvent):
        return 0, True
    column = 0 if tasks.flow_style else first.start_mark.column
    _skip(following, first)
    while not isinstance(event := following(), MappingEndEvent):
        _skip(following, event)
    return column, False


def _skip(following: Next, event: Any) -> None:
    """Read a value to its end."""
    depth = int(isinstance(event, _OPENS))
    while depth:
        event = following()
        depth += isinstance(event, _OPENS) - isinstance(event, _CLOSES)


def _told(text: str) -> Iterator[tuple[object, ...]]:
    """Yield what a text says, event by event, whatever its style."""
    following = events(BytesIO(text.encode()))
    following()  # the stream's own beginning
    while not isinstance(event := following(), StreamEndEvent):
        kind = type(event).__name__
        if isinstance(event, ScalarEvent):
            yield kind, event.anchor, event.tag, event.implicit[0], event.value
        elif isinstance(event, AliasEvent):
            yield kind, event.anchor
        elif isinstance(event, _OPENS):
            yield kind, event.anchor, event.tag
        else:
            yield (kind,)


def _tokens(text: str) -> list[tuple[object, ...]]:
    return list(_told(text))


def _body(tasks: tuple[WrittenTask, ...]) -> list[tuple[object, ...]]:
    """Return what tasks say, without the document around them."""
    return _tokens(new_document({}, tasks))[_BEFORE_TASKS:-_AFTER_TASKS]


def _closing(text: str) -> list[tuple[object, ...]]:
    return _tokens(text)[-_AFTER_TASKS:]


def _same(one: Iterator[tuple[object, ...]], other: Iterator[tuple[object, ...]]) -> bool:
    try:
        return all(here == there for here, there in zip_longest(one, other))
    except YAMLError:
        return False
