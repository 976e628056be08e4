"""Value classes do what the standard library's dataclasses with the same words do."""

from __future__ import annotations

import copy
import dataclasses
import pickle
import subprocess
import sys
from typing import Generic, TypeVar

import pytest

from tasksync import value_classes as ours

T = TypeVar("T")


def _new() -> list[int]:
    return [1]


@ours.dataclass(frozen=True, slots=True)
class Frozen:
    """A value with all kinds of fields."""

    one: int
    two: str = "b"
    three: list[int] = ours.field(default_factory=_new)
    four: int = ours.field(default=4, compare=False)
    five: int = ours.field(default=5, repr=False)
    six: list[int] = ours.field(init=False, default_factory=_new)
    seven: int = ours.field(init=False, default=7, metadata={"says": "seven"})


@dataclasses.dataclass(frozen=True, slots=True)
class StandardFrozen:
    """The same by the standard library."""

    one: int
    two: str = "b"
    three: list[int] = dataclasses.field(default_factory=_new)
    four: int = dataclasses.field(default=4, compare=False)
    five: int = dataclasses.field(default=5, repr=False)
    six: list[int] = dataclasses.field(init=False, default_factory=_new)
    seven: int = dataclasses.field(init=False, default=7, metadata={"says": "seven"})


@ours.dataclass(slots=True)
class Changing:
    """A record that changes."""

    one: int
    two: int = ours.field(init=False)
    seen: dict[str, int] = ours.field(default_factory=dict)

    def __post_init__(self) -> None:
        self.two = self.one + 1


@ours.dataclass(frozen=True, slots=True)
class Nothing:
    """No fields at all."""


@ours.dataclass(frozen=True, slots=True)
class Single:
    """One field."""

    only: object


@ours.dataclass(frozen=True, slots=True)
class Of(Generic[T]):
    """A value of a kind."""

    what: T

    def __str__(self) -> str:
        return f"of {self.what}"


@ours.dataclass(slots=True, eq=False)
class Itself:
    """Equal to nothing but itself."""

    one: int


@ours.dataclass(frozen=True, slots=True)
class Named:
    """Fields whose names are those of things that methods use."""

    put: int
    MISSING: int
    missing: list[int] = ours.field(default_factory=_new)
    new_missing: int = 1
    usual_put: int = 2
    object: int = 3
    hash: int = 4
    other: int = 5
    values: int = 6
    setattr: int = 7


CALLS = [
    ((1,), {}),
    ((), {"one": 1}),
    ((1, "x", [2], 3, 4), {}),
    ((1,), {"five": 6, "two": "y"}),
    ((), {}),  # one is missing
    ((1, 2, 3, 4, 5, 6), {}),  # too many
    ((1,), {"other": 1}),
    ((1,), {"one": 1}),
    ((1,), {"six": []}),  # not one to hand in
]


@pytest.mark.parametrize(("args", "words"), CALLS)
def test_a_value_is_made_of_the_same_words(args, words) -> None:
    def told(kind):
        try:
            made = kind(*args, **words)
        except TypeError as error:
            return str(error).replace("Standard", "")
        return repr(made).replace("Standard", ""), [getattr(made, n) for n in made.__slots__]

    for _ in range(2):  # the first call of a class writes what the second calls
        assert told(Frozen) == told(StandardFrozen)


def test_what_a_class_says_of_itself_is_the_same() -> None:
    names = ("__slots__", "__match_args__", "__doc__", "__module__")
    for name in names[:2]:
        assert getattr(Frozen, name) == getattr(StandardFrozen, name)
    ways = ("name", "type", "default", "default_factory", "init", "repr", "compare", "metadata")
    told, standard = (
        [[getattr(one, way) for way in ways] for one in dataclasses.fields(kind)]
        for kind in (Frozen, StandardFrozen)
    )
    assert told == standard
    assert dataclasses.asdict(Frozen(1)) == dataclasses.asdict(StandardFrozen(1))
    assert dataclasses.is_dataclass(Frozen)
    assert repr(Frozen.__dataclass_params__) == repr(StandardFrozen.__dataclass_params__)
    assert not hasattr(Frozen(1), "__dict__")


def test_equal_values_are_equal_and_hash_alike() -> None:
    assert Single(1) == Single(1) != Single(2)
    assert Frozen(1, four=5) == Frozen(1)  # not compared
    assert Frozen(1) != StandardFrozen(1)
    assert Nothing() == Nothing() != Single(1)
    assert len({Single("a"), Single("a"), Single("b"), Nothing(), Nothing()}) == 3
    nan = float("nan")
    assert Single(nan) == Single(nan)  # as in tuples, and so in the standard library
    with pytest.raises(TypeError, match="unhashable"):
        hash(Changing(1))
    with pytest.raises(TypeError, match="unhashable"):
        hash(Frozen(1))  # it holds a list
    assert Changing(1) == Changing(1) != Changing(2)
    one = Itself(1)
    assert one == one != Itself(1)  # noqa: PLR0124 - that is what it is about
    assert len({one, Itself(1)}) == 2


def test_a_frozen_value_does_not_change_and_a_record_does() -> None:
    value = Frozen(1)
    for name in ("one", "other"):
        with pytest.raises(dataclasses.FrozenInstanceError, match=name):
            setattr(value, name, 2)
    with pytest.raises(dataclasses.FrozenInstanceError):
        del value.one
    record = Changing(1)
    record.one = 5
    assert (record.one, record.two, record.seen) == (5, 2, {})
    with pytest.raises(AttributeError):
        record.other = 1  # type: ignore[attr-defined]
    assert Frozen(1).three is not Frozen(1).three


@pytest.mark.parametrize("by", [ours.replace, dataclasses.replace])
def test_a_replaced_value_is_a_new_one(by) -> None:
    value = Frozen(1, "x", [9])
    other = by(value, two="y")
    assert (value.two, other.two, other.three) == ("x", "y", [9])
    assert by(Changing(1), one=3).two == 4
    assert ours.asdict(other) == dataclasses.asdict(other)
    with pytest.raises(TypeError):
        by(value, nothing=1)


def test_values_are_copied_and_pickled_whole() -> None:
    value = Frozen(1, "x", [9], 8)
    for other in (copy.copy(value), copy.deepcopy(value), pickle.loads(pickle.dumps(value))):  # noqa: S301
        assert (other, other.four, other.seven) == (value, 8, 7)
    assert copy.copy(value).three is value.three
    assert copy.deepcopy(Changing(3)) == Changing(3)


def test_a_field_may_have_any_name() -> None:
    value = Named(10, 11)
    told = [getattr(value, name) for name in Named.__slots__]
    assert told == [10, 11, [1], 1, 2, 3, 4, 5, 6, 7]
    assert value == ours.replace(value) != ours.replace(value, other=0)
    assert hash(ours.replace(value, missing=())) == hash(Named(10, 11, ()))  # type: ignore[arg-type]


def test_a_value_matches_by_place_and_is_generic() -> None:
    match Frozen(1, "x"):
        case Frozen(one, two):
            assert (one, two) == (1, "x")
    assert str(Of[int](3)) == "of 3"
    assert Of(3) == Of[int](3)


def test_what_is_not_needed_here_is_refused() -> None:
    with pytest.raises(TypeError, match="slots"):
        ours.dataclass(slots=False)

    class Below(Single):
        more: int

    with pytest.raises(TypeError, match="inherits"):
        ours.dataclass(frozen=True, slots=True)(Below)


def test_the_package_makes_no_class_by_the_standard_library_while_a_plan_starts(tmp_path) -> None:
    """The sandbox may: it imports nothing of ours."""
    (tmp_path / "tasksync.yaml").write_text(
        "apiVersion: tasksync/v1\nproject: p\ntasks:\n  a: {title: A, responsibleId: 1}\n",
        encoding="utf-8",
    )
    code = (
        "import dataclasses, os, sys\nmade = []\nplain = dataclasses._process_class\n"
        "def noted(cls, *rest):\n    made.append(cls.__module__)\n    return plain(cls, *rest)\n"
        "dataclasses._process_class = noted\n"
        "os._exit = lambda code: (sys.stderr.write(str([m for m in made if "
        "m.startswith('tasksync.') and not m.startswith('tasksync.sandbox.')])), sys.exit(code))\n"
        "sys.argv = ['tasksync', 'plan', '--portal', 'sandbox:', '--quiet']\n"
        "from tasksync.__main__ import main\nmain()"
    )
    done = subprocess.run(
        [sys.executable, "-c", code], cwd=tmp_path, capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stderr
    assert done.stderr.endswith("[]")
