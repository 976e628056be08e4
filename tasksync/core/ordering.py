"""The order of a plan: makers with parents first, then removals with children first.

level 0       CREATE, UPDATE, DEFER and ADOPT that wait for nobody
level 1 ...   what needs the id of a task that an earlier level gives
then          DELETE, the deepest children first
last          FORGET
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping

from tasksync.core.change import Action, Change
from tasksync.core.fields import TaskKey
from tasksync.core.graph import depths, levels


def in_levels(changes: Iterable[Change]) -> Iterator[tuple[Change, ...]]:
    """Yield the changes level by level; no level is empty."""
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
    for level in levels(written, depths(_parents_to_be(making))):
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
