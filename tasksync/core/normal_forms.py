"""Normal forms of Unicode, for texts that anybody may have written.

Python sorts the marks that stand on one letter, and takes time with the square of their number: a
description of 60 000 marks took half a minute. No language has a hundred in a row.
"""

from __future__ import annotations

from unicodedata import normalize

from tasksync.late_patterns import pattern_of

TYPE_CHECKING = False  # what typing would say; `--help` does without importing it
if TYPE_CHECKING:
    from typing import Literal, TypeAlias

    Form: TypeAlias = Literal["NFC", "NFKD"]

#: neither letter, digit, blank nor ASCII: so is every mark, but for two halfwidth ones of Japanese,
#: which are letters to Python
_MARK = "(?:[^\\w\\s\0-\x7f]|[\uff9e\uff9f])"
_MANY_MARKS = pattern_of(f"((?<!{_MARK}){_MARK}{{100,}})")


def normal_form(form: Form, text: str) -> str:
    """Return a text in a normal form; a hundred marks in a row and more stay as they are."""
    if text.isascii():
        return text
    if _MANY_MARKS.search(text) is None:
        return normalize(form, text)
    parts = _MANY_MARKS.split(text)
    parts[::2] = (normalize(form, part) for part in parts[::2])
    return "".join(parts)


def composed(text: str) -> str:
    """Return a text in NFC: what is drawn alike with letters and marks put together is equal."""
    return normal_form("NFC", text)
