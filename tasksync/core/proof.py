"""What a read after the write proves: as asked, normalised by the portal, or neither.

found == asked                              proved
found is a known normalisation of asked     normalised: remembered and said at once
found is what came back the last time, too  normalised: it is the portal's own form
anything else                               missing: named, and written once more

A known normalisation is one whichever run asked, and also where the field stood so before:
otherwise a task that is taken over after a lost answer or a lost state would be called not written
for ever. An unknown one may be a person's edit between write and proof, so it takes two writes to
tell.
"""

from __future__ import annotations

from collections.abc import Iterator

from tasksync.core.change import Action, Change
from tasksync.core.equivalence import lost_characters, normal_tags, normal_text
from tasksync.core.fields import FIELDS, PENDING, FieldKind, KeyRef, Value, instant, same
from tasksync.core.task import LiveTask
from tasksync.late_patterns import pattern_of
from tasksync.value_classes import dataclass, field

#: asked -> made of it (contract 8.5): new is pending; completed waits for control
STATUS_TURNS = frozenset({(1, 2), (5, 4)})
_MINUTE = 60
_HASHTAG = pattern_of(r"#([\w-]+)")
#: field written -> fields that the portal may change beside it
_BESIDE = {"title": ("tags",), "description": ("tags",), "responsibleId": ("auditors",)}


@dataclass(frozen=True, slots=True)
class Proof:
    """The fields that are not as asked, each with what was found."""

    normalised: dict[str, Value] = field(default_factory=dict)
    missing: dict[str, Value] = field(default_factory=dict)

    def __bool__(self) -> bool:
        return not self.normalised and not self.missing


def proof_of(change: Change, live: LiveTask) -> Proof:
    """Compare what a resolved change sent with the task as it is now.

    A managed field that was not sent is looked at too where the portal may have changed it beside
    one that was; what else differs in it is people's, and the next plan shows it.
    """
    proof = Proof()
    body = change.body
    for name, sent in body.items():
        found = live.fields.get(name, sent)
        if same(name, found, sent):
            continue
        if is_known(change, name, sent, found) or _came_back(change, name, found):
            proof.normalised[name] = found
        else:
            proof.missing[name] = found
    for name, expected in _beside(change):
        found = live.fields.get(name, expected)
        if not same(name, found, expected) and is_known(change, name, expected, found):
            proof.normalised[name] = found
    return proof


def is_known(change: Change, name: str, sent: Value, found: Value) -> bool:
    """Tell whether the portal is known to make the one of the other (design 5)."""
    match FIELDS[name].kind:
        case FieldKind.TEXT:
            wanted, there = str(sent or ""), str(found or "")
            return normal_text(wanted) == normal_text(there) or lost_characters(wanted, there)
        case FieldKind.STATUS:
            return (sent, found) in STATUS_TURNS or (
                found == PENDING and _former(change) is not None
            )
        case FieldKind.TAGS:
            return _only_hashtags_more(change, _texts(sent), _texts(found))
        case FieldKind.PEOPLE:
            former = _former(change)
            return name == "auditors" and former is not None and _with(sent, former) == found
        case FieldKind.INSTANT | FieldKind.SECONDS:
            return _without_seconds(sent, found)
    return False


def _without_seconds(sent: Value, found: Value) -> bool:
    """Tell whether an instant or an estimate lost its seconds, and nothing else."""
    if isinstance(sent, str) and isinstance(found, str):
        sent, found = instant(sent), instant(found)
    both = isinstance(sent, int) and isinstance(found, int)
    return both and bool(found) and found == int(sent) // _MINUTE * _MINUTE  # type: ignore[arg-type]


def _came_back(change: Change, name: str, found: Value) -> bool:
    return name in change.forms and same(name, change.forms[name], found)


def _beside(change: Change) -> Iterator[tuple[str, Value]]:
    """Yield managed fields that were not sent, each with what it is expected to hold."""
    body = change.body
    for name in dict.fromkeys(other for sent in body for other in _BESIDE.get(sent, ())):
        if name in change.asked and name not in body and name not in change.options.ignore_changes:
            expected = change.normalised.get(name, change.asked[name])
            if not isinstance(expected, KeyRef):
                yield name, expected


def _former(change: Change) -> Value:
    """Return who was responsible before a change of that, which resets status and auditors."""
    if change.action is Action.CREATE:
        return None
    return next((one.before for one in change.fields if one.name == "responsibleId"), None)


def _with(people: Value, one: Value) -> tuple[int, ...]:
    have = people if isinstance(people, tuple) else ()
    return tuple(sorted(each for each in {*have, one} if isinstance(each, int)))


def _only_hashtags_more(change: Change, sent: tuple[str, ...], found: tuple[str, ...]) -> bool:
    wanted, there = set(normal_tags(sent)), set(normal_tags(found))
    if wanted == there:
        return True
    texts = {**change.asked, **change.body}
    words = " ".join(str(texts.get(name) or "") for name in ("title", "description"))
    return wanted < there and there - wanted <= set(normal_tags(_HASHTAG.findall(words)))


def _texts(value: Value) -> tuple[str, ...]:
    return tuple(str(item) for item in value) if isinstance(value, tuple) else ()
