"""Laws of edits: parse(edit(text)) has the edit and nothing else; all other bytes stay."""

from __future__ import annotations

from collections.abc import Iterator
from io import BytesIO

import yaml
from hypothesis import assume, given, settings
from hypothesis import strategies as st

from tasksync.manifests.editing.editing import edited
from tasksync.manifests.editing.edits import REMOVED, Edit, NewValue, Removal

#: how often the bytes of a description, a title or a tag hold something of YAML's
TEXTS = st.one_of(
    st.sampled_from(
        ["x", "no", "12:30", "2026-05-19", "# c", "a: b", "- x", "'q'", '"', "two\nlines", "\n\nx\n"]
    ),
    st.text(
        st.sampled_from(" \t\n#:-'\"&*!|>%@`{}[],?~éß字😀\u0301\u2028\u0085\ufeff\\0abXYZ1"), max_size=20
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


def read(content: bytes) -> list[object]:
    """Return what a text says to PyYAML; every plain scalar is text."""
    return list(yaml.load_all(BytesIO(content), Loader=Strict))  # noqa: S506 - a safe loader


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
        told.append(f"{' ' * indent}{written}:{gap if begins else ''}{value}")
    return newline.join(told)


@st.composite
def manifests(draw: st.DrawFn) -> bytes:
    """Return a text of one or two documents in one of many styles."""
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
            lines.append(f"{' ' * outer}{name}:{draw(bodies(inner, newline))}")
            if draw(st.integers(0, 3)) == 0:
                lines.append(draw(st.sampled_from(["", f"{' ' * inner}# after", "# margin"])))
        lines += draw(st.sampled_from([[], ["# end"], ["defaults: {tags: [a]}"], [""]]))
        documents.append(newline.join(lines))
    text = f"{newline}---{newline}".join(documents)
    text += draw(st.sampled_from([newline, newline, ""]))
    mark = draw(st.sampled_from(["", "\ufeff"]))
    return (mark + text).encode()


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
    return "null" if value is None else str(value)


def with_edit(documents: list[object], edit: Edit) -> list[object]:
    """Return what the documents are to say after an edit."""
    found = read(yaml.dump_all(documents, Dumper=yaml.Dumper).encode())
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


def own_lines(content: bytes, key: str, name: str) -> tuple[int, int] | None:
    """Return the first line of a field, and that of the next key behind it; None where it is new.

    Found with PyYAML's nodes, which know nothing of our parts.
    """
    text = content.decode().removeprefix("\ufeff")
    keys: list[tuple[int, int, bool]] = []
    for document in yaml.compose_all(text, Loader=Strict):
        stack = [(document, ())]
        while stack:
            node, path = stack.pop()
            if isinstance(node, yaml.MappingNode):
                for part, value in node.value:
                    here = (*path, part.value)
                    mark = part.start_mark
                    keys.append((mark.line, mark.column, here == ("tasks", key, name)))
                    stack.append((value, here))
    keys.sort()
    lines = len(text.splitlines())
    for (line, column, ours), following in zip(keys, [*keys[1:], (lines, 0, False)], strict=True):
        if ours:
            # the value's own keys are its own
            rest = [at for at in keys if at[0] > line and at[1] <= column]
            return line, rest[0][0] if rest else max(following[0], lines)
    return None


def comments_behind(lines: list[bytes]) -> list[bytes]:
    """Return the comments at the end of a field's lines."""
    found = []
    for line in reversed(lines):
        if not line.strip().startswith(b"#") and line.strip():
            break
        found.append(line.strip())
    return found[::-1]


@settings(max_examples=400)
@given(manifests(), st.data())
def test_the_edit_is_made_and_nothing_else(content: bytes, data: st.DataObject) -> None:
    """The text before and behind the changed place is the same to the byte, comments included."""
    before = read(content)
    _number, key, body = data.draw(st.sampled_from(list(tasks_of(before))))
    fields = body if isinstance(body, dict) else {}
    name = data.draw(st.sampled_from([*fields, *NAMES]))
    value: NewValue | Removal = data.draw(VALUES | st.just(REMOVED))
    assume(value is not REMOVED or name in fields)
    edit = Edit(("tasks", key, name), value)
    made = edited(content, "m.yaml", [edit])
    assert not made.refused, made.refused
    place = own_lines(content, key, name)
    old, new = content.splitlines(keepends=True), made.content.splitlines(keepends=True)
    if place is not None and not in_one_line(content, key):
        first, last = place
        assert new[:first] == old[:first]
        assert last == len(old) or new[len(new) - (len(old) - last) :] == old[last:]
    elif place is None:
        assert edited(made.content, "m.yaml", [Edit(edit.path, REMOVED)]).content in {
            content,
            emptied(content, key),
        }
    after = read(made.content)
    expected = with_edit(before, edit)
    assert after == expected
    assert made.content.startswith(b"\xef\xbb\xbf") == content.startswith(b"\xef\xbb\xbf")
    again = edited(made.content, "m.yaml", [] if value is REMOVED else [edit])
    assert again.content == made.content
