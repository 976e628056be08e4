"""The order of a plan: makers with parents first, then removals with children first.

level 0       CREATE, UPDATE, DEFER and ADOPT that wait for nobody
level 1 ...   what needs the id of a task that an earlier level gives, or moves under a task
              that moves itself: the portal refuses a move that makes a circle on the way
then          DELETE, the deepest children first
last          FORGET
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence

from tasksync.core.change import Action, Change
from tasksync.core.fields import RemoteId, TaskKey
from tasksync.core.planning.graph import depths, levels


def in_levels(
    changes: Iterable[Change], follows: Mapping[TaskKey, TaskKey] | None = None
) -> Iterator[tuple[Change, ...]]:
    """Yield the changes level by level; no level is empty.

    `follows` names for a move of a task the nearest move above where it goes.
    """
    making: dict[TaskKey, Change] = {}
    deleting: dict[TaskKey, Change] = {}
    silent: list[Change] = []
    for change in changes:
        match change.action:
            case Action.DELETE:
                deleting[change.key] = change
            case Action.FORGET:
                silent.append(change)
            case _:
                making[change.key] = change
    written = sorted(making, key=lambda key: _as_written(making[key]))
    for level in levels(written, depths({**(follows or {}), **_parents_to_be(making)})):
        yield tuple(making[key] for key in level)
    for level in reversed(levels(sorted(deleting), depths(_parents_that_are(deleting)))):
        yield tuple(deleting[key] for key in level)
    if silent:
        yield tuple(sorted(silent, key=lambda change: change.key))


def _as_written(change: Change) -> tuple[str, int, TaskKey]:
    place = change.place
    return (place.file, place.line, change.key) if place else ("", 0, change.key)


def _parents_to_be(making: Mapping[TaskKey, Change]) -> dict[TaskKey, TaskKey]:
    created = {key for key, change in making.items() if change.action is Action.CREATE}
    return {
        key: above
        for key, change in making.items()
        for above in change.unresolved
        if above in created
    }


def _parents_that_are(deleting: Mapping[TaskKey, Change]) -> dict[TaskKey, TaskKey]:
    by_id: dict[object, TaskKey] = {change.id: key for key, change in deleting.items()}
    found: dict[TaskKey, TaskKey] = {}
    for key, change in deleting.items():
        for one in change.fields:
            above = by_id.get(one.before) if one.name == "parentId" else None
            if above is not None and above != key:
                found[key] = above
    return found


def followed(
    changes: Iterable[Change], row_of: Callable[[RemoteId], int | None], parents: Sequence[int]
) -> dict[TaskKey, TaskKey]:
    """Return for each task that gets another parent the nearest one above that does too.

    `parents` holds by row the row of the wanted parent, below 0 where there is none. Moved from
    the top down no task ever comes under its own child, whatever the tree was before.
    """
    movers: dict[int, TaskKey] = {}
    for change in changes:
        if change.id is not None and any(one.name == "parentId" for one in change.fields):
            row = row_of(change.id)
            if row is not None:
                movers[row] = change.key
    found: dict[TaskKey, TaskKey] = {}
    if len(movers) > 1:
        for row, key in movers.items():
            at = parents[row]
            passed = {row}
            while at >= 0 and at not in movers and at not in passed:
                passed.add(at)
                at = parents[at]
            if at in movers and at != row:
                found[key] = movers[at]
    return found
