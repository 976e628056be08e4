"""What only a file can suffer: torn, foreign, newer, unwritable, full, killed."""

from __future__ import annotations

import errno
import hashlib
import json
import os
import shutil
import sqlite3
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

import pytest
from killing import check_prefix, kill_in_the_middle, worker
from stores import (
    ANNA,
    BORIS,
    TTL,
    HandClock,
    batch,
    chance,
    counted_ids,
    entry,
    intent,
    keys,
    whole,
)
from worlds import busy_file

from tasksync.backends import sqlite_file
from tasksync.backends.sqlite import SqliteStore
from tasksync.core.ports import StateStore
from tasksync.core.state import FORMAT_VERSION, StateDelta
from tasksync.engine.lease import Patience, acquire
from tasksync.errors import StateBusy, StateError, StateForeign, StateLocked, StateUnreadable


class RealClock(HandClock):
    """The one place where another process has to be waited for."""

    def sleep(self, seconds: float) -> None:
        """Wait indeed."""
        time.sleep(seconds)


USES: list[Callable[[StateStore], object]] = [
    lambda store: store.load(),
    lambda store: store.acquire(BORIS, TTL),
    lambda store: store.holder(),
    lambda store: store.unlock("any"),
]


def store_at(path: Path, project: str = "finance-q2") -> SqliteStore:
    return SqliteStore(path, project, clock=HandClock(), ids=counted_ids(os.urandom(3).hex()))


def filled(path: Path, batches: int = 1, size: int = 5) -> Path:
    store = store_at(path)
    lease = store.acquire(ANNA, TTL)
    for number in range(batches):
        store.commit(StateDelta(put=tuple(batch(number, size)), open=(intent("x"),)), lease)
    store.release(lease)
    store.close()
    return path


def prints(folder: Path) -> dict[str, str]:
    files = [p for p in folder.iterdir() if p.is_file() and not p.name.endswith("-shm")]
    return {p.name: hashlib.sha256(p.read_bytes()).hexdigest() for p in files}


def refused_untouched(path: Path, fault: type[StateError], project: str = "finance-q2") -> str:
    """Return the message with which every use of a file is refused; nothing may change."""
    before = prints(path.parent)
    messages = set()
    for use in USES:
        store = store_at(path, project)
        with pytest.raises(fault) as refused:
            use(store)
        store.close()
        messages.add(str(refused.value))
    assert prints(path.parent) == before
    assert len(messages) == 1
    return messages.pop()


def test_reading_makes_no_file_and_no_folder(tmp_path: Path) -> None:
    store = store_at(tmp_path / ".tasksync" / "s.db")
    assert store.load().serial == 0
    assert store.holder() is None
    assert list(tmp_path.iterdir()) == []


def test_the_file_is_its_owner_s_alone_and_git_does_not_see_its_folder(tmp_path: Path) -> None:
    path = filled(tmp_path / ".tasksync" / "s.db")
    assert path.stat().st_mode & 0o777 == 0o600
    assert (tmp_path / ".tasksync" / ".gitignore").read_text() == "*\n"
    assert sorted(p.name for p in path.parent.iterdir()) == [".gitignore", "s.db"]


def test_a_folder_of_another_name_gets_no_gitignore(tmp_path: Path) -> None:
    path = filled(tmp_path / "state" / "s.db")
    assert [p.name for p in path.parent.iterdir()] == ["s.db"]


def test_readers_leave_nothing_beside_the_file(tmp_path: Path) -> None:
    path = filled(tmp_path / "s.db")
    before = prints(tmp_path)
    store = store_at(path)
    assert len(store.load().entries) == 5
    store.close()
    assert prints(tmp_path) == before


def test_a_file_cut_off_at_any_byte_is_refused_and_left_as_it_is(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(sqlite_file, "PAGE", 512)  # a small file has fewer bytes to be cut at
    path = filled(tmp_path / "s.db")
    whole_file = path.read_bytes()
    for size in range(len(whole_file) - 1, -1, -1):
        os.truncate(path, size)
        store = store_at(path)
        with pytest.raises(StateUnreadable):
            store.load()
        store.close()
        if size % 97 == 0:
            assert path.read_bytes() == whole_file[:size]
            refused_untouched(path, StateUnreadable)
    assert [p.name for p in tmp_path.iterdir()] == ["s.db"]


def test_a_large_file_cut_off_anywhere_is_refused(tmp_path: Path) -> None:
    path = filled(tmp_path / "s.db", batches=40, size=50)
    dice = chance(7)
    data = path.read_bytes()
    for size in sorted((dice.randrange(len(data)) for _ in range(60)), reverse=True):
        os.truncate(path, size)
        refused_untouched(path, StateUnreadable)


def crashed(folder: Path, batches: int) -> Path:
    """Return a copy of a state in the middle of a run: the file with its log beside it."""
    source = filled(folder / "live.db")
    store = store_at(source)
    lease = store.acquire(ANNA, TTL)
    for number in range(1, batches):
        store.commit(StateDelta(put=tuple(batch(number, 5))), lease)
    for tail in ("", "-wal"):
        shutil.copy(f"{source}{tail}", f"{folder / 'crashed.db'}{tail}")
    store.close()
    return folder / "crashed.db"


def test_a_log_cut_off_at_any_byte_leaves_whole_commits(tmp_path: Path) -> None:
    path = crashed(tmp_path, 6)
    data, log = path.read_bytes(), Path(f"{path}-wal").read_bytes()
    dice = chance(3)
    seen = set()
    for size in {0, 1, len(log) - 1, len(log), *(dice.randrange(len(log)) for _ in range(120))}:
        path.write_bytes(data)
        Path(f"{path}-wal").write_bytes(log[:size])
        store = store_at(path)
        state = store.load()
        assert keys(state) == sorted(e.key for n in range(state.serial) for e in batch(n, 5))
        seen.add(state.serial)
        store.close()
    assert len(seen) > 3


def test_a_file_cut_off_beside_its_log_is_whole_or_refused(tmp_path: Path) -> None:
    path = crashed(tmp_path, 6)
    data, log = path.read_bytes(), Path(f"{path}-wal").read_bytes()
    dice = chance(5)
    for size in (0, *(dice.randrange(len(data)) for _ in range(80))):
        path.write_bytes(data[:size])
        Path(f"{path}-wal").write_bytes(log)
        store = store_at(path)
        with suppress(StateUnreadable):
            assert len(whole(store.load())["entries"]) == 30  # type: ignore[arg-type]
        store.close()


@pytest.mark.parametrize(
    "content",
    [
        b"",
        b"x",
        b"tasks: {}\n",
        os.urandom(5000),
        b"SQLite format 3\0" + bytes(84),
        json.dumps({"version": 4}).encode(),
    ],
    ids=["empty", "one byte", "text", "noise", "header alone", "terraform"],
)
def test_what_is_not_a_state_is_refused(tmp_path: Path, content: bytes) -> None:
    path = tmp_path / "s.db"
    path.write_bytes(content)
    message = refused_untouched(path, StateUnreadable)
    assert str(path) in message
    assert "state rebuild" in message


def test_another_program_s_database_is_refused(tmp_path: Path) -> None:
    db = sqlite3.connect(tmp_path / "s.db")
    db.execute("CREATE TABLE meta (name TEXT, value TEXT)")
    db.commit()
    db.close()
    assert "not a tasksync state" in refused_untouched(tmp_path / "s.db", StateUnreadable)


def test_a_state_of_a_newer_version_is_refused(tmp_path: Path) -> None:
    path = filled(tmp_path / "s.db")
    db = sqlite3.connect(path)
    db.execute(f"PRAGMA user_version = {FORMAT_VERSION + 1}")
    db.close()
    message = refused_untouched(path, StateUnreadable)
    assert "newer version" in message
    assert "pip install --upgrade" in message


@pytest.mark.parametrize("log", [False, True], ids=["closed", "with its log"])
def test_a_refused_file_keeps_its_log_as_it_is(tmp_path: Path, *, log: bool) -> None:
    path = crashed(tmp_path, 4)
    for name in ("live.db", *([] if log else ["crashed.db-wal"])):
        (tmp_path / name).unlink()
    refused_untouched(path, StateForeign, "hr-onboarding")
    data = path.read_bytes()
    path.write_bytes(data[:60] + (FORMAT_VERSION + 1).to_bytes(4, "big") + data[64:])
    if not log:
        refused_untouched(path, StateUnreadable)


def test_a_state_of_another_project_is_refused(tmp_path: Path) -> None:
    path = filled(tmp_path / "s.db")
    message = refused_untouched(path, StateForeign, "hr-onboarding")
    assert '"finance-q2"' in message
    assert '"hr-onboarding"' in message


def test_a_page_turned_to_noise_is_unreadable_and_not_a_traceback(tmp_path: Path) -> None:
    path = filled(tmp_path / "s.db", batches=20, size=50)
    data = path.read_bytes()
    dice = chance(1)
    for _ in range(30):
        at = dice.randrange(4096, len(data) - 4096)
        path.write_bytes(data[:at] + dice.randbytes(64) + data[at + 64 :])
        store = store_at(path)
        with suppress(StateError, AssertionError):
            whole(store.load())
        store.close()


def test_a_full_disk_is_said_and_what_was_saved_is_whole(tmp_path: Path) -> None:
    store = store_at(tmp_path / "s.db")
    lease = store.acquire(ANNA, TTL)
    store.commit(StateDelta(put=tuple(batch(1))), lease)
    before = whole(store.load())
    assert store._file.connection is not None
    store._file.connection.execute("PRAGMA max_page_count = 20")
    with pytest.raises(StateError, match="full") as refused:
        store.commit(StateDelta(put=tuple(batch(2, 500))), lease)
    assert "make room" in refused.value.advice
    assert whole(store.load()) == before
    store._file.connection.execute("PRAGMA max_page_count = 100000")
    store.commit(StateDelta(put=tuple(batch(2, 500))), lease)
    assert len(store.load().entries) == 550


def test_a_file_that_another_program_keeps_is_said_as_a_lock_is(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(sqlite_file, "STEP", 0.01)
    path = filled(tmp_path / "s.db")
    store = store_at(path)
    with busy_file(path) as other:
        with pytest.raises(StateBusy, match="busy by another program: database is locked") as busy:
            store.acquire(ANNA, TTL)
        assert (busy.value.exit_code, busy.value.holder) == (6, None)
        assert "--lock-timeout" in busy.value.advice
        other.execute("ROLLBACK")
        store.acquire(ANNA, TTL)
        other.execute("BEGIN IMMEDIATE")
        with pytest.raises(StateLocked) as no:
            store_at(path).acquire(BORIS, TTL)
        assert no.value.holder == ANNA, "a lease in force is said before a file that is busy"
    store.close()


def test_a_file_that_another_program_keeps_is_waited_for_as_long_as_the_lock_time_out_says(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(sqlite_file, "STEP", 0.01)
    path, clock, told = filled(tmp_path / "s.db"), HandClock(), []
    store = SqliteStore(path, "finance-q2", clock=clock, ids=counted_ids())
    with busy_file(path) as other:
        with pytest.raises(StateLocked):
            acquire(store, ANNA, Patience(30.0), clock, told.append)
        assert clock.monotonic() == pytest.approx(1030)
        assert "busy by another program" in str(told)
        sleep = clock.sleep

        def free_at_last(seconds: float) -> None:
            sleep(seconds)
            if clock.monotonic() > 1050 and other.in_transaction:
                other.execute("ROLLBACK")

        clock.sleep = free_at_last  # type: ignore[method-assign]
        assert acquire(store, ANNA, Patience(300.0), clock, told.append).holder == ANNA
    store.close()


def test_a_file_that_another_program_keeps_in_the_middle_is_waited_for_as_the_lease_allows(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(sqlite_file, "STEP", 0.01)
    path, clock, told = filled(tmp_path / "s.db"), HandClock(), []
    store = SqliteStore(path, "finance-q2", clock=clock, ids=counted_ids(), tell=told.append)
    lease = store.acquire(ANNA, TTL)
    began = clock.monotonic()
    with busy_file(path) as other:
        with pytest.raises(StateError, match="busy"):
            store.commit(StateDelta(put=(entry("late", 1),)), lease)
        assert clock.monotonic() - began == pytest.approx(TTL)
        other.execute("ROLLBACK")
        lease = store.renew(lease)
        other.execute("BEGIN IMMEDIATE")
        sleep, began = clock.sleep, clock.monotonic()

        def free_at_last(seconds: float) -> None:
            sleep(seconds)
            if clock.monotonic() - began > 50 and other.in_transaction:
                other.execute("ROLLBACK")

        clock.sleep = free_at_last  # type: ignore[method-assign]
        store.commit(StateDelta(put=(entry("late", 1),)), lease)
    assert "late" in keys(store.load())
    assert "Asking again" in told[0]
    store.close()


def test_a_disk_that_the_system_calls_full_has_the_same_advice(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def full(*_words: object) -> None:
        raise OSError(errno.ENOSPC, "No space left on device")

    monkeypatch.setattr(sqlite_file, "_fill", full)
    with pytest.raises(StateError, match="No space left") as refused:
        store_at(tmp_path / "s.db").acquire(ANNA, TTL)
    assert "make room" in refused.value.advice


def test_a_folder_in_the_place_of_the_file_is_said(tmp_path: Path) -> None:
    store = store_at(tmp_path)
    with pytest.raises(StateError):
        store.load()
    with pytest.raises(StateError):
        store_at(Path("/proc/none/s.db")).acquire(ANNA, TTL)


@contextmanager
def as_somebody_else(folder: Path) -> Iterator[None]:
    """Take away the right to write, and root's right to do all the same."""
    folder.chmod(0o555)
    root = os.geteuid() == 0
    if root:
        os.seteuid(65534)
    try:
        yield
    finally:
        if root:
            os.seteuid(0)
        folder.chmod(0o755)


def test_a_reader_needs_no_right_to_write() -> None:
    """The file and its folder belong to somebody else: plan still reads, apply is refused."""
    folder = Path(tempfile.mkdtemp(dir="/tmp"))
    path = filled(folder / "s.db")
    path.chmod(0o444)
    before = prints(folder)
    with as_somebody_else(folder):
        store = store_at(path)
        assert len(whole(store.load())["entries"]) == 5  # type: ignore[arg-type]
        for use in (lambda: store.acquire(ANNA, TTL), lambda: store.unlock("any")):
            with pytest.raises(StateError) as refused:
                use()
            assert "rights" in refused.value.advice
        store.close()
    assert prints(folder) == before
    shutil.rmtree(folder)


def test_a_reader_without_rights_reads_beside_a_running_writer() -> None:
    folder = Path(tempfile.mkdtemp(dir="/tmp"))
    path = filled(folder / "s.db")
    writer = store_at(path)
    writer.commit(StateDelta(put=(entry("more", 77),)), writer.acquire(ANNA, TTL))
    for name in folder.iterdir():
        name.chmod(0o444)
    with as_somebody_else(folder):
        store = store_at(path)
        assert "more" in store.load().entries
        store.close()
    writer.close()
    shutil.rmtree(folder)


def test_on_a_network_file_system_the_rollback_journal_is_used(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = filled(tmp_path / "s.db")
    monkeypatch.setattr(sqlite_file, "is_remote", lambda _path: True)
    store = store_at(path)
    lease = store.acquire(ANNA, TTL)
    store.commit(StateDelta(put=(entry("more", 77),)), lease)
    assert store._file.connection is not None
    assert store._file.connection.execute("PRAGMA journal_mode").fetchone() == ("delete",)
    assert "more" in store_at(path).load().entries
    store.close()
    assert not Path(f"{path}-wal").exists()


def test_every_commit_is_on_the_disk_before_it_returns(tmp_path: Path) -> None:
    store = store_at(tmp_path / "s.db")
    store.acquire(ANNA, TTL)
    assert store._file.connection is not None
    assert store._file.connection.execute("PRAGMA synchronous").fetchone() == (2,)
    assert store._file.connection.execute("PRAGMA journal_mode").fetchone() == ("wal",)
    store.close()


def test_what_a_killed_maker_left_beside_harms_nobody(tmp_path: Path) -> None:
    (tmp_path / "s.db.new-1").write_bytes(b"half")
    assert len(store_at(filled(tmp_path / "s.db")).load().entries) == 5


def test_readers_and_a_writer_that_come_and_go_never_take_a_whole_file_for_a_torn_one(
    tmp_path: Path,
) -> None:
    path = tmp_path / "s.db"
    writer = worker(f"come_and_go('sqlite:{path}', 120)")
    seen = set()
    while writer.poll() is None:
        store = SqliteStore(path, "finance-q2", clock=RealClock(), ids=counted_ids())
        state = store.load()
        assert len(state.index) == 50 * state.serial
        seen.add(state.serial)
        store.close()
    assert writer.returncode == 0
    assert len(seen) > 5
    assert [p.name for p in tmp_path.iterdir()] == ["s.db"]


@pytest.mark.kill
def test_a_killed_writer_leaves_whole_commits_only(tmp_path: Path) -> None:
    path = tmp_path / "s.db"
    for seed in range(12):
        told = kill_in_the_middle(f"sqlite:{path}", seed)
        store = store_at(path)
        check_prefix(store, told)
        store.close()
