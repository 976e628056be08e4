"""Which live task is which wanted one, when the answer or the state that knew it was lost.

Best first, each live task once:
1. equal in every field sent (two wants with equal bodies are interchangeable);
2. equal normalised title, responsible and parent: within such a group the most alike first;
3. equal normalised title alone, where one want and one task have it.

What stays over is named, never guessed.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Hashable, Iterable, Mapping, Sequence
from dataclasses import dataclass

from tasksync.core.fields import KeyRef, RemoteId, TaskKey, Values, digest_of, same
from tasksync.core.graph import depths, levels
from tasksync.core.task import LiveTask


@dataclass(frozen=True, slots=True)
class Want:
    """A wanted task that has no id yet; `sent` may hold a KeyRef as parentId."""

    key: TaskKey
    sent: Values
    newer_than: int = 0


@dataclass(frozen=True, slots=True)
class Matches:
    """The pairs that were found, and what stayed over on both sides."""

    pairs: Mapping[TaskKey, LiveTask]
    wants: tuple[Want, ...]
    tasks: tuple[LiveTask, ...]


def match(
    wants: Iterable[Want], tasks: Iterable[LiveTask], ids: Mapping[TaskKey, RemoteId]
) -> Matches:
    """Pair wants with tasks; `ids` are the keys whose ids are known already.

    Parents are matched before their children, so that a child can be told by its parent.
    """
    pairs: dict[TaskKey, LiveTask] = {}
    free = {task.id: task for task in tasks}
    left = {want.key: want for want in wants}
    parents = {key: ref.key for key, want in left.items() if (ref := _parent(want))}
    for level in levels(left, depths(parents)):
        known = {**ids, **{key: task.id for key, task in pairs.items()}}
        resolved = [_resolved(left[key], known) for key in level]
        for tier in (_all_fields, _title_person_parent, _title_alone):
            found = tier([want for want in resolved if want.key not in pairs], list(free.values()))
            for want, task in found:
                if task.id in free and want.key not in pairs and task.id > want.newer_than:
                    pairs[want.key] = free.pop(task.id)
    return Matches(
        pairs, tuple(w for w in left.values() if w.key not in pairs), tuple(free.values())
    )


def title_of(values: Values) -> str:
    """Return a title as tiers 2 and 3 compare it: white space folded, ends trimmed."""
    return " ".join(str(values.get("title") or "").split())


def _parent(want: Want) -> KeyRef | None:
    value = want.sent.get("parentId")
    return value if isinstance(value, KeyRef) else None


def _resolved(want: Want, ids: Mapping[TaskKey, RemoteId]) -> Want:
    ref = _parent(want)
    if ref is None or ref.key not in ids:
        return want
    return Want(want.key, {**want.sent, "parentId": ids[ref.key]}, want.newer_than)


#: pairs scored one by one in tier 2; a larger group of alikes is paired in order
SCORED = 250_000

_Pairs = Iterable[tuple[Want, LiveTask]]


def _all_fields(wants: Sequence[Want], tasks: Sequence[LiveTask]) -> _Pairs:
    by_names: dict[tuple[str, ...], list[Want]] = defaultdict(list)
    for want in wants:
        by_names[tuple(sorted(want.sent))].append(want)
    for names, group in by_names.items():
        index: dict[bytes, list[LiveTask]] = defaultdict(list)
        for task in reversed(tasks):
            if all(name in task.fields for name in names):
                index[digest_of({name: task.fields[name] for name in names})].append(task)
        for want in group:
            equal = index.get(digest_of(want.sent), [])
            while equal:
                task = equal.pop()
                if task.id > want.newer_than:
                    yield want, task
                    break


def _title_person_parent(wants: Sequence[Want], tasks: Sequence[LiveTask]) -> _Pairs:
    for group, candidates in _groups(wants, tasks, _by_title_person_parent):
        if len(group) * len(candidates) > SCORED:
            yield from zip(group, candidates, strict=False)
            continue
        scored = sorted(
            ((_likeness(want, task), want, task) for want in group for task in candidates),
            key=lambda row: (-row[0], row[2].id),
        )
        yield from ((want, task) for _score, want, task in scored)


def _title_alone(wants: Sequence[Want], tasks: Sequence[LiveTask]) -> _Pairs:
    for group, candidates in _groups(wants, tasks, _by_title):
        if len(group) == len(candidates) == 1:
            yield group[0], candidates[0]


def _groups(
    wants: Sequence[Want], tasks: Sequence[LiveTask], name: Callable[[Values], Hashable]
) -> Iterable[tuple[list[Want], list[LiveTask]]]:
    candidates: dict[Hashable, list[LiveTask]] = defaultdict(list)
    for task in tasks:
        candidates[name(task.fields)].append(task)
    groups: dict[Hashable, list[Want]] = defaultdict(list)
    for want in wants:
        groups[name(want.sent)].append(want)
    return [(group, candidates[label]) for label, group in groups.items() if label in candidates]


def _by_title(values: Values) -> Hashable:
    return title_of(values)


def _by_title_person_parent(values: Values) -> Hashable:
    parent = values.get("parentId")
    return title_of(values), values.get("responsibleId"), parent or None


def _likeness(want: Want, task: LiveTask) -> int:
    return sum(
        name in task.fields and same(name, value, task.fields[name])
        for name, value in want.sent.items()
    )
