"""Removed and new keys that look like one task: the same title, or the same body.

A delete takes comments and time records too, so such a pair is called out (design 6).
"""

from __future__ import annotations

from collections import defaultdict, deque
from collections.abc import Iterable, Iterator

from tasksync.core.change import Action, Change, Reason
from tasksync.core.fields import FIELDS, TaskKey, Value, digest_of


def look_alikes(changes: Iterable[Change]) -> Iterator[tuple[TaskKey, TaskKey]]:
    """Yield (removed key, new key), each key at most once."""
    changes = list(changes)
    removed = [one for one in changes if one.action in {Action.DELETE, Action.DEFER}]
    if not removed:
        return
    free: dict[object, deque[TaskKey]] = defaultdict(deque)
    for change in changes:
        if change.action is Action.CREATE and change.reason is Reason.NEW:
            for sign in _signs(change, {one.name: one.after for one in change.fields}):
                free[sign].append(change.key)
    taken: set[TaskKey] = set()
    for change in removed:
        for sign in _signs(change, {one.name: one.before for one in change.fields}):
            new = _next(free.get(sign), taken)
            if new is not None:
                taken.add(new)
                yield change.key, new
                break


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
