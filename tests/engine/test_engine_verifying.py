"""Proof after an apply: as asked, normalised and remembered, or missing and named."""

from __future__ import annotations

from dataclasses import replace

from scripted import Bench, bench

from tasksync.core.events import ValueMissing, ValueNormalised, Verified
from tasksync.core.fields import TaskKey, Value
from tasksync.core.task import OnRemove
from tasksync.engine.applying import Report
from tasksync.engine.read_cost import read_by_list
from tasksync.engine.run_cost import requests_for


def applied(here: Bench, blocks: dict[str, dict[str, object]]) -> Report:
    report = here.apply(here.manifest(blocks))
    assert report.complete
    return report


def test_what_is_as_asked_is_proven_in_one_read() -> None:
    here = bench()
    decision = here.verify(applied(here, {"a": {}, "b": {}}))
    assert (decision.tasks, decision.missing) == (2, ())
    assert [(one.tasks, one.requests) for one in here.of(Verified)] == [(2, 1)]


def test_what_the_portal_normalised_is_said_remembered_and_no_drift() -> None:
    here = bench()

    def under_control(name: str, value: Value) -> Value:
        return 4 if name == "status" and value == 5 else value

    here.portal.turn = under_control
    decision = here.verify(applied(here, {"a": {"status": 5}}))
    assert decision.missing == ()
    normalised = here.of(ValueNormalised)
    assert [(one.key, one.name, one.asked, one.found) for one in normalised] == [
        ("a", "status", 5, 4)
    ]
    assert here.state.entries[TaskKey("a")].normalised == {"status": 4}
    plan = here.plan(here.manifest({"a": {"status": 5}}))
    assert not plan
    assert plan.drift == ()


def test_a_status_reset_by_a_new_responsible_is_normalised() -> None:
    here = bench()
    applied(here, {"a": {"status": 3}})
    here.portal.turn = lambda name, value: 2 if name == "status" else value
    report = applied(here, {"a": {"status": 3, "responsibleId": 5}})
    assert here.verify(report).missing == ()
    assert not here.plan(here.manifest({"a": {"status": 3, "responsibleId": 5}}))


def test_what_was_not_written_is_missing_and_planned_again() -> None:
    here = bench()
    here.portal.turn = lambda name, value: "" if name == "description" else value
    decision = here.verify(applied(here, {"a": {"description": "words"}}))
    assert decision.missing == ("a",)
    assert [(one.name, one.asked, one.found) for one in here.of(ValueMissing)] == [
        ("description", "words", "")
    ]
    plan = here.plan(here.manifest({"a": {"description": "words"}}))
    assert [change.action.value for change in plan.changes] == ["update"]


def test_a_listing_that_lags_is_looked_at_again() -> None:
    here = bench()
    report = applied(here, {"a": {}, "b": {}})
    here.portal.hidden = set(here.portal.live)
    sleep = here.clock.sleep

    def later(seconds: float) -> None:
        sleep(seconds)
        here.portal.hidden = set()

    here.clock.sleep = later  # type: ignore[method-assign]
    assert here.verify(report).missing == ()
    assert here.of(Verified)[0].requests == 2


def test_a_task_that_is_nowhere_is_missing() -> None:
    here = bench()
    report = applied(here, {"a": {}})
    here.portal.live.clear()
    assert here.verify(report).missing == ("a",)
    assert [one.name for one in here.of(ValueMissing)] == ["task"]


def test_only_what_was_written_is_read() -> None:
    here = bench()
    applied(here, {"a": {}, "b": {}})
    reads = here.portal.reads
    report = here.apply(here.manifest({"a": {}, "b": {"protect": True}}))
    before = here.portal.reads
    assert here.verify(report).tasks == 0
    assert here.portal.reads == before > reads


def test_a_deferral_is_proven_too() -> None:
    here = bench()
    applied(here, {"a": {}, "b": {}})
    blocks = {"a": {}}
    manifest = here.manifest(blocks)
    manifest = replace(manifest, policy=replace(manifest.policy, on_remove=OnRemove.DEFER))
    report = here.apply(manifest)
    assert here.verify(report).tasks == 1
    assert here.state.entries[TaskKey("b")].deferred


def test_listing_is_chosen_where_it_is_cheaper() -> None:
    assert not read_by_list(50, 100, "m")
    assert read_by_list(101, 100, "m")
    assert not read_by_list(10_000, 10_000, None)
    assert not read_by_list(60, 100_000, "m")


def test_the_cost_of_verifying_is_known_before() -> None:
    here = bench()
    assert requests_for(here.plan(here.manifest({}))) == 0
    assert requests_for(here.plan(here.manifest({f"t{n}": {} for n in range(120)}))) == 2
