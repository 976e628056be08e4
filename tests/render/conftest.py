"""Plans to look at: one of everything, one that does nothing, one that is refused, a large one."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path

import pytest
from chromium import Browser, running

from tasksync.core.change import Action, Change, FieldChange, Reason
from tasksync.core.fields import KeyRef, RemoteId, TaskKey
from tasksync.core.plan import Drift, Duplicate, Orphan, Plan
from tasksync.core.task import Activity, Place

GOLDEN = Path(__file__).parents[1] / "golden"
EVIL = "Check </script><script>alert(1)</script> | `@admin` \x1b[2J"
MARKER = "tasksync:finance-q2"


def field(name: str, before: object, after: object, *, drifted: bool = False) -> FieldChange:
    """A field change with values as tests like to write them."""
    return FieldChange(name, before, after, drifted)  # type: ignore[arg-type]


def _updates() -> tuple[Change, ...]:
    long = "Please send the figures to Anna before the end of the month, as always.\nThank you.\n"
    fields = (
        field("responsibleId", 1, 22),
        field("status", 2, 5, drifted=True),
        field("priority", 1, 2),
        field("deadline", "2026-05-19T18:00:00+03:00", "2026-05-23T18:00:00+03:00"),
        field("startDatePlan", "2026-05-01T09:00:00+03:00", None),
        field("timeEstimate", 3600, 9000),
        field("tags", ("finance", "q1"), ("finance", "q2")),
        field("auditors", (22,), ()),
        field("description", long, long.replace("Anna", "Petr") + "Bye.\n"),
    )
    return (
        Change(
            TaskKey("quarterly-report"),
            Action.UPDATE,
            Reason.EDITED_AND_DRIFTED,
            RemoteId(3871),
            fields,
            sent_together={"endDatePlan": "2026-05-30T18:00:00+03:00"},
            asked={"title": "Prepare the quarterly report", "groupId": 5, "responsibleId": 22},
            written={
                "responsibleId": "petrova@example.com",
                "deadline": "release - 10wd",
            },
            because={"deadline": "release - 10wd was 2026-05-19T18:00:00+03:00"},
            title="Prepare the quarterly report",
            place=Place("tasks/finance.yaml", 31, 3),
            markers=(MARKER,),
            responsible=1,
        ),
    )


def _creates() -> tuple[Change, ...]:
    child = (
        field("title", None, EVIL),
        field("responsibleId", None, 22),
        field("parentId", None, KeyRef(TaskKey("closing"))),
        field("tags", None, ("finance",)),
        field("accomplices", None, (1, 22)),
    )
    parent = (field("title", None, "Close the books"), field("responsibleId", None, 1))
    return (
        Change(
            TaskKey("closing"),
            Action.CREATE,
            Reason.NEW,
            fields=parent,
            asked={"title": "Close the books", "responsibleId": 1},
            title="Close the books",
            place=Place("tasks/finance.yaml", 38, 3),
        ),
        Change(
            TaskKey("collect-figures"),
            Action.CREATE,
            Reason.VANISHED,
            fields=child,
            asked={one.name: one.after for one in child},
            written={"responsibleId": "hr-lead", "accomplices": "owner@example.com, hr-lead"},
            title=EVIL,
            place=Place("tasks/finance.yaml", 45, 3),
        ),
    )


def _ends() -> tuple[Change, ...]:
    def ends(key: str, action: Action, number: int, **other: object) -> Change:
        change = Change(TaskKey(key), action, Reason.DROPPED, RemoteId(number), title=f"The {key}")
        return replace(change, responsible=5, **other)  # type: ignore[arg-type]

    title = field("title", "The audit-q1", None)
    return (
        ends("audit-q1", Action.DELETE, 3410, fields=(title,), activity=Activity(4, 9000)),
        ends("audit-q2", Action.DELETE, 3411, fields=(title,), protected=True),
        ends("audit-q3", Action.DEFER, 3412, fields=(field("status", 2, 6),)),
        ends("audit-q4", Action.FORGET, 3413, reason=Reason.GONE),
        ends("audit-q5", Action.ADOPT, 3414, reason=Reason.ADOPTED),
    )


def everything() -> Plan:
    """One of everything that a plan can hold."""
    key = TaskKey("quarterly-report")
    return Plan(
        "finance-q2",
        "acme.bitrix24.com",
        "01JLINEAGE",
        12,
        levels=((*_updates(), _creates()[0], *_ends()), (_creates()[1],)),
        drift=(
            Drift(key, RemoteId(3871), "status", 2, 3),
            Drift(key, RemoteId(3871), "tags", ("finance",), ("finance", "mine")),
        ),
        duplicates=(Duplicate(TaskKey("twice"), RemoteId(50), RemoteId(51), "Made twice"),),
        orphans=(Orphan(RemoteId(77), EVIL),),
        renames=((TaskKey("audit-q1"), TaskKey("collect-figures")),),
        moved=((TaskKey("old-name"), TaskKey("quarterly-report")),),
        in_doubt=(TaskKey("audit-q5"),),
        unchanged=403,
        tracked=410,
        wanted=405,
        files=("tasks/finance.yaml",),
        marker=MARKER,
        names=((1, "anna@example.com"), (22, "petrova@example.com")),
        partial=True,
        narrowed=("--target finance/*", "--exclude audit-q6"),
        left_out=12,
    )


def nothing() -> Plan:
    """A plan that does nothing."""
    return Plan("finance-q2", "acme.bitrix24.com", "01JLINEAGE", 12, unchanged=412)


def large(number: int = 10_000) -> Plan:
    """A plan of many changes: seven of ten moved by a week, the rest new or gone."""
    return replace(everything(), levels=(tuple(_one_of_many(n) for n in range(number)),))


def _one_of_many(n: int) -> Change:
    before, after = (f"2026-{5 + n % 3:02}-{d + n % 20:02}T18:00:00+03:00" for d in (1, 8))
    key, person, title = TaskKey(f"onboarding/team-{n:05}/contract"), n % 80 + 1, f"Contract {n}"
    place = Place("tasks/onboarding.yaml", n + 1, 3)
    if n % 10 < 7:
        moved = (field("deadline", before, after),)
        return Change(
            key, Action.UPDATE, Reason.EDITED, RemoteId(n + 1), moved, asked={"title": title},
            title=title, place=place, responsible=person,
        )  # fmt: skip
    if n % 10 < 9:
        fields = (field("title", None, title), field("responsibleId", None, person))
        return Change(
            key, Action.CREATE, Reason.NEW, fields=(*fields, field("deadline", None, after)),
            asked={"responsibleId": person}, title=title, place=place,
        )  # fmt: skip
    gone = (field("title", title, None), field("deadline", before, None))
    return Change(
        key, Action.DELETE, Reason.DROPPED, RemoteId(n + 1), gone,
        title=title, responsible=person, activity=Activity(n % 3, 0),
    )  # fmt: skip


@pytest.fixture
def full() -> Plan:
    """One of everything."""
    return everything()


@pytest.fixture
def none() -> Plan:
    """Nothing to do."""
    return nothing()


@pytest.fixture(scope="session")
def huge() -> Plan:
    """Ten thousand changes."""
    return large()


@pytest.fixture
def golden() -> Callable[[str, str], None]:
    """Compare a text with a file of tests/golden; TASKSYNC_UPDATE_GOLDEN=1 writes it anew."""

    def check(name: str, text: str) -> None:
        path = GOLDEN / name
        if os.environ.get("TASKSYNC_UPDATE_GOLDEN") and not os.environ.get("CI"):
            path.write_text(text, "utf-8", newline="\n")
        assert text == path.read_text("utf-8")

    return check


@pytest.fixture(scope="session")
def browser(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Browser]:
    """A Chromium that opens page after page."""
    with running(tmp_path_factory.mktemp("chromium")) as opened:
        yield opened
