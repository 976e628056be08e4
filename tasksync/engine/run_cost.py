"""What applying a plan will take: which changes are sent together, and what proving them reads."""

from __future__ import annotations

from collections.abc import Iterator

from tasksync.core.change import Action, Change
from tasksync.core.plan import Plan
from tasksync.engine.read_cost import requests_to_read

#: creates that go before the marker is proved: as many as the portal's first batch takes
FIRST_BATCH = 10
#: what is read back once it was written
PROVABLE = frozenset({Action.CREATE, Action.UPDATE, Action.DEFER, Action.ADOPT, Action.FORGET})


def in_lots(plan: Plan) -> Iterator[tuple[Change, ...]]:
    """Yield what is sent together when nothing fails: the levels, the first creates apart."""
    apart = plan.marker is not None
    for level in plan.levels:
        first = [one for one in level if one.action is Action.CREATE][:FIRST_BATCH] if apart else []
        if first:
            apart = False
            yield tuple(first)
        keys = {change.key for change in first}
        yield tuple(change for change in level if change.key not in keys)


def requests_for(plan: Plan) -> int:
    """Return how many requests verifying this plan will take when all of it succeeds."""
    written = sum(change.writes and change.action in PROVABLE for change in plan.changes)
    if not written:
        return 0
    summary = plan.summary
    tracked = plan.tracked + summary.add + summary.adopt - summary.remove - summary.forget
    return requests_to_read(written, tracked, plan.marker)
