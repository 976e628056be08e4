"""Blocks that the state knows: never read otherwise than a parse of the whole file reads them."""

from __future__ import annotations

import random
from collections.abc import Callable, Iterable
from pathlib import Path
from unicodedata import normalize

import pytest
from casefiles import manifest_of

from tasksync.core.fields import RemoteId
from tasksync.core.manifest import Manifest
from tasksync.core.state import NO_SOURCE, Entry, EntryIndex
from tasksync.core.task import Task
from tasksync.errors import ManifestInvalid
from tasksync.manifests import block_texts, datetimes, fingerprints
from tasksync.manifests.loader import load

HEAD = (
    "apiVersion: tasksync/v1\nproject: p\ntimezone: Europe/Berlin\ndefaults: {responsibleId: 1}\n"
)
TASKS = """tasks:
  # a comment, and a blank line

  a:
    title: A
    deadline: 2026-05-19T18:00
  b: # one more
    title: "B, over
      two lines"
    description: |
      parent: c
      text
    parent: a

  c:
    title: 'C: it''s'
    parent: b
    tags:
    - x
    - y
    # the end of c
  d:
    title: D
      goes on
    accomplices: [1,
      2]
  e: {title: E}
  f:
    title: R & D
    description: |+
      kept

  g:
    title: Отчёт
    protect: true
"""


def put(folder: Path, text: str) -> str:
    path = folder / "m.yaml"
    path.write_bytes(text.encode())
    return str(path)


def index_of(tasks: Iterable[Task], manifest: Manifest, *, also: Iterable[str] = ()) -> EntryIndex:
    """Return what a state would hold after an apply of this manifest."""
    kept = {task.key: task for task in tasks}
    known = manifest.source_fingerprints({*kept, *also})  # type: ignore[arg-type]
    return EntryIndex(
        Entry(
            key, RemoteId(n), task.fields, options=task.options, source=known.get(key, NO_SOURCE)
        ).summary()
        for n, (key, task) in enumerate(kept.items(), 1)
    )


def applied(path: str) -> EntryIndex:
    manifest = load([path])
    return index_of([row.task() for row in manifest.tasks()], manifest)


def told(path: str, index: EntryIndex | None = None) -> list[object]:
    """Return all that a plan can see of a manifest, or everything that is wrong with it."""
    try:
        return [(*row[:5], row.task()) for row in load([path]).tasks(index)]
    except ManifestInvalid as invalid:
        return [str(problem) for problem in invalid.problems]


def streamed(path: str, index: EntryIndex) -> list[object]:
    return [row[:5] for row in load([path]).tasks(index)]


def test_what_did_not_change_is_not_parsed(tmp_path: Path, parsed: list[str]) -> None:
    path = put(tmp_path, HEAD + TASKS)
    whole = [row[:5] for row in load([path]).tasks()]
    index = applied(path)
    parsed.clear()
    assert streamed(path, index) == whole
    # b seems to have another parent than it has, and e does not stand in block style
    assert parsed == ["b", "e"]


def test_only_what_changed_is_parsed(tmp_path: Path, parsed: list[str]) -> None:
    index = applied(put(tmp_path, HEAD + TASKS.replace("  e: {title: E}\n", "")))
    path = put(
        tmp_path, HEAD + TASKS.replace("  e: {title: E}\n", "").replace("title: D", "title: DD")
    )
    parsed.clear()
    rows = list(load([path]).tasks(index))
    assert parsed == ["b", "d"]
    assert [row.key for row in rows] == list("abcdfg")
    assert rows[3].task().fields["title"] == "DD goes on"


@pytest.mark.parametrize(
    ("before", "after"),
    [
        ("responsibleId: 1", "responsibleId: 2"),
        ("Europe/Berlin", "Europe/Moscow"),
        ("project: p\n", "project: p\n# nothing\n"),
    ],
)
def test_all_is_parsed_again_where_what_stands_beside_the_blocks_changed(
    tmp_path: Path, parsed: list[str], before: str, after: str
) -> None:
    index = applied(put(tmp_path, HEAD + TASKS))
    path = put(tmp_path, (HEAD + TASKS).replace(before, after))
    parsed.clear()
    streamed(path, index)
    assert len(parsed) == (2 if after.endswith("nothing\n") else 7)


def test_all_is_parsed_again_when_a_government_changes_the_clocks(
    tmp_path: Path, parsed: list[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    path = put(tmp_path, HEAD + TASKS)
    index = applied(path)
    monkeypatch.setattr(datetimes, "TZPATH", (str(tmp_path),))
    (tmp_path / "Europe").mkdir()
    (tmp_path / "Europe" / "Berlin").write_bytes(b"other rules")
    parsed.clear()
    streamed(path, index)
    assert len(parsed) == 7


def test_blocks_are_known_in_another_file_and_another_order(
    tmp_path: Path, parsed: list[str]
) -> None:
    index = applied(put(tmp_path, f"{HEAD}tasks:\n  a:\n    title: A\n  b:\n    title: B\n"))
    other = tmp_path / "other.yaml"
    other.write_text("apiVersion: tasksync/v1\ntasks:\n  a:\n    title: A\n")
    path = put(tmp_path, f"{HEAD}tasks:\n  b:\n    title: B\n")
    parsed.clear()
    rows = [row[:5] for row in load([path, str(other)]).tasks(index)]
    assert [(row[0], row[3], row[4]) for row in rows] == [
        ("b", path, 6),
        ("a", str(other), 3),
    ]
    assert not parsed


def test_blocks_with_keys_of_any_script_are_known_in_whichever_form(
    tmp_path: Path, parsed: list[str]
) -> None:
    """A key is written in one form here and in another there: the block is its bytes."""
    apart = normalize("NFD", "\u041e\u0442\u0447\u0451\u0442/\u0439")
    tasks = f"tasks:\n  {apart}:\n    title: A\n  b\u00e9:\n    title: B\n    parent: {apart}\n"
    path = put(tmp_path, HEAD + tasks)
    index = applied(path)
    parsed.clear()
    rows = streamed(path, index)
    known = normalize("NFC", apart)
    assert [(row[0], row[2]) for row in rows] == [(known, None), ("b\u00e9", known)]  # type: ignore[index]
    assert not parsed
    assert told(path, index) == told(path)


def test_two_forms_of_one_key_are_not_both_known(tmp_path: Path) -> None:
    one, other = "\u00e9", "e\u0301"
    index = applied(put(tmp_path, f"{HEAD}tasks:\n  {one}:\n    title: A\n"))
    both = f"{HEAD}tasks:\n  {one}:\n    title: A\n  {other}:\n    title: A\n"
    (problem,) = told(put(tmp_path, both), index)
    assert f"is defined twice; first at {tmp_path / 'm.yaml'}:6" in str(problem)
    assert "m.yaml:8:3" in str(problem)


def test_an_entry_that_moved_on_does_not_know_the_old_block(tmp_path: Path) -> None:
    path = put(tmp_path, f"{HEAD}tasks:\n  a:\n    title: A\n")
    manifest = load([path])
    (row,) = manifest.tasks()
    known = manifest.source_fingerprints([row.key])
    moved = Entry(row.key, RemoteId(1), {"title": "other"}, source=known[row.key])
    (again,) = load([path]).tasks(EntryIndex([moved.summary()]))
    assert again.digest == row.digest != moved.summary().asked


def test_a_manifest_without_a_reader_of_files_knows_no_source_fingerprints() -> None:
    assert manifest_of([]).source_fingerprints([]) == {}


HIDDEN = """  a:
    title: "hello
  b:
    title: x
      "
  c:
    title: C
"""


@pytest.mark.parametrize(
    "text",
    [
        HIDDEN,
        '  a:\n    title: "hello\n  b:\n    title: x\n  c:\n    title: C\n    description: "\n',
        "  a: {title: A, description: [\n  b:\n    title: x\n  c:\n    title: C\n",
        "  a\n  b:\n    title: x\n",
        "  ? a\n  b:\n    title: x\n",
        "  a: &x\n    title: A\n  b:\n    title: x\n  c: *x\n",
        "  a:\n    title: !!str A\n  b:\n    title: x\n",
        "  a:\n    title: |\n  b:\n    title: x\n  c:\n    title: C\n",
        "  a:\n    title: >+\n      z\n\n\n  b:\n    title: x\n",
        " a:\n    title: A\n  b:\n    title: x\n",
        "  b:\n    title: x\n a:\n    title: A\n",
        "  b:\n    title: x\n  b:\n    title: x\n",
        "  b:\n    title: x\nmoved: []\n",
        "  b:\n    title: x\n---\napiVersion: tasksync/v1\ntasks:\n  c:\n    title: C\n",
        "  b:\n    title: x\n...\n",
        "  b:\n    title: x\n  \tc:\n    title: C\n",
        "  b:\n    title: x",
        "  b:\r\n    title: x\r\n",
        "  b:\n    title: x\n\n\n# the end\n",
        "\n\n",
        "  {}\n",
        "  b:\n    title: x\n    title: y\n",
    ],
)
def test_irregular_texts_mean_the_same_beside_known_blocks(tmp_path: Path, text: str) -> None:
    known = 'tasks:\n  b:\n    title: x\n      "\n  c:\n    title: C\n'
    for one in (known, "tasks:\n  b:\n    title: x\n", "tasks:\n  b:\r\n    title: x\r\n"):
        index = applied(put(tmp_path, HEAD + one))
        path = put(tmp_path, f"{HEAD}tasks:\n{text}")
        assert told(path, index) == told(path)


@pytest.mark.parametrize(
    "head",
    [
        "tasks: |\n",
        "tasks: !!map\n",
        "tasks: &t\n",
        "tasks: # all of them\n",
        "tasks:   \n",
        'defaults: {title: "x\ntasks:\n  q: "}\ntasks:\n',
        'description: "\ntasks:\n',
        "---\napiVersion: tasksync/v1\ndefaults: {priority: high}\ntasks:\n",
        (
            "--- {apiVersion: tasksync/v1, tasks: {z: {title: Z}}}\n"
            "---\napiVersion: tasksync/v1\ntasks:\n"
        ),
        "'tasks':\n",
        "? tasks\n:\n",
    ],
)
def test_irregular_headers_mean_the_same_beside_known_blocks(tmp_path: Path, head: str) -> None:
    block = "  b:\n    title: x\n"
    index = applied(put(tmp_path, f"{HEAD}tasks:\n{block}"))
    path = put(tmp_path, HEAD + head + block)
    assert told(path, index) == told(path)


@pytest.mark.parametrize("name", ["adopt", '"ad\\u006fpt"', '? "ado\\\n      pt"\n    '])
def test_whoever_takes_a_task_over_is_always_parsed(tmp_path: Path, name: str) -> None:
    """However the word is written: two that take over one task are told of."""
    text = f"{HEAD}tasks:\n  a:\n    title: x\n    {name}: {{id: 3871}}\n"
    path = put(tmp_path, text)
    index = applied(path)
    assert not any(index.source(row) != NO_SOURCE for row in index.rows.values())
    path = put(tmp_path, f"{text}  b:\n    title: y\n    adopt: {{id: 3871}}\n")
    assert told(path, index) == told(path)
    assert "adopts 3871 too" in str(told(path))


def test_a_block_without_end_is_left_to_the_parser(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    index = applied(put(tmp_path, f"{HEAD}tasks:\n  a:\n    title: A\n"))
    monkeypatch.setattr(block_texts, "CHUNK", 64)
    monkeypatch.setattr(block_texts, "LONGEST", 1_000)
    text = "  a:\n    title: A\n  b:\n    title: B\n    description: |\n" + "      x\n" * 500
    path = put(tmp_path, f"{HEAD}tasks:\n{text}")
    assert told(path, index) == told(path)
    assert applied(path).source(0) == NO_SOURCE


def test_pieces_may_be_cut_anywhere(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = put(tmp_path, HEAD + TASKS)
    whole = applied(path)
    for size in (1, 2, 3, 7, 64):
        monkeypatch.setattr(block_texts, "CHUNK", size)
        cut = applied(path)
        assert [cut.source(row) for row in range(7)] == [whole.source(row) for row in range(7)]


PIECES = (
    *(
        "  ",
        "    ",
        "\n",
        "\n\n",
        " ",
        "\t",
        '"',
        "'",
        "#",
        ":",
        ": ",
        "- ",
        "|",
        ">-",
        "|+",
        "{",
        "}",
    ),
    *(
        "[",
        "]",
        ",",
        "&x ",
        "*x",
        "!t ",
        "? ",
        "---\n",
        "...\n",
        "tasks:\n",
        "  b:\n",
        "    title: T\n",
    ),
    *("    parent: a\n", "\r\n", "\x85", "# c\n", "  z:\n    title: Z\n", "é"),
)


@pytest.mark.parametrize("seed", range(400))
def test_whatever_is_done_to_a_text_it_means_the_same_beside_known_blocks(
    tmp_path: Path, seed: int
) -> None:
    dice = random.Random(seed)  # noqa: S311 - no secret
    text = HEAD + TASKS
    index = applied(put(tmp_path, text))
    for _ in range(4):
        edited = text
        for _change in range(dice.randint(1, 3)):
            edited = _edited(edited, dice)
        path = put(tmp_path, edited)
        assert told(path, index) == told(path), edited


def _edited(text: str, dice: random.Random) -> str:
    lines = text.splitlines(keepends=True)
    at = dice.randrange(len(lines))
    many = dice.randint(1, 5)
    changes: tuple[Callable[[], list[str]], ...] = (
        lambda: [*lines[:at], *lines[at + many :]],
        lambda: [*lines[:at], *lines[at : at + many], *lines[at:]],
        lambda: [*lines[: at + 1], dice.choice(PIECES), *lines[at + 1 :]],
        lambda: [*lines[:at], _poked(lines[at], dice), *lines[at + 1 :]],
        lambda: [*lines[at:], *lines[:at]],
        lambda: [
            *lines[:at],
            *(f"  {line}" for line in lines[at : at + many]),
            *lines[at + many :],
        ],
    )
    return "".join(dice.choice(changes)())


def _poked(line: str, dice: random.Random) -> str:
    at = dice.randrange(len(line) + 1)
    return line[:at] + dice.choice(PIECES) + line[at + dice.randint(0, 2) :]


def test_many_unknown_blocks_are_left_to_the_parser(tmp_path: Path) -> None:
    few = "".join(f"  t{n}:\n    title: T\n" for n in range(10))
    index = applied(put(tmp_path, f"{HEAD}tasks:\n{few}"))
    many = "".join(f"  n{n}:\n    title: T\n" for n in range(2 * fingerprints.FEW))
    path = put(tmp_path, f"{HEAD}tasks:\n{many}{few}")
    with Path(path).open("rb") as stream:
        assert fingerprints.recall(stream, 5, "context", index) is None
    assert told(path, index) == told(path)
