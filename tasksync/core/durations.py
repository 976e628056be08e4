"""Lengths of time as people write them: one reader for flags and manifests."""

from __future__ import annotations

import re
from decimal import Decimal

from tasksync.late_patterns import pattern_of

#: what is right, for messages
FORMS = "seconds, or 30s, 5m, 2h30m"
_PART = r"[0-9]{1,9}(?:\.[0-9]{1,6})?"
_UNITS = {"h": Decimal(3600), "m": Decimal(60), "s": Decimal(1), "ms": Decimal("0.001")}
#: as it stands in schemas/manifest.schema.json, too: each unit once, the largest first
WRITTEN = "^(?=.)" + "".join(rf"(?:{_PART}{unit})?" for unit in _UNITS) + "$"
_NUMBER = pattern_of(_PART, re.ASCII)
_DURATION = pattern_of(r"(?=.)" + "".join(rf"(?:({_PART}){unit})?" for unit in _UNITS), re.ASCII)


def seconds_in(text: str) -> Decimal | None:
    """Return how many seconds `2h30m`, `1.5h`, `90s` or `250ms` are; None for what is none.

    A number without a unit is none: what it counts is the caller's to say. Days are none either,
    since a day of work and a day of waiting differ.
    """
    found = _DURATION.fullmatch(text)
    if found is None:
        return None
    pairs = zip(found.groups(), _UNITS.values(), strict=True)
    return sum((Decimal(part) * unit for part, unit in pairs if part), Decimal())


def seconds_or_number_in(text: str) -> Decimal | None:
    """The same, where a number without a unit counts seconds."""
    return Decimal(text) if _NUMBER.fullmatch(text) else seconds_in(text)


def why_not(text: str) -> str:
    """Return how to write what is no length of time."""
    if re.fullmatch(rf"{_PART} ?(d|days?)", text, re.ASCII):
        return "write days as hours: 1d is 24h, and a day of work 8h or so"
    if re.match(r"P[0-9T]", text):
        return f"write {FORMS}, not ISO 8601"
    return f"write {FORMS}"
