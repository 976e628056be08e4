"""Proof after the apply: one bulk read, and each written field is as asked, turned or missing."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from types import MappingProxyType

from tasksync.core.change import Action, Became, Change, Outcome
from tasksync.core.events import ValueMissing, ValueTurned, Verified
from tasksync.core.fields import RemoteId, TaskKey
from tasksync.core.plan import Plan
from tasksync.core.ports import Clock, Listener, Portal
from tasksync.core.proof import Proof, proof_of
from tasksync.core.state import StateDelta
from tasksync.engine.keeping import Keeper
from tasksync.engine.opening import remembering

#: reading by id takes one request for so many tasks, listing one for so many
BY_ID, BY_LIST = 50, 5000
#: a list may lag behind a write (api-contract 14.17): what seems missing is looked at again
_LOOKS = (0.0, 2.0, 5.0)
_PROVABLE = {Action.CREATE, Action.UPDATE, Action.DEFER, Action.ADOPT}


@dataclass(frozen=True, slots=True)
class Verdict:
    """How many tasks were looked at, and in which of them a field was not written."""

    tasks: int
    missing: tuple[TaskKey, ...] = ()


def read_by_list(written: int, tracked: int, marker: str | None) -> bool:
    """Tell whether listing the project is cheaper than asking for each written task."""
    return marker is not None and tracked // BY_LIST + 1 < -(-written // BY_ID)


def requests_for(plan: Plan) -> int:
    """Return how many requests verifying this plan will take when all of it succeeds."""
    written = sum(change.writes and change.action in _PROVABLE for change in plan.changes)
    if not written:
        return 0
    summary = plan.summary
    tracked = plan.tracked + summary.add + summary.adopt - summary.remove
    if read_by_list(written, tracked, plan.marker):
        return tracked // BY_LIST + 1
    return -(-written // BY_ID)


@dataclass(frozen=True, slots=True)
class Verifier:
    """Compares what was written with what is there; `blocks` are those of the plan."""

    portal: Portal
    keeper: Keeper
    clock: Clock
    listener: Listener
    marker: str | None
    blocks: Mapping[TaskKey, bytes] = field(default_factory=lambda: MappingProxyType({}))

    def verify(self, outcomes: Iterable[Outcome], tracked: int) -> Verdict:
        """Read back every task that was written; what came otherwise is remembered, durably."""
        written = {
            remote: outcome
            for outcome in outcomes
            if outcome.became is Became.DONE
            and outcome.change.writes
            and outcome.change.action in _PROVABLE
            and (remote := outcome.id or outcome.change.id) is not None
        }
        if not written:
            return Verdict(0)
        proofs, requests = self._look(written, tracked)
        changes = {remote: outcome.change for remote, outcome in written.items()}
        self._remember(changes, proofs)
        missing = self._tell(changes, proofs)
        self.listener(Verified(len(changes), requests))
        return Verdict(len(changes), missing)

    def _look(
        self, written: dict[RemoteId, Outcome], tracked: int
    ) -> tuple[dict[RemoteId, Proof | None], int]:
        proofs: dict[RemoteId, Proof | None] = {}
        waiting = dict(written)
        requests = 0
        for wait in _LOOKS:
            if wait:
                self.clock.sleep(wait)
            by_list = not wait and read_by_list(len(waiting), tracked, self.marker)
            marker, ids = (self.marker, ()) if by_list else (None, tuple(waiting))
            requests += tracked // BY_LIST + 1 if by_list else -(-len(waiting) // BY_ID)
            proofs |= dict.fromkeys(waiting)
            for live in self.portal.find(marker, ids):
                if live.id in waiting:
                    one = waiting[live.id]
                    proofs[live.id] = proof_of(one.change, live)
            waiting = {i: one for i, one in waiting.items() if _unproved(proofs[i])}
            if not waiting:
                break
        return proofs, requests

    def _remember(
        self, changes: dict[RemoteId, Change], proofs: dict[RemoteId, Proof | None]
    ) -> None:
        put = tuple(
            remembering(self.blocks, changes[remote].entry(remote, proof.turned, proof.missing))
            for remote, proof in proofs.items()
            if proof is not None and (not proof or changes[remote].forms)
        )
        self.keeper.commit(StateDelta(put=put))

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


def _unproved(proof: Proof | None) -> bool:
    return proof is None or bool(proof.missing)


def _events(
    change: Change, remote: RemoteId, proof: Proof | None
) -> Iterator[ValueTurned | ValueMissing]:
    if proof is None:
        yield ValueMissing(change.key, remote, "task", "there", "not found")
        return
    for name, found in proof.turned.items():
        asked = change.body.get(name, change.asked.get(name))
        yield ValueTurned(change.key, remote, name, asked, found)
    for name, found in proof.missing.items():
        yield ValueMissing(change.key, remote, name, change.body.get(name), found)
