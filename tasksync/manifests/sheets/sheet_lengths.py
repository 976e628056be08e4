"""Lengths of time in sheets: 2h30m, 2 ч 30 мин, 1,5 Std., 2:30, or a number whose column says."""

from __future__ import annotations

import re
from collections.abc import Mapping
from datetime import time, timedelta
from decimal import Decimal

from tasksync.core.durations import seconds_in
from tasksync.late_patterns import pattern_of
from tasksync.manifests.hints import shown
from tasksync.manifests.sheets.cells import Cell, Formatted
from tasksync.manifests.unplaced import BadValue

_CLOCK = pattern_of(r"(\d{1,4}):([0-5]\d)(?::([0-5]\d))?", re.ASCII)
_NUMBER = pattern_of(r"\d{1,9}(?:[.,]\d{1,6})?", re.ASCII)
_PART = pattern_of(r"(\d{1,9}(?:[.,]\d{1,6})?)\s*([^\W\d_]+)\.?\s*")
_NAMES: Mapping[int, str] = {
    3600: "h hr hrs hour hours ч час часа часов std stunde stunden",
    60: "m min mins minute minutes мин минута минуты минут minuten",
    1: "s sec seconds сек секунд секунды sek sekunden",
}
_WORDS: Mapping[str, int] = {
    word: seconds for seconds, words in _NAMES.items() for word in words.split()
}
_UNITS = {"h": 3600, "m": 60, "s": 1}


def length_of(cell: Cell, unit: str) -> str:
    """Return a length as the manifest writes it; `unit` is what a bare number counts.

    Raises BadValue.
    """
    match cell:
        case timedelta():
            return _written(cell, Decimal(round(cell.total_seconds())))
        case time():
            return _written(cell, Decimal(cell.hour * 3600 + cell.minute * 60 + cell.second))
        case bool():
            raise _none(cell)
        case int() | float():
            return _counted(cell, Decimal(str(cell)), unit)
        case Formatted(number):
            return _counted(number, Decimal(str(number)), unit)
        case str():
            return _of_text(cell.strip(), unit)
    raise _none(cell)


def _of_text(text: str, unit: str) -> str:
    if clock := _CLOCK.fullmatch(text):
        hours, minutes, seconds = (int(part or 0) for part in clock.groups())
        return _written(text, Decimal(hours * 3600 + minutes * 60 + seconds))
    if _NUMBER.fullmatch(text):
        return _counted(text, Decimal(text.replace(",", ".")), unit)
    if (found := seconds_in(text)) is not None:
        return _written(text, found)
    parts = _PART.findall(text)
    if parts and "".join(_PART.split(text)[::3]).strip() == "":
        factors = [_WORDS.get(word.casefold()) for _number, word in parts]
        if None not in factors:
            total = sum(
                Decimal(number.replace(",", ".")) * (factor or 0)
                for (number, _word), factor in zip(parts, factors, strict=True)
            )
            return _written(text, Decimal(total))
    raise _none(text)


def _counted(told: object, number: Decimal, unit: str) -> str:
    if unit:
        return _written(told, number * _UNITS[unit])
    what = f"{shown(str(told))} does not say what it counts"
    raise BadValue(what, "write 8h or 30m, or let the column's name say it: Estimate (h)")


def _written(told: object, seconds: Decimal) -> str:
    """Return whole seconds as hours, minutes and seconds."""
    if seconds != int(seconds):
        raise BadValue(f"{shown(str(told))} is no whole number of seconds", "round it")
    if seconds < 0:
        raise _none(told)
    minutes, left = divmod(int(seconds), 60)
    hours, minutes = divmod(minutes, 60)
    parts = [(hours, "h"), (minutes, "m"), (left, "s")]
    return "".join(f"{number}{letter}" for number, letter in parts if number) or "0s"


def _none(told: object) -> BadValue:
    return BadValue(f"{shown(str(told))} is no length of time", "write it like 2h30m or 2:30")
