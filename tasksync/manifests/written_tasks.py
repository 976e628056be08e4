"""Tasks written as YAML: below an existing file's own text, or as a document of their own.

Lossless under our reader: whatever text a task holds is read back as it was. Words that no reader
of YAML takes for anything else stand as they are, lines under each other in a block, all other
text in double quotes. What the text of a manifest may not hold (control characters but newline and
tab) is written all the same, and then refused by `validate`: who writes leaves it out before.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterable, Iterator, Mapping
from functools import lru_cache
from typing import Final

from tasksync.core.keys import is_key
from tasksync.core.normal_forms import composed
from tasksync.core.unseen import STEERING, escaped
from tasksync.late_patterns import pattern_of
from tasksync.manifests.foreign import API_VERSION
from tasksync.manifests.reader import plain
from tasksync.value_classes import dataclass

#: letters of any script, digits and signs that mean nothing in YAML, one blank between words
_WORDS: Final = pattern_of(r"[^\W\d_][\w./-]*(?:@[\w./-]+|(?: [\w./-]+)*)")
_LONGEST: Final = 300
_SHORT: Final = 40
#: what some readers take for true, false or nothing
_CONSTANTS: Final = frozenset({"y", "n", "yes", "no", "on", "off", "true", "false", "null"})
#: what JSON leaves as it is and YAML takes for a line break, or does not take, and what whoever
#: reviews the file would not see; none of it stands in a block as it is
_ESCAPED: Final = pattern_of(f"[{STEERING}]")
#: what falls away without a trace in a key, and what becomes a hyphen
_QUOTES: Final = pattern_of("['\"`\u2018-\u201f\u00ab\u00bb]")
_NO_KEY: Final = pattern_of(r"[^\w.-]+")
_LONGEST_KEY: Final = 100
_NAMELESS: Final = "task"


@dataclass(frozen=True, slots=True)
class WrittenTask:
    """A task to be written: its key, and its fields in the order to write, in plain values.

    A value is a text, a number, true or false, None, a list of texts and numbers, or a mapping of
    names to such (`adopt`: {id: 7}).
    """

    key: str
    fields: Mapping[str, object]


def tasks_text(tasks: Iterable[WrittenTask], indent: int = 2) -> str:
    """Return the YAML of tasks, to stand below `tasks:`, each line ended by a line feed."""
    return "".join([_task(one, indent) for one in tasks])


def new_document(header: Mapping[str, object], tasks: Iterable[WrittenTask]) -> str:
    """Return a whole document: `apiVersion`, what the header names, and the tasks."""
    return "".join(document_pieces(header, tasks))


def document_pieces(header: Mapping[str, object], tasks: Iterable[WrittenTask]) -> Iterator[str]:
    """Yield the same document in pieces: a hundred thousand tasks need not be held at once."""
    yield head_text(header)
    empty = True
    for task in tasks:
        if empty:
            yield "tasks:\n"
        empty = False
        yield _task(task, 2)
    if empty:
        yield "tasks: {}\n"


def head_text(header: Mapping[str, object]) -> str:
    """Return what stands in a document above its tasks."""
    said = [f"{scalar(name)}:{_value(value, 2, 2)}\n" for name, value in header.items()]
    return "".join((f"apiVersion: {API_VERSION}\n", *said))


def scalar(text: str) -> str:
    """Return a text on one line as YAML that means just it."""
    return _repeated(text) if len(text) <= _SHORT else _scalar(text)


def _scalar(text: str) -> str:
    if (
        len(text) <= _LONGEST
        and text.isprintable()
        and _WORDS.fullmatch(text)
        and text.lower() not in _CONSTANTS
        and plain(text) == text
    ):
        return text
    quoted = json.dumps(text, ensure_ascii=False)
    return _ESCAPED.sub(_escape, quoted)


_repeated = lru_cache(maxsize=4096)(_scalar)  # names, people, tags and dates come again and again


def key_of(title: str, taken: set[str]) -> str:
    """Return a key made of a title, and put it among the taken ones.

    Letters and digits of any script are kept, blanks and other signs become a hyphen; a number
    makes it unique.
    """
    words = _NO_KEY.sub("-", _QUOTES.sub("", composed(title)))
    words = composed(words[:_LONGEST_KEY]).lstrip("._-")
    key = re.sub(r"-{2,}", "-", words).rstrip("._-")
    if not is_key(key):
        key = _NAMELESS
    if key in taken:
        key = f"{key}-{_free(key, taken)}"
    taken.add(key)
    return key


def _free(key: str, taken: set[str]) -> int:
    """Return a number that makes a key unique, found in few steps where many are taken."""
    high = 2
    while f"{key}-{high}" in taken:
        high *= 2
    low = high // 2  # taken, or 1
    while high - low > 1:
        middle = (low + high) // 2
        low, high = (middle, high) if f"{key}-{middle}" in taken else (low, middle)
    return high


def _escape(found: re.Match[str]) -> str:
    return escaped(found[0])


def _task(task: WrittenTask, indent: int) -> str:
    outer, inner = " " * indent, " " * (2 * indent)
    lines = [f"{outer}{scalar(task.key)}:{'' if task.fields else ' {}'}\n"]
    for name, value in task.fields.items():
        lines.append(f"{inner}{scalar(name)}:{_value(value, 2 * indent, indent)}\n")
    return "".join(lines)


def _value(value: object, depth: int, indent: int) -> str:
    """Return what stands behind a name and its colon, at a depth of so many blanks."""
    if isinstance(value, str) and _fits_block(value):
        return _block(value, depth, indent)
    return f" {_flow(value)}"


def _flow(value: object) -> str:
    """Return a value on one line."""
    match value:
        case str():  # first: most are
            return scalar(value)
        case None | bool():
            return json.dumps(value)
        case int():
            return str(value)
        case float():
            return f"{value:.20f}".rstrip("0")
        case Mapping():
            pairs = (f"{scalar(str(name))}: {_flow(one)}" for name, one in value.items())
            return f"{{{', '.join(pairs)}}}"
        case list() | tuple():
            return f"[{', '.join(map(_flow, value))}]"
    raise TypeError(value)


def _fits_block(text: str) -> bool:
    """Tell whether lines of a text can stand under each other as they are."""
    return "\n" in text.strip("\n") and _ESCAPED.search(text) is None and bool(text.strip())


def _block(text: str, depth: int, indent: int) -> str:
    """Return a text as a literal block: a name's own depth, and the lines deeper by `indent`.

    Each line of it is as it was; how many line feeds end it is told by the mark, and where the
    first line begins with a blank the depth is told too.
    """
    body = text.rstrip("\n")
    ends = len(text) - len(body)
    told = str(indent) if body.lstrip("\n")[:1] in {" ", "\t"} or body[0] == "\n" else ""
    mark = ("-", "", "+")[min(ends, 2)]
    margin = " " * (depth + indent)
    lines = [margin + line if line else "" for line in body.split("\n")]
    return "\n".join((f" |{told}{mark}", *lines, *[""] * max(ends - 1, 0)))
