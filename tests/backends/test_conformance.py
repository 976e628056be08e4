"""The contract of every state store, held to with two clients at once."""

from __future__ import annotations

import threading
from collections.abc import Callable
from dataclasses import replace

import pytest
from stores import ANNA, BORIS, TTL, batch, entry, intent, keys, rich_entry, run, whole
from worlds import World

from tasksync.backends.leases import who
from tasksync.core.address_book import RememberedNumbers
from tasksync.core.fields import RemoteId, TaskKey
from tasksync.core.ports import StateStore
from tasksync.core.state import (
    KEPT_RUNS,
    Holder,
    Lease,
    PortalIdentity,
    State,
    StateDelta,
    state_of,
)
from tasksync.engine.lease import Patience, acquire, unlocked
from tasksync.errors import StateBusy, StateError, StateForeign, StateLocked, StateMoved

EVERYTHING = StateDelta(
    put=(rich_entry("all", 9), entry("plain", 10)),
    open=(intent("one"), intent("two")),
    run=run("run-1", outcome="done", plan="digest"),
    identity=PortalIdentity("acme.bitrix24.com", "anna", 2.5, 0.75),
    files=("tasks/a.yaml", "tasks/b.yaml"),
    released=(RemoteId(17), RemoteId(4)),
    directory=RememberedNumbers({"anna@example.com": 2}, {"HR": 7}, 1),
)


def test_a_state_that_nobody_saved_is_empty_and_has_no_lineage(world: World) -> None:
    state = world.client().load()
    assert (
        state.project,
        state.lineage,
        state.serial,
        len(state.entries),
    ) == ("finance-q2", "", 0, 0)


def test_a_lease_alone_saves_nothing(world: World) -> None:
    anna = world.client()
    anna.acquire(ANNA, TTL)
    assert (anna.load().serial, world.client().load().lineage) == (0, "")


def test_the_first_commit_gives_the_lineage_and_each_raises_the_serial_by_one(
    world: World,
) -> None:
    anna = world.client()
    lease = anna.acquire(ANNA, TTL)
    anna.commit(StateDelta(put=(entry("a", 1),)), lease)
    first = anna.load()
    anna.commit(StateDelta(drop=(TaskKey("a"),)), lease)
    second = anna.load()
    assert first.lineage
    assert (first.serial, second.serial) == (1, 2)
    assert first.lineage == second.lineage


def test_what_was_committed_comes_back_to_the_other_client_word_for_word(world: World) -> None:
    anna, boris = world.client(), world.client()
    anna.commit(EVERYTHING, anna.acquire(ANNA, TTL))
    state = boris.load()
    assert whole(anna.load()) == whole(state)
    assert rich_entry("all", 9) == state.entries[TaskKey("all")]
    assert EVERYTHING.open == state.intents
    assert (EVERYTHING.run,) == state.runs
    assert (EVERYTHING.identity, EVERYTHING.files) == (state.identity, state.files)
    assert EVERYTHING.released == state.released
    assert EVERYTHING.directory == state.directory


def test_a_state_is_bound_to_another_name_of_its_portal_and_nothing_else_changes(
    world: World,
) -> None:
    """`state rebind`: a delta of the identity alone."""
    anna = world.client()
    lease = anna.acquire(ANNA, TTL)
    anna.commit(EVERYTHING, lease)
    before = whole(anna.load())
    renamed = PortalIdentity("acme-new.bitrix24.com", "anna", 2.5)
    anna.commit(StateDelta(identity=renamed), lease)
    after = whole(world.client().load())
    assert world.client().load().identity == renamed
    assert after == {**before, "serial": before["serial"] + 1, "identity": after["identity"]}


def test_a_delta_changes_what_it_names_and_nothing_else(world: World) -> None:
    anna = world.client()
    lease = anna.acquire(ANNA, TTL)
    anna.commit(EVERYTHING, lease)
    before = whole(anna.load())
    delta = StateDelta(
        put=(entry("new", 11), entry("plain", 10, status=3)),
        drop=(TaskKey("all"), TaskKey("never there")),
        open=(intent("three"),),
        close=(TaskKey("one"),),
    )
    anna.commit(delta, lease)
    after = whole(world.client().load())
    assert {"new", "plain"} == set(after["entries"])  # type: ignore[call-overload]
    assert after["entries"]["plain"]["asked"]["status"] == 3  # type: ignore[index]
    assert [i["key"] for i in after["intents"]] == ["two", "three"]  # type: ignore[attr-defined]
    for untouched in ("project", "lineage", "identity", "files", "released", "runs", "directory"):
        assert before[untouched] == after[untouched]


def test_an_answered_batch_turns_intents_into_entries_at_once(world: World) -> None:
    anna = world.client()
    lease = anna.acquire(ANNA, TTL)
    anna.commit(StateDelta(open=(intent("a"), intent("b"))), lease)
    anna.commit(StateDelta(put=(entry("a", 1),), close=(TaskKey("a"),)), lease)
    state = anna.load()
    assert (keys(state), [i.key for i in state.intents]) == (["a"], ["b"])


def test_a_run_is_kept_once_and_only_the_last_hundred_stay(world: World) -> None:
    anna = world.client()
    lease = anna.acquire(ANNA, TTL)
    early = tuple(run(f"run-{number}") for number in range(KEPT_RUNS))
    anna.replace(state_of("finance-q2", [], runs=early), lease)
    for number in range(KEPT_RUNS, KEPT_RUNS + 3):
        anna.commit(StateDelta(run=run(f"run-{number}")), lease)
    anna.commit(StateDelta(run=run("run-50", outcome="done")), lease)
    runs = anna.load().runs
    assert [f"run-{number}" for number in range(3, KEPT_RUNS + 3)] == [r.id for r in runs]
    assert runs[47].outcome == "done"


def test_text_that_utf8_cannot_carry_survives(world: World) -> None:
    anna = world.client()
    irregular = entry("a", 1, title="half a pair \ud83e, a nul \0, a word ж")
    anna.commit(StateDelta(put=(irregular,)), anna.acquire(ANNA, TTL))
    assert world.client().load().entries[TaskKey("a")] == irregular


def test_an_entry_that_is_not_there_is_a_key_error(world: World) -> None:
    anna = world.client()
    anna.commit(EVERYTHING, anna.acquire(ANNA, TTL))
    with pytest.raises(KeyError):
        anna.load().entries[TaskKey("nobody")]


def test_a_state_that_was_loaded_stays_as_it_was_loaded(world: World) -> None:
    anna, boris = world.client(), world.client()
    lease = anna.acquire(ANNA, TTL)
    anna.commit(StateDelta(put=tuple(batch(1))), lease)
    state = boris.load()
    anna.commit(StateDelta(put=tuple(batch(2))), lease)
    assert (len(state.index), state.serial) == (50, 1)


def test_the_lease_is_held_by_one_and_the_refusal_names_the_holder(world: World) -> None:
    anna, boris = world.client(), world.client()
    lease = anna.acquire(ANNA, TTL)
    with pytest.raises(StateLocked) as refused:
        boris.acquire(BORIS, TTL)
    assert refused.value.holder == ANNA
    for word in (lease.id, "anna@laptop (pid 4711)", ANNA.run_url, "apply", "Heartbeat"):
        assert word in refused.value.message
    assert f"tasksync state unlock {lease.id}" in refused.value.advice
    assert "--lock-timeout 5m" in refused.value.advice


def test_holder_tells_who_holds_the_lease(world: World) -> None:
    anna, boris = world.client(), world.client()
    assert boris.holder() is None
    lease = anna.acquire(ANNA, TTL)
    held = boris.holder()
    assert held is not None
    assert (lease.id, lease.fence, ANNA) == (held.id, held.fence, held.holder)
    anna.release(lease)
    assert boris.holder() is None


def test_a_lease_given_back_is_free_at_once_and_the_fence_rises(world: World) -> None:
    anna, boris = world.client(), world.client()
    first = anna.acquire(ANNA, TTL)
    anna.release(first)
    second = boris.acquire(BORIS, TTL)
    assert second.fence > first.fence
    assert second.id != first.id


def test_of_many_that_ask_at_once_one_gets_the_lease(world: World) -> None:
    clients = [world.client() for _ in range(6)]
    got: list[Lease] = []
    refused: list[StateLocked] = []
    start = threading.Barrier(len(clients))

    def ask(number: int) -> None:
        start.wait()
        try:
            got.append(clients[number].acquire(replace(BORIS, pid=number), TTL))
        except StateLocked as error:
            refused.append(error)

    threads = [threading.Thread(target=ask, args=(number,)) for number in range(len(clients))]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert (len(got), len(refused)) == (1, 5)
    for error in refused:
        assert isinstance(error.holder, Holder)
        assert who(error.holder) == who(got[0].holder)


REFUSALS: dict[str, Callable[[StateStore, Lease, World], object]] = {
    "acquire": lambda store, _lease, _world: store.acquire(BORIS, TTL),
    "acquire with patience": lambda store, _lease, world: acquire(
        store, BORIS, Patience(5.0), world.clock, lambda _event: None
    ),
    "unlock": lambda store, lease, _world: store.unlock(lease.id),
    "unlock another": lambda store, _lease, _world: store.unlock("somebody-else"),
}


@pytest.mark.parametrize("living", [frozenset(), {ANNA}], ids=["elsewhere", "here"])
@pytest.mark.parametrize("ask", REFUSALS.values(), ids=REFUSALS)
def test_what_is_refused_for_a_lock_names_its_holder(
    world: World, ask: Callable[[StateStore, Lease, World], object], living: set[Holder]
) -> None:
    lease = world.client().acquire(ANNA, TTL)
    world.living |= living
    with pytest.raises(StateLocked) as refused:
        ask(world.client(), lease, world)
    assert refused.value.holder == ANNA
    assert refused.value.exit_code == 6


@pytest.mark.usefixtures("impatient")
@pytest.mark.parametrize("world", ["sqlite", "postgres", "pgbouncer"], indirect=True)
def test_storage_that_another_program_keeps_busy_names_nobody_but_who_holds_the_lease(
    world: World,
) -> None:
    """An open transaction tells nobody who has it; S3, HTTP and memory know none."""
    anna, boris = world.client(), world.client()
    anna.release(anna.acquire(ANNA, TTL))
    with world.kept_busy():
        for ask in (lambda: boris.acquire(BORIS, TTL), lambda: boris.unlock("any")):
            with pytest.raises(StateBusy, match="kept busy by another program") as busy:
                ask()
            assert busy.value.holder is None
    lease = anna.acquire(ANNA, TTL)
    with world.kept_busy():
        for ask in (lambda: boris.acquire(BORIS, TTL), lambda: boris.unlock(lease.id)):
            with pytest.raises(StateLocked) as refused:
                ask()
            assert refused.value.holder == ANNA
            assert not isinstance(refused.value, StateBusy)


def test_a_beating_heart_keeps_the_lease_beyond_its_time(world: World) -> None:
    anna, boris = world.client(), world.client()
    lease = anna.acquire(ANNA, TTL)
    for _ in range(4):
        world.pass_time(TTL * 0.6)
        lease = anna.renew(lease)
        with pytest.raises(StateLocked):
            boris.acquire(BORIS, TTL)


def test_committing_keeps_the_lease_as_a_heartbeat_does(world: World) -> None:
    anna, boris = world.client(), world.client()
    lease = anna.acquire(ANNA, TTL)
    for number in range(4):
        world.pass_time(TTL * 0.6)
        anna.commit(StateDelta(put=(entry(f"k{number}", number + 1),)), lease)
        with pytest.raises(StateLocked):
            boris.acquire(BORIS, TTL)


def taken_over(world: World, lease_of_anna: Lease) -> Lease:
    boris = world.client()
    with pytest.raises(StateLocked):
        boris.acquire(BORIS, TTL)
    world.pass_time(TTL + 1)
    lease = boris.acquire(BORIS, TTL)
    assert lease.fence > lease_of_anna.fence
    return lease


def test_a_dead_holder_s_lease_runs_out_and_its_late_commit_is_fenced_off(world: World) -> None:
    anna = world.client()
    lease = anna.acquire(ANNA, TTL)
    anna.commit(StateDelta(put=(entry("a", 1),)), lease)
    taken_over(world, lease)
    with pytest.raises(StateMoved) as moved:
        anna.commit(StateDelta(put=(entry("b", 2),)), lease)
    assert lease.id in moved.value.message
    state = world.client().load()
    assert (keys(state), state.serial) == (["a"], 1)


def test_a_lost_lease_can_neither_be_renewed_nor_hurt_when_given_back(world: World) -> None:
    anna, boris = world.client(), world.client()
    lease = anna.acquire(ANNA, TTL)
    new = taken_over(world, lease)
    with pytest.raises(StateMoved):
        anna.renew(lease)
    anna.release(lease)
    held = boris.holder()
    assert held is not None
    assert new.id == held.id


def test_a_lost_lease_cannot_replace_the_state(world: World) -> None:
    anna = world.client()
    lease = anna.acquire(ANNA, TTL)
    taken_over(world, lease)
    with pytest.raises(StateMoved):
        anna.replace(state_of("finance-q2", [entry("z", 9)]), lease)
    assert world.client().load().serial == 0


def test_a_lease_that_ran_out_but_was_not_taken_may_still_commit(world: World) -> None:
    anna, boris = world.client(), world.client()
    lease = anna.acquire(ANNA, TTL)
    world.pass_time(TTL * 10)
    anna.commit(StateDelta(put=(entry("a", 1),)), lease)
    with pytest.raises(StateLocked):
        boris.acquire(BORIS, TTL)
    assert keys(boris.load()) == ["a"]


def test_a_lease_given_back_commits_nothing_more(world: World) -> None:
    anna = world.client()
    lease = anna.acquire(ANNA, TTL)
    anna.release(lease)
    with pytest.raises(StateMoved):
        anna.commit(StateDelta(put=(entry("a", 1),)), lease)
    with pytest.raises(StateMoved):
        anna.renew(lease)
    anna.release(lease)
    assert anna.load().serial == 0


def test_a_holder_on_this_host_whose_process_is_gone_gives_way_at_once(world: World) -> None:
    world.client().acquire(ANNA, TTL)
    world.dead.add(ANNA)
    assert world.client().acquire(BORIS, TTL).holder == BORIS


def test_a_holder_that_lives_on_this_host_keeps_its_lease_however_long(world: World) -> None:
    anna, boris = world.client(), world.client(skew=86_400)
    lease = anna.acquire(ANNA, TTL)
    world.living.add(ANNA)
    for _ in range(3):
        with pytest.raises(StateLocked, match="lives"):
            boris.acquire(BORIS, TTL)
        with pytest.raises(StateLocked, match="alive"):
            boris.unlock(lease.id)
        world.pass_time(TTL * 2)
    anna.commit(StateDelta(put=(entry("a", 1),)), lease)


def test_one_look_at_an_old_lease_is_not_enough_to_take_it(world: World) -> None:
    world.client().acquire(ANNA, TTL)
    world.pass_time(TTL * 100)
    with pytest.raises(StateLocked) as refused:
        world.client().acquire(BORIS, TTL)
    assert refused.value.left == TTL


@pytest.mark.parametrize("skew", [-86_400.0, -120.0, 120.0, 86_400.0])
def test_a_live_lease_is_never_taken_however_wrong_a_clock_is(world: World, skew: float) -> None:
    anna, boris = world.client(), world.client(skew)
    lease = anna.acquire(ANNA, TTL)
    for _ in range(6):
        with pytest.raises(StateLocked):
            boris.acquire(BORIS, TTL)
        with pytest.raises(StateLocked):
            boris.unlock(lease.id)
        world.pass_time(TTL * 0.5)
        lease = anna.renew(lease)
    anna.commit(StateDelta(put=(entry("a", 1),)), lease)


@pytest.mark.parametrize("skew", [-86_400.0, 86_400.0])
def test_a_dead_lease_is_taken_after_its_time_however_wrong_a_clock_is(
    world: World, skew: float
) -> None:
    lease = world.client().acquire(ANNA, TTL)
    boris = world.client(skew)
    for _ in range(3):
        with pytest.raises(StateLocked):
            boris.acquire(BORIS, TTL)
        world.pass_time(TTL / 3)
    assert boris.acquire(BORIS, TTL).fence == lease.fence + 1


def test_a_waiter_with_a_time_out_as_long_as_the_lease_takes_a_dead_one_over(world: World) -> None:
    world.client().acquire(ANNA, TTL)
    told: list[object] = []
    taken = acquire(world.client(), BORIS, Patience(TTL), world.clock, told.append)
    assert taken.holder == BORIS
    assert len(told) == 1


def test_unlocking_watches_a_holder_that_cannot_be_looked_at(world: World) -> None:
    lease = world.client().acquire(ANNA, TTL)
    told: list[object] = []
    began = world.clock.monotonic()
    unlocked(world.client(), lease.id, world.clock, told.append)
    assert world.clock.monotonic() - began >= TTL
    assert "Watching for 60 s" in str(told)
    assert world.client().acquire(BORIS, TTL).holder == BORIS


def test_unlocking_ends_at_the_first_heartbeat_that_it_sees(world: World) -> None:
    anna = world.client()
    held = [anna.acquire(ANNA, TTL)]
    sleep = world.clock.sleep

    def beating(seconds: float) -> None:
        sleep(seconds)
        if world.clock.monotonic() > 1020:
            held[0] = anna.renew(held[0])

    world.clock.sleep = beating  # type: ignore[method-assign]
    with pytest.raises(StateLocked, match="heart beats"):
        unlocked(world.client(), held[0].id, world.clock, lambda _event: None)
    assert world.clock.monotonic() < 1030


def test_what_is_no_lock_s_id_is_never_said_to_be_taken_away(world: World) -> None:
    anna, boris = world.client(), world.client()
    with pytest.raises(StateError, match="not locked"):
        boris.unlock("nonsense")
    lease = anna.acquire(ANNA, TTL)
    for _ in range(2):
        with pytest.raises(StateError, match=lease.id):
            boris.unlock("nonsense")
        world.pass_time(TTL)
    anna.release(lease)
    with pytest.raises(StateError, match="not locked"):
        boris.unlock(lease.id)
    boris.acquire(BORIS, TTL)


def test_a_fresh_lease_is_not_unlocked(world: World) -> None:
    anna, boris = world.client(), world.client()
    lease = anna.acquire(ANNA, TTL)
    world.pass_time(TTL / 2)
    with pytest.raises(StateLocked) as refused:
        boris.unlock(lease.id)
    assert "alive" in str(refused.value)
    anna.commit(StateDelta(put=(entry("a", 1),)), lease)


def test_unlocking_by_a_wrong_id_names_the_right_one(world: World) -> None:
    anna, boris = world.client(), world.client()
    lease = anna.acquire(ANNA, TTL)
    world.pass_time(TTL * 2)
    with pytest.raises(StateError) as refused:
        boris.unlock("somebody-else")
    assert lease.id in str(refused.value)
    held = anna.renew(lease)
    assert lease.id == held.id


def test_a_stale_lease_is_unlocked_and_its_holder_fenced_off(world: World) -> None:
    anna, boris = world.client(), world.client()
    lease = anna.acquire(ANNA, TTL)
    with pytest.raises(StateLocked):
        boris.unlock(lease.id)
    world.pass_time(TTL)
    boris.unlock(lease.id)
    with pytest.raises(StateMoved):
        anna.commit(StateDelta(put=(entry("a", 1),)), lease)
    assert boris.acquire(BORIS, TTL).fence > lease.fence


def test_there_is_nothing_to_unlock_where_nobody_holds_the_lease(world: World) -> None:
    with pytest.raises(StateError):
        world.client().unlock("any")


def test_two_writers_never_both_write(world: World) -> None:
    """Whatever two clients do in turn, the serial counts exactly the commits that went through."""
    anna, boris = world.client(), world.client()
    done = 0
    lease_a: Lease | None = None
    lease_b: Lease | None = None
    for number in range(12):
        try:
            lease_a = lease_a or anna.acquire(ANNA, TTL)
            anna.commit(StateDelta(put=(entry(f"a{number}", number + 1),)), lease_a)
            done += 1
        except (StateLocked, StateMoved):
            lease_a = None
        if number % 3 == 2:
            world.pass_time(TTL + 1)
        try:
            lease_b = lease_b or boris.acquire(BORIS, TTL)
            boris.commit(StateDelta(put=(entry(f"b{number}", number + 100),)), lease_b)
            done += 1
        except (StateLocked, StateMoved):
            lease_b = None
    state = world.client().load()
    assert (done, done) == (state.serial, len(state.entries))


def test_a_whole_state_takes_the_place_of_what_is_there(world: World) -> None:
    anna = world.client()
    lease = anna.acquire(ANNA, TTL)
    anna.commit(EVERYTHING, lease)
    anna.commit(StateDelta(put=tuple(batch(1))), lease)
    pulled = world.client().load()
    pushed = state_of(
        "finance-q2",
        [entry("only", 1)],
        lineage=pulled.lineage,
        serial=pulled.serial,
        intents=(intent("left"),),
        runs=(run("r1"), run("r2")),
        files=("x.yaml",),
        released=(RemoteId(9),),
    )
    assert not pushed.directory
    anna.replace(pushed, lease)
    expected = {**whole(pushed), "serial": pulled.serial + 1}
    assert expected == whole(world.client().load())


def test_pushing_what_was_pulled_changes_nothing_but_the_serial(world: World) -> None:
    anna = world.client()
    lease = anna.acquire(ANNA, TTL)
    anna.commit(EVERYTHING, lease)
    pulled = anna.load()
    before = whole(pulled)
    anna.replace(pulled, lease)
    assert {**before, "serial": 2} == whole(anna.load())


def test_a_state_pushed_into_an_empty_store_keeps_its_lineage(world: World) -> None:
    anna = world.client()
    anna.replace(
        state_of("finance-q2", [entry("a", 1)], lineage="old", serial=41),
        anna.acquire(ANNA, TTL),
    )
    state = world.client().load()
    assert (state.lineage, state.serial) == ("old", 42)


def test_a_state_of_another_project_is_not_pushed(world: World) -> None:
    anna = world.client()
    lease = anna.acquire(ANNA, TTL)
    with pytest.raises(StateForeign):
        anna.replace(State("other"), lease)
    assert anna.load().serial == 0


def test_the_heart_beats_from_another_thread_while_commits_go_on(world: World) -> None:
    anna = world.client()
    lease = anna.acquire(ANNA, TTL)
    stop, faults = threading.Event(), []

    def beat() -> None:
        while not stop.is_set():
            try:
                anna.renew(lease)
            except StateError as error:
                faults.append(error)

    heart = threading.Thread(target=beat)
    heart.start()
    for number in range(15):
        anna.commit(StateDelta(put=tuple(batch(number, 5))), lease)
    stop.set()
    heart.join()
    assert faults == []
    assert (anna.load().serial, len(anna.load().entries)) == (15, 75)


def test_a_store_that_was_closed_opens_again_when_it_is_used(world: World) -> None:
    anna = world.client()
    lease = anna.acquire(ANNA, TTL)
    anna.commit(EVERYTHING, lease)
    before = whole(anna.load())
    anna.close()
    anna.close()
    assert before == whole(anna.load())


def test_a_reader_in_the_middle_sees_whole_commits_only(world: World) -> None:
    anna, boris = world.client(), world.client()
    lease = anna.acquire(ANNA, TTL)
    seen: list[tuple[int, int]] = []
    done = threading.Event()

    def look() -> None:
        while not done.is_set():
            state = boris.load()
            seen.append((state.serial, len(state.index)))

    reader = threading.Thread(target=look)
    reader.start()
    for number in range(20):
        anna.commit(StateDelta(put=tuple(batch(number, 10))), lease)
    done.set()
    reader.join()
    assert all(count == serial * 10 for serial, count in seen)
