"""Dates as people write them in sheets, as the manifest writes them: 31.12.2026, 31 декабря 2026.

What is none of these forms is left as it stands, for the manifest's own reader: an ISO
date, or an expression such as `release - 10wd`.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from datetime import date, datetime, timedelta
from typing import NamedTuple

from tasksync.core.normal_forms import composed
from tasksync.late_patterns import pattern_of
from tasksync.manifests.hints import shown
from tasksync.manifests.unplaced import BadValue

#: by the beginning of the word, in the three languages, from January on
_MONTHS = (
    ("jan", "янв", "jän"),
    ("feb", "фев"),
    ("mar", "мар", "mär", "mrz", "maer"),
    ("apr", "апр"),
    ("may", "май", "мая", "mai"),
    ("jun", "июн"),
    ("jul", "июл"),
    ("aug", "авг"),
    ("sep", "сен"),
    ("oct", "окт", "okt"),
    ("nov", "ноя"),
    ("dec", "дек", "dez"),
)
#: the whole words: what only begins like one is none (`marketing`)
_WHOLE = pattern_of(
    r"january|february|march|april|may|june|july|august|september|october|november|december|"
    r"jan|feb|mar|apr|jun|jul|aug|sept?|oct|nov|dec|"
    r"январ[ья]|феврал[ья]|марта?|апрел[ья]|ма[йя]|июн[ья]|июл[ья]|августа?|сентябр[ья]|"
    r"октябр[ья]|ноябр[ья]|декабр[ья]|янв|фев|февр|мар|апр|июн|июл|авг|сен|сент|окт|ноя|нояб|дек|"
    r"januar|jänner|februar|feber|märz|maerz|mrz|mär|mai|juni|juli|oktober|dezember|okt|dez"
)
_WEEKDAYS: Mapping[str, int] = {
    word: number
    for number, words in enumerate(
        (
            "monday mon понедельник пн montag mo",
            "tuesday tue вторник вт dienstag di",
            "wednesday wed среда ср mittwoch mi",
            "thursday thu четверг чт donnerstag do",
            "friday fri пятница пт freitag fr",
            "saturday sat суббота сб samstag sonnabend sa",
            "sunday sun воскресенье вс sonntag so",
        )
    )
    for word in words.split()
}
_WEEKDAY = pattern_of(r"([^\W\d_]+)\.?,?\s+(.*)", re.DOTALL)
_TIME = pattern_of(
    r"(.*?)(?:\s*[,T]\s*|\s+)(?:(?:at|um|в)\s+)?"
    r"(\d{1,2}):(\d{2})(?::(\d{2})(?:\.0+)?)?(?:\s*(am|pm|uhr))?"
    r"|(.*?)[\s,]+(?:(?:at|um|в)\s+)?(\d{1,2})\s*(am|pm|uhr)",
    re.IGNORECASE,
)
_DOTTED = pattern_of(r"(\d{1,2})\.\s?(\d{1,2})\.\s?(\d{4}|\d{2})(?:\s*(?:г|г\.|года))?")
_DIVIDED = pattern_of(r"(\d{1,2})([/-])(\d{1,2})\2(\d{4}|\d{2})")
_YEAR_FIRST = pattern_of(r"(\d{4})([./-])(\d{1,2})\2(\d{1,2})\.?")
_DAY_WORD = pattern_of(
    r"(\d{1,2})(?:\.|st|nd|rd|th)?[\s-]*([^\W\d_]+)\.?,?[\s-]*(\d{4})(?:\s*(?:г\.?|года))?"
)
_WORD_DAY = pattern_of(r"([^\W\d_]+)\.?\s*(\d{1,2})(?:st|nd|rd|th)?,?\s+(\d{4})")
#: a day and a month by its name, and no year: 5 марта, March 5th
_NO_YEAR = pattern_of(
    r"\d{1,2}(?:\.|st|nd|rd|th)?[\s-]*([^\W\d_]+)\.?"
    r"|([^\W\d_]+)\.?\s*\d{1,2}(?:st|nd|rd|th)?"
)
#: no date is longer: of what is, nothing is searched
_LONGEST = 100
#: beyond noon
_HALF = 12


class _Day(NamedTuple):
    """The parts of a date, which need not be there."""

    year: int
    month: int
    day: int


def as_written(text: str) -> str:
    """Return a cell's date as the manifest writes it; raises BadValue where it may be two.

    So it does where a month's name stands with a day and without a year.
    """
    folded = " ".join(composed(text).split())
    if len(folded) > _LONGEST:
        return folded
    day_text, clock = _divided(folded)
    day_text, weekday = _without_weekday(day_text)
    day = _day(day_text, text)
    if day is None:
        return folded
    written = f"{day.year:04}-{day.month:02}-{day.day:02}"
    if weekday is not None:
        _check_weekday(text, written, weekday)
    return f"{written}T{clock}" if clock else written


def of_moment(when: date) -> str:
    """Return a cell that is a date, with a time or without, as the manifest writes it."""
    if not isinstance(when, datetime):
        return when.isoformat()
    whole = when.replace(microsecond=0, tzinfo=None)
    if when.microsecond >= 500_000:  # noqa: PLR2004 - half a second: sheets count in fractions
        whole += timedelta(seconds=1)
    return whole.isoformat(timespec="seconds" if whole.second else "minutes")


def _divided(text: str) -> tuple[str, str]:
    """Return the date and the time of day that follows it, "" where none does."""
    found = _TIME.fullmatch(text)
    if found is None:
        return text, ""
    if found[2]:
        day, hour, minute, second, half = found.group(1, 2, 3, 4, 5)
    else:
        day, hour, half = found.group(6, 7, 8)
        minute, second = "00", None
    number = int(hour)
    if (half or "").lower() in {"am", "pm"}:
        if not 1 <= number <= _HALF:
            raise BadValue(f"{shown(text)} has no such hour", "write 18:00, or 6:00 pm")
        number = number % _HALF + (_HALF if str(half).lower() == "pm" else 0)
    clock = f"{number:02}:{minute}"
    return day.rstrip(" ,"), clock if second in {None, "00"} else f"{clock}:{second}"


def _without_weekday(text: str) -> tuple[str, int | None]:
    found = _WEEKDAY.fullmatch(text)
    if found is None:
        return text, None
    number = _WEEKDAYS.get(found[1].casefold())
    return (text, None) if number is None else (found[2], number)


def _check_weekday(told: str, written: str, weekday: int) -> None:
    try:
        day = date.fromisoformat(written)
    except ValueError:
        return  # that there is no such day is told by who reads it next
    if day.weekday() != weekday:
        name = ("Monday", "Tuesday", "Wednesday", "Thursday", "Friday", "Saturday", "Sunday")
        what = f"{shown(told)} is a {name[day.weekday()]}, and says another day"
        raise BadValue(what, "mend the day or the date")


def _day(text: str, told: str) -> _Day | None:
    if found := _DOTTED.fullmatch(text):
        day, month, year = found.groups()
        return _Day(_year(year), int(month), int(day))
    if found := _YEAR_FIRST.fullmatch(text):
        return _Day(int(found[1]), int(found[3]), int(found[4]))
    if found := _DIVIDED.fullmatch(text):
        return _either(told, int(found[1]), int(found[3]), found[4])
    folded = text.casefold()
    if found := _DAY_WORD.fullmatch(folded):
        month = _month(found[2])
        return _Day(int(found[3]), month, int(found[1])) if month else None
    if found := _WORD_DAY.fullmatch(folded):
        month = _month(found[1])
        return _Day(int(found[3]), month, int(found[2])) if month else None
    if (found := _NO_YEAR.fullmatch(folded)) and _month(found[1] or found[2]):
        raise BadValue(f"{shown(told)} has no year", "write the year too")
    return None


def _year(text: str) -> int:
    return int(text) if len(text) > 2 else 2000 + int(text)  # noqa: PLR2004 - two digits


def _either(told: str, first: int, second: int, year: str) -> _Day:
    """Return a date whose day and month some countries write the other way round."""
    if len(year) == 2:  # noqa: PLR2004 - two digits
        raise BadValue(f"{shown(told)} may be three dates or more", "write it like 2026-12-31")
    if first > _HALF or first == second:
        return _Day(int(year), second, first)
    if second > _HALF:
        return _Day(int(year), first, second)
    one, other = f"{year}-{second:02}-{first:02}", f"{year}-{first:02}-{second:02}"
    what = f"{shown(told)} may be {one} or {other}"
    raise BadValue(what, f"write {one} or {other}, or a real date where it is a workbook")


def _month(word: str) -> int:
    """Return the number of a month by its name, 0 where it is none."""
    if _WHOLE.fullmatch(word) is None:
        return 0
    return next((at for at, starts in enumerate(_MONTHS, 1) if word.startswith(starts)), 0)
