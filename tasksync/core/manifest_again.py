"""Which tasks the manifest will change again once a plan is done that is not of the manifest.

Pure: the manifest is planned against the state as it will be. Of the tasks of the plan that has
every field which the portal has, so that what no entry asks for is compared too.
"""

from __future__ import annotations

from collections.abc import Mapping

from tasksync.core.address_book import Directory
from tasksync.core.change import Action, Change
from tasksync.core.fields import FIELDS, RemoteId, TaskKey, Values, same
from tasksync.core.manifest import Manifest
from tasksync.core.plan import Plan
from tasksync.core.planning.build import plan_from
from tasksync.core.planning.desired import UNSEEN, read_desired
from tasksync.core.state import Entry, State, overlaid
from tasksync.core.task import LiveTask
from tasksync.value_classes import replace

#: what a new task holds of fields that it is not made with
_EMPTY: Values = {name: one.empty for name, one in FIELDS.items() if one.clearable}
_GOES = {Action.DELETE, Action.FORGET}


def changed_again(
    plan: Plan,
    state: State,
    live: Mapping[RemoteId, LiveTask],
    manifest: Manifest,
    directory: Directory | None = None,
) -> tuple[TaskKey, ...]:
    """Return the keys of a plan of which the manifest asks otherwise than the plan will leave them.

    `live` are the tasks of the plan that are there.
    Reads the manifest's stream; raises ManifestInvalid, and PortalError of the directory.
    """
    after = state_after(plan, state, live)
    wanted = read_desired(manifest.tasks(after.index, directory), after, manifest.moved)
    again = {change.key for change in plan_from(manifest, wanted, after, None).changes}
    again |= {
        change.key
        for change in plan.changes
        if change.action is Action.ADOPT and _differs(change, live)
        if wanted.seen[after.index.rows[change.key]] != UNSEEN
    }
    return tuple(sorted(again & plan.keys))


def _differs(change: Change, live: Mapping[RemoteId, LiveTask]) -> bool:
    """Tell whether people changed what was let go of, and is taken over with what it asked."""
    there = None if change.id is None else live.get(change.id)
    kept = change.asked.keys() - change.body.keys() - change.normalised.keys()
    return there is not None and any(
        name in there.fields and not same(name, there.fields[name], change.asked[name])
        for name in kept
    )


def state_after(plan: Plan, state: State, live: Mapping[RemoteId, LiveTask]) -> State:
    """Return the state as it will be when a plan was done, with made-up ids of what it makes."""
    highest = max([0, *state.index.ids, *live, *(one.id or 0 for one in plan.changes)])
    made = enumerate((one for one in plan.changes if one.action not in _GOES), highest + 1)
    ids = {change.key: change.id or RemoteId(number) for number, change in made}
    known = _Ids(state, ids)
    put: list[Entry] = []
    for change in plan.changes:
        if change.action not in _GOES:
            entry = change.resolved(known).entry(ids[change.key]).shown("")
            there = live.get(entry.id)
            held = _EMPTY if there is None else there.fields
            put.append(replace(entry, asked={**held, **entry.asked}))
    gone = {change.key for change in plan.changes if change.action in _GOES}
    after = overlaid(state, put)
    return replace(after, index=after.index.without(gone)) if gone else after


class _Ids(dict[TaskKey, RemoteId]):
    """The ids of keys: of the tasks that a plan leaves there, else of the state's."""

    def __init__(self, state: State, ids: Mapping[TaskKey, RemoteId]) -> None:
        super().__init__(ids)
        self._index = state.index

    def __missing__(self, key: TaskKey) -> RemoteId:
        return RemoteId(self._index.ids[self._index.rows[key]])
