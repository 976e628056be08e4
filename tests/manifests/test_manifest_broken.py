"""One fault a manifest: the first comments of each broken manifest say what is expected."""

from __future__ import annotations

import re
from pathlib import Path

import pytest
from directories import directory

from tasksync.errors import ManifestInvalid
from tasksync.manifests.loader import load

FOLDER = Path(__file__).parents[1] / "broken_manifests"
CASES = sorted(path for path in FOLDER.iterdir() if path.is_dir() or path.suffix == ".yaml")
EXPECTED = re.compile(r"^# expect (.+)$", re.MULTILINE)


def expected_of(case: Path) -> list[str]:
    """Return the expected problems, each with its file before line and column."""
    if case.is_dir():
        return EXPECTED.findall((case / "a.yaml").read_text(encoding="utf-8"))
    found = EXPECTED.findall(case.read_text(encoding="utf-8"))
    return [f"{case.name}:{one}" for one in found]


def told_of(case: Path) -> list[str]:
    """Return what loading the case says."""
    with pytest.raises(ManifestInvalid) as caught:
        list(load([case.name]).tasks(None, directory()))
    return [str(problem) for problem in caught.value.problems]


def test_there_are_enough_broken_manifests() -> None:
    """A fault that nobody wrote down is a fault that comes back."""
    assert len(CASES) >= 60


@pytest.mark.parametrize("case", CASES, ids=lambda case: case.stem)
def test_a_broken_manifest_says_exactly_what_is_wrong_and_where(
    case: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Each fault is told once, with its place, and nothing else is said."""
    monkeypatch.chdir(FOLDER)
    expected = expected_of(case)
    assert expected
    assert told_of(case) == expected


@pytest.mark.parametrize("case", CASES, ids=lambda case: case.stem)
def test_every_problem_says_how_to_mend_it(case: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """No problem leaves its reader alone."""
    monkeypatch.chdir(FOLDER)
    assert all(one.endswith(")") for one in told_of(case))
