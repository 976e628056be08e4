"""Values of a template with placeholders in them, compiled once and filled often.

What is brought in is never looked at again: a value that holds `${` stays as it is. A placeholder
alone gives the parameter's own value where the field has that type, and its words in a text; in a
list a parameter of several values is spliced in. Dates go into expressions in their ISO form, and
what was written for them goes beside it.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from datetime import date
from enum import Enum
from itertools import chain
from typing import NamedTuple, TypeAlias

from tasksync.core.fields import FIELDS, FieldKind
from tasksync.manifests import extra_values, worded
from tasksync.manifests.hints import shown
from tasksync.manifests.language import fitting
from tasksync.manifests.language.given_values import words_of
from tasksync.manifests.language.parameters import (
    LIST_KINDS,
    Kind,
    NamedPeriod,
    Parameter,
    ParameterValue,
)
from tasksync.manifests.language.placeholders import Placeholder, Placeholders
from tasksync.manifests.node import Path, Step
from tasksync.manifests.unplaced import BadValue
from tasksync.value_classes import dataclass, field

#: what one value may grow to: each level of nested templates could double it else
MOST_CHARACTERS = 1_000_000
MOST_ITEMS = 10_000

#: the values of an instance's parameters
Values: TypeAlias = Mapping[str, ParameterValue]
Fill: TypeAlias = Callable[[Values], object]


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


@dataclass(frozen=True, slots=True)
class Compiler:
    """Compiles the values of one template; every problem that shows there raises BadValue."""

    parameters: Mapping[str, Parameter]
    locale: str = "en"
    _placeholders: Placeholders = field(init=False)

    def __post_init__(self) -> None:
        object.__setattr__(self, "_placeholders", Placeholders(self.parameters, self.locale))

    def field(self, name: str, value: object) -> Compiled:
        """Return a field or an option of a task; BadValue where a parameter cannot stand there."""
        kind = FIELDS[name].kind if name in FIELDS else None
        self._check_types(name, value)
        if name == extra_values.NAME and isinstance(value, dict):
            return self._extra_fields(value)
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
        alone = self._placeholders.alone(item)
        return alone.name if alone is not None and alone.kind in LIST_KINDS else ""

    def _mapping(self, value: dict[str, object], target: Target) -> Compiled:
        found: dict[str, Compiled] = {}
        for name, part in value.items():
            with _under(name):
                found[name] = self.value(part, target)
        return _mapping_of(found)

    def _extra_fields(self, value: dict[str, object]) -> Compiled:
        """Return the extra fields of a task; `{datetime: ...}` among them are date expressions."""
        found: dict[str, Compiled] = {}
        for name, part in value.items():
            items = part if isinstance(part, list) else [part]
            dated = any(isinstance(one, dict) for one in items)
            with _under(name):
                found[name] = self.value(part, Target.DATE if dated else Target.TYPED)
        return _mapping_of(found)

    def _text(self, text: str, target: Target) -> Compiled:
        pieces = self._placeholders.pieces(text, of_date=target is Target.DATE)
        if not any(isinstance(piece, Placeholder) for piece in pieces):
            return Constant("".join(piece for piece in pieces if isinstance(piece, str)))
        if target in {Target.TYPED, Target.GIVEN} and len(pieces) == 1:
            [alone] = pieces
            if isinstance(alone, Placeholder) and alone.plain:
                return Filled(_own(alone.name, target))
        fill = _joined(text, pieces)
        dated = isinstance(pieces[0], Placeholder) and target in {Target.DATE, Target.GIVEN}
        return Filled(_with_words(pieces, fill) if dated else fill)

    def _check_types(self, name: str, value: object) -> None:
        """Raise BadValue where a placeholder alone is of no type that the field has."""
        alone = self._placeholders.alone(value)
        if alone is not None:
            fitting.check(name, alone)
        for at, item in enumerate(value) if isinstance(value, list) else ():
            alone = self._placeholders.alone(item)
            if alone is not None:
                with _under(at):
                    fitting.check_item(name, alone)

    def place_of(self, path: Path, written: object, values: Values) -> tuple[Step, ...]:
        """Return the path to what was written for a part of a value that was filled.

        In a list into which parameters are spliced, items stand elsewhere than they were written.
        """
        found: list[Step] = []
        for step in path:
            at = step
            if isinstance(written, list) and isinstance(step, int):
                at = self._item_of(step, written, values)
            found.append(at)
            written = _part(written, at)
        return tuple(found)

    def _item_of(self, index: int, items: list[object], values: Values) -> int:
        """Return which item of a list as it is written gave one of the filled list."""
        end = 0
        for at, item in enumerate(items):
            value = values.get(self._spliced(item))
            end += len(value) if isinstance(value, tuple) else 1
            if index < end:
                return at
        return index


def filled(compiled: Compiled, values: Values) -> object:
    """Return a compiled value for one instance; raises BadValue."""
    return compiled.value if isinstance(compiled, Constant) else compiled.fill(values)


def plain_value(value: ParameterValue) -> object:
    """Return a parameter's value as a manifest holds it."""
    match value:
        case tuple():
            return list(value)
        case NamedPeriod() | date():
            return words_of(value)
    return value


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


def _part(value: object, step: Step) -> object:
    if isinstance(value, dict):
        return value.get(step)
    if isinstance(value, list) and isinstance(step, int) and step < len(value):
        return value[step]
    return None


def _mapping_of(found: dict[str, Compiled]) -> Compiled:
    if all(isinstance(one, Constant) for one in found.values()):
        return Constant({n: one.value for n, one in found.items() if isinstance(one, Constant)})
    return Filled(lambda values: {n: filled(one, values) for n, one in found.items()})


def _own(name: str, target: Target) -> Fill:
    if target is Target.GIVEN:
        return lambda values: values[name]
    return lambda values: plain_value(values[name])


def _joined(text: str, pieces: list[str | Placeholder]) -> Callable[[Values], str]:
    bare = [piece if isinstance(piece, str) else "" for piece in pieces]
    holes = [(n, *one[:2]) for n, one in enumerate(pieces) if isinstance(one, Placeholder)]

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


def _with_words(pieces: list[str | Placeholder], fill: Callable[[Values], str]) -> Fill:
    """Return what fills in a date expression, with the words of the date that it begins with."""
    first = pieces[0].name if isinstance(pieces[0], Placeholder) else ""
    rest = _joined("", pieces[1:])

    def filled_in(values: Values) -> str:
        text, words = fill(values), worded.words_of(values[first])
        return worded.WordedText(text, worded.joined(words, rest(values))) if words else text

    return filled_in


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
