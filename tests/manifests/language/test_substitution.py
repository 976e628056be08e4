"""`${x}`: alone with its type, in texts as words, spliced into lists, and never twice."""

from __future__ import annotations

from datetime import date, datetime

import pytest

from tasksync.manifests.language.grammar import period_of
from tasksync.manifests.language.parameters import Kind, NamedPeriod, Parameter, ParameterValue
from tasksync.manifests.language.substitution import Compiler, Constant, Target, filled
from tasksync.manifests.unplaced import BadValue

_JULY = period_of("2027-07")
assert _JULY is not None
KINDS: dict[str, tuple[Kind, ParameterValue]] = {
    "name": (Kind.TEXT, "Anna ${start}"),
    "count": (Kind.INTEGER, 5),
    "remote": (Kind.BOOLEAN, True),
    "start": (Kind.DATE, date(2027, 9, 1)),
    "at": (Kind.DATE, datetime(2027, 9, 1, 10, 30)),  # noqa: DTZ001 - the project's wall clock
    "month": (Kind.MONTH, NamedPeriod("2027-07", *_JULY)),
    "who": (Kind.PERSON, "hr"),
    "team": (Kind.PEOPLE, (3, "it")),
    "words": (Kind.TAGS, ("a", "b")),
    "size": (Kind.CHOICE, "high"),
}
VALUES = {name: value for name, (_kind, value) in KINDS.items()}
COMPILER = Compiler({name: Parameter(name, kind) for name, (kind, _value) in KINDS.items()})


@pytest.mark.parametrize(
    ("field", "written", "comes"),
    [
        ("title", "${name}", "Anna ${start}"),
        ("title", "$${name} of ${name}!", "${name} of Anna ${start}!"),
        ("title", "$$${count}", "$${count}"),
        ("title", "$name $5 {x}", "$name $5 {x}"),
        ("title", "${count}", "5"),
        ("parent", "${size}", "high"),
        ("parent", "${month}", "2027-07"),
        ("description", "${remote}, ${team}, ${month}", "true, 3, it, 2027-07"),
        ("description", "${start}, ${at}", "2027-09-01, 2027-09-01T10:30"),
        ("description", "${start:EEEE d MMMM}", "Wednesday 1 September"),
        ("description", "${month:MMMM y}", "July 2027"),
        ("deadline", "${start} - 1w", "2027-09-01 - 1w"),
        ("deadline", "${at}", "2027-09-01T10:30"),
        ("deadline", "end of ${month} - ${count}wd at 17:00", "end of 2027-07 - 5wd at 17:00"),
        ("responsibleId", "${who}", "hr"),
        ("responsibleId", "${who}@example.com", "hr@example.com"),
        ("responsibleId", "${count}", 5),
        ("accomplices", "${team}", [3, "it"]),
        ("accomplices", ["${who}", "${team}", 9], ["hr", 3, "it", 9]),
        ("tags", "${words}", ["a", "b"]),
        ("tags", ["x", "${words}", "${size}-${count}", "${count}"], ["x", "a", "b", "high-5", "5"]),
        ("priority", "${size}", "high"),
        ("timeEstimate", "${count}h", "5h"),
        ("timeEstimate", "${count}", 5),
        ("protect", "${remote}", True),
        ("parent", "${who}/x", "hr/x"),
        ("adopt", {"id": "${count}"}, {"id": 5}),
    ],
)
def test_what_a_value_comes_to(field: str, written: object, comes: object) -> None:
    """By the type of the field."""
    found = filled(COMPILER.field(field, written), VALUES)
    assert found == comes
    assert type(found) is type(comes)


@pytest.mark.parametrize("written", ["plain", 5, None, ["a"], {"id": 5}, "$${x}", ["$${x}"]])
def test_what_holds_no_placeholder_is_constant(written: object) -> None:
    """It is checked once, and not in each instance."""
    assert isinstance(COMPILER.value(written, Target.WORDS), Constant)


@pytest.mark.parametrize(
    ("field", "written", "what", "path"),
    [
        ("title", "${nam}", "nam in ${nam} is no parameter", ()),
        ("title", "${}", "${} names no parameter", ()),
        ("title", "${name", "no } ends ${name", ()),
        ("title", "${name:d}", "has a pattern, and name is text", ()),
        ("deadline", "${start:d}", "has a pattern, which only texts have", ()),
        ("deadline", "${name}", "deadline takes no text", ()),
        ("deadline", "${name} - 1d", "name is text, and a date hangs on it", ()),
        ("deadline", "${month}", "deadline takes no month", ()),
        ("parent", "${remote}", "parent takes no boolean", ()),
        ("tags", ["${team}"], "tags takes no people", (0,)),
        ("deadline", "${month} - 1d", "is a period", ()),
        ("responsibleId", "${start}", "responsibleId takes no date", ()),
        ("accomplices", ["x", "${start}"], "accomplices takes no date", (1,)),
        ("tags", ["a", "${nix}"], "nix in ${nix} is no parameter", (1,)),
        ("protect", "${name}", "protect takes no text", ()),
        ("adopt", {"id": "${nix}"}, "nix in ${nix} is no parameter", ("id",)),
    ],
)
def test_what_cannot_stand_there_is_told_at_the_declaration(
    field: str, written: object, what: str, path: tuple[object, ...]
) -> None:
    """Before there is any instance."""
    with pytest.raises(BadValue) as caught:
        COMPILER.field(field, written)
    assert what in caught.value.what
    assert caught.value.path == path
    assert caught.value.mend
