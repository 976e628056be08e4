"""FORGET frees a task: the marker first, then the memory; what stands between is done again."""

from __future__ import annotations

from dataclasses import replace

import pytest
from casefiles import MARKER
from scripted import Bench, Breaks, Dies, Killed, Rejects, bench

from tasksync.core.change import Action, Status
from tasksync.core.events import ValueMissing
from tasksync.core.fields import TaskKey
from tasksync.core.manifest import Manifest, Policy
from tasksync.core.planning.build import Scope
from tasksync.core.task import LiveTask
from tasksync.engine.applying import Report

B = TaskKey("b")
OTHERS = "tasksync:other"


def scene(*, proves: bool = True) -> tuple[Bench, Manifest]:
    """Return a project of a and b, and its manifest that lets b go."""
    here = bench()
    here.apply_and_see(here.manifest({"a": {}, "b": {}}))
    here.facts = replace(here.facts, proves=proves)
    here.portal.sent.clear()
    turn(here, fields={**task(here).fields, "tags": ("people's",)})
    return here, here.manifest({"a": {}}, removed=(B,))


def task(here: Bench) -> LiveTask:
    return here.portal.live[here.state.entries[B].id]


def turn(here: Bench, **other: object) -> None:
    here.portal.live[here.state.entries[B].id] = replace(task(here), **other)  # type: ignore[arg-type]


def sent(here: Bench) -> list[dict[str, object]]:
    return [change.sent(MARKER) for batch in here.portal.sent for change in batch]


def all_of(report: Report) -> list[Status]:
    return [outcome.status for outcome in report.outcomes.values()]


def test_the_marker_comes_off_by_one_patch_of_tags_that_keeps_those_of_people() -> None:
    here, manifest = scene()
    remote = here.state.entries[B].id
    report = here.apply(manifest)
    assert sent(here) == [{"tags": ["people's"]}]
    assert B in here.state.index, "it is remembered until it was seen without its marker"
    assert here.verify(report).missing == ()
    assert B not in here.state.index
    assert here.portal.live[remote].markers == ()
    assert here.state.released == ()
    assert not here.plan(manifest)


def test_where_nothing_is_read_back_the_answer_is_believed() -> None:
    here, manifest = scene(proves=False)
    assert here.apply(manifest).complete
    assert B not in here.state.index


def test_killed_between_the_patch_and_the_proof_the_next_run_forgets_without_a_request() -> None:
    here, manifest = scene()
    here.portal.script = [Dies(done=True)]
    with pytest.raises(Killed):
        here.apply(manifest)
    assert task(here).markers == ()
    here.portal.sent.clear()
    assert here.apply(manifest).complete
    assert here.portal.sent == []
    assert B not in here.state.index
    assert here.plan(manifest).orphans == ()


def test_killed_before_the_patch_it_is_ours_and_let_go_of_again() -> None:
    here, manifest = scene()
    here.portal.script = [Dies()]
    with pytest.raises(Killed):
        here.apply(manifest)
    assert (task(here).markers, B in here.state.index) == ((MARKER,), True)
    here.verify(here.apply(manifest))
    assert B not in here.state.index


@pytest.mark.parametrize("step", [Rejects(), Breaks()])
def test_what_the_portal_refuses_or_cannot_do_stays_ours(step: Rejects | Breaks) -> None:
    here, manifest = scene()
    here.portal.script = [step]
    report = here.apply(manifest)
    assert not report.complete
    here.verify(report)
    assert (task(here).markers, B in here.state.index) == ((MARKER,), True)
    assert [c.action for c in here.plan(manifest).changes] == [Action.FORGET]


def test_a_portal_that_says_done_and_keeps_the_tag_is_named_and_asked_again() -> None:
    here, manifest = scene()
    here.portal.drops_marker = True  # here: it does nothing to markers
    decision = here.verify(here.apply(manifest))
    assert decision.missing == ("b",)
    told = here.of(ValueMissing)
    assert [(one.key, one.name, one.found) for one in told] == [("b", "marker", (MARKER,))]
    assert B in here.state.index
    here.portal.drops_marker = False
    assert here.verify(here.apply(manifest)).missing == ()
    assert B not in here.state.index


def test_a_task_that_is_gone_when_it_is_read_back_is_free() -> None:
    here, manifest = scene()
    remote = here.state.entries[B].id
    report = here.apply(manifest)
    del here.portal.live[remote]
    assert here.verify(report).missing == ()
    assert B not in here.state.index


def test_what_another_project_took_at_once_is_free_of_ours() -> None:
    here, manifest = scene()
    report = here.apply(manifest)
    turn(here, markers=(OTHERS,))
    assert here.verify(report).missing == ()
    assert B not in here.state.index


def test_where_people_took_the_marker_off_nothing_is_sent() -> None:
    here, manifest = scene()
    turn(here, markers=())
    assert here.apply(manifest).complete
    assert (here.portal.sent, B in here.state.index) == ([], False)


def test_a_task_of_another_project_by_now_is_forgotten_and_not_touched() -> None:
    here, manifest = scene()
    turn(here, markers=(MARKER, OTHERS))
    assert here.apply(manifest).complete
    assert (here.portal.sent, B in here.state.index) == ([], False)


def test_a_project_that_writes_no_marker_any_more_takes_off_what_it_once_wrote() -> None:
    here, _manifest = scene()
    remote = here.state.entries[B].id
    manifest = here.manifest({"a": {}}, removed=(B,), policy=Policy(marker=False))
    here.apply(manifest)
    assert sent(here) == [{"tags": ["people's"]}]
    assert here.portal.live[remote].markers == ()


def test_a_plan_that_believes_the_state_reads_the_tags_of_what_it_lets_go_of() -> None:
    here, manifest = scene()
    (change,) = here.plan(manifest, refresh=False).changes
    assert change.sent(MARKER) == {"tags": ["people's"]}
    turn(here, created="2020-01-01T00:00:00Z")
    (change,) = here.plan(manifest, refresh=False).changes
    assert not change.writes, "another task stands under its number"


def test_a_plan_that_leaves_it_out_lets_nothing_go() -> None:
    here, manifest = scene()
    assert here.apply(manifest, Scope(excludes=("b",))).complete
    assert (task(here).markers, B in here.state.index) == ((MARKER,), True)


def test_a_saved_plan_is_stale_where_tags_moved_and_done_where_it_was_done() -> None:
    here, manifest = scene()
    plan = here.plan(manifest)
    turn(here, fields={**task(here).fields, "tags": ("people's", "new")})
    assert [[one.name for one in why] for why in here.check(plan).stale.values()] == [["tags"]]
    here.verify(here.apply(manifest))
    assert here.check(plan).done == (B,)
