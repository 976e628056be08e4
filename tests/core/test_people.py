"""The plan counts what happens to each person."""

from __future__ import annotations

from tasksync.core.change import Action, Change, FieldChange, Reason
from tasksync.core.fields import RemoteId, TaskKey
from tasksync.core.people import people_of, touched
from tasksync.core.plan import Plan

DEADLINE = FieldChange("deadline", "2026-05-19T18:00:00+03:00", "2026-05-23T18:00:00+03:00")


def change(action: Action, *fields: FieldChange, person: int | None = 1) -> Change:
    key = TaskKey(f"{action}-{len(fields)}-{person}")
    return Change(key, action, Reason.EDITED, RemoteId(5), fields, responsible=person)


def plan(*changes: Change) -> Plan:
    return Plan("p", "portal", "l", 1, (changes,), names=((22, "petrova@example.com"),))


def test_each_kind_of_change_is_counted_for_whom_it_meets():
    handed = FieldChange("responsibleId", 1, 22)
    people = people_of(
        plan(
            Change(
                TaskKey("new"),
                Action.CREATE,
                Reason.NEW,
                fields=(FieldChange("responsibleId", None, 22),),
            ),
            change(Action.UPDATE, handed, DEADLINE),
            change(Action.UPDATE, FieldChange("priority", 1, 2)),
            change(Action.DELETE),
            change(Action.DEFER, FieldChange("status", 2, 6)),
            change(Action.FORGET),
            change(Action.ADOPT),
        )
    )
    first, second = people
    assert (first.id, first.total) == (1, 4)
    assert first.counts == (("given", 1), ("changed", 1), ("deferred", 1), ("removed", 1))
    assert (second.id, second.name, second.total) == (22, "petrova@example.com", 2)
    assert second.counts == (("new", 1), ("received", 1), ("moved", 1))


def test_a_task_without_a_known_person_meets_nobody():
    assert touched(change(Action.DELETE, person=None)) == ()


def test_a_wanted_person_counts_where_the_portal_was_not_asked():
    asked = Change(
        TaskKey("a"), Action.UPDATE, Reason.EDITED, fields=(DEADLINE,), asked={"responsibleId": 7}
    )
    assert touched(asked) == (7,)
