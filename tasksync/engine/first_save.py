"""What an apply saves before it sends anything: the run, and what needs no portal to be true."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from datetime import datetime
from types import MappingProxyType

from tasksync.core.address_book import RememberedNumbers
from tasksync.core.fields import TaskKey
from tasksync.core.plan import Plan
from tasksync.core.ports import Portal
from tasksync.core.state import Entry, PortalIdentity, Run, State, StateDelta
from tasksync.core.task import NOTHING_WRITTEN
from tasksync.value_classes import dataclass, replace

#: of a run that has not ended
NOT_COUNTED: Mapping[str, int] = MappingProxyType({})


@dataclass(frozen=True, slots=True)
class RunFacts:
    """What the state should remember of a run: its id, a saved plan's digest, whose portal.

    `serial` is of the state that the plan was made from; `left_out` counts the changes of a saved
    plan that this run does not do. `began`: there was no state before this run. `touched` is what
    a saved plan that was done in part must leave alone from now on. `proves`: the Verifier reads
    back what was written, and what lost its marker is remembered until it has seen that. `by` is
    user@host, `ci` the CI run's address; `digest` is of the plan, saved or not; `undoes` is the
    run that the plan takes back.
    """

    id: str
    plan: str
    identity: PortalIdentity
    files: tuple[str, ...] | None
    serial: int = 0
    left_out: int = 0
    began: bool = False
    touched: tuple[TaskKey, ...] = ()
    proves: bool = False
    by: str = ""
    ci: str = ""
    digest: str = ""
    undoes: str = ""

    def run(
        self,
        at: datetime,
        outcome: str,
        allowances: Mapping[str, int],
        counts: Mapping[str, int] = NOT_COUNTED,
    ) -> Run:
        """Return the run as it is remembered, with what was used of policy.allow by now.

        `counts` says how many changes of each action were done, once that is known.
        """
        return Run(
            self.id, at, outcome, self.plan, self.serial, self.began, self.touched, allowances,
            by=self.by, ci=self.ci, command="undo" if self.undoes else "apply",
            digest=self.digest, counts=counts, undoes=self.undoes,
        )  # fmt: skip


def first_save(plan: Plan, state: State, facts: RunFacts, now: datetime) -> StateDelta:
    """Return the first delta of a run: state-only changes, moved keys, and the run itself.

    And what reading has shown of tasks that were not known to be shown, or not with a date.
    """
    moves = [(old, new) for old, new in plan.moved if old in state.index]
    state_only = tuple(
        change.entry(change.id) for change in plan.state_only if change.id is not None
    )
    kept = {entry.key for entry in state_only}
    shown = _Shown(plan, state)
    moved = (replace(shown.entry(old), key=new) for old, new in moves if new not in kept)
    put = (*moved, *state_only, *_with_new_sources(plan, shown))
    others = {entry.key for entry in put} | {old for old, _new in moves}
    return StateDelta(
        put=(*put, *(shown.entry(key) for key in sorted(plan.learned.keys() - others))),
        drop=tuple(old for old, _new in moves),
        run=facts.run(now, "started", state.allowances) if remembers_run(plan, facts) else None,
        identity=facts.identity if _is_news(facts.identity, state.identity, plan) else None,
        files=_files(plan, facts.files, state.files),
        directory=_directory(plan, state, saved=bool(facts.plan)),
    )


def remembers_run(plan: Plan, facts: RunFacts) -> bool:
    """Tell whether a run is remembered: one that changes tasks, or does what was approved.

    An approval may ask for what stands in the state alone, and is used by that, too.
    """
    asks = any(one.asks_anew for one in plan.state_only) or bool(plan.moved)
    return any(plan.levels) or (bool(facts.plan) and asks)


class _Shown:
    """The entries of a state as the plan's reading has shown them."""

    def __init__(self, plan: Plan, state: State) -> None:
        self._learned = plan.learned
        self.state = state

    def entry(self, key: TaskKey) -> Entry:
        """Return the entry of a remembered key."""
        entry = self.state.entries[key]
        return entry.shown(self._learned[key]) if key in self._learned else entry


def _with_new_sources(plan: Plan, shown: _Shown) -> Iterator[Entry]:
    """Yield unchanged entries whose text had to be parsed: of an older tasksync, or reworded.

    Only beside other changes: an apply that changes nothing saves nothing.
    """
    if not any(plan.levels):
        return
    others = plan.keys.union(*plan.moved)
    for key in sorted(plan.reworded.keys() - others):
        row = shown.state.index.row(key)
        if row is not None and shown.state.index.source(row) != plan.reworded[key]:
            written = plan.rewritten.get(key, NOTHING_WRITTEN)
            yield replace(shown.entry(key), source=plan.reworded[key], written=written)


def _is_news(here: PortalIdentity, known: PortalIdentity | None, plan: Plan) -> bool:
    if _is_half_seen(plan):
        return False
    return known is None or (known.portal, known.owner) != (here.portal, here.owner)


def _is_half_seen(plan: Plan) -> bool:
    """Tell whether another owner's eyes saw a part alone: what else he cannot see is not known."""
    return bool(plan.other_owner) and plan.partial


def learned(
    here: PortalIdentity, known: PortalIdentity | None, plan: Plan, portal: Portal
) -> PortalIdentity | None:
    """Return the identity with what a run learned of its portal, where that is news."""
    takes = portal.create_seconds
    if takes is None:
        return None
    bound = known if known is not None and _is_half_seen(plan) else here
    now = replace(bound, create_seconds=max(round(takes, 3), 0.001))
    return None if now == known else now


def _directory(plan: Plan, state: State, *, saved: bool) -> RememberedNumbers | None:
    """Return what to remember of addresses; what only a part was planned of stays known.

    So does what was learned since a saved plan was made.
    """
    learned_now = plan.directory
    if learned_now is not None and (saved or plan.partial):
        learned_now = state.directory.with_(learned_now)
    return None if learned_now == state.directory else learned_now


def _files(
    plan: Plan, files: tuple[str, ...] | None, known: tuple[str, ...]
) -> tuple[str, ...] | None:
    """Return the manifest files to remember; what only a part was planned of stays known."""
    if files is not None and plan.partial:
        files = tuple(sorted({*files, *known}))
    return None if files == known else files
