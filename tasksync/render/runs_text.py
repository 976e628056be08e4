"""What runs did, for a terminal and a pipe: in the symbols and the quoting of plans."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from datetime import datetime, tzinfo

from tasksync.core.change import Action, Change, FieldChange, Reason
from tasksync.core.fields import FIELDS, FieldKind, Value, is_instant
from tasksync.core.history import RecordedChange, RecordedField
from tasksync.core.plan import Plan
from tasksync.core.remembered_runs import short, undone_by
from tasksync.core.state import Run, State
from tasksync.core.task import Activity
from tasksync.render import runs_words as words
from tasksync.render import wording
from tasksync.render.line_width import wrapped
from tasksync.render.short_dates import short_dates
from tasksync.render.status_words import Moments
from tasksync.render.style import PLAIN, Style, Tone
from tasksync.render.text_blocks import Blocks, Layout, field_line
from tasksync.render.wording import clean
from tasksync.value_classes import dataclass, replace


@dataclass(frozen=True, slots=True)
class RunShown:
    """A run with its changes; `why` says why there are none where none are kept."""

    run: Run
    changes: Sequence[RecordedChange]
    why: str = ""


def runs_text(state: State, moments: Moments, style: Style = PLAIN) -> str:
    """Return the runs that a state remembers, the newest first, each line ended."""
    return "".join(f"{line}\n" for line in _fitting(_runs(state, moments, style)))


def changes_text(shown: RunShown, state: State, moments: Moments, style: Style = PLAIN) -> str:
    """Return one run and each of its changes, each line ended."""
    return "".join(f"{line}\n" for line in _run(shown, state, moments, style))


def _fitting(lines: Iterable[str]) -> Iterator[str]:
    """Yield lines as lines that fit, as those of a plan do."""
    for line in lines:
        yield from wrapped(line, len(line) - len(line.lstrip()) + 2)


def _runs(state: State, moments: Moments, style: Style) -> Iterator[str]:
    if not state.runs:
        yield words.NO_RUNS
        return
    yield f"Project {_whereabouts(state)}.{_zone(moments)}"
    undone = undone_by(state.runs)
    for run in reversed(state.runs):
        yield ""
        yield (
            f"{style.paint(clean(short(run.id)), Tone.STRONG)}  {_when(run, moments)}  "
            f"{clean(run.command)}, {style.paint(clean(words.ended(run)), _tone(run))}"
        )
        yield f"    {words.what(run)}"
        yield from (
            f"    {style.paint(line, Tone.DIM)}" for line in _about(run, undone.get(run.id))
        )


def _about(run: Run, undone: Sequence[Run] | None, *, whole: bool = False) -> Iterator[str]:
    """Yield who ran it, where, by which plan, and what came of it since."""
    if run.by:
        yield f"by {clean(run.by)}" + (f", {clean(run.ci)}" if run.ci else "")
    if run.digest:
        yield f"plan {clean(run.digest if whole else run.digest[:_DIGEST])}"
    if run.undoes:
        yield f"took back {clean(short(run.undoes))}"
    if undone:
        yield f"undone by {', '.join(clean(short(one.id)) for one in undone)}"


#: so much of a digest tells it from others: `sha256:` and 12 digits
_DIGEST = 19


def _run(shown: RunShown, state: State, moments: Moments, style: Style) -> Iterator[str]:
    run = shown.run
    names = {number: name for name, number in state.directory.people.items()}
    lines = _Changes(shown.changes, style, names, moments)
    yield from _fitting(_head(shown, state, moments, style))
    yield from (f"Dates are in {lines.dates.zone}.",) if lines.dates.zone else ()
    yield ""
    yield from lines.lines()
    yield from ("",) if shown.changes else ()
    done = words.counted(run.counts or words.counts_of(shown.changes))
    yield style.paint(f"Tasks: {done or 'nothing counted'}.", Tone.STRONG)


def _head(shown: RunShown, state: State, moments: Moments, style: Style) -> Iterator[str]:
    run = shown.run
    yield f"Run {style.paint(clean(run.id), Tone.STRONG)} of {_whereabouts(state)}.{_zone(moments)}"
    yield (
        f"  {_when(run, moments)}  {clean(run.command)}, "
        f"{style.paint(clean(words.ended(run)), _tone(run))}"
    )
    yield from (f"  {line}" for line in _about(run, undone_by(state.runs).get(run.id), whole=True))
    if shown.why:
        yield f"Its changes are not kept: {shown.why}."


def _whereabouts(state: State) -> str:
    portal = clean(state.identity.portal) if state.identity else ""
    return f"{clean(state.project)} on {portal}" if portal else clean(state.project)


def _zone(moments: Moments) -> str:
    return f" Times are of {clean(moments.name)}." if moments.name else ""


def _when(run: Run, moments: Moments) -> str:
    return moments.shown(run.at.isoformat(timespec="seconds"))


def _tone(run: Run) -> Tone:
    return Tone.GOOD if run.outcome == "complete" else Tone.WARN


class _Changes:
    """The lines of recorded changes in one style, their dates in one zone, where one is known."""

    def __init__(
        self,
        changes: Sequence[RecordedChange],
        style: Style,
        names: wording.Names,
        moments: Moments,
    ) -> None:
        self._changes = tuple(_as_change(one, moments.zone) for one in changes)
        plan = Plan("", "", "", 0, names=tuple(names.items()))
        dated = replace(plan, levels=(self._changes,))
        self.dates = short_dates(dated, moments.zone, moments.name)
        self._blocks = Blocks(plan, style, Layout(dates=self.dates))

    def lines(self) -> Iterator[str]:
        """Yield each task and each field, with what was there before and after."""
        if not self._changes:
            return
        key = max(self._changes, key=lambda one: len(one.key))
        number = max(self._changes, key=lambda one: one.id or 0)
        for change in self._changes:
            yield from self._blocks.lines((change,), (key, number))
            if change.action is Action.DELETE:
                yield from self._gone(change)

    def _gone(self, change: Change) -> Iterator[str]:
        """Yield what a deleted task held; its title stands above."""
        for one in change.fields:
            if one.name == "title":
                continue
            several = isinstance(one.before, str) and "\n" in one.before
            text = self._blocks.value(one.name, one.before)
            label = wording.label(one.name, one.before)
            for line in wording.lines(str(one.before)) if several else (text,):
                yield from (done.rstrip() for done in field_line(label, line))
                label = ""


def _as_change(change: RecordedChange, zone: tzinfo | None) -> Change:
    """Return what was done as a plan would have it; of a delete what was there."""
    action = Action(change.action)
    fields = change.fields
    if action is Action.DELETE:
        fields = tuple(RecordedField(name, value, None) for name, value in change.read.items())
    kept = action is not Action.CREATE
    return Change(
        change.key,
        action,
        Reason.NEW,
        change.id,
        tuple(
            FieldChange(
                one.name, _in_zone(one.name, one.before, zone), _in_zone(one.name, one.after, zone)
            )
            for one in fields
            if not kept or one.before != one.after
        ),
        {
            one.name: _in_zone(one.name, one.after, zone)
            for one in fields
            if kept and action is not Action.FORGET and one.before == one.after
        },
        title=change.title,
        activity=Activity(0, 0),
    )


def _in_zone(name: str, value: Value, zone: tzinfo | None) -> Value:
    if FIELDS[name].kind is not FieldKind.INSTANT or not isinstance(value, str):
        return value
    if zone is None or not is_instant(value):
        return value
    return datetime.fromisoformat(value).astimezone(zone).isoformat()
