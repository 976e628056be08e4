"""What a read after a write proves."""

from __future__ import annotations

from typing import Any

import pytest

from tasksync.core.change import Action, Change, FieldChange, Reason
from tasksync.core.fields import RemoteId, TaskKey, Value
from tasksync.core.proof import proof_of
from tasksync.core.task import LiveTask, Options

ACTIONS = (Action.CREATE, Action.UPDATE, Action.ADOPT)


def update(
    name: str, before: Value, after: Value, action: Action = Action.UPDATE, **more: Any
) -> Change:
    fields = (FieldChange(name, before, after),)
    return Change(TaskKey("t"), action, Reason.EDITED, RemoteId(5), fields, **more)


def live(**fields: Value) -> LiveTask:
    return LiveTask(RemoteId(5), fields)


KNOWN = [
    ("status", 1, 2),
    ("status", 5, 4),
    ("title", " Close the books ", "Close the books"),
    ("title", "Close the \U0001f680 books", "Close the ? books"),
    ("description", "Close the \U0001f680 books", "Close the"),
    ("title", 'R&D "x"', "R&amp;D &quot;x&quot;"),
    ("title", "R&amp;D", "R&D"),
    ("title", "Cafe\u0301", "Caf\u00e9"),
    ("description", "a\nb\n", "a\r\nb"),
    ("description", "a < b", "a &amp;lt; b"),
    ("tags", ("Finance", "VIP"), ("finance", "vip")),
    ("tags", ("Finance", "finance"), ("Finance",)),
    ("deadline", "2026-05-19T18:00:30+02:00", "2026-05-19T19:00:00+03:00"),
    ("timeEstimate", 90, 60),
]


@pytest.mark.parametrize(("name", "asked", "made"), KNOWN)
@pytest.mark.parametrize("action", ACTIONS)
@pytest.mark.parametrize("stood", [True, False])
def test_a_known_normalisation_counts_whoever_asked_and_whatever_stood_there(
    name: str, asked: Value, made: Value, action: Action, *, stood: bool
) -> None:
    """A task taken over after a lost answer or a lost state, too: or it is mended for ever."""
    proof = proof_of(update(name, made if stood else None, asked, action), live(**{name: made}))
    assert proof.normalised == {name: made}
    assert not proof.missing


UNKNOWN = [
    ("status", 5, 3),
    ("status", 3, 5),
    ("title", "New", "Old"),
    ("description", "words", ""),
    ("description", "", "Old"),
    ("priority", 2, 1),
    ("tags", ("a", "b"), ("a",)),
    ("tags", ("a",), ("a", "b")),
    ("deadline", "2026-05-19T18:00:30+02:00", "2026-05-19T18:01:00+02:00"),
    ("deadline", "2026-05-19T18:00:00+02:00", None),
    ("auditors", (7,), (7, 9)),
    ("accomplices", (7,), ()),
    ("timeEstimate", 90, 0),
]


@pytest.mark.parametrize(("name", "asked", "left"), UNKNOWN)
@pytest.mark.parametrize("action", ACTIONS)
@pytest.mark.parametrize("stood", [True, False])
def test_whatever_else_came_back_may_be_a_persons_and_is_missing(
    name: str, asked: Value, left: Value, action: Action, *, stood: bool
) -> None:
    proof = proof_of(update(name, left if stood else None, asked, action), live(**{name: left}))
    assert proof.missing == {name: left}
    assert not proof.normalised


@pytest.mark.parametrize(("name", "asked", "left"), UNKNOWN)
def test_what_comes_out_the_same_twice_is_the_portals_own_form(
    name: str, asked: Value, left: Value
) -> None:
    change = update(name, left, asked, forms={name: left})
    assert proof_of(change, live(**{name: left})).normalised == {name: left}


def test_what_comes_out_otherwise_the_second_time_is_missing_again() -> None:
    change = update("title", "Old", "New", forms={"title": "Old"})
    assert proof_of(change, live(title="Anna's")).missing == {"title": "Anna's"}


def test_what_is_as_asked_is_proved() -> None:
    assert proof_of(update("title", "Old", "New"), live(title="New"))


@pytest.mark.parametrize("field", ["title", "description"])
@pytest.mark.parametrize("sends_tags", [True, False])
def test_hashtags_of_a_text_among_the_tags_are_a_known_normalisation(
    field: str, *, sends_tags: bool
) -> None:
    text = "Close #Books, and #year-end!"
    change = update(field, "Old", text, asked={field: text, "tags": ("a",)})
    if sends_tags:
        fields = (*change.fields, FieldChange("tags", (), ("a",)))
        change = Change(change.key, change.action, change.reason, change.id, fields)
    there = live(**{field: text, "tags": ("a", "books", "year-end")})
    assert proof_of(change, there).normalised == {"tags": ("a", "books", "year-end")}
    other = live(**{field: text, "tags": ("a", "books", "people")})
    assert proof_of(change, other).normalised == {}
    assert bool(proof_of(change, other).missing) == sends_tags


def test_a_new_responsible_leaves_the_former_one_among_the_auditors_and_resets_the_status() -> None:
    change = update(
        "responsibleId", 1, 9, sent_together={"status": 3}, asked={"auditors": (4,), "status": 3}
    )
    proof = proof_of(change, live(responsibleId=9, auditors=(1, 4), status=2))
    assert proof.normalised == {"auditors": (1, 4), "status": 2}
    assert not proof.missing
    assert proof_of(change, live(responsibleId=9, auditors=(4, 5), status=3))


def test_what_was_not_sent_and_is_not_managed_is_not_looked_at() -> None:
    change = update("responsibleId", 1, 9, asked={"responsibleId": 9})
    assert proof_of(change, live(responsibleId=9, auditors=(1,), status=2))
    ignored = Options(ignore_changes=("auditors",))
    change = update("responsibleId", 1, 9, asked={"auditors": ()}, options=ignored)
    assert proof_of(change, live(responsibleId=9, auditors=(1,)))


def test_a_status_that_was_sent_together_is_not_remembered_as_normalised() -> None:
    change = update("responsibleId", 1, 9, sent_together={"status": 5}, asked={"status": 2})
    proof = proof_of(change, live(responsibleId=9, status=4))
    assert proof.normalised == {"status": 4}
    assert change.entry(RemoteId(5)).normalised == {}
    assert change.entry(RemoteId(5), proof.normalised, proof.missing).normalised == {}


def test_what_was_not_proved_yet_stays_in_the_memory_until_it_is() -> None:
    """A run that dies between write and proof must not begin to count anew."""
    change = update("title", "N", "New", forms={"title": "N"}, asked={"title": "New"})
    assert change.entry(RemoteId(5)).unproved == {"title": "N"}
    assert change.entry(RemoteId(5), {}, {}).unproved == {}
    assert change.entry(RemoteId(5), {}, {"title": "M"}).unproved == {"title": "M"}
