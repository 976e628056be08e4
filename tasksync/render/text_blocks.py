"""One change of a plan as people read it: a line that says what and where, and a line a field."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence

from tasksync.core.change import SYMBOLS, Action, Change, FieldChange
from tasksync.core.diff import members
from tasksync.core.fields import FIELDS, FieldKind, KeyRef, TaskKey, Value
from tasksync.core.fields import beside as at_offset_of
from tasksync.core.plan import Drift, Plan
from tasksync.render import wording
from tasksync.render.inline_diff import marked, marked_line
from tasksync.render.line_width import COLUMNS, beside, blanks, fits, unbroken, width, wrapped
from tasksync.render.short_dates import DATED, WHOLE, ShortDates
from tasksync.render.style import TONES, Style, Tone
from tasksync.value_classes import dataclass

#: as wide as the longest field name, so that values stand in one column
FIELD_WIDTH = 13
KEY_WIDTH = 40
ARROW = " -> "
#: where a field's name begins, where its value, and where a change's first line goes on
FIELD_INDENT, HANG, GOES_ON = 6, 6 + FIELD_WIDTH + 2, 6
#: fields of which hardly two tasks hold the same value
_ALWAYS_OTHER = {n for n, one in FIELDS.items() if one.kind in {FieldKind.TEXT, FieldKind.INSTANT}}


@dataclass(frozen=True, slots=True)
class Layout:
    """How much of a plan is printed, and how.

    `full`: every change whole, none in a group. `kept` are keys that are named whatever is left
    out. `near` returns a file's name as it is shortest from where the reader is. `whole`: a text
    of people's stands on one line, however long: in a pipe, where scripts look for it.
    """

    full: bool = False
    dates: ShortDates = WHOLE
    kept: frozenset[TaskKey] = frozenset()
    near: Callable[[str], str] = str
    whole: bool = False


def field_line(label: str, text: str, *notes: str, indent: int = FIELD_INDENT) -> Iterator[str]:
    """Yield a field's name and value in their columns, and what is said of it as far as it fits."""
    first = f"{' ' * indent}{label:<{FIELD_WIDTH}}  {text}"
    line = "   ".join((first, *filter(None, notes)))
    if fits(line):
        yield line
    else:
        yield from beside((first, *notes), indent + FIELD_WIDTH + 2, "   ", breaks=True)


class Blocks:
    """The blocks of one plan in one style."""

    def __init__(self, plan: Plan, style: Style, layout: Layout) -> None:
        self.plan, self.style, self.layout = plan, style, layout
        self.names = dict(plan.names)
        self._said: dict[tuple[str, Value], tuple[str, ...]] = {}
        self._moved: dict[FieldChange, tuple[str, ...]] = {}
        self.created: frozenset[TaskKey] = frozenset(
            change.key for change in plan.changes if change.action is Action.CREATE
        )

    def lines(self, changes: Sequence[Change], all_: Sequence[Change]) -> Iterator[str]:
        """Yield one block for each of some changes, in the columns of all that are shown so."""
        if not changes:
            return
        key_width = min(max(len(change.key) for change in all_), KEY_WIDTH)
        id_width = max(len(task_of(change)) for change in all_)
        for change in changes:
            yield from self._change_line(change, key_width, id_width)
            yield from self._body(change)

    def symbol(self, action: Action) -> str:
        """Return the sign of an action in its colour."""
        return self.style.paint(SYMBOLS[action], TONES[action])

    def place(self, change: Change) -> str:
        """Return file and line, "" where a change has none."""
        if change.place is None:
            return ""
        return wording.clean(f"{self.layout.near(change.place.file)}:{change.place.line}")

    def _change_line(self, change: Change, key_width: int, id_width: int) -> Iterator[str]:
        key = wording.clean(change.key)
        pad = " " * max(key_width - len(key), 0)
        task = f"{task_of(change):<{id_width}}"
        key = self.style.paint(key, Tone.STRONG)
        first = f"  {self.symbol(change.action)} {key}{pad}  {task}"
        place, why = self.place(change), wording.why(change)
        line = "  ".join(part for part in (first, place, why) if part)
        if fits(line):
            yield line.rstrip()
        else:
            yield from blanks(beside((first, unbroken(place), why), GOES_ON))

    def _body(self, change: Change) -> Iterator[str]:
        match change.action:
            case Action.CREATE:
                for one in change.fields:
                    yield from self._new_field(one, change.written)
            case Action.DELETE | Action.FORGET:
                yield from self._gone(change)
            case Action.UPDATE | Action.ADOPT | Action.DEFER:
                yield from self._changed(change)
            case Action.NOOP:
                return

    def _new_field(self, one: FieldChange, written: Mapping[str, str]) -> Iterator[str]:
        """Yield the lines of a new task's field; what many tasks say is worded once."""
        if one.name in _ALWAYS_OTHER or one.name in written:
            yield from self._new_lines(one, written)
            return
        said = (one.name, one.after)
        lines = self._said.get(said)
        if lines is None:
            text = self.known(one.after, self.value(one.name, one.after))
            lines = tuple(self.line(wording.label(one.name, one.after), text))
            self._said[said] = lines
        yield from lines

    def _new_lines(self, one: FieldChange, written: Mapping[str, str]) -> Iterator[str]:
        if isinstance(one.after, str) and "\n" in one.after:
            several = wording.lines(one.after)
        else:
            several = [self.value(one.name, one.after)]
        several[-1] += wording.as_written(written, one.name, "\n".join(several))
        label = wording.label(one.name, one.after)
        for line in several:
            yield from (done.rstrip() for done in self.line(label, line))
            label = ""

    def known(self, value: Value, text: str) -> str:
        """Return the words of a value, with what is not known of it yet."""
        if isinstance(value, KeyRef) and value.key in self.created:
            return text + self.style.paint(" (known after apply)", Tone.DIM)
        return text

    def _gone(self, change: Change) -> Iterator[str]:
        deletes = change.action is Action.DELETE
        renames = not deletes and any(one.name == "title" for one in change.fields)
        if change.title and not renames:
            yield from self.line("title", wording.in_quotes(change.title))
        if not deletes:  # what an adoption changed, put back by undo
            for one in change.fields:
                yield from self._field(one, change)
        if deletes:
            lost = wording.lost(change.activity)
            yield from (f"      {self.style.paint(lost, Tone.WARN)}",) if lost else ()
        if change.protected:
            yield f"      {self.style.paint('protected', Tone.WARN)}"

    def _changed(self, change: Change) -> Iterator[str]:
        named = any(one.name == "title" for one in change.fields)
        if change.action is not Action.UPDATE and change.title and not named:
            yield from self.line("title", wording.in_quotes(change.title))
        for one in change.fields:
            yield from self._worded(one, change)
        for name, value in change.sent_together.items():
            said = self.value(name, value)
            said += wording.as_written(change.written, name, said)
            yield from self.line(wording.label(name, value), said, self._note("sent together"))
        same = len(change.asked.keys() - {one.name for one in change.fields})
        if same and change.fields:
            yield self.style.paint(f"      ({wording.count(same, 'unchanged field')})", Tone.DIM)

    def _worded(self, one: FieldChange, change: Change) -> Iterable[str]:
        """Return the lines of a field; what happens to many tasks alike is worded once."""
        if change.because or change.written:
            return self._field(one, change)
        lines = self._moved.get(one)
        if lines is None:
            lines = self._moved[one] = tuple(self._field(one, change))
        return lines

    def _field(self, one: FieldChange, change: Change) -> Iterator[str]:
        because = change.because.get(one.name, "")
        because = because and self._note(self.layout.dates.of(wording.clean(because)))
        notes = (because, self._note(wording.beside_field(one)))
        if wording.is_set(one.name):
            yield from self._set(one, change.written, notes)
        elif wording.is_long(one.name, one.before, one.after):
            yield from self._long(one, notes)
        else:
            delta = self._note(wording.moved(one.name, one.before, one.after))
            label = wording.label(one.name, one.before, one.after)
            before, after = self._pair(one)
            written = wording.as_written(change.written, one.name, after)
            after = self.known(one.after, after)
            yield from self.from_to(label, before, after, written, delta, *notes)

    def line(self, label: str, text: str, *notes: str, indent: int = FIELD_INDENT) -> Iterator[str]:
        """Yield a field's name and value, and what is said of it, as the layout wants them."""
        if self.layout.whole and text.removeprefix(ARROW.lstrip()).startswith('"'):
            yield from _on_one_line(label, text, notes, indent)
        else:
            yield from field_line(label, text, *notes, indent=indent)

    def from_to(
        self, label: str, before: str, after: str, written: str, *notes: str
    ) -> Iterator[str]:
        """Yield what a field was and is to be, beside one another or one above the other.

        `written` is what the new value came of, and stands right behind it where there is room.
        """
        both, room = f"{before}{ARROW}{after}", COLUMNS - HANG
        wide = width(both)
        if wide + width(written) <= room:
            yield from self.line(label, both + written, *notes)
        elif wide <= room:
            yield from self.line(label, both, written.strip(), *notes)
        else:
            yield from self.line(label, before)
            yield from self.line("", f"{ARROW.lstrip()}{after}{written}", *notes)

    def _note(self, text: str) -> str:
        return self.style.paint(f"({text})", Tone.DIM) if text else ""

    def _set(
        self, one: FieldChange, written: Mapping[str, str], notes: tuple[str, ...]
    ) -> Iterator[str]:
        """Yield what a set gained and lost; a line ends at a member."""
        items = self._members(one)
        said = wording.as_written(written, one.name, " ".join(items))
        whole = " ".join(items) + said
        if width(whole) <= COLUMNS - HANG or not items:
            yield from self.line(one.name, whole, *notes)
            return
        first = f"{' ' * FIELD_INDENT}{one.name:<{FIELD_WIDTH}}  {items[0]}"
        yield from beside((first, *items[1:], said.strip(), *notes), HANG, " ", breaks=True)

    def _members(self, one: FieldChange) -> list[str]:
        seen = members(_items(one.before), _items(one.after))
        added, removed = wording.swapped(one.name, seen.added, seen.removed, self.names)
        both = ((Tone.ADD, "+", added), (Tone.REMOVE, "-", removed))
        return [
            self.style.paint(f"{sign}{item}", tone) for tone, sign, items in both for item in items
        ]

    def _long(self, one: FieldChange, notes: tuple[str, ...]) -> Iterator[str]:
        first, *rest = marked(str(one.before), str(one.after), self.style)
        yield from field_line(one.name, first, *(() if rest else notes))
        for line in rest:
            yield from field_line("", line)
        said = "   ".join(filter(None, notes))
        if said and rest:
            yield from field_line("", said)

    def value(self, name: str, value: Value) -> str:
        """Return a value in words, on one line."""
        text = wording.shown(name, value, self.names)
        return self.layout.dates.date(text) if name in DATED else text

    def _pair(self, one: FieldChange) -> tuple[str, str]:
        before, after = wording.pair(one.name, one.before, one.after, self.names)
        if one.name in DATED:
            return self.layout.dates.date(before), self.layout.dates.date(after)
        return before, after

    def drifted(self, one: Drift) -> Iterator[str]:
        """Yield what a field was when it was last written, and what it is now."""
        found = at_offset_of(one.found, one.remembered) if one.name in DATED else one.found
        change = FieldChange(one.name, one.remembered, found)
        label, note = wording.label(one.name), ""
        if wording.is_set(one.name):
            text = " ".join(self._members(change))
        elif wording.is_long(one.name, one.remembered, one.found):
            text = marked_line(str(one.remembered), str(one.found), self.style)
        else:
            text = ARROW.join(self._pair(change))
            moved = wording.moved(one.name, one.remembered, one.found)
            note = f"({moved})" if moved else ""
        yield from self.line(label, text, note, indent=FIELD_INDENT + 2)


def _on_one_line(label: str, text: str, notes: Sequence[str], indent: int) -> Iterator[str]:
    """Yield a text of people's on one line, and what is said of it where it fits."""
    line = f"{' ' * indent}{label:<{FIELD_WIDTH}}  {text}"
    for note in filter(None, notes):
        longer = f"{line}   {note}"
        if fits(longer):
            line = longer
        else:
            yield line
            line = f"{' ' * (indent + FIELD_WIDTH + 2)}{note}"
    yield line


def said(text: str, hang: int = 2) -> Iterator[str]:
    """Yield a sentence of ours as lines that fit."""
    yield from wrapped(text, hang)


def task_of(change: Change) -> str:
    """Return `(task 3871)`, "" for a task that is not there yet."""
    return "" if change.id is None else f"(task {change.id})"


def _items(value: Value) -> tuple[object, ...]:
    return value if isinstance(value, tuple) else ()
