"""Doing a plan, level by level: intents first, one durable save for each answered request.

level -> skip what hangs on a failure -> resolve parents' ids -> perform
-> save what was answered -> settle creates in doubt -> send again what never happened

The first creates of a run go alone: no others leave before their marker was read back.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterable, Sequence

from tasksync.core.change import Action, Change, Outcome, Status
from tasksync.core.events import ApplyStarted, ChangeEnded, ChangesSent
from tasksync.core.fields import RemoteId, TaskKey
from tasksync.core.history import RecordedChange
from tasksync.core.plan import Plan
from tasksync.core.ports import LEAVES_WITHIN, Clock, Listener, Permission, Portal
from tasksync.core.state import Entry, Intent, Run, State, StateDelta
from tasksync.engine.doubt import Resolver
from tasksync.engine.first_save import RunFacts, first_save, learned, remembers_run
from tasksync.engine.handing_over import HandingOver
from tasksync.engine.lease import LeaseHolder
from tasksync.engine.marker_proof import MarkerProof
from tasksync.engine.open_requests import Requests
from tasksync.engine.recording import Recorder
from tasksync.engine.run_cost import FIRST_BATCH
from tasksync.errors import PortalError, PortalUnavailable, StateError, TasksyncError
from tasksync.value_classes import dataclass, field, replace

__all__ = ["ATTEMPTS", "Applier", "EnginePorts", "Report", "RunFacts"]

#: how often a create that provably never happened is sent before it counts as failed
ATTEMPTS = 3
#: the vendor's code for a method whose working time is used up (contract 5.2)
SPENT = "OPERATION_TIME_LIMIT"
_UNSAVED = "the portal did it, and that could not be saved"
_UNHEARD = "it was about to leave, and nobody waited for the answer"
_PLACE_IT = (
    "Look on the portal: say adopt: {id: N} for what is there, and tasksync state rm KEY for what "
    "is not; then apply again."
)


@dataclass(slots=True)
class Report:
    """How a plan ended: one outcome for each change, and what ended the run early."""

    outcomes: dict[TaskKey, Outcome] = field(default_factory=dict)
    error: TasksyncError | None = None

    @property
    def done(self) -> int:
        """How many changes were done so far."""
        status = [outcome.status for outcome in tuple(self.outcomes.values())]
        return status.count(Status.DONE)

    def of(self, status: Status) -> list[Outcome]:
        """Return the outcomes of one kind."""
        return [outcome for outcome in self.outcomes.values() if outcome.status is status]

    @property
    def complete(self) -> bool:
        """Whether every change was done."""
        return self.error is None and all(
            outcome.status is Status.DONE for outcome in self.outcomes.values()
        )


@dataclass(frozen=True, slots=True)
class EnginePorts:
    """The world as an apply needs it: all of it is handed in."""

    portal: Portal
    lease_holder: LeaseHolder
    resolver: Resolver
    clock: Clock
    listener: Listener
    stopping: Callable[[], bool]
    handing_over: HandingOver = field(default_factory=HandingOver)


class Applier:
    """One apply of one plan, done once: which ids are known, and what is not saved yet.

    `report` is how it stands so far, also where `apply` raised; `recorder` makes the records of
    what the run did, for whoever does the rest of it.
    """

    def __init__(self, ports: EnginePorts, plan: Plan, state: State, facts: RunFacts) -> None:
        self._portal = ports.portal
        self._lease_holder = ports.lease_holder
        self._resolver = ports.resolver
        self._clock = ports.clock
        self._listener = ports.listener
        self._stopping = ports.stopping
        self._handing_over = ports.handing_over
        self._plan = plan
        self._state = state
        self._facts = facts
        self._previous = {after: before for before, after in plan.moved if before in state.index}
        self._creating = {c.key for c in plan.changes if c.action is Action.CREATE}
        self._gone = {c.key for c in plan.changes if c.action in {Action.CREATE, Action.FORGET}}
        self._doubtful = {intent.key for intent in state.intents}
        self._ids = {c.key: c.id for c in plan.changes if c.action is Action.ADOPT and c.id}
        self._released = state.released
        self._allowances = dict(state.allowances)
        self._made: list[Entry] = []
        self._originals: dict[TaskKey, Change] = {}
        self._pending: list[Outcome] = []
        self._unsaved: list[Outcome] = []
        self._requests = Requests()
        self._intents: dict[TaskKey, Intent] = {}
        self.recorder = Recorder(facts.id, plan, state)
        self._proof = MarkerProof(ports.portal, plan.marker, ports.clock, ports.stopping)
        self._floor: RemoteId | None = None
        self._doubted_at: float | None = None
        self.report = Report()

    def apply(self, requests: int = 0) -> Report:
        """Do every level; a PortalError that stops the run stands in the report.

        A StateError is raised, once every change has its outcome in `report`.
        `requests` is what it is expected to take, for the progress.
        """
        if self._state.identity is not None and self._state.identity.create_seconds is not None:
            self._portal.create_seconds = self._state.identity.create_seconds
        total = sum(len(level) for level in self._plan.levels)
        if total:
            self._listener(ApplyStarted(self._plan.summary, requests, total))
        first = first_save(self._plan, self._state, self._facts, self._clock.now())
        self._lease_holder.commit(first)
        try:
            self._leave_doubtful()
            for level in self._plan.levels:
                self._level(level)
                self.recorder.level_ended(level)
        except PortalError as error:
            self.report.error = error
        except StateError:
            self._cut_off()
            raise
        finally:
            self._not_started()
        self._lease_holder.commit(self._closing())
        return self.report

    def _closing(self) -> StateDelta:
        """Return what is saved last: how the run ended."""
        if not remembers_run(self._plan, self._facts):
            return StateDelta()
        whole = self.report.complete and not self._facts.left_out
        outcome = "complete" if whole else "partial"
        counts = Counter(one.change.action.value for one in self.report.of(Status.DONE))
        return StateDelta(
            run=self._facts.run(self._clock.now(), outcome, self._allowances, counts),
            identity=learned(self._facts.identity, self._state.identity, self._plan, self._portal),
        )

    def _leave_doubtful(self) -> None:
        """Leave alone every create that an earlier run may have done.

        Without a marker nobody can look for it, and the run stops before anything is sent.
        """
        keys = self._creating & self._doubtful
        for change in self._plan.changes:
            if change.key in keys:
                words = (
                    "an earlier run may have created it, and no marked task can be told to be it"
                )
                self._end(Outcome(change, Status.IN_DOUBT, message=words, advice=_PLACE_IT))
        if keys and self._plan.marker is None:
            raise _unfindable(sorted(keys))

    def _level(self, changes: Sequence[Change]) -> None:
        """Do one level; creates go in small lots until their marker was seen.

        Once the run is to stop, no level is begun: its changes were not skipped for a parent.
        """
        if self._stopping():
            return
        changes = [change for change in changes if change.key not in self.report.outcomes]
        self._silent([change for change in changes if not change.writes])
        ready = self._ready([change for change in changes if change.writes])
        self.recorder.read_before(ready, self._portal)
        self._ask_floor(ready)
        while not self._proof.proved and not self._stopping():
            first = [one for one in ready if one.action is Action.CREATE][:FIRST_BATCH]
            if not first:
                break
            keys = {change.key for change in first}
            ready = [change for change in ready if change.key not in keys]
            self._done(first)
            made = {self._ids[key] for key in keys if key in self._ids}
            self._proof.look(made, RemoteId(self._floor or 0))
        self._done(ready)

    def _ask_floor(self, ready: Sequence[Change]) -> None:
        """Ask for the highest id before the first create: what this run makes is above it.

        What the state remembers says nothing: ids come again after a restore.
        """
        creates = any(change.action is Action.CREATE for change in ready)
        if creates and self._floor is None and self._plan.marker is not None:
            self._floor = self._portal.newest()

    def _done(self, ready: Sequence[Change]) -> None:
        """Send changes; what never happened is sent again, at most ATTEMPTS times."""
        attempts = 0
        while ready and not self._stopping():
            self._perform(ready)
            attempts += not self._only_waiting()
            ready = self._settle(last=attempts == ATTEMPTS)

    def _only_waiting(self) -> bool:
        """Tell whether creates are in doubt for want of working time alone: that is no attempt.

        The portal waits for it and ends the run when it took too long (design 9).
        """
        doubts = [one for one in self.report.outcomes.values() if one.status is Status.IN_DOUBT]
        return bool(doubts) and all(one.code == SPENT for one in doubts)

    def _cut_off(self) -> None:
        """Give an outcome to what was on its way when nothing could be saved any more.

        What was answered and not saved, and what was not waited for, is in doubt: the next run
        has to look.
        """
        for outcome in self._unsaved:
            done = outcome.status is Status.DONE
            self._end(
                replace(outcome, status=Status.IN_DOUBT, message=_UNSAVED) if done else outcome
            )
        for key in self._requests.unanswered:
            if key not in self.report.outcomes:
                self._end(Outcome(self._originals[key], Status.IN_DOUBT, message=_UNHEARD))

    def _not_started(self) -> None:
        """Give every change without an outcome the outcome that it never began."""
        for change in self._plan.changes:
            if change.key not in self.report.outcomes:
                self._end(Outcome(change, Status.NOT_STARTED))

    def _silent(self, changes: Sequence[Change]) -> None:
        if not changes or self._stopping():
            return
        self._lease_holder.check()
        self._handing_over.begin(changes)
        adopted = tuple(c.entry(c.id) for c in changes if c.action is Action.ADOPT and c.id)
        forgotten = [c for c in changes if c.action is Action.FORGET]
        self._released += tuple(c.id for c in forgotten if c.id is not None and c.leaves_marker)
        self._lease_holder.commit(
            StateDelta(
                put=adopted,
                drop=tuple(c.key for c in forgotten),
                close=self._settled(adopted),
                released=self._released if forgotten else None,
                recorded=tuple(self.recorder.of(c, c.id) for c in changes if c.id is not None),
            )
        )
        self._ids |= {entry.key: entry.id for entry in adopted}
        for change in changes:
            self._end(Outcome(change, Status.DONE, change.id))

    def _ready(self, changes: Sequence[Change]) -> list[Change]:
        ready: list[Change] = []
        for change in changes:
            try:
                resolved = change.resolved(_Known(self))
            except KeyError as missing:
                self._end(Outcome(change, Status.SKIPPED, message=self._why_not(missing.args[0])))
                continue
            self._originals[change.key] = change
            ready.append(resolved)
        return ready

    def _why_not(self, parent: TaskKey) -> str:
        outcome = self.report.outcomes.get(parent)
        if outcome is None:
            return f"its parent {parent} has no task"
        how = "failed" if outcome.status is Status.FAILED else f"is {outcome.status}"
        if outcome.status is Status.SKIPPED:
            how = "was skipped"
        return f"its parent {parent} {how}"

    def id_of(self, key: TaskKey) -> RemoteId:
        """Return the id of a key; raises KeyError when its create did not succeed."""
        if key in self._ids:
            return self._ids[key]
        row = self._state.index.row(self._previous.get(key, key))
        if row is None or key in self._creating:
            raise KeyError(key)
        return RemoteId(self._state.index.ids[row])

    def _perform(self, changes: Sequence[Change]) -> None:
        if not changes:
            return
        outcomes = self._portal.perform(changes, self._about_to_send)
        try:
            for outcome in outcomes:
                self._pending.append(outcome)
                if self._requests.ended(outcome.change.key):
                    self._save()
        finally:
            self._save()

    def _about_to_send(self, changes: Sequence[Change]) -> Permission:
        """Commit the intents of one request; return what is asked once its connection stands."""
        latest = self._clock.monotonic() + LEAVES_WITHIN
        self._lease_holder.check()
        self._handing_over.begin(changes)
        intents = tuple(self._intent(c) for c in changes if c.action is Action.CREATE)
        self._save(intents)
        sent = self._clock.now()
        self._intents |= {intent.key: replace(intent, at=sent) for intent in intents}
        self._requests.sent(change.key for change in changes)
        self._listener(ChangesSent(tuple(changes)))
        lease_holder, monotonic, others = (
            self._lease_holder,
            self._clock.monotonic,
            self._handing_over,
        )

        def may_send() -> bool:
            return monotonic() <= latest and lease_holder.may_send() and others.may_send(changes)

        return may_send

    def _intent(self, change: Change) -> Intent:
        return Intent(
            change.key,
            self._originals[change.key].asked,
            change.body,
            RemoteId(self._floor or 0),
            self._clock.now(),
            self._facts.id,
            change.options,
            change.written,
        )

    def _settled(self, entries: Iterable[Entry]) -> tuple[TaskKey, ...]:
        """Return the keys whose earlier creates are in doubt no more: they have a task now."""
        return tuple(entry.key for entry in entries if entry.key in self._doubtful)

    def _save(self, intents: Iterable[Intent] = ()) -> None:
        """Save what was answered, and intents that are about to leave, in one transaction.

        What is in doubt may still happen until the settle time after its answer was lost.
        """
        pending, self._pending = self._pending, []
        open_ = [*intents, *self._doubted(pending)]
        put: list[Entry] = []
        drop: list[TaskKey] = []
        close: list[TaskKey] = []
        recorded: list[RecordedChange] = []
        for outcome in pending:
            change = outcome.change
            if outcome.status is not Status.IN_DOUBT and change.key in self._intents:
                close.append(change.key)
                del self._intents[change.key]
            if outcome.status is not Status.DONE:
                continue
            if change.action is Action.FORGET and self._facts.proves:
                continue  # the Verifier drops it: its marker may be on yet
            recorded.append(self.recorder.of(self._originals[change.key], _id_of(outcome)))
            if change.action in {Action.DELETE, Action.FORGET}:
                drop.append(change.key)
            else:
                put.append(change.entry(_id_of(outcome)))
        close += self._settled(put)
        used = self._used(pending)
        try:
            self._lease_holder.commit(
                StateDelta(
                    tuple(put),
                    tuple(drop),
                    tuple(open_),
                    tuple(close),
                    used,
                    recorded=tuple(recorded),
                )
            )
        except StateError:
            self._unsaved += pending
            raise
        for entry in put:
            self._know(entry)
        for outcome in pending:
            self._end(outcome)

    def _used(self, outcomes: Iterable[Outcome]) -> Run | None:
        """Count what was removed against policy.allow; None where there is nothing to count."""
        text = self._plan.policy.allowance
        removed = sum(
            one.status is Status.DONE and one.change.action in {Action.DELETE, Action.DEFER}
            for one in outcomes
        )
        if not text or not removed:
            return None
        self._allowances[text] = self._allowances.get(text, 0) + removed
        return self._facts.run(self._clock.now(), "started", dict(self._allowances))

    def _doubted(self, pending: Iterable[Outcome]) -> list[Intent]:
        now = self._clock.now()
        if any(one.status is Status.IN_DOUBT for one in pending):
            self._doubted_at = self._clock.monotonic()
        keys = [one.change.key for one in pending if one.status is Status.IN_DOUBT]
        again = {key: replace(self._intents[key], at=now) for key in keys if key in self._intents}
        self._intents |= again
        return list(again.values())

    def _know(self, entry: Entry) -> None:
        self._ids[entry.key] = entry.id
        self._made.append(entry)

    def _settle(self, *, last: bool) -> list[Change]:
        """Resolve creates in doubt; return those that never happened and may be sent again."""
        doubts = {
            key: outcome
            for key, outcome in self.report.outcomes.items()
            if outcome.status is Status.IN_DOUBT and key in self._intents
        }
        if not doubts or self._stopping():
            return []
        intents = [self._intents[key] for key in doubts]
        resolution = self._resolver.settled(
            intents,
            self._state,
            self._made,
            since=self._doubted_at,
            proved=self._proof.proved,
            gone=self._gone,
        )
        found = tuple(
            doubts[one.key].change.entry(one.id).shown(one.created) for one in resolution.found
        )
        resolution = replace(resolution, found=found)
        self._lease_holder.commit(resolution.delta(intents))
        for entry in resolution.found:
            del self._intents[entry.key]
            self._know(entry)
            change = doubts[entry.key].change
            self._end(Outcome(change, Status.DONE, entry.id, recovered=True))
        if resolution.doubtful and self._plan.marker is None:
            raise _unfindable(resolution.doubtful)
        never = [doubts[key].change for key in resolution.never]
        for change in never:
            del self._intents[change.key]
            if last:
                told = doubts[change.key]
                self._end(replace(told, status=Status.FAILED))
        return [] if last else never

    def _end(self, outcome: Outcome) -> None:
        self.report.outcomes[outcome.change.key] = outcome
        self._listener(ChangeEnded(outcome))


def _id_of(outcome: Outcome) -> RemoteId:
    remote = outcome.id or outcome.change.id
    assert remote is not None, "a task that was written has an id"  # noqa: S101
    return remote


def _unfindable(keys: Iterable[TaskKey]) -> PortalUnavailable:
    return PortalUnavailable(
        f"In doubt, and without a marker not to be found: {', '.join(keys)}.", _PLACE_IT
    )


class _Known(dict[TaskKey, RemoteId]):
    """The ids that are known by now, asked one by one."""

    def __init__(self, run: Applier) -> None:
        super().__init__()
        self._run = run

    def __missing__(self, key: TaskKey) -> RemoteId:
        return self._run.id_of(key)
