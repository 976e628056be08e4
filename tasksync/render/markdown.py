"""A plan for a pull request: summary first, everything else folded, always under 60 000 characters.

What does not fit is counted where it is left out, never dropped silently. All that people wrote
stands in code spans: no mention pings, no HTML runs, no table breaks.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Sequence
from html import escape

from tasksync.core.cards import card_of
from tasksync.core.change import SYMBOLS, Action
from tasksync.core.people import HAPPENS, Person, people_of
from tasksync.core.plan import Plan, Refusal
from tasksync.render import wording
from tasksync.render.grouping import ARROW, ChangeGroup, Fact, Member, grouped
from tasksync.render.text import NO_CHANGES
from tasksync.value_classes import dataclass

#: GitHub takes 65 536 characters a comment, GitLab a million; some room for a bot's own words
LIMIT = 60_000
#: rows of the table of people, and characters of refusals, before the rest is only counted
PEOPLE_ROWS = 40
REFUSALS_LIMIT = 8_000
SUMMARY_LIMIT = 160
#: kept for the line that says how much was left out
RESERVE = 600


@dataclass(frozen=True, slots=True)
class Section:
    """A folded list. `items` are `size` things, one line each."""

    title: str
    intro: tuple[str, ...]
    items: tuple[str, ...]
    what: str = "task"

    def within(self, room: int, show: str) -> str:
        """Return the section in at most `room` characters; nothing where its frame does not fit."""
        frame = self._text((), show)
        left = room - len(frame) - len(_left_out(len(self.items), self.what, show)) - 2
        if left < 0:
            return ""
        kept: list[str] = []
        for item in self.items:
            left -= len(item) + 1
            if left < 0:
                break
            kept.append(item)
        return self._text(kept, show)

    @property
    def full(self) -> int:
        """How many characters it would like to have."""
        return len(self._text(self.items, "")) + RESERVE

    def _text(self, kept: Sequence[str], show: str) -> str:
        missing = len(self.items) - len(kept)
        rest = (_left_out(missing, self.what, show),) if missing and kept else ()
        start = f"<details><summary>{self.title}</summary>\n\n"
        body = "\n".join((*self.intro, *kept, *rest))
        return f"{start}{body}\n\n</details>\n"


def plan_markdown(
    plan: Plan,
    *,
    requests: int = 0,
    seconds: float = 0.0,
    refusals: Sequence[Refusal] = (),
    show: str = "tasksync show --full plan.json",
    limit: int = LIMIT,
    digest: str = "",
) -> str:
    """Return the comment. `show` is the command that shows what was left out.

    `digest` is by what the plan may be approved.
    """
    lines = _top(plan, requests, seconds, refusals, show)
    top = "".join(f"{line}\n" for line in (*lines, *_digest(plan, digest)))
    notes, groups = tuple(_note_sections(plan)), grouped(plan)
    linked = (*_change_sections(plan, groups, links=True), *notes)
    if sum(one.full for one in linked) <= limit - len(top):
        return top + fitted(linked, limit - len(top), show)
    # changes are worth more than links
    sections = (*_change_sections(plan, groups, links=False), *notes)
    return top + fitted(sections, limit - len(top), show)


def code(text: str) -> str:
    """Return a text as a code span that it cannot leave."""
    safe = wording.clean(text) or " "
    longest = max((len(run) for run in re.findall(r"`+", safe)), default=0)
    fence = "`" * (longest + 1)
    pad = " " if safe.startswith("`") or safe.endswith("`") else ""
    return f"{fence}{pad}{safe}{pad}{fence}"


def cell(text: str) -> str:
    """The same in a table, which a bar would break even inside a code span."""
    return code(text).replace("|", "\\|")


def _top(
    plan: Plan, requests: int, seconds: float, refusals: Sequence[Refusal], show: str
) -> Iterator[str]:
    yield f"### tasksync: {code(plan.project)} on {code(plan.portal)}"
    yield ""
    if not plan:
        yield f"**{NO_CHANGES}**"
        yield ""
    else:
        unchanged = f" {plan.unchanged} unchanged." if plan.unchanged else ""
        takes = wording.takes(requests, seconds)
        yield f"**{wording.planned(plan.summary)}** {takes}{unchanged}"
        yield ""
        yield from _counts(plan)
    if narrowed := wording.left_out(plan):
        yield f"**{code(narrowed)}**"
        yield ""
    yield from _refusals(refusals, show)
    yield from _people(people_of(plan), show)


def _digest(plan: Plan, digest: str) -> Iterator[str]:
    if digest:
        how, what = wording.by_digest(plan)
        yield f"Digest `{digest}`: `{how}` {what}."
        yield ""


def _counts(plan: Plan) -> Iterator[str]:
    one = plan.summary
    pairs = (
        (Action.CREATE, one.add),
        (Action.UPDATE, one.change),
        (Action.DELETE, one.remove),
        (Action.DEFER, one.defer),
        (Action.ADOPT, one.adopt),
        (Action.FORGET, one.forget),
    )
    yield (
        "| " + " | ".join(f"`{SYMBOLS[action]}` {action.value}" for action, _count in pairs) + " |"
    )
    yield "|" + "--:|" * len(pairs)
    yield "| " + " | ".join(str(count) for _action, count in pairs) + " |"
    yield ""


def _refusals(refusals: Sequence[Refusal], show: str) -> Iterator[str]:
    room = REFUSALS_LIMIT
    for at, refusal in enumerate(refusals):
        what, advice = (_quote(text) for text in (refusal.what, refusal.advice))
        text = f"> [!CAUTION]\n> **Refused** ({code(refusal.guard)}): {what}\n> {advice}\n"
        room -= len(text)
        if room < 0:
            yield f"> {_left_out(len(refusals) - at, 'refusal', show)}\n"
            return
        yield text


def _quote(text: str) -> str:
    """Return text of ours that may hold keys or titles: each line a code span."""
    return "<br>".join(code(line) for line in text.split("\n") if line.strip())


def _people(people: Sequence[Person], show: str) -> Iterator[str]:
    if not people:
        return
    columns = [what for what in HAPPENS if any(getattr(one, what) for one in people)]
    yield f"**Affects {wording.count(len(people), 'person', 'people')}**"
    yield ""
    yield f"| person | tasks | {' | '.join(HAPPENS[what] for what in columns)} |"
    yield "|---|" + "--:|" * (len(columns) + 1)
    for one in people[:PEOPLE_ROWS]:
        yield _row(cell(f"{one.id} {_short(one.name)}".rstrip()), (one,), columns)
    rest = people[PEOPLE_ROWS:]
    if rest:
        yield _row(f"{len(rest)} more, left out here: {cell(show)}", rest, columns)
    yield ""


def _short(name: str) -> str:
    return name if len(name) <= SUMMARY_LIMIT else name[:SUMMARY_LIMIT] + "…"


def _row(who: str, some: Iterable[Person], columns: Sequence[str]) -> str:
    people = tuple(some)
    totals = (sum(getattr(one, what) for one in people) for what in ("total", *columns))
    return f"| {who} | " + " | ".join(str(total or "") for total in totals) + " |"


def _change_sections(
    plan: Plan, groups: Iterable[ChangeGroup], *, links: bool
) -> Iterator[Section]:
    for group in groups:
        size = wording.count(len(group.members), "task")
        title = f"<code>{escape(SYMBOLS[group.action])}</code> {_heading(group)}: <b>{size}</b>"
        items = tuple(
            _item(one, card_of(plan, one.change) if links else "") for one in group.members
        )
        yield Section(title, tuple(_intro(group)), items)


def _heading(group: ChangeGroup) -> str:
    """Return what a group does, in a few words of HTML."""
    told = ", ".join(f"{fact.label} {fact.what}" for fact in group.common)
    brief = group.action is Action.UPDATE and 0 < len(told) <= SUMMARY_LIMIT
    what = told if brief and len(group.common) == len(group.labels) else ", ".join(group.labels)
    alone = group.members[0].change.key if len(group.members) == 1 else ""
    codes = (f" <code>{escape(wording.clean(text))}</code>" for text in (alone, what) if text)
    why = f" ({group.why})" if group.why else ""
    return f"{wording.DOES[group.action]}{''.join(codes)}{why}"


def _intro(group: ChangeGroup) -> Iterator[str]:
    if not group.common:
        return
    yield "each: " + ", ".join(_fact(fact) for fact in group.common)
    yield ""


def _item(one: Member, link: str) -> str:
    told = f"[task {one.change.id}]({link})" if link else f"task {one.change.id}"
    task = f" ({told})" if one.change.id else ""
    own = ", ".join(_fact(fact) for fact in one.facts)
    return f"- {code(one.change.key)}{task}" + (f" {own}" if own else "")


def _fact(fact: Fact) -> str:
    own = code(fact.own) if fact.own else ""
    what = code(fact.what) if fact.what else ""
    both = f"{own} ({what})" if own and what else own or what
    return f"{fact.label} {both}"


def _note_sections(plan: Plan) -> Iterator[Section]:
    if plan.drift:
        names = dict(plan.names)
        items = tuple(
            f"- {code(one.key)} (task {one.id}) {one.name} "
            + code(ARROW.join(wording.pair(one.name, one.remembered, one.found, names)))
            for one in plan.drift
        )
        tasks = wording.count(len({one.key for one in plan.drift}), "task")
        title = f"Changed on the portal since the last apply: <b>{tasks}</b>"
        yield Section(title, (), items, "changed field")
    notes = tuple(f"- {code(note)}" for note in wording.notes(plan))
    if notes:
        yield Section(f"Notes: <b>{len(notes)}</b>", (), notes, "note")


def fitted(sections: Sequence[Section], room: int, show: str) -> str:
    """Share the room: small sections whole, large ones as much of the rest as is fair."""
    left = room - RESERVE
    texts: dict[int, str] = {}
    smallest_first = sorted(range(len(sections)), key=lambda at: (sections[at].full, at))
    for done, at in enumerate(smallest_first):
        share = max(left // (len(sections) - done), min(left, MINIMUM))
        texts[at] = sections[at].within(share, show)
        left -= len(texts[at])
    dropped = [sections[at] for at in range(len(sections)) if not texts[at]]
    return "".join(texts[at] for at in range(len(sections))) + _dropped(dropped, show)


#: less than this says nothing of a section
MINIMUM = 400


def _dropped(sections: Sequence[Section], show: str) -> str:
    if not sections:
        return ""
    things: dict[str, int] = {}
    for one in sections:
        things[one.what] = things.get(one.what, 0) + len(one.items)
    told = " and ".join(wording.count(number, what) for what, number in things.items())
    return (
        f"\n{wording.count(len(sections), 'more group')} with {told} left out here "
        f"for want of room: {code(show)}\n"
    )


def _left_out(number: int, what: str, show: str) -> str:
    return (
        f"- … {wording.count(number, f'more {what}')}, left out here for want of room: {code(show)}"
    )
