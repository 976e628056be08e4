"""Tasks written as YAML are read back as they were, and what stood in a file stays."""

from __future__ import annotations

import os
from io import BytesIO
from pathlib import Path

import pytest
from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st

from tasksync.core.keys import is_key
from tasksync.errors import SettingsError
from tasksync.manifests import parse_fast
from tasksync.manifests.values import TASK_NAMES
from tasksync.manifests.writing import (
    WrittenTask,
    added_to,
    key_of,
    new_document,
    takes_more,
    tasks_text,
    write_atomically,
)

TEXTS = st.text(st.characters(exclude_categories=["Cs"]), max_size=60)
LINES = st.lists(TEXTS | st.sampled_from(["", " ", "# no comment", "- a", "---", "...", "\ttab"]))
WORDS = st.one_of(
    TEXTS,
    LINES.map("\n".join),
    st.sampled_from(["no", "12:30", "0x1f", "1.0", "2026-05-19", "null", "a: b", "a #b", " lead "]),
)
VALUES = st.one_of(
    WORDS, st.none(), st.booleans(), st.integers(-(2**53), 2**53), st.lists(WORDS, max_size=3)
)
TASKS = st.lists(
    st.tuples(TEXTS, st.dictionaries(st.sampled_from(["title", "description", "tags"]), VALUES)),
    max_size=4,
)


def read(text: str) -> dict[str, dict[str, object]]:
    """Return the tasks of a text as the reader of manifests has them."""
    rows = list(parse_fast.tasks(BytesIO(text.encode()), "f", TASK_NAMES))
    assert not any(row.irregular for row in rows)
    return {str(row.key): row.body for row in rows}


def written(pairs: list[tuple[str, dict[str, object]]]) -> list[WrittenTask]:
    """Return tasks of distinct keys."""
    taken: set[str] = set()
    return [WrittenTask(key_of(title, taken), fields) for title, fields in pairs]


@settings(deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(TASKS)
@example([("a", {"description": "  lead\n\n b\ttab \n# c\n\n"})])
@example([("a", {"description": "\n\na\n  b\n"})])
@example([("a", {"title": "\u2028 \x85 \ufeff \x01 \U0001f600"})])
def test_whatever_a_task_holds_is_read_back_as_it_was(
    pairs: list[tuple[str, dict[str, object]]],
) -> None:
    """Any text, number, list and nothing at all, in a document of its own."""
    tasks = written(pairs)
    assert read(new_document({}, tasks)) == {one.key: dict(one.fields) for one in tasks}


@settings(deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(TASKS, st.sampled_from(["\n", "\r\n"]), st.integers(1, 8))
def test_what_is_added_is_read_back_and_what_stood_there_stays(
    pairs: list[tuple[str, dict[str, object]]], end: str, indent: int
) -> None:
    """Whatever the indentation and the line ends of the file are."""
    own = [WrittenTask("own-1", {"title": "mine", "description": "a\nb\n\n"})]
    text = "# kept\napiVersion: tasksync/v1\nproject: p\ntasks:  # here\n" + tasks_text(own, indent)
    text = text.replace("\n", end)
    tasks = written(pairs)
    whole = added_to(text, tasks)
    assert whole.startswith(text)
    wanted = {one.key: dict(one.fields) for one in [*own, *tasks]}
    assert read(whole) == wanted
    assert "\n---" not in whole[len(text) :].replace("\r", "") or not tasks


@settings(deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(st.lists(st.text(max_size=120), max_size=30))
def test_keys_are_keys_and_each_is_another(titles: list[str]) -> None:
    """Made of any titles, one after the other."""
    taken: set[str] = set()
    keys = [key_of(title, taken) for title in titles]
    assert all(is_key(key) for key in keys)
    assert len(set(keys)) == len(keys) == len(taken)


def test_a_key_keeps_the_letters_of_its_title() -> None:
    """Of every script; blanks and signs become hyphens, quotes nothing, repeats a number."""
    taken: set[str] = set()
    titles = ["Отчёт за май", "Отчёт за май", "Q1/Q2: A & B!", "Don't «wait»", "🎉", "日本語"]
    keys = ["Отчёт-за-май", "Отчёт-за-май-2", "Q1-Q2-A-B", "Dont-wait", "task", "日本語"]
    assert [key_of(title, taken) for title in titles] == keys


@pytest.mark.parametrize(
    "text",
    [
        "apiVersion: tasksync/v1\ntasks: {a: {title: x}}\n",
        "{apiVersion: tasksync/v1, tasks: {a: {title: x}}}\n",
        "apiVersion: tasksync/v1\ntasks:\n  a: {title: x}\npolicy: {maxDelete: 3}\n",
        "apiVersion: tasksync/v1\ntasks:\n  a: {title: x}\n...\n",
        "apiVersion: tasksync/v1\ntasks:\n  a:\n    title: x\n--- \napiVersion: tasksync/v1",
    ],
)
def test_where_nothing_can_follow_a_document_of_its_own_does(text: str) -> None:
    """Flow style, other words behind the tasks, an end of the document: the text itself stays."""
    whole = added_to(text, [WrittenTask("b", {"title": "y"})])
    assert whole.startswith(text)
    assert not takes_more(text)
    assert read(whole) == {"a": {"title": "x"}, "b": {"title": "y"}}


def test_no_tasks_at_all_make_way_for_the_first() -> None:
    """`tasks: {}` is how a manifest begins that wants nothing yet."""
    whole = added_to(
        "apiVersion: tasksync/v1\ntasks: {}\n", [WrittenTask("b", {"title": "yes sir"})]
    )
    assert whole == "apiVersion: tasksync/v1\ntasks:\n  b:\n    title: yes sir\n"


def test_what_is_no_yaml_is_refused_in_words() -> None:
    """And so is a text whose last line is in the middle of a value."""
    for text in ("a: [", "a: |\n  b", "\tx: 1"):
        with pytest.raises(SettingsError, match="Nothing can be added"):
            added_to(text, [WrittenTask("b", {"title": "y"})])


def test_a_file_is_replaced_whole_with_its_mode(tmp_path: Path) -> None:
    """A link stays a link, and nothing is left beside it."""
    file, link = tmp_path / "a.yaml", tmp_path / "link.yaml"
    file.write_bytes(b"old")
    file.chmod(0o640)
    link.symlink_to(file)
    write_atomically(str(link), b"new", b"old")
    assert link.is_symlink()
    assert (file.read_bytes(), file.stat().st_mode & 0o777) == (b"new", 0o640)
    assert sorted(one.name for one in tmp_path.iterdir()) == ["a.yaml", "link.yaml"]


def test_a_file_that_changed_meanwhile_is_left_alone(tmp_path: Path) -> None:
    """Also one that came where none was."""
    file = tmp_path / "a.yaml"
    file.write_bytes(b"theirs")
    for before in (b"old", None):
        with pytest.raises(SettingsError, match="Nothing was written"):
            write_atomically(str(file), b"new", before)
    assert file.read_bytes() == b"theirs"
    assert [one.name for one in tmp_path.iterdir()] == ["a.yaml"]


def test_a_new_file_has_the_usual_mode(tmp_path: Path) -> None:
    """In a folder that is made for it."""
    mask = os.umask(0o022)
    try:
        write_atomically(str(tmp_path / "b" / "a.yaml"), b"new", None)
    finally:
        os.umask(mask)
    file = tmp_path / "b" / "a.yaml"
    assert (file.read_bytes(), file.stat().st_mode & 0o777) == (b"new", 0o644)
    assert [one.name for one in file.parent.iterdir()] == ["a.yaml"]
