"""A portal whose tasks are read once, so that two plans see the same."""

from __future__ import annotations

from scripted import Bench, bench

from tasksync.core.ports import Portal
from tasksync.engine.tasks_once import TasksOnce


def with_a_task(made: Bench) -> None:
    assert made.apply(made.manifest({"a": {}})).complete


def test_what_was_found_is_told_again_without_a_request() -> None:
    made = bench()
    with_a_task(made)
    once = TasksOnce(made.portal)
    portal: Portal = once
    assert not once.tasks
    reads = made.portal.reads
    first = list(portal.find("tasksync:finance", ()))
    made.portal.live.clear()
    assert list(portal.find("tasksync:finance", ())) == first
    assert (made.portal.reads, list(once.tasks)) == (reads + 1, [one.id for one in first])


def test_all_else_is_asked_of_the_portal() -> None:
    made = bench()
    with_a_task(made)
    once = TasksOnce(made.portal)
    once.create_seconds = 2.0
    assert made.portal.create_seconds == once.create_seconds == 2.0
    assert once.identity() == made.portal.identity()
    assert (once.newest(), once.extra_fields()) == (made.portal.newest(), {})
    assert [one.id for one in once.newer(None, once.newest())] == []
    once.read_too(())
    assert list(once.perform((), lambda _some: None)) == []
