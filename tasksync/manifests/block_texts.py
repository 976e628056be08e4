"""The texts of the tasks of a file, cut where the next begins, without a parser of YAML.

Only of a file of which the header's pass has seen that nothing but tasks in block style can
follow from a line on (`FileHeader.tasks_line`). What a cut is good for, its user has to prove.
"""

from __future__ import annotations

import re
from collections.abc import Iterator

from tasksync.late_patterns import pattern_of
from tasksync.manifests.reader import Stream

CHUNK = 1 << 20
LONGEST = 4 << 20  # bytes of one block

_TASKS = pattern_of(rb"tasks:[ \t]*(?:#[^\r\n]*)?\r?\n")
#: a line that holds no value: blank, or a comment
_NOTHING = pattern_of(rb"[ \t]*(?:#[^\r\n]*)?\r?\n?\Z")


class Uncut(ValueError):
    """This file is no list of blocks, or not one that is worth it."""


def cut(stream: Stream, tasks_line: int) -> tuple[bytes, int, Iterator[bytes]]:
    """Return what stands before the first block, the indent of the blocks, and their texts.

    Raises Uncut where nothing follows `tasks:` in its line and below it that could be cut.
    """
    preamble = [stream.readline() for _line in range(tasks_line)]
    if not preamble or _TASKS.match(preamble[-1]) is None:
        raise Uncut
    while (line := stream.readline()) and _NOTHING.match(line):
        preamble.append(line)
    indent = len(line) - len(line.lstrip(b" "))
    if not indent or line[indent : indent + 1] == b"\t":
        raise Uncut
    return b"".join(preamble), indent, _texts(stream, line, indent)


def _texts(stream: Stream, first: bytes, indent: int) -> Iterator[bytes]:
    """Yield texts that begin with a value at this indent, each to where the next begins."""
    begins = re.compile(rb"\n {%d}[^ \t\r\n#]" % indent)
    kept = first
    while chunk := stream.read(CHUNK):
        searched = max(0, len(kept) - indent - 1)
        kept += chunk
        start = 0
        for found in begins.finditer(kept, searched):
            end = found.start() + 1
            yield kept[start:end]
            start = end
        kept = kept[start:]
        if len(kept) > LONGEST:
            raise Uncut
    yield kept
