"""`${x}`, `${x:pattern}` and `$${` in the values of a template, compiled once and filled often.

What is brought in is never looked at again: a value that holds `${` stays as it is. A placeholder
alone gives the parameter's own value where the field has that type, and its words in a text; in a
list a parameter of several values is spliced in. Dates go into expressions in their ISO form.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from datetime import date
from enum import Enum
from functools import lru_cache
from itertools import chain
from typing import Final, NamedTuple, TypeAlias

from tasksync.core.fields import FIELDS, FieldKind
from tasksync.manifests.hints import did_you_mean, listed, shown
from tasksync.manifests.language import grammar, patterns
from tasksync.manifests.language.given_values import words_of
from tasksync.manifests.language.parameters import (
    LIST_KINDS,
    Kind,
    NamedPeriod,
    Parameter,
    ParameterValue,
)
from tasksync.manifests.unplaced import BadValue

#: what one value may grow to: each level of nested templates could double it else
MOST_CHARACTERS = 1_000_000
MOST_ITEMS = 10_000

#: the values of an instance's parameters
Values: TypeAlias = Mapping[str, ParameterValue]
Fill: TypeAlias = Callable[[Values], object]

_REMEMBERED = 1_000
_HOLE = re.compile(r"\$\$\{|\$\{([^{}]*)(\}?)")


class Target(Enum):
    """What a value is put into as: words of a text, a value of its own type, a date, or its own."""

    WORDS = 1
    TYPED = 2
    DATE = 3
    #: into a parameter of another template, which takes the value as it is
    GIVEN = 4


class Constant(NamedTuple):
    """A value that no parameter changes."""

    value: object


class Filled(NamedTuple):
    """A value that is worked out for each instance; `fill` raises BadValue."""

    fill: Fill


Compiled: TypeAlias = Constant | Filled


class _Hole(NamedTuple):
    """A placeholder, and what makes its words."""

    name: str
    words: Callable[[ParameterValue], str]
    plain: bool  # without a pattern


@dataclass(frozen=True, slots=True)
class Compiler:
    """Compiles the values of one template; every problem that shows there raises BadValue."""

    parameters: Mapping[str, Parameter]
    locale: str = "en"

    def field(self, name: str, value: object) -> Compiled:
        """Return a field or an option of a task; BadValue where a parameter cannot stand there."""
        kind = FIELDS[name].kind if name in FIELDS else None
        self._fits(name, value)
        if isinstance(value, list):
            self._items_fit(name, value)
        if kind is FieldKind.INSTANT:
            return self.value(value, Target.DATE)
        words = kind is FieldKind.TEXT or name == "parent"
        if kind is FieldKind.TAGS and isinstance(value, list):
            words = True
        return self.value(value, Target.WORDS if words else Target.TYPED)

    def given(self, parameter: Parameter, value: object) -> Compiled:
        """Return what a `with` gives to a parameter of another template."""
        words = parameter.kind is Kind.TEXT or (
            parameter.kind is Kind.TAGS and isinstance(value, list)
        )
        return self.value(value, Target.WORDS if words else Target.GIVEN)

    def value(self, value: object, target: Target) -> Compiled:
        """Return any value."""
        match value:
            case str():
                return self._text(value, target) if "${" in value else Constant(value)
            case list():
                return self._list(value, target)
            case dict():
                return self._mapping(value, target)
        return Constant(value)

    def _list(self, items: list[object], target: Target) -> Compiled:
        found: list[Compiled] = []
        for at, item in enumerate(items):
            with _under(at):
                found.append(self.value(item, target))
        if all(isinstance(one, Constant) for one in found):
            return Constant([one.value for one in found if isinstance(one, Constant)])
        spliced = [self._spliced(item) for item in items]
        return Filled(_list_of(list(zip(found, spliced, strict=True))))

    def _spliced(self, item: object) -> str:
        """Return the parameter of several values that an item is, or ""."""
        hole = _HOLE.fullmatch(item) if isinstance(item, str) else None
        name = hole[1] if hole and hole[1] else ""
        return name if name in self.parameters and _several(self.parameters[name]) else ""

    def _mapping(self, value: dict[str, object], target: Target) -> Compiled:
        found: dict[str, Compiled] = {}
        for name, part in value.items():
            with _under(name):
                found[name] = self.value(part, target)
        if all(isinstance(one, Constant) for one in found.values()):
            return Constant({n: one.value for n, one in found.items() if isinstance(one, Constant)})
        return Filled(lambda values: {n: filled(one, values) for n, one in found.items()})

    def _text(self, text: str, target: Target) -> Compiled:
        pieces = list(self._pieces(text, target))
        if not any(isinstance(piece, _Hole) for piece in pieces):
            return Constant("".join(piece for piece in pieces if isinstance(piece, str)))
        if target is Target.DATE:
            self._check_date(text, pieces)
        elif target is not Target.WORDS and len(pieces) == 1:
            hole = pieces[0]
            if isinstance(hole, _Hole) and hole.plain:
                return Filled(_own(hole.name, target))
        return Filled(_joined(text, pieces))

    def _pieces(self, text: str, target: Target) -> Iterator[str | _Hole]:
        end = 0
        for found in _HOLE.finditer(text):
            if found.start() > end:
                yield text[end : found.start()]
            end = found.end()
            if found[1] is None:
                yield "${"
            else:
                yield self._hole(found[1], target, closed=bool(found[2]))
        if end < len(text):
            yield text[end:]

    def _hole(self, inner: str, target: Target, *, closed: bool) -> _Hole:
        name, colon, pattern = inner.partition(":")
        name = grammar.composed(name)
        if not closed:
            raise BadValue(f"no }} ends ${{{inner}", "close it, or write $${ for ${ itself")
        if name not in self.parameters:
            mend = did_you_mean(name, self.parameters) or (
                f"parameters: {', '.join(self.parameters)}; $${{ writes ${{ itself"
            )
            raise BadValue(f"{shown(name)[1:-1]} in ${{{inner}}} is no parameter", mend)
        if not colon:
            dated = self.parameters[name].kind in (Kind.DATE, *_PERIODS)
            return _Hole(name, _words_of_date if dated else words_of, plain=True)
        return _Hole(name, self._pattern(name, pattern, target), plain=False)

    def _pattern(self, name: str, pattern: str, target: Target) -> Callable[[ParameterValue], str]:
        kind = self.parameters[name].kind
        if kind is not Kind.DATE and kind not in _PERIODS:
            what = f"${{{name}:{pattern}}} has a pattern, and {name} is {kind}, not a date"
            raise BadValue(what, f"write ${{{name}}}")
        if target is Target.DATE:
            what = f"${{{name}:{pattern}}} has a pattern, which only texts have"
            raise BadValue(what, f"write ${{{name}}}")
        found = patterns.compiled(pattern, self.locale)
        # the dates of an instance come again in each of its tasks
        return lru_cache(_REMEMBERED)(lambda value: found.words(_dated(value)))

    def _check_date(self, text: str, pieces: list[str | _Hole]) -> None:
        """Hold an expression with sample values against the grammar of dates."""
        for piece in pieces:
            kind = self.parameters[piece.name].kind if isinstance(piece, _Hole) else None
            if isinstance(piece, _Hole) and kind not in _SAMPLES:
                what = f"{piece.name} is {kind}, and a date hangs on it in {shown(text)}"
                raise BadValue(what, f"declare {piece.name}: date")
        sample = "".join(
            _SAMPLES[self.parameters[piece.name].kind] if isinstance(piece, _Hole) else piece
            for piece in pieces
        )
        try:
            grammar.parsed(sample)
        except BadValue as bad:
            raise BadValue(bad.what.replace(sample, text), bad.mend) from bad

    def _fits(self, name: str, value: object) -> None:
        """Raise BadValue where a placeholder alone is of no type that the field has."""
        alone = self._alone(value)
        kinds = _TAKES.get(FIELDS[name].kind if name in FIELDS else name)
        if alone is None or kinds is None or alone.kind in kinds:
            return
        what = f"{name} takes no {alone.kind}, which ${{{alone.name}}} is"
        if name in FIELDS and FIELDS[name].kind in _LISTS and alone.kind in _ITEMS:
            raise BadValue(what, f'write ["${{{alone.name}}}"]')
        raise BadValue(what, f"declare {alone.name}: {listed(kinds)}")

    def _items_fit(self, name: str, items: list[object]) -> None:
        if name not in FIELDS or FIELDS[name].kind is not FieldKind.PEOPLE:
            return
        for at, item in enumerate(items):
            alone = self._alone(item)
            if alone is not None and alone.kind not in _ITEMS:
                what = f"{name} takes no {alone.kind}, which ${{{alone.name}}} is"
                raise BadValue(what, f"declare {alone.name}: person", (at,))

    def _alone(self, value: object) -> Parameter | None:
        hole = _HOLE.fullmatch(value) if isinstance(value, str) else None
        return self.parameters.get(hole[1]) if hole and hole[1] and hole[2] else None


def filled(compiled: Compiled, values: Values) -> object:
    """Return a compiled value for one instance; raises BadValue."""
    return compiled.value if isinstance(compiled, Constant) else compiled.fill(values)


def holes_in(value: object) -> bool:
    """Tell whether a value, or a part of it, holds a placeholder."""
    match value:
        case str():
            return any(found[1] is not None for found in _HOLE.finditer(value))
        case list():
            return any(map(holes_in, value))
        case dict():
            return any(map(holes_in, value.values()))
    return False


def plain_value(value: ParameterValue) -> object:
    """Return a parameter's value as a manifest holds it."""
    match value:
        case tuple():
            return list(value)
        case NamedPeriod() | date():
            return words_of(value)
    return value


_PERIODS: Final = (Kind.MONTH, Kind.WEEK, Kind.QUARTER, Kind.YEAR)
_LISTS: Final = (FieldKind.PEOPLE, FieldKind.TAGS)
#: what may be one of several people
_ITEMS: Final = (Kind.PERSON, Kind.PEOPLE, Kind.INTEGER, Kind.CHOICE)
_WORDY: Final = (Kind.CHOICE, Kind.TEXT, Kind.INTEGER)
#: what a placeholder alone may be, by the field's kind or the option's name
_TAKES: Final[Mapping[FieldKind | str, tuple[Kind, ...]]] = {
    FieldKind.INSTANT: (Kind.DATE,),
    FieldKind.STATUS: _WORDY,
    FieldKind.PRIORITY: _WORDY,
    FieldKind.SECONDS: _WORDY,
    FieldKind.PERSON: (Kind.PERSON, Kind.INTEGER, Kind.CHOICE),
    FieldKind.GROUP: (Kind.GROUP, Kind.INTEGER, Kind.CHOICE),
    FieldKind.PARENT: (Kind.INTEGER,),
    FieldKind.PEOPLE: (Kind.PEOPLE,),
    FieldKind.TAGS: (Kind.TAGS,),
    "protect": (Kind.BOOLEAN,),
    "onRemove": (Kind.CHOICE, Kind.TEXT),
}
_SAMPLES: Final[Mapping[Kind | None, str]] = {
    Kind.DATE: "2026-01-01",
    Kind.MONTH: "2026-01",
    Kind.WEEK: "2026-W01",
    Kind.QUARTER: "2026-Q1",
    Kind.YEAR: "2026",
    Kind.INTEGER: "1",
}


class _under:  # noqa: N801 - reads as a word in `with`
    """Puts a step before the path of a BadValue that comes through."""

    __slots__ = ("_step",)

    def __init__(self, step: str | int) -> None:
        self._step = step

    def __enter__(self) -> None:
        """Nothing is to be done before."""

    def __exit__(self, _kind: object, error: BaseException | None, _trace: object) -> None:
        if isinstance(error, BadValue):
            error.path = (self._step, *error.path)


_words_of_date = lru_cache(_REMEMBERED)(words_of)


def _several(parameter: Parameter) -> bool:
    return parameter.kind in LIST_KINDS


def _dated(value: ParameterValue) -> date | NamedPeriod:
    assert isinstance(value, date | NamedPeriod)  # noqa: S101 - its kind was looked at
    return value


def _own(name: str, target: Target) -> Fill:
    if target is Target.GIVEN:
        return lambda values: values[name]
    return lambda values: plain_value(values[name])


def _joined(text: str, pieces: list[str | _Hole]) -> Fill:
    bare = [piece if isinstance(piece, str) else "" for piece in pieces]
    holes = [(n, *one[:2]) for n, one in enumerate(pieces) if isinstance(one, _Hole)]

    def fill(values: Values) -> str:
        parts = bare.copy()
        for place, name, words in holes:
            value = values[name]
            parts[place] = value if value.__class__ is str else words(value)
        length = sum(map(len, parts))
        if length > MOST_CHARACTERS:
            what = f"{shown(text)} grows to {length} characters; {MOST_CHARACTERS} are allowed"
            raise BadValue(what, "bring less in")
        return "".join(parts)

    return fill


def _list_of(items: list[tuple[Compiled, str]]) -> Fill:
    def fill(values: Values) -> list[object]:
        parts: list[list[object]] = []
        for compiled, spliced in items:
            value = values[spliced] if spliced else None
            parts.append(list(value) if isinstance(value, tuple) else [filled(compiled, values)])
        length = sum(map(len, parts))
        if length > MOST_ITEMS:
            what = f"a list grows to {length} items; {MOST_ITEMS} are allowed"
            raise BadValue(what, "bring less in")
        return list(chain.from_iterable(parts))

    return fill
