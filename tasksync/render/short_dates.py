"""Dates as people read them, where nothing is lost by it: `2026-05-19 18:00`.

Where every date of a plan is a whole minute of one zone, the zone is told once and the dates stand
without seconds and offset; where one is not, all stand whole.
"""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime, tzinfo

from tasksync.core.change import Action, Change
from tasksync.core.fields import FIELDS, FieldKind, Value, beside
from tasksync.core.plan import Plan
from tasksync.late_patterns import pattern_of
from tasksync.render.wording import clean
from tasksync.value_classes import dataclass, replace

#: the fields that hold a date
DATED = frozenset(name for name, one in FIELDS.items() if one.kind is FieldKind.INSTANT)
_WHOLE = pattern_of(
    r"\b(\d{4}-\d\d-\d\d)T(\d\d:\d\d):(\d\d(?:\.\d+)?)(Z|[+-]\d\d:\d\d(?::\d\d)?)(?!\w)"
)


@dataclass(frozen=True, slots=True)
class ShortDates:
    """How the dates of one plan are written; `zone` is what is said of them, "" where whole."""

    zone: str = ""

    def of(self, text: str) -> str:
        """Return words of ours with the dates in them as they are written here."""
        return _WHOLE.sub(r"\1 \2", text) if self.zone and "T" in text else text

    def date(self, text: str) -> str:
        """Return one date of the plan as it is written here."""
        return f"{text[:10]} {text[11:16]}" if self.zone and text[10:11] == "T" else text


WHOLE = ShortDates()


def short_dates(plan: Plan, zone: tzinfo | None = None, name: str = "") -> ShortDates:
    """Return how the dates of a plan are written.

    `zone` is the manifest's, called `name`; None where it is not known, as of a saved plan: then
    they are short where all have one offset.
    """
    offsets: set[str] = set()
    for text in dict.fromkeys(_dates(plan)):
        found = _WHOLE.fullmatch(text)
        if found is None or found[3] != "00":
            return WHOLE
        if zone is not None and not _is_in(text, zone):
            return WHOLE
        offsets.add(found[4])
    if offsets and zone is not None:
        return ShortDates(clean(name))
    if len(offsets) == 1:
        (offset,) = offsets
        return ShortDates("UTC" if offset in {"Z", "+00:00"} else f"UTC{offset}")
    return WHOLE


def in_zone(plan: Plan, zone: tzinfo) -> Plan:
    """Return a plan to be shown whose dates are in that zone: the same moments."""

    def moment(name: str, value: Value) -> Value:
        if name not in DATED or not isinstance(value, str):
            return value
        return datetime.fromisoformat(value).astimezone(zone).isoformat()

    def moved(change: Change) -> Change:
        fields = tuple(
            replace(one, before=moment(one.name, one.before), after=moment(one.name, one.after))
            for one in change.fields
        )
        together = {name: moment(name, value) for name, value in change.sent_together.items()}
        return replace(change, fields=fields, sent_together=together)

    return replace(plan, levels=tuple(tuple(map(moved, level)) for level in plan.levels))


def _is_in(text: str, zone: tzinfo) -> bool:
    """Tell whether a date has the zone's offset, in an hour that the zone has once."""
    at = datetime.fromisoformat(text)
    here = at.astimezone(zone)
    other = here.replace(fold=1 - here.fold)
    return here.utcoffset() == at.utcoffset() == other.utcoffset()


def _dates(plan: Plan) -> Iterator[str]:
    """Yield every date of a plan that is shown; of a task that goes none is."""
    for change in plan.changes:
        if change.action in {Action.DELETE, Action.FORGET}:
            continue
        for one in change.fields:
            if one.name in DATED:
                yield from (str(value) for value in (one.before, one.after) if value is not None)
        for name in change.sent_together.keys() & DATED:
            yield from (str(one) for one in (change.sent_together[name],) if one is not None)
        for name in change.because.keys() & DATED:
            yield from (found.group() for found in _WHOLE.finditer(change.because[name]))
    for drift in plan.drift:
        if drift.name in DATED:
            values = (drift.remembered, beside(drift.found, drift.remembered))
            yield from (str(value) for value in values if value is not None)
