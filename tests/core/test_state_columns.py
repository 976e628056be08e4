"""The columns of a state: the index is what the entries say, however they came to be."""

from __future__ import annotations

from array import array

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from stores import START, entry, intent, run

from tasksync.core.fields import RemoteId, TaskKey
from tasksync.core.state import (
    KEPT_RUNS,
    Entry,
    EntryIndex,
    LazyEntries,
    PortalIdentity,
    State,
    StateDelta,
    overlaid,
    state_of,
)

keys = st.sampled_from([TaskKey(name) for name in "abcdef"])
entries = st.builds(
    lambda key, remote, priority, away: Entry(
        key, RemoteId(remote), {"title": key, "priority": priority}, deferred=away
    ),
    keys,
    st.integers(1, 99),
    st.integers(0, 2),
    st.booleans(),
)
deltas = st.builds(
    StateDelta, st.lists(entries, max_size=4).map(tuple), st.lists(keys, max_size=3).map(tuple)
)


def check(state: State) -> None:
    """Hold the columns against the entries."""
    assert set(state.index) == set(state.entries)
    assert len(state.index) == len(state.entries)
    for key, row in state.index.rows.items():
        head = state.entries[key].summary()
        index = state.index
        assert (index.ids[row], index.asked(row), index.found(row)) == (
            head.id,
            head.asked,
            head.found,
        )
        assert (index.masks[row], bool(index.deferred[row])) == (head.mask, head.deferred)
        found = index.row_of_id(head.id)
        assert found is not None
        assert index.ids[found] == head.id
    assert list(state.index.rows.values()) == list(range(len(state.index)))


@settings(max_examples=100, deadline=None)
@given(st.lists(deltas, max_size=6))
def test_deltas_keep_columns_and_entries_together(some: list[StateDelta]) -> None:
    state = State("finance")
    for number, delta in enumerate(some, 1):
        before = dict(state.entries)
        after = state.after(delta)
        check(after)
        assert after.serial == number
        assert dict(state.entries) == before, "a state never changes in place"
        check(state)
        state = after


@settings(max_examples=100, deadline=None)
@given(st.lists(entries, unique_by=lambda one: one.key), st.lists(entries))
def test_what_is_put_over_wins_and_the_state_below_stays(
    below: list[Entry], above: list[Entry]
) -> None:
    state = state_of("finance", below)
    updated = overlaid(state, above)
    check(updated)
    check(state)
    wanted = {one.key: one for one in (*below, *above)}
    assert {key: updated.entries[key] for key in updated.index} == wanted
    assert set(state.index) == {one.key for one in below}


def test_nothing_put_over_is_the_same_state() -> None:
    state = state_of("finance", [entry("a", 1)])
    assert overlaid(state, ()) is state


def test_an_unknown_id_has_no_row() -> None:
    index = EntryIndex([entry("a", 5).summary(), entry("b", 3).summary()])
    assert [index.row_of_id(remote) for remote in (3, 5, 4, 99)] == [1, 0, None, None]
    index.put(entry("c", 4).summary())
    assert index.row_of_id(4) == 2


def test_columns_of_different_lengths_are_refused() -> None:
    with pytest.raises(ValueError, match="different lengths"):
        EntryIndex().fill(
            [TaskKey("a")],
            ids=array("q", [1]),
            digests=b"",
            masks=array("H", [1]),
            created=array("q", [1]),
            deferred=b"\0",
        )


def test_intents_open_and_close() -> None:
    state = State("finance").after(StateDelta(open=(intent("a"), intent("b"))))
    assert [one.key for one in state.intents] == ["a", "b"]
    state = state.after(StateDelta(open=(intent("a", after=9),), close=(TaskKey("b"),)))
    assert [(one.key, one.after) for one in state.intents] == [("a", 9)]


def test_runs_are_remembered_by_id_and_not_for_ever() -> None:
    state = State("finance")
    for number in range(KEPT_RUNS + 5):
        state = state.after(StateDelta(run=run(f"r{number}", outcome="started")))
    state = state.after(StateDelta(run=run("r104", outcome="complete")))
    assert len(state.runs) == KEPT_RUNS
    assert (state.runs[-1].id, state.runs[-1].outcome) == ("r104", "complete")


def test_an_empty_delta_is_false_and_any_part_makes_it_true() -> None:
    assert not StateDelta()
    assert StateDelta(files=())
    assert StateDelta(identity=PortalIdentity("portal"))
    assert StateDelta(close=(TaskKey("a"),))


def test_an_intent_becomes_the_entry_that_its_change_would_have_made() -> None:
    made = intent("a").entry(RemoteId(8))
    assert made.normalised == {"parentId": 17}
    assert made.found["parentId"] == 17
    assert made.asked == intent("a").asked
    assert intent("a").at == START


def test_lazy_entries_are_read_one_by_one() -> None:
    read: list[str] = []

    def one(key: TaskKey) -> Entry:
        read.append(key)
        return entry(key, 1)

    lazy = LazyEntries(EntryIndex([entry("a", 1).summary()]), one)
    assert list(lazy) == ["a"]
    assert read == []
    assert lazy[TaskKey("a")].key == "a"
    assert lazy.get(TaskKey("b")) is None
    assert read == ["a"]
