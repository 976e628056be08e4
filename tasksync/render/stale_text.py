"""What moved under a plan since it was made, in words: one line a fault."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from tasksync.core.fields import FIELDS, FieldKind, TaskKey, beside
from tasksync.core.staleness import Stale
from tasksync.render.wording import Names, clean, label, pair


def stale_text(
    stale: Mapping[TaskKey, Sequence[Stale]], names: Names, saw: str = "the plan saw"
) -> str:
    """Return what moved, one line each: `a: priority: the plan saw normal, now it is low`."""
    return "\n".join(f"  {_line(one, names, saw)}" for reasons in stale.values() for one in reasons)


def _line(one: Stale, names: Names, who: str) -> str:
    if one.is_field:
        name = label(one.name, one.saw, one.there)
        is_date = FIELDS[one.name].kind is FieldKind.INSTANT
        found = beside(one.there, one.saw) if is_date else one.there
        saw, there = pair(one.name, one.saw, found, names)
    else:
        name, saw, there = one.name, clean(str(one.saw)), clean(str(one.there))
    return f"{clean(one.key)}: {name}: {who} {saw}, now it is {there}"


def stale_count(count: int) -> str:
    """Return `3 of the plan's changes are stale`."""
    return f"{count} of the plan's changes {'is' if count == 1 else 'are'} stale"
