"""What a plan would make although it seems to be there: looked for, and noted in the plan.

It changes nothing of what the plan does. A look-up that fails is noted too, and fails no plan:
what it would tell is advice, and a portal that is asked for titles badly makes tasks as well as
any other.
"""

from __future__ import annotations

from collections.abc import Mapping

from tasksync.core.change import Action, Change, Reason
from tasksync.core.fields import RemoteId, TaskKey, Values
from tasksync.core.plan import Existing, ExistingTask, Plan
from tasksync.core.same_titles import Titled, TitleLookup, TitlePairs, free_tasks, paired
from tasksync.core.state import State
from tasksync.value_classes import replace

#: design 13: a plan that would create more asks nothing
MOST_CREATES = 200


def with_existing(plan: Plan, state: State, of_titles: TitleLookup) -> Plan:
    """Return the plan with the unmarked tasks that have the titles of what it would create."""
    creates = {one.key: one for one in plan.changes if _is_new(one)}
    if not creates or len(creates) > MOST_CREATES:
        return plan
    told = of_titles({str(one.asked["title"]) for one in creates.values()})
    taken = {RemoteId(remote) for remote in state.index.ids}
    taken |= {one.id for one in plan.changes if one.id is not None}
    free = free_tasks(told.tasks, taken)
    found = paired({key: one.asked for key, one in creates.items()}, free)
    fits = {**found.several, **{key: (live,) for key, live in found.pairs.items()}}
    missed = sum(
        one.asked["title"] in told.missed or (one.asked["title"] in told.cut and key not in fits)
        for key, one in creates.items()
    )
    return replace(
        plan,
        existing=tuple(
            Existing(
                key,
                tuple(ExistingTask(one.id, _person(one.fields)) for one in fits[key]),
                found.pairs[key].id if _surely(key, found, told, creates) else 0,
            )
            for key in sorted(fits)
        ),
        not_looked_for=missed,
    )


def _surely(
    key: TaskKey, found: TitlePairs, told: Titled, creates: Mapping[TaskKey, Change]
) -> bool:
    """Tell whether one task alone fits: not where the portal has more of the title than it told."""
    return key in found.pairs and creates[key].asked["title"] not in told.cut


def _is_new(change: Change) -> bool:
    """Tell whether a task was never there: one that vanished is known to be gone."""
    return change.action is Action.CREATE and change.reason is Reason.NEW


def _person(fields: Values) -> int:
    person = fields.get("responsibleId")
    return person if isinstance(person, int) else 0
