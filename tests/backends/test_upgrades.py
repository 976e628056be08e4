"""States of format 1, which knew no createdDate: read as they are, brought to this one in place."""

from __future__ import annotations

import json
import os
import sqlite3
from pathlib import Path

import psycopg
import pytest
from stores import ANNA, TTL, HandClock, change, counted_ids, entry, rich_entry, run

from tasksync.backends.document_format import decode
from tasksync.backends.postgres import PostgresStore
from tasksync.backends.remote_document import Copy
from tasksync.backends.sqlite import SqliteStore
from tasksync.core.address_book import RememberedNumbers
from tasksync.core.fields import TaskKey
from tasksync.core.ports import StateStore
from tasksync.core.state import FORMAT_VERSION, NO_DATE, StateDelta

DATE = "2026-05-12T11:46:12+03:00"


def filled(store: StateStore) -> None:
    lease = store.acquire(ANNA, TTL)
    store.commit(StateDelta(put=(entry("a", 7), rich_entry("b", 8))), lease)
    store.release(lease)
    store.close()


def goes_on(store: StateStore) -> None:
    """Read, written to, and read again: nothing of what was remembered is lost."""
    before = store.load()
    assert list(before.index.created) == [NO_DATE, NO_DATE]
    assert {key: before.entries[key].id for key in before.index} == {"a": 7, "b": 8}
    lease = store.acquire(ANNA, TTL)
    store.commit(StateDelta(put=(before.entries[TaskKey("a")].shown(DATE),)), lease)
    after = store.load()
    assert after.entries[TaskKey("a")].created == DATE
    assert after.index.created[after.index.rows[TaskKey("a")]] > NO_DATE
    assert after.index.created[after.index.rows[TaskKey("b")]] == NO_DATE
    assert after.entries[TaskKey("b")] == before.entries[TaskKey("b")]
    assert (after.lineage, after.serial) == (before.lineage, before.serial + 1)
    recorded = (change("r", "a"),)
    store.commit(StateDelta(run=run("r"), recorded=recorded), lease)
    assert store.recorded("r") == recorded
    store.close()


def sqlite_at(path: Path) -> SqliteStore:
    return SqliteStore(path, "finance-q2", clock=HandClock(), ids=counted_ids(os.urandom(3).hex()))


def old_file(path: Path) -> None:
    """Take back what formats 2 and 3 brought."""
    filled(sqlite_at(path))
    with sqlite3.connect(path) as db:
        db.execute("DROP TABLE changes")
        db.execute("DROP TABLE histories")
        db.execute("ALTER TABLE entries DROP COLUMN created")
        db.execute("PRAGMA user_version = 1")
    db.close()


def test_a_file_of_format_1_is_read_without_being_changed(tmp_path: Path) -> None:
    path = tmp_path / "state.db"
    old_file(path)
    before = path.read_bytes()
    store = sqlite_at(path)
    assert sorted(store.load().index) == ["a", "b"]
    store.close()
    assert path.read_bytes() == before


def test_a_file_of_format_1_is_brought_to_this_one(tmp_path: Path) -> None:
    path = tmp_path / "state.db"
    old_file(path)
    goes_on(sqlite_at(path))
    with sqlite3.connect(path) as db:
        assert db.execute("PRAGMA user_version").fetchone() == (FORMAT_VERSION,)
    db.close()


def test_tables_without_a_directory_are_read_and_get_one_when_it_is_needed(
    postgres_url: str,
) -> None:
    """Older versions of tasksync go on with them: they name the columns that they read."""

    def store() -> PostgresStore:
        return PostgresStore(
            postgres_url, "finance-q2", clock=HandClock(), ids=counted_ids(os.urandom(3).hex())
        )

    numbers = RememberedNumbers({"anna@example.com": 2}, {"HR": 7}, 1)
    with psycopg.connect(postgres_url, autocommit=True) as db:
        db.execute("DROP SCHEMA IF EXISTS tasksync CASCADE")
        filled(store())
        db.execute("ALTER TABLE tasksync.projects DROP COLUMN directory")
        try:
            there = store()
            assert there.load().directory == RememberedNumbers()
            lease = there.acquire(ANNA, TTL)
            for learned in (RememberedNumbers(), numbers, RememberedNumbers(), numbers):
                there.commit(StateDelta(directory=learned), lease)
                assert there.load().directory == learned
            there.close()
            assert store().load().directory == numbers
        finally:
            db.execute("DROP SCHEMA IF EXISTS tasksync CASCADE")


def test_tables_of_format_1_are_read_and_brought_to_this_one(postgres_url: str) -> None:
    def store() -> PostgresStore:
        return PostgresStore(
            postgres_url, "finance-q2", clock=HandClock(), ids=counted_ids(os.urandom(3).hex())
        )

    with psycopg.connect(postgres_url, autocommit=True) as db:
        db.execute("DROP SCHEMA IF EXISTS tasksync CASCADE")
        filled(store())
        db.execute("ALTER TABLE tasksync.entries DROP COLUMN created")
        db.execute("DROP TABLE tasksync.changes, tasksync.histories")
        db.execute("UPDATE tasksync.format SET version = 1")
        try:
            reader = store()
            assert sorted(reader.load().index) == ["a", "b"]
            reader.close()
            assert db.execute("SELECT version FROM tasksync.format").fetchone() == (1,)
            goes_on(store())
            version = db.execute("SELECT version FROM tasksync.format").fetchone()
            assert version == (FORMAT_VERSION,)
        finally:
            db.execute("DROP SCHEMA IF EXISTS tasksync CASCADE")


@pytest.mark.parametrize("version", [1, 2, FORMAT_VERSION])
def test_a_document_of_each_format_is_read(version: int) -> None:
    state = {
        "kind": "tasksync-state", "version": version, "project": "finance-q2", "lineage": "line",
        "serial": 4, "identity": None, "intents": [], "files": [], "released": [], "runs": [],
        "entries": {"a": {"id": 7, "asked": {"title": "A", "responsibleId": 1}}},
    }  # fmt: skip
    document = {
        "kind": "tasksync-document", "version": version, "serial": 9, "lineage": "line",
        "fence": 2, "change": "c", "lease": None, "state": state,
    }  # fmt: skip
    read = decode(Copy(json.dumps(document).encode(), "tag"), "here")
    assert read.state["entries"]["a"]["id"] == 7
    assert read.serial == 9
