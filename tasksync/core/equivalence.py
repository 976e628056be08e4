"""One normal form of what people write, for telling whether two values are the same task's.

Portals decode, trim and re-case texts (design 5, contract 7): this form is taken of both sides
where a task is recognised, and never to tell whether a field has to be written.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from html import unescape
from unicodedata import normalize

from tasksync.core.fields import FIELDS, Kind, Value, canonical

#: how often entities inside entities are decoded
_DECODINGS = 4
#: what a database without four-byte characters cannot hold (utf8mb3)
_BEYOND = re.compile(r"[\U00010000-\U0010ffff]+")
#: what stands in the place of such characters where they are replaced
_REPLACED = "[?\ufffd]*"


def normal_text(text: str) -> str:
    """Return a text in NFC, entities decoded, line ends unified, outer blanks trimmed."""
    for _ in range(_DECODINGS):
        decoded = unescape(text)
        if decoded == text:
            break
        text = decoded
    return normalize("NFC", text.replace("\r\n", "\n").replace("\r", "\n")).strip()


def normal_title(title: str) -> str:
    """Return a title in normal form, its inner blanks folded too."""
    return " ".join(normal_text(title).split())


def normal_tags(tags: Iterable[str]) -> tuple[str, ...]:
    """Return tags in normal form: sorted, each once, without case."""
    return tuple(sorted({normal_title(tag).casefold() for tag in tags} - {""}))


def loses_characters(title: str) -> bool:
    """Tell whether a title holds characters that some portals cannot keep."""
    return _BEYOND.search(title) is not None


def title_matches(sent: str, found: str) -> bool:
    """Tell whether a found title is the sent one, or what a portal can have left of it.

    Characters beyond the basic plane may be dropped, replaced, or cut off with all behind them.
    """
    wanted, there = normal_title(sent), normal_title(found)
    if wanted == there:
        return True
    parts = _BEYOND.split(wanted)
    if len(parts) == 1:
        return False
    if there == parts[0].strip():
        return True
    shape = _REPLACED.join(r"\s*" + r"\s*".join(map(re.escape, p.split())) + r"\s*" for p in parts)
    return bool(there) and re.fullmatch(shape, there) is not None


def normal_value(name: str, value: Value) -> object:
    """Return a field's value in the plain form in which equivalent values are equal."""
    kind = FIELDS[name].kind
    if kind is Kind.TEXT:
        return normal_title(str(value or "")) if name == "title" else normal_text(str(value or ""))
    if kind is Kind.TAGS and isinstance(value, tuple):
        return normal_tags(str(one) for one in value)
    return canonical(name, value)


def equivalent(name: str, left: Value, right: Value) -> bool:
    """Tell whether two values of a field are the same in normal form."""
    if name == "title":
        return title_matches(str(left or ""), str(right or ""))
    return left == right or normal_value(name, left) == normal_value(name, right)
