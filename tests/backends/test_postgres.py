"""What only a database can do: lose its connection inside COMMIT, hold many projects, refuse."""

from __future__ import annotations

import socket
import threading
from collections.abc import Iterator
from contextlib import suppress
from os import urandom
from typing import Any
from urllib.parse import urlsplit

import psycopg
import pytest
from cutting import Cut, Wire
from killing import check_prefix, kill_in_the_middle
from listening import Listener
from stores import (
    ANNA,
    BORIS,
    TTL,
    HandClock,
    batch,
    counted_ids,
    entry,
    intent,
    keys,
    rich_entry,
    run,
    whole,
)

from tasksync.backends import postgres_connection as connection
from tasksync.backends import postgres_tables as tables
from tasksync.backends.postgres import PostgresStore
from tasksync.core.state import FORMAT_VERSION, StateDelta
from tasksync.errors import (
    SettingsError,
    StateBusy,
    StateError,
    StateLocked,
    StateMoved,
    StateUnreadable,
)


@pytest.fixture
def url(postgres_url: str) -> str:
    with psycopg.connect(postgres_url, autocommit=True) as db:
        db.execute("DROP SCHEMA IF EXISTS tasksync CASCADE")
    return postgres_url


@pytest.fixture
def wire(url: str) -> Iterator[Wire]:
    made = Wire(urlsplit(url).port or 5432, b"COMMIT")
    yield made
    made.close()


def store_at(url: str, project: str = "finance-q2") -> PostgresStore:
    return PostgresStore(url, project, clock=HandClock(), ids=counted_ids(urandom(4).hex()))


def through(wire: Wire, url: str) -> str:
    return url.replace(f":{urlsplit(url).port}", f":{wire.port}")


@pytest.mark.parametrize("cut", list(Cut))
def test_a_commit_whose_connection_is_lost_is_done_once(url: str, wire: Wire, cut: Cut) -> None:
    store = store_at(through(wire, url))
    lease = store.acquire(ANNA, TTL)
    store.commit(StateDelta(put=(entry("a", 1),)), lease)
    wire.arm(cut)
    store.commit(StateDelta(put=(entry("b", 2),), run=run("r1")), lease)
    state = store_at(url).load()
    assert wire.cuts == 1
    assert (state.serial, keys(state)) == (2, ["a", "b"])
    store.commit(StateDelta(put=(entry("c", 3),)), lease)
    assert store.load().serial == 3
    store.close()


@pytest.mark.parametrize("cut", list(Cut))
def test_a_lease_whose_answer_was_lost_is_the_same_lease(url: str, wire: Wire, cut: Cut) -> None:
    store = store_at(through(wire, url))
    wire.arm(cut)
    lease = store.acquire(ANNA, TTL)
    assert wire.cuts == 1
    store.commit(StateDelta(put=(entry("a", 1),)), lease)
    with pytest.raises(StateLocked):
        store_at(url).acquire(BORIS, TTL)
    wire.arm(cut)
    store.release(lease)
    store_at(url).acquire(BORIS, TTL)
    store.close()


def test_a_network_that_stays_away_is_said_and_the_state_is_whole(url: str, wire: Wire) -> None:
    store = store_at(through(wire, url))
    lease = store.acquire(ANNA, TTL)
    wire.arm(*[Cut.BEFORE] * 200)
    with pytest.raises(StateError) as refused:
        store.commit(StateDelta(put=(entry("a", 1),)), lease)
    assert not isinstance(refused.value, StateMoved)
    wire.arm()
    assert store_at(url).load().serial == 0
    store.commit(StateDelta(put=(entry("a", 1),)), lease)
    assert store_at(url).load().serial == 1
    store.close()


def test_a_server_that_is_away_for_as_long_as_the_lease_lasts_is_waited_for(
    url: str, wire: Wire
) -> None:
    clock, told = HandClock(), []
    store = PostgresStore(
        through(wire, url), "finance-q2", clock=clock, ids=counted_ids(), tell=told.append
    )
    lease = store.acquire(ANNA, TTL)
    began = clock.monotonic()
    wire.arm(*[Cut.BEFORE] * 14)
    store.commit(StateDelta(put=(entry("a", 1),)), lease)
    assert 40 < clock.monotonic() - began < TTL
    assert store_at(url).load().serial == 1
    assert "Asking again, for up to" in told[0]
    store.close()


def test_a_server_that_stays_away_is_waited_for_no_longer(url: str, wire: Wire) -> None:
    clock = HandClock()
    store = PostgresStore(through(wire, url), "finance-q2", clock=clock, ids=counted_ids())
    began = clock.monotonic()
    wire.arm(*[Cut.BEFORE] * 200)
    with pytest.raises(StateError):
        store.acquire(ANNA, TTL)
    assert clock.monotonic() - began == pytest.approx(3.5), "there is nothing to lose yet"
    wire.arm()
    lease = store.acquire(ANNA, TTL)
    began = clock.monotonic()
    wire.arm(*[Cut.BEFORE] * 200)
    with pytest.raises(StateError):
        store.commit(StateDelta(put=(entry("a", 1),)), lease)
    assert clock.monotonic() - began == pytest.approx(TTL)
    store.close()


def test_a_commit_lost_and_then_fenced_off_says_so(url: str, wire: Wire) -> None:
    """The answer is lost, and before the second try somebody else takes the lease."""
    clock = HandClock()
    store = PostgresStore(
        through(wire, url), "finance-q2", clock=clock, ids=counted_ids(), gone=lambda _who: True
    )
    other = PostgresStore(
        url, "finance-q2", clock=clock, ids=counted_ids("o"), gone=lambda _who: True
    )
    lease = store.acquire(ANNA, TTL)

    def meanwhile(_seconds: float) -> None:
        taken = other.acquire(BORIS, TTL)
        other.commit(StateDelta(put=(entry("theirs", 2),)), taken)

    clock.sleep = meanwhile  # type: ignore[method-assign]
    wire.arm(Cut.BEFORE)
    with pytest.raises(StateMoved):
        store.commit(StateDelta(put=(entry("mine", 1),)), lease)
    assert keys(other.load()) == ["theirs"]
    store.close()
    other.close()


def test_a_connection_that_the_server_ended_is_made_again(url: str) -> None:
    store = store_at(url)
    lease = store.acquire(ANNA, TTL)
    store.commit(StateDelta(put=tuple(batch(1))), lease)
    state = store.load()
    with psycopg.connect(url, autocommit=True) as db:
        db.execute(
            "SELECT pg_terminate_backend(pid) FROM pg_stat_activity"
            " WHERE application_name = 'tasksync'"
        )
    assert len(whole(state)["entries"]) == 50  # type: ignore[arg-type]
    store.renew(lease)
    store.close()


def test_many_projects_live_in_one_database(url: str) -> None:
    one, two = store_at(url, "one"), store_at(url, "two")
    lease_one, lease_two = one.acquire(ANNA, TTL), two.acquire(BORIS, TTL)
    one.commit(StateDelta(put=(entry("same", 1),)), lease_one)
    two.commit(StateDelta(put=(entry("same", 2), entry("more", 3)), drop=()), lease_two)
    one.commit(StateDelta(drop=tuple(one.load().entries)), lease_one)
    assert (keys(one.load()), keys(two.load())) == ([], ["more", "same"])
    assert one.load().lineage != two.load().lineage
    for store in (one, two):
        store.close()


def test_first_runs_at_the_same_time_make_the_tables_once(url: str) -> None:
    stores = [store_at(url, f"p{number}") for number in range(8)]
    start, faults = threading.Barrier(len(stores)), []

    def begin(store: PostgresStore) -> None:
        start.wait()
        try:
            lease = store.acquire(ANNA, TTL)
            store.commit(StateDelta(put=(entry("a", 1),)), lease)
        except StateError as error:
            faults.append(error)

    threads = [threading.Thread(target=begin, args=(store,)) for store in stores]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert faults == []
    assert all(store.load().serial == 1 for store in stores)
    for store in stores:
        store.close()


def test_reading_makes_no_tables(url: str) -> None:
    store = store_at(url)
    assert store.load().lineage == ""
    assert store.holder() is None
    with psycopg.connect(url) as db:
        row = db.execute("SELECT to_regclass('tasksync.projects')").fetchone()
    assert row == (None,)
    store.close()


def test_entries_read_in_order_come_many_at_a_time(url: str) -> None:
    store = store_at(url)
    lease = store.acquire(ANNA, TTL)
    store.commit(StateDelta(put=tuple(batch(1, 1200))), lease)
    state = store.load()
    asked: list[int] = []
    inner = store._entries_of

    def counting(wanted: list[object]) -> object:
        asked.append(len(wanted))
        return inner(wanted)  # type: ignore[arg-type]

    store._entries_of = counting  # type: ignore[method-assign, assignment]
    assert [state.entries[key].key for key in state.entries] == sorted(state.entries)
    assert len(asked) == 3
    store.close()


def test_entries_read_after_a_commit_are_the_new_ones(url: str) -> None:
    store = store_at(url)
    lease = store.acquire(ANNA, TTL)
    store.commit(StateDelta(put=(entry("a", 1), entry("b", 2))), lease)
    state = store.load()
    assert "status" not in state.entries["a"].asked  # type: ignore[index]
    store.commit(StateDelta(put=(entry("b", 2, status=5),)), lease)
    assert state.entries["b"].asked["status"] == 5  # type: ignore[index]
    store.close()


def test_a_state_of_a_newer_version_is_refused(url: str) -> None:
    first = store_at(url)
    first.acquire(ANNA, TTL)
    first.close()
    with psycopg.connect(url, autocommit=True) as db:
        db.execute("UPDATE tasksync.format SET version = %s", (FORMAT_VERSION + 1,))
    store = store_at(url)
    for use in (store.load, lambda: store.acquire(BORIS, TTL), store.holder):
        with pytest.raises(StateUnreadable, match="newer version"):
            use()
    store.close()


def test_no_server_a_wrong_password_and_no_database_are_said_without_the_password(
    url: str,
) -> None:
    port = urlsplit(url).port
    for bad in (
        "postgresql://anna:s3cr%2Fet@127.0.0.1:1/db",
        f"postgresql://nobody-here:s3cr%2Fet@127.0.0.1:{port}/postgres",
        f"postgresql://postgres:s3cr%2Fet@127.0.0.1:{port}/nowhere",
    ):
        store = store_at(bad)
        with pytest.raises(StateError) as refused:
            store.load()
        assert "s3cr" not in str(refused.value)
        assert ":***@127.0.0.1" in refused.value.message
        store.close()


@pytest.mark.parametrize(
    "bad", ["postgresql://anna:s3cr et@[::1/db", "postgresql://anna:s3cret@h/db?nonsense=s3cret"]
)
def test_a_url_that_cannot_be_is_said_without_the_password(bad: str) -> None:
    with pytest.raises(SettingsError) as refused:
        store_at(bad)
    assert "s3cr" not in str(refused.value)
    assert refused.value.__cause__ is None


def test_a_user_who_may_not_make_tables_is_told_what_to_grant(url: str) -> None:
    with psycopg.connect(url, autocommit=True) as db:
        db.execute("DROP ROLE IF EXISTS poor")
        db.execute("CREATE ROLE poor LOGIN")
    store = store_at(url.replace("postgres@", "poor@"))
    assert store.load().serial == 0
    with pytest.raises(StateError) as refused:
        store.acquire(ANNA, TTL)
    assert "Grant" in refused.value.advice
    store.close()


def test_a_row_that_another_transaction_keeps_is_waited_for_but_not_for_ever(
    url: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    store = store_at(url)
    lease = store.acquire(ANNA, TTL)
    limits = connection._LIMITS.replace("'30s'", "'20ms'")
    monkeypatch.setattr(connection, "_LIMITS", limits)
    monkeypatch.setattr(connection, "_SOON", limits)
    with psycopg.connect(url) as other:
        other.execute("SELECT 1 FROM tasksync.projects FOR UPDATE")
        with pytest.raises(StateLocked) as refused:
            store_at(url).acquire(BORIS, TTL)
        assert refused.value.holder == ANNA, "a lease in force is said before a row that is kept"
        began = store._clock.monotonic()
        with pytest.raises(StateError, match="lock timeout"):
            store.commit(StateDelta(put=(entry("a", 1),)), lease)
        assert store._clock.monotonic() - began == pytest.approx(TTL), "as long as our lease lasts"
    store.commit(StateDelta(put=(entry("a", 1),)), lease)
    store.release(lease)
    with psycopg.connect(url) as other:
        other.execute("SELECT 1 FROM tasksync.projects FOR UPDATE")
        with pytest.raises(StateBusy, match=r"busy by another program.*lock timeout") as busy:
            store_at(url).acquire(BORIS, TTL)
        assert "--lock-timeout" in busy.value.advice
        assert busy.value.holder is None
    store.close()


def test_tables_that_another_program_is_making_tell_who_holds_the_lease(
    url: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    store_at(url).acquire(ANNA, TTL)
    monkeypatch.setattr(connection, "_LIMITS", connection._LIMITS.replace("'30s'", "'20ms'"))
    with psycopg.connect(url) as other:
        other.execute("UPDATE tasksync.format SET version = 1")
        other.commit()
        other.execute("SELECT pg_advisory_xact_lock(%s)", (tables.MAKING,))
        with pytest.raises(StateLocked) as refused:
            store_at(url).acquire(BORIS, TTL)
    assert refused.value.holder == ANNA


IRREGULAR = {
    "backslashes": "standard_conforming_strings = off",
    "bytes": "bytea_output = escape",
    "sql dates": "DateStyle = 'SQL, DMY'",
    "german dates": "DateStyle = 'German'",
    "postgres dates": "DateStyle = 'Postgres, MDY'",
    "serializable": "default_transaction_isolation = serializable",
    "repeatable read": "default_transaction_isolation = 'repeatable read'",
    "zone": "TimeZone = 'Asia/Kathmandu'",
    "encoding": "client_encoding = LATIN1",
    "floats": "extra_float_digits = -15",
    "path": "search_path = nowhere",
    "arrays": "array_nulls = off",
    "async": "synchronous_commit = off",
}


@pytest.fixture(params=IRREGULAR.values(), ids=list(IRREGULAR))
def irregular_url(request: pytest.FixtureRequest, url: str) -> Iterator[str]:
    """A server whose administrator has chosen otherwise."""
    with psycopg.connect(url, autocommit=True) as db:
        db.execute("DROP ROLE IF EXISTS irregular")
        db.execute("CREATE ROLE irregular LOGIN SUPERUSER")
        db.execute(f"ALTER ROLE irregular SET {request.param}")
        yield url.replace("postgres@", "irregular@")


def test_however_the_server_is_configured_what_is_saved_comes_back_word_for_word(
    url: str, irregular_url: str
) -> None:
    irregular, plain = store_at(irregular_url), store_at(url)
    lease = irregular.acquire(ANNA, TTL)
    everything = StateDelta(
        put=(rich_entry("all", 9), *batch(1)), open=(intent("ж"),), run=run("r"), files=("a\\b",)
    )
    irregular.commit(everything, lease)
    assert whole(irregular.load()) == whole(plain.load())
    assert plain.load().entries["all"] == rich_entry("all", 9)  # type: ignore[index]
    with pytest.raises(StateLocked, match="s ago"):
        store_at(irregular_url).acquire(BORIS, TTL)
    held, seen = irregular.holder(), plain.holder()
    assert held == seen
    assert held is not None
    assert held.since == lease.since
    lease = irregular.renew(lease)
    irregular.replace(plain.load(), lease)
    irregular.release(lease)
    assert plain.acquire(BORIS, TTL).fence == lease.fence + 1
    irregular.close()
    plain.close()


@pytest.mark.parametrize("level", ["serializable", "repeatable read"])
def test_runs_of_many_projects_do_not_fail_one_another_whatever_the_isolation(
    url: str, level: str
) -> None:
    with psycopg.connect(url, autocommit=True) as db:
        db.execute("DROP ROLE IF EXISTS strict")
        db.execute("CREATE ROLE strict LOGIN SUPERUSER")
        db.execute(f"ALTER ROLE strict SET default_transaction_isolation = '{level}'")
    strict = url.replace("postgres@", "strict@")
    faults: list[StateError] = []

    def work(number: int) -> None:
        store = store_at(strict, f"p{number % 4}")
        try:
            lease = store.acquire(ANNA, TTL)
            for nth in range(5):
                store.commit(StateDelta(put=tuple(batch(nth, 20))), lease)
            store.release(lease)
        except StateLocked:
            pass
        except StateError as error:
            faults.append(error)
        store.close()

    threads = [threading.Thread(target=work, args=(number,)) for number in range(12)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert faults == []


@pytest.mark.parametrize("code", ["serialization_failure", "deadlock_detected"])
def test_what_met_another_transaction_is_done_again(url: str, code: str) -> None:
    store = store_at(url)
    lease = store.acquire(ANNA, TTL)
    genuine, times = store._row, [2]

    def meeting(db: psycopg.Connection[tuple[object, ...]]) -> object:
        row = genuine(db)
        if times[0]:
            times[0] -= 1
            db.execute(f"DO $$ BEGIN RAISE {code}; END $$")
        return row

    store._row = meeting  # type: ignore[method-assign, assignment]
    store.commit(StateDelta(put=(entry("a", 1),)), lease)
    assert store.load().serial == 1
    assert times == [0]
    store.close()


def test_a_connection_that_remembers_that_there_was_no_schema_meets_one(url: str) -> None:
    """As behind a warm pooler: another makes the tables while this one waits for its turn."""
    store = store_at(url)
    assert store.load().serial == 0
    _warm(store._server._connected())
    got: list[object] = []

    def begin() -> None:
        try:
            got.append(store.acquire(ANNA, TTL).fence)
        except StateError as error:
            got.append(error)

    with psycopg.connect(url) as other:
        tables.make(other)
        first = threading.Thread(target=begin)
        first.start()
        _until_somebody_waits(url)
    first.join()
    assert got == [1]
    store.close()


def _warm(db: psycopg.Connection[Any]) -> None:
    """Have a session make something once: until then each CREATE looks at all that is new."""
    with suppress(ZeroDivisionError), db.transaction():
        db.execute(f"CREATE SCHEMA warm{urandom(4).hex()}")
        raise ZeroDivisionError


def _until_somebody_waits(url: str) -> None:
    sql = "SELECT count(*) FROM pg_locks WHERE locktype = 'advisory' AND NOT granted"
    with psycopg.connect(url, autocommit=True) as db:
        for _ in range(500):
            row = db.execute(sql).fetchone()
            if row and row[0]:
                return
            db.execute("SELECT pg_sleep(0.01)")
    raise AssertionError


def test_first_runs_behind_a_warm_pooler_make_the_tables_once(url: str, pgbouncer_url: str) -> None:
    for _ in range(3):
        warm = [psycopg.connect(pgbouncer_url) for _ in range(4)]
        for one in warm:
            _warm(one)
        for one in warm:
            one.close()
        stores = [store_at(pgbouncer_url, f"p{number}") for number in range(8)]
        start, faults = threading.Barrier(len(stores)), []

        def begin(store: PostgresStore, start: threading.Barrier, faults: list[object]) -> None:
            start.wait()
            try:
                store.acquire(ANNA, TTL)
            except StateError as error:
                faults.append(error)

        threads = [threading.Thread(target=begin, args=(one, start, faults)) for one in stores]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        assert faults == []
        for store in stores:
            store.close()
        with psycopg.connect(url, autocommit=True) as db:
            db.execute("DROP SCHEMA tasksync CASCADE")


class Doorkeeper:
    """A server that asks for a password and knows none; it counts how often one was given."""

    def __init__(self) -> None:
        self.asked = 0
        self._listener = Listener(self._serve)
        self.port = self._listener.port

    def close(self) -> None:
        """Shut the door."""
        self._listener.close()

    def _serve(self, guest: socket.socket) -> None:
        if guest.recv(4096)[4:8] == b"\x04\xd2\x16\x2f":  # may we encrypt?
            guest.sendall(b"N")
            guest.recv(4096)
        guest.sendall(b"R" + (8).to_bytes(4, "big") + (3).to_bytes(4, "big"))
        if guest.recv(4096)[:1] == b"p":
            self.asked += 1
        words = b"SFATAL\0VFATAL\0C28P01\0Mder Zutritt wird verweigert\0\0"
        guest.sendall(b"E" + (len(words) + 4).to_bytes(4, "big") + words)


def test_a_wrong_password_is_tried_once() -> None:
    door = Doorkeeper()
    store = store_at(f"postgresql://anna:s3cret@127.0.0.1:{door.port}/db")
    with pytest.raises(StateError) as refused:
        store.acquire(ANNA, TTL)
    assert door.asked == 1
    assert "PGPASSWORD" in refused.value.advice
    door.close()


def test_a_server_that_starts_up_is_waited_for_and_a_database_that_is_not_there_is_not(
    url: str,
) -> None:
    clock = HandClock()
    store = PostgresStore(f"{url}-nowhere", "finance-q2", clock=clock, ids=counted_ids())
    with pytest.raises(StateError, match="does not exist"):
        store.load()
    assert clock.monotonic() == 1000
    starting = psycopg.OperationalError("FATAL:  the database system is starting up")
    assert not connection._is_refused(starting)


def test_a_role_that_may_only_read_is_not_called_a_standby(url: str) -> None:
    with psycopg.connect(url, autocommit=True) as db:
        db.execute("DROP ROLE IF EXISTS reader")
        db.execute("CREATE ROLE reader LOGIN SUPERUSER")
        db.execute("ALTER ROLE reader SET default_transaction_read_only = on")
    store = store_at(url.replace("postgres@", "reader@"))
    assert store.load().serial == 0
    with pytest.raises(StateError, match="read-only") as refused:
        store.acquire(ANNA, TTL)
    assert "default_transaction_read_only" in refused.value.advice
    assert "standby" not in refused.value.advice
    store._server._is_standby = lambda: True  # type: ignore[method-assign]
    with pytest.raises(StateError) as refused:
        store.acquire(ANNA, TTL)
    assert "standby" in refused.value.advice
    store.close()


@pytest.mark.kill
def test_a_killed_writer_leaves_whole_commits_only(url: str) -> None:
    with psycopg.connect(url, autocommit=True) as db:
        for seed in range(8):
            told = kill_in_the_middle(url, seed)
            store = store_at(url)
            check_prefix(store, told)
            store.close()
            # no waiting for the killed one's time to run out: its process is gone
            db.execute("DELETE FROM tasksync.leases")
