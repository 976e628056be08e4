"""What holds for the text of every plan: nothing is lost or too wide, and deletes are first."""

from __future__ import annotations

import re
from functools import cache

import pytest
from random_plans import random_plan
from wrapping import unwrapped

from tasksync.core.change import SYMBOLS, Action
from tasksync.render.grouping import rank
from tasksync.render.line_width import COLUMNS, width
from tasksync.render.short_dates import short_dates
from tasksync.render.style import colours
from tasksync.render.text import plan_text
from tasksync.render.text_blocks import Layout
from tasksync.render.wording import planned

#: plans, and how many of them a test looks at
PLANS, A_TEST = 200, 50
BATCHES = pytest.mark.parametrize("first", range(0, PLANS, A_TEST))
_COUNTED = re.compile(r"… ([\d]+) tasks? more like these")
#: one word of a key, a path, an address or a name of a file, and what stands before it
_ONE_WORD = re.compile(r" *(?:[^ ]+:? )?[^ ]+")


@cache
def shown(seed: int, *, full: bool) -> str:
    plan, refusals = random_plan(seed)
    layout = Layout(full=full, dates=short_dates(plan))
    return plan_text(plan, first_line="Read.", refusals=refusals, layout=layout)


def changes_in(text: str) -> list[str]:
    """The lines of the changes alone: from the symbols on to the first blank line."""
    return text.split("\n\n")[1].splitlines() if "Symbols:" in text else []


@BATCHES
def test_every_key_is_printed_or_counted_and_the_counts_stay(first: int) -> None:
    for seed in range(first, first + A_TEST):
        _nothing_is_lost(seed)


def _nothing_is_lost(seed: int) -> None:
    plan, refusals = random_plan(seed)
    held = {key for one in refusals for key in one.keys}
    words, whole = (unwrapped(shown(seed, full=full)) for full in (False, True))
    keys = [one.key for one in plan.changes]
    named = [key for key in keys if re.search(rf"(?<!\S){re.escape(key)}(?![^\s,])", words)]
    assert all(re.search(rf"(?<!\S){re.escape(key)}(?!\S)", whole) for key in keys)
    assert len(keys) - len(named) == sum(map(int, _COUNTED.findall(words)))
    assert "more like these" not in words or "--full prints all" in words
    for one in plan.changes:
        if one.action is Action.DELETE or one.protected or one.key in held:
            assert one.key in named
    assert "more like these" not in whole
    lines = shown(seed, full=True).splitlines()
    places = [f"{one.place.file}:{one.place.line}" for one in plan.changes if one.place]
    assert all(any(place in line for line in lines) for place in places)
    for text in (words, whole):
        assert not plan or planned(plan.summary) in text
        assert text.count(" protected") == sum(one.protected for one in plan.changes)


@BATCHES
def test_no_line_is_too_wide_but_for_one_word_that_somebody_copies(first: int) -> None:
    for seed in range(first, first + A_TEST):
        for full in (False, True):
            for line in shown(seed, full=full).splitlines():
                if width(line) > COLUMNS:
                    assert _ONE_WORD.fullmatch(line), line
                    assert "/" in line


@BATCHES
def test_what_removes_tasks_comes_first(first: int) -> None:
    signs = {SYMBOLS[one]: rank(one) for one in Action if one is not Action.NOOP}
    pairs = [(seed, full) for seed in range(first, first + A_TEST) for full in (False, True)]
    for seed, full in pairs:
        plan, _refusals = random_plan(seed)
        lines = changes_in(shown(seed, full=full))
        found = [signs[line[2]] for line in lines if line[:2] == "  " and line[2] != " "]
        assert found == sorted(found)
        assert bool(found) == bool(plan)


def test_colours_move_no_line() -> None:
    for seed in range(0, PLANS, 10):
        plan, refusals = random_plan(seed)
        painted = plan_text(plan, refusals=refusals, style=colours())
        assert re.sub(r"\x1b\[[0-9;]*m", "", painted) == plan_text(plan, refusals=refusals)
