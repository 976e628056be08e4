"""The standard library's `re.compile`, at first use: a plan imports 130 patterns and needs 24."""

from __future__ import annotations

import re

TYPE_CHECKING = False  # what typing would say
if TYPE_CHECKING:
    from re import compile as pattern_of
    from typing import Any

__all__ = ["pattern_of"]

_OFFERED = (
    *("findall", "finditer", "flags", "fullmatch", "groupindex", "groups", "match", "pattern"),
    *("search", "split", "sub", "subn"),
)


class _Pattern:
    """What a compiled pattern offers, and from its first use on, its own methods."""

    def __init__(self, text: Any, flags: int = 0) -> None:
        self._asked = text, flags

    def __getattr__(self, name: str) -> Any:
        if name not in _OFFERED:
            raise AttributeError(name)
        text, flags = self._asked
        compiled = re.compile(text, flags)
        self.__dict__ |= {one: getattr(compiled, one) for one in _OFFERED}
        return getattr(compiled, name)


if not TYPE_CHECKING:
    pattern_of = _Pattern
