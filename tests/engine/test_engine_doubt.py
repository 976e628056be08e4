"""Creates in doubt: found, never there, or named; none is sent again while it may be there."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from stores import HandClock

from tasksync.core.events import Event
from tasksync.core.fields import RemoteId, TaskKey
from tasksync.core.state import Intent, state_of
from tasksync.core.task import LiveTask
from tasksync.engine.doubt import Resolution, Resolver

MARKER = "tasksync:p"
BODY = {"title": "Same", "responsibleId": 1, "priority": 2}


class Listed:
    """A portal that only lists."""

    def __init__(self, tasks: list[LiveTask]) -> None:
        self._tasks = tasks

    def newer(self, marker: str, after: RemoteId) -> Iterator[LiveTask]:
        assert marker == MARKER
        return (task for task in self._tasks if task.id > after)


def there(remote: int, **fields: object) -> LiveTask:
    return LiveTask(RemoteId(remote), {**BODY, **fields}, (MARKER,))  # type: ignore[dict-item]


def settled(tasks: list[LiveTask], wanted: dict[str, int]) -> Resolution:
    clock, told = HandClock(), list[Event]()
    intents = [
        Intent(TaskKey(key), dict(BODY), dict(BODY), RemoteId(after), clock.now(), "run")
        for key, after in wanted.items()
    ]
    resolver = Resolver(Listed(tasks), clock, told.append, MARKER)  # type: ignore[arg-type]
    return resolver.settled(intents, state_of("p", []))


@pytest.mark.parametrize(
    ("older", "found"),
    [
        ({}, {"a": 10, "b": 120}),
        ({"priority": 1}, {"a": 10, "b": 120}),
        ({"title": "Renamed"}, {"a": 10, "b": 120}),
        ({"title": "Renamed", "priority": 0}, {"b": 120}),
    ],
    ids=["as sent", "edited", "renamed", "renamed and edited"],
)
def test_of_equal_creates_none_takes_what_only_another_can_be(
    older: dict[str, object], found: dict[str, int]
) -> None:
    """Two equal creates, sent one after the other; people edited the first one's task."""
    seen = settled([there(10, **older), there(120)], {"a": 0, "b": 100})
    assert {entry.key: entry.id for entry in seen.found} == found
    assert seen.never == ()
    assert set(seen.doubtful) == {"a", "b"} - found.keys()


def test_what_no_intent_fits_stays_in_sight_after_others_were_found() -> None:
    """The tiers may pair the wrong way round; then the task left over keeps the other in doubt."""
    tasks = [there(10, priority=1, status=5), there(120, priority=1, status=2)]
    seen = settled(tasks, {"a": 0, "b": 100})
    assert len(seen.found) + len(seen.doubtful) == 2
    assert seen.never == ()


def test_what_is_not_there_was_never_made() -> None:
    seen = settled([there(120)], {"a": 0, "b": 200})
    assert [entry.id for entry in seen.found] == [120]
    assert seen.never == ("b",)
