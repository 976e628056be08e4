"""A row that cannot be read holds up its own task, and no other (design 9)."""

from __future__ import annotations

from dataclasses import replace

import pytest
from casefiles import MARKER, live_task
from scripted import Bench, bench

from tasksync.core.change import Action
from tasksync.core.fields import RemoteId


def spoiled(here: Bench, title: str, *, lacks: tuple[str, ...] = ("deadline",)) -> RemoteId:
    """Make one field of a task unreadable."""
    task = next(one for one in here.portal.live.values() if one.fields["title"] == title)
    fields = {name: value for name, value in task.fields.items() if name not in lacks}
    what = "; ".join(f"{name}: 'soon'" for name in lacks)
    here.portal.live[task.id] = replace(task, fields=fields, unreadable=what)
    return task.id


@pytest.mark.parametrize("lacks", [("deadline",), ("title",), ("title", "responsibleId", "tags")])
@pytest.mark.parametrize("mine", ["kept", "edited", "dropped"])
def test_a_task_that_cannot_be_read_is_left_alone_and_named(
    mine: str, lacks: tuple[str, ...]
) -> None:
    here = bench()
    here.apply(here.manifest({"a": {}, "b": {"priority": 1}}))
    remote = spoiled(here, "b", lacks=lacks)
    if "tags" in lacks:
        here.portal.live[remote] = replace(here.portal.live[remote], markers=(), created=None)
    blocks = {"kept": {"priority": 1}, "edited": {"priority": 2}}
    wanted = {"a": {"priority": 2}, **({"b": blocks[mine]} if mine in blocks else {})}
    plan = here.plan(here.manifest(wanted))
    assert [(one.key, one.action) for one in plan.changes] == [("a", Action.UPDATE)]
    assert [(one.key, one.id, one.waits) for one in plan.unreadable] == [
        ("b", remote, mine != "kept")
    ]
    assert "deadline" in lacks or "title" in plan.unreadable[0].what
    assert here.apply(here.manifest(wanted)).complete
    assert remote in here.portal.live
    assert "b" in here.state.index
    task = here.portal.live[remote]
    fields = {**task.fields, "title": "b", "responsibleId": 1, "tags": (), "deadline": None}
    here.portal.live[remote] = replace(task, unreadable="", fields=fields, markers=(MARKER,))
    here.apply(here.manifest(wanted))
    assert ("b" in here.portal.world) is (mine != "dropped")
    assert mine != "edited" or here.portal.world["b"]["priority"] == 2


def test_a_lost_state_does_not_make_what_cannot_be_read_again() -> None:
    """It is recognised by what can be read, and waits."""
    here = bench()
    fields = {"title": "a", "priority": 1}
    task = live_task(RemoteId(5), fields, markers=(MARKER,))
    here.portal.live[task.id] = task
    spoiled(here, "a")
    plan = here.plan(here.manifest({"a": {"priority": 1}}))
    assert list(plan.changes) == []
    assert [(one.key, one.id, one.waits) for one in plan.unreadable] == [("a", 5, True)]
