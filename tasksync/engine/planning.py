"""From a manifest, a state and a portal to a plan: resolve what is in doubt, refresh, decide."""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from itertools import chain

from tasksync.core.build import EVERYTHING, Scope, plan_from
from tasksync.core.change import Action, Change
from tasksync.core.fields import FIELDS, Kind, RemoteId, TaskKey
from tasksync.core.manifest import Manifest
from tasksync.core.plan import Plan
from tasksync.core.ports import Listener, Portal
from tasksync.core.staleness import Stale, is_done, stale
from tasksync.core.state import State, overlaid
from tasksync.core.survey import survey
from tasksync.core.task import LiveTask
from tasksync.engine.keeping import Keeper
from tasksync.engine.recognising import recognised
from tasksync.engine.resolving import Resolver

Names = Callable[[Collection[int]], Mapping[int, str]]
_PERSONAL = {Kind.PERSON, Kind.PEOPLE}


@dataclass(frozen=True, slots=True)
class Planner:
    """Makes plans; `names` looks up people by id, as well as it can."""

    portal: Portal
    resolver: Resolver
    listener: Listener
    names: Names

    def plan(
        self,
        manifest: Manifest,
        state: State,
        scope: Scope = EVERYTHING,
        *,
        refresh: bool = True,
    ) -> Plan:
        """Return the plan; creates in doubt are looked for in memory, and nothing is saved."""
        identity = recognised(self.portal, state, self.listener)
        seen = self.resolver.look(state.intents, state, ())
        known = overlaid(state, seen.found)
        wanted = survey(manifest.tasks, known, manifest.moved)
        adopts = wanted.adopts()
        live: Iterable[LiveTask] | None = None
        if refresh:
            ids = _Tracked(known, adopts)
            live = self.portal.find(manifest.marker, ids)
        plan = plan_from(manifest, wanted, known, live, scope)
        plan = replace(plan, portal=identity.portal, in_doubt=seen.doubtful)
        return self.named(plan)

    def named(self, plan: Plan) -> Plan:
        """Return the plan with the names of the people it speaks of."""
        known = dict(plan.names)
        unknown = _people(plan) - known.keys()
        found = {**known, **self.names(sorted(unknown))} if unknown else known
        return replace(plan, names=tuple(sorted(found.items())))

    def resolved(self, keeper: Keeper, state: State) -> State:
        """Settle what an earlier run left in doubt, save it, and return the state after that."""
        if not state.intents:
            return state
        recognised(self.portal, state, self.listener)
        keeper.commit(self.resolver.settled(state.intents, state).delta())
        return keeper.load()


class _Tracked(Collection[RemoteId]):
    """The ids that a refresh must account for: those remembered, and those to adopt."""

    def __init__(self, state: State, adopts: Collection[RemoteId]) -> None:
        self._heads = state.heads
        self._adopts = adopts

    def __len__(self) -> int:
        return len(self._heads) + len(self._adopts)

    def __iter__(self) -> Iterator[RemoteId]:
        return (RemoteId(remote) for remote in chain(self._heads.ids, self._adopts))

    def __contains__(self, remote: object) -> bool:
        known = isinstance(remote, int) and self._heads.row_of_id(remote) is not None
        return known or remote in self._adopts


@dataclass(frozen=True, slots=True)
class Checked:
    """A saved plan held against now: what may be done, what moved, what was done already."""

    plan: Plan
    stale: Mapping[TaskKey, Sequence[Stale]]
    done: tuple[TaskKey, ...]


def checked(plan: Plan, state: State, portal: Portal) -> Checked:
    """Hold every change of a saved plan against its own before-values and its own entry."""
    changes = list(plan.changes)
    live = _live(changes, state, portal, plan.marker)
    moved: dict[TaskKey, Sequence[Stale]] = {}
    done: list[TaskKey] = []
    for change in changes:
        entry = state.entries.get(change.key)
        remote = entry.id if entry is not None else change.id
        found = live.get(remote) if remote is not None else None
        if is_done(change, entry, found):
            done.append(change.key)
            continue
        reasons = stale(change, entry, found)
        if reasons:
            moved[change.key] = reasons
    left_out = {*moved, *done}
    levels = tuple(
        tuple(change for change in level if change.key not in left_out) for level in plan.levels
    )
    kept = replace(plan, levels=tuple(level for level in levels if level), tracked=len(state.heads))
    return Checked(_with_activity(kept, live), moved, tuple(done))


def _live(
    changes: Sequence[Change], state: State, portal: Portal, marker: str | None
) -> dict[RemoteId, LiveTask]:
    ids: set[RemoteId] = {change.id for change in changes if change.id is not None}
    for change in changes:
        row = state.heads.row(change.key)
        if row is not None:
            ids.add(RemoteId(state.heads.ids[row]))
    by_list = marker is not None and len(ids) > len(state.heads) // 100 + 50
    found = portal.find(marker if by_list else None, ids)
    return {task.id: task for task in found if task.id in ids}


def _with_activity(plan: Plan, live: Mapping[RemoteId, LiveTask]) -> Plan:
    """Return the plan with what people did since on the tasks that are to go."""

    def fresh(change: Change) -> Change:
        now = live.get(change.id) if change.id is not None else None
        if change.action is not Action.DELETE or now is None:
            return change
        return replace(change, activity=now.activity)

    return replace(plan, levels=tuple(tuple(map(fresh, level)) for level in plan.levels))


def _people(plan: Plan) -> set[int]:
    found: set[int] = set()
    for change in plan.changes:
        if change.responsible is not None:
            found.add(change.responsible)
        for one in change.fields:
            if FIELDS[one.name].kind in _PERSONAL:
                found |= {p for value in (one.before, one.after) for p in _ids(value)}
    return found


def _ids(value: object) -> Iterable[int]:
    if isinstance(value, tuple):
        return (item for item in value if isinstance(item, int))
    return (value,) if isinstance(value, int) else ()
