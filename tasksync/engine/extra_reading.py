"""Extra fields before anything is read or written: which are used, and whether they may be so.

Only a project that uses some asks the portal for them, once a run.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable

from tasksync.core.extra_fields import problems
from tasksync.core.fields import EXTRA_BIT, extras_in
from tasksync.core.manifest import at_tasks
from tasksync.core.plan import Plan
from tasksync.core.planning.desired import Desired
from tasksync.core.ports import Portal
from tasksync.core.state import State
from tasksync.core.task import FieldProblem, Problem, Task
from tasksync.errors import ManifestInvalid

#: of more entries with extra fields not each is looked at: all that the portal lists are read
_LOOKED_AT = 2000


#: puts faults of fields where they are written
Located = Callable[[Collection[FieldProblem]], tuple[Problem, ...]]


def read_extras(
    portal: Portal, state: State, desired: Desired | None = None, located: Located = at_tasks
) -> None:
    """Have the portal read every extra field that the state or the manifest names.

    Raises ManifestInvalid where a task asks for what the portal does not take.
    """
    tasks = () if desired is None else tuple(desired.retained.values())
    names = {name for task in tasks for name in extras_in(task.fields)}
    remembered = _remembered(state)
    if not names and remembered == set():
        return
    must_fit(tasks, portal, located)
    known = portal.extra_fields()
    used = known.keys() if remembered is None else names | remembered
    portal.read_too([known[name] for name in sorted(used) if name in known])


def must_fit(tasks: Iterable[Task], portal: Portal, located: Located = at_tasks) -> None:
    """Raise ManifestInvalid with every extra field that the portal does not take as it is asked."""
    found = tuple(problems(tasks, portal.extra_fields()))
    if found:
        raise ManifestInvalid(located(found))


def read_extras_of(portal: Portal, plan: Plan, state: State) -> None:
    """The same for a saved plan: what it writes is held against the portal as it is now."""
    tasks = [
        Task(change.key, change.body, change.place)
        for change in plan.changes
        if change.place is not None and extras_in(change.body)
    ]
    if tasks:
        must_fit(tasks, portal)
        known = portal.extra_fields()
        names = {name for task in tasks for name in extras_in(task.fields)}
        portal.read_too([known[name] for name in sorted(names)])
    read_extras(portal, state)


def _remembered(state: State) -> set[str] | None:
    """Return the extra fields of all entries and intents; None where there are too many to look."""
    bit, index = 1 << EXTRA_BIT, state.index
    found = {name for intent in state.intents for name in extras_in(intent.asked)}
    rows = [row for row, mask in enumerate(index.masks) if mask & bit]
    if len(rows) > _LOOKED_AT:
        return None
    for row in rows:
        found.update(extras_in(state.entries[index.key(row)].asked))
    return found
