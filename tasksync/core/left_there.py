"""What a run left in a field: what it asked, or what the portal is known to make of that.

there                                                    counts as left by the run
as asked, or the same in normal form                     yes
as the entry remembers that the portal turned it         yes, but where a policy lets people's stand
a known turn of what was asked (core.proof)              yes
no parent, and the key that was its parent has no task   yes
anything else                                            no: people moved it since
"""

from __future__ import annotations

from tasksync.core.change import Action, Change, FieldChange, Reason
from tasksync.core.equivalence import equivalent
from tasksync.core.fields import KeyRef, Value, same
from tasksync.core.history import RecordedChange, RecordedField
from tasksync.core.proof import is_known
from tasksync.core.state import Entry, State
from tasksync.core.task import LETS_STAND, LiveTask


class LeftThere:
    """Holds what is on the portal against what a run wrote there."""

    def __init__(self, state: State) -> None:
        self._index = state.index

    def by(self, one: RecordedChange, entry: Entry, live: LiveTask, field: RecordedField) -> Value:
        """Return what the run left in a field: as it is there, where that is known to be so."""
        name, wrote = field.name, self._resolved(field.after)
        if name not in live.fields:
            return self._resolved(entry.normalised.get(name, wrote))
        there = live.fields[name]
        if same(name, there, wrote) or equivalent(name, there, wrote):
            return there
        if isinstance(wrote, KeyRef) and there is None:  # its parent's task went, and that link
            return there
        lenient = entry.options.policies.get(name) in LETS_STAND
        turned = self._resolved(entry.normalised.get(name, wrote))
        if not lenient and same(name, there, turned):
            return there
        if is_known(_as_done(one, entry), name, wrote, there):
            return there
        return turned if not lenient else wrote

    def _resolved(self, value: Value) -> Value:
        """Return the number of a parent that is named by its key, where it has one."""
        if not isinstance(value, KeyRef):
            return value
        row = self._index.row(value.key)
        return value if row is None else self._index.ids[row]


def _as_done(one: RecordedChange, entry: Entry) -> Change:
    """Return the change that the run did, as far as turns of the portal depend on it."""
    fields = tuple(FieldChange(each.name, each.before, each.after) for each in one.fields)
    return Change(one.key, Action(one.action), Reason.UNDONE, one.id, fields, asked=entry.asked)
