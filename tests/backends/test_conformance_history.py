"""What runs did: the contract of every state store, and what those of one document add to it."""

from __future__ import annotations

from collections.abc import Callable

import pytest
from stores import (
    ANNA,
    BORIS,
    TTL,
    HandClock,
    change,
    counted_ids,
    entry,
    intent,
    rich_change,
    rich_run,
    run,
)
from worlds import World, postgres_world

from tasksync.backends import document_history, postgres_history
from tasksync.backends.postgres import PostgresStore
from tasksync.core import history
from tasksync.core.fields import TaskKey
from tasksync.core.history import RecordedChange
from tasksync.core.ports import StateStore
from tasksync.core.state import Lease, StateDelta, state_of
from tasksync.errors import StateLocked, StateMoved

#: stores whose state is one document, and what they keep of it
IN_ONE_DOCUMENT = ["s3", "http", "gitlab"]
IN_ROWS = ["memory", "sqlite", "postgres", "pgbouncer"]
BESIDE = [*IN_ROWS, "s3"]


def did(store: StateStore, lease: Lease, name: str, *changes: RecordedChange) -> None:
    """Have a run begin, do something and end."""
    store.commit(StateDelta(run=run(name, outcome="started")), lease)
    store.commit(StateDelta(recorded=changes), lease)
    store.commit(StateDelta(run=run(name, outcome="complete", counts={"update": 1})), lease)


@pytest.fixture
def few(monkeypatch: pytest.MonkeyPatch) -> None:
    """Have three runs or ten changes be all that is kept."""
    for module in (history, postgres_history, document_history):
        monkeypatch.setattr(module, "KEPT_HISTORY_RUNS", 3)
    for module in (history, postgres_history):
        monkeypatch.setattr(module, "KEPT_CHANGES", 10)


def test_what_a_run_did_comes_back_to_another_client_word_for_word(world: World) -> None:
    anna, boris = world.client(), world.client()
    lease = anna.acquire(ANNA, TTL)
    anna.commit(StateDelta(run=run("r", outcome="started")), lease)
    surrogate = change("r", "half a pair", "adopt")
    told = (rich_change("r", "b"), change("r", "a"), change("r", "ж", "create"))
    anna.commit(StateDelta(put=(entry("a", 1),), recorded=told), lease)
    anna.commit(StateDelta(drop=(TaskKey("b"),), recorded=(surrogate,)), lease)
    anna.commit(StateDelta(run=rich_run("r")), lease)
    anna.release(lease)
    assert boris.recorded("r") == (*told, surrogate)
    assert boris.load().runs == (rich_run("r"),)


def test_text_that_utf8_cannot_carry_survives(world: World) -> None:
    anna = world.client()
    field = history.RecordedField("title", "half a pair \ud83e, a nul \0", None)
    told = RecordedChange("r", TaskKey("a"), "update", entry("a", 7).id, "\ud83e", (field,))
    did(anna, anna.acquire(ANNA, TTL), "r", told)
    assert world.client().recorded("r") == (told,)


def test_of_a_run_that_is_not_known_or_did_nothing_nothing_is_kept(world: World) -> None:
    anna = world.client()
    assert anna.recorded("nobody") is None
    lease = anna.acquire(ANNA, TTL)
    assert anna.recorded("nobody") is None
    did(anna, lease, "idle")
    did(anna, lease, "r", change("r", "a"))
    for client in (anna, world.client()):
        assert client.recorded("idle") is None
        assert client.recorded("nobody") is None
        assert client.recorded("") is None


def test_a_change_that_is_saved_twice_stands_once_and_in_its_place(world: World) -> None:
    """As when a commit is tried again whose answer was lost."""
    anna = world.client()
    lease = anna.acquire(ANNA, TTL)
    first = tuple(change("r", key) for key in "abc")
    anna.commit(StateDelta(run=run("r", outcome="started"), recorded=first), lease)
    again = (change("r", "b", remote=8), change("r", "d"), change("r", "d"))
    anna.commit(StateDelta(recorded=again), lease)
    anna.commit(StateDelta(run=run("r", outcome="complete")), lease)
    expected = (first[0], again[0], first[2], again[1])
    assert world.client().recorded("r") == expected


def test_whoever_lost_the_lease_records_nothing(world: World) -> None:
    anna, boris = world.client(), world.client()
    lease = anna.acquire(ANNA, TTL)
    anna.commit(StateDelta(run=run("r", outcome="started")), lease)
    with pytest.raises(StateLocked):
        boris.acquire(BORIS, TTL)
    world.pass_time(TTL + 1)
    new = boris.acquire(BORIS, TTL)
    late = StateDelta(
        put=(entry("a", 1),), recorded=(change("r", "a"),), run=run("r", outcome="complete")
    )
    with pytest.raises(StateMoved):
        anna.commit(late, lease)
    assert world.client().recorded("r") is None
    boris.release(new)
    assert world.client().recorded("r") is None


@pytest.mark.parametrize("world", IN_ROWS, indirect=True)
def test_a_run_that_was_killed_leaves_what_it_saved(world: World) -> None:
    anna = world.client()
    lease = anna.acquire(ANNA, TTL)
    anna.commit(StateDelta(run=run("r", outcome="started")), lease)
    anna.commit(StateDelta(recorded=(change("r", "a"),)), lease)
    assert world.client().recorded("r") == (change("r", "a"),)


@pytest.mark.parametrize("world", IN_ONE_DOCUMENT, indirect=True)
def test_a_run_that_was_killed_leaves_nothing_of_it_in_a_document(world: World) -> None:
    """Nor does what a later run finds of it pass for all that it did."""
    anna = world.client()
    lease = anna.acquire(ANNA, 0.0)
    did(anna, lease, "before", change("before", "z"))
    anna.commit(StateDelta(run=run("r", outcome="started")), lease)
    anna.commit(StateDelta(open=(intent("b"),), recorded=(change("r", "a"),)), lease)
    boris = world.client()
    boris.unlock(lease.id)
    assert boris.recorded("r") is None
    assert boris.recorded("before") == (change("before", "z"),)  # it stays until another ended
    lease = boris.acquire(BORIS, TTL)
    boris.commit(StateDelta(run=run("s", outcome="started")), lease)
    found = StateDelta(close=(TaskKey("b"),), recorded=(change("r", "b", "create"),))
    boris.commit(found, lease)
    boris.commit(StateDelta(recorded=(change("s", "c"),)), lease)
    boris.commit(StateDelta(run=run("s", outcome="complete")), lease)
    assert world.client().recorded("r") is None
    assert world.client().recorded("s") == (change("s", "c"),)


@pytest.mark.parametrize("world", BESIDE, indirect=True)
def test_a_create_that_a_later_run_found_is_of_the_run_that_sent_it(world: World) -> None:
    anna = world.client()
    lease = anna.acquire(ANNA, TTL)
    did(anna, lease, "r", change("r", "a"))
    anna.release(lease)
    boris = world.client()
    lease = boris.acquire(BORIS, TTL)
    boris.commit(StateDelta(run=run("s", outcome="started")), lease)
    found = change("r", "b", "create")
    boris.commit(StateDelta(put=(entry("b", 1),), recorded=(found,)), lease)
    boris.commit(StateDelta(recorded=(change("s", "c"),)), lease)
    boris.commit(StateDelta(run=run("s", outcome="complete")), lease)
    assert world.client().recorded("r") == (change("r", "a"), found)
    assert world.client().recorded("s") == (change("s", "c"),)


@pytest.mark.parametrize("world", ["http", "gitlab"], indirect=True)
def test_what_is_found_of_a_run_that_is_not_kept_does_not_pass_for_all_that_it_did(
    world: World,
) -> None:
    anna = world.client()
    lease = anna.acquire(ANNA, TTL)
    did(anna, lease, "r", change("r", "a"))
    did(anna, lease, "s", change("s", "a"))
    anna.release(lease)
    boris = world.client()
    boris.commit(StateDelta(recorded=(change("r", "b", "create"),)), boris.acquire(BORIS, TTL))
    assert world.client().recorded("r") is None
    assert world.client().recorded("s") == (change("s", "a"),)


def test_such_a_create_is_all_that_a_run_did_that_heard_of_nothing(world: World) -> None:
    """It ended and counted nothing, so that nothing is missing."""
    anna = world.client()
    lease = anna.acquire(ANNA, TTL)
    anna.commit(StateDelta(run=run("r", outcome="partial")), lease)
    anna.release(lease)
    boris = world.client()
    lease = boris.acquire(BORIS, TTL)
    boris.commit(StateDelta(recorded=(change("r", "b", "create"),)), lease)
    assert world.client().recorded("r") == (change("r", "b", "create"),)


def test_what_is_proved_after_the_end_is_of_the_run_too(world: World) -> None:
    anna = world.client()
    lease = anna.acquire(ANNA, TTL)
    did(anna, lease, "r", change("r", "a"))
    anna.commit(StateDelta(drop=(TaskKey("b"),), recorded=(change("r", "b", "forget"),)), lease)
    assert world.client().recorded("r") == (change("r", "a"), change("r", "b", "forget"))


@pytest.mark.usefixtures("few")
@pytest.mark.parametrize("world", BESIDE, indirect=True)
def test_only_the_last_runs_are_kept(world: World) -> None:
    anna = world.client()
    lease = anna.acquire(ANNA, TTL)
    for number in range(6):
        did(anna, lease, f"r{number}", change(f"r{number}", "a"), change(f"r{number}", "b"))
    kept = {number for number in range(6) if world.client().recorded(f"r{number}")}
    assert kept == {3, 4, 5}
    assert len(anna.load().runs) == 6


@pytest.mark.usefixtures("few")
@pytest.mark.parametrize("world", IN_ROWS, indirect=True)
def test_whole_oldest_runs_go_where_there_are_too_many_changes(world: World) -> None:
    anna = world.client()
    lease = anna.acquire(ANNA, TTL)
    did(anna, lease, "r0", *(change("r0", f"t{n}") for n in range(4)))
    did(anna, lease, "r1", *(change("r1", f"t{n}") for n in range(6)))
    assert len(anna.recorded("r0") or ()) == 4
    did(anna, lease, "r2", change("r2", "a"))
    assert [len(anna.recorded(f"r{n}") or ()) for n in range(3)] == [0, 6, 1]
    did(anna, lease, "r3", *(change("r3", f"t{n}") for n in range(12)))  # more than is kept
    assert [len(anna.recorded(f"r{n}") or ()) for n in range(4)] == [0, 0, 0, 12]


@pytest.mark.parametrize("world", ["http", "gitlab"], indirect=True)
def test_a_document_holds_the_last_run_that_did_something(world: World) -> None:
    anna = world.client()
    lease = anna.acquire(ANNA, TTL)
    did(anna, lease, "r0", change("r0", "a"))
    did(anna, lease, "r1", change("r1", "a"))
    did(anna, lease, "r2")
    anna.commit(StateDelta(put=(entry("a", 1),)), lease)
    anna.release(anna.renew(lease))
    boris = world.client()
    assert [boris.recorded(name) for name in ("r0", "r2")] == [None, None]
    assert boris.recorded("r1") == (change("r1", "a"),)


def _of_the_state(name: str) -> bool:
    return name != "gone"


@pytest.mark.parametrize("world", BESIDE, indirect=True)
def test_a_state_that_is_put_there_keeps_what_its_runs_did(world: World) -> None:
    anna = world.client()
    lease = anna.acquire(ANNA, TTL)
    for name in ("gone", "a", "b"):
        did(anna, lease, name, change(name, "x"))
    runs = tuple(filter(lambda one: _of_the_state(one.id), anna.load().runs))
    anna.replace(state_of("finance-q2", [entry("a", 1)], runs=runs), lease)
    told = {name: world.client().recorded(name) for name in ("gone", "a", "b")}
    assert told == {"gone": None, "a": (change("a", "x"),), "b": (change("b", "x"),)}
    anna.replace(state_of("finance-q2", []), lease)
    assert [world.client().recorded(name) for name in told] == [None] * 3


@pytest.mark.parametrize("world", ["http", "gitlab"], indirect=True)
@pytest.mark.parametrize("named", [True, False])
def test_a_document_that_is_put_there_keeps_its_last_run_if_that_is_in_it(
    world: World, *, named: bool
) -> None:
    anna = world.client()
    lease = anna.acquire(ANNA, TTL)
    did(anna, lease, "r", change("r", "x"))
    anna.replace(state_of("finance-q2", [], runs=anna.load().runs if named else ()), lease)
    assert world.client().recorded("r") == ((change("r", "x"),) if named else None)


def test_what_was_recorded_is_no_part_of_the_state(world: World) -> None:
    """`state pull` stays small, and a plan reads nothing of it."""
    from tasksync.core.formats.state_json import encode_state

    anna = world.client()
    did(anna, anna.acquire(ANNA, TTL), "r", change("r", "x"))
    assert "Old x" not in str(encode_state(world.client().load()))


@pytest.mark.parametrize("world", ["sqlite", "postgres", "pgbouncer"], indirect=True)
@pytest.mark.parametrize("fails", ["record", "count"])
def test_what_cannot_be_recorded_is_not_done_by_halves(
    world: World, fails: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Entries and what was recorded of them are one transaction."""
    from tasksync.backends import postgres, postgres_tables, sqlite, sqlite_history

    anna = world.client()
    lease = anna.acquire(ANNA, TTL)
    did(anna, lease, "r", change("r", "a"))
    before = world.client().load().serial

    def broken(inner: Callable[..., None]) -> Callable[..., None]:
        def call(*words: object) -> None:
            inner(*words)
            raise KeyboardInterrupt

        return call

    with monkeypatch.context() as patched:
        if fails == "record":
            for module in (sqlite_history, postgres_history):
                patched.setattr(module, "record", broken(module.record))
        else:
            patched.setattr(postgres_tables, "count", broken(postgres.tables.count))
            patched.setattr(sqlite.SqliteStore, "_count", broken(sqlite.SqliteStore._count))
        with pytest.raises(KeyboardInterrupt):
            anna.commit(StateDelta(put=(entry("b", 2),), recorded=(change("r", "b"),)), lease)
    after = world.client()
    assert (after.load().serial, list(after.load().index)) == (before, [])
    assert after.recorded("r") == (change("r", "a"),)


@pytest.mark.usefixtures("few")
def test_projects_in_one_database_keep_their_histories_apart(postgres_url: str) -> None:
    """Their runs may even have the same ids; what one does too much of costs no other."""
    with postgres_world(postgres_url):

        def store(project: str) -> PostgresStore:
            ids = counted_ids(f"{project}-")
            return PostgresStore(postgres_url, project, clock=HandClock(), ids=ids)

        hr, it = store("hr"), store("it")
        for one, key in ((hr, "h"), (it, "i")):
            did(one, one.acquire(ANNA, TTL), "r", change("r", key))
        lease = hr.holder()
        assert lease is not None
        assert (hr.recorded("r"), it.recorded("r")) == ((change("r", "h"),), (change("r", "i"),))
        for number in range(5):
            did(hr, lease, f"r{number}", *(change(f"r{number}", f"t{n}") for n in range(9)))
        hr.replace(state_of("hr", []), lease)
        assert (hr.recorded("r4"), it.recorded("r")) == (None, (change("r", "i"),))
        hr.close()
        it.close()
