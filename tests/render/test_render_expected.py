"""What apply --expect leaves out, cannot do or finds otherwise: in words, bounded, disarmed."""

from __future__ import annotations

from tasksync.core.asked_differences import ABSENT, AskedDifference, AskedDifferences
from tasksync.core.change import Action, Change, FieldChange, Reason
from tasksync.core.expected import Conflict, Correction
from tasksync.core.fields import KeyRef, RemoteId, TaskKey
from tasksync.core.plan import Hidden, Plan
from tasksync.render.expected_text import (
    SHOWN,
    asked_text,
    conflicts_text,
    corrections_text,
    differences_text,
)

NAMES = {22: "petrova@example.com"}
PLAN = Plan("p", "portal", "l", 1, names=tuple(NAMES.items()))


def change(
    key: str, action: Action, reason: Reason, *fields: FieldChange, remote: int | None = 9
) -> Change:
    return Change(
        TaskKey(key), action, reason, None if remote is None else RemoteId(remote), fields
    )


CORRECTIONS = (
    Correction(
        change(
            "a", Action.UPDATE, Reason.DRIFTED,
            FieldChange("responsibleId", 1, 22, drifted=True),
            FieldChange("parentId", 7, KeyRef(TaskKey("above"))),
        ),
        marker=True,
    ),
    Correction(change("b", Action.CREATE, Reason.VANISHED, remote=None)),
    Correction(change("c", Action.DEFER, Reason.DROPPED, FieldChange("status", 3, 6))),
)  # fmt: skip


def test_what_is_left_out_in_words(golden):
    golden("expect-left-out.txt", corrections_text(CORRECTIONS, NAMES) + "\n")


def test_where_nothing_is_left_out_nothing_is_said():
    assert corrections_text((), NAMES) == ""


def test_conflicts_in_words(golden):
    conflicts = (
        Conflict(TaskKey("a"), "responsibleId", 22, 1, 3),
        Conflict(TaskKey("b"), "deadline", "2027-03-01T18:00:00+03:00", None, None),
        Conflict(
            TaskKey("c"), "startDatePlan", "2027-03-05T09:00:00+03:00", None,
            "2027-03-04T15:00:00+00:00", beside="endDatePlan",
        ),
        Conflict(TaskKey("d"), above=TaskKey("a")),
    )  # fmt: skip
    golden("expect-conflicts.txt", conflicts_text(conflicts, NAMES) + "\n")


def test_differences_in_words(golden):
    shown = (
        AskedDifference("", "policy.maxDelete", "30%", "50%"),
        AskedDifference("", "moved", ABSENT, ["a", "b"]),
        AskedDifference("a", "responsibleId", 1, 22, is_field=True),
        AskedDifference("a", "tags", ["t"], ABSENT, is_field=True),
        AskedDifference("a", "parentId", {"key": "x"}, None, is_field=True),
        AskedDifference("a", "ofAnotherVersion", {"deep": [1]}, 5, is_field=True),
        AskedDifference("a", "protect", None, now=True),
        AskedDifference("b", "", {"action": "delete"}, ABSENT),
        AskedDifference("c", "", ABSENT, {"action": "create", "after": {"title": "x"}}),
        AskedDifference("d", "", {"action": "delete"}, {"action": "update", "after": {"title": 1}}),
        AskedDifference("e", "", {"action": "update", "after": {"title": "x"}}, ABSENT),
    )
    plan = Plan(
        "p", "portal", "l", 1, names=tuple(NAMES.items()),
        hidden=(Hidden(TaskKey("e"), RemoteId(9), waits=True),),
    )  # fmt: skip
    told = differences_text(AskedDifferences(shown, 3), plan)
    golden("expect-differences.txt", told + "\n")


def test_of_thousands_some_are_told_and_the_rest_is_counted():
    many = 10_000
    corrections = [Correction(change(f"k{n}", Action.CREATE, Reason.VANISHED)) for n in range(many)]
    conflicts = [Conflict(TaskKey(f"k{n}"), above=TaskKey("a")) for n in range(many)]
    items = {f"k{n}": {"action": "create"} for n in range(many)}
    for text in (
        corrections_text(corrections, NAMES),
        conflicts_text(conflicts, NAMES),
        asked_text(items),
    ):
        assert f"… and {many - SHOWN} more" in text
        assert text.count("\n") < SHOWN + 4


def test_nothing_that_people_wrote_steers_a_terminal():
    bad = "k\x1b[2J\n::error::"
    texts = (
        corrections_text([Correction(change(bad, Action.DEFER, Reason.DROPPED))], NAMES),
        conflicts_text([Conflict(TaskKey(bad), "title", bad, bad, "x")], NAMES),
        asked_text({bad: {"action": bad}}),
        differences_text(
            AskedDifferences((AskedDifference(bad, bad, [bad], {bad: bad}, is_field=True),), 0),
            PLAN,
        ),
        differences_text(AskedDifferences((AskedDifference("", bad, bad, ABSENT),), 0), PLAN),
    )
    for text in texts:
        assert "\x1b" not in text
        assert not any(line.startswith("::error") for line in text.split("\n"))
