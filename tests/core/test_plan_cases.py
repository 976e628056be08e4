"""A case is a file: what is wanted, remembered and found, and the plan that must come of it."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest
from casefiles import compared, read, shown

from tasksync.core.planning.build import build_plan

CASES = sorted((Path(__file__).parents[1] / "plan_cases").glob("*.yaml"))


@pytest.mark.parametrize("path", CASES, ids=lambda path: path.stem)
def test_the_plan_of_a_case_is_the_expected_one(path: Path) -> None:
    case = read(path)
    plan = build_plan(case.manifest, case.state, case.live, case.scope, case.sources)
    plan = replace(plan, unread=case.unread, in_doubt=case.in_doubt, other_owner=case.other_owner)
    there, wanted = compared(shown(plan, case), case.expect)
    assert there == wanted


def test_there_are_enough_cases() -> None:
    """Every row of design 5's table and every exception beside it has a file."""
    assert len(CASES) >= 60
