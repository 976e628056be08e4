"""Conditions of workflows (GitHub) and rules (GitLab): both have ==, !=, &&, ||, ! and ()."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

_TOKEN = re.compile(
    r"\s*(?:(?P<text>'(?:[^']|'')*'|\"[^\"]*\")|(?P<sign>==|!=|&&|\|\||!|\(|\))"
    r"|(?P<variable>\$\w+)|(?P<name>[A-Za-z_][\w.-]*))"
)
_WORDS: dict[str, object] = {"true": True, "false": False, "null": None}


class UnknownCondition(Exception):
    """A condition holds what these few lines cannot read."""


def _nothing(name: str) -> Any:
    raise UnknownCondition(name)


@dataclass
class Conditions:
    """Reads a condition with what `name`, `variable` and `call` say of its words."""

    name: Callable[[str], Any] = _nothing
    variable: Callable[[str], Any] = _nothing
    calls: Mapping[str, Callable[[], Any]] = field(default_factory=dict)

    def value(self, text: str) -> Any:
        """Return what it comes to. Raises UnknownCondition."""
        tokens = _tokens(text)
        found = self._either(tokens)
        if tokens:
            raise UnknownCondition(text)
        return found

    def _either(self, left: list[tuple[str, str]]) -> Any:
        found = self._both(left)
        while _next(left, "||"):
            other = self._both(left)
            found = found or other
        return found

    def _both(self, left: list[tuple[str, str]]) -> Any:
        found = self._compared(left)
        while _next(left, "&&"):
            other = self._compared(left)
            found = found and other
        return found

    def _compared(self, left: list[tuple[str, str]]) -> Any:
        found = self._one(left)
        for sign in ("==", "!="):
            if _next(left, sign):
                return _same(found, self._one(left)) == (sign == "==")
        return found

    def _one(self, left: list[tuple[str, str]]) -> Any:
        if _next(left, "!"):
            return not self._one(left)
        if _next(left, "("):
            found = self._either(left)
            _must(left, ")")
            return found
        kind, word = left.pop(0) if left else ("", "the end")
        if kind == "text":
            return word[1:-1].replace("''", "'")
        if kind == "variable":
            return self.variable(word[1:])
        if kind != "name":
            raise UnknownCondition(word)
        if _next(left, "("):
            _must(left, ")")
            return self.calls.get(word, lambda: _nothing(word))()
        return _WORDS[word] if word in _WORDS else self.name(word)


def _tokens(text: str) -> list[tuple[str, str]]:
    found, at, text = [], 0, text.strip()
    while at < len(text):
        token = _TOKEN.match(text, at)
        if token is None:
            raise UnknownCondition(text[at:])
        found.append((str(token.lastgroup), token[str(token.lastgroup)]))
        at = token.end()
    return found


def _next(left: list[tuple[str, str]], sign: str) -> bool:
    if left and left[0] == ("sign", sign):
        left.pop(0)
        return True
    return False


def _must(left: list[tuple[str, str]], sign: str) -> None:
    if not _next(left, sign):
        raise UnknownCondition(sign)


def _same(one: Any, other: Any) -> bool:
    """Texts are the same to GitHub whatever their case; nothing is the empty text to both."""
    if isinstance(one, str) and isinstance(other, str):
        return one.lower() == other.lower()
    return (one or "") == (other or "")
