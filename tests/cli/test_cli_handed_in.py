"""States, plans and keys that people hand in: read up to a limit, and refused in words."""

from __future__ import annotations

import json
import os
import sqlite3
from pathlib import Path
from typing import Any

import pytest
from command import Done, Tasksync

from tasksync import file_limits as bounded

MANIFEST = """\
apiVersion: tasksync/v1
project: handed
defaults: {responsibleId: 1}
tasks:
  a: {title: First, deadline: 2026-07-01T12:00:00+02:00}
  b: {title: Second, parent: a, tags: [x]}
"""


@pytest.fixture
def tasksync(tmp_path: Path) -> Tasksync:
    made = Tasksync.of(tmp_path, MANIFEST)
    assert made("apply", "--yes").code == 0
    return made


def in_words(done: Done) -> bool:
    return done.code == 1 and "itself failed" not in done.err and "Error: " in done.err


def run(**more: Any) -> dict[str, Any]:
    at = "2026-01-01T00:00:00+00:00"
    return {"id": "r", "at": at, "outcome": "done", "plan": "", **more}


def intent(**more: Any) -> dict[str, Any]:
    asked = {"title": "x"}
    at = "2026-01-01T00:00:00+00:00"
    return {"key": "z", "asked": asked, "sent": asked, "after": 1, "at": at, "run": "r", **more}


@pytest.mark.parametrize(
    ("where", "value", "told"),
    [
        (["entries", "a\nb"], {"id": 99, "asked": {}}, r"entry 'a\nb': that is no key"),
        (["entries", ""], {"id": 99, "asked": {}}, "entry '': that is no key"),
        (["entries", "a\x1b[2J"], {"id": 99, "asked": {}}, r"entry 'a\x1b[2J': that is no key"),
        (["entries", "../../x"], {"id": 99, "asked": {}}, "entry '../../x': that is no key"),
        (["entries", "a", "asked", "deadline"], "nonsense", "entry a"),
        (["entries", "a", "asked", "deadline"], "2026-02-30T00:00:00+00:00", "entry a"),
        (["entries", "a", "asked", "deadline"], "2026-01-01T00:00:00", "asked.deadline"),
        (["entries", "a", "asked", "deadline"], "0001-01-01T00:00:00+14:00", "asked.deadline"),
        (["entries", "a", "made"], {"deadline": "9999-12-31T23:00:00-14:00"}, "made.deadline"),
        (["entries", "a", "asked", "status"], 99, "asked.status: it cannot be 99"),
        (["entries", "a", "asked", "priority"], 3, "asked.priority: it cannot be 3"),
        (["entries", "a", "asked", "responsibleId"], 0, "asked.responsibleId: it cannot be 0"),
        (["entries", "a", "asked", "responsibleId"], None, "responsibleId: it cannot be null"),
        (["entries", "a", "asked", "accomplices"], [0], "asked.accomplices: 0 is nobody"),
        (["entries", "a", "asked", "accomplices"], [True], "asked.accomplices"),
        (["entries", "a", "asked", "accomplices"], None, "accomplices: it cannot be null"),
        (["entries", "a", "asked", "tags"], ["a,b"], "asked.tags: 'a,b' can be no tag"),
        (["entries", "a", "asked", "tags"], ["Tasksync:hr"], "can be no tag"),
        (["entries", "a", "asked", "tags"], ["b", "a"], "asked.tags: it is not sorted"),
        (["entries", "a", "made"], {"groupId": 2**63}, "made.groupId"),
        (["entries", "a", "asked", "parentId"], {"key": "z\n"}, "asked.parentId"),
        (["entries", "a", "options"], {"adopt": 2**63}, "options.adopt"),
        (["intents"], [intent(key="z\nz")], r"intent 'z\nz': that is no key"),
        (["intents"], [intent(after=2**63)], "intent 'z': after"),
        (["intents"], [intent(), intent()], "intents: one stands there twice"),
        (["lineage"], "x\0y", "lineage"),
        (["identity"], {"portal": "", "owner": "me"}, "identity: it is empty"),
        (["identity"], {"portal": "a\nb", "owner": "me"}, "identity"),
        (["identity"], {"portal": "p", "owner": "me", "createSeconds": -1}, "is no pace"),
        (["files"], ["a\0b"], "files"),
        (["directory"], {"people": {"a\0@b": 1}, "groups": {}}, "directory"),
        (["directory"], {"people": {}, "groups": {"": 1}}, "directory"),
        (["directory"], {"people": {"a@b": 0}, "groups": {}}, "directory"),
        (["runs"], [run(at="9999-12-31T23:59:59-14:00")], "a run"),
        (["runs"], [run(at="0001-01-01T00:00:00+14:00")], "a run"),
        (["runs"], [run(touched=["x y"])], "run 'r': touched"),
        (["runs"], [run(by="a\nb")], "run 'r': by"),
        (["runs"], [run(ci="https://ci/" + "1/" * 1000)], "run 'r': ci"),
        (["runs"], [run(command="")], "run 'r': command"),
        (["runs"], [run(digest="x\0")], "run 'r': digest"),
        (["runs"], [run(undoes="x" * 256)], "run 'r': undoes"),
        (["runs"], [run(counts={"made": 1})], "run 'r': counts: 'made' is nothing that is done"),
        (["runs"], [run(counts={"create": -1})], "create cannot be -1"),
        (["runs"], [run(counts=[])], "counts is a list"),
        (["serial"], 9e18, "serial"),
    ],
)
def test_push_names_the_entry_and_the_field_that_nothing_could_use(
    tasksync: Tasksync, tmp_path: Path, where: list[str], value: object, told: str
) -> None:
    before = tasksync("state", "pull").out
    data = at = json.loads(before)
    for name in where[:-1]:
        at = at[name]
    at[where[-1]] = value
    (tmp_path / "bad.json").write_text(json.dumps(data))
    done = tasksync("state", "push", tmp_path / "bad.json", "--force")
    assert in_words(done), done
    assert told in done.err, done
    assert tasksync("state", "pull").out == before


@pytest.mark.parametrize(
    ("text", "told"),
    [
        ("[" * 100_000, "nested too deep"),
        ('{"kind": "tasksync-state", "serial": ' + "9" * 5000 + "}", "a number of 5000 digits"),
        ('{"kind": "tasksync-state", "kind": "x"}', '"kind" stands in it twice'),
        ('{"kind": NaN}', "NaN is no number"),
        ('{"kind": 1e999}', "1e999 is no number"),
    ],
)
def test_a_text_that_readers_choke_on_is_no_state_and_no_plan(
    tasksync: Tasksync, tmp_path: Path, text: str, told: str
) -> None:
    (tmp_path / "odd.json").write_text(text)
    for words in (("state", "push"), ("show",), ("apply",)):
        done = tasksync(*words, tmp_path / "odd.json")
        assert in_words(done), done
        assert told in done.err, done


def spoilt(tmp_path: Path, key: str) -> None:
    """Give the state a key that `state push` of earlier versions took."""
    with sqlite3.connect(tmp_path / "state.db") as db:
        db.execute("UPDATE entries SET key = ? WHERE key = 'b'", (key,))
    db.close()


@pytest.mark.parametrize("key", ["a\nb", "", "a\x1b[2J"])
def test_a_state_with_a_key_that_no_task_can_have_names_it_and_can_be_mended(
    tasksync: Tasksync, tmp_path: Path, key: str
) -> None:
    good = tmp_path / "good.json"
    good.write_text(tasksync("state", "pull").out)
    spoilt(tmp_path, key)
    for words in (("plan",), ("apply", "--yes"), ("state", "rebuild", "--yes")):
        done = tasksync(*words)
        assert in_words(done), done
        assert f"no task can have: {key!a}." in done.err
    assert set(json.loads(tasksync("state", "pull").out)["entries"]) == {"a", key}
    assert tasksync("state", "list").code == 0
    assert tasksync("state", "rm", key).code == 0
    assert "1 to adopt" in tasksync("plan").out  # it is found by its marker
    assert tasksync("state", "push", good, "--force").code == 0
    spoilt(tmp_path, key)
    assert tasksync("state", "push", good, "--force").code == 0
    assert "No changes." in tasksync("plan").out


def test_devices_pipes_and_folders_are_read_up_to_a_limit(
    tasksync: Tasksync, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(bounded, "DOCUMENT", 100_000)
    monkeypatch.setattr(bounded, "SILENCE", 0.05)
    os.mkfifo(tmp_path / "pipe")
    for name, told in (
        ("/dev/zero", "longer than"),
        (str(tmp_path), "Is a directory"),
        (str(tmp_path / "pipe"), "nobody wrote"),
        ("a\0b", "null"),
    ):
        for words in (("state", "push"), ("show",), ("apply",)):
            done = tasksync(*words, name)
            assert in_words(done), done
            assert told in done.err, done
        real = {"TASKSYNC_PORTAL": "http://127.0.0.1:1", "TASKSYNC_API_KEY_FILE": name}
        done = tasksync("plan", **real)
        assert in_words(done), done
        assert told in done.err, done


def test_a_pipe_that_somebody_writes_into_is_read() -> None:
    reading, writing = os.pipe()
    os.write(writing, b"key")
    os.close(writing)
    assert bounded.read(f"/dev/fd/{reading}", bounded.KEY) == b"key"
    os.close(reading)


def test_a_plan_that_cannot_be_written_leaves_nothing_behind(
    tasksync: Tasksync, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def full(_handle: int) -> None:
        raise OSError(28, "No space left on device")

    before = sorted(tmp_path.iterdir())
    monkeypatch.setattr(os, "fsync", full)
    done = tasksync("plan", "--out", tmp_path / "p.json")
    assert in_words(done), done
    assert "No space left on device" in done.err
    assert sorted(tmp_path.iterdir()) == before


def test_a_plan_written_into_a_pipe_that_nobody_reads_or_a_link_to_itself_ends_in_words(
    tasksync: Tasksync, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(bounded, "SILENCE", 0.05)
    os.mkfifo(tmp_path / "pipe")
    (tmp_path / "loop").symlink_to(tmp_path / "loop")
    for name, told in (("pipe", "from which nobody read"), ("loop", "leads to itself")):
        for words in (("plan",), ("undo",)):
            done = tasksync(*words, "--out", tmp_path / name)
            assert in_words(done), done
            assert told in done.err, done


def test_a_plan_is_written_into_a_pipe_that_somebody_reads(
    tasksync: Tasksync, tmp_path: Path
) -> None:
    os.mkfifo(tmp_path / "pipe")
    reading = os.open(tmp_path / "pipe", os.O_RDONLY | os.O_NONBLOCK)
    assert tasksync("plan", "--out", tmp_path / "pipe").code == 0
    assert os.read(reading, 1_000_000).startswith(b"{")
    os.close(reading)
