"""What is late, what is due and whose it is: from rows of any form the API may give."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from tasksync.core.cards import card_link
from tasksync.core.fields import RemoteId, TaskKey
from tasksync.core.project_status import StatusQuery, TaskStatus, project_status
from tasksync.core.state import Entry, InProject, State, state_of
from tasksync.core.task import LiveTask
from tasksync.portal.rows import live_task

NOW = datetime(2026, 5, 22, 12, 0, tzinfo=UTC)
MARK = "tasksync:finance-q2"
CREATED = "2026-05-01T10:00:00+03:00"


def row(number: int, **fields: Any) -> LiveTask:
    """A task as the portal's rows tell it."""
    usual = {
        "id": str(number),
        "title": f"Task {number}",
        "status": "2",
        "responsibleId": "22",
        "createdDate": CREATED,
        "tags": [MARK],
    }
    return live_task({**usual, **fields})


def entry(key: str, number: int, **more: Any) -> Entry:
    """What is remembered of it."""
    asked = {"title": f"Task {number}", "responsibleId": 22}
    return Entry(TaskKey(key), RemoteId(number), asked, created=CREATED, **more)


def status(*rows: LiveTask, state: State | None = None, **query: Any) -> Any:
    """The status of a project that remembers each row under `tN`."""
    known = state or state_of("finance-q2", [entry(f"t{one.id}", one.id) for one in rows])
    return project_status(known, rows, "acme.bitrix24.com", NOW, StatusQuery(**query))


def keys(found: Any) -> list[str | None]:
    """The keys that were found, in their order."""
    return [one.key for one in found.tasks]


@pytest.mark.parametrize(
    ("deadline", "late"),
    [
        ("2026-05-22T15:00:00+03:00", 0),
        ("2026-05-22T14:59:59+03:00", 1),
        ("2026-05-22T11:59:59Z", 1),
        ("2026-05-22T07:59:00.123-04:00", 60),
        ("2026-05-20T12:00:00Z", 172800),
        ("2026-05-23T01:30:00+13:45", 900),
        ("", 0),
        (None, 0),
        ("0000-00-00T00:00:00+00:00", 0),
    ],
)
def test_late_is_counted_between_instants_whatever_zone_they_are_told_in(
    deadline: str | None, late: int
) -> None:
    (one,) = status(row(1, deadline=deadline)).tasks
    assert one.late == late


@pytest.mark.parametrize(
    ("told", "is_open", "late"),
    [
        ("1", True, True),
        (2, True, True),
        ("3", True, True),
        ("4", True, True),
        ("5", False, False),
        (6, False, False),
        ("7", False, False),
        ("-1", True, True),  # the view of an overdue task: its real status is not told
        (None, True, True),
        ("8", True, True),  # a status that no document names is not known to be finished
    ],
)
def test_only_what_is_known_to_be_finished_is_never_late(
    told: object, *, is_open: bool, late: bool
) -> None:
    (one,) = status(row(1, status=told, deadline="2026-05-20T12:00:00Z")).tasks
    assert (one.open, bool(one.late)) == (is_open, late)


def a_week() -> tuple[LiveTask, ...]:
    """Tasks that are late, due, far off, without a deadline, and done."""
    days = {1: -3, 2: -1, 3: 2, 4: 7, 5: 30}
    dated = [
        row(number, deadline=(NOW + timedelta(days=day)).isoformat())
        for number, day in days.items()
    ]
    late_and_done = row(7, status="5", deadline="2026-05-01T12:00:00Z", responsibleId="5")
    return (late_and_done, *reversed(dated), row(6, responsibleId="5"))


@pytest.mark.parametrize(
    ("query", "expected"),
    [
        ({}, ["t1", "t2", "t3", "t4", "t5", "t6", "t7"]),
        ({"open": True}, ["t1", "t2", "t3", "t4", "t5", "t6"]),
        ({"overdue": True}, ["t1", "t2"]),
        ({"due": 7 * 86400}, ["t3", "t4"]),
        ({"due": 2 * 86400 - 1}, []),
        ({"overdue": True, "due": 2 * 86400}, ["t1", "t2", "t3"]),
        ({"person": 5}, ["t6", "t7"]),
        ({"person": 5, "open": True}, ["t6"]),
        ({"person": 99}, []),
        ({"glob": "t[12]"}, ["t1", "t2"]),
        ({"glob": "t[127]", "open": True, "overdue": True}, ["t1", "t2"]),
    ],
)
def test_filters_narrow_and_the_latest_stands_first(
    query: dict[str, Any], expected: list[str]
) -> None:
    found = status(*a_week(), **query)
    assert keys(found) == expected
    assert found.total == 7


def test_counts_are_of_what_was_asked_for_and_whoever_is_latest_stands_first() -> None:
    found = status(*a_week())
    assert [(one.id, one.tasks, one.open, one.late) for one in found.by_person()] == [
        (22, 5, 5, 2),
        (5, 2, 1, 0),
    ]
    assert found.by_status() == ((2, 6), (5, 1))
    assert (found.open, found.late) == (6, 2)
    assert status(*a_week(), person=5).by_status() == ((2, 1), (5, 1))


def test_only_our_own_tasks_are_told_and_what_is_gone_is_named() -> None:
    entries = [entry("mine", 1), entry("gone", 2), entry("taken", 3), entry("away", 4)]
    entries[3] = entry("away", 4, moved_to=InProject("other", TaskKey("here")))
    state = state_of("finance-q2", entries, released=(RemoteId(8),))
    found = status(
        row(1, tags=[]),  # people took the marker off: it is ours all the same
        row(3, createdDate="2026-05-09T10:00:00Z", tags=[]),  # another task under our number
        row(4, tags=["tasksync:other"]),
        row(5, tags=["tasksync:finance-q2", "tasksync:other"]),
        row(6, tags=["TaskSync:Finance-Q2"]),
        row(7, tags=["finance"]),
        row(8),  # forgotten on purpose
        state=state,
    )
    assert [(one.key, one.id) for one in found.tasks] == [(None, 6), ("mine", 1)]
    assert [key for key, _id in found.missing] == ["gone", "taken"]
    assert keys(status(row(1, tags=[]), row(6), state=state, glob="m*")) == ["mine"]


def test_what_cannot_be_read_is_named_and_told_as_far_as_it_can() -> None:
    found = status(row(1, deadline="tomorrow"), row(2))
    assert keys(found) == ["t1", "t2"]
    ((one, what),) = found.unreadable
    assert (one.key, "deadline" in what) == ("t1", True)


@pytest.mark.parametrize(
    ("portal", "person", "expected"),
    [
        ("acme.bitrix24.com", 22, "https://acme.bitrix24.com/company/personal/user/22/tasks/task/view/7/"),
        ("127.0.0.1:8024", 1, "https://127.0.0.1:8024/company/personal/user/1/tasks/task/view/7/"),
        ("acme.bitrix24.com", None, ""),
        ("vibecode.bitrix24.com", 22, ""),  # the API's host, where the portal tells no name
        ("vibecode.bitrix24.tech", 22, ""),
        ("", 22, ""),
        ('x"onmouseover="alert(1)', 22, ""),
        ("evil.example/path", 22, ""),
        ("a@evil.example", 22, ""),
        ("javascript:alert(1)", 22, ""),
        ("a b", 22, ""),
        ("acme.bitrix24.com\n", 22, ""),
    ],
)  # fmt: skip
def test_a_card_has_an_address_only_where_all_of_it_is_known(
    portal: str, person: int | None, expected: str
) -> None:
    """The portal's name comes from outside: what is no host makes no link."""
    assert card_link(portal, person, 7) == expected


def test_a_task_of_nobody_known_has_no_card() -> None:
    (one,) = status(row(1, responsibleId=None)).tasks
    assert one == TaskStatus(TaskKey("t1"), RemoteId(1), "Task 1", None, 2, None)
