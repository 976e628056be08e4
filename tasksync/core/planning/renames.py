"""Removed and new keys that look like one task: the same title, or the same body.

A delete takes comments and time records too, so such a pair is called out (design 6).
"""

from __future__ import annotations

import re
from collections import defaultdict, deque
from collections.abc import Iterable, Iterator

from tasksync.core.change import Action, Change, Reason
from tasksync.core.fields import FIELDS, TaskKey, Value, digest_of


def look_alikes(changes: Iterable[Change]) -> Iterator[tuple[TaskKey, TaskKey]]:
    """Yield (removed key, new key), each key at most once.

    Of several that look alike those go together whose keys end alike: in the instances of a
    template the same task has the same name.
    """
    changes = list(changes)
    removed = [one for one in changes if one.action in {Action.DELETE, Action.DEFER}]
    if not removed:
        return
    free: dict[object, deque[TaskKey]] = defaultdict(deque)
    for change in changes:
        if change.action is Action.CREATE and change.reason is Reason.NEW:
            for sign in _signs(change, {one.name: one.after for one in change.fields}):
                for end in (*_ends(change.key), ""):
                    free[sign, end].append(change.key)
    taken: set[TaskKey] = set()
    pairs: dict[TaskKey, TaskKey] = {}
    for ends in (_ends, _no_end):
        for change in removed:
            if change.key not in pairs:
                new = _next_alike(change, ends(change.key), free, taken)
                if new is not None:
                    taken.add(new)
                    pairs[change.key] = new
    yield from ((one.key, pairs[one.key]) for one in removed if one.key in pairs)


def as_moves(renames: Iterable[tuple[str, str]]) -> list[tuple[str, str]]:
    """Return what `moved` would say of renames: one move where several are of one instance."""
    groups: dict[tuple[str, str], list[tuple[str, str]]] = defaultdict(list)
    for old, new in renames:
        groups[_instances(old, new)].append((old, new))
    return [
        move
        for instance, pairs in groups.items()
        for move in ([instance] if len(pairs) > 1 else pairs)
    ]


def _instances(old: str, new: str) -> tuple[str, str]:
    """Return what two keys begin with before they end alike; the keys where they do not."""
    ends = set(_ends(new))
    end = next((one for one in _ends(old) if one in ends), "")
    return (old.removesuffix(end), new.removesuffix(end)) if end else (old, new)


def _ends(key: str) -> list[str]:
    """Return what is left of a key without its first parts, the longest first."""
    return [key[found.end() :] for found in re.finditer("/", key)]


def _no_end(_key: str) -> list[str]:
    return [""]


def _next_alike(
    change: Change,
    ends: list[str],
    free: dict[object, deque[TaskKey]],
    taken: set[TaskKey],
) -> TaskKey | None:
    signs = list(_signs(change, {one.name: one.before for one in change.fields}))
    for sign in signs:
        for end in ends:
            new = _next(free.get((sign, end)), taken)
            if new is not None:
                return new
    return None


def _next(keys: deque[TaskKey] | None, taken: set[TaskKey]) -> TaskKey | None:
    while keys:
        key = keys.popleft()
        if key not in taken:
            return key
    return None


def _signs(change: Change, values: dict[str, Value]) -> Iterator[object]:
    yield " ".join(change.title.split())
    values.pop("title", None)
    kept = {name: value for name, value in values.items() if value != FIELDS[name].empty}
    if kept.get("description") or kept.get("deadline"):
        yield digest_of(kept)
