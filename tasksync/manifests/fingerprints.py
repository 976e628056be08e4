"""Blocks: the text of each task as it stands in its file, known again without being parsed.

The state keeps a source fingerprint of each: its text with what it asked (core.state), so text
that did not
change is neither parsed, checked nor normalised again, in a fresh checkout too. What makes that
safe:

- The key of the digest is everything else that a task depends on (defaults, zone, versions).
- A block is remembered only after the file was parsed as a whole, and its tasks began on exactly
  the lines where the cut blocks begin (`fingerprints_of`). A block in a block mapping means the
  same
  wherever its mapping is indented alike, since nothing in it refers to what is outside:
  anchors, aliases and tags are left to the parser, and so is whoever uses one.
- What could be misread here (key, parent) was held against the parse when it was remembered.
- The blocks that are not known are parsed, in their places, with comments where the known ones
  stand: a comment ends every open scalar in block style, and any other open value either swallows
  a block that should begin or never ends, so that the lines no longer agree. Then, and on any
  other doubt, the whole file is parsed.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from hashlib import blake2b
from typing import NamedTuple

from tasksync.core.fields import TaskKey
from tasksync.core.keys import normal_key
from tasksync.core.state import NO_SOURCE, EntryIndex, source_fingerprint
from tasksync.late_patterns import pattern_of
from tasksync.manifests.block_texts import Uncut, cut
from tasksync.manifests.columns import DIGEST, TaskColumns
from tasksync.manifests.reader import Stream
from tasksync.value_classes import dataclass, field

#: so many unknown blocks are always worth it; of more, only a share of those seen
FEW = 100
SHARE = 4

#: letters of other scripts are bytes from 0x80 on; whether they are letters, the parse has told
_KEY = pattern_of(rb" +([A-Za-z0-9\x80-\xff][A-Za-z0-9\x80-\xff._/-]*):[ \t]*(?:#[^\r\n]*)?\r?\n")
_PARENT = pattern_of(
    rb"\n +parent:[ \t]+([A-Za-z0-9\x80-\xff][A-Za-z0-9\x80-\xff._/-]*)[ \t]*\r?(?:\n|\Z)"
)
#: whatever might be an anchor, an alias or a tag, or takes a task over
_REFERS_ELSEWHERE = pattern_of(rb"(?:^|[\s\[\]{},:])(?:[&*]\S|!)|adopt", re.MULTILINE)
_SUSPECT = (b"&", b"*", b"!", b"adopt")


class Parsed(NamedTuple):
    """What the parse of a whole file told: keys by line, parents by key, digests in order."""

    keys: Mapping[int, str]
    parents: Mapping[str, str]
    asked: bytes


@dataclass(slots=True)
class Recalled:
    """A file whose known blocks are rows; `unknown` are rows that wait for the parse of `rest`.

    `rest` is the file with only the unknown blocks in it, each on its own line.
    """

    rows: TaskColumns = field(default_factory=TaskColumns)
    unknown: list[int] = field(default_factory=list)
    rest: bytes = b""


def recall(stream: Stream, tasks_line: int, context: str, index: EntryIndex) -> Recalled | None:
    """Return the tasks of a file by what the state knows of their blocks.

    None where the file is not cut into blocks, or where too many are unknown.
    """
    try:
        return _recalled(stream, tasks_line, context.encode(), index)
    except Uncut:
        return None


def _recalled(stream: Stream, tasks_line: int, key: bytes, index: EntryIndex) -> Recalled:
    preamble, _indent, texts = cut(stream, tasks_line)
    found, rest, gap = Recalled(), [preamble], 0
    line = preamble.count(b"\n") + 1
    rows, remembered = found.rows, index.rows.get
    for number, text in enumerate(texts):
        breaks = text.count(b"\n")
        named = _KEY.match(text)
        name = _text(named[1]) if named else ""
        row = remembered(TaskKey(name))
        asked = NO_SOURCE if row is None else index.asked(row)
        if row is not None and source_fingerprint(_digest(text, key), asked) == index.source(row):
            rows.add(index.key(row), asked, line, _parent(text))
            gap += breaks
        else:
            if len(found.unknown) >= FEW + number // SHARE:
                raise Uncut
            rows.add(name, NO_SOURCE, line, None)
            found.unknown.append(number)
            rest.append(b"#" + b"\n" * gap + text if gap else text)
            gap = 0
        line += breaks
    found.rest = b"".join(rest)
    return found


def fingerprints_of(
    stream: Stream, tasks_line: int, context: str, parsed: Parsed
) -> dict[TaskKey, bytes]:
    """Return the source fingerprints of the tasks of a file, where that may be remembered.

    Nothing is returned where the blocks are not cut exactly where the tasks were parsed.
    """
    try:
        return _fingerprints_of(stream, tasks_line, context.encode(), parsed)
    except Uncut:
        return {}


def _fingerprints_of(
    stream: Stream, tasks_line: int, key: bytes, parsed: Parsed
) -> dict[TaskKey, bytes]:
    preamble, _indent, texts = cut(stream, tasks_line)
    known: dict[TaskKey, bytes] = {}
    line, end = preamble.count(b"\n") + 1, 0
    for text in texts:
        name, start, end = parsed.keys.get(line), end, end + DIGEST
        if name is None:
            raise Uncut
        if _says(text, name, parsed.parents.get(name)):
            known[TaskKey(name)] = source_fingerprint(_digest(text, key), parsed.asked[start:end])
        line += text.count(b"\n")
    if not end == len(parsed.keys) * DIGEST == len(parsed.asked):
        raise Uncut
    return known


def _says(text: bytes, name: str, parent: str | None) -> bool:
    """Tell whether a block seems to say what it says, and refers to nothing outside."""
    named = _KEY.match(text)
    if named is None or _text(named[1]) != name or _parent(text) != parent:
        return False
    return not (any(one in text for one in _SUSPECT) and _REFERS_ELSEWHERE.search(text))


def _digest(text: bytes, key: bytes) -> bytes:
    return blake2b(text, digest_size=16, key=key).digest()


def _parent(text: bytes) -> str | None:
    if b"parent:" not in text:
        return None
    found = _PARENT.search(text)
    return _text(found[1]) if found else None


def _text(key: bytes) -> str:
    """Return a key in normal form; what is no UTF-8 is no key that anybody knows."""
    return normal_key(key.decode("utf-8", "replace"))
