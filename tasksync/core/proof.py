"""What a read after the write proves: as asked, turned by the portal, or not written at all.

found == asked                              proved
found == what was there before the write    missing: not written, though the portal said so
found is a third value                      turned: the portal made that of it (5 becomes 4)

What the portal is known to make of a value is turned even where it was there before: otherwise a
task that is taken over, or asked for twice, would be called not written for ever.
"""

from __future__ import annotations

from dataclasses import dataclass, field

from tasksync.core.change import Action, Change
from tasksync.core.fields import FIELDS, Value, same
from tasksync.core.task import LiveTask

#: what the portal gives a field that a create does not set (create seed)
_DEFAULTS: dict[str, Value] = {"status": 2, "priority": 1}
#: asked -> made of it (contract 8.5): new is pending; completed waits for control
_STATUSES = {(1, 2), (5, 4)}
#: texts that the portal trims or whose line ends it writes anew (contract 7)
_TEXTS = {"title", "description"}


@dataclass(frozen=True, slots=True)
class Proof:
    """The written fields that are not as asked, each with what was found."""

    turned: dict[str, Value] = field(default_factory=dict)
    missing: dict[str, Value] = field(default_factory=dict)

    def __bool__(self) -> bool:
        return not self.turned and not self.missing


def proof_of(change: Change, live: LiveTask, *, recovered: bool = False) -> Proof:
    """Compare what a resolved change sent with the task as it is now.

    `recovered`: the task was matched, not answered. What differs in it may be another's, so only
    what the portal is known to make of a value is turned; the rest is put right by the next run.
    """
    before = {one.name: one.before for one in change.fields}
    turned: dict[str, Value] = {}
    missing: dict[str, Value] = {}
    for name, sent in change.body.items():
        if name not in live.fields or same(name, live.fields[name], sent):
            continue
        found = live.fields[name]
        known = _is_known(name, sent, found)
        if known or (not recovered and _is_turned(change, name, found, before.get(name))):
            turned[name] = found
        else:
            missing[name] = found
    return Proof(turned, missing)


def _is_turned(change: Change, name: str, found: Value, before: Value) -> bool:
    if change.action is Action.CREATE:
        return not same(name, found, _DEFAULTS.get(name, FIELDS[name].empty))
    if name in change.along:
        return True
    return not same(name, found, before)


def _is_known(name: str, sent: Value, found: Value) -> bool:
    """Tell whether the portal is known to make the one of the other."""
    if name == "status":
        return (sent, found) in _STATUSES
    texts = isinstance(sent, str) and isinstance(found, str) and name in _TEXTS
    return texts and _kept(str(sent)) == _kept(str(found)) != ""


def _kept(text: str) -> str:
    return "\n".join(text.splitlines()).strip()
