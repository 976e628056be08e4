"""How a value of the portal is written where another stood: in the same style, best first.

Each form that is returned is a proposal: whoever asks reads it back, and takes the first that is
read as exactly the portal's value.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from datetime import datetime
from typing import Any, Final
from zoneinfo import ZoneInfo

from tasksync.core.address_book import ListedGroup
from tasksync.core.fields import (
    FIELDS,
    PRIORITY_WORDS,
    STATUS_WORDS,
    FieldKind,
    Value,
    is_instant,
)
from tasksync.late_patterns import pattern_of
from tasksync.value_classes import dataclass

_MOMENT: Final = pattern_of(
    r"\d{4}-\d\d-\d\d"
    r"(?:(?P<sep>[T ])\d\d:\d\d(?P<seconds>:\d\d)?(?P<offset>Z|[+-]\d\d(?::?\d\d)?)?)?",
    re.ASCII,
)
_HOUR: Final = 3600
_WORDS: Final = {FieldKind.STATUS: STATUS_WORDS, FieldKind.PRIORITY: PRIORITY_WORDS}


@dataclass(frozen=True, slots=True)
class NumberNames:
    """What stands for numbers: names of `people`, addresses of people, names of groups.

    `named` is the manifest's own table. `addresses` and `groups` are asked for when they are
    needed: addresses that lead to one active person each, and every workgroup that is listed.
    """

    named: Mapping[str, int | str | None]
    addresses: Callable[[], Mapping[int, str]]
    groups: Callable[[], Sequence[ListedGroup]]

    def person(self, number: int, like: object) -> Iterator[int | str]:
        """Yield what a person may be written as where `like` stood."""
        if isinstance(like, str):
            uses = "@" in like or any("@" in str(means) for means in self.named.values())
            address = self.addresses().get(number, "") if uses else ""
            names = [name for name, means in self.named.items() if self._is(means, number, address)]
            words = [address, *names] if "@" in like else [*names, address]
            yield from (word for word in words if word)
        yield number

    @staticmethod
    def _is(means: int | str | None, number: int, address: str) -> bool:
        if isinstance(means, str):
            return bool(address) and means.strip().casefold() == address.casefold()
        return means == number

    def group(self, number: int, like: object) -> Iterator[int | str]:
        """Yield what a group may be written as where `like` stood."""
        if isinstance(like, str):
            yield from (one.name for one in self.groups() if one.id == number and one.name)
        yield number


@dataclass(frozen=True, slots=True)
class FormsOfValues:
    """Proposes forms of values; `number_of` tells which number stands behind a written person."""

    names: NumberNames
    zone: ZoneInfo | None
    number_of: Callable[[int | str], int | None]

    def of(self, name: str, found: Value, like: object, usual: object = None) -> Iterator[Any]:
        """Yield how a field's value may be written where `like` stands; the best comes first.

        `usual` is how the manifest writes people elsewhere, for a list that names nobody yet. A
        parent is not for here: it is written under two names.
        """
        kind = FIELDS[name].kind
        if kind is FieldKind.EXTRA:
            yield from self._extra(found, like)
        elif found == FIELDS[name].empty:
            yield from self._empty(kind)
        else:
            yield from self._filled(kind, found, like, usual)

    @staticmethod
    def _empty(kind: FieldKind) -> Iterator[Any]:
        if kind in {FieldKind.PEOPLE, FieldKind.TAGS}:
            yield []
        yield 0 if kind is FieldKind.SECONDS else None

    def _filled(self, kind: FieldKind, found: Any, like: object, usual: object) -> Iterator[Any]:
        match kind:
            case FieldKind.STATUS | FieldKind.PRIORITY:
                if not isinstance(like, int):
                    yield _WORDS[kind].get(found, found)
                yield found
            case FieldKind.PERSON:
                yield from self.names.person(found, like)
            case FieldKind.GROUP:
                yield from self.names.group(found, like)
            case FieldKind.PEOPLE:
                yield from self._people(found, like, usual)
            case FieldKind.TAGS:
                yield _kept(like, found)
            case FieldKind.INSTANT:
                yield from self.moment(found, like)
            case FieldKind.SECONDS:
                if isinstance(like, str):
                    yield _duration(found)
                yield found
            case _:
                yield found

    def _people(self, found: Sequence[int], like: object, usual: object) -> Iterator[Any]:
        """Yield the list with the people who stay as they are written, and the new ones behind."""
        before = like if isinstance(like, list) else []
        stay = [one for one in before if self.number_of(one) in found]
        there = {self.number_of(one) for one in stay}
        style = next((one for one in before if isinstance(one, str)), next(iter(before), usual))
        new = [number for number in found if number not in there]
        yield [*stay, *(next(self.names.person(number, style)) for number in new)]
        yield [*stay, *new]
        yield list(found)

    def moment(self, found: str, like: object) -> Iterator[str]:
        """Yield a date and time in the zone and the style of what stood there."""
        at = datetime.fromisoformat(found)
        text = like if isinstance(like, str) else ""
        shape = _MOMENT.fullmatch(text.strip())
        whole = at.second or (shape is not None and shape["seconds"])
        clock = f"%H:%M{':%S' if whole else ''}"
        between = (shape and shape["sep"]) or "T"
        if shape is not None and shape["offset"]:
            at = self._as_written(at, text)
            yield at.strftime(f"%Y-%m-%d{between}{clock}") + _offset(at, shape["offset"])
        elif self.zone is not None:
            at = at.astimezone(self.zone)
            if ":" not in text:
                yield at.strftime("%Y-%m-%d")
            yield at.strftime(f"%Y-%m-%d{between}{clock}")
        yield at.isoformat()
        yield found

    def _as_written(self, at: datetime, text: str) -> datetime:
        """Return a moment with the written offset, or the zone's where that was its own."""
        told = datetime.fromisoformat(text.strip())
        own = self.zone is not None and told.astimezone(self.zone).utcoffset() == told.utcoffset()
        return at.astimezone(self.zone if own else told.tzinfo)

    def _extra(self, found: Value, like: object) -> Iterator[Any]:
        if isinstance(like, dict) and len(like) == 1 and isinstance(found, str):
            [(kind, words)] = like.items()
            if is_instant(found):
                for text in self.moment(found, words):
                    yield {kind: text}
            yield {kind: found}
        if isinstance(found, tuple):
            yield _kept(like, found)
        yield list(found) if isinstance(found, tuple) else found


def _kept(like: object, found: Sequence[Any]) -> list[Any]:
    """Return a list in the order in which it stood, what is new behind."""
    items = [one.strip() if isinstance(one, str) else one for one in _items(like)]
    stay = [
        written
        for at, (written, one) in enumerate(zip(_items(like), items, strict=True))
        if _among(one, found) and not _among(one, items[:at])
    ]
    return [*stay, *(one for one in found if not _among(one, items))]


def _among(one: object, some: Sequence[object]) -> bool:
    """Tell whether a value is among others; true is no 1."""
    return any(one == other and type(one) is type(other) for other in some)


def _items(like: object) -> list[Any]:
    return [one for one in like if not isinstance(one, dict)] if isinstance(like, list) else []


def _offset(at: datetime, like: str) -> str:
    told = at.strftime("%z")
    sign, hours, minutes = told[0], told[1:3], told[3:5]
    if like == "Z" and told == "+0000":
        return "Z"
    if ":" in like or like == "Z":
        return f"{sign}{hours}:{minutes}"
    return f"{sign}{hours}" if len(like) == len("+03") and minutes == "00" else told


def _duration(seconds: int) -> str:
    hours, rest = divmod(seconds, _HOUR)
    minutes, left = divmod(rest, 60)
    parts = ((hours, "h"), (minutes, "m"), (left, "s"))
    return "".join(f"{count}{unit}" for count, unit in parts if count) or "0s"
