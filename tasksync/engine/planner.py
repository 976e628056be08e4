"""From a manifest, a state and a portal to a plan: resolve what is in doubt, refresh, decide."""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable, Iterator, Mapping
from itertools import chain
from types import MappingProxyType

from tasksync.core.address_book import Directory, ListedPerson
from tasksync.core.asked_again import asked_again
from tasksync.core.change import Action, Change
from tasksync.core.fields import FIELDS, FieldKind, RemoteId, TaskKey
from tasksync.core.formats.plan_json import asked_document
from tasksync.core.formats.state_checks import must_be_usable
from tasksync.core.manifest import Manifest, marker_of
from tasksync.core.marking import without_marker
from tasksync.core.ownership import is_own
from tasksync.core.plan import DoubtfulPerson, Plan
from tasksync.core.planning.build import EVERYTHING, Scope, plan_from
from tasksync.core.planning.desired import Desired, read_desired
from tasksync.core.planning.scope import must_match
from tasksync.core.planning.taking_over import taken_over
from tasksync.core.portal_changes import LiveWatch
from tasksync.core.ports import Listener, Portal
from tasksync.core.state import State, overlaid
from tasksync.core.task import LiveTask
from tasksync.engine.doubt import Resolver
from tasksync.engine.extra_reading import read_extras
from tasksync.engine.handing_over import must_be_on
from tasksync.engine.lease import LeaseHolder
from tasksync.engine.portal_check import check_portal, other_owner, tell_other_owner
from tasksync.engine.portal_directory import PortalDirectory
from tasksync.value_classes import dataclass, replace

#: who has these numbers, None for nobody; what is left out is not known
People = Callable[[Collection[int]], Mapping[int, ListedPerson | None]]
#: fields that hold people
_PERSONAL = frozenset(
    name for name, one in FIELDS.items() if one.kind in {FieldKind.PERSON, FieldKind.PEOPLE}
)


@dataclass(frozen=True, slots=True)
class Planner:
    """Makes plans; `people` looks people up by number, as well as it can."""

    portal: Portal
    resolver: Resolver
    listener: Listener
    people: People

    def plan(  # noqa: PLR0913 - all that a plan is made of
        self,
        manifest: Manifest,
        state: State,
        scope: Scope = EVERYTHING,
        *,
        refresh: bool = True,
        trusting: bool = False,
        read_already: Desired | None = None,
        by_title: bool = False,
        directory: PortalDirectory | None = None,
        sources: Mapping[str, State] = MappingProxyType({}),
        watch: LiveWatch | None = None,
    ) -> Plan:
        """Return the plan; creates in doubt are looked for in memory, and nothing is saved.

        `trusting` takes the portal for the one that the state knows, and asks it nothing that
        need not be asked; not for a plan that is carried out at once.

        `read_already` is the manifest read against an equal state; its stream is not read again.
        The manifest is read to its end, and so checked, before the portal is asked for any task;
        only creates in doubt have to be looked for first. `by_title`: see `plan_from`.
        `directory` is what addresses of people and names of groups are looked up in, or were.
        `sources` are the states of the projects that tasks are moved here from. `watch` looks at
        every live task that is read.
        """
        wanted = read_already
        if wanted is None and not state.intents:
            wanted = desired_in_scope(manifest, state, scope, directory)
        must_be_usable(state)
        known_one = state.identity if trusting and not state.intents else None
        identity = known_one or check_portal(self.portal, state)
        tell_other_owner(identity, state.identity, self.listener)
        read_extras(self.portal, state, wanted, manifest.located)
        seen = self.resolver.look(state.intents, state, ())
        known = overlaid(state, seen.found)
        if wanted is None:
            wanted = desired_in_scope(manifest, known, scope, directory)
            read_extras(self.portal, known, wanted, manifest.located)
        must_be_on(self.portal, sources)
        wanted.takes = taken_over(manifest, wanted.new_keys(), sources, known)
        if refresh:
            live = self.portal.find(manifest.marker, _Tracked(known, wanted.adopts()))
            seen_live = live if watch is None else watch.watched(known, live)
            plan = plan_from(manifest, wanted, known, seen_live, scope, by_title=by_title)
            plan = self._without_deleted(plan)
        else:
            unknown = self._not_remembered(wanted, manifest.marker)
            plan = plan_from(manifest, wanted, known, None, scope, unknown, by_title=by_title)
            plan = self._let_go(plan, known)
        owner = other_owner(identity, state.identity)
        plan = replace(plan, portal=identity.portal, in_doubt=seen.doubtful, other_owner=owner)
        if directory is not None:
            plan = replace(plan, directory=directory.numbers)
        if any(run.plan for run in state.runs):
            plan = replace(plan, again=asked_again(asked_document(plan), state.runs)[0])
        return self.named(plan)

    def _without_deleted(self, plan: Plan) -> Plan:
        """Return the plan without marked tasks that no key has and that are there no more.

        A listing may still show what was deleted a moment ago.
        """
        if not plan.orphans:
            return plan
        there = self.portal.present([one.id for one in plan.orphans])
        return replace(plan, orphans=tuple(one for one in plan.orphans if one.id in there))

    def _not_remembered(self, wanted: Desired, marker: str | None) -> Iterator[LiveTask]:
        """Read what a believed state cannot know: else creates could be duplicates."""
        if not wanted.new():
            return
        if marker is not None:  # all of them: ids come again below what is remembered
            yield from self.portal.newer(marker, RemoteId(0))
        yield from self.portal.find(None, tuple(wanted.adopts()))

    def _let_go(self, plan: Plan, state: State) -> Plan:
        """Return the plan with the tags of what it forgets: the state does not know them.

        The API sets tags as a whole, and a marker that stays on holds a task for ever.
        """
        ids = {one.id for one in plan.changes if one.action is Action.FORGET and one.id}
        if not ids:
            return plan
        mark = marker_of(plan.project)
        there = {one.id: one for one in self.portal.find(None, tuple(ids))}

        def freed(change: Change) -> Change:
            live = there.get(change.id) if change.action is Action.FORGET and change.id else None
            if live is None or not is_own(state.entries[change.key], live, mark):
                return change
            return without_marker(change, live, mark)

        levels = tuple(tuple(map(freed, level)) for level in plan.levels)
        return replace(plan, levels=levels)

    def named(self, plan: Plan) -> Plan:
        """Return the plan with the names of the people it speaks of, and who is not there.

        Whoever the portal named beside a task is not asked for, but where a change sets them.
        """
        known = dict(plan.names)
        wanted = _wanted_people(plan)
        unknown = (_people(plan) - known.keys()) | wanted.keys()
        found = self.people(sorted(unknown)) if unknown else {}
        names = {number: one.shown for number, one in found.items() if one and one.shown}
        doubtful = tuple(
            DoubtfulPerson(number, one is not None, wanted[number])
            for number, one in sorted(found.items())
            if number in wanted and (one is None or not one.active)
        )
        names = {**known, **names}
        return replace(plan, names=tuple(sorted(names.items())), doubtful=doubtful)

    def resolved(self, lease_holder: LeaseHolder, state: State) -> State:
        """Settle what an earlier run left in doubt, save it, and return the state after that."""
        must_be_usable(state)
        if not state.intents:
            return state
        check_portal(self.portal, state)
        read_extras(self.portal, state)
        lease_holder.commit(self.resolver.settled(state.intents, state).delta(state.intents))
        return lease_holder.load()


def desired_in_scope(
    manifest: Manifest, state: State, scope: Scope, directory: Directory | None = None
) -> Desired:
    """Read a manifest against a state; raises UsageError if the scope names no key of either."""
    wanted = read_desired(manifest.tasks(state.index, directory), state, manifest.moved)
    must_match(scope, wanted, state)
    return wanted


class _Tracked(Collection[RemoteId]):
    """The ids that a refresh must account for: those remembered, and those to adopt."""

    def __init__(self, state: State, adopts: Collection[RemoteId]) -> None:
        self._index = state.index
        self._adopts = adopts

    def __len__(self) -> int:
        return len(self._index) + len(self._adopts)

    def __iter__(self) -> Iterator[RemoteId]:
        return (RemoteId(remote) for remote in chain(self._index.ids, self._adopts))

    def __contains__(self, remote: object) -> bool:
        known = isinstance(remote, int) and self._index.row_of_id(remote) is not None
        return known or remote in self._adopts


def _people(plan: Plan) -> set[int]:
    found: set[int] = set()
    for change in plan.changes:
        if change.responsible is not None:
            found.add(change.responsible)
        for one in change.fields:
            if one.name in _PERSONAL:
                found |= {p for value in (one.before, one.after) for p in _ids(value)}
    return found


def _wanted_people(plan: Plan) -> dict[int, tuple[TaskKey, ...]]:
    """Return whom changes set, and the keys of these changes."""
    found: dict[int, dict[TaskKey, None]] = {}
    for change in plan.changes:
        for one in change.fields:
            if one.name in _PERSONAL and change.writes:
                for person in set(_ids(one.after)) - set(_ids(one.before)):
                    found.setdefault(person, {})[change.key] = None
    return {person: tuple(keys) for person, keys in found.items()}


def _ids(value: object) -> Iterable[int]:
    if isinstance(value, tuple):
        return (item for item in value if isinstance(item, int))
    return (value,) if isinstance(value, int) else ()
