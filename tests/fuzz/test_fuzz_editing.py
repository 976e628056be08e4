"""Hostile YAML under edits: what is edited says the same but for the edit; else it is refused.

`--long` tries for ten minutes; TASKSYNC_FUZZ_SEED=N is one seed again.
"""

from __future__ import annotations

import os
import random
import time
from collections import Counter
from typing import Any

import pytest
import yaml

from tasksync.manifests.editing.editing import edited
from tasksync.manifests.editing.edits import REMOVED, Edit
from tasksync.manifests.reader import YamlUnreadable

#: seconds of trying
SHORT, LONG = 6, 600
TEXTS = (
    """\
# top
apiVersion: tasksync/v1
x: &a {k: v}
tasks:
  a:   # first
    title: 'It''s'   # c
    tags: [x, y]
    auditors:
    - 1 # one
    - 2

    description: |  # d
      line
       more

  b: {title: "q", responsibleId: 1}
  "c":
    title: T
    # note
    description: >+
      folded text
      here

  d:
    fields:
      UF_A: 1
    description: "two
      lines"
""",
    (
        "tasks:\r\n    k: \r\n        title: plain\r\n        over: lines\r\n          more\r\n"
        "    l:\r\n    m: {title: x}"
    ),
    (
        "\ufeffapiVersion: v\ntasks: {a: {title: x, tags: [a, b]}, b: {}}\n---\n"
        "tasks:\n ? k\n : title: x\n   tags:\n     - a\n     -   b\n---\ndefaults: {}\n...\n"
    ),
)
PIECES = (
    *("\t", " ", "  ", "\n", "\r\n", "\r", "#", " # c", ": ", "- ", "? ", "|", "|+", "|-\n      x"),
    *(
        "|2\n       x",
        ">",
        "'",
        '"',
        "{",
        "}",
        "[",
        "]",
        ", ",
        "&a ",
        "*a",
        "<<: *a",
        "!!str ",
        "!t ",
    ),
    *(
        "---\n",
        "...\n",
        "%YAML 1.1\n",
        "\ufeff",
        "\u2028",
        "\u0085",
        "\x07",
        "é",
        "😀",
        "~",
        "null",
    ),
    *(
        "''",
        '""',
        "title: ",
        "adopt: {id: 5}",
        "\n    title: x",
        "\n  k:",
        "\\",
        "\0",
        "=",
        '"a":1',
    ),
    *("{a,b: ,}", "[a,]", "@", "`", "\ud7ff", "\n\n\n", "      "),
)
VALUES: tuple[Any, ...] = (
    *("x", "two\nl\n", "", "  lead", "trail ", "# c", ": ", "'", '"', "\t", "a\tb", "\n", "\n\n"),
    *("x\n\n\n", "é😀", "\u2028", "- a", "{id: 7}", 5, None, True, 1.5, {"id": 7}, ["a", "b: c"]),
    *(
        [],
        {},
        {"a": {"b": [1, {"c": "d"}]}},
        "y" * 300,
        "2026-05-19",
        "no",
        "1e3",
        "  \n x",
        "a\r\nb",
    ),
    *("\x07", REMOVED, REMOVED, REMOVED),
)


class Words(yaml.CSafeLoader):
    """PyYAML's own construction, apart from ours: every scalar is text."""


Words.yaml_implicit_resolvers = {}


def mutated(chance: random.Random) -> str:
    """Return one of the texts with some characters put in, taken out or doubled."""
    text = chance.choice(TEXTS)
    for _ in range(chance.choice([0, 1, 1, 2, 3, 5])):
        at, kind = chance.randrange(len(text) + 1), chance.random()
        if kind < 0.6:
            text = text[:at] + chance.choice(PIECES) + text[at:]
        elif kind < 0.8:
            text = text[:at] + text[at + chance.randrange(1, 6) :]
        else:
            end = at + chance.randrange(40)
            text = text[:end] + text[at:]
    return text


def parsed(content: bytes) -> list[yaml.Node] | None:
    """Return the documents as PyYAML's nodes; None where it does not take them."""
    text = content.decode().removeprefix("\ufeff")
    try:
        return list(yaml.compose_all(text, Loader=Words))
    except yaml.YAMLError:
        return None


def told(node: yaml.Node | None) -> object:
    """Return what a node says; order in mappings means nothing."""
    if isinstance(node, yaml.SequenceNode):
        return ["list", node.tag, *map(told, node.value)]
    if isinstance(node, yaml.MappingNode):
        pairs = [(repr(told(key)), told(value)) for key, value in node.value]
        return ["mapping", node.tag, *sorted(pairs, key=lambda pair: pair[0])]
    return None if node is None else (node.tag, node.value)


def tasks_in(documents: list[yaml.Node]) -> list[tuple[str, list[str]]]:
    """Return the key of each task and the names of its fields."""
    found = []
    for pair in (p for d in documents if isinstance(d, yaml.MappingNode) for p in d.value):
        if pair[0].value == "tasks" and isinstance(pair[1], yaml.MappingNode):
            for key, body in pair[1].value:
                fields = body.value if isinstance(body, yaml.MappingNode) else ()
                found.append((key.value, [name.value for name, _ in fields]))
    return [
        (key, [name for name in names if isinstance(name, str)])
        for key, names in found
        if isinstance(key, str)
    ]


def without(documents: list[yaml.Node], edit: Edit) -> list[object]:
    """Return what the documents say but for the edited field, wherever it may stand."""
    for document in documents:
        for name, tasks in document.value if isinstance(document, yaml.MappingNode) else ():
            if name.value != "tasks" or not isinstance(tasks, yaml.MappingNode):
                continue
            for number, (key, body) in enumerate(tasks.value):
                if key.value != edit.path[1]:
                    continue
                fields = body.value if isinstance(body, yaml.MappingNode) else []
                rest = [pair for pair in fields if pair[0].value != edit.path[2]]
                tasks.value[number] = key, yaml.MappingNode("map", rest)
    return [told(document) for document in documents]


def tried(chance: random.Random) -> str:
    """Edit one text; returns what came of it."""
    content = mutated(chance).encode()
    before = parsed(content)
    tasks = tasks_in(before or [])
    key, names = chance.choice(tasks) if tasks else ("a", [])
    name, value = chance.choice([*names, "adopt", "title", "new"]), chance.choice(VALUES)
    edit = Edit(("tasks", key, name), value)
    try:
        made = edited(content, "m.yaml", [edit])
    except YamlUnreadable:
        return "no YAML"
    if made.refused:
        assert made.content == content, (content, edit)
        return "refused"
    if before is None:  # *a refers to nothing: what reads the manifest says so
        return "no manifest"
    after = parsed(made.content)
    assert after is not None, (content, edit, made.content)
    assert without(before, edit) == without(after, edit), (content, edit, made.content)
    return "edited"


def test_hostile_yaml_is_edited_to_the_letter_or_refused(request: pytest.FixtureRequest) -> None:
    given = os.environ.get("TASKSYNC_FUZZ_SEED")
    long = bool(request.config.getoption("--long", default=False))
    seed, seen = int(given or 0), Counter[str]()
    end = time.monotonic() + (LONG if long else SHORT)
    while time.monotonic() < end:
        for _ in range(50):
            try:
                seen[tried(random.Random(seed))] += 1  # noqa: S311 - no secret
            except BaseException as fault:
                fault.add_note(f"TASKSYNC_FUZZ_SEED={seed}")
                raise
            if given:
                return
            seed += 1
    assert seen["edited"] > 50, seen
    assert seen["refused"] > 0, seen
