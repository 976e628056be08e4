"""Values that other words stood for before they were filled in, and still show them.

A row says `release + 1w`, and the template `${start} - 2wd`: the text that is worked out is
`2027-09-08 - 2wd`, and what a person reads is `release + 1w - 2wd`.
"""

from __future__ import annotations

from datetime import date, datetime
from typing import Any, Final, Self

_LONGEST: Final = 200


class WordedText(str):
    """A date expression that was filled in; `words` is what a person would have written."""

    __slots__ = ("words",)

    words: str

    def __new__(cls, text: str, words: str) -> Self:
        """Return the text with its words."""
        made = super().__new__(cls, text)
        made.words = words
        return made


class WordedDate(date):
    """A day that an expression came to."""

    words: str = ""


class WordedMoment(datetime):
    """The same with a time."""

    words: str = ""


def worded(when: date, text: str) -> date:
    """Return a date that remembers the expression that came to it; a plain date says itself."""
    words = " ".join(text.split())
    if len(words) > _LONGEST or not any(one.isalpha() and one not in "TZ" for one in words):
        return when
    made: WordedDate | WordedMoment
    if isinstance(when, datetime):
        made = WordedMoment.combine(when.date(), when.timetz())
    else:
        made = WordedDate(when.year, when.month, when.day)
    made.words = words
    return made


def words_of(value: object) -> str:
    """Return what was written for a value, "" where nothing else was."""
    return value.words if isinstance(value, WordedText | WordedDate | WordedMoment) else ""


def bare(value: Any) -> Any:
    """Return a block whose texts are plain ones, as the schema takes them."""
    if isinstance(value, dict):
        return {name: bare(part) for name, part in value.items()}
    if isinstance(value, list):
        return [bare(part) for part in value]
    return str(value) if value.__class__ is WordedText else value


def joined(words: str, rest: str) -> str:
    """Return an expression that begins with words of another, as it is read from left to right."""
    return f"({words}){rest}" if rest.strip() and " at " in words else f"{words}{rest}"
