"""Which tasks the manifest will change again once a plan is done that is not of the manifest.

Pure: the manifest is planned against the state as it will be. Of the tasks of the plan that has
every field which the portal has, so that what no entry asks for is compared too.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace

from tasksync.core.address_book import Directory
from tasksync.core.change import Action
from tasksync.core.fields import RemoteId, TaskKey
from tasksync.core.manifest import Manifest
from tasksync.core.plan import Plan
from tasksync.core.planning.build import plan_from
from tasksync.core.planning.desired import read_desired
from tasksync.core.state import Entry, State, overlaid
from tasksync.core.task import LiveTask

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
    return tuple(sorted(again & plan.keys))


def state_after(plan: Plan, state: State, live: Mapping[RemoteId, LiveTask]) -> State:
    """Return the state as it will be when a plan was done, with made-up ids of what it makes."""
    highest = max(state.index.ids, default=0)
    put: list[Entry] = []
    for number, change in enumerate(plan.changes, highest + 1):
        if change.action not in _GOES:
            entry = change.entry(change.id or RemoteId(number)).shown("")
            there = live.get(entry.id)
            put.append(entry if there is None else _with_all(entry, there))
    gone = {change.key for change in plan.changes if change.action in _GOES}
    after = overlaid(state, put)
    return replace(after, index=after.index.without(gone)) if gone else after


def _with_all(entry: Entry, there: LiveTask) -> Entry:
    """Return an entry that asks for every field that the portal has."""
    return replace(entry, asked={**there.fields, **entry.asked})
