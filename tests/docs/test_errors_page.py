"""The guide for when something went wrong has every error and every exit code, and no other."""

from __future__ import annotations

import re
from pathlib import Path

from tasksync import errors

GUIDES = Path(__file__).parents[2] / "docs" / "guides"
PAGE = (GUIDES / "when-something-went-wrong.md").read_text("utf-8")
#: what is no error: done, changes, partial, interrupted
ENDINGS = {2, 3, 130}


def kinds() -> set[type[errors.TasksyncError]]:
    found = [one for one in vars(errors).values() if isinstance(one, type)]
    return {one for one in found if issubclass(one, errors.TasksyncError)} - {errors.TasksyncError}


def told() -> set[str]:
    """The errors of the table; those that only stand above others are named by what is below."""
    return set(re.findall(r"^\| `(\w+)` \|", PAGE, re.MULTILINE))


def test_every_error_that_a_person_may_see_stands_in_the_guide() -> None:
    names = {one.__name__ for one in kinds()}
    above = {one.__name__ for one in kinds() if one.__name__ in {"PortalError", "StateError"}}
    assert told() == names - above


def test_every_exit_code_stands_in_the_guide() -> None:
    codes = {int(code) for code in re.findall(r"^\| (\d+) \|", PAGE, re.MULTILINE)}
    assert codes == {one.exit_code for one in kinds()} | ENDINGS
