"""A plan as people read it (design 4): blocks of changes, notes, and the line to look for.

Never wrapped, never cut; the same words with and without colour. What came from the portal or
the manifest is written so that it cannot steer a terminal.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from itertools import groupby

from tasksync.core.change import SYMBOLS, Action, Change, FieldChange
from tasksync.core.diff import members
from tasksync.core.fields import FIELDS, FieldKind, KeyRef, TaskKey, Value
from tasksync.core.people import people_of
from tasksync.core.plan import Drift, Plan, Refusal
from tasksync.core.state import Entry
from tasksync.render import wording
from tasksync.render.inline_diff import marked, marked_line
from tasksync.render.style import PLAIN, TONES, Style, Tone

NO_CHANGES = "No changes. The portal matches the manifest."
#: as wide as the longest field name, so that values stand in one column
FIELD_WIDTH = 13
KEY_WIDTH = 40
#: fields of which hardly two tasks hold the same value
_ALWAYS_OTHER = {n for n, one in FIELDS.items() if one.kind in {FieldKind.TEXT, FieldKind.INSTANT}}
SHOWN = (Action.CREATE, Action.UPDATE, Action.DELETE, Action.DEFER, Action.ADOPT, Action.FORGET)


def read_line(files: int, tasks: int, requests: int | None, seconds: float) -> str:
    """Return what was read, for the first line; `requests` None: the portal was not asked."""
    first = f"tasksync read {wording.count(files, 'file')}, {wording.count(tasks, 'task')}"
    portal = (
        ", and not the portal"
        if requests is None
        else f", and the portal in {wording.count(requests, 'request')}"
    )
    return f"{first}{portal} ({seconds:.1f} s)."


def plan_text(
    plan: Plan,
    *,
    first_line: str = "",
    requests: int = 0,
    seconds: float = 0.0,
    refusals: Sequence[Refusal] = (),
    style: Style = PLAIN,
    digest: str = "",
    nothing: str = "",
) -> str:
    """Return the whole plan, each line ended; `first_line` is `read_line`, or how a show begins.

    `digest` is by what it may be approved; `nothing` is said of a plan without changes.
    """
    lines = _Lines(plan, style)
    return "".join(
        f"{line}\n"
        for line in (
            *lines.top(first_line),
            *lines.changes(),
            *lines.notes(),
            *lines.summary(requests, seconds, nothing or NO_CHANGES),
            *digest_lines(plan, digest, style),
            *(line for refusal in refusals for line in refusal_lines(refusal, style)),
        )
    )


def digest_lines(plan: Plan, digest: str, style: Style = PLAIN) -> Iterator[str]:
    """Yield by what a plan is approved, and how it is applied then."""
    if digest:
        yield style.paint(f"Digest: {digest}", Tone.DIM)
        how, what = wording.by_digest(plan)
        yield style.paint(f"  ({how} {what})", Tone.DIM)


def refusal_lines(refusal: Refusal, style: Style = PLAIN) -> Iterator[str]:
    """Yield why a guard holds the plan back, and how to override it."""
    yield ""
    yield style.paint("Refused:", Tone.BAD) + f" {wording.clean_lines(refusal.what)}"
    for line in refusal.advice.split("\n"):
        yield f"  {wording.clean(line)}"


def entry_line(entry: Entry) -> str:
    """Return one line of `state list`."""
    notes = (
        ("deferred", entry.deferred),
        ("not shown by the portal", entry.hidden),
        (_moved(entry), entry.moved_to is not None),
    )
    said = "".join(f"  ({what})" for what, holds in notes if holds)
    return f"{wording.clean(entry.key)}  (task {entry.id})  {wording.in_quotes(entry.title)}{said}"


def _moved(entry: Entry) -> str:
    return f"moved to {wording.clean(str(entry.moved_to))}"


def entry_text(entry: Entry, names: wording.Names | None = None, style: Style = PLAIN) -> str:
    """Return what the state remembers of one task, each line ended."""
    lines = [style.paint(wording.clean(entry.key), Tone.STRONG) + f"  (task {entry.id})"]
    for name, value in entry.asked.items():
        made = entry.normalised.get(name)
        normalised = (
            f"   (the portal has {wording.shown(name, made, names or {})})"
            if name in entry.normalised and not isinstance(value, KeyRef)
            else ""
        )
        label = wording.label(name, value)
        said = wording.shown(name, value, names or {})
        written = wording.as_written(entry.written, name, said)
        lines.append(f"  {label:<{FIELD_WIDTH}}  {said}{written}{normalised}")
    policies = ", ".join(f"{name} {policy}" for name, policy in entry.options.policies.items())
    notes = (
        (f"fieldPolicy: {policies}", bool(policies)),
        (f"created {entry.created}", bool(entry.created)),
        ("protected", entry.protected),
        ("deferred", entry.deferred),
        ("not shown by the portal: never made again", entry.hidden),
        ("made again after it had vanished", entry.remade),
        (_moved(entry), entry.moved_to is not None),
    )
    lines += [f"  ({what})" for what, holds in notes if holds]
    return "".join(f"{line}\n" for line in lines)


class _Lines:
    """The lines of one plan in one style."""

    def __init__(self, plan: Plan, style: Style) -> None:
        self.plan = plan
        self.style = style
        self.names = dict(plan.names)
        self._said: dict[tuple[str, Value], str] = {}
        self.created: frozenset[TaskKey] = frozenset(
            change.key for change in plan.changes if change.action is Action.CREATE
        )

    def top(self, first_line: str) -> Iterator[str]:
        """Whose plan it is, what was read, and the symbols where there is something to read."""
        yield f"Project {wording.whereabouts(self.plan)}."
        if not self.plan:
            yield from (first_line,) if first_line else ()
            return
        yield f"{first_line} Symbols:".lstrip()
        yield "  " + "   ".join(f"{self._symbol(one)} {wording.DOES[one]}" for one in SHOWN)
        yield ""

    def changes(self) -> Iterator[str]:
        """One block for each change, in the order in which they are done."""
        changes = tuple(self.plan.changes)
        wide = max((len(change.key) for change in changes), default=0)
        key_width = min(wide, KEY_WIDTH)
        id_width = max((len(_task(change)) for change in changes), default=0)
        for change in changes:
            yield self._change_line(change, key_width, id_width)
            yield from self._body(change)

    def _symbol(self, action: Action) -> str:
        return self.style.paint(SYMBOLS[action], TONES[action])

    def _change_line(self, change: Change, key_width: int, id_width: int) -> str:
        key = wording.clean(change.key)
        pad = " " * max(key_width - len(key), 0)
        place = f"{change.place.file}:{change.place.line}" if change.place else ""
        rest = "  ".join(part for part in (wording.clean(place), wording.why(change)) if part)
        task = f"{_task(change):<{id_width}}"
        key = self.style.paint(key, Tone.STRONG)
        return f"  {self._symbol(change.action)} {key}{pad}  {task}  {rest}".rstrip()

    def _body(self, change: Change) -> Iterator[str]:
        match change.action:
            case Action.CREATE:
                for one in change.fields:
                    yield self._new_field(one, change.written)
            case Action.DELETE | Action.FORGET:
                yield from self._gone(change)
            case Action.UPDATE | Action.ADOPT | Action.DEFER:
                yield from self._changed(change)
            case Action.NOOP:
                return

    def _new_field(self, one: FieldChange, written: Mapping[str, str]) -> str:
        """Return the line or lines of a new task's field; what many tasks say is worded once."""
        if one.name in _ALWAYS_OTHER or one.name in written:
            lines = "\n".join(self._new_lines(one))
            return lines + wording.as_written(written, one.name, lines)
        said = (one.name, one.after)
        line = self._said.get(said)
        if line is None:
            line = self._line(wording.label(one.name, one.after), self._new(one))
            self._said[said] = line
        return line

    def _new(self, one: FieldChange) -> str:
        return self._known(one, self._value(one.name, one.after))

    def _new_lines(self, one: FieldChange) -> Iterator[str]:
        several = isinstance(one.after, str) and "\n" in one.after
        first, *rest = (
            wording.lines(str(one.after)) if several else (self._value(one.name, one.after),)
        )
        yield self._line(one.name, first)
        yield from (self._line("", line).rstrip() for line in rest)

    def _known(self, one: FieldChange, text: str) -> str:
        if isinstance(one.after, KeyRef) and one.after.key in self.created:
            return text + self.style.paint(" (known after apply)", Tone.DIM)
        return text

    def _gone(self, change: Change) -> Iterator[str]:
        deletes = change.action is Action.DELETE
        renames = not deletes and any(one.name == "title" for one in change.fields)
        if change.title and not renames:
            yield self._line("title", wording.in_quotes(change.title))
        if deletes:
            lost = wording.lost(change.activity)
            yield from (f"      {self.style.paint(lost, Tone.WARN)}",) if lost else ()
        else:  # what an adoption changed, put back by undo
            for one in change.fields:
                yield from self._field(one, change)
        if change.protected:
            yield f"      {self.style.paint('protected', Tone.WARN)}"

    def _changed(self, change: Change) -> Iterator[str]:
        named = any(one.name == "title" for one in change.fields)
        if change.action is not Action.UPDATE and change.title and not named:
            yield self._line("title", wording.in_quotes(change.title))
        for one in change.fields:
            yield from self._field(one, change)
        for name, value in change.sent_together.items():
            note = self.style.paint("   (sent together)", Tone.DIM)
            said = self._value(name, value)
            written = wording.as_written(change.written, name, said)
            yield self._line(wording.label(name, value), said + written + note)
        same = len(change.asked.keys() - {one.name for one in change.fields})
        if same and change.fields:
            yield self.style.paint(f"      ({wording.count(same, 'unchanged field')})", Tone.DIM)

    def _field(self, one: FieldChange, change: Change) -> Iterator[str]:
        drift = self._because(change, one.name) + self._drift_mark(one)
        if wording.is_set(one.name):
            members = self._members(one)
            written = wording.as_written(change.written, one.name, members)
            yield self._line(one.name, members + written + drift)
        elif wording.is_long(one.name, one.before, one.after):
            yield from self._long(one, drift)
        else:
            moved = wording.moved(one.name, one.before, one.after)
            delta = self.style.paint(f"   ({moved})", Tone.DIM) if moved else ""
            label = wording.label(one.name, one.before, one.after)
            before, after = wording.pair(one.name, one.before, one.after, self.names)
            written = wording.as_written(change.written, one.name, after)
            yield self._line(label, f"{before} -> {self._known(one, after)}{written}{delta}{drift}")

    def _because(self, change: Change, name: str) -> str:
        why = wording.clean(change.because.get(name, ""))
        return self.style.paint(f"   ({why})", Tone.DIM) if why else ""

    def _drift_mark(self, one: FieldChange) -> str:
        text = wording.beside_field(one)
        return self.style.paint(f"   ({text})", Tone.DIM) if text else ""

    def _members(self, one: FieldChange) -> str:
        seen = members(_items(one.before), _items(one.after))
        added, removed = wording.swapped(one.name, seen.added, seen.removed, self.names)
        both = ((Tone.ADD, "+", added), (Tone.REMOVE, "-", removed))
        return " ".join(
            self.style.paint(f"{sign}{item}", tone) for tone, sign, items in both for item in items
        )

    def _long(self, one: FieldChange, drift: str) -> Iterator[str]:
        first, *rest = marked(str(one.before), str(one.after), self.style)
        yield self._line(one.name, first + ("" if rest else drift))
        for line in rest:
            yield self._line("", line)
        if drift and rest:
            yield self._line("", drift.strip())

    def _value(self, name: str, value: Value) -> str:
        return wording.shown(name, value, self.names)

    def _line(self, label: str, text: str) -> str:
        return f"      {label:<{FIELD_WIDTH}}  {text}"

    def notes(self) -> Iterator[str]:
        """Drift apart from what is intended, and what else a person should know."""
        if self.plan.drift:
            yield from self._drift()
        for note in wording.notes(self.plan):
            yield ""
            yield f"{self.style.paint('Note:', Tone.WARN)} {note}"

    def _drift(self) -> Iterator[str]:
        tasks = {one.key for one in self.plan.drift}
        were = "1 task was" if len(tasks) == 1 else f"{len(tasks)} tasks were"
        yield ""
        yield (
            f"{self.style.paint('Note:', Tone.WARN)} {were} changed on the portal "
            "since the last apply:"
        )
        for (key, remote), drifts in groupby(self.plan.drift, key=lambda one: (one.key, one.id)):
            yield f"    {wording.clean(key)}  (task {remote})"
            for one in drifts:
                yield "  " + self._line(wording.label(one.name), self._drifted(one))

    def _drifted(self, one: Drift) -> str:
        change = FieldChange(one.name, one.remembered, one.found)
        if wording.is_set(one.name):
            return self._members(change)
        if wording.is_long(one.name, one.remembered, one.found):
            return marked_line(str(one.remembered), str(one.found), self.style)
        before, after = wording.pair(one.name, one.remembered, one.found, self.names)
        moved = wording.moved(one.name, one.remembered, one.found)
        return f"{before} -> {after}" + (f"   ({moved})" if moved else "")

    def summary(self, requests: int, seconds: float, nothing: str) -> Iterator[str]:
        """The line that scripts look for, and what happens to whom."""
        if not self.plan:
            yield from ("",) if self.plan.drift or wording.notes(self.plan) else ()
            yield self.style.paint(nothing, Tone.GOOD)
            yield from self._left_out()
            return
        unchanged = f" {self.plan.unchanged} unchanged." if self.plan.unchanged else ""
        line = self.style.paint(wording.planned(self.plan.summary), Tone.STRONG)
        yield ""
        yield f"{line} {wording.takes(requests, seconds)}{unchanged}"
        yield f"In {wording.whereabouts(self.plan)}."
        yield from self._people()
        yield from self._left_out()

    def _left_out(self) -> Iterator[str]:
        said = wording.left_out(self.plan)
        yield from (self.style.paint(said, Tone.WARN),) if said else ()

    def _people(self) -> Iterator[str]:
        people = people_of(self.plan)
        if not people:
            return
        yield f"Affects {wording.count(len(people), 'person', 'people')}:"
        lines = [wording.person_line(one) for one in people]
        width = min(max(len(who) for who, _what in lines), KEY_WIDTH)
        for who, what in lines:
            yield f"  {who:<{width}}  {what}"


def _task(change: Change) -> str:
    return "" if change.id is None else f"(task {change.id})"


def _items(value: Value) -> tuple[object, ...]:
    return value if isinstance(value, tuple) else ()
