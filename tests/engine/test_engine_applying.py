"""Doing a plan: intents first, one commit an answered request, nothing sent twice."""

from __future__ import annotations

from dataclasses import replace

import pytest
from casefiles import MARKER, live_task
from scripted import IDENTITY, Bench, Breaks, Dies, Killed, Lost, Rejects, bench, statuses

from tasksync.core.change import Status
from tasksync.core.events import ApplyStarted, ChangeEnded, Note, Settling
from tasksync.core.fields import RemoteId, TaskKey
from tasksync.core.manifest import Moved, Policy
from tasksync.core.planning.build import Scope
from tasksync.core.state import StateDelta
from tasksync.engine.applying import ATTEMPTS, RunFacts
from tasksync.errors import PortalUnavailable, StateMoved, StateNotSaved

FOUR = {"a": {}, "b": {"parent": "a"}, "c": {"parent": "a"}, "d": {"parent": "b"}}


def test_everything_is_created_once_and_remembered() -> None:
    here = bench()
    report = here.apply(here.manifest(FOUR))
    assert report.complete
    assert set(here.portal.world) == {"a", "b", "c", "d"}
    assert here.portal.world["d"]["parentId"] == "b"
    assert sorted(here.state.index) == ["a", "b", "c", "d"]
    assert here.state.intents == ()
    assert not here.plan(here.manifest(FOUR))


def test_an_intent_is_committed_before_its_request_leaves() -> None:
    here = bench()
    known: list[set[str]] = []
    here.portal.script = [lambda: known.append({i.key for i in here.state.intents})]
    here.apply(here.manifest({"a": {}, "b": {}}))
    assert known == [{"a", "b"}]


def test_an_answered_request_is_one_commit_together_with_the_next_intents() -> None:
    here = bench()
    here.apply(here.manifest({key: {} for key in "abcdef"}))
    writing = [delta for delta in here.store.deltas if delta.put or delta.open]
    opened = [[intent.key for intent in delta.open] for delta in writing]
    put = [[entry.key for entry in delta.put] for delta in writing]
    assert [keys for keys in opened if keys] == [["a", "b"], ["c", "d"], ["e", "f"]]
    assert [keys for keys in put if keys] == [["a", "b"], ["c", "d"], ["e", "f"]]
    for delta in writing:
        assert {entry.key for entry in delta.put} == set(delta.close)


def test_a_lost_answer_is_looked_up_not_repeated() -> None:
    here = bench()
    here.portal.script = [Lost()]
    report = here.apply(here.manifest({"a": {}, "b": {}}))
    assert report.complete
    assert len(here.portal.sent) == 1
    assert set(here.portal.world) == {"a", "b"}
    assert here.state.intents == ()


@pytest.mark.parametrize("late", [0.5, 12.0, 29.0])
def test_a_deed_that_comes_late_is_found(late: float) -> None:
    here = bench()
    here.portal.script = [Lost(late)]
    began = here.clock.monotonic()
    report = here.apply(here.manifest({"a": {}, "b": {}}))
    assert report.complete
    assert len(here.portal.sent) == 1
    assert set(here.portal.world) == {"a", "b"}
    assert late <= here.clock.monotonic() - began <= 30.5


def test_nothing_is_sent_again_before_the_settle_time() -> None:
    here = bench()
    sent: list[float] = []
    here.portal.script = [Lost(None), lambda: sent.append(here.clock.monotonic())]
    began = here.clock.monotonic()
    report = here.apply(here.manifest({"a": {}}))
    assert report.complete
    assert len(here.portal.sent) == 2
    assert sent[0] - began >= 30.0
    assert here.of(Settling)


def test_a_slow_commit_does_not_shorten_the_settle_time() -> None:
    """The time counts from when the request may have left, not from when saving began."""
    here = bench()
    slow = [9.0]

    def fail(delta: StateDelta) -> bool:
        if delta.open and slow:
            here.clock.sleep(slow.pop())
        return False

    here.fail = fail
    sent: list[float] = []
    here.portal.script = [Lost(None), lambda: sent.append(here.clock.monotonic())]
    began = here.clock.monotonic()
    assert here.apply(here.manifest({"a": {}})).complete
    assert sent[0] - began >= 39.0


def test_what_never_happens_is_sent_a_few_times_and_then_failed() -> None:
    here = bench()
    here.portal.script = [Lost(None)] * ATTEMPTS
    report = here.apply(here.manifest({"a": {}, "b": {"parent": "a"}}))
    assert len(here.portal.sent) == ATTEMPTS
    assert statuses(report) == {"a": "failed", "b": "skipped"}
    assert here.state.intents == ()
    assert here.apply(here.manifest({"a": {}, "b": {"parent": "a"}})).complete


def _stranger_lookalike(here: Bench) -> None:
    """Somebody makes a task with our marker meanwhile that no intent explains."""
    remote = RemoteId(here.portal.newest() + 1)
    here.portal.live[remote] = live_task(remote, {"title": "Else"}, markers=(MARKER,))


def test_while_a_candidate_is_unmatched_nothing_is_guessed() -> None:
    here = bench(size=1)
    here.portal.script = [Lost(None), lambda: _stranger_lookalike(here)]
    manifest = here.manifest({"a": {}, "b": {}})
    report = here.apply(manifest)
    assert statuses(report) == {"a": "in doubt", "b": "done"}
    assert [intent.key for intent in here.state.intents] == ["a"]
    assert any("a;" in note.text and '"Else"' in note.text for note in here.of(Note))


def test_a_create_in_doubt_is_not_sent_by_later_runs_until_it_is_placed() -> None:
    here = bench(size=1)
    here.portal.script = [Lost(None), lambda: _stranger_lookalike(here)]
    blocks = {"a": {}, "b": {}, "c": {"parent": "a"}}
    here.apply(here.manifest(blocks))
    sent = len(here.portal.sent)
    plan = here.plan(here.manifest(blocks))
    assert plan.in_doubt == ("a",)
    assert [orphan.title for orphan in plan.orphans] == ["Else"]
    report = here.apply(here.manifest(blocks))
    assert statuses(report) == {"a": "in doubt", "c": "skipped"}
    assert report.outcomes[TaskKey("c")].message == "its parent a is in doubt"
    assert len(here.portal.sent) == sent
    orphan = plan.orphans[0].id
    report = here.apply(here.manifest({**blocks, "a": {"adopt": orphan}}))
    assert report.complete
    assert here.state.intents == ()
    assert here.state.entries[TaskKey("a")].id == orphan


def test_a_doubt_ends_when_the_candidate_is_gone() -> None:
    here = bench(size=1)
    here.portal.script = [Lost(None), lambda: _stranger_lookalike(here)]
    here.apply(here.manifest({"a": {}, "b": {}}))
    (orphan,) = (task.id for task in here.portal.live.values() if task.fields["title"] == "Else")
    del here.portal.live[orphan]
    assert here.apply(here.manifest({"a": {}, "b": {}})).complete
    assert set(here.portal.world) == {"a", "b"}


def test_an_orphan_from_before_is_no_candidate() -> None:
    """What the plan saw is older than what it makes: it cannot be a lost create."""
    here = bench()
    here.apply(here.manifest({"a": {}}))
    duplicate = live_task(40, {"title": "a"}, markers=(MARKER,))
    here.portal.live[duplicate.id] = duplicate
    here.portal.script = [Lost(None)]
    report = here.apply(here.manifest({"a": {}, "b": {}}))
    assert report.complete


def test_without_a_marker_a_create_in_doubt_stops_the_run() -> None:
    here = bench(size=1, marker=None)
    here.portal.script = [Lost()]
    manifest = here.manifest({"a": {}, "b": {"parent": "a"}}, policy=Policy(marker=False))
    report = here.apply(manifest)
    assert isinstance(report.error, PortalUnavailable)
    assert "a" in report.error.message
    assert statuses(report) == {"a": "in doubt", "b": "not started"}
    sent = len(here.portal.sent)
    again = here.apply(manifest)
    assert statuses(again) == {"a": "in doubt", "b": "not started"}
    assert isinstance(again.error, PortalUnavailable)
    assert len(here.portal.sent) == sent


def test_a_lost_lease_sends_and_commits_nothing_more() -> None:
    here = bench(size=1)

    def robbed() -> None:
        here.shared.lease = None
        here.store.acquire(replace_holder("boris"), 60.0)

    here.portal.script = [robbed]
    serial: list[int] = []
    with pytest.raises(StateMoved):
        here.apply(here.manifest({"a": {}, "b": {}, "c": {}}))
    serial.append(here.state.serial)
    assert len(here.portal.sent) == 1
    assert [intent.key for intent in here.state.intents] == ["a"]
    assert len(here.state.index) == 0
    assert here.apply(here.manifest({"a": {}, "b": {}, "c": {}})).complete
    assert set(here.portal.world) == {"a", "b", "c"}


def replace_holder(user: str):
    """Return another holder of the lock."""
    from stores import ANNA

    return replace(ANNA, user=user)


def test_a_lease_that_ran_out_sends_nothing() -> None:
    here = bench(size=1)
    here.portal.script = [lambda: here.clock.sleep(61.0)]
    with pytest.raises(StateMoved, match="ran out"):
        here.apply(here.manifest({"a": {}, "b": {}}))
    assert len(here.portal.sent) == 1


def test_a_state_that_cannot_be_saved_is_loud_and_written_beside() -> None:
    here = bench(size=1)
    here.fail = lambda delta: bool(delta.put)
    with pytest.raises(StateNotSaved, match=r"(?s)THE STATE COULD NOT BE SAVED.*beside.json"):
        here.apply(here.manifest({"a": {}, "b": {}}))
    assert [entry.key for entry in here.dumped[0].put] == ["a"]
    assert _told(here) == {"a": "in doubt", "b": "not started"}
    here.fail = lambda _delta: False
    assert here.apply(here.manifest({"a": {}, "b": {}})).complete
    assert set(here.portal.world) == {"a", "b"}


def _told(here: Bench) -> dict[str, str]:
    """What was told of every change, also where the run raised."""
    ends = [event.outcome for event in here.events if isinstance(event, ChangeEnded)]
    return {outcome.change.key: outcome.status.value for outcome in ends}


def test_an_intent_that_cannot_be_saved_is_not_sent() -> None:
    here = bench(size=1)
    here.fail = lambda delta: bool(delta.open)
    with pytest.raises(StateNotSaved):
        here.apply(here.manifest({"a": {}}))
    assert here.portal.sent == []
    assert _told(here) == {"a": "not started"}


def test_a_stop_in_the_middle_leaves_the_rest_and_keeps_what_is_in_doubt() -> None:
    here = bench(size=1)

    def stop() -> None:
        here.stopped = True

    here.portal.script = [Lost(None), stop]
    report = here.apply(here.manifest({"a": {}, "b": {}, "c": {}, "d": {"parent": "b"}}))
    assert statuses(report) == {
        "a": "in doubt",
        "b": "done",
        "c": "not started",
        "d": "not started",
    }
    assert [intent.key for intent in here.state.intents] == ["a"]
    assert here.state.runs[-1].outcome == "partial"
    here.stopped = False
    assert here.apply(here.manifest({"a": {}, "b": {}, "c": {}, "d": {"parent": "b"}})).complete
    assert set(here.portal.world) == {"a", "b", "c", "d"}


def test_a_portal_that_breaks_ends_the_run_with_what_is_done_saved() -> None:
    here = bench(size=1)
    here.portal.script = [None, Breaks()]
    report = here.apply(here.manifest({"a": {}, "b": {}, "c": {}}))
    assert isinstance(report.error, PortalUnavailable)
    assert statuses(report) == {"a": "done", "b": "not started", "c": "not started"}
    assert list(here.state.index) == ["a"]
    assert here.state.runs[-1].outcome == "partial"


def test_what_hangs_on_a_failure_is_skipped_and_named() -> None:
    here = bench()
    here.portal.script = [Rejects(("a",))]
    report = here.apply(here.manifest({**FOUR, "z": {}}))
    assert statuses(report) == {
        "a": "failed",
        "b": "skipped",
        "c": "skipped",
        "d": "skipped",
        "z": "done",
    }
    said = {key: outcome.message for key, outcome in report.outcomes.items()}
    assert said["b"] == "its parent a failed"
    assert said["d"] == "its parent b was skipped"
    assert here.state.intents == ()
    assert here.apply(here.manifest({**FOUR, "z": {}})).complete


def test_state_only_changes_are_saved_without_a_request() -> None:
    here = bench()
    here.apply(here.manifest({"a": {"priority": 1}}))
    sent = len(here.portal.sent)
    report = here.apply(here.manifest({"a": {"protect": True}}))
    assert report.complete
    assert len(here.portal.sent) == sent
    entry = here.state.entries[TaskKey("a")]
    assert entry.protected
    assert "priority" not in entry.asked
    assert len(here.state.runs) == 1
    assert len(here.of(ApplyStarted)) == 1


def test_moved_keys_are_saved_before_anything_is_sent() -> None:
    here = bench()
    here.apply(here.manifest({"old": {"title": "T"}, "kid": {"parent": "old"}}))
    known: list[list[str]] = []
    here.portal.script = [lambda: known.append(sorted(here.state.index))]
    move = (Moved(TaskKey("old"), TaskKey("new")),)
    blocks = {"new": {"title": "T2"}, "kid": {"parent": "new"}, "more": {"parent": "new"}}
    report = here.apply(here.manifest(blocks, moved=move))
    assert report.complete
    assert known == [["kid", "new"]]
    assert here.portal.world["more"]["parentId"] == "T2"
    again = here.plan(here.manifest(blocks, moved=move))
    assert not again
    assert again.state_only == ()


def test_files_and_identity_are_remembered() -> None:
    here = bench()
    here.facts = RunFacts("run", "plan", IDENTITY, ("a.yaml", "b.yaml"))
    here.apply_and_see(here.manifest({"a": {}}))
    assert here.state.identity == IDENTITY
    assert here.state.files == ("a.yaml", "b.yaml")
    serial = here.state.serial
    here.apply(here.manifest({"a": {}}))
    assert here.state.serial == serial


def test_a_targeted_apply_does_not_forget_which_files_there_are() -> None:
    """Else a later run of half the files would not be known to be half."""
    here = bench()
    here.facts = RunFacts("run", "plan", IDENTITY, ("a.yaml", "b.yaml"))
    here.apply(here.manifest({"a": {}}))
    here.facts = RunFacts("run", "plan", IDENTITY, ("a.yaml",))
    here.apply(here.manifest({"a": {"priority": 2}}), Scope(("a",)))
    assert here.state.files == ("a.yaml", "b.yaml")


def test_a_run_is_recorded_as_complete_or_partial() -> None:
    here = bench()
    here.portal.script = [Rejects()]
    here.apply(here.manifest({"a": {}}))
    assert [(run.outcome, run.plan) for run in here.state.runs] == [("partial", "plan")]
    here.facts = replace(here.facts, id="second")
    here.apply(here.manifest({"a": {}}))
    assert [run.outcome for run in here.state.runs] == ["partial", "complete"]


def test_a_vanished_task_that_is_made_in_doubt_keeps_its_protection() -> None:
    here = bench()
    here.apply(here.manifest({"a": {"protect": True}}))
    here.apply(here.manifest({"a": {}}))
    here.portal.live.clear()
    here.portal.live[RemoteId(50)] = live_task(50, {"title": "not ours"})
    here.portal.script = [Lost()]
    assert here.apply(here.manifest({"a": {}})).complete
    assert here.state.entries[TaskKey("a")].protected


def test_a_vanished_task_whose_maker_died_keeps_its_protection() -> None:
    here = bench()
    here.apply(here.manifest({"a": {"protect": True}}))
    here.apply(here.manifest({"a": {}}))
    here.portal.live.clear()
    here.portal.live[RemoteId(50)] = live_task(50, {"title": "not ours"})
    here.portal.script = [Dies(done=True)]
    with pytest.raises(Killed):
        here.apply(here.manifest({"a": {}}))
    plan = here.plan(here.manifest({"a": {}}))
    assert not plan, "a plan looks at what is in doubt in memory"
    assert plan.duplicates == ()
    assert here.apply(here.manifest({"a": {}})).complete
    assert here.state.entries[TaskKey("a")].protected
    assert here.state.entries[TaskKey("a")].id == 51


def test_children_follow_a_parent_that_a_dead_run_made_again() -> None:
    here = bench(size=1)
    blocks = {"a": {}, "b": {"parent": "a"}}
    here.apply_and_see(here.manifest(blocks))
    del here.portal.live[here.state.entries[TaskKey("a")].id]
    here.portal.script = [None, Dies()]
    with pytest.raises(Killed):
        here.apply(here.manifest(blocks))
    assert here.apply(here.manifest(blocks)).complete
    assert here.portal.world["b"]["parentId"] == "a"


def test_an_adopted_parent_and_child_that_differ_are_written_in_one_level() -> None:
    here = bench()
    here.apply(here.manifest({"z": {}}))  # a state without entries would take less
    for remote, title in ((11, "a"), (12, "b")):
        fields = {"title": title, "priority": 0}
        here.portal.live[RemoteId(remote)] = live_task(remote, fields, markers=(MARKER,))
    blocks = {"a": {"priority": 1}, "b": {"priority": 1, "parent": "a"}, "z": {}}
    report = here.apply(here.manifest(blocks))
    assert report.complete
    assert here.portal.world["b"]["parentId"] == "a"
    assert len(here.portal.live) == 3


def test_without_a_refresh_a_lost_state_makes_nothing_twice() -> None:
    here = bench()
    manifest = here.manifest({"a": {}, "b": {}})
    here.apply(manifest)
    here.shared.state = None
    plan = here.plan(manifest, refresh=False)
    assert {change.action.value for change in plan.changes} == {"adopt"}


def test_every_change_is_told_exactly_once_at_the_end() -> None:
    here = bench()
    here.portal.script = [Lost()]
    report = here.apply(here.manifest(FOUR))
    last = {e.outcome.change.key: e.outcome.status for e in here.of(ChangeEnded)}
    assert last == dict.fromkeys(report.outcomes, Status.DONE)


def test_what_a_create_takes_is_remembered_and_told_to_the_next_run() -> None:
    """A busy portal gets small batches from the first one on (design 9)."""
    here = bench()
    manifest = here.manifest({"a": {}})
    here.portal.script.append(lambda: setattr(here.portal, "create_seconds", 1.23456))
    here.apply(manifest)
    assert here.state.identity.create_seconds == 1.235
    here.portal.create_seconds = None
    here.apply(here.manifest({"a": {}, "b": {}}))
    assert here.portal.create_seconds == 1.235
