"""A comment on a pull request: always small enough, nothing lost in silence, nothing that pings."""

from __future__ import annotations

import re
from dataclasses import replace

import pytest

from tasksync.core.change import Action, Change, FieldChange, Reason
from tasksync.core.fields import RemoteId, TaskKey
from tasksync.core.plan import Plan, Refusal
from tasksync.render.grouping import grouped
from tasksync.render.markdown import LIMIT, cell, code, plan_markdown

DIGEST = "sha256:" + "0a" * 32


def moved(number: int, *more: FieldChange, day: int = 26) -> Change:
    deadline = FieldChange("deadline", "2026-05-19T18:00:00+03:00", f"2026-05-{day}T18:00:00+03:00")
    key, remote = TaskKey(f"k{number}"), RemoteId(number + 1)
    return Change(key, Action.UPDATE, Reason.EDITED, remote, (deadline, *more))


def plan_of(*changes: Change) -> Plan:
    return Plan("p", "portal", "l", 1, (changes,))


def accounted(text: str) -> int:
    """How many tasks the comment names or says that it left out."""
    body = text[text.index("<details>") :]
    body = re.sub(r"<details><summary>(Changed on|Notes).*?</details>", "", body, flags=re.DOTALL)
    named = len(re.findall(r"^- `", body, re.MULTILINE))
    return named + sum(int(n) for n in re.findall(r"(\d+) (?:more )?tasks?[, ]+.*left out", body))


def test_everything_as_markdown(full, golden):
    refusals = (Refusal("maxDelete", "2 of 5 would go", "--max-delete 2"),)
    told = plan_markdown(full, requests=3, seconds=2.4, refusals=refusals, digest=DIGEST)
    golden("plan-everything.md", told)


def test_nothing_as_markdown(none, golden):
    golden("plan-nothing.md", plan_markdown(none, digest=DIGEST))


def test_identical_changes_are_told_once_with_every_key():
    text = plan_markdown(plan_of(*(moved(n) for n in range(412))))
    assert "deadline +7 d</code>: <b>412 tasks</b>" in text
    assert all(f"- `k{n}` (task {n + 1})\n" in text for n in range(412))
    assert text.count("2026-05-19T18:00:00+03:00 → 2026-05-26T18:00:00+03:00") == 1


def test_what_differs_inside_a_group_is_still_given():
    renamed = (moved(n, FieldChange("title", f"old {n}", f"new {n}")) for n in range(9))
    text = plan_markdown(plan_of(*renamed))
    assert all(f'title `"old {n}" → "new {n}"`' in text for n in range(9))
    assert text.count("<details>") == 1


def test_every_change_stands_in_exactly_one_group(full, huge):
    for plan in (full, huge):
        keys = [one.change.key for group in grouped(plan) for one in group.members]
        assert sorted(keys) == sorted(change.key for change in plan.changes)


def test_ten_thousand_changes_fit_and_add_up(huge):
    text = plan_markdown(huge)
    assert len(text) < LIMIT
    assert accounted(text) == 10_000
    assert "tasksync show --full plan.json" in text


@pytest.mark.parametrize("number", [1, 50, 700, 3000])
def test_ten_thousand_groups_fit_and_add_up_too(number):
    names = ("title", "description", "priority", "groupId", "timeEstimate", "status")
    changes = []
    for at in range(number):
        chosen = [name for bit, name in enumerate(names) if (at % 63 + 1) >> bit & 1]
        fields = (FieldChange(name, f"{at}" * 20, f"{at + 1}" * 20) for name in chosen)
        changes.append(replace(moved(at), fields=tuple(fields)))
    text = plan_markdown(plan_of(*changes))
    assert len(text) < LIMIT
    assert accounted(text) == number


@pytest.mark.parametrize("limit", [3000, 5000, 9000])
def test_a_smaller_limit_holds_as_well(huge, limit):
    text = plan_markdown(replace(huge, names=()), limit=limit + 4000)
    assert len(text) < limit + 4000
    assert accounted(text) == 10_000


def test_huge_names_and_refusals_do_not_burst_it(huge):
    refusals = tuple(Refusal("r", "x" * 3000, "y") for _ in range(50))
    names = tuple((n, "n" * 5000) for n in range(81))
    text = plan_markdown(replace(huge, names=names, project="p" * 40), refusals=refusals)
    assert len(text) < LIMIT
    assert "48 more refusals" in text


@pytest.mark.parametrize(
    ("text", "span"),
    [
        ("plain", "`plain`"),
        ("a`b", "``a`b``"),
        ("`a", "`` `a ``"),
        ("``", "``` `` ```"),
        ("a\nb", "`a\\u000ab`"),
        ("", "` `"),
    ],
)
def test_a_code_span_cannot_be_left(text, span):
    assert code(text) == span


def test_a_bar_does_not_break_a_table():
    assert cell("a|b") == "`a\\|b`"


def test_nobody_is_pinged_and_no_html_runs(full):
    text = plan_markdown(full)
    outside = re.sub(r"(`+)(?!`).+?(?<!`)\1(?!`)", "", text)
    assert "@" not in outside
    assert "<script" not in outside


def test_a_task_is_linked_to_its_card_unless_changes_would_be_left_out_for_it():
    links = [replace(moved(n), responsible=22) for n in range(2000)]
    card = "([task 1](https://acme.bitrix24.com/company/personal/user/22/tasks/task/view/1/))"
    few = plan_markdown(replace(plan_of(*links[:400]), portal="acme.bitrix24.com"))
    assert f"- `k0` {card}\n" in few
    many = plan_markdown(replace(plan_of(*links), portal="acme.bitrix24.com"))
    assert "https://" not in many
    assert "left out" not in many
    assert len(many) < LIMIT
