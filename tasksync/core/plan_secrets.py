"""A plan as it may be shown: our secrets are taken out before values are compared in words.

What differs is shown in pieces, and in pieces a secret is found by nobody.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from tasksync.core.change import Change
from tasksync.core.fields import Value
from tasksync.core.plan import Drift, Plan
from tasksync.core.secrets import Secrets
from tasksync.value_classes import replace


def for_showing(plan: Plan, secrets: Secrets) -> Plan:
    """Return a plan whose values are without our secrets; the very same where they hold none.

    It is no plan to be done: what the manifest says itself is hidden in it too.
    """
    if not secrets.may_be_in("\n".join(_texts(plan))):
        return plan
    return replace(
        plan,
        levels=tuple(tuple(_change(one, secrets) for one in level) for level in plan.levels),
        drift=tuple(_drift(one, secrets) for one in plan.drift),
    )


def _texts(plan: Plan) -> Iterator[str]:
    for change in plan.changes:
        for one in change.fields:
            yield from _words((one.before, one.after))
    for drift in plan.drift:
        yield from _words((drift.remembered, drift.found))


def _words(values: Iterable[Value]) -> Iterator[str]:
    for value in values:
        if isinstance(value, str):
            yield value
        elif isinstance(value, tuple):
            yield from (one for one in value if isinstance(one, str))


def _change(change: Change, secrets: Secrets) -> Change:
    fields = tuple(
        replace(one, before=secrets.redact_value(one.before), after=secrets.redact_value(one.after))
        for one in change.fields
    )
    return replace(change, fields=fields)


def _drift(drift: Drift, secrets: Secrets) -> Drift:
    remembered, found = secrets.redact_value(drift.remembered), secrets.redact_value(drift.found)
    return replace(drift, remembered=remembered, found=found)
