"""What undo reads: the run and what it did, the tasks that it is about, and the manifest."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from tasksync.cli.history_flow import keeping_of
from tasksync.cli.wiring import Session
from tasksync.core.fields import RemoteId
from tasksync.core.history import RecordedChange
from tasksync.core.later_runs import named_run, run_to_undo, runs_after, since
from tasksync.core.manifest import Manifest, Policy, marker_of
from tasksync.core.manifest_again import changed_again
from tasksync.core.plan import Plan
from tasksync.core.ports import StateStore
from tasksync.core.remembered_runs import short, why_not_kept
from tasksync.core.state import Run, State
from tasksync.core.task import LiveTask
from tasksync.core.undoing import Undoing, ids_of, undo_plan
from tasksync.engine.extra_reading import read_extras
from tasksync.engine.lease import LeaseHolder
from tasksync.engine.portal_check import check_portal, other_owner, tell_other_owner
from tasksync.engine.read_cost import read_of
from tasksync.engine.rechecking import Checked, checked
from tasksync.errors import PlanStale, StateError, TasksyncError
from tasksync.portal.client import RestPortal
from tasksync.render.undo_text import again_text, no_manifest_text
from tasksync.value_classes import dataclass, replace


@dataclass(frozen=True, slots=True)
class UndoPlanned:
    """A run turned round, held against the portal as it is now."""

    run: Run
    undoing: Undoing
    now: Checked

    @property
    def plan(self) -> Plan:
        """What can be done of it."""
        return self.now.plan

    @property
    def left_out(self) -> int:
        """How many changes cannot be taken back."""
        return len(self.undoing.cannot) + len(self.now.stale)

    @property
    def done(self) -> int:
        """How many are taken back already."""
        return len(self.undoing.done) + len(self.now.done)


class UndoReader:
    """What undo reads: the run and its changes, the tasks that they are about, the manifest."""

    def __init__(
        self,
        parts: Session,
        store: StateStore,
        state: State,
        manifest: Manifest | None,
        project: str,
    ) -> None:
        self.parts = parts
        self.state = state
        self._store = store
        self._manifest = manifest
        self._project = project
        self._marker = marker_of(project) if manifest is None else manifest.marker
        self.portal: RestPortal = parts.portal(self._marker)
        self._there: Mapping[RemoteId, LiveTask] = {}
        self._planner = parts.planner(self.portal, parts.resolver(self.portal, self._marker))

    @property
    def timezone(self) -> str | None:
        """The manifest's; None where it has none, or is not at hand."""
        return None if self._manifest is None else self._manifest.timezone

    def settle(self, holder: LeaseHolder) -> None:
        """Look for what an earlier run left in doubt: what it made belongs to that run."""
        self.state = self._planner.resolved(holder, self.state)

    def of(self, word: str) -> UndoPlanned:
        """Turn the run that a word names round; raises where it cannot be taken back at all."""
        runs, state = self.state.runs, self.state
        run = run_to_undo(word, runs, self._store.recorded)
        _must_be_open(run, runs)
        recorded = self._kept(run)
        self._say_openly(recorded)
        later = since(
            run, [(one, self._store.recorded(one.id) or ()) for one in runs_after(run, runs)]
        )
        here = check_portal(self.portal, state)
        tell_other_owner(here, state.identity, self.parts.hear)
        frame = self._frame(run, here.portal, other_owner(here, state.identity))
        self._there = self._live(recorded)
        undoing = undo_plan(recorded, later, state, self._there, frame)
        now = checked(self._planner.named(undoing.plan), state, self.portal)
        return UndoPlanned(run, undoing, now)

    def _kept(self, run: Run) -> tuple[RecordedChange, ...]:
        """Return what a run did; raises StateError where the state keeps none of it."""
        if recorded := self._store.recorded(run.id):
            return recorded
        why = why_not_kept(run, self.state.runs, keeping_of(self.parts, self._project))
        raise StateError(
            f"What run {named_run(run)} did is not kept in this state: {why}.",
            "Take it back by the manifest: git revert, then tasksync apply. Or name another run: "
            "tasksync history lists them.",
        )

    def _say_openly(self, recorded: Sequence[RecordedChange]) -> None:
        """Leave what the run wrote as it is, also where it looks like a secret of ours."""
        hidden = self.parts.console.hidden
        if hidden is not None:
            before = hidden.openly
            self.parts.says(lambda: (*before(), repr(recorded)))

    def _frame(self, run: Run, portal: str, owner: str) -> Plan:
        """Return a plan without changes; policy.allow is the manifest's budget, and not undo's."""
        manifest, state = self._manifest, self.state
        policy = Policy() if manifest is None else manifest.policy
        return Plan(
            self._project,
            portal,
            state.lineage,
            state.serial,
            marker=self._marker,
            policy=replace(policy, allow_delete=None, allow_reason=""),
            files=() if manifest is None else manifest.files,
            remembered=state.files,
            other_owner=owner,
            undoes=run.id,
        )

    def _live(self, recorded: Sequence[RecordedChange]) -> Mapping[RemoteId, LiveTask]:
        ids = ids_of(recorded, self.state)
        read_extras(self.portal, self.state)
        return read_of(self.portal, ids, len(self.state.index), self._marker)

    def told_again(self, plan: Plan) -> str:
        """Return which tasks the manifest will change again, for people."""
        if not plan:
            return ""
        if self._manifest is None:
            return no_manifest_text()
        directory = self.parts.directory(lambda: self.portal, self.state)
        try:
            return again_text(
                changed_again(plan, self.state, self._there, self._manifest, directory)
            )
        except TasksyncError as error:
            return no_manifest_text(error.message)


def _must_be_open(run: Run, runs: Sequence[Run]) -> None:
    """Refuse a run that was taken back already, all of it."""
    by = _complete_undo(run, runs)
    if by is None:
        return
    again = _complete_undo(by, runs)
    way = f"To have it again, undo that: tasksync undo {short(by.id)}"
    if again is not None:
        way = f"That was undone too. To take it back, undo that: tasksync undo {short(again.id)}"
    raise PlanStale(f"Run {named_run(run)} was undone already, by run {named_run(by)}.", way)


def _complete_undo(run: Run, runs: Sequence[Run]) -> Run | None:
    """Return the run that took all of one back."""
    return next((one for one in runs if one.undoes == run.id and one.outcome == "complete"), None)
