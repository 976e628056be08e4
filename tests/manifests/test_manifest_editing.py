"""Edits of a manifest's text by example: where they go, and what is refused in which words."""

from __future__ import annotations

from difflib import unified_diff

import pytest

from tasksync.manifests.editing.editing import edited
from tasksync.manifests.editing.edits import REMOVED, Edit, NewValue, Removal
from tasksync.manifests.reader import YamlUnreadable

HEAD = "apiVersion: tasksync/v1\ntasks:\n"
TASK = HEAD + "  a:  # the first\n"


def diff(text: str, *edits: tuple[str, NewValue | Removal]) -> list[str]:
    """Return the lines that go and come when fields of tasks are set, as `a.title`."""
    content = text.encode()
    wanted = [Edit(("tasks", *path.split(".")), value) for path, value in edits]
    made = edited(content, "m.yaml", wanted)
    assert not made.refused, [str(problem) for _, problem in made.refused]
    after = made.content.decode()
    lines = unified_diff(text.split("\n"), after.split("\n"), lineterm="", n=0)
    return [line for line in lines if line[:2] not in {"--", "++", "@@"}]


def refusal(text: str, path: str, value: NewValue | Removal) -> str:
    """Return why an edit is not made; the text is as it was."""
    made = edited(text.encode(), "m.yaml", [Edit(("tasks", *path.split(".")), value)])
    assert made.content == text.encode()
    ((_, problem),) = made.refused
    return str(problem)


@pytest.mark.parametrize(
    ("body", "lines"),
    [
        ("    title: T  # c\n\n# end\n", ["+    adopt: {id: 7}"]),
        ("    title: T", ["+    adopt: {id: 7}"]),
        ("       tags:\n       - x\n  b: {}\n", ["+       adopt: {id: 7}"]),
        ("    description: |+\n      x\n\n  b:\n", ["+    adopt: {id: 7}"]),
        ("    description: |\n      x", ["+    adopt: {id: 7}"]),  # else a line break more
        ("    ? title\n    : T\n", ["+    adopt: {id: 7}"]),
        ("    title: &t T\n  b: {title: *t}\n", ["+    adopt: {id: 7}"]),
        ("", ["+    adopt: {id: 7}"]),
        ("  b:\n   title: x\n", ["+   adopt: {id: 7}"]),
    ],
)
def test_a_field_is_added_in_the_tasks_own_indentation(body: str, lines: list[str]) -> None:
    assert diff(TASK + body, ("a.adopt", {"id": 7})) == lines


@pytest.mark.parametrize(
    ("task", "after"),
    [
        ("{title: T}", "{title: T, adopt: {id: 7}}"),
        ("{ title: 'T', }  # c", "{ title: 'T', adopt: {id: 7}, }  # c"),
        ("{}", "{adopt: {id: 7}}"),
        ("{tags: [], title: }", "{tags: [], title: , adopt: {id: 7}}"),
        ("{title}", "{title, adopt: {id: 7}}"),
    ],
)
def test_a_task_on_one_line_stays_on_it(task: str, after: str) -> None:
    text = f"{HEAD}  a: {task}\n"
    assert diff(text, ("a.adopt", {"id": 7})) == [f"-  a: {task}", f"+  a: {after}"]


@pytest.mark.parametrize(
    ("before", "value", "after"),
    [
        ("'it''s'  # c", "isn't", "'isn''t'  # c"),
        ('"a"', 'b "c"', '"b \\"c\\""'),
        ("plain", "other words", "other words"),
        ("plain", "no", '"no"'),
        ("plain", "a: b # c", '"a: b # c"'),
        ("2026-05-19T18:00:00+03:00", "2026-05-23T18:00:00+03:00", "2026-05-23T18:00:00+03:00"),
        ("'5'", 6, "6"),
        ("5", "6", '"6"'),
        ("x", None, "null"),
        ("# c", "x", "x # c"),
        ("&one x", "z", "&one z"),
        ('"a"', "b\nc", '"b\\nc"'),
        ("[a, b]  # c", ["a", "c"], "[a, c]  # c"),
        ("[ a,b ]", ["a", "b", "c"], "[ a,b, c ]"),
        ("[a, b, c]", ["c"], "[c]"),
        ("[a, b, c]", ["a"], "[a]"),
        ("[a]", [], "[]"),
        ("[]", ["a"], "[a]"),
        ("{id: 5}", {"id": 7}, "{id: 7}"),
        ("x", ["a"], "[a]"),
    ],
)
def test_a_value_is_set_in_the_style_that_stood_there(
    before: str, value: NewValue, after: str
) -> None:
    """Where that style can hold it; quotes where a plain word would mean another thing."""
    text = f"{TASK}    f: {before}\n    title: 'T'\n"
    old, new = f"    f: {before}", f"    f: {after}"
    assert diff(text, ("a.f", value)) == [f"-{old}", f"+{new}"]


def test_a_name_without_a_value_gets_one() -> None:
    text = f"{HEAD}  a: {{title, tags: [], deadline:, status: }}\n"
    edits = [("a.title", "T"), ("a.deadline", "2026-01-01"), ("a.status", 5)]
    after = "+  a: {title: T, tags: [], deadline: 2026-01-01, status: 5 }"
    assert diff(text.replace("deadline:,", "deadline: ,"), *edits)[1] == after.replace(
        "2026-01-01,", "2026-01-01 ,"
    )


def test_a_text_of_several_lines_is_a_block_and_keeps_its_comment() -> None:
    text = f"{TASK}    description: short  # c\n    title: T\n"
    lines = ["-    description: short  # c", "+    description: |-  # c", "+      a", "+       b"]
    assert diff(text, ("a.description", "a\n b")) == lines


def test_a_block_keeps_its_comment_and_its_indentation() -> None:
    text = f"{TASK}    description: |  # c\n         a\n\n    title: T\n"
    lines = ["-         a", "+         b", "+           c"]
    assert diff(text, ("a.description", "b\n  c\n")) == lines
    lines = ["-    description: |  # c", "-         a", "+    description: 5  # c"]
    assert diff(text, ("a.description", 5)) == lines


def test_items_of_a_list_keep_their_comments() -> None:
    text = f"{TASK}    tags:  # t\n    - x  # why x\n    - 'y'\n    # between\n    - z\n"
    assert diff(text, ("a.tags", ["x", "z", "w"])) == ["-    - 'y'", "+    - w"]
    assert diff(text, ("a.tags", ["new", "x", "y", "z"])) == ["+    - new"]
    assert diff(text, ("a.tags", ["x", "why", "z"])) == ["-    - 'y'", "+    - 'why'"]


def test_a_field_goes_with_its_lines_and_its_comment() -> None:
    text = f"{TASK}    title: T\n    adopt: {{id: 7}}  # for now\n\n  b: {{title: B, tags: [x]}}\n"
    assert diff(text, ("a.adopt", REMOVED)) == ["-    adopt: {id: 7}  # for now"]
    lines = ["-  b: {title: B, tags: [x]}", "+  b: {title: B}"]
    assert diff(text, ("b.tags", REMOVED)) == lines


def test_what_is_already_so_changes_nothing() -> None:
    text = f"{TASK}    title: \"T\"\n    tags: [ 'x' ]\n    status:\n"
    assert not diff(text, ("a.title", "T"), ("a.tags", ["x"]), ("a.status", None))


def test_a_key_is_found_in_quotes_and_in_any_form_of_its_letters() -> None:
    text = f'{HEAD}  "e\u0301-1":\n    title: T\n'
    assert diff(text, ("\u00e9-1.adopt", {"id": 7})) == ["+    adopt: {id: 7}"]


def test_the_document_is_found_that_holds_the_task() -> None:
    text = f"{HEAD}  a: {{title: T}}\n---\n{HEAD}  b: {{title: T}}\n...\n"
    lines = ["-  b: {title: T}", "+  b: {title: U}"]
    assert diff(text, ("b.title", "U")) == lines


def test_values_beside_the_tasks_are_set_too() -> None:
    """`accept` writes into `dates`, `people` and rows as into tasks."""
    text = (
        "dates: {release: 2026-01-01}\nuse:\n- template: t\n  forEach:\n"
        "    - {key: a, start: 2026-01-01}\n    - key: b  # b\n      start: 2026-02-01\n"
    )
    edits = [
        Edit(("dates", "release"), "2026-01-02"),
        Edit(("use", 0, "forEach", 0, "start"), "2026-01-03"),
        Edit(("use", 0, "forEach", 1, "start"), "2026-02-03"),
    ]
    made = edited(text.encode(), "m.yaml", edits)
    assert not made.refused
    expected = text.replace("2026-01-01}\nuse", "2026-01-02}\nuse")
    expected = expected.replace("2026-01-01", "2026-01-03").replace("2026-02-01", "2026-02-03")
    assert made.content.decode() == expected


@pytest.mark.parametrize(
    ("body", "path", "words"),
    [
        ("    title: *t\n", "a.title", "5: a.title cannot be written here: tasks.a.title"),
        ("    <<: *m\n", "a.title", "would come from what is merged in with <<"),
        ("    {title: T,\n    tags: []}\n", "a.title", "is in flow style over several lines"),
        ("    title: &x T\n  b: {title: *x}\n", "a.title", "used again as *x in line 6"),
        ("    &x\n    title: T\n  b: *x\n", "a.adopt", "tasks.a is used again as *x in line 7"),
        ("    title: T\n    title: U\n", "a.title", "title stands there twice, in lines 5 and 6"),
        ("    title: T\n", "b.title", "the task b is not written in this file (a template makes"),
        ("    text\n", "a.title", "what stands there has no fields"),
        ("    tags: [*t, x]\n", "a.tags", "part of it comes from *t"),
    ],
)  # fmt: skip
def test_what_cannot_be_edited_is_said_in_words(body: str, path: str, words: str) -> None:
    text = f"x: {{t: &t T, m: &m {{title: M}}}}\n{TASK}{body}"
    value: NewValue = {"id": 7} if path.endswith("adopt") else "new"
    assert words in refusal(text, path, ["n"] if path.endswith("tags") else value)


@pytest.mark.parametrize("tasks", ["", "tasks:\n", "tasks: {}\n", "use: []\n"])
def test_a_task_that_is_not_there_is_not_made(tasks: str) -> None:
    """The fuzz saw `tasks` added behind a document without any."""
    assert "the task a is not written in this file" in refusal(f"x: 1\n{tasks}", "a.title", "new")


def test_one_that_is_refused_holds_up_no_other() -> None:
    text = f"x: &t T\n{TASK}    title: *t\n  b:\n    title: B\n"
    edits = [Edit(("tasks", key, "title"), "new") for key in ("a", "b")]
    made = edited(text.encode(), "m.yaml", edits)
    assert [edit for edit, _ in made.refused] == edits[:1]
    assert made.content.decode() == text.replace("title: B", "title: new")


def test_a_text_that_is_no_yaml_is_not_edited() -> None:
    with pytest.raises(YamlUnreadable, match=r"m\.yaml:2"):
        edited(b"a: [", "m.yaml", [Edit(("a",), 1)])
    with pytest.raises(YamlUnreadable, match="not UTF-8"):
        edited(b"a: \xff", "m.yaml", [Edit(("a",), 1)])


def test_a_text_that_no_file_can_hold_is_refused() -> None:
    assert "no text of YAML" in refusal(f"{TASK}    title: T\n", "a.title", "\ud800")


@pytest.mark.parametrize("newline", ["\r\n", "\r", "\n"])
def test_line_breaks_mark_and_tabs_stay(newline: str) -> None:
    lines = ["\ufeff# m", "tasks:", "  a:\t# t", "    title:\t'x' ", "  b:"]
    text = newline.join(lines)
    made = edited(text.encode(), "m", [Edit(("tasks", "a", "description"), "1\n2")])
    lines[4:4] = ["    description: |-", "      1", "      2"]
    assert made.content.decode() == newline.join(lines)


def test_two_thousand_tasks_are_edited_in_one_go() -> None:
    text = HEAD + "".join(f"  t-{n}:\n    title: T{n}\n" for n in range(2_000))
    edits = [Edit(("tasks", f"t-{n}", "adopt"), {"id": n + 1}) for n in range(2_000)]
    made = edited(text.encode(), "m.yaml", edits)
    assert not made.refused
    assert made.content.count(b"adopt: {id: ") == len(edits)
