"""A portal that does what a script says, request by request, and the engine's parts around it."""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import timedelta
from typing import Any

from casefiles import BLANK, MARKER, PROJECT, live_task, manifest_of, wanted_task
from memory_store import MemoryStore, SharedMemory
from stores import ANNA, START, HandClock, counted_ids

from tasksync.core.change import Action, Change, Outcome, Status
from tasksync.core.events import Event
from tasksync.core.extra_fields import ExtraField
from tasksync.core.fields import RemoteId, TaskKey, Value
from tasksync.core.formats import plan_json
from tasksync.core.manifest import Manifest
from tasksync.core.plan import Plan
from tasksync.core.planning.build import EVERYTHING, Scope
from tasksync.core.ports import Permission
from tasksync.core.state import Lease, PortalIdentity, State, StateDelta
from tasksync.core.task import LiveTask
from tasksync.engine.applying import Applier, EnginePorts, Report, RunFacts
from tasksync.engine.doubt import Resolver
from tasksync.engine.lease import LeaseHolder
from tasksync.engine.planner import Planner
from tasksync.engine.rechecking import Checked, checked
from tasksync.engine.verifying import Verification, Verifier
from tasksync.errors import PortalUnavailable, StateUnreadable
from tasksync.portal.messages import always

IDENTITY = PortalIdentity("portal", "anna")


class Killed(BaseException):
    """The process is gone: nothing after this happens."""


@dataclass(frozen=True)
class Lost:
    """The answer is lost; the deed happens after so many seconds, or never."""

    late: float | None = 0.0


@dataclass(frozen=True)
class Dies:
    """The process dies at this request: before it leaves, or after the deed."""

    done: bool = False


@dataclass(frozen=True)
class Rejects:
    """The portal will not do the changes of these keys (all: empty)."""

    keys: tuple[str, ...] = ()


@dataclass(frozen=True)
class Breaks:
    """The run is stopped by an error; the changes of this request were not done."""


Step = Lost | Dies | Rejects | Breaks | Callable[[], None] | None


class ScriptedPortal:
    """Live tasks; each writing request takes the next step of the script, None when it is over."""

    def __init__(self, clock: HandClock, *, size: int = 2, marker: str | None = MARKER) -> None:
        self.clock = clock
        self.size = size
        self.marker = marker
        self.live: dict[RemoteId, LiveTask] = {}
        self.script: list[Step] = []
        self.sent: list[tuple[Change, ...]] = []
        self.done: list[str] = []
        self.reads = 0
        self.turn: Callable[[str, Value], Value] = lambda _name, value: value
        self.hidden: set[RemoteId] = set()
        self.create_seconds: float | None = None
        self.dates = True
        self.drops_marker = False
        self.filter_broken = False
        self.extras: dict[str, ExtraField] = {}
        self.read_extras: set[str] = set()
        self.stop: Callable[[], bool] = bool
        self._late: list[tuple[float, Change]] = []

    def identity(self) -> PortalIdentity:
        return IDENTITY

    def find(self, marker: str | None, ids: Collection[RemoteId]) -> Iterator[LiveTask]:
        self._read()
        for remote in sorted(self.live):
            task = self.live[remote]
            marked = marker is not None and marker in task.markers
            if (marked or remote in ids) and remote not in self.hidden:
                yield task

    def extra_fields(self) -> Mapping[str, ExtraField]:
        return self.extras

    def read_too(self, extras: Collection[ExtraField]) -> None:
        self.read_extras |= {one.name for one in extras}

    def present(self, ids: Collection[RemoteId]) -> Collection[RemoteId]:
        return {one for one in ids if one in self.live}

    def newest(self) -> RemoteId:
        return max(self.live, default=RemoteId(0))

    def newer(self, marker: str | None, after: RemoteId) -> Iterator[LiveTask]:
        self._read()
        for remote, task in sorted(self.live.items()):
            marked = marker is None or (marker in task.markers and not self.filter_broken)
            if remote > after and marked and remote not in self.hidden:
                yield task

    def perform(
        self,
        changes: Iterable[Change],
        about_to_send: Callable[[Sequence[Change]], Permission | None],
    ) -> Iterator[Outcome]:
        some = list(changes)
        for at in range(0, len(some), self.size):
            batch = tuple(some[at : at + self.size])
            if self.stop():
                yield from (Outcome(change, Status.NOT_STARTED, change.id) for change in batch)
                continue
            while not (about_to_send(batch) or always)():
                pass  # dropped before its first byte, and put back
            yield from self._request(batch)

    def _request(self, batch: tuple[Change, ...]) -> Iterator[Outcome]:
        step = self.script.pop(0) if self.script else None
        if isinstance(step, Dies) and not step.done:
            raise Killed
        self.sent.append(batch)
        if isinstance(step, Breaks):
            raise PortalUnavailable("down", "Wait.")
        if callable(step):
            step()
        for change in batch:
            assert not change.unresolved, "a request holds ids only"
        refused = _refused(step, batch)
        if isinstance(step, Lost):
            self._lose(batch, step)
            for change in batch:
                if change.action is Action.CREATE:
                    yield Outcome(change, Status.IN_DOUBT, message="no answer")
                else:
                    yield self._do(change)
            return
        outcomes = [
            Outcome(change, Status.FAILED, change.id, message="rejected")
            if change.key in refused
            else self._do(change)
            for change in batch
        ]
        if isinstance(step, Dies):
            raise Killed
        yield from outcomes

    def _lose(self, batch: Sequence[Change], step: Lost) -> None:
        if step.late is not None:
            due = self.clock.monotonic() + step.late
            self._late += [(due, change) for change in batch if change.action is Action.CREATE]
        self._deeds()

    def _deeds(self) -> None:
        now = self.clock.monotonic()
        due = [change for at, change in self._late if at <= now]
        self._late = [(at, change) for at, change in self._late if at > now]
        for change in due:
            self._do(change)

    def _read(self) -> None:
        self.reads += 1
        self._deeds()

    def _do(self, change: Change) -> Outcome:
        self.done.append(f"{change.action} {change.key}")
        sent = {name: self.turn(name, value) for name, value in change.body.items()}
        if change.action is Action.CREATE:
            remote = RemoteId(self.newest() + 1)
            markers = (self.marker,) if self.marker and not self.drops_marker else ()
            at = START + timedelta(seconds=len(self.done))
            created = at.isoformat(timespec="seconds") if self.dates else None
            self.live[remote] = live_task(
                remote, {**BLANK, **sent}, markers=markers, created=created
            )
            return Outcome(change, Status.DONE, remote)
        assert change.id is not None
        if change.action is Action.DELETE:
            self.live.pop(change.id, None)
        elif change.id not in self.live:
            return Outcome(change, Status.FAILED, change.id, message="gone")
        else:
            task = self.live[change.id]
            markers = task.markers
            if "tags" in sent and self.marker and not self.drops_marker:
                markers = () if change.action is Action.FORGET else (self.marker,)
            self.live[task.id] = replace(task, fields={**task.fields, **sent}, markers=markers)
        return Outcome(change, Status.DONE, change.id)

    @property
    def world(self) -> dict[str, Any]:
        """Title -> fields, parents by title; fails when a title is there twice."""
        titles = {task.id: str(task.fields["title"]) for task in self.live.values()}
        assert len(set(titles.values())) == len(titles), f"duplicates: {sorted(titles.values())}"
        return {
            titles[task.id]: {
                **task.fields,
                "parentId": titles.get(task.fields["parentId"]),  # type: ignore[arg-type]
            }
            for task in self.live.values()
        }


def _refused(step: Step, batch: Sequence[Change]) -> set[str]:
    if not isinstance(step, Rejects):
        return set()
    return set(step.keys) or {change.key for change in batch}


class LoggedStore(MemoryStore):
    """A store in memory that shows what was committed, and fails when told to."""

    deltas: list[StateDelta]
    fail: Callable[[StateDelta], bool]

    def commit(self, delta: StateDelta, lease: Lease) -> None:
        if self.fail(delta):
            raise StateUnreadable("the disk is full")
        super().commit(delta, lease)
        self.deltas.append(delta)


@dataclass
class Bench:
    """A manifest's project with its portal, its state and its time; each apply is a run."""

    portal: ScriptedPortal
    clock: HandClock
    shared: SharedMemory = field(default_factory=SharedMemory)
    marker: str | None = MARKER
    stopped: bool = False
    events: list[Event] = field(default_factory=list)
    dumped: list[StateDelta] = field(default_factory=list)
    fail: Callable[[StateDelta], bool] = lambda _delta: False
    facts: RunFacts = field(default_factory=lambda: RunFacts("run", "plan", IDENTITY, None))

    def __post_init__(self) -> None:
        self.ids = counted_ids()
        self.portal.stop = lambda: self.stopped
        self.store = self.new_store()

    def new_store(self) -> LoggedStore:
        store = LoggedStore(PROJECT, clock=self.clock, ids=self.ids, shared=self.shared)
        store.deltas = []
        store.fail = self.fail
        return store

    def lease_holder(self) -> LeaseHolder:
        self.store = self.new_store()
        self.shared.lease = None
        lease = self.store.acquire(ANNA, 60.0)
        return LeaseHolder(self.store, lease, self.clock, self._dump_unsaved)

    def _dump_unsaved(self, delta: StateDelta) -> str:
        self.dumped.append(delta)
        return "beside.json"

    def resolver(self, settle: float = 30.0) -> Resolver:
        return Resolver(
            self.portal, self.clock, self.events.append, self.marker, settle, self._stopping
        )

    def planner(self) -> Planner:
        return Planner(self.portal, self.resolver(), self.events.append, lambda _ids: {})

    def _stopping(self) -> bool:
        return self.stopped

    @property
    def state(self) -> State:
        return self.store.load()

    def manifest(self, blocks: Mapping[str, Mapping[str, Any]], **other: Any) -> Manifest:
        tasks = [wanted_task(key, block, n) for n, (key, block) in enumerate(blocks.items(), 1)]
        return manifest_of(tasks, **other)

    def plan(self, manifest: Manifest, scope: Scope = EVERYTHING, *, refresh: bool = True) -> Plan:
        return self.planner().plan(manifest, self.state, scope, refresh=refresh)

    def applier(self, lease_holder: LeaseHolder, plan: Plan, state: State) -> Applier:
        ports = EnginePorts(
            self.portal,
            lease_holder,
            self.resolver(),
            self.clock,
            self.events.append,
            self._stopping,
        )
        return Applier(ports, plan, state, self.facts)

    def apply(self, manifest: Manifest, scope: Scope = EVERYTHING) -> Report:
        """One whole run: heal, plan, do."""
        lease_holder = self.lease_holder()
        state = self.planner().resolved(lease_holder, lease_holder.load())
        plan = self.planner().plan(manifest, state, scope)
        return self.applier(lease_holder, plan, state).apply()

    def apply_and_see(self, manifest: Manifest) -> None:
        """One run, and another that sees what the first one made."""
        assert self.apply(manifest).complete
        assert self.apply(manifest).complete
        assert not any(entry.hidden for entry in self.state.entries.values())

    def check(self, plan: Plan) -> Checked:
        """Hold a saved plan, as it comes back from its file, against now."""
        text = plan_json.dumps(plan_json.encode(plan, version="1", requests=1, seconds=1.0))
        return checked(plan_json.loads(text), self.state, self.portal)

    def resume(self, plan: Plan) -> Report:
        """One run of what is left of a saved plan."""
        lease_holder = self.lease_holder()
        state = self.planner().resolved(lease_holder, lease_holder.load())
        now = self.check(plan)
        assert not now.stale, now.stale
        return self.applier(lease_holder, now.plan, state).apply()

    def verify(self, report: Report) -> Verification:
        verifier = Verifier(
            self.portal, self.lease_holder(), self.clock, self.events.append, self.marker
        )
        return verifier.verify(report.outcomes.values(), len(self.state.index))

    def of(self, kind: type) -> list[Any]:
        """The events of one kind."""
        return [event for event in self.events if isinstance(event, kind)]


def bench(*, size: int = 2, marker: str | None = MARKER) -> Bench:
    """Return an empty portal and an empty state."""
    clock = HandClock()
    return Bench(ScriptedPortal(clock, size=size, marker=marker), clock, marker=marker)


def statuses(report: Report) -> dict[TaskKey, str]:
    """Return the status of each key."""
    return {key: outcome.status.value for key, outcome in report.outcomes.items()}
