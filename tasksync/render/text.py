"""A plan as people read it (design 4): blocks of changes, notes, and the line to look for.

What repeats is told once, and no line is wider than COLUMNS, on a terminal and in a pipe; the same
words with and without colour. What came from the portal or the manifest is written so that it
cannot steer a terminal.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from itertools import groupby

from tasksync.core.change import Action
from tasksync.core.fields import KeyRef
from tasksync.core.people import people_of
from tasksync.core.plan import Plan, Refusal
from tasksync.core.state import Entry
from tasksync.render import wording
from tasksync.render.line_width import beside
from tasksync.render.style import PLAIN, Style, Tone
from tasksync.render.text_blocks import FIELD_WIDTH, KEY_WIDTH, Blocks, Layout, said
from tasksync.render.text_groups import changes_text
from tasksync.value_classes import replace

NO_CHANGES = "No changes. The portal matches the manifest."
SHOWN = (Action.CREATE, Action.UPDATE, Action.DELETE, Action.DEFER, Action.ADOPT, Action.FORGET)


WHOLE_PLAN = Layout()
#: where a note goes on, and where a refusal does
NOTE, REFUSED = 6, 2


def read_line(files: int, tasks: int, requests: int | None, seconds: float) -> str:
    """Return what was read, for the first line; `requests` None: the portal was not asked."""
    first = f"tasksync read {wording.count(files, 'file')}, {wording.count(tasks, 'task')}"
    portal = (
        ", and not the portal"
        if requests is None
        else f", and the portal in {wording.count(requests, 'request')}"
    )
    return f"{first}{portal} ({seconds:.1f} s)."


def plan_text(  # noqa: PLR0913 - all that a plan is shown with
    plan: Plan,
    *,
    first_line: str = "",
    requests: int = 0,
    seconds: float = 0.0,
    refusals: Sequence[Refusal] = (),
    style: Style = PLAIN,
    digest: str = "",
    nothing: str = "",
    layout: Layout = WHOLE_PLAN,
) -> str:
    """Return the whole plan, each line ended; `first_line` is `read_line`, or how a show begins.

    `digest` is by what it may be approved; `nothing` is said of a plan without changes.
    """
    refused = frozenset(key for refusal in refusals for key in refusal.keys)
    lines = _Lines(plan, style, replace(layout, kept=layout.kept | refused))
    return "".join(
        f"{line}\n"
        for line in (
            *lines.top(first_line),
            *changes_text(plan, style, lines.layout),
            *lines.notes(),
            *lines.summary(requests, seconds, nothing or NO_CHANGES),
            *digest_lines(plan, digest, style),
            *(line for refusal in refusals for line in _refused(refusal, style)),
        )
    )


def digest_lines(plan: Plan, digest: str, style: Style = PLAIN) -> Iterator[str]:
    """Yield by what a plan is approved, and how it is applied then."""
    if digest:
        yield style.paint(f"Digest: {digest}", Tone.DIM)
        how, what = wording.by_digest(plan)
        yield from said(style.paint(f"  ({how} {what})", Tone.DIM), 3)


def refusal_lines(refusal: Refusal, style: Style = PLAIN) -> Iterator[str]:
    """Yield why a guard holds the plan back, and how to override it; as long as the lines are."""
    yield ""
    yield style.paint("Refused:", Tone.BAD) + f" {wording.clean_lines(refusal.what)}"
    for line in refusal.advice.split("\n"):
        yield f"  {wording.clean(line)}"


def _refused(refusal: Refusal, style: Style) -> Iterator[str]:
    """Yield the same in lines that fit; what is written into a manifest goes on further right."""
    for told in refusal_lines(refusal, style):
        for line in told.split("\n"):
            indent = len(line) - len(line.lstrip())
            yield from said(line, indent + 2 if indent > REFUSED else REFUSED)


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

    def __init__(self, plan: Plan, style: Style, layout: Layout) -> None:
        self.plan, self.style, self.layout = plan, style, layout
        self._blocks = Blocks(plan, style, layout)

    def top(self, first_line: str) -> Iterator[str]:
        """Whose plan it is, what was read, and the symbols where there is something to read."""
        yield from said(f"Project {wording.whereabouts(self.plan)}.")
        if not self.plan:
            yield from said(first_line) if first_line else ()
            return
        yield from said(f"{first_line} Symbols:".lstrip(), 0)
        signs = (f"{self._blocks.symbol(one)} {wording.DOES[one]}" for one in SHOWN)
        yield "  " + "   ".join(signs)
        zone = self.layout.dates.zone
        yield from (f"Dates are in {zone}.",) if zone else ()
        yield ""

    def notes(self) -> Iterator[str]:
        """Drift apart from what is intended, and what else a person should know."""
        if self.plan.drift:
            yield from self._drift()
        for note in wording.notes(self.plan):
            yield ""
            yield from said(f"{self.style.paint('Note:', Tone.WARN)} {note}", NOTE)

    def _drift(self) -> Iterator[str]:
        tasks = {one.key for one in self.plan.drift}
        were = "1 task was" if len(tasks) == 1 else f"{len(tasks)} tasks were"
        yield ""
        yield (
            f"{self.style.paint('Note:', Tone.WARN)} {were} changed on the portal "
            "since the last apply:"
        )
        for (key, remote), drifts in groupby(self.plan.drift, key=lambda one: (one.key, one.id)):
            yield from said(f"    {wording.clean(key)}  (task {remote})", NOTE)
            for one in drifts:
                yield from self._blocks.drifted(one)

    def summary(self, requests: int, seconds: float, nothing: str) -> Iterator[str]:
        """The line that scripts look for, and what happens to whom."""
        if not self.plan:
            yield from ("",) if self.plan.drift or wording.notes(self.plan) else ()
            yield from said(self.style.paint(nothing, Tone.GOOD))
            yield from self._left_out()
            return
        unchanged = f"{self.plan.unchanged} unchanged." if self.plan.unchanged else ""
        sentences = re.split(r"(?<=\.) ", wording.planned(self.plan.summary))
        told = (self.style.paint(one, Tone.STRONG) for one in sentences)
        yield ""
        yield from beside((*told, wording.takes(requests, seconds), unchanged), 2, " ")
        yield from said(f"In {wording.whereabouts(self.plan)}.")
        yield from self._people()
        yield from self._left_out()

    def _left_out(self) -> Iterator[str]:
        left = wording.left_out(self.plan)
        yield from said(self.style.paint(left, Tone.WARN)) if left else ()

    def _people(self) -> Iterator[str]:
        people = people_of(self.plan)
        if not people:
            return
        yield f"Affects {wording.count(len(people), 'person', 'people')}:"
        lines = [wording.person_line(one) for one in people]
        width = min(max(len(who) for who, _what in lines), KEY_WIDTH)
        for who, what in lines:
            first, *more = what.split(", ")
            pieces = (f"  {who:<{width}}  {first}", *more)
            yield from beside(pieces, width + 4, ", ")
