"""What docs/design.md says is what the code does, where the two can be compared."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator
from pathlib import Path

from tasksync import errors

ROOT = Path(__file__).parents[2]
DESIGN = (ROOT / "docs" / "design.md").read_text("utf-8")
_PARTS = re.split(r"^## (\d+)\. .*$", DESIGN, flags=re.MULTILINE)[1:]
SECTIONS = {int(n): body for n, body in zip(_PARTS[::2], _PARTS[1::2], strict=True)}
#: what is no error, but how a run ended: done, changes, partial, interrupted
ENDINGS = {0, 2, 3, 130}


def test_the_planned_sections_say_so_and_no_other() -> None:
    """What is not built is not told as if it were; the page names these sections at its top."""
    planned = {number for number, body in SECTIONS.items() if body.strip().startswith("Planned")}
    (named,) = re.findall(
        r"Sections? ([\d to,and]+) keeps? (?:its number|their numbers) and says? what is planned",
        DESIGN,
    )
    spans = [one.split(" to ") for one in re.split(r", | and ", named)]
    assert planned == {n for span in spans for n in range(int(span[0]), int(span[-1]) + 1)}
    others = "".join(body for number, body in SECTIONS.items() if number not in planned)
    assert re.findall(r"^.*\bPlanned\b.*$", others, re.MULTILINE) == []


def test_every_flag_of_the_design_stands_in_the_reference() -> None:
    """Where that page's own test holds each to the parsers."""
    reference = (ROOT / "docs" / "reference" / "commands.md").read_text("utf-8")
    flags = set(re.findall(r"(?<![\w-])--[a-z][a-z-]+", DESIGN))
    assert {flag for flag in flags if not re.search(rf"{flag}(?![\w-])", reference)} == set()


def test_its_exit_codes_are_those_of_the_errors() -> None:
    (line,) = re.findall(r"^Exit codes: .*$", SECTIONS[3], re.MULTILINE)
    codes = {int(code) for code in re.findall(r"`(\d+)`", line.partition("(argparse")[0])}
    kinds = [one for one in vars(errors).values() if isinstance(one, type)]
    raised = {kind.exit_code for kind in kinds if issubclass(kind, errors.TasksyncError)}
    assert codes - ENDINGS == raised


def refusing() -> Iterator[str]:
    """The names of the guards, as the code gives them to a Refusal."""
    for path in (ROOT / "tasksync").rglob("*.py"):
        for node in ast.walk(ast.parse(path.read_text("utf-8"))):
            match node:
                case ast.Call(
                    func=ast.Name(id="Refusal"), args=[ast.Constant(value=str(name)), *_]
                ):
                    yield name


def test_its_table_of_guards_holds_each_guard_and_no_other() -> None:
    told = re.findall(r"^\| `([a-z-]+)` \|", SECTIONS[6], re.MULTILINE)
    assert len(told) == len(set(told))
    assert set(told) == set(refusing())
