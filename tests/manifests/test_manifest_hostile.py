"""What nobody writes on purpose: garbage, bombs, loops and files that are not there."""

from __future__ import annotations

import io
import os
from contextlib import suppress
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from validating import validate

from tasksync.errors import ManifestInvalid
from tasksync.manifests import files, reader
from tasksync.manifests.loader import load

HEAD = "apiVersion: tasksync/v1\nproject: p\ndefaults: {responsibleId: 1}\n"
WORDS = st.sampled_from(
    [
        *("tasks:", "a:", " ", "\n", "\n  ", "- ", "&x ", "*x", "!t ", "[", "]", "{", "}", ":"),
        *("<<: ", "|", "---\n", "...\n", "#", "\t", "title: ", "?", "%", "\r", "\x85", "é", "1"),
        *("~", "'", '"'),
    ]
)


def problems_of(*paths: Path | str) -> list[str]:
    with pytest.raises(ManifestInvalid) as caught:
        list(load([str(path) for path in paths]).tasks())
    return [str(problem) for problem in caught.value.problems]


def written(folder: Path, content: bytes | str, name: str = "m.yaml") -> Path:
    path = folder / name
    path.write_bytes(content if isinstance(content, bytes) else content.encode())
    return path


@settings(max_examples=300, deadline=None)
@given(st.binary(max_size=200))
def test_garbage_is_never_more_than_an_invalid_manifest(
    tmp_path_factory: pytest.TempPathFactory, content: bytes
) -> None:
    """Whatever the bytes, the answer is ManifestInvalid and no other error."""
    with pytest.raises(ManifestInvalid):
        validate([str(written(tmp_path_factory.getbasetemp(), content))])


@settings(max_examples=400, deadline=None)
@given(st.lists(WORDS, max_size=40).map("".join))
def test_yaml_that_is_nearly_right_is_read_or_refused(
    tmp_path_factory: pytest.TempPathFactory, tail: str
) -> None:
    """Pieces of YAML in any order give tasks or problems, never a traceback."""
    path = written(tmp_path_factory.getbasetemp(), f"{HEAD}tasks: {{}}\n{tail}")
    with suppress(ManifestInvalid):
        assert validate([str(path)]) >= 0


@pytest.mark.parametrize(
    ("content", "said"),
    [
        (b"\xff\xfea\x00:\x00", "m.yaml:1:1: the file is UTF-16 (save it as UTF-8)"),
        (b"a: b\nc: \x00d\n", "m.yaml:2:4: the file holds a zero byte"),
        (b"a: b\nc: \xd0\xb0\xff\n", "m.yaml:2:5: the file is not UTF-8 from here on"),
        (b"a: \xd0", "m.yaml:1:4: the file is not UTF-8 from here on"),
        (b"a: b\nc: \x07d\n", "m.yaml:2:4: this is not YAML: control characters"),
        (b"", "m.yaml:1:1: nothing is written in this file"),
    ],
)
def test_bytes_that_are_no_text_are_named_with_their_place(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, content: bytes, said: str
) -> None:
    written(tmp_path, content)
    monkeypatch.chdir(tmp_path)
    (told,) = problems_of("m.yaml")
    assert told.startswith(said)


def test_a_byte_order_mark_is_no_fault(tmp_path: Path) -> None:
    """Windows editors write it."""
    body = f"{HEAD}tasks:\n  a: {{title: A}}\n".replace("\n", "\r\n")
    assert validate([str(written(tmp_path, b"\xef\xbb\xbf" + body.encode()))]) == 1


def test_a_character_cut_between_two_pieces_is_whole(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Pieces may end anywhere: inside a letter, inside a line break, inside `tasks:`."""
    path = written(tmp_path, f"{HEAD}tasks:\r\n  a: {{title: Отчёт}}\r\n")
    for size in range(1, 40):
        monkeypatch.setattr(files, "CHUNK", size)
        assert files.look(files.Source("m", path)).tasks_line == 4
        assert validate([str(path)]) == 1


def test_a_lone_carriage_return_between_two_pieces_is_seen(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """It breaks a line in YAML, so that something may stand at the margin behind the tasks."""
    text = f"{HEAD}tasks:\n  a:\n    title: A\n#\n\rremoved: [q]\n"
    path = tmp_path / "cr.yaml"
    path.write_bytes(text.encode())
    for size in (1, 7, text.index("\r") + 1, 1 << 20):
        monkeypatch.setattr(files, "CHUNK", size)
        assert files.look(files.Source("m", path)).tasks_line == 0


DEEP = {
    "brackets": (f"tasks: {'[' * 100_000}", "4:37"),
    "closed brackets": (f"tasks: {'[' * 5_000}{']' * 5_000}\n", "4:37"),
    "braces": (f"tasks: {'{' * 100_000}", "4:37"),
    "closed braces": (f"tasks: {'{' * 800}{'}' * 800}\n", "4:37"),
    "braces in a task": (f"tasks:\n  a: {'{' * 900}{'}' * 900}\n", "5:34"),
    "in a task": (f"tasks:\n  a:\n    tags: {'[' * 100_000}", "6:38"),
    "in the defaults": (f"defaults: {'[' * 100_000}\ntasks: {{}}\n", "4:40"),
    "indentation": ("tasks:\n" + "".join(f"{' ' * n}a:\n" for n in range(1, 2_000)), "34:31"),
    "dashes": (f"tasks:\n  a:\n    tags:\n      {'- ' * 3_000}x\n", "7:61"),
    "lines of brackets": ("tasks: " + "[\n" * 5_000, "33:1"),
}


@pytest.mark.parametrize("name", DEEP)
def test_whatever_is_nested_too_deeply_is_said_at_its_place(tmp_path: Path, name: str) -> None:
    """Whichever version of PyYAML reads: 6.0.4 gives up by itself before its first event."""
    text, place = DEEP[name]
    path = written(tmp_path, HEAD + text)
    (told,) = problems_of(path)
    assert told.startswith(f"{path}:{place}: ")
    assert "nested deeper than 30 levels" in told
    assert "no field of a manifest needs more than five" in told


def test_a_fault_beside_many_brackets_is_still_that_fault(tmp_path: Path) -> None:
    text = f'{HEAD}tasks:\n  a:\n    title: "{"[" * 50}" x\n'
    (told,) = problems_of(written(tmp_path, text))
    assert "this is not YAML" in told


def test_a_hundred_thousand_brackets_end_at_once(tmp_path: Path) -> None:
    (told,) = problems_of(written(tmp_path, f"{HEAD}tasks: {'[' * 100_000}"))
    assert "nested deeper than 30 levels" in told


def test_a_bomb_inside_a_task_is_refused(tmp_path: Path) -> None:
    """Two kinds: many levels of aliases, and one big value named very often."""
    levels = "".join(f"    - &b{i} [{', '.join([f'*b{i - 1}'] * 9)}]\n" for i in range(1, 9))
    deep = f"{HEAD}tasks:\n  a:\n   title: A\n   tags:\n    - &b0 [x, x]\n{levels}"
    wide = f"{HEAD}tasks:\n  a:\n   tags: [&b [{'x,' * 5000}], {'*b,' * 5000}]\n"
    for content in (deep, wide):
        assert "stand for too many values" in problems_of(written(tmp_path, content))[0]


def test_aliases_that_share_a_little_are_welcome(tmp_path: Path) -> None:
    """A list that a thousand tasks share is no bomb."""
    tasks = "".join(f"  t{i}: {{title: T, tags: *t}}\n" for i in range(5000))
    text = f"{HEAD}tasks:\n  first: {{title: A, tags: &t [a, b, c]}}\n{tasks}"
    found = list(load([str(written(tmp_path, text))]).tasks())
    assert found[-1].task().fields["tags"] == ("a", "b", "c")


def test_a_missing_file_is_a_problem(tmp_path: Path) -> None:
    (told,) = problems_of(tmp_path / "nowhere.yaml")
    assert "nowhere.yaml: cannot be read: No such file" in told


def test_a_path_that_no_system_takes_is_a_problem() -> None:
    assert "cannot be read" in problems_of("a\0b")[0]


def test_a_folder_without_manifests_is_a_problem(tmp_path: Path) -> None:
    """Hidden names do not count."""
    (tmp_path / ".github").mkdir()
    written(tmp_path / ".github", "tasks: {}\n")
    written(tmp_path, "tasks: {}\n", ".hidden.yaml")
    (told,) = problems_of(tmp_path)
    assert "this folder holds no manifest" in told


@pytest.mark.skipif(os.geteuid() == 0, reason="root may read everything")
def test_a_file_without_permission_is_a_problem(tmp_path: Path) -> None:
    path = written(tmp_path, HEAD)
    path.chmod(0)
    assert "Permission denied" in problems_of(path)[0]


def test_links_in_a_circle_come_to_an_end_and_a_file_is_read_once(tmp_path: Path) -> None:
    (tmp_path / "deep").mkdir()
    (tmp_path / "deep" / "back").symlink_to(tmp_path)
    (tmp_path / "dangling.yaml").symlink_to(tmp_path / "nothing")
    path = written(tmp_path, f"{HEAD}tasks:\n  a: {{title: A}}\n")
    (tmp_path / "again.yaml").symlink_to(path)
    assert len(problems_of(tmp_path)) == 1
    (tmp_path / "dangling.yaml").unlink()
    manifest = load([str(tmp_path), str(path)])
    assert [task.key for task in manifest.tasks()] == ["a"]


def test_a_pipe_is_read_like_a_file() -> None:
    """`-f <(generate)` works: what can be read only once is kept."""
    reading, writing = os.pipe()
    os.write(writing, f"{HEAD}tasks:\n  a: {{title: A}}\n".encode())
    os.close(writing)
    assert validate([f"/dev/fd/{reading}"]) == 1
    os.close(reading)


#: who and what, in one line each, to be put in any place
WHO = "project: p\n"
DEFAULTS = "defaults: {responsibleId: 1}\n"
FORM = "apiVersion: tasksync/v1\n"
TASKS = "tasks:\n  a: {title: A}\n"
SPREAD = {
    "tasks first": TASKS + WHO + FORM + DEFAULTS,
    "tasks between": FORM + TASKS + DEFAULTS + WHO,
    "in braces": "{apiVersion: tasksync/v1,\ntasks: {a: {title: A}}, project: p, "
    "defaults: {responsibleId: 1}}",
    "indented": "".join(f"  {line}\n" for line in (FORM + TASKS + WHO + DEFAULTS).splitlines()),
    "quoted": FORM + DEFAULTS + TASKS.replace("tasks", '"tasks"') + WHO,
    "question mark": FORM + "? tasks\n: a: {title: A}\n" + WHO + DEFAULTS,
    "look-alike in a text": FORM
    + "defaults:\n  responsibleId: 1\n  description: 'x\n\ntasks: y'\n"
    + TASKS
    + WHO,
    "old line ends": (FORM + TASKS + DEFAULTS + WHO).replace("\n", "\r"),
    "two documents": f"---\n{FORM}{TASKS}---\n{FORM}{WHO}{DEFAULTS}tasks: {{}}\n...\n",
}


@pytest.mark.parametrize("text", SPREAD.values(), ids=SPREAD.keys())
def test_the_header_is_found_wherever_it_stands(tmp_path: Path, text: str) -> None:
    """What follows the tasks counts as much as what precedes them, in every style of YAML."""
    manifest = load([str(written(tmp_path, text))])
    assert manifest.project == "p"
    (task,) = manifest.tasks()
    assert task.task().fields["responsibleId"] == 1


def test_a_thousand_problems_are_enough(tmp_path: Path) -> None:
    tasks = "".join(f"  t{i}: {{title: 1}}\n" for i in range(3000))
    assert len(problems_of(written(tmp_path, f"{HEAD}tasks:\n{tasks}"))) == 1000


def test_the_parser_without_libyaml_gives_the_same_events() -> None:
    """Where PyYAML was built without libyaml the result is the same."""
    text = f"{HEAD}tasks:\n  a: {{title: 'A', tags: [x, ~]}}\n".encode()

    def told(*, pure: bool) -> list[tuple[str, object]]:
        following = reader.events(io.BytesIO(text), pure=pure)
        found = []
        while not isinstance(event := following(), reader.StreamEndEvent):
            found.append((type(event).__name__, getattr(event, "value", None)))
        return found

    assert told(pure=True) == told(pure=False)


def test_two_thousand_unknown_parents_are_told_and_the_first_get_hints(tmp_path: Path) -> None:
    """Looking for what was meant costs something, so only the first of them get a hint."""
    tasks = "".join(f"  t{i}: {{title: T, parent: u{i}}}\n" for i in range(2_000))
    told = problems_of(written(tmp_path, f"{HEAD}tasks:\n{tasks}"))
    assert len(told) == 1000


GOOD = "apiVersion: tasksync/v1\nproject: p\ndefaults: {responsibleId: 1}\ntasks:\n"


@pytest.mark.parametrize(
    "after", [f"{GOOD}  a: {{title: A}}\n  b: {{title: B}}\n", f"{GOOD}  b: {{title: B}}\n", ""]
)
def test_a_file_that_changed_while_it_was_read_loses_no_task(tmp_path: Path, after: str) -> None:
    """A task that failed, and whose fault cannot be told any more, is no task that is gone."""
    path = written(tmp_path, f"{GOOD}  a: {{title: 5}}\n  b: {{title: B}}\n")
    tasks = iter(load([str(path)]).tasks())
    assert next(tasks).key == "b"
    written(tmp_path, after, "mended").replace(path)
    with pytest.raises(ManifestInvalid):
        list(tasks)


def test_of_a_circle_of_thousands_a_line_is_said(tmp_path: Path) -> None:
    """One of 10 000 tasks filled 119 000 characters of a log."""
    ring = "".join(f"  t{n}: {{title: T, parent: t{(n + 1) % 3000}}}\n" for n in range(3000))
    (problem,) = problems_of(written(tmp_path, f"{HEAD}tasks:\n{ring}"))
    assert "t0 -> t1 -> " in problem
    assert "t19 -> … -> t2999 -> t0 (3000 in all)" in problem
    assert len(problem) < 500
