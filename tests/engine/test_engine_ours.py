"""Ours for certain: the marker is proved, not seen is not gone, new is what this run listed."""

from __future__ import annotations

from dataclasses import replace

import pytest
from casefiles import MARKER, live_task
from scripted import Bench, Dies, Killed, Lost, bench, statuses
from stores import HandClock

from tasksync.core.change import Action, Status
from tasksync.core.events import Note, Settling
from tasksync.core.fields import RemoteId, TaskKey
from tasksync.core.plan import Hidden
from tasksync.core.state import StateDelta
from tasksync.engine.run_cost import FIRST_BATCH
from tasksync.errors import MarkerNotKept

A, B = TaskKey("a"), TaskKey("b")
MANY = {f"t{n:02}": {} for n in range(25)}


def test_the_first_creates_go_alone_until_their_marker_was_seen() -> None:
    here = bench(size=50)
    assert here.apply(here.manifest(MANY)).complete
    assert [len(batch) for batch in here.portal.sent] == [FIRST_BATCH, 25 - FIRST_BATCH]


@pytest.mark.parametrize("fault", ["dropped", "not found by the filter"])
def test_a_portal_that_does_not_keep_the_marker_ends_the_run(fault: str) -> None:
    here = bench(size=50)
    here.portal.drops_marker = fault == "dropped"
    here.portal.filter_broken = fault != "dropped"
    report = here.apply(here.manifest(MANY))
    assert isinstance(report.error, MarkerNotKept)
    assert report.error.exit_code == 1
    assert "marker: none" in report.error.advice
    assert len(here.portal.live) == FIRST_BATCH
    assert len(here.state.index) == FIRST_BATCH
    assert len(report.of(Status.NOT_STARTED)) == 25 - FIRST_BATCH


def test_a_listing_that_lags_is_waited_for_before_the_marker_is_called_lost() -> None:
    here = bench(size=50)
    began = here.clock.monotonic()
    lag = here.portal.newer

    def lagging(marker: str | None, after: RemoteId) -> object:
        if here.clock.monotonic() - began < 6:
            return iter(())
        return lag(marker, after)

    here.portal.newer = lagging  # type: ignore[assignment]
    assert here.apply(here.manifest(MANY)).complete


def test_what_cannot_be_seen_is_hidden_and_not_made_again() -> None:
    here = bench(size=50)
    manifest = here.manifest({"a": {}, "b": {"parent": "a"}})
    unseen = set(map(RemoteId, range(1, 10)))
    here.portal.hidden = unseen
    report = here.apply(manifest)
    assert here.verify(report).missing == ("a", "b")
    made = dict(here.portal.live)
    for _run in range(3):
        plan = here.plan(manifest)
        assert not plan
        assert [one.key for one in plan.hidden] == ["a", "b"]
        assert here.apply(manifest).complete
    assert here.portal.live == made
    here.portal.hidden = set()
    assert here.apply(manifest).complete
    assert here.plan(manifest).hidden == ()
    assert not any(entry.hidden for entry in here.state.entries.values())


def test_an_edit_of_what_is_hidden_waits_and_a_dropped_one_is_forgotten() -> None:
    here = bench()
    here.portal.hidden = {RemoteId(1), RemoteId(2)}
    here.apply(here.manifest({"a": {}, "b": {}}))
    plan = here.plan(here.manifest({"a": {"priority": 2}}))
    assert plan.hidden == (Hidden(A, RemoteId(1), waits=True),)
    assert [(one.action, one.key, one.id) for one in plan.changes] == [(Action.FORGET, "b", 2)]
    sent = len(here.portal.sent)
    assert here.apply(here.manifest({"a": {"priority": 2}})).complete
    assert len(here.portal.sent) == sent


def test_what_vanishes_twice_in_a_row_is_told_apart() -> None:
    here = bench()
    manifest = here.manifest({"a": {}})
    here.apply_and_see(manifest)
    here.portal.live.clear()
    assert here.verify(here.apply(manifest)).missing == ()
    here.portal.live.clear()
    assert [one.reason for one in here.plan(manifest).changes] == ["vanished again"]


def test_once_a_later_run_has_seen_the_remade_task_it_may_vanish_again() -> None:
    here = bench()
    manifest = here.manifest({"a": {}})
    here.apply_and_see(manifest)
    for _time in range(2):
        here.portal.live.clear()
        assert here.verify(here.apply(manifest)).missing == ()
        assert here.apply(manifest).complete
        assert not here.state.entries[A].remade
    here.portal.live.clear()
    assert [one.reason for one in here.plan(manifest).changes] == ["vanished"]


def restored(here: Bench) -> None:
    """Let people delete everything, and the portal count from 1 again."""
    here.portal.live.clear()


@pytest.mark.parametrize("dates", [True, False])
def test_ids_that_come_again_hide_no_lost_answer(dates: object) -> None:
    """New is what is above the highest id that the portal lists now, whatever is remembered."""
    here = bench(size=1)
    here.portal.dates = bool(dates)
    manifest = here.manifest({"a": {}, "b": {}})
    here.apply_and_see(manifest)
    restored(here)
    here.portal.script = [Lost(), Lost()]
    report = here.apply(manifest)
    assert statuses(report) == {"a": "done", "b": "done"}
    assert sorted(str(task.fields["title"]) for task in here.portal.live.values()) == ["a", "b"]


@pytest.mark.parametrize("skew", [-600.0, 600.0, 86_400.0])
def test_the_settle_time_goes_by_the_clock_of_the_run_that_waits(skew: float) -> None:
    here = bench()
    manifest = here.manifest({"a": {}})
    there = HandClock(here.clock.time, skew)
    here.portal.script = [Lost(late=20.0)]
    intents = []

    def dies(delta: StateDelta) -> bool:
        intents.extend(replace(one, at=there.now()) for one in delta.open)
        return False

    here.fail = dies
    here.portal.script = [Dies()]
    with pytest.raises(Killed):
        here.apply(manifest)
    here.fail = lambda _delta: False
    here.lease_holder().commit(StateDelta(open=tuple(intents)))
    began = here.clock.monotonic()
    assert here.apply(manifest).complete
    assert here.clock.monotonic() - began >= 30.0
    assert len(here.portal.live) == 1


def test_a_step_of_the_wall_clock_does_not_end_the_settle_time() -> None:
    here = bench()
    steps: list[float] = []

    def now() -> object:
        return HandClock(here.clock.time, 3600.0 if steps else 0.0).now()

    here.clock.now = now  # type: ignore[assignment, method-assign]
    here.portal.script = [Lost(late=20.0)]

    class Hearing(list):  # type: ignore[type-arg]
        def append(self, event: object) -> None:
            if isinstance(event, Settling):
                steps.append(1.0)
            super().append(event)

    here.events = Hearing()
    assert here.apply(here.manifest({"a": {}})).complete
    assert len(here.portal.live) == 1


def test_a_marker_that_is_dropped_while_the_answer_is_lost_makes_no_duplicate() -> None:
    """Until the run has seen its marker, new tasks are looked at whatever their tags."""
    here = bench()
    here.portal.drops_marker = True
    here.portal.script = [Lost()]
    report = here.apply(here.manifest({"a": {}}))
    assert statuses(report) == {"a": "in doubt"}
    assert len(here.portal.live) == 1
    assert any("do not bear" in note.text for note in here.of(Note))
    assert statuses(here.apply(here.manifest({"a": {}}))) == {"a": "in doubt"}
    assert len(here.portal.live) == 1


def test_what_is_forgotten_is_free_for_others() -> None:
    here = bench()
    here.apply_and_see(here.manifest({"a": {}, "b": {}}))
    gone = here.manifest({"a": {}}, removed=(B,))
    assert here.apply(gone).complete
    assert here.portal.live[RemoteId(2)].markers == ()
    assert sorted(here.state.index) == ["a"]
    assert here.state.released == ()


def test_what_is_adopted_is_marked() -> None:
    here = bench()
    here.portal.live[RemoteId(90)] = live_task(90, {"title": "a", "tags": ("own",)})
    adopting = here.manifest({"a": {"adopt": 90}})
    report = here.apply(adopting)
    assert here.verify(report).missing == ()
    assert here.portal.live[RemoteId(90)].markers == (MARKER,)
    assert here.portal.live[RemoteId(90)].fields["tags"] == ("own",)
    here.shared.state = None
    plan = here.plan(here.manifest({"a": {}}))
    assert [one.action for one in plan.changes] == [Action.ADOPT]


def test_a_marker_that_people_took_off_is_put_back() -> None:
    here = bench()
    manifest = here.manifest({"a": {}})
    here.apply_and_see(manifest)
    task = here.portal.live[RemoteId(1)]
    here.portal.live[task.id] = replace(task, markers=(), fields={**task.fields, "tags": ("x",)})
    assert here.apply(manifest).complete
    assert here.portal.live[task.id].markers == (MARKER,)
    assert here.portal.live[task.id].fields["tags"] == ("x",)
    assert not here.plan(manifest)
