"""What only a database can do: lose its connection inside COMMIT, hold many projects, refuse."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from os import urandom
from urllib.parse import urlsplit

import psycopg
import pytest
from cutting import Cut, Wire
from killing import check_prefix, kill_in_the_middle
from stores import ANNA, BORIS, TTL, HandClock, batch, counted_ids, entry, keys, run, whole

from tasksync.backends import postgres as backend
from tasksync.backends.postgres import PostgresStore
from tasksync.core.state import StateDelta
from tasksync.errors import SettingsError, StateError, StateLocked, StateMoved, StateUnreadable


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
    wire.arm(*[Cut.BEFORE] * backend.TRIES)
    with pytest.raises(StateError) as refused:
        store.commit(StateDelta(put=(entry("a", 1),)), lease)
    assert not isinstance(refused.value, StateMoved)
    assert store_at(url).load().serial == 0
    store.commit(StateDelta(put=(entry("a", 1),)), lease)
    assert store_at(url).load().serial == 1
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


def test_expiry_goes_by_the_database_s_clock_however_wrong_ours_is(url: str) -> None:
    anna = store_at(url)
    ahead = PostgresStore(url, "finance-q2", clock=HandClock(skew=86_400), ids=counted_ids("ahead"))
    lease = anna.acquire(ANNA, TTL)
    with pytest.raises(StateLocked):
        ahead.acquire(BORIS, TTL)
    with pytest.raises(StateLocked):
        ahead.unlock(lease.id)
    assert ahead.holder() is not None
    anna.close()
    ahead.close()


def test_a_state_of_a_newer_version_is_refused(url: str) -> None:
    first = store_at(url)
    first.acquire(ANNA, TTL)
    first.close()
    with psycopg.connect(url, autocommit=True) as db:
        db.execute("UPDATE tasksync.format SET version = 2")
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

    def soon(db: object) -> None:
        db.execute("SET LOCAL lock_timeout = '100ms'")  # type: ignore[attr-defined]

    monkeypatch.setattr(backend, "_set_limits", soon)
    with psycopg.connect(url) as other:
        other.execute("SELECT 1 FROM tasksync.projects FOR UPDATE")
        with pytest.raises(StateError, match="lock timeout") as refused:
            store.commit(StateDelta(put=(entry("a", 1),)), lease)
        assert "run again" in refused.value.advice
    store.commit(StateDelta(put=(entry("a", 1),)), lease)
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
