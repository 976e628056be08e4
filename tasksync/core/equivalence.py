"""One normal form of what people write, for telling whether two values are the same task's.

Portals decode, trim and re-case texts (design 5, contract 7): this form is taken of both sides
where a task is recognised, and never to tell whether a field has to be written.
"""

from __future__ import annotations

from collections.abc import Iterable

from tasksync.core.fields import FIELDS, FieldKind, Value, canonical
from tasksync.core.normal_forms import composed
from tasksync.late_patterns import pattern_of

#: how often entities inside entities are decoded
_DECODINGS = 4
#: what a database without four-byte characters cannot hold (utf8mb3)
_BEYOND = pattern_of(r"[\U00010000-\U0010ffff]+")
#: what may stand in the place of such characters: replacements, and blanks
_REPLACED_AND_BLANK = "?\ufffd \t\n\u00a0"


def normal_text(text: str) -> str:
    """Return a text in NFC, entities decoded, line ends unified, outer blanks trimmed."""
    for _ in range(_DECODINGS if "&" in text else 0):
        from html import unescape  # knows 2 200 names, and few texts have one

        decoded = unescape(text)
        if decoded == text:
            break
        text = decoded
    return composed(text.replace("\r\n", "\n").replace("\r", "\n")).strip()


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
    """Tell whether a found title is the sent one, or what a portal can have left of it."""
    wanted, there = normal_title(sent), normal_title(found)
    return wanted == there or lost_characters(wanted, there)


def lost_characters(sent: str, found: str) -> bool:
    """Tell whether a text is another without what some databases cannot hold (utf8mb3).

    Characters beyond the basic plane may be dropped, replaced, or cut off with all behind them;
    blanks beside them may go too.
    """
    parts = _BEYOND.split(normal_text(sent))
    there = normal_text(found)
    if len(parts) == 1:
        return False
    if there == parts[0].strip():
        return True
    at = 0
    for part in parts:
        words = part.split()
        for word in words:
            at = _behind(there, word, at)
            if at < 0:
                return False
    return bool(there) and not there[at:].strip(_REPLACED_AND_BLANK)


def _behind(text: str, word: str, at: int) -> int:
    """Return where a word ends that stands next but for blanks and replacements, or -1."""
    start = text.find(word, at)
    if start < 0 or text[at:start].strip(_REPLACED_AND_BLANK):
        return -1
    return start + len(word)


def normal_value(name: str, value: Value) -> object:
    """Return a field's value in the plain form in which equivalent values are equal."""
    kind = FIELDS[name].kind
    if kind is FieldKind.TEXT:
        return normal_title(str(value or "")) if name == "title" else normal_text(str(value or ""))
    if kind is FieldKind.TAGS and isinstance(value, tuple):
        return normal_tags(str(one) for one in value)
    return canonical(name, value)


def equivalent(name: str, left: Value, right: Value) -> bool:
    """Tell whether two values of a field are the same in normal form."""
    if name == "title":
        return title_matches(str(left or ""), str(right or ""))
    return left == right or normal_value(name, left) == normal_value(name, right)
