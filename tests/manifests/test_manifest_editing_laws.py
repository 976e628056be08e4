"""Laws of edits: parse(edit(text)) has the edit and nothing else; all other bytes stay."""

from __future__ import annotations

import re
from collections.abc import Iterator
from copy import deepcopy
from io import BytesIO

import yaml
from hypothesis import assume, given, settings
from hypothesis import strategies as st

from tasksync.manifests.editing.editing import edited
from tasksync.manifests.editing.edits import REMOVED, Edit, NewValue, Removal

#: signs that no generated text holds
BEGIN, NAMED, END, TASK = "\ue000", "\ue001", "\ue002", "\ue003"
TEXTS = st.one_of(
    st.sampled_from(
        [
            "x",
            "no",
            "12:30",
            "2026-05-19",
            "# c",
            "a: b",
            "- x",
            "'q'",
            '"',
            "two\nlines",
            "\n\nx\n",
        ]
    ),
    st.text(
        st.sampled_from(" \t\n#:-'\"&*!|>%@`{}[],?~éß字😀\u0301\u2028\u0085\ufeff\\0abXYZ1"),
        max_size=20,
    ),
    st.text(max_size=12).filter(lambda text: not any(0xD800 <= ord(c) < 0xE000 for c in text)),
)
VALUES = st.one_of(
    TEXTS,
    st.integers(-5, 10**6),
    st.booleans(),
    st.none(),
    st.lists(TEXTS | st.integers(1, 9), max_size=4),
    st.fixed_dictionaries({"id": st.integers(1, 10**6)}),
)
NAMES = ("title", "description", "tags", "deadline", "adopt", "fields")


class Strict(yaml.CSafeLoader):
    """PyYAML's own construction, apart from ours: every plain scalar is text."""


Strict.yaml_implicit_resolvers = {}
NOTHING = re.compile(r"(?:~|null|)\Z")
Strict.add_implicit_resolver("tag:yaml.org,2002:null", NOTHING, ["~", "n", ""])


def read(content: bytes) -> list[object]:
    """Return what a text says to PyYAML; plain words are text, or nothing."""
    return list(yaml.load_all(BytesIO(content), Loader=Strict))


@st.composite
def scalars(draw: st.DrawFn, indent: int, newline: str) -> str:
    """Return a value as somebody writes it: quotes, blocks, a comment behind it."""
    comment = draw(st.sampled_from(["", "", "  # why", " # 'x: y"]))
    pad = " " * (indent + draw(st.integers(1, 3)))
    kinds = [
        "plain text",
        "'it''s'",
        '"a \\"b\\" \\u00e9"',
        "17",
        "null",
        "",
        "2026-05-19T18:00:00+03:00",
        "[a, 'b', \"c\"]",
        "[ x ,y ]",
        "{id: 7}",
        "{}",
        "[]",
    ]
    kind = draw(st.sampled_from([*kinds, "block", "block", "folded", "list", "quoted", "long"]))
    if kind in {"block", "folded"}:
        sign = "|" if kind == "block" else ">"
        chomp = draw(st.sampled_from(["", "-", "+"]))
        lines = draw(st.sampled_from([["one"], ["one", "", "  two"], ["# no comment", "", ""]]))
        told = [f"{pad}{line}" if line else "" for line in lines]
        return newline.join([f"{sign}{chomp}{comment}", *told])
    if kind == "list":
        dash = " " * draw(st.sampled_from([indent, indent + 2]))
        return newline.join([comment, f"{dash}- a{comment}", f"{dash}- 'b'", f"{dash}-   5"])
    if kind == "quoted":
        return f'"over{newline}{pad}lines"{comment}'
    if kind == "long":
        return f"over{newline}{pad}some lines{comment}"
    return f"{kind}{comment}"


@st.composite
def bodies(draw: st.DrawFn, indent: int, newline: str) -> str:
    """Return a task behind its key: fields a line each, or all on one, or none."""
    if draw(st.integers(0, 5)) == 0:
        return draw(
            st.sampled_from(["", " {}", " {title: a}", " { title: 'a' , tags: [x,y], }", "  # c"])
        )
    names = draw(st.lists(st.sampled_from(NAMES), min_size=1, max_size=4, unique=True))
    told = [draw(st.sampled_from(["", "", " # the task", "   "]))]
    for name in names:
        if draw(st.integers(0, 6)) == 0:
            told.append(draw(st.sampled_from(["", "# between", f"{' ' * indent}# between: x"])))
        written = draw(st.sampled_from([name, name, f'"{name}"', f"'{name}'"]))
        gap = draw(st.sampled_from([" ", "  ", " \t"]))
        value = draw(scalars(indent, newline))
        begins = value[:1] and not value.startswith((newline, " ", "\t"))
        field = f"{' ' * indent}{written}:{gap if begins else ''}{value}"
        told.append(f"{BEGIN}{name}{NAMED}{field}{END}")
    return newline.join(told)


@st.composite
def manifests(draw: st.DrawFn) -> bytes:
    """Return a text of one or two documents in one of many styles."""
    return plain_text(draw(marked()))


@st.composite
def marked(draw: st.DrawFn) -> str:
    """Return such a text with signs where each field of a task begins and ends."""
    newline = draw(st.sampled_from(["\n", "\n", "\r\n", "\r"]))
    documents = []
    keys = iter(["a", "b/c", "é-字", "with-1", "e", "f"])
    for _ in range(draw(st.integers(1, 2))):
        outer = draw(st.integers(1, 4))
        inner = outer + draw(st.integers(1, 4))
        lines = ["# a manifest", "apiVersion: tasksync/v1", "tasks:"]
        for _ in range(draw(st.integers(1, 3))):
            key = next(keys)
            name = draw(st.sampled_from([key, f'"{key}"', f"'{key}'"]))
            lines.append(f"{' ' * outer}{name}:{TASK}{key}{NAMED}{draw(bodies(inner, newline))}")
            if draw(st.integers(0, 3)) == 0:
                lines.append(draw(st.sampled_from(["", f"{' ' * inner}# after", "# margin"])))
        lines += draw(st.sampled_from([[], ["# end"], ["defaults: {tags: [a]}"], [""]]))
        documents.append(newline.join(lines))
    text = f"{newline}---{newline}".join(documents)
    text += draw(st.sampled_from([newline, newline, ""]))
    mark = draw(st.sampled_from(["", "\ufeff"]))
    return mark + text


def plain_text(text: str) -> bytes:
    """Return a marked text as it stands in a file."""
    return re.sub(f"[{BEGIN}{TASK}][^{NAMED}]*{NAMED}|{END}", "", text).encode()


def fields_in(text: str) -> list[tuple[str, str, bytes, bytes, bytes]]:
    """Return key and name of each field that has lines of its own, what is before, it, behind."""
    found = []
    for one in re.finditer(f"{BEGIN}([^{NAMED}]*){NAMED}([^{END}]*){END}", text):
        key = re.findall(f"{TASK}([^{NAMED}]*){NAMED}", text[: one.start()])[-1]
        before, behind = text[: one.start()], text[one.end() :]
        found.append((key, one[1], plain_text(before), plain_text(one[2]), plain_text(behind)))
    return found


def tasks_of(documents: list[object]) -> Iterator[tuple[int, str, object]]:
    for number, document in enumerate(documents):
        assert isinstance(document, dict)
        for key, body in document["tasks"].items():
            yield number, key, body


def told(value: object) -> object:
    """Return a value as the strict reader gives it back: every scalar as its text."""
    if isinstance(value, dict):
        return {key: told(one) for key, one in value.items()}
    if isinstance(value, list):
        return [told(one) for one in value]
    if isinstance(value, bool):
        return str(value).lower()
    return None if value is None else str(value)


def with_edit(documents: list[object], edit: Edit) -> list[object]:
    """Return what the documents are to say after an edit."""
    found = deepcopy(documents)
    for document in found:
        assert isinstance(document, dict)
        if edit.path[1] in document["tasks"]:
            body = document["tasks"][edit.path[1]] or {}
            document["tasks"][edit.path[1]] = body
            if edit.value is REMOVED:
                del body[edit.path[2]]
            else:
                body[edit.path[2]] = told(edit.value)
    return found


@settings(max_examples=400, deadline=None)
@given(manifests(), st.data())
def test_the_edit_is_made_and_nothing_else(content: bytes, data: st.DataObject) -> None:
    """The text before and behind the changed place is the same to the byte, comments included.

    What cannot be taken away without changing the block before it is refused, and left as it is.
    """
    before = read(content)
    _number, key, body = data.draw(st.sampled_from(list(tasks_of(before))))
    fields = body if isinstance(body, dict) else {}
    name = data.draw(st.sampled_from([*fields, *NAMES]))
    value: NewValue | Removal = data.draw(VALUES | st.just(REMOVED))
    assume(value is not REMOVED or name in fields)
    edit = Edit(("tasks", key, name), value)
    made = edited(content, "m.yaml", [edit])
    if made.refused:  # the blank lines behind it would become a kept block's own
        assert value is REMOVED
        assert re.search(rb"[|>][1-9]?\+", content)
        assert made.content == content
        return
    after = read(made.content)
    expected = with_edit(before, edit)
    assert after == expected
    assert made.content.startswith(b"\xef\xbb\xbf") == content.startswith(b"\xef\xbb\xbf")
    again = edited(made.content, "m.yaml", [] if value is REMOVED else [edit])
    assert again.content == made.content


@settings(max_examples=300, deadline=None)
@given(marked(), st.data())
def test_every_byte_outside_of_the_field_is_the_same(text: str, data: st.DataObject) -> None:
    """Set or taken away: what stands before and behind the field's own lines stands there still."""
    fields = fields_in(text)
    assume(fields)
    key, name, before, field, behind = data.draw(st.sampled_from(fields))
    value: NewValue | Removal = data.draw(VALUES | st.just(REMOVED))
    made = edited(plain_text(text), "m.yaml", [Edit(("tasks", key, name), value)]).content
    rest = re.sub(rb"\A(?:\r\n|\n|\r)", b"", behind)
    assert made.endswith(rest)
    own = made[: len(made) - len(rest)]
    if value is REMOVED and not behind:
        before = re.sub(rb"(?:\r\n|\n|\r)\Z", b"", before)  # the last line has no break still
    if value is REMOVED and not own.startswith(before):
        # the only field: its task is an empty mapping
        assert own.startswith(re.sub(rb"\s*(?:#[^\r\n]*\s*)*\Z", b"", before) + b" {}")
    else:
        assert own.startswith(before)
    if isinstance(value, str | int | bool | None):
        assert comments_in(field) <= comments_in(own[len(before) :])


def comments_in(field: bytes) -> set[bytes]:
    """Return the comments behind a value that is no list: a new value has them too."""
    if re.search(rb"^ *- ", field, re.MULTILINE):
        return set()
    return set(re.findall(rb"  # why|# 'x: y", field))


@settings(max_examples=150, deadline=None)
@given(marked(), VALUES, st.sampled_from(["auditors", "parent"]), st.data())
def test_what_is_added_and_taken_away_leaves_the_text_as_it_was(
    text: str, value: NewValue, name: str, data: st.DataObject
) -> None:
    """To the byte, wherever the task has lines of its own."""
    fields = fields_in(text)
    assume(fields)
    key = data.draw(st.sampled_from(fields))[0]
    content, path = plain_text(text), ("tasks", key, name)
    added = edited(content, "m.yaml", [Edit(path, value)])
    assert not added.refused
    assert edited(added.content, "m.yaml", [Edit(path, REMOVED)]).content == content


@settings(max_examples=150, deadline=None)
@given(manifests(), st.data())
def test_many_edits_are_made_as_one_after_another(content: bytes, data: st.DataObject) -> None:
    """Together they say what they say alone."""
    tasks = list(tasks_of(read(content)))
    pairs = data.draw(
        st.lists(
            st.tuples(st.sampled_from([key for _, key, _ in tasks]), st.sampled_from(NAMES)),
            min_size=1,
            max_size=6,
            unique=True,
        )
    )
    edits = [Edit(("tasks", key, name), data.draw(VALUES)) for key, name in pairs]
    expected = read(content)
    for edit in edits:
        expected = with_edit(expected, edit)
    made = edited(content, "m.yaml", edits)
    assert not made.refused
    assert read(made.content) == expected
