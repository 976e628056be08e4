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
from tasksync.core.staleness import Stale, is_done, saw, stale
from tasksync.core.state import Entry, State, overlaid
from tasksync.core.survey import Survey, survey
from tasksync.core.task import LiveTask
from tasksync.engine.keeping import Keeper
from tasksync.engine.recognising import other_owner, recognised
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
        trusting: bool = False,
        read_already: Survey | None = None,
        by_title: bool = False,
    ) -> Plan:
        """Return the plan; creates in doubt are looked for in memory, and nothing is saved.

        `trusting` takes the portal for the one that the state knows, and asks it nothing that
        need not be asked; not for a plan that is carried out at once.

        `read_already` is the manifest laid over an equal state; its stream is not read again.
        The manifest is read to its end, and so checked, before the portal is asked anything;
        only creates in doubt have to be looked for first. `by_title`: see `plan_from`.
        """
        wanted = read_already
        if wanted is None and not state.intents:
            wanted = survey(manifest.tasks(state.heads), state, manifest.moved)
        known_one = state.identity if trusting and not state.intents else None
        identity = known_one or recognised(self.portal, state, self.listener)
        seen = self.resolver.look(state.intents, state, ())
        known = overlaid(state, seen.found)
        if wanted is None:
            wanted = survey(manifest.tasks(known.heads), known, manifest.moved)
        if refresh:
            live = self.portal.find(manifest.marker, _Tracked(known, wanted.adopts()))
            plan = plan_from(manifest, wanted, known, live, scope, by_title=by_title)
        else:
            unknown = self._not_remembered(wanted, manifest.marker)
            plan = plan_from(manifest, wanted, known, None, scope, unknown, by_title=by_title)
        owner = other_owner(identity, state.identity)
        plan = replace(plan, portal=identity.portal, in_doubt=seen.doubtful, other_owner=owner)
        return self.named(plan)

    def _not_remembered(self, wanted: Survey, marker: str | None) -> Iterator[LiveTask]:
        """Read what a state cannot know although it is believed: else creates could be twins."""
        if not wanted.new():
            return
        if marker is not None:  # all of them: ids come again below what is remembered
            yield from self.portal.newer(marker, RemoteId(0))
        yield from self.portal.find(None, tuple(wanted.adopts()))

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
    now = _Now(plan, state, portal)
    moved: dict[TaskKey, Sequence[Stale]] = {}
    done: list[TaskKey] = []
    for change in plan.changes:
        entry, found, meant = now.entry(change.key), now.task(change), now.resolved(change)
        if is_done(meant, entry, found):
            done.append(change.key)
        elif reasons := stale(meant, entry, found) or now.parent_gone(change):
            moved[change.key] = reasons
    left_out = {*moved, *done}
    levels = [[c for c in level if c.key not in left_out] for level in plan.levels]
    kept = replace(
        plan,
        levels=tuple(tuple(level) for level in levels if level),
        quiet=tuple(change for change in plan.quiet if saw(change, now.entry(change.key))),
        tracked=len(state.heads),
        in_doubt=tuple(intent.key for intent in state.intents),
        newest=RemoteId(max(now.live, default=0)),
    )
    return Checked(_with_activity(kept, now.live), moved, tuple(done))


class _Now:
    """What is remembered and what is there of the keys that a saved plan speaks of."""

    def __init__(self, plan: Plan, state: State, portal: Portal) -> None:
        self._state = state
        self._before = {after: before for before, after in plan.moved}
        self._creating = {c.key for c in plan.changes if c.action is Action.CREATE}
        self.live = self._read(list(plan.changes), portal, plan.marker)

    def entry(self, key: TaskKey) -> Entry | None:
        """Return the entry of a key, also under the name that the plan moves it from."""
        found = self._state.entries.get(key)
        return found or self._state.entries.get(self._before.get(key, key))

    def task(self, change: Change) -> LiveTask | None:
        """Return the task that a change is about."""
        remote = change.id if change.action is Action.ADOPT else self._id(change.key) or change.id
        return None if remote is None else self.live.get(remote)

    def resolved(self, change: Change) -> Change:
        """Return a change with the ids of the parents that are there by now."""
        ids = {key: remote for key in change.unresolved if (remote := self._id(key)) in self.live}
        return change if len(ids) < len(change.unresolved) else change.resolved(ids)

    def parent_gone(self, change: Change) -> list[Stale]:
        """Return that a parent which the plan does not make is no longer there."""
        return [
            Stale(change.key, "parentId", f"task {remote}", "gone from the portal")
            for key in change.unresolved
            if key not in self._creating
            and (remote := self._id(key)) is not None
            and remote not in self.live
        ]

    def _id(self, key: TaskKey) -> RemoteId | None:
        heads = self._state.heads
        row = heads.row(key)
        row = heads.row(self._before.get(key, key)) if row is None else row
        return None if row is None else RemoteId(heads.ids[row])

    def _read(
        self, changes: Sequence[Change], portal: Portal, marker: str | None
    ) -> dict[RemoteId, LiveTask]:
        keys = {key for change in changes for key in (change.key, *change.unresolved)}
        ids = {remote for key in keys if (remote := self._id(key)) is not None}
        ids |= {change.id for change in changes if change.id is not None}
        by_list = marker is not None and len(ids) > len(self._state.heads) // 100 + 50
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
