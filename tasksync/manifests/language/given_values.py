"""Values given to parameters: from YAML with its types, from the text of a CSV's cell; their words.

`names` are dates that stand before those of `dates`: the parameters of a template around this.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping
from datetime import date, datetime
from typing import Final

from tasksync.manifests import worded
from tasksync.manifests.datetimes import within_reach
from tasksync.manifests.hints import did_you_mean, listed, shown
from tasksync.manifests.language import grammar
from tasksync.manifests.language.dates import Dates, Names
from tasksync.manifests.language.parameters import (
    PERIOD_KINDS,
    Kind,
    NamedPeriod,
    Parameter,
    ParameterValue,
)
from tasksync.manifests.unplaced import AlreadyTold, BadValue, UnplacedProblem

#: how many a list may hold
MOST_OF_A_LIST = 1_000
#: more digits are no number of a person or group, and no count of anything
_DIGITS = 15
#: what divides the parts of a cell that is a list
DIVIDER = ";"
_TRUE = frozenset({"true", "yes", "1"})
_FALSE = frozenset({"false", "no", "0"})


def value_of(
    parameter: Parameter, written: object, dates: Dates, names: Names | None = None
) -> ParameterValue:
    """Return a value as YAML gives it; a value of the parameter's own kind passes.

    Raises BadValue (AlreadyTold where it hangs on a date of `dates` that is at fault).
    """
    if parameter.kind is Kind.DATE:
        return _date(written, dates, names)
    if parameter.kind is Kind.CHOICE:
        return _choice(parameter, written)
    return _PLAIN[parameter.kind](written)


def value_of_cell(parameter: Parameter, cell: str, dates: Dates) -> ParameterValue:
    """Return the value of a CSV's cell that is trimmed and not empty; raises BadValue."""
    of_yaml = _OF_CELL.get(parameter.kind)
    return value_of(parameter, cell if of_yaml is None else of_yaml(cell), dates)


def values_of(
    parameters: Mapping[str, Parameter],
    written: Mapping[str, object],
    dates: Dates,
    names: Names | None = None,
    *,
    cells: Collection[str] = (),
) -> tuple[dict[str, ParameterValue], list[UnplacedProblem]]:
    """Return the value of each parameter, defaults for those that are absent, and all faults.

    A name that is no parameter and one that is missing are faults too. An absent value is None.
    `cells` are the names whose value is the text of a CSV's cell.
    """
    values: dict[str, ParameterValue] = {}
    faults = [_unknown(name, parameters) for name in written if name not in parameters]
    for name, parameter in parameters.items():
        given = written.get(name)
        try:
            if given is not None and name in cells:
                values[name] = value_of_cell(parameter, str(given), dates)
            elif given is not None:
                values[name] = value_of(parameter, given, dates, names)
            elif not parameter.required:
                values[name] = value_of(parameter, parameter.default, dates)
            else:
                faults.append(_missing(parameter, empty=name in written))
        except AlreadyTold:
            continue
        except BadValue as bad:
            if given is not None:
                faults.append(bad.under(name))
    return values, faults


def faults_of_defaults(parameters: Mapping[str, Parameter], dates: Dates) -> list[UnplacedProblem]:
    """Return what is wrong with the defaults; paths begin at the block of declarations."""
    faults: list[UnplacedProblem] = []
    for name, parameter in parameters.items():
        if parameter.required:
            continue
        try:
            value_of(parameter, parameter.default, dates)
        except AlreadyTold:
            continue
        except BadValue as bad:
            faults.append(bad.under(name, "default"))
    return faults


def words_of(value: ParameterValue) -> str:
    """Return what stands in a text for a value: ISO for dates, lists with commas."""
    match value:
        case bool():
            return "true" if value else "false"
        case datetime():
            return value.isoformat(timespec="seconds" if value.second else "minutes")
        case tuple():
            return ", ".join(map(str, value))
        case NamedPeriod(text):
            return text
        case _:
            return str(value)


def period_kind(text: str) -> Kind | None:
    """Return which kind of period a text names, or None; it may name none that exists."""
    for kind, mark in ((Kind.QUARTER, "Q"), (Kind.WEEK, "W")):
        if mark in text:
            return kind
    length = len(text)
    return {len("2026"): Kind.YEAR, len("2026-01"): Kind.MONTH}.get(length)


def period_named(kind: Kind, text: str) -> NamedPeriod:
    """Return the period of a kind that a text names; raises BadValue."""
    found = grammar.period_of(text)
    if found is None or period_kind(text) is not kind:
        raise BadValue(f"{shown(text)} is no {kind}", f"write it like {_LIKE[kind]}")
    within_reach(text, found.last)
    return NamedPeriod(text, *found)


_LIKE: Final[Mapping[Kind, str]] = {
    Kind.YEAR: "2026",
    Kind.QUARTER: "2026-Q1",
    Kind.MONTH: "2026-01",
    Kind.WEEK: "2026-W05",
}


def _unknown(name: str, parameters: Mapping[str, Parameter]) -> UnplacedProblem:
    near = did_you_mean(name, parameters)
    known = f"parameters are {listed(parameters)}" if parameters else "the template has none"
    return UnplacedProblem((), f"there is no parameter {shown(name)}", near or known, name=name)


def _missing(parameter: Parameter, *, empty: bool) -> UnplacedProblem:
    what = f"the parameter {parameter.name} ({parameter.kind}) has no value"
    how = "give it one" if empty else f"give it one: {parameter.name}: {_EXAMPLES[parameter.kind]}"
    return UnplacedProblem(
        (parameter.name,) if empty else (), what, f"{how}, or the template a default"
    )


_EXAMPLES: Final[Mapping[Kind, str]] = {
    **_LIKE,
    Kind.TEXT: "some words",
    Kind.INTEGER: "5",
    Kind.BOOLEAN: "true",
    Kind.DATE: "2026-09-01",
    Kind.PERSON: "petrova@example.com",
    Kind.PEOPLE: "[petrova@example.com, 22]",
    Kind.GROUP: "a group's number or name",
    Kind.TAGS: "[a, b]",
    Kind.CHOICE: "one of the choice",
}


def _told(written: object) -> str:
    """Return a value as it is shown, also one that a parameter brought in."""
    if isinstance(written, date | NamedPeriod):
        return words_of(written)
    return shown(list(written) if isinstance(written, tuple) else written)


def _text(written: object) -> str:
    if isinstance(written, str):
        return written
    raise BadValue(f"a text is expected, not {_told(written)}", _quoted(written))


def _quoted(written: object) -> str:
    simple = not isinstance(written, list | tuple | dict)
    return f'quote it: "{_told(written)}"' if simple else "write a text"


def _integer(written: object) -> int:
    if isinstance(written, int) and not isinstance(written, bool):
        if len(str(abs(written))) > _DIGITS:
            raise BadValue(f"{shown(written)} is too large", f"use at most {_DIGITS} digits")
        return written
    raise BadValue(f"a whole number is expected, not {_told(written)}", "write it like 5")


def _boolean_of_yaml(written: object) -> bool:
    if isinstance(written, bool):
        return written
    raise BadValue(f"true or false is expected, not {_told(written)}", "write true or false")


def _divided(cell: str) -> list[str]:
    whole = [part.strip() for part in cell.split(DIVIDER) if part.strip()]
    if not whole:
        raise BadValue(f"{shown(cell)} names nothing", "leave the cell empty")
    return whole


def _people_of_cell(cell: str) -> list[str | int]:
    return [_number(part) for part in _divided(cell)]


def _boolean(cell: str) -> bool:
    word = cell.casefold()
    if word in _TRUE | _FALSE:
        return word in _TRUE
    what = f"{shown(cell)} is neither true nor false"
    raise BadValue(what, "write true or false, yes or no, 1 or 0")


def _date(written: object, dates: Dates, names: Names | None) -> date:
    if isinstance(written, date):
        return written
    if not isinstance(written, str):
        what = f"a date is expected, not {_told(written)}"
        raise BadValue(what, "write it like 2026-09-01, or like release - 2w")
    found = dates.worked_out(" ".join(written.split()), names)
    return worded.worded(found, worded.words_of(written) or written)


def _choice(parameter: Parameter, written: object) -> str:
    word = _text(written)
    if word not in parameter.choices:
        what = f"{shown(word)} is not among the choice"
        near = did_you_mean(word, parameter.choices)
        few = [shown(one) for one in parameter.choices[:20]]
        raise BadValue(what, f"{near} choose {listed(few)}".strip())
    return word


def _period(kind: Kind) -> Callable[[object], ParameterValue]:
    def read(written: object) -> NamedPeriod:
        if isinstance(written, NamedPeriod) and period_kind(written.text) is kind:
            return written
        if kind is Kind.YEAR and isinstance(written, int) and not isinstance(written, bool):
            written = f"{written:04}"
        if not isinstance(written, str):
            raise BadValue(
                f"a {kind} is expected, not {_told(written)}", f"write it like {_LIKE[kind]}"
            )
        return period_named(kind, written.strip())

    return read


def _person(written: object) -> str | int:
    return _number_or_text(written, "a person", "a number, an e-mail or a name of people")


def _group(written: object) -> str | int:
    return _number_or_text(written, "a group", "its number or its name")


def _number_or_text(written: object, what: str, how: str) -> str | int:
    if isinstance(written, str) and written.strip():
        return written.strip()
    if isinstance(written, int) and not isinstance(written, bool) and written > 0:
        return _integer(written)
    raise BadValue(f"{what} is expected, not {_told(written)}", f"write {how}")


def _people(written: object) -> tuple[str | int, ...]:
    return _all(written if isinstance(written, list | tuple) else [written], _person)


def _tags(written: object) -> tuple[str | int, ...]:
    if not isinstance(written, list | tuple):
        raise BadValue(f"a list of tags is expected, not {_told(written)}", "write [a, b]")
    return _all(written, _text)


def _all(written: Collection[object], read: Callable[[object], str | int]) -> tuple[str | int, ...]:
    if len(written) > MOST_OF_A_LIST:
        what = f"a list holds {MOST_OF_A_LIST} at most, this one {len(written)}"
        raise BadValue(what, "leave some out")
    found: list[str | int] = []
    for at, one in enumerate(written):
        try:
            found.append(read(one))
        except BadValue as bad:
            raise BadValue(bad.what, bad.mend, (at, *bad.path)) from None
    return tuple(found)


def _number(cell: str) -> str | int:
    """Return a number for digits, as a plain word of YAML is read; else the text."""
    digits = cell.removeprefix("-")
    plain = digits.isascii() and digits.isdecimal() and len(digits) <= _DIGITS
    return int(cell) if plain and (digits[0] != "0" or cell == "0") else cell


_PLAIN: Final[Mapping[Kind, Callable[[object], ParameterValue]]] = {
    Kind.TEXT: _text,
    Kind.INTEGER: _integer,
    Kind.BOOLEAN: _boolean_of_yaml,
    Kind.PERSON: _person,
    Kind.PEOPLE: _people,
    Kind.GROUP: _group,
    Kind.TAGS: _tags,
    **{kind: _period(kind) for kind in PERIOD_KINDS},
}
#: what YAML would give for a cell; a cell of other kinds is the text itself
_OF_CELL: Final[Mapping[Kind, Callable[[str], object]]] = {
    **dict.fromkeys((Kind.PERSON, Kind.GROUP, Kind.INTEGER, Kind.YEAR), _number),
    Kind.BOOLEAN: _boolean,
    Kind.PEOPLE: _people_of_cell,
    Kind.TAGS: _divided,
}
