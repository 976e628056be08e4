"""How an apply ended: one line a change, and the line at the end."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from types import MappingProxyType
from typing import TypeAlias

from tasksync.core.change import Action, Outcome, Status
from tasksync.core.events import ValueMissing, ValueNormalised
from tasksync.core.fields import FIELDS, Value, is_extra
from tasksync.render.style import PLAIN, TONES, Style, Tone
from tasksync.render.wording import also, clean, clean_lines, count, label, shown
from tasksync.value_classes import dataclass

Told: TypeAlias = ValueNormalised | ValueMissing

DONE_WORDS: Mapping[Action, str] = MappingProxyType(
    {
        Action.CREATE: "added",
        Action.UPDATE: "changed",
        Action.DELETE: "destroyed",
        Action.DEFER: "deferred",
        Action.ADOPT: "adopted",
        Action.FORGET: "forgotten",
        Action.NOOP: "remembered",
    }
)
_TONES: Mapping[Status, Tone] = MappingProxyType(
    {
        Status.DONE: Tone.GOOD,
        Status.FAILED: Tone.BAD,
        Status.IN_DOUBT: Tone.WARN,
        Status.SKIPPED: Tone.DIM,
        Status.NOT_STARTED: Tone.DIM,
    }
)


#: so many of the changes that were not started are named: who stops a run knows that there are more
NAMED = 20


@dataclass(frozen=True, slots=True)
class ApplyCounts:
    """How many changes have which status; skipped ones count as not started."""

    added: int = 0
    changed: int = 0
    destroyed: int = 0
    adopted: int = 0
    deferred: int = 0
    forgotten: int = 0
    failed: int = 0
    not_started: int = 0
    in_doubt: int = 0
    done: int = 0
    left: int = 0

    @property
    def complete(self) -> bool:
        """Whether everything was done."""
        return not (self.failed or self.not_started or self.in_doubt)

    @property
    def line(self) -> str:
        """The line at the end, without its first two words."""
        rest = (
            (self.adopted, "adopted"),
            (self.deferred, "deferred"),
            (self.forgotten, "forgotten"),
        )
        done = f"Tasks: {self.added} added, {self.changed} changed, {self.destroyed} destroyed"
        bad = (
            ""
            if self.complete
            else f"; {self.failed} failed; {self.not_started} not started; {self.in_doubt} in doubt"
        )
        return f"{done}{bad}.{also(rest)}"


def apply_counts(outcomes: Iterable[Outcome]) -> ApplyCounts:
    """Count the changes by status."""
    counts: Counter[Status] = Counter()
    done: Counter[Action] = Counter()
    for outcome in outcomes:
        counts[outcome.status] += 1
        if outcome.status is Status.DONE:
            done[outcome.change.action] += 1
    return ApplyCounts(
        added=done[Action.CREATE],
        changed=done[Action.UPDATE],
        destroyed=done[Action.DELETE],
        adopted=done[Action.ADOPT],
        deferred=done[Action.DEFER],
        forgotten=done[Action.FORGET],
        failed=counts[Status.FAILED],
        not_started=counts[Status.SKIPPED] + counts[Status.NOT_STARTED],
        in_doubt=counts[Status.IN_DOUBT],
        done=counts[Status.DONE],
        left=counts.total() - counts[Status.DONE],
    )


def outcome_line(outcome: Outcome, style: Style = PLAIN) -> str:
    """Return the outcome of one change, on one line."""
    key = clean(outcome.change.key)
    remote = outcome.id or outcome.change.id
    task = f" (task {remote})" if remote else ""
    if outcome.status is Status.DONE:
        word = style.paint(DONE_WORDS[outcome.change.action], TONES[outcome.change.action])
        return f"{key}: {word}{task}"
    word = style.paint(outcome.status.value, _TONES[outcome.status])
    return f"{key}{task}: {word}{_because(outcome)}"


def _because(outcome: Outcome) -> str:
    parts = (clean(outcome.code), clean(outcome.message))
    why = ": ".join(part for part in parts if part)
    advice = f" ({clean(outcome.advice)})" if outcome.advice else ""
    return f": {why}{advice}" if why or advice else ""


def apply_text(
    outcomes: Sequence[Outcome],
    *,
    told: Sequence[Told] = (),
    more: str = "",
    whole: bool = True,
    where: str = "",
    style: Style = PLAIN,
) -> str:
    """Return the end of an apply: what did not go well, by name, then the line to look for.

    `told` are values that the portal normalised or lost; `more` is said after the line; `where` is
    whose tasks they are. Without `whole` something of the plan was left out.
    """
    result = apply_counts(outcomes)
    missing = any(isinstance(one, ValueMissing) for one in told)
    good = result.complete and not missing and whole
    first = "Apply complete!" if good else "Apply incomplete."
    lines = (
        *_troubles(outcomes, style),
        *(value_line(one, style) for one in told),
        *_beside(result, where),
        f"{style.paint(first, Tone.GOOD if good else Tone.BAD)} {result.line}",
        *((clean_lines(more),) if more else ()),
    )
    return "".join(f"{line}\n" for line in lines)


def _beside(result: ApplyCounts, where: str) -> Iterator[str]:
    """Say how far it came and whose tasks these are."""
    came = "" if result.complete else done_and_left(result.done, result.left)
    if where:
        yield f"In {where}{': ' if came else ''}{came}."
    elif came:
        yield f"{came}."


def done_and_left(done: int, left: int) -> str:
    """Return how far a run came."""
    return f"{done} done, {left} left"


def _troubles(outcomes: Sequence[Outcome], style: Style) -> Iterator[str]:
    for status in (Status.FAILED, Status.IN_DOUBT, Status.SKIPPED, Status.NOT_STARTED):
        group = [outcome for outcome in outcomes if outcome.status is status]
        if not group:
            continue
        title = f"{count(len(group), 'change')} {status.value}:"
        yield style.paint(title[0].upper() + title[1:], _TONES[status])
        most = NAMED if status is Status.NOT_STARTED else len(group)
        for outcome in group[:most]:
            yield f"  {outcome_line(outcome, style)}"
        if group[most:]:
            yield f"  and {len(group) - most} more; tasksync plan --full shows them"


def value_line(told: Told, style: Style = PLAIN) -> str:
    """Return what the portal made of a value that was written."""
    asked, found = (_shown(told.name, value) for value in (told.asked, told.found))
    where = f"{clean(told.key)} (task {told.id}): {label(told.name)}"
    if told.name in _UNSEEN:
        words = _UNSEEN[told.name]
        return f"{style.paint('Error:', Tone.BAD)} {clean(told.key)} (task {told.id}): {words}"
    if isinstance(told, ValueNormalised):
        return f"{style.paint('Note:', Tone.WARN)} {where} became {found}, asked was {asked}."
    return f"{style.paint('Error:', Tone.BAD)} {where} was not written: {found}, asked was {asked}."


#: what was not found that is no field
_UNSEEN = MappingProxyType(
    {
        "task": "the portal gave it this number, and this key cannot see it. It is remembered and "
        "not made again; use a key that sees it, or look for it on the portal.",
        "marker": "the portal did not keep its marker. If it never does, write policy: "
        "{marker: none} into the manifest.",
    }
)


def _shown(name: str, value: object) -> str:
    plain: Value = value if isinstance(value, (str, int, float, tuple)) else None
    known = (name in FIELDS or is_extra(name)) and (plain is not None or value is None)
    return shown(name, plain, {}) if known else clean(str(value))
