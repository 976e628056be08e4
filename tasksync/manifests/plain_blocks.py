r"""Blocks of the plainest form, read without a parser of YAML: one field a line, or a list.

A recogniser, not a parser: it knows one narrow form of YAML, in which a line means one thing
whatever stands around it, and leaves every other block to libyaml. A block it takes is

    key:                            # letters, digits and . _ / - alone
      name: some words              # beginning with a letter or digit; no `: ` and no ` #` in it
      name: "words" or 'words'      # the quote not in it, no backslash but \n \t \" and \\
      name: [one, two]              # words, digits and . _ / @ - alone
      name:
        - some words
      description: |                # or |-
        lines of words

with comments and blank lines between. That it reads what libyaml reads is held by a law that
tries both (tests/manifests/test_plain_blocks.py).
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from typing import Final, TypeAlias

import orjson

from tasksync.late_patterns import pattern_of
from tasksync.manifests.reader import plain

#: how many lines are remembered, and how long they may be: most lines but titles repeat
REMEMBERED: Final = 10_000
_LONGEST_LINE: Final = 64
_TITLES: Final = frozenset({"title", "description"})

#: the line of a key; libyaml takes no longer one
_HEAD = pattern_of(r" +([^\W_][\w./-]{0,999}):\Z")
_ITEM = r"[^\W_](?:[\w ./@-]*[\w./@-])?"
_LIST = pattern_of(rf"\[(?:{_ITEM}(?:, {_ITEM})*)?\]\Z")
#: what else but letters and digits of any script no plain scalar of ours holds
_DASH: Final = pattern_of(r" *- (?! )")

#: the one field that may hold a text of many lines, with its lines
_DESCRIPTION: Final = "description"
_TEXT = pattern_of(rf"\n( +){_DESCRIPTION}: (\|-?)\n((?:\1 +[^ \n][^\n]*\n)(?:\1 +[^\n]*\n|\n)*)")
#: in what is not one field a line: a blank line, a comment, an item
_SIGNS: Final = ("\n\n", "#", "- ")
_QUOTED = pattern_of(r'"(?:[^"\\]|\\[nt"\\])*"\Z')

#: a field with its value
Pair: TypeAlias = "tuple[str, object]"


class Unusual(ValueError):
    """Not of the plain form."""


class PlainBlocks:
    """Reads the blocks of one file, whose keys stand at one indent."""

    def __init__(self, names: Mapping[str, str], indent: int) -> None:
        self._lines = _PlainLines(names)
        self._known = self._lines.__getitem__
        self._indent = indent
        self._between = "\n" + " " * 2 * indent

    def read(self, text: bytes) -> tuple[str, dict[str, object]] | None:
        """Return key and fields of a block; None where it is not of the plain form."""
        try:
            told = text.decode()
            key, pairs = self._pairs(told.replace("\r\n", "\n") if "\r" in told else told)
        except ValueError:
            return None
        body = dict(pairs)
        return (key, body) if len(body) == len(pairs) else None

    def _pairs(self, told: str) -> tuple[str, list[Pair]]:
        try:
            key, lines = self._cut(told.rstrip("\n"))
            return key, [*map(self._known, lines)]
        except Unusual:
            found = _TEXT.search(told)
            if found is not None:
                return self._with_text(told, found)
            if not any(sign in told for sign in _SIGNS):
                raise
        key, lines = self._cut(_without_comments(told))
        return key, [*self._with_lists(lines)]

    def _with_text(self, told: str, found: re.Match[str]) -> tuple[str, list[Pair]]:
        """Return key and fields of a block with a text of many lines: as if it were of one word."""
        begin, style, written = found.groups()
        before, after = told[: found.start()], told[found.end() :]
        end = after.partition("\n")[0]
        # a shorter line of spaces is one of the text, too; so is a last line that does not end
        if end.isspace() or end.startswith(begin + " "):
            raise Unusual
        value = _of_many_lines(written) + ("" if style == "|-" else "\n")
        key, pairs = self._pairs(f"{before}\n{begin}{_DESCRIPTION}: text\n{after}")
        return key, [(name, value if name == _DESCRIPTION else one) for name, one in pairs]

    def _cut(self, told: str) -> tuple[str, list[str]]:
        """Return the key, and the lines of the fields without their indent."""
        head, *lines = told.split(self._between)
        if not lines or lines[0][:1] == " ":
            head, *lines = told.split(self._between_fields(told))
        named = _HEAD.match(head)
        if named is None or not head.isprintable() or plain(named[1]).__class__ is not str:
            raise Unusual
        return named[1], lines

    def _between_fields(self, told: str) -> str:
        """Return what divides fields, from now on: these stand at another indent."""
        rest = told[told.find("\n") + 1 :]
        indent = len(rest) - len(rest.lstrip(" "))
        if indent <= self._indent:
            raise Unusual
        self._between = "\n" + " " * indent
        return self._between

    def _with_lists(self, lines: list[str]) -> Iterator[Pair]:
        """Yield the fields of lines among which are items, each in its own line."""
        at = 0
        while at < len(lines):
            line, first = lines[at], at + 1
            at = first
            while at < len(lines) and lines[at].startswith((" ", "- ")):
                at += 1
            yield self._lines.listed(line, lines[first:at]) if at > first else self._lines[line]


class _PlainLines(dict[str, Pair]):
    """What a field's line says. A dict, because lines repeat."""

    def __init__(self, names: Mapping[str, str]) -> None:
        super().__init__()
        self._names = names

    def __missing__(self, line: str) -> Pair:
        name, _colon, written = line.partition(": ")
        if name not in self._names or not line.isprintable():
            raise Unusual
        if written[:1].isalnum():
            if ": " in written or " #" in written or written[-1] in ": ":
                raise Unusual
            value = plain(written)
        else:
            value = _quoted_or_listed(written)
        pair = self._names[name], value
        if len(line) <= _LONGEST_LINE and name not in _TITLES:
            if len(self) >= REMEMBERED:
                self.clear()
            self[line] = pair
        return pair

    def listed(self, line: str, items: list[str]) -> Pair:
        """Return what a line says that items follow."""
        name = self._names.get(line.removesuffix(":"))
        if name is None or name == line:
            raise Unusual
        return name, _items(items)


def _quoted_or_listed(written: str) -> object:
    first = written[:1]
    if first == "[" and _LIST.match(written):
        return [plain(item) for item in written[1:-1].split(", ")] if written != "[]" else []
    if first in {'"', "'"} and len(written) > 1 and written[-1] == first:
        inner = written[1:-1]
        if first not in inner and "\\" not in inner:
            return inner
        if first == '"' and _QUOTED.match(written):
            return orjson.loads(written)
    raise Unusual


def _items(lines: list[str]) -> list[object]:
    """Return the items of a list in block style, each in its line."""
    dash = _DASH.match(lines[0])
    if dash is None:
        raise Unusual
    begins = dash[0]
    items: list[object] = []
    for line in lines:
        item = line[len(begins) :]
        if not line.startswith(begins) or not item[:1].isalnum() or not item.isprintable():
            raise Unusual
        if ": " in item or " #" in item or item[-1] in ": ":
            raise Unusual
        items.append(plain(item))
    return items


def _of_many_lines(written: str) -> str:
    """Return the lines of a text without their margin, and without blank lines at the end."""
    lines = written.split("\n")
    margin = lines[0][: len(lines[0]) - len(lines[0].lstrip(" "))]
    for line in lines:
        if line and (not line.startswith(margin) or line.isspace() or not line.isprintable()):
            raise Unusual
    return "\n".join([line[len(margin) :] for line in lines]).rstrip("\n")


def _without_comments(told: str) -> str:
    """Return a block without blank lines and comments, which it has where it is of the plain form.

    What is left has no value of many lines, or is not plain: there they would belong to the value.
    """
    kept = []
    for line in told.split("\n"):
        bare = line.lstrip(" ")
        if bare.startswith("#") and line.isprintable():
            continue
        if bare:
            kept.append(line)
    return "\n".join(kept)
