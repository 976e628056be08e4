"""The changes of a plan, what repeats told once: what is common stands above the tasks it is of.

Changes of which nothing repeats stand as blocks. Of large groups the first tasks are named and the
rest are counted; whoever is deleted, protected or refused is always named.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from tasksync.core.change import Action, Change
from tasksync.core.plan import Plan
from tasksync.late_patterns import pattern_of
from tasksync.render import wording
from tasksync.render.grouping import (
    FEW,
    ChangeGroup,
    Fact,
    Member,
    grouped,
    in_order,
    rank,
    told_once,
)
from tasksync.render.line_width import beside, blanks, fits, shortened, unbroken, wrapped
from tasksync.render.short_dates import DATED
from tasksync.render.style import Style, Tone
from tasksync.render.text_blocks import (
    ARROW,
    GOES_ON,
    KEY_WIDTH,
    Blocks,
    Layout,
    task_of,
)
from tasksync.value_classes import dataclass

#: so many tasks of a group are named, a line each, or where nothing is said of each; a few more
#: than that are named too, since the line that counts them is a line as well
MOST, MOST_BARE, SOME = 20, 60, 5
#: columns of what is said of one task of a group: three lines
ROOM = 200
_MEMBER, _MEMBER_GOES_ON = 8, 10
#: where a line may best end: behind a fact, and before what is said of one
_PIECES = pattern_of(r"(?<=,) | (?=\()")
_NO_LABEL = {"title", "activity", "protected"}


def changes_text(plan: Plan, style: Style, layout: Layout) -> Iterator[str]:
    """Yield every change of a plan, what removes tasks first."""
    blocks = Blocks(plan, style, layout)
    changes = in_order(plan.changes)
    if layout.full or len(changes) < FEW:
        yield from blocks.lines(changes, changes)
        return
    groups = [one for one in grouped(plan, ARROW) if told_once(one)]
    inside = {id(member.change) for one in groups for member in one.members}
    alone = [one for one in changes if id(one) not in inside]
    for action in sorted(Action, key=rank):
        for group in groups:
            if group.action is action:
                yield from _Group(blocks, group).lines()
        yield from blocks.lines([one for one in alone if one.action is action], alone)


@dataclass(frozen=True, slots=True)
class _Where:
    """Where the tasks of a group stand: what is said above them, and of each."""

    head: str
    each: tuple[str, ...]


class _Group:
    """The lines of one group."""

    def __init__(self, blocks: Blocks, group: ChangeGroup) -> None:
        self._blocks, self._group = blocks, group
        self._style, self._layout = blocks.style, blocks.layout
        halves = {fact.label for one in group.members for fact in one.facts if not fact.what}
        self._single = len(halves) == 1
        self._cut = 0

    def lines(self) -> Iterator[str]:
        group = self._group
        shown = self._shown()
        where = self._where(shown)
        size = wording.count(len(group.members), "task")
        sign = f"  {self._blocks.symbol(group.action)} {self._style.paint(size, Tone.STRONG)}"
        yield from blanks(beside((sign, unbroken(where.head), group.why), GOES_ON))
        for fact in group.common:
            yield from self._common(fact)
        bare = not any(one.facts for one in group.members)
        yield from self._names(shown) if bare else self._members(shown, where.each)
        yield from self._rest(len(group.members) - len(shown))

    def _shown(self) -> Sequence[Member]:
        """Return the tasks that are named."""
        members = self._group.members
        most = MOST if any(one.facts for one in members) else MOST_BARE
        if len(members) <= most + SOME:
            return members
        return [one for at, one in enumerate(members) if at < most or self._is_kept(one.change)]

    def _is_kept(self, change: Change) -> bool:
        removed = change.action is Action.DELETE
        return removed or change.protected or change.key in self._layout.kept

    def _where(self, shown: Sequence[Member]) -> _Where:
        places = [self._blocks.place(one.change) for one in shown]
        files = {place.rpartition(":")[0] for place in places}
        if len(files) > 1 or not places:
            return _Where("", tuple(places))
        if len(set(places)) == 1:
            return _Where(places[0], ("",) * len(places))
        lines = tuple(f":{place.rpartition(':')[2]}" for place in places)
        return _Where(f"in {next(iter(files))}", lines)

    def _names(self, shown: Sequence[Member]) -> Iterator[str]:
        """Yield the tasks one after the other, where there is nothing to say of each."""
        line = " " * _MEMBER
        for at, one in enumerate(shown):
            named = " ".join(filter(None, (self._key(one.change), task_of(one.change))))
            comma = "," if at + 1 < len(shown) else ""
            *done, line = beside((line, f"{named}{comma}"), _MEMBER, " " if line.strip() else "")
            yield from done
        yield line

    def _members(self, shown: Sequence[Member], places: Sequence[str]) -> Iterator[str]:
        """Yield a line a task, or a few, with what is its own."""
        keys = [len(one.change.key) for one in shown]
        key_width = min(max(keys), KEY_WIDTH)
        in_column = all(not place or place[0] == ":" for place in places)
        widths = (max(map(len, places)), max(len(task_of(one.change)) for one in shown))
        for one, place in zip(shown, places, strict=True):
            key = self._key(one.change)
            pad = " " * max(key_width - len(wording.clean(one.change.key)), 0)
            columns = [f"{' ' * _MEMBER}{key}{pad}"]
            columns += [f"{place:<{widths[0]}}"] if in_column and widths[0] else []
            columns += [f"{task_of(one.change):<{widths[1]}}"] if widths[1] else []
            first = "  ".join(columns)
            yield from self._member((first,) if in_column else (first, unbroken(place)), one)

    def _member(self, columns: tuple[str, ...], one: Member) -> Iterator[str]:
        """Yield a task with what is its own: on one line, or below in lines that end at a fact."""
        own = ", ".join(self._own(fact) for fact in one.facts)
        *above, first = blanks(beside(columns, _MEMBER_GOES_ON))
        yield from above
        if fits(line := f"{first}  {own}"):
            yield line.rstrip()
            return
        yield first
        start, *more = _PIECES.split(own)
        indent = " " * _MEMBER_GOES_ON
        yield from beside((f"{indent}{start}", *more), _MEMBER_GOES_ON, " ", breaks=True)

    def _common(self, fact: Fact) -> Iterator[str]:
        before, arrow, after = self._whole(fact).partition(ARROW)
        if arrow:
            yield from self._blocks.from_to(fact.label, before, after, "")
        else:
            yield from self._blocks.line(fact.label, before)

    def _key(self, change: Change) -> str:
        return self._style.paint(wording.clean(change.key), Tone.STRONG)

    def _own(self, fact: Fact) -> str:
        """Return what is one task's own, in a few words."""
        if self._group.action is not Action.UPDATE and fact.label in _NO_LABEL:
            if fact.label == "title":
                return fact.what
            text = "protected" if fact.label == "protected" else fact.what
            return self._style.paint(text, Tone.WARN)
        text = self._whole(fact)
        short = shortened(text, ROOM)
        self._cut += short != text
        return short if self._single and not fact.what else f"{fact.label} {short}"

    def _whole(self, fact: Fact) -> str:
        both = f"{fact.own} ({fact.what})" if fact.own and fact.what else fact.own or fact.what
        both = fact.own if fact.what == "edited" and fact.own else both
        if fact.label in DATED:
            return self._layout.dates.of(both)
        known = fact.label == "parent" and fact.what in self._blocks.created
        return both + self._style.paint(" (known after apply)", Tone.DIM) if known else both

    def _rest(self, left: int) -> Iterator[str]:
        """Say how much is not printed, and what prints it."""
        more = f"{wording.count(left, 'task')} more like these" if left else ""
        cut = wording.count(self._cut, "long text") if self._cut else ""
        if more or cut:
            said = " and the rest of ".join(filter(None, (more, cut)))
            said = said if more else f"the rest of {said}"
            line = f"{' ' * _MEMBER}… {said}: --full prints all"
            yield from wrapped(self._style.paint(line, Tone.DIM), _MEMBER_GOES_ON)
