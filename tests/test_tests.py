"""The rules of the tests themselves: a test fits on a screen."""

from __future__ import annotations

import ast
from pathlib import Path

TESTS = Path(__file__).parent
LONGEST = 40


def long_functions(text: str) -> list[str]:
    """Name the functions that are too long, each with its lines; decorators are free."""
    found = []
    for node in ast.walk(ast.parse(text)):
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef):
            lines = (node.end_lineno or node.lineno) - node.lineno + 1
            if lines > LONGEST:
                found.append(f"{node.name}: {lines} lines")
    return found


def test_no_function_of_the_tests_is_longer_than_a_screen() -> None:
    """Tests, and what they stand on: helpers, fixtures, the second portal."""
    found = {
        path.relative_to(TESTS).as_posix(): long
        for path in sorted(TESTS.rglob("*.py"))
        if (long := long_functions(path.read_text(encoding="utf-8")))
    }
    assert not found, f"longer than {LONGEST} lines; split them: {found}"


def test_a_function_of_one_line_more_is_found_and_its_decorators_are_not_counted() -> None:
    """Otherwise the rule above would say nothing."""
    body = "    pass\n" * (LONGEST - 1)
    assert long_functions(f"@one\n@two\ndef f():\n{body}") == []
    assert long_functions(f"class A:\n  async def g(self):\n{body}    pass\n") == [
        f"g: {LONGEST + 1} lines"
    ]
