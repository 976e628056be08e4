"""What a template declares: parameters with their kinds and defaults, and what a value can be.

A declaration is `name: text`, `name: {type: text, default: X}` or `name: {choice: [a, b]}`.
"""

from __future__ import annotations

from collections.abc import Iterator
from datetime import date
from enum import StrEnum
from typing import Final, TypeAlias

from tasksync.core.normal_forms import composed
from tasksync.late_patterns import pattern_of
from tasksync.manifests.hints import did_you_mean, listed, shown
from tasksync.manifests.language import grammar
from tasksync.manifests.unplaced import BadValue, UnplacedProblem
from tasksync.value_classes import dataclass


class Kind(StrEnum):
    """What a parameter takes; CHOICE is written `choice: [..]`, all others as the type."""

    TEXT = "text"
    INTEGER = "integer"
    BOOLEAN = "boolean"
    DATE = "date"
    MONTH = "month"
    WEEK = "week"
    QUARTER = "quarter"
    YEAR = "year"
    PERSON = "person"
    PEOPLE = "people"
    GROUP = "group"
    TAGS = "tags"
    CHOICE = "choice"


#: kinds whose value is a NamedPeriod
PERIOD_KINDS: Final = frozenset({Kind.MONTH, Kind.WEEK, Kind.QUARTER, Kind.YEAR})
#: kinds whose value is a tuple
LIST_KINDS: Final = frozenset({Kind.PEOPLE, Kind.TAGS})
#: kinds whose value can be shown by a pattern
DATED_KINDS: Final = PERIOD_KINDS | {Kind.DATE}
#: what no parameter can be called: the column that names a row
KEY: Final = "key"
#: more than these nobody can give
MOST_PARAMETERS = 200
MOST_CHOICES = 1_000

_TYPES: Final = tuple(kind for kind in Kind if kind is not Kind.CHOICE)
_NAME = pattern_of(r"[^\W\d_][\w-]*\Z")
_LONGEST_NAME = 100
_NAME_MEND = f"begin with a letter; then letters, digits, _ and -; not {KEY}, which names a row"


@dataclass(frozen=True, slots=True)
class NamedPeriod:
    """A month, week, quarter or year: its words (`2026-01`), its first and its last day."""

    text: str
    first: date
    last: date

    @property
    def days(self) -> grammar.Period:
        """The days alone, as names of expressions hold them."""
        return grammar.Period(self.first, self.last)


#: text and choice: str; integer: int; boolean: bool; date: date, or datetime where it has a time;
#: periods: NamedPeriod; person and group: the number, or the text as it is written;
#: people and tags: a tuple of such
ParameterValue: TypeAlias = str | int | bool | date | NamedPeriod | tuple[str | int, ...]


@dataclass(frozen=True, slots=True)
class Parameter:
    """A declared parameter; `default` is as it is written, None where a value is required."""

    name: str
    kind: Kind
    choices: tuple[str, ...] = ()
    default: object = None

    @property
    def required(self) -> bool:
        """Tell whether each use has to give a value."""
        return self.default is None


def declared(written: object) -> tuple[dict[str, Parameter], list[UnplacedProblem]]:
    """Return the good parameters of a template's `parameters`, and what is wrong with the others.

    Paths begin at `written`. Defaults are checked by given_values.faults_of_defaults.
    """
    if written is None:
        return {}, []
    if not isinstance(written, dict):
        what = f"parameters are a mapping of names, not {shown(written)}"
        return {}, [UnplacedProblem((), what, "write parameters: {name: text}")]
    if len(written) > MOST_PARAMETERS:
        what = f"a template has {MOST_PARAMETERS} parameters at most, this one {len(written)}"
        return {}, [UnplacedProblem((), what, "split the template")]
    good: dict[str, Parameter] = {}
    bad: list[UnplacedProblem] = []
    for name, value in written.items():
        if fault := unfit_name(name):
            bad.append(UnplacedProblem((), fault, _NAME_MEND, name=name))
            continue
        try:
            parameter = _declared(composed(name), value)
        except BadValue as error:
            bad.append(error.under(name))
        else:
            good[parameter.name] = parameter
    return good, bad


def unfit_name(name: str) -> str:
    """Return why a parameter cannot be called so, or ""."""
    word = composed(name)
    if word != KEY and _NAME.match(word) and len(word) <= _LONGEST_NAME:
        return ""
    return f"{shown(name)} cannot be the name of a parameter"


def _declared(name: str, value: object) -> Parameter:
    if isinstance(value, str):
        return Parameter(name, _kind(value, ()))
    if not isinstance(value, dict):
        raise BadValue(f"{shown(value)} is no type of a parameter", _how())
    _known_words(value)
    choices: tuple[str, ...] = ()
    if "choice" in value:
        if "type" in value:
            what = "type and choice cannot both be given"
            raise BadValue(what, "a choice is of texts: leave type out", ("type",))
        kind, choices = Kind.CHOICE, _choices(value["choice"])
    elif "type" in value:
        kind = _kind(value["type"], ("type",))
    else:
        raise BadValue(
            "the parameter has no type", f"write type: text, or choice: [a, b]; {_how()}"
        )
    if "default" in value and value["default"] is None:
        raise BadValue("the default is nothing", "leave it out, or give a value", ("default",))
    return Parameter(name, kind, choices, value.get("default"))


def _known_words(value: dict[str, object]) -> None:
    known = ("type", "choice", "default")
    for word in value:
        if word not in known:
            near = did_you_mean(word, known)
            what = f"{shown(word)} is not known of a parameter"
            raise BadValue(what, near or f"use {listed(known)}", (word,))


def _how() -> str:
    return f"types are {listed(_TYPES)}"


#: what people write for kinds
_ALIKE: Final = {
    **dict.fromkeys(("string", "str"), Kind.TEXT),
    **dict.fromkeys(("int", "number"), Kind.INTEGER),
    "bool": Kind.BOOLEAN,
    **dict.fromkeys(("datetime", "day", "instant"), Kind.DATE),
    **dict.fromkeys(("user", "member"), Kind.PERSON),
    **dict.fromkeys(("users", "persons", "members"), Kind.PEOPLE),
    **dict.fromkeys(("project", "workgroup"), Kind.GROUP),
    **dict.fromkeys(("list", "labels"), Kind.TAGS),
}


def _kind(word: object, path: tuple[str, ...]) -> Kind:
    if isinstance(word, str) and word in _TYPES:
        return Kind(word)
    if word == Kind.CHOICE:
        raise BadValue("a choice says among what", "write choice: [a, b]", path)
    near = ""
    if isinstance(word, str):
        alike = _ALIKE.get(word.casefold())
        near = f"did you mean {alike}? " if alike else did_you_mean(word, _TYPES)
    what = f"{shown(word)} is no type of a parameter"
    raise BadValue(what, f"{near.strip()} {_how()}".strip(), path)


def _choices(written: object) -> tuple[str, ...]:
    if not isinstance(written, list) or not written:
        what = "choice is a list of what may be chosen"
        raise BadValue(what, "write choice: [a, b]", ("choice",))
    if len(written) > MOST_CHOICES:
        what = f"a choice is among {MOST_CHOICES} at most, this one among {len(written)}"
        raise BadValue(what, "use type: text", ("choice",))
    return tuple(_each_choice(written))


def _each_choice(written: list[object]) -> Iterator[str]:
    seen: set[str] = set()
    for at, word in enumerate(written):
        path = ("choice", at)
        if not isinstance(word, str):
            raise BadValue(f"{shown(word)} is no text", f'quote it: "{shown(word)}"', path)
        if not word or word != word.strip():
            what = f"{shown(word)} cannot be chosen: a cell of a CSV is trimmed"
            raise BadValue(what, "leave the blanks out", path)
        if word in seen:
            raise BadValue(f"{shown(word)} stands there twice", "keep one of them", path)
        seen.add(word)
        yield word
