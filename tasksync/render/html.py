"""A plan as one self-contained page: nothing is fetched, nothing that people wrote is run.

The page is page/page.html with its style and script put in; the plan stands in it as JSON in
which no `<` is left, and the script puts it on the page as text only.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from html import escape

from tasksync.core.cards import card_link, card_of, person_of
from tasksync.core.change import Action, Change, FieldChange
from tasksync.core.diff import Fate, members
from tasksync.core.diff import words as pieces
from tasksync.core.fields import Value
from tasksync.core.people import HAPPENS, people_of, touched
from tasksync.core.plan import Plan, Refusal
from tasksync.render import wording
from tasksync.render.grouping import ChangeGroup, Fact, grouped, rank, told_once
from tasksync.render.inline_diff import spelled_pieces
from tasksync.render.page_parts import filled, script_safe
from tasksync.render.text import NO_CHANGES

Json = dict[str, object]
_FATES = {Fate.KEPT: 0, Fate.GONE: -1, Fate.NEW: 1}


def _nowhere(_file: str) -> str:
    return ""


def plan_html(
    plan: Plan,
    *,
    version: str,
    requests: int = 0,
    seconds: float = 0.0,
    refusals: Sequence[Refusal] = (),
    digest: str = "",
    link: Callable[[str], str] = _nowhere,
) -> str:
    """Return the whole page; `digest` is by what the plan may be approved.

    `link` returns the address at which others read a file of the manifest, "" for none.
    """
    groups = tuple(one for one in grouped(plan) if told_once(one))
    changes = _ordered(plan, groups)
    takes = wording.takes(requests, seconds)
    unchanged = f" {plan.unchanged} unchanged." if plan.unchanged else ""
    facts = (f"{takes}{unchanged}" if plan else unchanged.strip(), wording.left_out(plan))
    slots = {
        "title": escape(f"Plan of {wording.clean(plan.project)}"),
        "project": escape(wording.clean(plan.project)),
        "portal": escape(wording.clean(plan.portal)),
        "line": escape(wording.planned(plan.summary) if plan else NO_CHANGES),
        "facts": escape(" ".join(part for part in facts if part)),
        "total": wording.count(len(changes), "change"),
        "made": escape(f"tasksync {version}, state serial {plan.serial}"),
        "digest": _digest(plan, digest),
        "data": script_safe(
            {
                **_data(plan, changes, refusals),
                "groups": [_group(one) for one in groups],
                "files": _files(plan, link),
            }
        ),
    }
    return filled("page.html", slots, script="page.js")


def _digest(plan: Plan, digest: str) -> str:
    how, what = wording.by_digest(plan)
    words = escape(f"digest {digest} ({how} {what})")
    return f'<p class="digest">{words}</p>' if digest else ""


def _ordered(plan: Plan, groups: Sequence[ChangeGroup]) -> tuple[tuple[Change, int | None], ...]:
    """Return every change and the number of its group; what removes tasks first, then groups."""
    numbers = {
        id(member.change): number for number, one in enumerate(groups) for member in one.members
    }
    pairs = [(change, numbers.get(id(change))) for change in plan.changes]
    last = len(groups)
    return tuple(
        sorted(pairs, key=lambda pair: (rank(pair[0].action), last if pair[1] is None else pair[1]))
    )


def _group(group: ChangeGroup) -> Json:
    """What the changes of a group have in common; they follow one another in the page."""
    return {
        "a": group.action.value,
        "w": group.why,
        "c": [(fact.label, _told(fact)) for fact in group.common],
        "l": list(group.labels),
    }


def _told(fact: Fact) -> str:
    both = f"{fact.own} ({fact.what})" if fact.own and fact.what else fact.own or fact.what
    return wording.clean(both)


def _files(plan: Plan, link: Callable[[str], str]) -> Mapping[str, str]:
    """Return where each file of the manifest is read by others, as far as there is an address."""
    files = dict.fromkeys(change.place.file for change in plan.changes if change.place)
    return {wording.clean(file): address for file in files if (address := link(file))}


def _data(
    plan: Plan, numbered: Sequence[tuple[Change, int | None]], refusals: Sequence[Refusal]
) -> Json:
    changes = [change for change, _group in numbered]
    names = dict(plan.names)
    people = people_of(plan)
    labels = dict.fromkeys(
        wording.label(one.name, one.before, one.after)
        for change in changes
        for one in change.fields
    )
    counts = {action.value: 0 for action in Action}
    for change in changes:
        counts[change.action.value] += 1
    return {
        "changes": [
            _change(plan, change, names) | ({} if group is None else {"y": group})
            for change, group in numbered
        ],
        "counts": counts,
        "fields": sorted(labels),
        "people": [
            {
                "id": one.id,
                "total": one.total,
                "what": ", ".join(f"{number} {HAPPENS[what]}" for what, number in one.counts),
            }
            for one in people
        ],
        # where cards are: what stands before the number of whose list it is, "" for nowhere
        "cards": card_link(plan.portal, 1, 1).removesuffix("1/tasks/task/view/1/"),
        "names": {str(number): wording.clean(name) for number, name in plan.names},
        "drifted": len({one.key for one in plan.drift}),
        "drift": [
            {
                "k": wording.clean(one.key),
                "n": one.name,
                **dict(
                    zip("ba", wording.pair(one.name, one.remembered, one.found, names), strict=True)
                ),
            }
            for one in plan.drift
        ],
        "notes": list(wording.notes(plan)),
        "refusals": [{"what": one.what, "advice": one.advice} for one in refusals],
    }


def _change(plan: Plan, change: Change, names: wording.Names) -> Json:
    """One change, under short names: 10 000 of them stand in a page."""
    place = f"{change.place.file}:{change.place.line}" if change.place else ""
    before, after = _deadline(change)
    shown = () if change.action is Action.DELETE else change.fields
    same = len(change.asked.keys() - {one.name for one in change.fields}) if shown else 0
    lost = wording.lost(change.activity) if change.action is Action.DELETE else ""
    return {
        "k": wording.clean(change.key),
        "i": change.id,
        "r": person_of(change) if card_of(plan, change) else None,
        "a": change.action.value,
        "t": wording.clean(change.title or _title(change)),
        "w": wording.why(change),
        "s": wording.clean(place),
        "p": list(touched(change)),
        "o": list(_people(change)),
        "x": lost,
        "u": 0 if change.action is Action.CREATE else same,
        "d0": before,
        "d1": after,
        "f": [
            *(_field(change, one, names) for one in shown),
            *(
                _sent_together(change, name, value, names)
                for name, value in change.sent_together.items()
            ),
        ],
    }


def _title(change: Change) -> str:
    return next((str(one.after) for one in change.fields if one.name == "title"), "")


def _people(change: Change) -> Iterator[int]:
    """Whoever the change is about: before, after, or throughout."""
    handed = [one for one in change.fields if one.name == "responsibleId"]
    ids = (change.responsible, change.asked.get("responsibleId")) if not handed else ()
    pairs = [value for one in handed for value in (one.before, one.after)]
    yield from dict.fromkeys(one for one in (*pairs, *ids) if isinstance(one, int))


def _deadline(change: Change) -> tuple[Value, Value]:
    """Return the deadline before and after, where the plan touches it."""
    for one in change.fields:
        if one.name == "deadline":
            return one.before, one.after
    return None, None


def _field(change: Change, one: FieldChange, names: wording.Names) -> Json:
    label = wording.label(one.name, one.before, one.after)
    new = change.action is Action.CREATE
    before, after = wording.pair(one.name, one.before, one.after, names)
    if new and isinstance(one.after, str) and "\n" in one.after:
        after = "\n".join(wording.lines(one.after))
    written = wording.as_written(change.written, one.name, after)
    told: Json = {"n": label, "b": None if new else before, "a": after + written}
    moved = wording.moved(one.name, one.before, one.after)
    if moved:
        told["d"] = moved
    if not new and wording.is_set(one.name):
        told["m"] = _set_diff(one, names)
    notes = [written.removeprefix(" (").removesuffix(")")] if "m" in told else []
    notes += [wording.clean(change.because.get(one.name, ""))]
    notes += [wording.beside_field(one)]
    if any(notes):
        told["g"] = "; ".join(filter(None, notes))
    if not new and wording.is_long(one.name, one.before, one.after):
        told["w"] = [
            (_FATES[piece.fate], text)
            for piece, text in spelled_pieces(pieces(str(one.before), str(one.after)))
        ]
    return told


def _sent_together(change: Change, name: str, value: Value, names: wording.Names) -> Json:
    shown = wording.shown(name, value, names)
    shown += wording.as_written(change.written, name, shown)
    return {"n": wording.label(name, value), "b": None, "a": shown, "g": "sent together"}


def _set_diff(one: FieldChange, names: wording.Names) -> list[tuple[str, str]]:
    seen = members(_items(one.before), _items(one.after))
    added, removed = wording.swapped(one.name, seen.added, seen.removed, names)
    return [*(("+", str(item)) for item in added), *(("-", str(item)) for item in removed)]


def _items(value: Value) -> tuple[object, ...]:
    return value if isinstance(value, tuple) else ()
