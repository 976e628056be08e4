"""Whose a field is (design 12): what is done with one that is not as asked.

policy    nobody edited it                              somebody edited the manifest
enforce   sent: put right                               sent
accept    stands: accepted, and remembered              sent, and it says that people's goes
seed      stands, unsaid                                not sent
ratchet   ahead of what is asked: stands, remembered    ahead: not sent, and a warning
          behind it: sent, put right                    behind: sent

Ahead is what goes no way back: a status in the order 1 2 3 4 5, a later date, a higher priority;
6 and 7 are ahead of every status, and no date is behind every date. It is what is found that is
held against what is asked, never against what stood there once: so a ratchet needs no memory, and
what people took back themselves is theirs as long as the manifest is fulfilled. Without a memory
(a lost state, an adoption) nobody edited anything: accept lets stand what is found.

A status without a policy is design 5's: people's completed and the like stands, but each plan asks
again, and an edit of it is sent. Only a written enforce makes that a change. Whichever policy
sends another status over one that people moved on, the guard `reopen` holds it back.
"""

from __future__ import annotations

from enum import StrEnum

from tasksync.core.fields import DEFERRED, FIELDS, FieldKind, Value, instant
from tasksync.core.plan import Stands
from tasksync.core.task import FieldPolicy
from tasksync.value_classes import dataclass

#: the kinds of fields that have a direction
DIRECTED = frozenset({FieldKind.INSTANT, FieldKind.PRIORITY, FieldKind.STATUS})
_DECLINED = 7


class Sends(StrEnum):
    """That a field is written."""

    PUT_RIGHT = "put right"
    EDIT = "edit"


class Silent(StrEnum):
    """That a field stands, and that nothing is said of it: seed, or it was said before."""

    STANDS = "stands"


@dataclass(frozen=True, slots=True)
class Differs:
    """A field that is not as asked: what is known of how that came.

    `edited`: the manifest asks otherwise than the entry remembers. `moved`: the portal has another
    value than the entry remembers, or nothing is remembered.
    """

    name: str
    wanted: Value
    found: Value
    edited: bool
    moved: bool


def decided(policy: FieldPolicy | None, one: Differs) -> Sends | Stands | Silent:
    """Return what is done with a field that differs; the table above, row by row."""
    sends = Sends.EDIT if one.edited else Sends.PUT_RIGHT
    match policy:
        case FieldPolicy.SEED:
            return Silent.STANDS
        case FieldPolicy.ACCEPT if not one.edited:
            return Stands.ACCEPTED if one.moved else Silent.STANDS
        case FieldPolicy.RATCHET if is_ahead(one.name, one.found, one.wanted):
            if one.edited:
                return Stands.BACKWARD
            return Stands.AHEAD if one.moved else Silent.STANDS
    return sends


def is_ahead(name: str, found: Value, wanted: Value) -> bool:
    """Tell whether writing what is wanted would take a field of a direction back."""
    return _rank(name, found) >= _rank(name, wanted)


def _rank(name: str, value: Value) -> int:
    """Return how far a value is; nothing at all, and what has no direction, is nowhere."""
    match FIELDS[name].kind, value:
        case (FieldKind.INSTANT, str()):
            return instant(value)
        case (FieldKind.STATUS, int()):
            return DEFERRED if value in {DEFERRED, _DECLINED} else value
        case (FieldKind.PRIORITY, int()):
            return value
    return _NOWHERE


_NOWHERE = -(1 << 63)
