"""The durable file at Windows: its lock lies beside it, and nobody keeps it open.

What is open there is not replaced, and what is locked is not read. Both are played here.
"""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from dataclasses import replace
from multiprocessing import get_context
from pathlib import Path

import pytest

from tasksync.sandbox.model import file_lock, journal
from tasksync.sandbox.model.journal import Journal
from tasksync.sandbox.model.task import Task
from tasksync.sandbox.model.world import World

TASK = Task(1, "t", 1, 1, 10, 10, 1)


def is_open(path: Path) -> bool:
    """Tell whether this process has a file open."""
    found = []
    for name in os.listdir("/proc/self/fd"):  # noqa: PTH208 - names of numbers
        try:
            found.append(Path("/proc/self/fd", name).readlink())
        except OSError:
            continue
    return path.resolve() in found


@pytest.fixture(autouse=True)
def windows(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(journal, "STAYS_OPEN", False)
    monkeypatch.setattr(file_lock, "WAITS", False)
    monkeypatch.setattr(journal, "_TRIES", 3)
    move = Path.replace

    def replaced(source: Path, target: Path) -> Path:
        if is_open(source) or is_open(target):
            raise PermissionError(13, "Access is denied")
        return move(source, target)

    monkeypatch.setattr(Path, "replace", replaced)


def test_a_world_is_written_read_and_rewritten_while_another_looks_on(tmp_path: Path) -> None:
    path = tmp_path / "w"
    other = World.open(path)
    world = World.open(path)
    for number in range(1200):
        with world.writing():
            world.put(replace(TASK, title=str(number)))
    assert not is_open(path)
    World.open(path).close()  # rewrites it
    assert len(path.read_bytes().splitlines()) < 10
    for one in (other, world):
        with one.reading() as index:
            assert [task.title for task in index] == ["1199"]
    with other.writing():
        other.put(replace(TASK, id=3))
    with world.reading() as index:
        assert index.ids == [1, 3]
    assert sorted(one.name for one in tmp_path.iterdir()) == ["w", "w.lock"]


def test_who_reads_does_not_wait_for_who_writes(tmp_path: Path) -> None:
    writer, reader = Journal(tmp_path / "w"), Journal(tmp_path / "w")
    with writer.locked():
        writer.append([{"del": 1}])
        assert reader.read_new() == (False, [{"del": 1}])


def test_an_incomplete_line_is_removed_and_a_lost_file_made_again(tmp_path: Path) -> None:
    path = tmp_path / "w"
    world = World.open(path)
    with world.writing():
        world.put(TASK)
    whole = path.read_bytes()
    path.write_bytes(whole + b'{"put":{"id":')
    with world.writing():
        world.put(replace(TASK, id=3))
    assert path.read_bytes().count(b"\n") == 2
    assert World.open(path).index.ids == [1, 3]
    path.unlink()
    with world.reading() as index:
        assert index.ids == []


def test_what_somebody_has_open_is_tried_again_and_then_said(tmp_path: Path) -> None:
    path = tmp_path / "w"
    held = Journal(path)
    with path.open("rb"), held.locked(), pytest.raises(PermissionError, match="denied"):
        held.rewrite([])
    with held.locked():
        held.append([{"del": 5}])
    assert Journal(path).read_new() == (False, [{"del": 5}])


def _create_many(path: Path, count: int) -> None:
    world = World.open(path)
    for _ in range(count):
        with world.writing():
            world.put(replace(TASK, id=world.next_id()))


def test_processes_that_write_at_once_lose_nothing(tmp_path: Path) -> None:
    path, spawn = tmp_path / "w", get_context("fork")
    processes = [spawn.Process(target=_create_many, args=(path, 25)) for _ in range(3)]
    for process in processes:
        process.start()
    for process in processes:
        process.join()
    assert World.open(path).index.ids == [3871 + 2 * n for n in range(75)]


_KILLED = """
import os, signal, sys
from pathlib import Path
from tasksync.sandbox.model import journal
journal.STAYS_OPEN = False
held = journal.Journal(Path(sys.argv[1]))
with held.locked():
    held.append([{"del": 5}])
    os.kill(os.getpid(), signal.SIGKILL)
"""


def test_the_lock_of_a_killed_process_is_free(tmp_path: Path) -> None:
    path = tmp_path / "w"
    killed = subprocess.run([sys.executable, "-c", _KILLED, path], check=False)
    assert killed.returncode == -signal.SIGKILL
    after = Journal(path)
    with after.locked():
        assert after.read_new() == (False, [{"del": 5}])
