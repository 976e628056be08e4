"""Cached rows: equal to what is read, never believed when they should not be, never needed."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path

import pytest

from tasksync.core.manifest import Manifest
from tasksync.core.task import Task
from tasksync.errors import ManifestInvalid
from tasksync.manifests import cache as cache_module
from tasksync.manifests import quick
from tasksync.manifests.cache import Cache, Rows, unpacked
from tasksync.manifests.loader import load

TEXT = """apiVersion: tasksync/v1
project: p
timezone: Europe/Berlin
defaults: {responsibleId: 1}
tasks:
  a: {title: A, deadline: 2026-05-19T18:00, adopt: {id: 7}}
  b: {title: B, parent: a, protect: true}
  c: {title: Отчёт, tags: [x]}
"""


@pytest.fixture
def manifest(tmp_path: Path) -> Path:
    path = tmp_path / "m.yaml"
    path.write_text(TEXT, encoding="utf-8")
    return path


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    return tmp_path / "cache"


def rows_of(loaded: Manifest) -> list[tuple[object, ...]]:
    return [tuple(row[:5]) for row in loaded.tasks()]


def tasks_of(loaded: Manifest) -> list[Task]:
    return [row.task() for row in loaded.tasks()]


@pytest.fixture
def no_parsing(monkeypatch: pytest.MonkeyPatch) -> None:
    """Whoever reads tasks from YAML fails."""

    def refuse(*_args: object) -> object:
        raise AssertionError

    monkeypatch.setattr(quick, "tasks", refuse)


def test_a_second_reading_gives_the_same_rows_and_the_same_bodies(
    manifest: Path, folder: Path
) -> None:
    fresh = rows_of(load([str(manifest)]))
    bodies = tasks_of(load([str(manifest)]))
    for _ in range(3):
        assert rows_of(load([str(manifest)], cache=Cache(folder))) == fresh
        assert tasks_of(load([str(manifest)], cache=Cache(folder))) == bodies


def test_an_unchanged_file_is_not_parsed(
    manifest: Path, folder: Path, request: pytest.FixtureRequest
) -> None:
    fresh = rows_of(load([str(manifest)], cache=Cache(folder)))
    request.getfixturevalue("no_parsing")
    assert rows_of(load([str(manifest)], cache=Cache(folder))) == fresh


def test_bodies_may_be_asked_in_any_order(
    manifest: Path, folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """In order the file is read once, backwards once more, and never once for each key."""
    bodies = tasks_of(load([str(manifest)], cache=Cache(folder)))
    passes: list[int] = []
    genuine = quick.tasks

    def counted(*args: object) -> object:
        passes.append(1)
        return genuine(*args)  # type: ignore[arg-type]

    monkeypatch.setattr(quick, "tasks", counted)
    rows = list(load([str(manifest)], cache=Cache(folder)).tasks())
    assert not passes
    assert [row.task() for row in rows] == bodies
    assert len(passes) == 1
    assert [row.task() for row in reversed(rows)] == bodies[::-1]
    assert len(passes) == 2


@pytest.mark.parametrize(
    "change",
    [
        lambda text: text.replace("Europe/Berlin", "Asia/Tokyo"),
        lambda text: text.replace("responsibleId: 1", "responsibleId: 2"),
        lambda text: text.replace("title: B", "title: BB"),
    ],
)
def test_what_a_task_depends_on_is_part_of_the_name(
    manifest: Path, folder: Path, change: Callable[[str], str]
) -> None:
    """Zone and defaults may stand in another file than the tasks."""
    head, tasks = TEXT.split("tasks:")
    other = manifest.parent / "z.yaml"
    other.write_text("apiVersion: tasksync/v1\ntasks:" + tasks, encoding="utf-8")
    manifest.write_text(head, encoding="utf-8")
    paths = [str(manifest), str(other)]
    list(load(paths, cache=Cache(folder)).tasks())
    for path in (manifest, other):
        path.write_text(change(path.read_text(encoding="utf-8")), encoding="utf-8")
    assert rows_of(load(paths, cache=Cache(folder))) == rows_of(load(paths))


@pytest.mark.parametrize(
    "harm",
    [
        lambda raw: raw[:-10],
        lambda raw: raw[:40],
        lambda _raw: b"",
        lambda raw: raw.replace(b'"a"', b'"z"', 1),
        lambda _raw: b"x" * 64 + b"\n" + b"[" * 10_000,
    ],
)
def test_torn_rows_are_made_again(
    manifest: Path, folder: Path, harm: Callable[[bytes], bytes]
) -> None:
    fresh = rows_of(load([str(manifest)], cache=Cache(folder)))
    (kept,) = folder.iterdir()
    kept.write_bytes(harm(kept.read_bytes()))
    assert rows_of(load([str(manifest)], cache=Cache(folder))) == fresh
    assert rows_of(load([str(manifest)], cache=Cache(folder))) == fresh


@pytest.mark.parametrize(
    "rows",
    [
        [],
        {"keys": []},
        {"keys": [1], "digests": "00" * 16, "lines": [1], "parents": {}, "adopts": {}},
        {"keys": ["a"], "digests": "00" * 15, "lines": [1], "parents": {}, "adopts": {}},
        {"keys": ["a"], "digests": "00" * 16, "lines": [-1], "parents": {}, "adopts": {}},
        {"keys": ["a"], "digests": "00" * 16, "lines": [1], "parents": {"5": "a"}, "adopts": {}},
        {"keys": ["a"], "digests": "00" * 16, "lines": [1], "parents": {}, "adopts": {"0": "7"}},
    ],
)
def test_rows_of_another_shape_are_refused(rows: object) -> None:
    with pytest.raises((ValueError, TypeError, KeyError, AttributeError, OverflowError)):
        unpacked(json.dumps(rows).encode())


def test_rows_that_others_may_write_are_not_believed(
    manifest: Path, folder: Path, request: pytest.FixtureRequest
) -> None:
    list(load([str(manifest)], cache=Cache(folder)).tasks())
    folder.chmod(0o777)
    request.getfixturevalue("no_parsing")
    with pytest.raises(AssertionError):
        list(load([str(manifest)], cache=Cache(folder)).tasks())


def test_wrong_rows_never_make_a_body(manifest: Path, folder: Path) -> None:
    """A digest that hides nothing but lies is found out when the body is asked, and forgotten."""
    context = next(iter(_names(manifest, folder)))
    content, told = context.removesuffix(".rows").split("-")
    rows = Rows(keys=["a", "b", "c"], digests=bytearray(48))
    rows.lines.extend([6, 7, 8])
    Cache(folder).put(bytes.fromhex(content), told, rows)
    wrong = list(load([str(manifest)], cache=Cache(folder)).tasks())
    with pytest.raises(ManifestInvalid, match="changed while it was read"):
        wrong[0].task()
    assert tasks_of(load([str(manifest)], cache=Cache(folder)))


def _names(manifest: Path, folder: Path) -> list[str]:
    list(load([str(manifest)], cache=Cache(folder)).tasks())
    return [path.name for path in folder.iterdir()]


def test_a_broken_file_is_never_kept(manifest: Path, folder: Path) -> None:
    manifest.write_text(TEXT + "  d: {title: 5}\n", encoding="utf-8")
    for _ in range(2):
        with pytest.raises(ManifestInvalid):
            list(load([str(manifest)], cache=Cache(folder)).tasks())
    assert not folder.exists() or not list(folder.iterdir())


def test_faults_between_files_show_although_each_is_kept(manifest: Path, folder: Path) -> None:
    """Parents, repeated keys and adoptions are looked at again every time."""
    list(load([str(manifest)], cache=Cache(folder)).tasks())
    other = manifest.parent / "z.yaml"
    other.write_text(
        "apiVersion: tasksync/v1\ntasks:\n  a: {title: A}\n"
        "  e: {title: E, parent: nobody}\n  f: {title: F, adopt: {id: 7}}\n"
    )
    told = []
    for kept in (None, Cache(folder), Cache(folder)):
        with pytest.raises(ManifestInvalid) as caught:
            list(load([str(manifest), str(other)], cache=kept).tasks())
        told.append([str(problem) for problem in caught.value.problems])
    assert told[0] == told[1] == told[2]
    assert len(told[0]) == 3


def test_a_folder_that_cannot_be_made_is_no_fault(manifest: Path, tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    assert len(rows_of(load([str(manifest)], cache=Cache(tmp_path / "file" / "cache")))) == 3


def test_rows_are_cleared_and_old_ones_pruned(
    manifest: Path, folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(cache_module, "SPARE", 1)
    for number in range(5):
        manifest.write_text(f"{TEXT}  n{number}: {{title: N}}\n", encoding="utf-8")
        list(load([str(manifest)], cache=Cache(folder)).tasks())
    assert len(list(folder.iterdir())) == 2
    Cache(folder).clear()
    assert not list(folder.iterdir())
