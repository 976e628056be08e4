"""Before a request leaves, the other project's state says whose its tasks are now."""

from __future__ import annotations

from dataclasses import replace

import pytest
from casefiles import MARKER, PROJECT, live_task
from scripted import IDENTITY, Bench, Dies, Killed, LoggedStore, bench
from stores import ANNA

from tasksync.core.change import Action, Status
from tasksync.core.fields import RemoteId, TaskKey
from tasksync.core.manifest import Manifest, Moved
from tasksync.core.plan import Plan
from tasksync.core.state import Entry, InProject, PortalIdentity, StateDelta
from tasksync.engine.applying import Applier, EnginePorts, Report
from tasksync.engine.handing_over import HandingOver, OtherProject
from tasksync.engine.lease import LeaseHolder
from tasksync.engine.rechecking import checked
from tasksync.errors import StateForeign, StateMoved, StateNotSaved

OTHER, A, X = "other", TaskKey("a"), TaskKey("x")
THEIRS = f"tasksync:{OTHER}"
TO = InProject(PROJECT, A)


class Two:
    """A project that takes x of another over as its a, and both states."""

    def __init__(self, identity: PortalIdentity = IDENTITY) -> None:
        self.here: Bench = bench()
        self.portal = self.here.portal
        self.portal.live[RemoteId(9)] = live_task(9, {"title": "a"}, markers=(THEIRS,))
        self.store = LoggedStore(OTHER, clock=self.here.clock, ids=self.here.ids)
        self.store.deltas, self.store.fail = [], lambda _delta: False
        self.dumped: list[StateDelta] = []
        self.holder = self.locked()
        asked = {"title": "a", "responsibleId": 1}
        self.holder.commit(StateDelta(put=(Entry(X, RemoteId(9), asked),), identity=identity))
        self.store.deltas.clear()

    def locked(self) -> LeaseHolder:
        lease = self.store.acquire(ANNA, 60.0)
        return LeaseHolder(self.store, lease, self.here.clock, self._dump)

    def _dump(self, delta: StateDelta) -> str:
        self.dumped.append(delta)
        return "other.json"

    @property
    def manifest(self) -> Manifest:
        return self.here.manifest({"a": {}}, moved=(Moved(X, A, OTHER),))

    def plan(self) -> Plan:
        sources = {OTHER: self.store.load()}
        return self.here.planner().plan(self.manifest, self.here.state, sources=sources)

    def apply(self, plan: Plan | None = None) -> Report:
        plan, here = plan or self.plan(), self.here
        ours = here.lease_holder()
        others = {OTHER: OtherProject(self.holder, self.store.load())}
        ports = EnginePorts(
            here.portal, ours, here.resolver(), here.clock, here.events.append, bool,
            HandingOver(PROJECT, others),
        )  # fmt: skip
        self.applier = Applier(ports, plan, ours.load(), here.facts)
        return self.applier.apply()

    @property
    def moved_to(self) -> InProject | None:
        return self.store.load().entries[X].moved_to


def test_it_is_written_down_there_before_the_request_leaves() -> None:
    two = Two()
    (change,) = two.plan().changes
    assert (change.action, change.sent(MARKER)) == (Action.ADOPT, {"tags": [MARKER]})
    two.portal.script = [Dies()]
    with pytest.raises(Killed):
        two.apply()
    assert (two.moved_to, two.portal.sent) == (TO, [])
    assert A not in two.here.state.index
    assert two.apply().complete
    assert two.here.state.entries[A].id == 9
    assert len(two.store.deltas) == 1, "what stands there already is not written again"
    assert not two.plan()


def test_killed_after_the_request_the_next_run_remembers_it_without_another() -> None:
    two = Two()
    two.portal.script = [Dies(done=True)]
    with pytest.raises(Killed):
        two.apply()
    two.portal.live[RemoteId(9)] = replace(two.portal.live[RemoteId(9)], markers=(MARKER,))
    two.portal.sent.clear()
    assert two.apply().complete
    assert two.portal.sent == []
    assert two.here.state.entries[A].id == 9


def test_what_cannot_be_saved_there_is_not_sent() -> None:
    two = Two()
    plan = two.plan()
    two.store.fail = bool
    with pytest.raises(StateNotSaved):
        two.apply(plan)
    assert two.portal.sent == []
    assert [entry.key for delta in two.dumped for entry in delta.put] == [X]
    assert two.applier.report.outcomes[A].status is Status.NOT_STARTED


def test_whoever_lost_the_lock_there_sends_nothing() -> None:
    two = Two()
    plan = two.plan()
    two.here.clock.sleep(61)
    with pytest.raises(StateMoved):
        two.apply(plan)
    assert two.portal.sent == []


def test_what_went_elsewhere_meanwhile_is_not_taken() -> None:
    two = Two()
    plan = two.plan()
    two.holder.commit(StateDelta(drop=(X,)))
    with pytest.raises(StateMoved):
        two.apply(plan)
    assert two.portal.sent == []


def test_a_project_of_another_portal_is_refused_by_name() -> None:
    two = Two(PortalIdentity("elsewhere", "anna"))
    with pytest.raises(StateForeign, match="tasks of project other cannot move here"):
        two.plan()


def test_a_plan_that_believes_the_state_looks_up_what_it_takes() -> None:
    two = Two()
    sources = {OTHER: two.store.load()}
    state = two.here.state
    plan = two.here.planner().plan(two.manifest, state, refresh=False, sources=sources)
    assert [(one.action, one.sent(MARKER)) for one in plan.changes] == [
        (Action.ADOPT, {"tags": [MARKER]})
    ]


def test_a_saved_plan_is_stale_where_the_other_project_has_the_task_no_more() -> None:
    two = Two()
    plan, here = two.plan(), two.here
    fresh = {OTHER: two.store.load()}
    assert checked(plan, here.state, here.portal, (), fresh).stale == {}
    stale = checked(plan, here.state, here.portal).stale
    assert [(one.name, one.there) for one in stale[A]] == [("moved", "no such task there")]
    two.holder.commit(
        StateDelta(put=(replace(fresh[OTHER].entries[X], moved_to=InProject("third", A)),))
    )
    stale = checked(plan, here.state, here.portal, (), {OTHER: two.store.load()}).stale
    assert [one.there for one in stale[A]] == ["task 9, moved to a of project third"]


def test_their_marker_that_stays_on_is_named_as_not_written() -> None:
    two = Two()
    report = two.apply()
    there = two.portal.live[RemoteId(9)]
    two.portal.live[RemoteId(9)] = replace(there, markers=(MARKER, THEIRS))
    assert two.here.verify(report).missing == (A,)
