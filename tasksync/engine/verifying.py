"""Proof after the apply: one bulk read, and each written field is as asked, normalised or missing.

What was made and shows is remembered with its createdDate; what does not show for 10 s stays
remembered as hidden (design 7, *Gone or hidden*).

What is let go of is forgotten here, once it shows without our marker: an entry that went before its
marker would leave a task that is marked and nobody's.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from tasksync.core.change import Action, Change, Outcome, Status
from tasksync.core.events import ValueMissing, ValueNormalised, Verified
from tasksync.core.fields import RemoteId, TaskKey
from tasksync.core.manifest import marker_of
from tasksync.core.ports import Clock, Listener, Portal
from tasksync.core.proof import Proof, proof_of
from tasksync.core.state import StateDelta
from tasksync.core.task import LiveTask
from tasksync.engine.lease import LeaseHolder
from tasksync.engine.read_cost import batches, pages, read_by_list
from tasksync.engine.recording import Recorder
from tasksync.engine.run_cost import PROVABLE
from tasksync.value_classes import dataclass

#: a list may lag behind a write (api-contract 14.17): what seems missing is looked at again
_LOOKS = (0.0, 2.0, 3.0, 5.0)


@dataclass(frozen=True, slots=True)
class Verification:
    """How many tasks were looked at, and in which of them a field was not written."""

    tasks: int
    missing: tuple[TaskKey, ...] = ()


@dataclass(frozen=True, slots=True)
class Verifier:
    """Compares what was written with what is there.

    `recorder` keeps what is forgotten here in the run's history; without one it is not kept.
    """

    portal: Portal
    lease_holder: LeaseHolder
    clock: Clock
    listener: Listener
    marker: str | None
    mark: str | None = None  # the project's own tag, also where its policy writes none any more
    recorder: Recorder | None = None

    def verify(self, outcomes: Iterable[Outcome], tracked: int) -> Verification:
        """Read back every task that was written; what came otherwise is remembered, durably."""
        written = {
            remote: outcome
            for outcome in outcomes
            if outcome.status is Status.DONE
            and outcome.change.writes
            and outcome.change.action in PROVABLE
            and (remote := outcome.id or outcome.change.id) is not None
        }
        if not written:
            return Verification(0)
        shown: dict[RemoteId, str] = {}
        proofs, requests = self._look(written, tracked, shown)
        changes = {remote: outcome.change for remote, outcome in written.items()}
        self._remember(changes, proofs, shown)
        missing = self._tell(changes, proofs)
        self.listener(Verified(len(changes), requests))
        return Verification(len(changes), missing)

    def _look(
        self, written: dict[RemoteId, Outcome], tracked: int, shown: dict[RemoteId, str]
    ) -> tuple[dict[RemoteId, Proof | None], int]:
        """Return a proof for each task, and the requests taken; note when each was created."""
        proofs: dict[RemoteId, Proof | None] = {}
        waiting = dict(written)
        requests = 0
        for wait in _LOOKS:
            if wait:
                self.clock.sleep(wait)
            by_list = not wait and read_by_list(len(waiting), tracked, self.marker)
            free = tuple(i for i, one in waiting.items() if one.change.action is Action.FORGET)
            marker, ids = (self.marker, free) if by_list else (None, tuple(waiting))
            requests += pages(tracked) * by_list + batches(len(ids))
            proofs |= dict.fromkeys(waiting)
            proofs |= {remote: Proof() for remote in free}  # gone is free, too
            for live in self.portal.find(marker, ids):
                if live.id in waiting:
                    one = waiting[live.id]
                    proofs[live.id] = self._proof(one.change, live)
                    shown[live.id] = live.created or ""
            waiting = {i: one for i, one in waiting.items() if _unproved(proofs[i])}
            if not waiting:
                break
        return proofs, requests

    def _proof(self, change: Change, live: LiveTask) -> Proof:
        """Return the proof of the fields, and of the marker where this change was to write it."""
        proof = proof_of(change, live)
        if change.action is Action.FORGET:
            mark = self.mark or self.marker
            return Proof() if mark in change.markers else _let_go(live, mark)
        writes_marker = (
            change.action in {Action.CREATE, Action.ADOPT} or self.marker in change.markers
        )
        told = self.marker is not None and "tags" in live.fields
        if change.origin is not None and marker_of(change.origin.project) in live.markers:
            proof.missing["marker"] = live.markers
        if writes_marker and told and self.marker not in live.markers:
            proof.missing["marker"] = live.fields["tags"]
        return proof

    def _remember(
        self,
        changes: dict[RemoteId, Change],
        proofs: dict[RemoteId, Proof | None],
        shown: dict[RemoteId, str],
    ) -> None:
        put = tuple(
            change.entry(remote, proof.normalised, proof.missing).shown(shown[remote], later=False)
            for remote, change in changes.items()
            if (proof := proofs[remote]) is not None
            and change.action is not Action.FORGET
            and (not proof or change.forms or change.action is Action.CREATE)
        )
        forgotten = {
            remote: change
            for remote, change in changes.items()
            if change.action is Action.FORGET and not _unproved(proofs[remote])
        }
        drop = tuple(change.key for change in forgotten.values())
        recorder = self.recorder
        recorded = (
            () if recorder is None else tuple(recorder.of(c, i) for i, c in forgotten.items())
        )
        self.lease_holder.commit(StateDelta(put, drop, recorded=recorded))

    def _tell(
        self, changes: dict[RemoteId, Change], proofs: dict[RemoteId, Proof | None]
    ) -> tuple[TaskKey, ...]:
        missing: list[TaskKey] = []
        for remote, proof in proofs.items():
            change = changes[remote]
            for event in _events(change, remote, proof):
                self.listener(event)
            if _unproved(proof):
                missing.append(change.key)
        return tuple(missing)


def _let_go(live: LiveTask, mark: str | None) -> Proof:
    """Look for our marker alone: what else happens to a task that was let go of is not ours."""
    return Proof(missing={"marker": (mark,)} if mark in live.markers else {})


def _unproved(proof: Proof | None) -> bool:
    return proof is None or bool(proof.missing)


def _events(
    change: Change, remote: RemoteId, proof: Proof | None
) -> Iterator[ValueNormalised | ValueMissing]:
    if proof is None:
        yield ValueMissing(change.key, remote, "task", "there", "not found")
        return
    for name, found in proof.normalised.items():
        asked = change.body.get(name, change.asked.get(name))
        yield ValueNormalised(change.key, remote, name, asked, found)
    for name, found in proof.missing.items():
        yield ValueMissing(change.key, remote, name, change.body.get(name), found)
