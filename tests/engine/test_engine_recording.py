"""What a run did is recorded with the entry that it saves: each change, with before and after."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from typing import Any

import pytest
from casefiles import MARKER, live_task
from hypothesis import given, settings
from hypothesis import strategies as st
from scripted import IDENTITY, Bench, Dies, Killed, Lost, Rejects, bench

from tasksync.core.fields import FIELDS, KeyRef, RemoteId, TaskKey, Value, Values
from tasksync.core.history import RecordedChange, RecordedField
from tasksync.core.manifest import Policy
from tasksync.core.state import StateDelta
from tasksync.core.task import OnRemove
from tasksync.engine.applying import RunFacts
from tasksync.engine.read_cost import read_by_list
from tasksync.engine.recording import Recorder, requests_for
from tasksync.engine.verifying import Verifier
from tasksync.errors import PortalUnavailable

A, B, C = map(TaskKey, "abc")
REPORT = KeyRef(A)


def named(here: Bench, run: str, **facts: Any) -> Bench:
    """Let the next runs be called so."""
    here.facts = replace(RunFacts(run, "", IDENTITY, None), **facts)
    return here


def of(here: Bench, run: str = "run") -> dict[TaskKey, RecordedChange]:
    """What a run did, by key."""
    return {one.key: one for one in here.store.recorded(run) or ()}


def written(change: RecordedChange) -> dict[str, tuple[Value, Value]]:
    """Return what it wrote: field -> before and after."""
    return {one.name: (one.before, one.after) for one in change.fields}


def saved(here: Bench) -> list[StateDelta]:
    return [delta for delta in here.store.deltas if delta.recorded]


def test_a_create_is_recorded_with_its_entry_and_its_parent_by_key() -> None:
    here = bench()
    here.apply(here.manifest({"a": {}, "b": {"parent": "a", "tags": ["x"]}}))
    assert [[one.key for one in delta.recorded] for delta in saved(here)] == [["a"], ["b"]]
    for delta in saved(here):
        assert [(one.key, one.id) for one in delta.recorded] == [(e.key, e.id) for e in delta.put]
    made = of(here)[B]
    assert (made.action, made.run, made.id, made.title) == ("create", "run", 2, "b")
    assert written(made) == {
        "title": (None, "b"),
        "responsibleId": (None, 1),
        "parentId": (None, REPORT),
        "tags": (None, ("x",)),
    }


def test_an_update_is_recorded_with_what_the_portal_had() -> None:
    here = bench()
    here.apply(here.manifest({"a": {}, "b": {"parent": "a", "priority": 1}}))
    task = here.portal.live[RemoteId(2)]
    here.portal.live[task.id] = replace(task, fields={**task.fields, "priority": 0})
    named(here, "later").apply(here.manifest({"a": {}, "b": {"priority": 2, "parentId": None}}))
    (change,) = of(here, "later").values()
    assert (change.key, change.action, change.id) == (B, "update", 2)
    assert written(change) == {"priority": (0, 2), "parentId": (REPORT, None)}


def test_a_parent_is_recorded_as_it_was_asked_and_by_key_where_it_was() -> None:
    here = bench()
    here.apply(here.manifest({"a": {}, "b": {}, "c": {"parent": "a"}}))
    named(here, "key").apply(here.manifest({"a": {}, "b": {}, "c": {"parent": "b"}}))
    named(here, "number").apply(here.manifest({"a": {}, "b": {}, "c": {"parentId": 1}}))
    assert written(of(here, "key")[C]) == {"parentId": (REPORT, KeyRef(B))}
    assert written(of(here, "number")[C]) == {"parentId": (KeyRef(B), 1)}


def test_fields_that_are_only_sent_together_are_recorded_as_they_stay() -> None:
    here = bench()
    here.apply(here.manifest({"a": {"status": 3}}))
    named(here, "later").apply(here.manifest({"a": {"status": 3, "responsibleId": 22}}))
    assert written(of(here, "later")[A]) == {"responsibleId": (1, 22), "status": (3, 3)}


def test_a_deferral_is_recorded() -> None:
    here = bench()
    here.apply(here.manifest({"a": {}}))
    policy = Policy(on_remove=OnRemove.DEFER)
    named(here, "later").apply(here.manifest({}, policy=policy))
    (delta,) = saved(here)
    assert [entry.deferred for entry in delta.put] == [True]
    assert (of(here, "later")[A].action, written(of(here, "later")[A])) == (
        "defer",
        {"status": (2, 6)},
    )


def test_a_delete_is_recorded_with_all_that_the_task_had_just_before() -> None:
    """Not only what is managed; our marker is none of its tags, and empty fields are left out."""
    here = bench()
    here.apply(here.manifest({"a": {}, "b": {"parent": "a"}}))
    task = here.portal.live[RemoteId(2)]
    plan = here.plan(here.manifest({"a": {}}))
    people = {
        "description": "Ask Olga.",
        "tags": ("q2",),
        "accomplices": (3, 5),
        "UF_POINTS": 5,
        "UF_NOTE": "",
        "UF_FLAG": False,
        "timeEstimate": 0,
        "priority": 0,
    }
    here.portal.live[task.id] = replace(task, fields={**task.fields, **people}, markers=(MARKER,))
    named(here, "later").applier(here.lease_holder(), plan, here.state).apply()
    (delta,) = saved(here)
    assert delta.drop == (B,)
    (change,) = delta.recorded
    assert (change.action, change.id, change.title, change.fields) == ("delete", 2, "b", ())
    assert change.read == {
        "title": "b",
        "description": "Ask Olga.",
        "responsibleId": 1,
        "status": 2,
        "priority": 0,
        "parentId": REPORT,
        "accomplices": (3, 5),
        "tags": ("q2",),
        "createdBy": 1,
        "UF_FLAG": False,
        "UF_POINTS": 5,
    }


def test_a_foreign_parent_stays_a_number() -> None:
    here = bench()
    here.portal.live[RemoteId(7)] = live_task(7, {"title": "Not ours"})
    here.apply(here.manifest({"a": {"parentId": 7}}))
    named(here, "later").apply(here.manifest({}))
    assert of(here)[A].fields[-1] == RecordedField("parentId", None, 7)
    assert of(here, "later")[A].read["parentId"] == 7


def test_a_task_that_is_gone_by_then_is_a_delete_of_what_is_known() -> None:
    here = bench()
    here.apply(here.manifest({"a": {"priority": 2}}))
    plan = here.plan(here.manifest({}))
    del here.portal.live[RemoteId(1)]
    named(here, "later").applier(here.lease_holder(), plan, here.state).apply()
    change = of(here, "later")[A]
    assert (change.action, change.id) == ("delete", 1)
    assert change.read == {"title": "a", "responsibleId": 1, "priority": 2}


def test_what_cannot_be_read_before_it_goes_is_not_deleted(monkeypatch: pytest.MonkeyPatch) -> None:
    here = bench()
    here.apply(here.manifest({"a": {}, "b": {}}))
    plan = here.plan(here.manifest({"a": {}}))
    applier = named(here, "later").applier(here.lease_holder(), plan, here.state)

    def down(*_asked: object) -> Iterator[object]:
        raise PortalUnavailable("down", "Wait.")

    monkeypatch.setattr(here.portal, "find", down)
    sent = len(here.portal.sent)
    report = applier.apply()
    assert isinstance(report.error, PortalUnavailable)
    assert (len(here.portal.sent), set(here.portal.live)) == (sent, {1, 2})
    assert of(here, "later") == {}
    assert here.state.runs[-1].outcome == "partial"


def test_what_failed_is_not_recorded() -> None:
    here = bench()
    here.portal.script = [Rejects(("a",))]
    here.apply(here.manifest({"a": {}, "b": {}}))
    assert set(of(here)) == {B}
    assert here.state.runs[-1].counts == {"create": 1}


def test_what_the_state_alone_sees_is_recorded_too() -> None:
    here = bench()
    here.apply(here.manifest({"a": {}, "b": {"priority": 2}}))
    del here.portal.live[RemoteId(2)]
    here.portal.live[RemoteId(9)] = live_task(9, {"title": "c"}, markers=(MARKER,))
    named(here, "later").apply(here.manifest({"a": {}, "c": {"adopt": 9}}))
    done = [([one.key for one in d.recorded], [e.key for e in d.put], d.drop) for d in saved(here)]
    assert sorted(done) == [([B], [], (B,)), ([C], [C], ())]
    forgot, adopted = of(here, "later")[B], of(here, "later")[C]
    assert (forgot.action, forgot.id, forgot.fields) == ("forget", 2, ())
    assert forgot.read == {"title": "b", "responsibleId": 1, "priority": 2}
    assert (adopted.action, adopted.id, adopted.fields) == ("adopt", 9, ())
    assert here.state.runs[-1].counts == {"adopt": 1, "forget": 1}


@pytest.mark.parametrize("proves", [True, False])
def test_a_forget_is_recorded_where_its_entry_is_dropped(*, proves: bool) -> None:
    """By the proof that the marker is off, or at once where nobody proves it."""
    here = bench()
    here.apply(here.manifest({"a": {}, "b": {"tags": ["x"]}}))
    manifest = here.manifest({"a": {}}, removed=(B,))
    plan = here.plan(manifest)
    holder = here.lease_holder()
    applier = named(here, "later", proves=proves).applier(holder, plan, here.state)
    report = applier.apply()
    assert (B in here.state.index, set(of(here, "later"))) == (proves, set() if proves else {B})
    if proves:
        Verifier(
            here.portal, holder, here.clock, here.events.append, MARKER, recorder=applier.recorder
        ).verify(report.outcomes.values(), 2)
    (delta,) = saved(here)
    assert delta.drop == (B,)
    assert written(of(here, "later")[B]) == {"tags": (("x",), ("x",))}
    assert of(here, "later")[B].read == {"title": "b", "responsibleId": 1, "tags": ("x",)}


def test_a_create_that_is_found_after_a_lost_answer_is_recorded() -> None:
    here = bench()
    here.portal.script = [Lost()]
    here.apply(here.manifest({"a": {"tags": ["x"]}}))
    (delta,) = saved(here)
    assert [(entry.key, entry.id) for entry in delta.put] == [(A, 1)]
    assert (of(here)[A].action, of(here)[A].id, of(here)[A].title) == ("create", 1, "a")
    assert written(of(here)[A])["tags"] == (None, ("x",))
    assert here.state.runs[-1].counts == {"create": 1}


def test_a_create_that_a_later_run_finds_belongs_to_the_run_that_sent_it() -> None:
    here = named(bench(size=1), "killed")
    here.portal.script = [None, Dies(done=True)]
    with pytest.raises(Killed):
        here.apply(here.manifest({"a": {}, "b": {"parent": "a"}}))
    assert set(of(here, "killed")) == {A}
    named(here, "later").apply(here.manifest({"a": {}, "b": {"parent": "a"}, "c": {}}))
    assert {key: (one.action, one.id) for key, one in of(here, "killed").items()} == {
        A: ("create", 1),
        B: ("create", 2),
    }
    assert written(of(here, "killed")[B])["parentId"] == (None, REPORT)
    assert set(of(here, "later")) == {C}
    first, second = here.state.runs
    assert (first.outcome, first.counts, second.counts) == ("started", {}, {"create": 1})


def test_a_run_says_who_ran_it_where_and_what_it_took_back() -> None:
    here = named(bench(), "r", by="anna@laptop", ci="https://ci.example/1", digest="sha256:d")
    here.apply(here.manifest({"a": {}}))
    plan = replace(here.plan(here.manifest({"a": {"priority": 2}})), undoes="r")
    here.facts = replace(here.facts, id="back", undoes="r")
    here.applier(here.lease_holder(), plan, here.state).apply()
    first, back = here.state.runs
    assert (first.by, first.ci, first.digest) == ("anna@laptop", "https://ci.example/1", "sha256:d")
    assert [(one.command, one.undoes) for one in (first, back)] == [("apply", ""), ("undo", "r")]
    assert back.counts == {"update": 1}
    assert (first.plan, first.outcome) == ("", "complete")


@pytest.mark.parametrize("count", [1, 50, 51, 160])
def test_reading_what_goes_is_counted_among_the_requests(count: int) -> None:
    """By ids, or as one listing of the project where that takes fewer requests."""
    here = bench(size=50)
    here.apply(here.manifest({f"t{n}": {} for n in range(count)}))
    plan = here.plan(here.manifest({}))
    asked: list[str | None] = []
    find = here.portal.find
    here.portal.find = lambda marker, ids: (asked.append(marker), find(marker, ids))[1]  # type: ignore[method-assign]
    Recorder("run", plan, here.state).read_before(tuple(plan.changes), here.portal)
    by_list = read_by_list(count, count, MARKER)
    assert (asked, by_list) == ([MARKER if count == 160 else None], count == 160)
    assert requests_for(plan) == (2 if by_list else -(-count // 50))


FIELDS_OF = st.fixed_dictionaries(
    {},
    optional={
        "priority": st.integers(0, 2),
        "description": st.sampled_from(["", "Ask Olga.", "Two\nlines"]),
        "tags": st.sampled_from([[], ["q2"], ["q2", "late"]]),
        "deadline": st.sampled_from([None, "2026-05-19T18:00:00+03:00"]),
        "responsibleId": st.integers(1, 3),
        "parent": st.sampled_from(["a", "b"]),
    },
)
MANIFESTS = st.fixed_dictionaries({"a": st.just({})}, optional=dict.fromkeys("bcd", FIELDS_OF))


@settings(max_examples=120, deadline=None)
@given(st.lists(MANIFESTS, min_size=2, max_size=4), st.data())
def test_replaying_what_was_recorded_over_the_world_before_gives_the_world_after(
    manifests: list[dict[str, dict[str, Any]]], data: st.DataObject
) -> None:
    """Whatever was created, changed and deleted, also where people changed it in between."""
    here = bench()
    for number, blocks in enumerate(map(sound, manifests)):
        if here.portal.live:
            task = here.portal.live[data.draw(st.sampled_from(sorted(here.portal.live)))]
            moved = {**task.fields, "priority": data.draw(st.integers(0, 2))}
            here.portal.live[task.id] = replace(task, fields=moved)
        world = {remote: dict(task.fields) for remote, task in here.portal.live.items()}
        before = {entry.key: entry.id for entry in here.state.entries.values()}
        assert named(here, f"r{number}").apply(here.manifest(blocks)).complete
        ids = before | {entry.key: entry.id for entry in here.state.entries.values()}
        replayed(world, of(here, f"r{number}"), ids)
        after = {remote: dict(task.fields) for remote, task in here.portal.live.items()}
        assert world == after


def sound(blocks: dict[str, dict[str, Any]]) -> dict[str, dict[str, Any]]:
    """Return blocks without circles, whose parents are there."""
    above = {"a": "a", "b": "b" if "b" in blocks else "a"}
    return {
        key: {**block, "parent": "a" if key == "b" else above[block["parent"]]}
        if "parent" in block
        else block
        for key, block in blocks.items()
    }


def replayed(
    world: dict[RemoteId, dict[str, Value]],
    changes: dict[TaskKey, RecordedChange],
    ids: dict[TaskKey, RemoteId],
) -> None:
    """Do to a world what was recorded; what stood there before must be what the record says."""

    def plain(values: Values) -> dict[str, Value]:
        return {n: ids[one.key] if isinstance(one, KeyRef) else one for n, one in values.items()}

    gone = [change for change in changes.values() if change.action == "delete"]
    for change in gone:
        full = {n: v for n, v in world[change.id].items() if v not in {None, FIELDS[n].empty}}
        assert plain(change.read) == full
    for change in gone:
        del world[change.id]
    for change in changes.values():
        if change.action == "delete":
            continue
        task = world.setdefault(change.id, dict(live_task(change.id, {}).fields))
        if change.action == "update":
            before = plain({one.name: one.before for one in change.fields})
            assert before == {name: task[name] for name in before}
        task |= plain({one.name: one.after for one in change.fields})
