"""The durable file: what was answered is there again, incomplete lines are not; many share it."""

# ruff: noqa: FBT003 - a task is written out by position, so that no field is missed

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import tempfile
from dataclasses import replace
from multiprocessing import get_context
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tasksync.sandbox.model.journal import Journal, JournalDamaged
from tasksync.sandbox.model.task import Comment, LoggedTime, Task, task_from_json, task_to_json
from tasksync.sandbox.model.world import World


def a_task(id_: int, **more: Any) -> Task:
    return replace(Task(id_, f"t{id_}", 1, 1, 10, 10, 1), **more)


def write(path: Path, *changes: Any) -> list[dict[int, Task]]:
    """Make the changes; give the tasks after each of them, nothing first."""
    world = World.open(path)
    states: list[dict[int, Task]] = [{}]
    for change in changes:
        with world.writing():
            if isinstance(change, Task):
                world.put(change)
            else:
                world.remove(change)
        states.append(dict(world.index.tasks))
    world.close()
    return states


def test_a_world_is_there_again(portal: Any, tmp_path: Path) -> None:
    path = tmp_path / "deep" / "world.db"
    first = portal(path)
    first.create("kept", tags=["x"], parentId=first.create("parent"))
    deleted = first.create("gone")
    first("DELETE", f"/v1/tasks/{deleted}")
    second = portal(path)
    assert second.rows("order[id]=asc") == first.rows("order[id]=asc")
    assert second.ids("filter[tags]=x") == [3873]
    assert second.create() == deleted + 2  # an id is never given twice


def test_every_field_survives_the_journal(tmp_path: Path) -> None:
    task = Task(
        1, "ж\n\t\u2028", 2, 3, 4, 5, 6, "d", 5, 7, 0, 8, 9, 10, 11, 12, 13, 14, 15,
        (16,), (17, 18), ("a", "b"), True, (Comment(1, "c", 2, True),), (LoggedTime(1, 2, 3),),
    )  # fmt: skip
    write(tmp_path / "w", task)
    assert World.open(tmp_path / "w").index.tasks == {1: task}
    assert task_from_json(json.loads(json.dumps(task_to_json(task)))) == task


changes = st.lists(
    st.builds(
        a_task,
        st.integers(1, 5),
        title=st.text(max_size=5),
        tags=st.just(("x",)),
        parent_id=st.none() | st.integers(1, 5),
    )
    | st.integers(1, 5),
    max_size=8,
)


@given(changes, st.data())
@settings(max_examples=60, deadline=None)
def test_a_truncated_file_is_the_world_as_it_once_was(made: list[Any], data: Any) -> None:
    """Cut anywhere, it holds exactly the whole lines before the cut, and can be written on."""
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "w"
        states = write(path, *made)
        cut = data.draw(st.integers(0, path.stat().st_size))
        os.truncate(path, cut)
        lines = path.read_bytes().count(b"\n")
        world = World.open(path)
        assert world.index.tasks == states[lines]
        with world.writing():
            world.put(a_task(9))
        after = World.open(path).index.tasks
        assert after == {**states[lines], 9: a_task(9)}


@pytest.mark.parametrize(
    "text",
    [
        b"a: manifest\n",
        b"SQLite format 3\x00 without a line end",
        b'{"apiVersion": "tasksync/v1"}',
        b'{"put": {"id": 1}}\n',
        b'{"put": 5}\n',
        b'{"del":5}\n[]\n',
        b'{"del":5}\n{"other": 1}\n',
        b'{"del":5}\nnonsense\n',
    ],
)
def test_a_file_of_another_program_is_refused_and_left_as_it_is(
    tmp_path: Path, text: bytes
) -> None:
    path = tmp_path / "w"
    path.write_bytes(text)
    with pytest.raises(JournalDamaged):
        World.open(path)
    assert path.read_bytes() == text


def test_two_portals_share_one_file(portal: Any, tmp_path: Path) -> None:
    one, two = portal(tmp_path / "w"), portal(tmp_path / "w")
    ids = [client.create() for _ in range(3) for client in (one, two)]
    assert ids == sorted(set(ids))
    assert one.ids("order[id]=asc") == two.ids("order[id]=asc") == ids
    two("DELETE", f"/v1/tasks/{ids[0]}")
    assert one("GET", f"/v1/tasks/{ids[0]}")[0] == 404
    one("POST", "/_sandbox/reset")
    assert two.ids() == []


def _create_many(path: Path, count: int) -> None:
    world = World.open(path)
    for _ in range(count):
        with world.writing():
            world.put(a_task(world.next_id()))


def test_processes_that_write_at_once_lose_nothing(tmp_path: Path) -> None:
    path, spawn = tmp_path / "w", get_context("fork")
    processes = [spawn.Process(target=_create_many, args=(path, 50)) for _ in range(4)]
    for process in processes:
        process.start()
    for process in processes:
        process.join()
    assert World.open(path).index.ids == [3871 + 2 * n for n in range(200)]


def test_a_file_much_longer_than_its_tasks_is_rewritten(tmp_path: Path) -> None:
    path = tmp_path / "w"
    write(path, *[a_task(1, title=str(n)) for n in range(1200)], a_task(4005), 4005)
    reader = World.open(path)
    assert len(path.read_bytes().splitlines()) == 2
    assert reader.index.tasks == {1: a_task(1, title="1199")}
    assert reader.next_id() == 4007  # 4005 was given once, and is not given again
    assert not list(tmp_path.glob("*.new"))


def test_who_held_the_old_file_goes_on_with_the_new_one(tmp_path: Path) -> None:
    path = tmp_path / "w"
    holder = World.open(path)
    write(path, *[a_task(1, title=str(n)) for n in range(1200)])
    World.open(path).close()
    with holder.writing():
        holder.put(a_task(3))
    assert holder.index.ids == World.open(path).index.ids == [1, 3]


def test_a_full_disk_leaves_memory_and_file_agreed(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    world = World.open(tmp_path / "w")
    with world.writing():
        world.put(a_task(1))

    def full(*_: object) -> None:
        raise OSError(28, "No space left on device")

    with monkeypatch.context() as patched:
        patched.setattr("tasksync.sandbox.model.journal._write_all", full)
        with pytest.raises(OSError, match="No space"), world.writing():
            world.put(a_task(3))
    with world.reading() as index:
        assert index.ids == [1]


def test_a_file_may_vanish_under_an_open_world(tmp_path: Path) -> None:
    path = tmp_path / "w"
    world = World.open(path)
    with world.writing():
        world.put(a_task(1))
    path.unlink()
    with world.reading() as index:
        assert index.ids == []


_KILLED = """
import os, signal, sys
from pathlib import Path
from tasksync.sandbox.web.http_messages import WebRequest
from tasksync.sandbox.web.routes import open_api
api = open_api(Path(sys.argv[1]))
head = {"X-Api-Key": "vibe_api_sandbox", "Content-Type": "application/json"}
body = b'{"title": "done", "responsibleId": 1}'
assert api.handle(WebRequest("POST", "/v1/tasks", "", head, body)).status == 201
os.kill(os.getpid(), signal.SIGKILL)
"""


def test_what_was_answered_survives_a_kill(tmp_path: Path) -> None:
    path = tmp_path / "w"
    killed = subprocess.run([sys.executable, "-c", _KILLED, path], check=False)
    assert killed.returncode == -signal.SIGKILL
    assert [task.title for task in World.open(path).index] == ["done"]


def test_a_journal_reads_only_what_is_new(tmp_path: Path) -> None:
    writer, reader = Journal(tmp_path / "w"), Journal(tmp_path / "w")
    for number in range(3):
        with writer.locked():
            writer.append([{"del": number}])
        assert reader.read_new() == (False, [{"del": number}])
    assert reader.read_new() == (False, [])
