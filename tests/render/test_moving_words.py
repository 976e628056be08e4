"""What is let go of and what moves from project to project is said in plain words everywhere."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path

import jsonschema
import pytest
from casefiles import read
from wrapping import unwrapped

from tasksync.core.change import Action
from tasksync.core.formats import plan_json
from tasksync.core.plan import Plan
from tasksync.core.planning.build import build_plan
from tasksync.render.html import plan_html
from tasksync.render.markdown import plan_markdown
from tasksync.render.text import plan_text

CASES = Path(__file__).parents[1] / "plan_cases"
SCHEMA = json.loads((Path(__file__).parents[2] / "schemas/plan.schema.json").read_text("utf-8"))


def plan_of(number: int) -> Plan:
    (path,) = CASES.glob(f"{number}-*.yaml")
    case = read(path)
    return build_plan(case.manifest, case.state, case.live, case.scope, case.sources)


def formats(plan: Plan) -> dict[str, str]:
    return {
        "text": unwrapped(plan_text(plan)),
        "markdown": plan_markdown(plan),
        "html": plan_html(plan, version="1"),
    }


@pytest.mark.parametrize(
    ("number", "words"),
    [
        (173, "its marker comes off, and it is free for people and other projects"),
        (360, "moved here: it was x of project other"),
        (373, "is x of project third now: nothing is made or changed for it here"),
        (373, "To have it back: apply without it first, then write it again with moved or adopt"),
        (374, "another project has it now; forgotten here alone"),
        (376, "is on its way to x of project third: nothing is done to it here"),
        (367, "cannot be taken over"),
    ],
)
def test_each_format_says_it(number: int, words: str) -> None:
    plan = plan_of(number)
    if number == 367:
        from tasksync.core.guards import check

        assert words in str(check(plan)[0])
        return
    for name, text in formats(plan).items():
        assert words in text, name


@pytest.mark.parametrize("number", [173, 360, 367, 373, 376])
def test_a_saved_plan_comes_back_word_for_word(number: int) -> None:
    plan = replace(plan_of(number), lineage="line")
    data = plan_json.encode(plan, version="1", requests=1, seconds=1.0)
    jsonschema.validate(data, SCHEMA)
    assert plan_json.loads(plan_json.dumps(data)) == plan


def test_the_digest_tells_a_move_from_another_and_from_a_create() -> None:
    plan = plan_of(360)
    (change,) = plan.changes
    assert change.origin is not None
    elsewhere = replace(change, origin=replace(change.origin, project="third"))
    made = replace(change, action=Action.CREATE, origin=None)
    digests = {
        plan_json.digest(replace(plan, levels=((one,),))) for one in (change, elsewhere, made)
    }
    assert len(digests) == 3
