"""argparse's Namespace ends at the door: behind it options are named, typed and frozen."""

from __future__ import annotations

import ast
from dataclasses import fields, is_dataclass
from pathlib import Path

import pytest

import tasksync.cli
from tasksync.cli import options

ROOM = Path(tasksync.cli.__file__).parent
#: where argparse is read
DOOR = {"arguments.py", "main.py"}
#: what holds what a person asked for
ASKED = {"args", "options", "read", "confirm", "planning", "reach", "_options"}


def faults(source: str) -> list[str]:
    """Return what a module has of a Namespace, and of options read or set by name."""
    found = []
    for node in ast.walk(ast.parse(source)):
        names = {getattr(node, "id", ""), getattr(node, "attr", ""), getattr(node, "name", "")}
        if "Namespace" in names:
            found.append("Namespace")
        if isinstance(node, ast.Call) and getattr(node.func, "id", "") in {"getattr", "setattr"}:
            whose = node.args[0]
            if getattr(whose, "attr", getattr(whose, "id", "")) in ASKED:
                found.append("getattr")
    return found


@pytest.mark.parametrize("name", sorted(str(file.relative_to(ROOM)) for file in ROOM.rglob("*.py")))
def test_no_namespace_behind_the_door(name: str) -> None:
    """Only what parses knows argparse's Namespace; nothing asks options for a name in a string."""
    assert name in DOOR or not faults((ROOM / name).read_text(encoding="utf-8"))


@pytest.mark.parametrize(
    "source",
    [
        "def run(args: argparse.Namespace) -> int: ...",
        "from argparse import Namespace",
        "x = getattr(args, 'file', None)",
        "x = getattr(self.options, 'file', None)",
    ],
)
def test_the_check_finds_what_it_forbids(source: str) -> None:
    """Each of the ways in which options were read by name."""
    assert faults(source)


def test_every_option_value_is_frozen_and_slotted() -> None:
    """Nothing that a person asked for changes while a command works."""
    values = [one for one in vars(options).values() if is_dataclass(one)]
    assert values
    for one in values:
        assert one.__dataclass_params__.frozen, one  # type: ignore[union-attr]
        assert set(vars(one)["__slots__"]) == {field.name for field in fields(one)}
