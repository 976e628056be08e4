"""What repeats in a plan is told once; what a person must see is named however much there is."""

from __future__ import annotations

import re
from dataclasses import replace

import pytest
from work import calls_in

from tasksync.core.change import Action, Change, FieldChange, Reason
from tasksync.core.fields import KeyRef, RemoteId, TaskKey
from tasksync.core.plan import Plan, Refusal
from tasksync.core.task import Activity, Place
from tasksync.render.short_dates import short_dates
from tasksync.render.text import plan_text
from tasksync.render.text_blocks import Layout
from tasksync.render.text_groups import MOST, MOST_BARE

FULL = Layout(full=True)


def day(number: int) -> str:
    return f"2026-05-{number:02}T18:00:00+03:00"


def update(number: int, *fields: FieldChange, file: str = "t.yaml") -> Change:
    place = Place(file, number + 10, 3)
    key, remote = TaskKey(f"k{number}"), RemoteId(number + 1)
    return Change(key, Action.UPDATE, Reason.EDITED, remote, fields, place=place)


def late(number: int, **other: str) -> Change:
    return update(
        number, FieldChange("deadline", day(1 + number % 9), day(8 + number % 9)), **other
    )


def handed(number: int) -> Change:
    return update(number, FieldChange("responsibleId", 1, 22))


def gone(number: int, **other: object) -> Change:
    change = Change(TaskKey(f"old{number}"), Action.DELETE, Reason.DROPPED, RemoteId(900 + number))
    return replace(change, title=f"Old {number}", **other)  # type: ignore[arg-type]


def plan(*changes: Change, **other: object) -> Plan:
    return Plan("p", "portal.example", "L", 1, (changes,), **other)  # type: ignore[arg-type]


def body(told: Plan, **other: object) -> list[str]:
    """The lines between the symbols and the first blank line after them."""
    layout = Layout(dates=short_dates(told))
    text = plan_text(told, **{"layout": layout, **other})  # type: ignore[arg-type]
    return text.split("\n\n")[1].splitlines()


def test_like_changes_are_one_group_with_what_is_each_ones_own() -> None:
    assert body(plan(late(0), late(1), late(2))) == [
        "  ~ 3 tasks  in t.yaml",
        "      deadline       +7 d",
        "        k0  :10  (task 1)  2026-05-01 18:00 -> 2026-05-08 18:00",
        "        k1  :11  (task 2)  2026-05-02 18:00 -> 2026-05-09 18:00",
        "        k2  :12  (task 3)  2026-05-03 18:00 -> 2026-05-10 18:00",
    ]


def test_tasks_of_which_nothing_is_to_be_said_stand_after_one_another() -> None:
    names = ((22, "Olga"),)
    lines = body(plan(*(handed(n) for n in range(12)), names=names))
    assert lines[:3] == [
        "  ~ 12 tasks  in t.yaml",
        "      responsibleId  1 -> 22 (Olga)",
        "        k0 (task 1), k1 (task 2), k2 (task 3), k3 (task 4), k4 (task 5),",
    ]
    assert lines[-1].endswith("k11 (task 12)")
    assert len(lines) == 5


def test_where_a_group_is_of_one_line_or_of_several_files_that_is_said() -> None:
    one = [replace(late(n), place=Place("rows.csv", 7, 1)) for n in range(3)]
    assert body(plan(*one))[0] == "  ~ 3 tasks  rows.csv:7"
    several = body(plan(late(0), late(1, file="b.yaml"), late(2)))
    assert several[0] == "  ~ 3 tasks"
    assert several[2] == "        k0  (task 1)  t.yaml:10  2026-05-01 18:00 -> 2026-05-08 18:00"


def test_a_small_plan_in_which_nothing_repeats_has_no_group() -> None:
    told = plan(late(0), late(1), handed(2), handed(3))
    assert not any(" tasks" in line for line in body(told))
    assert body(told) == body(told, layout=replace(FULL, dates=short_dates(told)))


def test_full_prints_every_change_whole() -> None:
    told = plan(*(late(n) for n in range(100)), gone(1))
    lines = body(told, layout=FULL)
    assert sum(line.startswith("  ~ k") for line in lines) == 100
    assert lines[0] == "  - old1  (task 901)  no longer in the manifest"
    assert sum(line.startswith("      deadline       2026-") for line in lines) == 100


@pytest.mark.parametrize(("change", "most"), [(late, MOST), (handed, MOST_BARE)])
def test_of_a_large_group_the_rest_is_counted_and_the_flag_named(change: object, most: int) -> None:
    lines = body(plan(*(change(n) for n in range(400))))  # type: ignore[operator]
    assert lines[-1] == f"        … {400 - most} tasks more like these: --full prints all"
    assert sum(len(re.findall(r"\bk\d+\b", line)) for line in lines) == most


def test_whoever_is_refused_protected_or_deleted_is_named_in_a_large_group() -> None:
    refusals = (Refusal("any", "No.", "Do less.", (TaskKey("k250"), TaskKey("k399"))),)
    changes = [replace(late(n), protected=n == 300) for n in range(400)]
    told = "\n".join(body(plan(*changes), refusals=refusals))
    for key in ("k250", "k399", "k300"):
        assert f"        {key} " in told
    assert f"… {400 - MOST - 3} tasks more" in told
    kept = body(plan(*changes), layout=Layout(kept=frozenset({TaskKey("k250")})))
    assert any("k250" in line for line in kept)
    deleted = [gone(n, activity=Activity(2, 0) if n == 77 else Activity(0, 0)) for n in range(80)]
    lines = body(plan(*(replace(one, protected=at == 78) for at, one in enumerate(deleted))))
    assert sum(line.startswith("        old") for line in lines) == 80
    assert '"Old 77", 2 comments would be lost' in lines[78]
    assert '"Old 78", protected' in lines[79]


def test_what_removes_tasks_comes_first_then_what_changes_then_what_is_new() -> None:
    new = Change(
        TaskKey("new"), Action.CREATE, Reason.NEW, fields=(FieldChange("title", None, "N"),)
    )
    defer = replace(gone(2), action=Action.DEFER, fields=(FieldChange("status", 2, 6),))
    forget = replace(gone(3), action=Action.FORGET, reason=Reason.GONE)
    adopt = replace(gone(4), action=Action.ADOPT, reason=Reason.ADOPTED)
    told = plan(new, adopt, late(1), forget, defer, gone(1))
    signs = [line[2] for line in body(told) if line[2:3].strip()]
    assert signs == ["-", ">", ".", "~", "+", "="]


def test_new_tasks_share_what_is_common_and_say_what_they_wait_for() -> None:
    def new(number: int) -> Change:
        fields = (
            FieldChange("title", None, f"Step {number}"),
            FieldChange("parentId", None, KeyRef(TaskKey("s0"))),
        )
        return Change(TaskKey(f"s{number}"), Action.CREATE, Reason.NEW, fields=fields)

    assert body(plan(*(new(n) for n in range(3)))) == [
        "  + 3 tasks",
        "      parent         s0 (known after apply)",
        '        s0  "Step 0"',
        '        s1  "Step 1"',
        '        s2  "Step 2"',
    ]


def test_a_long_text_in_a_group_is_cut_counted_and_whole_in_full() -> None:
    long = "a word and another " * 60
    changes = [
        update(n, FieldChange("description", None, f"{n} {long}"), FieldChange("priority", 1, 2))
        for n in range(3)
    ]
    lines = body(plan(*changes))
    assert lines[-1] == "        … the rest of 3 long texts: --full prints all"
    assert all(len(line) <= 80 for line in lines)
    whole = " ".join(" ".join(body(plan(*changes), layout=FULL)).split())
    assert whole.count(long.strip()) == 3


def test_ten_thousand_changes_are_no_more_work_in_groups_than_one_by_one(huge: Plan) -> None:
    """Counted in calls: before there were groups it took 144 for each change."""
    for layout in (Layout(dates=short_dates(huge)), replace(FULL, dates=short_dates(huge))):
        assert calls_in(lambda layout=layout: plan_text(huge, layout=layout)) < 1.3 * 144 * 10_000  # type: ignore[misc]
