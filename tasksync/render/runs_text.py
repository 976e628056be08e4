"""What runs did, for a terminal and a pipe: in the symbols and the quoting of plans."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime, tzinfo

from tasksync.core.change import SYMBOLS, Action
from tasksync.core.diff import members
from tasksync.core.fields import FIELDS, FieldKind, Value, is_instant
from tasksync.core.history import RecordedChange, RecordedField
from tasksync.core.remembered_runs import short, undone_by
from tasksync.core.state import Run, State
from tasksync.render import runs_words as words
from tasksync.render import wording
from tasksync.render.inline_diff import marked
from tasksync.render.status_words import Moments
from tasksync.render.style import PLAIN, TONES, Style, Tone
from tasksync.render.wording import clean

#: as wide as the longest field name, so that values stand in one column, as in plans
_WIDTH = max(map(len, FIELDS))


@dataclass(frozen=True, slots=True)
class RunShown:
    """A run with its changes; `why` says why there are none where none are kept."""

    run: Run
    changes: Sequence[RecordedChange]
    why: str = ""


def runs_text(state: State, moments: Moments, style: Style = PLAIN) -> str:
    """Return the runs that a state remembers, the newest first, each line ended."""
    return "".join(f"{line}\n" for line in _runs(state, moments, style))


def changes_text(shown: RunShown, state: State, moments: Moments, style: Style = PLAIN) -> str:
    """Return one run and each of its changes, each line ended."""
    return "".join(f"{line}\n" for line in _run(shown, state, moments, style))


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
    yield f"Run {style.paint(clean(run.id), Tone.STRONG)} of {_whereabouts(state)}.{_zone(moments)}"
    yield (
        f"  {_when(run, moments)}  {clean(run.command)}, "
        f"{style.paint(clean(words.ended(run)), _tone(run))}"
    )
    yield from (f"  {line}" for line in _about(run, undone_by(state.runs).get(run.id), whole=True))
    yield ""
    if shown.why:
        yield f"Its changes are not kept: {shown.why}."
    names = {number: name for name, number in state.directory.people.items()}
    lines = _Changes(style, names, moments.zone)
    for change in shown.changes:
        yield from lines.of(change)
    yield from ("",) if shown.changes else ()
    done = words.counted(run.counts or words.counts_of(shown.changes))
    yield style.paint(f"Tasks: {done or 'nothing counted'}.", Tone.STRONG)


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

    def __init__(self, style: Style, names: wording.Names, zone: tzinfo | None) -> None:
        self._style = style
        self._names = names
        self._zone = zone
        self._said: dict[RecordedField, tuple[str, ...]] = {}

    def of(self, change: RecordedChange) -> Iterator[str]:
        """Yield the task and each field, with what was there before and after."""
        action = Action(change.action)
        symbol = self._style.paint(SYMBOLS[action], TONES[action])
        key = self._style.paint(clean(change.key), Tone.STRONG)
        yield f"  {symbol} {key}  (task {change.id})"
        match action:
            case Action.CREATE:
                for one in change.fields:
                    yield from self._alone(one.name, one.after)
            case Action.DELETE:
                for name, value in change.read.items():
                    yield from self._alone(name, value)
            case _:
                yield from self._changed(change)

    def _changed(self, change: RecordedChange) -> Iterator[str]:
        if all(one.name != "title" for one in change.fields) and change.title:
            yield _line("title", wording.in_quotes(change.title))
        for one in change.fields:
            yield from self._worded(one)

    def _worded(self, one: RecordedField) -> tuple[str, ...]:
        """Return the lines of a field; what happened to many tasks alike is worded once."""
        lines = self._said.get(one)
        if lines is None:
            before, after = (self._in_zone(one.name, value) for value in (one.before, one.after))
            lines = tuple(self._field(RecordedField(one.name, before, after)))
            self._said[one] = lines
        return lines

    def _in_zone(self, name: str, value: Value) -> Value:
        if FIELDS[name].kind is not FieldKind.INSTANT or not isinstance(value, str):
            return value
        if self._zone is None or not is_instant(value):
            return value
        return datetime.fromisoformat(value).astimezone(self._zone).isoformat()

    def _alone(self, name: str, value: Value) -> Iterator[str]:
        """Yield a field of a task that came or went."""
        value = self._in_zone(name, value)
        several = isinstance(value, str) and "\n" in value
        first, *rest = wording.lines(str(value)) if several else (self._shown(name, value),)
        yield _line(wording.label(name, value), first)
        yield from (_line("", line).rstrip() for line in rest)

    def _field(self, one: RecordedField) -> Iterator[str]:
        label = wording.label(one.name, one.before, one.after)
        if one.before == one.after:
            note = self._style.paint("   (sent together)", Tone.DIM)
            yield _line(label, self._shown(one.name, one.after) + note)
        elif wording.is_set(one.name):
            yield _line(label, self._members(one))
        elif wording.is_long(one.name, one.before, one.after):
            first, *rest = marked(str(one.before), str(one.after), self._style)
            yield _line(label, first)
            yield from (_line("", line) for line in rest)
        else:
            moved = wording.moved(one.name, one.before, one.after)
            delta = self._style.paint(f"   ({moved})", Tone.DIM) if moved else ""
            before, after = wording.pair(one.name, one.before, one.after, self._names)
            yield _line(label, f"{before} -> {after}{delta}")

    def _members(self, one: RecordedField) -> str:
        before, after = (v if isinstance(v, tuple) else () for v in (one.before, one.after))
        seen = members(before, after)
        added, removed = wording.swapped(one.name, seen.added, seen.removed, self._names)
        both = ((Tone.ADD, "+", added), (Tone.REMOVE, "-", removed))
        return " ".join(
            self._style.paint(f"{sign}{item}", tone) for tone, sign, items in both for item in items
        )

    def _shown(self, name: str, value: Value) -> str:
        return wording.shown(name, value, self._names)


def _line(label: str, text: str) -> str:
    return f"      {label:<{_WIDTH}}  {text}"
