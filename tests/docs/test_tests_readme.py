"""tests/README.md maps every folder of the tests, and what it names is there."""

from __future__ import annotations

import re
from pathlib import Path

TESTS = Path(__file__).parents[1]
README = (TESTS / "README.md").read_text(encoding="utf-8")
ROWS = re.findall(r"^\| `([^`]+)`", README, re.MULTILINE)


def test_every_folder_of_the_tests_has_one_row() -> None:
    folders = {f"{one.name}/" for one in TESTS.iterdir() if one.is_dir()} - {"__pycache__/"}
    assert sorted(one for one in ROWS if one.endswith("/")) == sorted(folders)


def test_every_file_that_it_names_exists() -> None:
    named = set(re.findall(r"(?:tests/)?((?:\w+/)*test_\w+\.py)", README)) | {*ROWS}
    assert {one for one in named if not (TESTS / one).exists()} == set()


def test_every_flag_that_it_names_is_one_of_ours_or_of_pytest() -> None:
    ours = (TESTS / "conftest.py").read_text("utf-8")
    flags = set(re.findall(r"`(--[a-z]+)", README)) - {"--durations"}
    assert flags
    assert {one for one in flags if f'"{one}"' not in ours} == set()


def test_the_variable_that_renews_goldens_is_the_one_that_is_read() -> None:
    (variable,) = set(re.findall(r"TASKSYNC_\w*GOLDEN", README))
    assert variable in (TESTS / "render" / "conftest.py").read_text("utf-8")
