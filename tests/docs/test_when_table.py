"""docs/guarantees.md, "What happens when", promises nothing that no test shows."""

from __future__ import annotations

import ast
import re
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
_ROW = re.compile(r"^\|(?P<when>[^|]+)\|(?P<what>[^|]+)\|\s*`(?P<test>[^`|]+)`\s*\|$")
_SHOWN = 30


def _section() -> list[str]:
    text = (ROOT / "docs" / "guarantees.md").read_text(encoding="utf-8")
    return [line.strip() for line in text.splitlines() if line.startswith("|")][2:]


def _tests(file: Path) -> set[str]:
    tree = ast.parse(file.read_text(encoding="utf-8"))
    return {node.name for node in tree.body if isinstance(node, ast.FunctionDef)}


@pytest.fixture(scope="module")
def rows() -> list[str]:
    return _section()


def test_every_row_of_what_happens_when_names_a_test_that_exists(rows: list[str]) -> None:
    """Each row: when, what, and the test that shows it."""
    assert len(rows) >= _SHOWN
    for row in rows:
        found = _ROW.fullmatch(row)
        assert found is not None, f"not a row of when, what and test: {row}"
        file, _, name = found["test"].partition("::")
        assert (ROOT / file).is_file(), f"there is no {file}"
        assert name in _tests(ROOT / file), f"{file} has no {name}"


def test_no_row_of_what_happens_when_stands_twice(rows: list[str]) -> None:
    """Nothing is promised twice."""
    assert len(set(rows)) == len(rows)
