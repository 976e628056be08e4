"""A plan in words: the golden text, the words that scripts look for, and nothing that steers."""

from __future__ import annotations

import re
from dataclasses import replace

import pytest

from tasksync.core.change import Action, Change, FieldChange, Reason
from tasksync.core.fields import RemoteId, TaskKey
from tasksync.core.plan import Plan, Refusal
from tasksync.core.state import Entry
from tasksync.render.html import plan_html
from tasksync.render.inline_diff import marked
from tasksync.render.json import plan_as_json
from tasksync.render.markdown import plan_markdown
from tasksync.render.style import Tone, colours
from tasksync.render.text import entry_line, entry_text, plan_text, read_line
from tasksync.render.text_blocks import Layout

DIGEST = "sha256:" + "0a" * 32
REFUSALS = (
    Refusal("maxDelete", "2 of 5 tasks would be deleted, 30% are allowed", "--max-delete 2"),
    Refusal("protect", "audit-q2 is protected", "say protect: false in a run of its own"),
)


def shown(plan: Plan, **other: object) -> str:
    return plan_text(plan, first_line=read_line(3, 412, 2, 0.94), requests=3, seconds=2.4, **other)


def one(*fields: FieldChange, action: Action = Action.UPDATE) -> Plan:
    change = Change(TaskKey("k"), action, Reason.EDITED, RemoteId(1), fields)
    return Plan("p", "portal", "l", 1, ((change,),))


def test_everything_in_words(full, golden):
    golden("plan-everything.txt", shown(full, digest=DIGEST))


def test_nothing_in_words(none, golden):
    golden("plan-nothing.txt", shown(none, digest=DIGEST))


def test_a_refused_plan_in_words(full, golden):
    golden("plan-refused.txt", shown(full, refusals=REFUSALS, digest=DIGEST))


def test_everything_as_json(full, golden):
    text = plan_as_json(full, version="0.1.0", requests=3, seconds=2.4, refusals=REFUSALS)
    golden("plan-everything.json", text)


def test_nothing_as_json(none, golden):
    golden("plan-nothing.json", plan_as_json(none, version="0.1.0", requests=0, seconds=0.0))


def test_the_words_that_scripts_look_for(full, none):
    assert re.search(r"^Plan: 2 to add, 1 to change, 2 to destroy\.", shown(full), re.MULTILINE)
    assert shown(none).splitlines()[-1] == "No changes. The portal matches the manifest."


def test_colours_change_no_word(full):
    bare = re.sub(r"\x1b\[[0-9;]*m", "", shown(full, style=colours()))
    assert bare == shown(full)
    assert "\x1b[" in shown(full, style=colours())


def test_nothing_that_a_portal_wrote_can_steer_a_terminal(full):
    text = shown(full).replace("\n", "")
    assert text.isprintable()
    assert "\\u001b[2J" in text


@pytest.mark.parametrize("evil", ["\x1b]0;x\x07", "a\rb", "\u202eabc", "\x9b31m", "\ud800", "\x00"])
def test_every_door_is_clean(evil):
    fields = (
        FieldChange("title", "a", evil),
        FieldChange("tags", (), (evil,)),
        FieldChange("description", "x" * 70, evil + "x" * 70),
    )
    plan = replace(
        one(*fields), names=((1, evil),), renames=((TaskKey("a"), TaskKey(evil)),), files=(evil,)
    )
    text = plan_text(plan)
    assert text.replace("\n", "").isprintable()
    text.encode("utf-8")


def test_a_short_text_is_shown_whole_and_a_long_one_by_its_words():
    text = plan_text(one(FieldChange("title", "Old", "New")))
    assert 'title          "Old" -> "New"' in text
    long = "the figures of the first quarter of this year and of the one before it, please"
    text = plan_text(one(FieldChange("title", long, long.replace("first", "second"))))
    assert "of the [-first-]{+second+} quarter" in text


def new_task(description: str) -> Plan:
    fields = (FieldChange("title", None, "T"), FieldChange("description", None, description))
    change = Change(TaskKey("a"), Action.CREATE, Reason.NEW, fields=fields, title="T")
    return Plan("p", "portal", "line", 1, ((change,),))


def test_the_line_ends_of_a_new_text_are_line_ends():
    """No backslash and n; no line of it can look like one of ours, or command a runner."""
    text = plan_text(new_task("First.\n\n  - second\n::error::x\x1b[2J\n"))
    assert "      description    First.\n\n" + " " * 23 + "- second\n" in text
    assert "\\n" not in text
    assert "\x1b" not in text
    assert all(line.startswith(" " * 21) for line in text.split("First.\n")[1].split("\n")[1:3])
    assert "\n" + " " * 21 + "\\u003a:error" in text
    assert 'description    "one line"\n' in plan_text(new_task("one line"))


def test_the_lines_of_a_new_text_are_told_apart_in_every_format():
    plan = new_task("First.\n\nThird.\n")
    assert "description `First. |  | Third.`" in plan_markdown(plan)
    page = plan_html(plan, version="1")
    assert r'"a":"First.\n\nThird."' in page
    for text in (plan_text(plan), plan_markdown(plan)):
        assert "\\n" not in text


def test_untouched_lines_of_a_long_text_are_counted():
    before = "".join(f"line {n}\n" for n in range(9))
    assert marked(before, before.replace("line 4", "line four")) == [
        "(4 unchanged lines)",
        "line [-4-]{+four+}",
        "(4 unchanged lines)",
    ]


def test_a_line_that_came_is_marked_whole():
    assert marked("Hi Anna.\nBye.\n", "Hi Petr.\nBye.\nDone.\n") == [
        "Hi [-Anna-]{+Petr+}.",
        "Bye.",
        "{+Done.\\n+}",
    ]


def test_a_line_end_that_came_or_went_can_be_seen():
    assert marked("one\ntwo", "one two") == ["one[-\\n-]", "{+ +}two"]


def test_ten_tones_are_painted_as_every_terminal_knows_them():
    """What rich wrote for the same names, byte for byte, while it was the one that was asked."""
    style = colours()
    assert [style.paint("x", tone) for tone in Tone] == [
        *(f"\x1b[{look}mx\x1b[0m" for look in (32, 33, 31, 35, 36, 2, 1)),
        *(f"\x1b[1;{look}mx\x1b[0m" for look in (32, 31, 33)),
    ]


def test_the_first_line_says_what_was_read():
    assert read_line(1, 1, 1, 0.04) == (
        "tasksync read 1 file, 1 task, and the portal in 1 request (0.0 s)."
    )
    assert read_line(2, 0, None, 1.26).endswith("0 tasks, and not the portal (1.3 s).")


def test_ten_thousand_changes_are_all_there(huge):
    text = plan_text(huge, layout=Layout(full=True))
    assert text.count("\n  ~ ") == 7000
    assert text.count("\n  + onboarding") == 2000
    assert text.count("\n  - ") == 1000


def test_an_entry_is_shown_as_remembered(golden):
    asked = {"title": "Audit", "status": 5, "responsibleId": 22, "deadline": None}
    entry = Entry(TaskKey("audit"), RemoteId(9), asked, {"status": 4}, protected=True)
    assert entry_line(entry) == 'audit  (task 9)  "Audit"'
    golden("entry.txt", entry_text(entry, {22: "petrova@example.com"}))


def test_an_entry_says_when_its_task_was_created_and_whether_it_is_shown() -> None:
    seen = Entry(TaskKey("a"), RemoteId(7), {"title": "A"}, created="2026-05-12T11:46:12+03:00")
    unseen = Entry(TaskKey("b"), RemoteId(8), {"title": "B"}, hidden=True, remade=True)
    assert "(created 2026-05-12T11:46:12+03:00)" in entry_text(seen)
    assert "never made again" in entry_text(unseen)
    assert "made again after it had vanished" in entry_text(unseen)
    assert entry_line(unseen).endswith('"B"  (not shown by the portal)')
