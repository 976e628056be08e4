"""The rules of the tests themselves: a test fits on a screen, and a file stays in one worker."""

from __future__ import annotations

import ast
import os
import re
import subprocess
import sys
from collections import defaultdict
from pathlib import Path

from sharing import group_of

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


def test_a_file_stays_in_one_worker_and_whole_runs_are_dealt_one_by_one() -> None:
    """Else each worker makes what a file has made for its tests, and dealing takes its time."""
    assert group_of("tests/core/test_keys.py::test_a[x::y@z]") == "tests/core/test_keys.py"
    assert group_of("tests/test_house.py::test_a[x]") == "tests/test_house.py"
    assert group_of("tests/e2e/test_trips.py::test_a[x]") == "tests/e2e/test_trips.py::test_a[x]"
    of_the_cluster = {group_of(f"tests/e2e/test_{what}_on_dask.py::test_a") for what in "ab"}
    assert len(of_the_cluster) == 1


def test_the_workers_keep_to_these_groups() -> None:
    """Two workers and some files: no file has tests in both."""
    files = ("guard_words", "durations", "core_portal_name", "keys")
    paths = [TESTS / f"core/test_{name}.py" for name in files]
    done = subprocess.run(
        [
            *(sys.executable, "-m", "pytest", "-v", "-p", "no:cacheprovider"),
            *("-n", "2", "--dist", "loadgroup", *map(str, paths)),
        ],
        cwd=TESTS.parent,
        env={name: os.environ[name] for name in os.environ if not name.startswith("PYTEST_")},
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stdout + done.stderr
    workers = defaultdict(set)
    for worker, file in re.findall(r"^\[(gw\d)\] .*? PASSED ([^:]+)::", done.stdout, re.MULTILINE):
        workers[file].add(worker)
    assert len(workers) == len(paths) > 2
    assert {len(one) for one in workers.values()} == {1}
    assert len(set.union(*workers.values())) == 2
