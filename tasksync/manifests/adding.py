"""Tasks added to the text of a manifest that is there: nothing of its own is changed.

They go below the `tasks:` of the last document where that is the last thing that the document
says and stands in block style; else they become a document of their own behind it. What came out
is read again before anybody sees it: the old text asks for what it did, the new for the
tasks.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Iterable, Iterator, Mapping, Sequence
from io import BufferedIOBase, BytesIO
from itertools import chain, islice, zip_longest
from typing import Any, Final, TypeAlias

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
from tasksync.manifests.written_tasks import WrittenTask, head_text, tasks_text
from tasksync.value_classes import dataclass

_Token: TypeAlias = tuple[object, ...]

_OPENS: Final = (MappingStartEvent, SequenceStartEvent)
_CLOSES: Final = (MappingEndEvent, SequenceEndEvent)
_TASKS: Final = "tasks"
#: how deep tasks stand in a document of their own
_INDENT: Final = 2
#: what an empty mapping of tasks says on its one line
_NONE: Final = "tasks: {}"
#: so many characters are encoded at a time
_PIECE: Final = 4096
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
    first = next(following := iter(tasks), None)
    if first is None:
        return text
    end = _end_of(text)
    follows = header is None and end.takes_more
    # their text alone is held, once: ten thousand tasks are several times as large
    below = tasks_text(chain([first], following), (follows and end.indent) or _INDENT)
    document = f"{head_text(header or {})}{_TASKS}:\n", below
    if follows:
        whole = _joined(_above(text, end), below)
        if _same(_told(whole), _asked(text, document)):
            return whole
    whole = _joined(text, "---\n" if end.documents else "", *document)
    if not _same(_told(whole), chain(_told(text), _told(*document))):
        raise SettingsError(
            "Nothing can be added to it: its last line is in the middle of a text.",
            "End the file with an empty line, or write to another file.",
        )
    return whole


def takes_more(text: str) -> bool:
    """Tell whether tasks added to a text go into its last document; raises SettingsError."""
    return _end_of(text).takes_more


def _above(text: str, end: _End) -> str:
    """Return the text that tasks follow: `tasks: {}` makes way for them."""
    if not end.empty:
        return text
    at = text.rindex(_NONE) + len(_NONE)
    return text[: at - len(" {}")] + text[at:]


def _joined(text: str, *below: str) -> str:
    """Return a text with more below it, in the line ends that the text has."""
    crlf = "\r\n" in text and text.count("\n") == text.count("\r\n")
    gap = "" if not text or text.endswith("\n") else "\n"
    pieces = (gap, *below)
    ended = (one.replace("\n", "\r\n") for one in pieces) if crlf else pieces
    return "".join((text, *ended))


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


class _Encoded(BufferedIOBase):
    """Texts, one after the other, as a stream of bytes: no second copy of them is made."""

    def __init__(self, texts: Sequence[str]) -> None:
        self._pieces = (
            text[at : at + _PIECE] for text in texts for at in range(0, len(text), _PIECE)
        )

    def read(self, _size: int | None = -1, /) -> bytes:
        """Return the next piece, of whatever size; nothing at the end."""
        return next(self._pieces, "").encode()


def _told(*texts: str) -> Iterator[_Token]:
    """Yield what texts say as one, event by event, whatever its style."""
    following = events(_Encoded(texts))
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


def _asked(text: str, document: Sequence[str]) -> Iterator[_Token]:
    """Yield what a text says with the tasks of a document without a header below its own."""
    last: deque[_Token] = deque()
    yield from _but_last(_told(text), last)
    yield from _but_last(islice(_told(*document), _BEFORE_TASKS, None), deque())
    yield from last


def _but_last(tokens: Iterator[_Token], last: deque[_Token]) -> Iterator[_Token]:
    """Yield all but what closes tasks and document; that is left in `last`."""
    for token in tokens:
        last.append(token)
        if len(last) > _AFTER_TASKS:
            yield last.popleft()


def _same(one: Iterator[_Token], other: Iterator[_Token]) -> bool:
    try:
        return all(here == there for here, there in zip_longest(one, other))
    except YAMLError:
        return False
