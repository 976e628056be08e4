"""Blocks that are read without libyaml mean what libyaml reads, and what else there is it reads."""

from __future__ import annotations

from collections.abc import Iterator
from io import BytesIO
from pathlib import Path
from typing import Any

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from tasksync.manifests import header, parse_fast, plain_blocks
from tasksync.manifests.files import Source
from tasksync.manifests.parse_fast import RawTask
from tasksync.manifests.reader import YamlUnreadable
from tasksync.manifests.values import TASK_NAMES

HEAD = "apiVersion: tasksync/v1\nproject: p\ntasks:\n"
PLAIN = """  a:
    title: Check the rollout of 7 in eu-west, as "they" say (it's 50% done)
    description: "what: is # quoted"
    responsibleId: 1
    priority: low
    deadline: 2027-01-04T09:00:00+00:00
    accomplices: [5, 11]
    auditors: []
    tags: [release, eu west, q1, 007, true]
    protect: true

  # a comment, and a blank line

  отчёт/за-май.1:
    title: 'Отчёт: готов'
    parent: a
    # the people
    accomplices:
      - 3
      - anna@example.com
    auditors:
    - 2

    timeEstimate: 1800
  c:
      title: null
      tags: [a]
      deadline: 12:30
      description: |
        of: "more" # than

          one line

  # the next
  e:
    description: |-
      - of more
    title: "\\"E\\"\\n\\tis \\\\"
  f:
    title: F
    description: |
     кратко

  d:
    title: D
"""
#: each of these is a block that is not of the plain form, and no fault
OTHERS = (
    "title: |\n      of more\n\n      lines\n",
    "description: |\n\n      of more\n",
    "description: |\n      of more\n   \n",
    "description: |\n      of more\n      \n    title: A\n",
    "description: |\n      of more\n  \n      # of the text\n    title: A\n",
    "description: |\n      of\tmore\n",
    "description: |+\n      of more\n\n",
    "description: |2\n      of more\n",
    "description: | # why\n      of more\n",
    "title: >-\n      of more\n      lines\n",
    'title: "a \\u0444"\n',
    "title: 'it''s'\n",
    "title: of more\n      lines\n",
    "title: A # and why\n",
    "title: ~\n",
    "title:\n",
    "tags: [a,\n      b]\n",
    "tags: ['a', b]\n",
    "tags:\n      - a\n      - 'b'\n",
    "tags:\n      - a: b\n",
    "title: A\t\n",
    "fields: {UF_A: 1}\n",
    "fields:\n      UF_A: 1\n",
    "title:   far\n",
    "title: -1\n",
    "title: fire \N{FIRE}\N{ZERO WIDTH JOINER}\n",
    '"title": A\n',
    "title : A\n",
)


def tasks_line(content: bytes) -> int:
    """Return the line from which on a file may be cut, as the loader knows it; 0 for none."""
    files = header.read([Source("f", Path("f"), content)]).files
    return files[0].tasks_line if files else 0


def told(content: bytes, line: int) -> Iterator[object]:
    """Yield the tasks in the order in which they are read, and what is wrong with the file."""
    try:
        yield from parse_fast.tasks(BytesIO(content), "f", TASK_NAMES, line)
    except YamlUnreadable as broken:
        yield broken.problem


def same(text: str) -> list[object]:
    """Return what a file says, which it says in both ways: the places and types of all values.

    Where it is no YAML, libyaml, which reads ahead, may not come to tasks that stand before.
    """
    content = text.encode("utf-8", "surrogatepass")
    whole = list(told(content, 0))
    by_blocks = list(told(content, tasks_line(content)))
    agreeing = by_blocks
    if whole and not isinstance(whole[-1], RawTask):
        agreeing = by_blocks[: len(whole) - 1] + by_blocks[-1:]
    assert agreeing == whole
    assert repr(agreeing) == repr(whole)  # 1 is not True
    return whole


@pytest.fixture
def parses(monkeypatch: pytest.MonkeyPatch) -> list[bytes]:
    """The bytes that libyaml is given from now on."""
    given_to: list[bytes] = []
    genuine = parse_fast.events

    def spy(stream: Any) -> Any:
        at = stream.tell()
        given_to.append(stream.read())
        stream.seek(at)
        return genuine(stream)

    monkeypatch.setattr(parse_fast, "events", spy)
    return given_to


def read(text: str) -> list[RawTask]:
    content = text.encode()
    line = tasks_line(content)
    assert line
    return list(parse_fast.tasks(BytesIO(content), "f", TASK_NAMES, line))


def test_plain_blocks_are_read_as_libyaml_reads_them() -> None:
    found = same(HEAD + PLAIN)
    assert [task.key for task in found if isinstance(task, RawTask)] == [
        *("a", "отчёт/за-май.1", "c", "e", "f", "d")
    ]


@pytest.mark.parametrize("breaks", ["\n", "\r\n"])
def test_plain_blocks_need_no_parser(parses: list[bytes], breaks: str) -> None:
    found = read((HEAD + PLAIN).replace("\n", breaks))
    assert len(found) == 6
    assert parses == []


def test_no_event_is_asked_for_in_a_thousand_plain_tasks(parses: list[bytes]) -> None:
    block = "    title: T {n}\n    deadline: 2027-01-04T09:00:00+00:00\n    tags: [a, b]\n"
    text = HEAD + "".join(f"  n{n}:\n{block}".format(n=n) for n in range(1_000))
    assert len(read(text)) == 1_000
    assert parses == []


@pytest.mark.parametrize("other", OTHERS)
def test_another_block_is_parsed_alone_in_its_place(parses: list[bytes], other: str) -> None:
    text = f"{HEAD}{PLAIN}  other:\n    {other}  g:\n    title: G\n"
    found = read(text)
    [rest] = parses
    assert b"rollout" not in rest
    assert found == list(told(text.encode(), 0))
    assert [task.key for task in found].index("other") == 6
    assert not any(task.irregular for task in found)


def test_a_file_that_begins_with_nothing_plain_is_parsed_at_once(parses: list[bytes]) -> None:
    """To look for plain blocks in vain costs time, too."""
    many = "".join(f"  n{n}:\n    title: >\n      T\n" for n in range(parse_fast.ENOUGH))
    assert read(HEAD + many + PLAIN) == list(told((HEAD + many + PLAIN).encode(), 0))
    assert parses[0] == (HEAD + many + PLAIN).encode()
    read(HEAD + PLAIN + many)
    assert len(parses[-1]) < len(HEAD + PLAIN + many) - len(HEAD)


@pytest.mark.parametrize(
    ("other", "reader"),
    [
        ("title: &t A", "title: *t"),
        ("tags: &t [a]", "tags: *t"),
        ("title: A", "title: *t"),
        ("title: !!str 1", "title: B"),
        ("title: A\n    title: B", "title: B"),
        ("titel: A", "title: B"),
        ("title: 'open", "title: B"),
        ("tags: [open", "title: B"),
        ("title: A\n   tags: [a]", "title: B"),
        ("title: A\n    - b", "title: B"),
        ("tags:\n   - b", "title: B"),
        ("tags:\n      - b\n     - c", "title: B"),
        ("title: A\n      tags: [a]", "title: B"),
        ("title: A\x07", "title: B"),
        ("title: A # \x07", "title: B"),
    ],
)
def test_what_refers_elsewhere_or_is_at_fault_is_left_to_the_whole_file(
    parses: list[bytes], other: str, reader: str
) -> None:
    text = f"{HEAD}{PLAIN}  other:\n    {other}\n  more:\n    {reader}\n"
    list(told(text.encode(), 3))
    assert parses[-1] == text.encode()
    same(text)


def test_a_key_that_is_no_text_is_irregular_as_before() -> None:
    for key in ("1", "1.5", "true", "null", "<<", "~", '"1"', "a b", "-", "?", "a:b"):
        same(f"{HEAD}  {key}:\n    title: A\n  b:\n    title: B\n")


def test_a_file_is_cut_only_where_the_header_has_seen_its_tasks() -> None:
    text = f'x: "\ntasks:\n{PLAIN}"\n'
    assert tasks_line(text.encode()) == 0
    same(text)


def test_the_document_is_the_one_that_has_the_tasks() -> None:
    content = f"a: 1\n---\n{HEAD}{PLAIN}".encode()
    line = tasks_line(content)
    assert line == 5
    by_blocks = list(parse_fast.tasks(BytesIO(content), "f", TASK_NAMES, line, 1))
    assert by_blocks == list(told(content, 0))
    assert {task.document for task in by_blocks} == {1}


def test_blocks_are_the_same_wherever_they_are_divided(monkeypatch: pytest.MonkeyPatch) -> None:
    others = "".join(f"  n{n}:\n    {other}" for n, other in enumerate(OTHERS))
    text = HEAD + PLAIN + others
    for together in (1, 2, 3, 7):
        monkeypatch.setattr(parse_fast, "TOGETHER", together)
        same(text)


def test_lines_are_forgotten_when_there_are_too_many(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(plain_blocks, "REMEMBERED", 2)
    same(HEAD + PLAIN + PLAIN.replace("  a:", "  aa:"))


#: parts of lines, most of them trouble
_PIECES = st.sampled_from(
    [
        *("a", "b c", "1", "-1", "1.5", "007", "true", "null", "~", "é", "Отчёт", "\N{FIRE}", "_"),
        *(" ", "  ", "    ", "\t", "\n", "\n  ", "\n    ", "\n      ", "\r\n", "\r", "\x85"),
        *("\N{LINE SEPARATOR}", "\N{NO-BREAK SPACE}", "\N{ZERO WIDTH NO-BREAK SPACE}", "\x7f"),
        *(":", ": ", " :", "#", " #", "# ", ",", ", ", "[", "]", "{", "}", "'", '"', "\\", "''"),
        *("&a", "*a", "&a ", "!", "!!str ", "|", "|+", ">", "%", "@", "`", "?", "? ", "- ", "-"),
        *("---", "...", "<<", "title", "tags", "title: ", "tags: ", "parent: a", "[a, b]", "[]"),
        *("\n  b:", "\n  b:\n    ", "\n  'b':\n    ", "\n  ? b", "\n  : ", "\n  - a", "\n    - a"),
        *("\n    description: |\n      a", "\n    description: |-\n      a\n\n", "\n\n      a"),
        *("\n      - a", "\n    title: B", "\n    tags:\n      - a", "\n# c", "\n      # c\n"),
    ]
)
_VALUES = st.one_of(st.lists(_PIECES, max_size=6).map("".join), st.text(max_size=8))


@st.composite
def _texts(draw: st.DrawFn) -> str:
    """Return a manifest whose tasks are plain but for what was put in somewhere."""
    text = HEAD + PLAIN + "".join(draw(st.sets(st.sampled_from(_SOME_OTHERS), max_size=2)))
    for _time in range(draw(st.integers(1, 4))):
        at = draw(st.integers(len(HEAD), len(text)))
        until = min(at + draw(st.sampled_from([0, 0, 1, 5, 40])), len(text))
        text = text[:at] + draw(_VALUES) + text[until:]
    return text


_SOME_OTHERS = tuple(f"  n{number}:\n    {other}" for number, other in enumerate(OTHERS))


@settings(max_examples=300, deadline=None)
@given(_texts(), st.sampled_from([1, 2, 256]))
@example(f"{HEAD}  a:\n    tags:\n    description: |\n      a\n      - x", 1)
@example(f"{HEAD}  a:\n    title: A\n    description: |\n      a", 1)
@example(f"{HEAD}  a:\n    description: |\n      a\n     b\n", 1)
@example(f"{HEAD}  a:\n    description: |\n      a\n    description: |\n      b\n", 1)
@example(f"{HEAD}  a:\n    title: |\n      b\n      description: |\n        b\n", 1)
@example(f"{HEAD}  ? a\n  : title: B\n  c:\n    title: C\n", 1)
@example(f'{HEAD}  a:\n    title: "x\n  b:\n    title: it "is" y\n  c:\n    title: \'"\'\n', 256)
def test_whatever_is_written_means_what_libyaml_reads(text: str, together: int) -> None:
    before = parse_fast.TOGETHER
    parse_fast.TOGETHER = together
    try:
        same(text)
    finally:
        parse_fast.TOGETHER = before


@settings(max_examples=400, deadline=None)
@given(
    st.sampled_from(
        [
            "title: {}",
            'title: "{}"',
            "description: |\n      a{}",
            "tags: [{}]",
            "tags: [a, {}]",
            "tags:\n      - {}",
            "{}: a",
        ]
    ),
    _VALUES,
)
@example("title: {}", "A ")
@example("title: {}", "A:")
@example("title: {}", '"a" b"')
@example("tags:\n      - {}", "A ")
@example("tags: [{}]", "a:")
def test_whatever_a_value_is_it_means_what_libyaml_reads(line: str, value: str) -> None:
    same(f"{HEAD}  a:\n    {line.format(value)}\n    responsibleId: 1\n  b:\n    title: B\n")


@settings(max_examples=300, deadline=None)
@given(
    st.lists(
        st.tuples(st.integers(0, 8), st.sampled_from(["", "a", "# c", "- a", "title: A", "a: |"])),
        max_size=5,
    ),
    st.sampled_from(["|", "|-"]),
)
def test_a_text_ends_where_libyaml_says(lines: list[tuple[int, str]], style: str) -> None:
    text = "".join(f"{' ' * indent}{what}\n" for indent, what in lines)
    same(f"{HEAD}  a:\n    description: {style}\n      a\n{text}  b:\n    title: B\n")
